//! What Amazon ECS tells EventBridge.

use std::time::Duration;

use aws_sdk_sqs::Client;
use serde_json::Value;

use super::support::*;
use crate::simulator::{Behaviour, ServiceSpec, Simulator};

/// A simulator with the service `prd/api`, whose events come to the queue `q`.
fn emitting(adjust: impl FnOnce(ServiceSpec) -> ServiceSpec) -> Simulator {
    let sim = with_service(adjust);
    sim.create_queue("q");
    sim.emit_ecs_events_to("q");
    sim
}

fn events(sim: &Simulator, kind: &str) -> Vec<Value> {
    let all = sim.messages("q").into_iter().map(|body| serde_json::from_str(&body).unwrap());
    all.filter(|event: &Value| event["detail-type"] == kind).collect()
}

/// The names of events about deployments or services, with the deployment, if there is one.
fn names(events: &[Value]) -> Vec<(String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let name = |event: &Value| text(&event["detail"]["eventName"]).unwrap_or_default();
    events.iter().map(|event| (name(event), text(&event["detail"]["deploymentId"]))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rollout_is_told_from_its_beginning_to_its_end() {
    let sim = emitting(|s| s);
    sim.add_service(ServiceSpec::new("prd", "other"));
    assert_eq!(sim.messages("q"), [""; 0], "what was there before is no news");
    let new = force(&sim).await;
    pass(600).await;
    let deployments = events(&sim, "ECS Deployment State Change");
    let told = |name: &str| (format!("SERVICE_DEPLOYMENT_{name}"), Some(new.clone()));
    assert_eq!(names(&deployments), [told("IN_PROGRESS"), told("COMPLETED")]);
    let event = &deployments[1];
    assert_eq!(event["source"], "aws.ecs");
    assert_eq!(event["account"], "123456789012");
    assert_eq!(event["resources"][0], "arn:aws:ecs:eu-central-1:123456789012:service/prd/api");
    assert_eq!(event["detail"]["reason"], format!("ECS deployment {new} completed."));
    // 20 s until it runs, 40 s until it is healthy, 32 s until the old one is gone.
    assert_eq!(event["time"], "2027-01-15T08:01:32.000Z");
    let steady = names(&events(&sim, "ECS Service Action"));
    assert_eq!(steady, [("SERVICE_STEADY_STATE".to_owned(), None)]);
    let view = sim.service("prd", "api");
    let old = view.tasks.iter().find(|task| task.deployment != new).unwrap();
    let tasks = events(&sim, "ECS Task State Change");
    let of_old: Vec<&Value> =
        tasks.iter().map(|e| &e["detail"]).filter(|task| task["taskArn"] == old.arn).collect();
    let statuses: Vec<_> = of_old.iter().filter_map(|task| task["lastStatus"].as_str()).collect();
    assert_eq!(statuses, ["STOPPING", "DEPROVISIONING", "STOPPED"]);
    assert_eq!(of_old[2]["createdAt"], "2027-01-14T08:00:00.000Z");
    assert_eq!(of_old[2]["group"], "service:api");
    let versions: Vec<_> = of_old.iter().filter_map(|task| task["version"].as_u64()).collect();
    assert!(versions.is_sorted_by(|one, next| one < next), "{versions:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollout_and_its_rollback_are_told() {
    let failing = Behaviour::CannotStart { reason: "no image".to_owned() };
    let sim = emitting(|s| s.desired(3).circuit_breaker(true, true).next_revision(failing));
    let new = force(&sim).await;
    pass(600).await;
    let deployments = events(&sim, "ECS Deployment State Change");
    let third = sim.service("prd", "api").primary().unwrap().id.clone();
    let told = |name: &str, id: &str| (format!("SERVICE_DEPLOYMENT_{name}"), Some(id.to_owned()));
    let expected = [
        told("IN_PROGRESS", &new),
        told("FAILED", &new),
        told("IN_PROGRESS", &third),
        told("COMPLETED", &third),
    ];
    assert_eq!(names(&deployments), expected);
    assert_eq!(deployments[1]["detail"]["eventType"], "ERROR");
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_hears_what_happens_in_the_meantime() {
    let sim = emitting(|s| s);
    let url = sim.create_queue("q");
    force(&sim).await;
    let sqs = Client::new(&sdk_config(&sim));
    let poll = || async {
        let asked = sqs.receive_message().queue_url(&url).max_number_of_messages(10);
        let answer = asked.wait_time_seconds(20).visibility_timeout(600).send().await.unwrap();
        let message =
            answer.messages().first().and_then(|message| message.body().map(str::to_owned));
        let event: Value = serde_json::from_str(&message.unwrap_or_default()).unwrap_or_default();
        event["detail"]["lastStatus"].as_str().unwrap_or_default().to_owned()
    };
    let started = tokio::time::Instant::now();
    for (status, seconds) in
        [("PROVISIONING", 0), ("PENDING", 2), ("ACTIVATING", 6), ("RUNNING", 20)]
    {
        assert_eq!(
            (poll().await.as_str(), started.elapsed()),
            (status, Duration::from_secs(seconds))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn telling_changes_nothing_else_and_a_queue_that_is_gone_hears_nothing() {
    let silent = with_service(|s| s.desired(2));
    let telling = emitting(|s| s.desired(2));
    telling.delete_queue("q");
    for sim in [&silent, &telling] {
        force(sim).await;
    }
    pass(600).await;
    assert_eq!(silent.service("prd", "api"), telling.service("prd", "api"));
}

#[tokio::test(start_paused = true)]
async fn traffic_that_shifts_and_comes_back_is_told_once_each() {
    let sim = emitting(|s| s.strategy("BLUE_GREEN").bake_minutes(5).alarms(&["errors"], true));
    let blue = sim.service("prd", "api").primary().unwrap().id.clone();
    let green = force(&sim).await;
    pass(200).await;
    sim.raise_alarm("prd", "api", "errors");
    pass(600).await;
    let told = |name: &str, id: &str| (format!("SERVICE_DEPLOYMENT_{name}"), Some(id.to_owned()));
    let expected = [
        told("IN_PROGRESS", &green),
        told("FAILED", &green),
        told("IN_PROGRESS", &blue),
        told("COMPLETED", &blue),
    ];
    assert_eq!(names(&events(&sim, "ECS Deployment State Change")), expected);
    let steady = names(&events(&sim, "ECS Service Action"));
    assert_eq!(steady, [("SERVICE_STEADY_STATE".to_owned(), None)]);
}
