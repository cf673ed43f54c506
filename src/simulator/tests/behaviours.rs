//! Tasks that end by themselves, are never launched, or fail the checks of a load balancer.

use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::simulator::Behaviour;

#[tokio::test(start_paused = true)]
async fn a_container_that_exits_says_how_and_its_task_is_replaced_without_counting_as_failed() {
    let reason = Some("OutOfMemoryError: Container killed due to memory usage".to_owned());
    let exits = Behaviour::Exits { code: 137, reason, after: Duration::from_secs(30) };
    let sim = with_service(|s| s.circuit_breaker(true, true).next_revision(exits));
    let ours = force(&sim).await;
    pass(53).await;
    let view = sim.service("prd", "api");
    let ended = view.tasks.iter().find(|task| task.last_status == "STOPPED").unwrap();
    let input = json!({ "cluster": "prd", "tasks": [ended.id] });
    let task = ok(&sim, "DescribeTasks", input).await["tasks"][0].clone();
    assert_eq!(task["stopCode"], "EssentialContainerExited");
    assert_eq!(task["stoppedReason"], "Essential container in task exited");
    assert_eq!(task["containers"][0]["exitCode"], 137);
    assert_eq!(
        task["containers"][0]["reason"],
        "OutOfMemoryError: Container killed due to memory usage"
    );
    pass(3_600).await;
    let primary = primary(&describe(&sim).await);
    assert_eq!((&primary["id"], &primary["failedTasks"]), (&json!(ours), &json!(0)));
    assert_eq!(primary["rolloutState"], "IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_placed_is_tried_again_and_told_of_until_it_can() {
    for strategy in ["ROLLING", "BLUE_GREEN"] {
        let says = "was unable to place a task. Reason: RESOURCE:FARGATE.".to_owned();
        let held = Behaviour::NotLaunched { says, lasting: Duration::from_secs(720) };
        let sim = with_service(|s| s.desired(2).strategy(strategy).next_revision(held));
        let ours = force(&sim).await;
        pass(715).await;
        let view = sim.service("prd", "api");
        assert!(view.tasks.iter().all(|task| task.deployment != ours), "{strategy}");
        let told = "(service api) was unable to place a task. Reason: RESOURCE:FARGATE.";
        let times = view.events.iter().filter(|event| *event == told).count();
        assert_eq!(times, 3, "{strategy}: at once, and after five and ten minutes");
        pass(600).await;
        let view = sim.service("prd", "api");
        assert_eq!(view.primary().unwrap().rollout_state, "COMPLETED", "{strategy}");
        assert!(view.active_tasks().all(|task| task.deployment == ours), "{strategy}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_events_tell_why_a_target_is_unhealthy() {
    let sim = with_service(|s| s.load_balancer().next_revision(Behaviour::NeverHealthy));
    force(&sim).await;
    pass(145).await;
    let view = sim.service("prd", "api");
    let why = "due to (reason Health checks failed with these codes: [503]).";
    assert!(view.events.iter().any(|event| event.ends_with(why)), "{:#?}", view.events);
}
