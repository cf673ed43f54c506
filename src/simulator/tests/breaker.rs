//! Failing deployments, with and without a circuit breaker.

use super::support::*;
use crate::simulator::Behaviour;

fn cannot_start() -> Behaviour {
    Behaviour::CannotStart { reason: "CannotPullContainerError: not found".to_owned() }
}

#[tokio::test(start_paused = true)]
async fn a_tripped_breaker_rolls_back_to_a_third_deployment() {
    let sim =
        with_service(|s| s.desired(3).circuit_breaker(true, true).next_revision(cannot_start()));
    let old = sim.service("prd", "api").primary().unwrap().id.clone();
    let failed = force(&sim).await;
    pass(20).await;

    let service = describe(&sim).await;
    let third = primary(&service);
    let third_id = third["id"].as_str().unwrap();
    assert!(third_id != old && third_id != failed);
    let reason = format!("ECS deployment circuit breaker: rolling back to deploymentId {old}.");
    assert_eq!(third["rolloutStateReason"], reason);
    let view = sim.service("prd", "api");
    let ours = view.deployments.iter().find(|d| d.id == failed).unwrap();
    assert_eq!((ours.status.as_str(), ours.rollout_state.as_str()), ("ACTIVE", "FAILED"));
    assert_eq!(ours.failed_tasks, 3);

    pass(600).await;
    let service = describe(&sim).await;
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(primary(&service)["rolloutState"], "COMPLETED");
    let reason = format!("ECS deployment {third_id} completed.");
    assert_eq!(primary(&service)["rolloutStateReason"], reason);
    assert_eq!(service["runningCount"], 3);
}

#[tokio::test(start_paused = true)]
async fn a_single_task_trips_the_breaker_only_after_minutes_of_back_off() {
    let sim = with_service(|s| s.circuit_breaker(true, false).next_revision(cannot_start()));
    force(&sim).await;
    pass(400).await;
    assert_eq!(sim.service("prd", "api").primary().unwrap().rollout_state, "IN_PROGRESS");
    pass(200).await;
    let view = sim.service("prd", "api");
    assert_eq!(view.primary().unwrap().rollout_state, "FAILED");
    let reason = primary(&describe(&sim).await)["rolloutStateReason"].clone();
    assert_eq!(reason, "ECS deployment circuit breaker: tasks failed to start.");
    let launched = view.tasks.len();
    pass(3000).await;
    let view = sim.service("prd", "api");
    assert_eq!((view.deployments.len(), view.tasks.len()), (2, launched));
    assert_eq!(view.active_tasks().count(), 1, "the old task stays");
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_a_failing_rollout_never_ends() {
    for behaviour in [cannot_start(), Behaviour::NeverHealthy, Behaviour::StaysPending] {
        let sim = with_service(|s| s.desired(2).next_revision(behaviour.clone()));
        force(&sim).await;
        pass(7 * 86_400).await;
        let view = sim.service("prd", "api");
        let rollout = view.primary().unwrap();
        assert_eq!(rollout.rollout_state, "IN_PROGRESS");
        assert_eq!(rollout.failed_tasks > 100, behaviour != Behaviour::StaysPending);
        assert_eq!(view.deployments.len(), 2);
        assert!(view.events.len() <= 100);
        let old = &view.deployments[1].id;
        assert_eq!(view.active_tasks().filter(|t| t.deployment == *old).count(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn tasks_that_fail_their_health_checks_trip_the_breaker_too() {
    let spec = |s: crate::simulator::ServiceSpec| {
        s.desired(3).circuit_breaker(true, true).next_revision(Behaviour::NeverHealthy)
    };
    let sim = with_service(spec);
    let failed = force(&sim).await;
    pass(139).await;
    assert_eq!(sim.service("prd", "api").primary().unwrap().id, failed);
    pass(1).await;
    let view = sim.service("prd", "api");
    assert_ne!(view.primary().unwrap().id, failed);
    let reasons = view.tasks.iter().filter_map(|t| t.stopped_reason.as_deref());
    assert!(reasons.into_iter().any(|r| r == "Task failed container health checks"));
}

#[tokio::test(start_paused = true)]
async fn a_stopped_task_keeps_its_reason_for_an_hour_and_is_then_forgotten() {
    let sim = with_service(|s| s.next_revision(cannot_start()));
    force(&sim).await;
    pass(25).await;
    let failed =
        sim.service("prd", "api").tasks.iter().find(|t| t.last_status == "STOPPED").cloned();
    let input = serde_json::json!({ "cluster": "prd", "tasks": [failed.unwrap().arn] });
    let task = ok(&sim, "DescribeTasks", input.clone()).await["tasks"][0].clone();
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    assert_eq!(task["stoppedReason"], "CannotPullContainerError: not found");
    pass(3700).await;
    let answer = ok(&sim, "DescribeTasks", input).await;
    assert_eq!(answer["failures"][0]["reason"], "MISSING");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_too_is_not_rolled_back_again() {
    let sim =
        with_service(|s| s.desired(3).circuit_breaker(true, true).next_revision(cannot_start()));
    sim.set_completed_behaviour("prd", "api", cannot_start());
    force(&sim).await;
    pass(86_400).await;
    let view = sim.service("prd", "api");
    assert_eq!(view.primary().unwrap().rollout_state, "FAILED");
    assert_eq!(view.active_tasks().count(), 3, "the old tasks stay");
    let input = serde_json::json!({ "cluster": "prd", "service": "api" });
    let listed = ok(&sim, "ListServiceDeployments", input).await;
    assert_eq!(listed["serviceDeployments"][0]["status"], "ROLLBACK_FAILED");
    assert_eq!(listed["serviceDeployments"].as_array().unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_healthy_task_resets_the_count_of_failures() {
    let flaky = Behaviour::FailsFirst { tasks: 2, reason: "flaky".to_owned() };
    let sim = with_service(|s| s.desired(2).circuit_breaker(true, true).next_revision(flaky));
    let new = force(&sim).await;
    pass(20).await;
    assert_eq!(sim.service("prd", "api").primary().unwrap().failed_tasks, 2);
    pass(600).await;
    let view = sim.service("prd", "api");
    let primary = view.primary().unwrap();
    assert_eq!((&primary.id, primary.failed_tasks), (&new, 0));
    assert_eq!(primary.rollout_state, "COMPLETED");
}
