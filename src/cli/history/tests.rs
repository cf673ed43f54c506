//! What the command prints of what was kept.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Told, document, text};
use crate::cli::args::ServiceName;
use crate::clock::Time;
use crate::plan::diagnosis::Finding;
use crate::plan::evidence::{Evidence, TaskList};
use crate::plan::fleet::{DeploymentId, TaskId};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{Attempt, AttemptId, Before, Call, Cause, Finished, Outcome};
use crate::plan::rescue::{Rescue, RescueAnswer};

const OLD: &str = "ecs-svc/1111111111111111111";
const NEW: &str = "ecs-svc/2222222222222222222";

fn now() -> Time {
    "2026-11-22T08:00:00Z".parse().unwrap()
}

/// A refresh that took 102 seconds and ended `hours` ago.
fn evidence(name: &str, outcome: Outcome, hours: i64) -> Evidence {
    let cluster = ClusterKey::new("eu-central-1", "123456789012", "prd");
    let finished_at = now() - TimeDelta::hours(hours);
    let intent_at = finished_at - TimeDelta::seconds(102);
    let attempt = Attempt {
        id: AttemptId(format!("attempt-{hours}").into()),
        service: ServiceKey::new(&cluster, name),
        policy: "nightly".into(),
        cause: Cause::Age,
        intent_at,
        call_ends_by: intent_at,
        deadline: intent_at + TimeDelta::seconds(1_800),
        moved_at: None,
        code_deploy: None,
        before: Before {
            primary: DeploymentId::new(OLD),
            task_definition: "arn:aws:ecs:eu-central-1:123456789012:task-definition/api:7".into(),
            desired_count: 2,
            tasks: Vec::new(),
            task_count: 2,
            created_at: Vec::new(),
            oldest_created_at: None,
        },
        call: Call::Accepted {
            deployment: DeploymentId::new(NEW),
            created_at: intent_at,
            known_at: intent_at,
            service_deployment: None,
        },
        rescue: None,
    };
    let finished = Finished {
        attempt,
        outcome,
        finished_at,
        diagnosis: "every task was replaced".to_owned(),
        finding: None,
        primary: Some(DeploymentId::new(NEW)),
    };
    let list = |from: u128| TaskList {
        count: 2,
        tasks: vec![(TaskId::plain(from), Some(intent_at)), (TaskId::plain(from + 1), None)],
    };
    let images = BTreeMap::from([("web".into(), "sha256:1f3a".into())]);
    Evidence::new(0, finished, list(1), list(17), images)
}

/// A refresh that ran out of time and was rolled back.
fn failed(hours: i64) -> Evidence {
    let mut one = evidence("web", Outcome::RolledBack, hours);
    let finished = &mut one.finished;
    finished.diagnosis = "0 of 2 tasks\u{1b}[2J were running".to_owned();
    finished.finding = Some(Finding::ImagePull { said: "pull access denied".to_owned() });
    finished.primary = Some(DeploymentId::new(OLD));
    finished.attempt.rescue = Some(Rescue {
        asked_at: finished.finished_at,
        call_ends_by: finished.finished_at,
        service_deployment: "arn:aws:ecs:eu-central-1:123456789012:service-deployment/a/b/c".into(),
        why: "0 of 2 tasks were running".to_owned(),
        finding: None,
        answer: RescueAnswer::Accepted,
    });
    one
}

fn told(service: Option<(&str, &str)>) -> Told {
    let attempts = vec![evidence("api", Outcome::Succeeded, 1), failed(26)];
    let service = service.map(|(cluster, service)| ServiceName {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
    });
    Told::new(attempts, service, None, now())
}

fn printed(told: &Told) -> String {
    let mut out = Vec::new();
    text::write(told, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn written(told: &Told) -> Value {
    let mut out = Vec::new();
    document::write(told, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn people_read_a_line_for_each_refresh_and_why_one_failed() {
    let expected = "\
FINISHED                  SERVICE  CAUSE  POLICY   OUTCOME        TOOK  TASKS  DEPLOYMENT
Sun 2026-11-22 07:00 UTC  prd/api  age    nightly  succeeded    1m 42s  2 → 2  ecs-svc/1111111111111111111 → ecs-svc/2222222222222222222
Sat 2026-11-21 06:00 UTC  prd/web  age    nightly  rolled back  1m 42s  2 → 2  ecs-svc/1111111111111111111, as before
    0 of 2 tasks [2J were running
    image_pull: its image cannot be pulled: pull access denied
    ECS was told to roll back at Sat 2026-11-21 06:00 UTC, and accepted
";
    assert_eq!(printed(&told(None)), expected);
}

#[test]
fn of_one_service_more_is_told() {
    let text = printed(&told(Some(("prd", "api"))));
    let lines: Vec<&str> = text.lines().skip(2).collect();
    let expected = [
        "    attempt attempt-1, account 123456789012 in eu-central-1",
        "    image of web: sha256:1f3a",
    ];
    assert_eq!(lines, expected);
    assert!(!text.contains("prd/web"), "{text}");
    for other in [("stg", "api"), ("prd", "ap")] {
        assert_eq!(printed(&told(Some(other))), "");
        assert_eq!(written(&told(Some(other)))["attempts"], json!([]));
    }
}

#[test]
fn programs_read_everything_that_was_kept() {
    let document = written(&told(None));
    assert_eq!([&document["schema_version"], &document["since"]], [&json!(1), &Value::Null]);
    let task = |n: u32| format!("{n:032x}");
    let expected = json!({
        "attempt": "attempt-1",
        "region": "eu-central-1", "account": "123456789012", "cluster": "prd", "service": "api",
        "policy": "nightly", "cause": "age", "outcome": "succeeded",
        "intent_at": "2026-11-22T06:58:18Z", "deadline": "2026-11-22T07:28:18Z",
        "finished_at": "2026-11-22T07:00:00Z", "took_seconds": 102,
        "task_definition": "arn:aws:ecs:eu-central-1:123456789012:task-definition/api:7",
        "desired_count": 2,
        "deployment": {"before": OLD, "own": NEW, "after": NEW},
        "code_deploy": null,
        "tasks": {
            "before": {"count": 2, "tasks": [
                {"task": task(1), "created_at": "2026-11-22T06:58:18Z"},
                {"task": task(2), "created_at": null}]},
            "after": {"count": 2, "tasks": [
                {"task": task(17), "created_at": "2026-11-22T06:58:18Z"},
                {"task": task(18), "created_at": null}]},
        },
        "image_digests": {"web": "sha256:1f3a"},
        "diagnosis": "every task was replaced", "finding": null, "rollback": null,
    });
    assert_eq!(document["attempts"][0], expected);
    let failed = &document["attempts"][1];
    assert_eq!([&failed["outcome"], &failed["finding"]["kind"]], ["rolled_back", "image_pull"]);
    assert_eq!([&failed["rollback"]["answer"], &failed["deployment"]["after"]], ["accepted", OLD]);
}
