use serde_json::{Value, json};

use super::fixture::{ARN, at, attempt, finished, notice, service, verdict};
use crate::announce::detail::Detail;
use crate::announce::{Announcement, Held, Kind, Noticed, SOURCE};
use crate::aws::EventBus;
use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::diagnosis::Finding;
use crate::plan::fleet::{DeploymentId, Problem, ProblemClass};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{Call, Cause, Outcome};
use crate::plan::rescue::{Rescue, RescueAnswer};
use crate::plan::verdict::{Due, Reason};

const NOW: &str = "2026-11-18T03:15:01.75Z";

fn now() -> Time {
    at(NOW)
}

#[track_caller]
fn check(announcement: &Announcement, kind: Kind, detail_type: &str, detail: &Value) {
    let entry = announcement.entry();
    assert_eq!(announcement.kind(), kind);
    assert_eq!((entry.source, entry.detail_type, entry.at), (SOURCE, detail_type, now()));
    assert_eq!(entry.resources, [detail["service_arn"].as_str().unwrap()]);
    let written: Value = serde_json::from_str(&entry.detail).unwrap();
    assert_eq!(written, *detail, "{written:#}");
}

#[test]
fn a_refresh_that_started() {
    check(
        &Announcement::started(&attempt(), Some(ARN), now()),
        Kind::Started,
        "ECS Refresh Started",
        &json!({
            "schema_version": 1,
            "service_arn": "arn:aws:ecs:eu-west-1:123456789012:service/prd/api",
            "region": "eu-west-1", "account": "123456789012", "cluster": "prd", "service": "api",
            "policy": "nightly",
            "cause": "age",
            "attempt_id": "1795000200000-0123456789ab",
            "message": "started refreshing prd/api because of the age of its tasks: 3 tasks to replace",
            "at": "2026-11-18T03:15:01Z",
            "intent_at": "2026-11-18T03:10:00Z",
            "deployment_id_before": "ecs-svc/1", "deployment_id_after": "ecs-svc/2",
            "old_task_count": 3,
        }),
    );
}

#[test]
fn a_refresh_that_finished() {
    let rolled_back = crate::plan::ledger::Finished {
        primary: Some(DeploymentId::new("ecs-svc/3")),
        finding: Some(Finding::ImagePull { said: "CannotPullContainerError".to_owned() }),
        ..finished(
            Outcome::RolledBack,
            "ECS rolled back; 2 tasks stopped: CannotPullContainerError",
        )
    };
    check(
        &Announcement::finished(&rolled_back, Some(ARN), Some(0), now()),
        Kind::Finished,
        "ECS Refresh Finished",
        &json!({
            "schema_version": 1,
            "service_arn": "arn:aws:ecs:eu-west-1:123456789012:service/prd/api",
            "region": "eu-west-1", "account": "123456789012", "cluster": "prd", "service": "api",
            "policy": "nightly",
            "cause": "age",
            "attempt_id": "1795000200000-0123456789ab",
            "outcome": "rolled_back",
            "message": "refresh of prd/api rolled_back after 5m: ECS rolled back; 2 tasks stopped: \
                        CannotPullContainerError",
            "diagnosis": "ECS rolled back; 2 tasks stopped: CannotPullContainerError",
            "finding": "image_pull",
            "finding_message": "its image cannot be pulled: CannotPullContainerError",
            "finding_hint": "check that the image and its tag still exist, that the task execution \
                             role may pull it, and that the subnets reach the registry",
            "at": "2026-11-18T03:15:01Z",
            "intent_at": "2026-11-18T03:10:00Z", "finished_at": "2026-11-18T03:15:00Z",
            "deployment_id_before": "ecs-svc/1", "deployment_id_after": "ecs-svc/3",
            "old_task_count": 3, "new_task_count": 0,
        }),
    );
}

#[test]
fn a_refresh_that_was_to_be_rolled_back_says_what_ecs_answered() {
    let at = now();
    let problem = Problem {
        operation: "StopServiceDeployment".to_owned(),
        class: ProblemClass::Denied,
        message: "no".to_owned(),
        at,
    };
    for (answer, label) in [
        (RescueAnswer::Unknown, "unknown"),
        (RescueAnswer::Accepted, "accepted"),
        (RescueAnswer::Refused { problem }, "refused"),
    ] {
        let mut ended = finished(Outcome::TimedOut, "late");
        ended.attempt.rescue = Some(Rescue {
            asked_at: at,
            call_ends_by: at,
            service_deployment: "arn:sd".into(),
            why: "late".to_owned(),
            finding: None,
            answer,
        });
        let detail = Detail::finished(&ended, Some(ARN), None, at).to_json();
        let detail: serde_json::Value = serde_json::from_str(&detail).unwrap();
        assert_eq!(detail["rollback"], label);
    }
}

#[test]
fn a_service_that_is_held() {
    let mut verdict = verdict(Reason::PolicyStopped { failures: 1, again: None });
    verdict.due = Some(Due { cause: Cause::Retirement, since: now() });
    let service = service("api");
    let held = Held { service: &service, verdict: &verdict, services: 12 };
    check(
        &Announcement::held(&held, Some(ARN), now()),
        Kind::Held,
        "ECS Refresh Held",
        &json!({
            "schema_version": 1,
            "service_arn": "arn:aws:ecs:eu-west-1:123456789012:service/prd/api",
            "region": "eu-west-1", "account": "123456789012", "cluster": "prd", "service": "api",
            "policy": "nightly",
            "cause": "retirement",
            "reason": "policy_stopped",
            "message": "prd/api is held: policy stopped: 1 failed since its span began; no window \
                        opens within the next two years; 12 services of policy nightly are held \
                        for this reason",
            "at": "2026-11-18T03:15:01Z",
            "held_service_count": 12,
        }),
    );
}

