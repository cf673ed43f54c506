//! Our deployment is PRIMARY and has FAILED.

use super::fixture::{Seen, accepted, diagnosis, seen, word};
use crate::plan::fleet::{RolloutState, ServiceDeploymentStatus as Status};
use crate::plan::proof::Judgement;
use crate::plan::step::Depth;

fn failed(when: &str) -> Seen {
    seen(when).rollout(RolloutState::Failed).updated("10m")
}

#[test]
fn evidence_is_gathered_before_it_is_called_failed() {
    let judgement = failed("10m").judge(&accepted());
    assert!(matches!(judgement, Judgement::Going { depth: Depth::PostMortem { .. }, .. }));
    assert_eq!(word(&judgement), "our_rollback");
}

#[test]
fn where_ecs_does_not_roll_back_it_has_failed_and_says_why() {
    let judgement = failed("10m").evidence(&[("sd", "1s", Status::Stopped)]).judge(&accepted());
    assert_eq!(word(&judgement), "failed");
    assert_eq!(
        diagnosis(&judgement),
        "ECS gave up on the deployment and did not roll it back; a container exits; to do: see in \
         the container's logs why it ended: the image behind its tag, a secret or what it depends on \
         may have changed since the old tasks were started; 2 tasks stopped: Essential container in \
         task exited; service events: (service api) was unable to place a task."
    );
}

#[test]
fn a_rollback_that_is_about_to_begin_is_waited_for() {
    for (what, seen, expected) in [
        ("expected", failed("10m").rolls_back().evidence(&[]), "our_rollback"),
        ("expected, for two minutes", failed("11m 59s").rolls_back().evidence(&[]), "our_rollback"),
        ("no longer expected", failed("12m").rolls_back().evidence(&[]), "failed"),
        ("not asked", failed("10m").rolls_back().evidence_denied(), "our_rollback"),
        ("too late", failed("61m").updated("60m 59s").rolls_back().evidence(&[]), "failed"),
        (
            "asked for",
            failed("15m").evidence(&[("sd", "1s", Status::RollbackRequested)]),
            "our_rollback",
        ),
        (
            "begun",
            failed("15m").evidence(&[("sd", "1s", Status::RollbackInProgress)]),
            "our_rollback",
        ),
        (
            "begun, too late",
            failed("61m").evidence(&[("sd", "1s", Status::RollbackInProgress)]),
            "rolled_back",
        ),
        (
            "done, and the description is stale",
            failed("15m").evidence(&[("sd", "1s", Status::RollbackSuccessful)]),
            "rolled_back",
        ),
        ("failed too", failed("15m").evidence(&[("sd", "1s", Status::RollbackFailed)]), "failed"),
        (
            "somebody else's",
            failed("15m").evidence(&[("other", "5m", Status::RollbackInProgress)]),
            "failed",
        ),
    ] {
        assert_eq!(word(&seen.judge(&accepted())), expected, "{what}");
    }
}

#[test]
fn evidence_from_before_the_description_is_gathered_anew() {
    let stale = failed("10m").evidence(&[("sd", "1s", Status::Stopped)]).evidence_of("9m");
    assert_eq!(word(&stale.judge(&accepted())), "our_rollback");
}
