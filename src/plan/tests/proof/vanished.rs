//! Our deployment is no longer PRIMARY: a rollback, or somebody's newer one. The task definition is
//! the same in both.

use super::fixture::{Seen, THEIRS, accepted, diagnosis, seen, word};
use crate::plan::fleet::ServiceDeploymentStatus as Status;
use crate::plan::ledger::{Attempt, Call};
use crate::plan::proof::Judgement;
use crate::plan::step::Depth;

fn replaced(when: &str) -> Seen {
    seen(when).primary_is(THEIRS, "9m")
}

fn unknown() -> Status {
    Status::Unknown("PAUSED".into())
}

#[test]
fn service_deployments_are_asked_before_anything_is_said() {
    let judgement = replaced("10m").judge(&accepted());
    assert!(matches!(judgement, Judgement::Going { depth: Depth::PostMortem { .. }, .. }));
    let stale = replaced("10m").evidence(&[("sd", "1s", Status::RollbackSuccessful)]);
    assert_eq!(word(&stale.evidence_of("9m").judge(&accepted())), "our_rollout");
}

#[test]
fn the_status_of_its_service_deployment_tells_what_became_of_it() {
    for (status, before_deadline, after_deadline) in [
        (Status::RollbackSuccessful, "rolled_back", "rolled_back"),
        (Status::RollbackFailed, "failed", "failed"),
        (Status::RollbackRequested, "our_rollback", "rolled_back"),
        (Status::RollbackInProgress, "our_rollback", "rolled_back"),
        (Status::Successful, "superseded", "superseded"),
        (Status::Stopped, "failed", "failed"),
        (Status::StopRequested, "our_rollout", "failed"),
        (Status::Pending, "our_rollout", "failed"),
        (Status::InProgress, "our_rollout", "failed"),
        (unknown(), "our_rollout", "failed"),
    ] {
        for (when, expected) in [("10m", before_deadline), ("61m", after_deadline)] {
            let alone = replaced(when).evidence(&[("sd", "1s", status.clone())]);
            assert_eq!(word(&alone.judge(&accepted())), expected, "{status:?} {when}");
        }
    }
}

#[test]
fn somebodys_newer_deployment_supersedes_it_with_another_task_definition_or_the_same() {
    for status in [Status::Stopped, Status::StopRequested] {
        let ours = ("sd", "1s", status.clone());
        let same = replaced("10m").evidence(&[("newer", "9m", Status::InProgress), ours.clone()]);
        assert_eq!(word(&same.judge(&accepted())), "superseded", "{status:?}");
        let other = replaced("10m").task_definition("app:8").evidence(&[ours]);
        assert_eq!(word(&other.judge(&accepted())), "superseded", "{status:?}");
    }
}

#[test]
fn a_rollback_stays_a_rollback_though_somebody_deployed_after_it() {
    let listed = [("newer", "9m", Status::Successful), ("sd", "1s", Status::RollbackSuccessful)];
    let judgement = replaced("10m").evidence(&listed).judge(&accepted());
    assert_eq!(word(&judgement), "rolled_back");
    assert!(
        diagnosis(&judgement).starts_with("ECS rolled the deployment back; a container exits; ")
    );
}

#[test]
fn where_it_cannot_be_told_it_has_failed_unless_the_task_definition_is_another() {
    for seen in [
        replaced("10m").evidence_denied(),
        replaced("10m").evidence(&[]),
        replaced("10m").evidence(&[("newer", "9m", Status::Successful)]),
    ] {
        let judgement = seen.judge(&accepted());
        assert_eq!(word(&judgement), "failed");
        assert!(
            diagnosis(&judgement)
                .starts_with("another deployment is PRIMARY and it cannot be told whose: ")
        );
        let other = seen.task_definition("app:8").judge(&accepted());
        assert_eq!(word(&other), "superseded");
    }
}

#[test]
fn a_service_deployment_that_was_just_made_may_not_be_listed_yet() {
    for (when, expected) in [("1m", "our_rollout"), ("2m", "our_rollout"), ("2m 1s", "failed")] {
        let replaced = seen(when).primary_is(THEIRS, "30s").evidence(&[]);
        assert_eq!(word(&replaced.judge(&accepted())), expected, "{when}");
    }
}

#[test]
fn its_service_deployment_is_known_by_its_arn_or_else_by_its_moment() {
    let named = |arn: &str| -> Attempt {
        let mut attempt = accepted();
        if let Call::Accepted { service_deployment, .. } = &mut attempt.call {
            *service_deployment = Some(arn.into());
        }
        attempt
    };
    let listed = [
        ("near", "2s", Status::RollbackSuccessful),
        ("named", "40s", Status::RollbackFailed),
        ("far", "3m", Status::Successful),
    ];
    let seen = replaced("10m").evidence(&listed);
    assert_eq!(word(&seen.judge(&named("named"))), "failed");
    assert_eq!(word(&seen.judge(&named("far"))), "superseded");
    assert_eq!(word(&seen.judge(&named("not listed"))), "rolled_back");
    assert_eq!(word(&seen.judge(&accepted())), "rolled_back");
}