#[test]
fn a_retirement_that_was_noticed() {
    let (service, notice) = (service("api"), notice(Some("2026-11-25T08:00:00Z")));
    let common = json!({
        "schema_version": 1,
        "service_arn": "arn:aws:ecs:eu-west-1:123456789012:service/prd/api",
        "region": "eu-west-1", "account": "123456789012", "cluster": "prd", "service": "api",
        "at": "2026-11-18T03:15:01Z",
        "event_arn": "arn:aws:health:eu-west-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/1",
        "deadline": "2026-11-25T08:00:00Z", "cutoff": "2026-11-18T00:00:00Z",
    });
    let begins =
        "AWS retires tasks of prd/api and begins to replace them on Wed 2026-11-25 08:00 UTC";
    let policy = "nightly".into();
    for (policy, unmanaged, message) in [
        (Some(&policy), false, format!("{begins}; the service belongs to policy nightly")),
        (
            None,
            true,
            format!("{begins}; no policy selects the service, so ecs-refresh will not refresh it"),
        ),
        (None, false, begins.to_owned()),
    ] {
        let mut detail = common.clone();
        detail["message"] = json!(message);
        if let Some(policy) = policy {
            detail["policy"] = json!(policy);
        }
        if unmanaged {
            detail["reason"] = json!("unmanaged");
        }
        let noticed = Noticed { service: &service, notice: &notice, policy, unmanaged };
        let announcement = Announcement::noticed(&noticed, Some(ARN), now());
        check(&announcement, Kind::Noticed, "ECS Retirement Noticed", &detail);
    }
}

/// The detail's member of that name.
fn member(announcement: &Announcement, name: &str) -> Value {
    let detail: Value = serde_json::from_str(&announcement.entry().detail).unwrap();
    detail[name].clone()
}

#[test]
fn what_is_not_known_is_absent() {
    let (service, no_deadline) = (service("api"), notice(None));
    let noticed =
        Noticed { service: &service, notice: &no_deadline, policy: None, unmanaged: false };
    let noticed = Announcement::noticed(&noticed, None, now());
    let mut unanswered = attempt();
    unanswered.call = Call::Unknown;
    let started = Announcement::started(&unanswered, None, now());
    let gone = crate::plan::ledger::Finished {
        primary: None,
        ..finished(Outcome::Superseded, "the service is gone")
    };
    let finished = Announcement::finished(&gone, None, None, now());
    for (announcement, absent) in [
        (&noticed, &["deadline", "policy", "reason", "cause"][..]),
        (&started, &["deployment_id_after", "outcome"][..]),
        (&finished, &["deployment_id_after", "new_task_count"][..]),
    ] {
        for name in absent {
            let detail = &announcement.entry().detail;
            assert!(!detail.contains(&format!("\"{name}\"")), "{detail}");
        }
        assert!(!announcement.entry().detail.contains("null"));
    }
    assert_eq!(
        member(&noticed, "message"),
        "AWS retires tasks of prd/api; when it begins to replace them was not said"
    );
}

#[test]
fn the_arn_of_a_service_that_was_not_seen_is_in_the_partition_of_its_region() {
    for (region, arn) in [
        ("eu-west-1", "arn:aws:ecs:eu-west-1:1:service/prd/api"),
        ("cn-north-1", "arn:aws-cn:ecs:cn-north-1:1:service/prd/api"),
        ("us-gov-west-1", "arn:aws-us-gov:ecs:us-gov-west-1:1:service/prd/api"),
        ("us-iso-east-1", "arn:aws-iso:ecs:us-iso-east-1:1:service/prd/api"),
        ("us-isob-east-1", "arn:aws-iso-b:ecs:us-isob-east-1:1:service/prd/api"),
    ] {
        let service = ServiceKey::new(&ClusterKey::new(region, "1", "prd"), "api");
        let attempt = crate::plan::ledger::Attempt { service, ..attempt() };
        let started = Announcement::started(&attempt, None, now());
        assert_eq!(member(&started, "service_arn"), arn);
    }
}

#[test]
fn ten_of_the_longest_events_fit_into_one_call() {
    // Each character takes six bytes in JSON, which is the most that there is.
    let long = "\u{1}".repeat(100_000);
    let long_name = "ä".repeat(255);
    let service =
        ServiceKey::new(&ClusterKey::new("ap-southeast-1", "123456789012", &long_name), &long_name);
    let mut finished = finished(Outcome::Failed, &long);
    finished.attempt.policy = long.as_str().into();
    finished.attempt.service = service;
    let finished = Announcement::finished(&finished, None, Some(u32::MAX), now());
    let size = finished.entry().size();
    assert!(size * EventBus::ENTRIES_MAX <= EventBus::BYTES_MAX, "{size}");
    assert!(member(&finished, "diagnosis").as_str().unwrap().ends_with('…'));
}

#[test]
fn every_kind_has_a_label_and_a_detail_type_of_its_own() {
    for kinds in Kind::ALL.windows(2) {
        assert_ne!(kinds[0].label(), kinds[1].label());
        assert_ne!(kinds[0].detail_type(), kinds[1].detail_type());
    }
}
