//! Rolling deployments, step by step.

use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::simulator::Behaviour;

#[tokio::test(start_paused = true)]
async fn a_forced_deployment_rolls_all_tasks_and_leaves_one_completed_deployment() {
    let sim = with_service(|s| s.desired(3).deregistration_delay(Duration::from_secs(10)));
    let before = primary(&describe(&sim).await);
    let new = force(&sim).await;
    assert_ne!(before["id"], new);

    let service = describe(&sim).await;
    assert_eq!(service["deployments"].as_array().unwrap().len(), 2);
    assert_eq!(primary(&service)["rolloutState"], "IN_PROGRESS");
    assert_eq!(primary(&service)["taskDefinition"], before["taskDefinition"]);
    assert_eq!((active(&sim, "PROVISIONING"), active(&sim, "RUNNING")), (3, 3));

    let seen: Vec<(&str, u64)> = vec![("PENDING", 3), ("ACTIVATING", 5), ("RUNNING", 13)];
    for (last_status, seconds) in seen {
        pass(seconds).await;
        let expected = if last_status == "RUNNING" { 6 } else { 3 };
        assert_eq!(active(&sim, last_status), expected, "{last_status}");
    }

    pass(40).await;
    let view = sim.service("prd", "api");
    assert_eq!(view.active_tasks().count(), 3);
    assert!(view.active_tasks().all(|t| t.deployment == new));
    for (last_status, seconds) in [("DEACTIVATING", 0), ("STOPPING", 10), ("DEPROVISIONING", 29)] {
        pass(seconds).await;
        let view = sim.service("prd", "api");
        let old = view.tasks.iter().filter(|t| t.last_status == last_status).count();
        assert_eq!(old, 3, "{last_status}");
        assert_eq!(view.primary().unwrap().rollout_state, "IN_PROGRESS");
    }

    pass(2).await;
    let service = describe(&sim).await;
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    let done = primary(&service);
    assert_eq!(done["rolloutState"], "COMPLETED");
    assert_eq!(done["rolloutStateReason"], format!("ECS deployment {new} completed."));
    assert_eq!(service["runningCount"], 3);
    let view = sim.service("prd", "api");
    assert_eq!(view.events[0], "(service api) has reached a steady state.");
    let old = view.tasks.iter().find(|t| t.desired_status == "STOPPED").unwrap();
    let reason = format!("Scaling activity initiated by (deployment {new})");
    assert_eq!(old.stopped_reason.as_deref(), Some(reason.as_str()));
}

#[tokio::test(start_paused = true)]
async fn the_bounds_hold_at_every_second_whatever_the_percentages() {
    let cases =
        [(100, 200, 3), (100, 150, 4), (50, 100, 4), (0, 100, 2), (50, 200, 5), (75, 125, 4)];
    for (minimum, maximum, desired) in cases {
        let sim = with_service(|s| s.desired(desired).percents(minimum, maximum));
        let new = force(&sim).await;
        let lower = (desired * minimum).div_ceil(100) as usize;
        let upper = (desired * maximum / 100) as usize;
        let mut seconds = 0;
        loop {
            let view = sim.service("prd", "api");
            let running = active(&sim, "RUNNING");
            assert!(running >= lower, "{running} of {lower} run with {minimum}/{maximum}");
            assert!(view.active_tasks().count() <= upper, "too many with {minimum}/{maximum}");
            if view.primary().unwrap().rollout_state == "COMPLETED" {
                break;
            }
            assert!(seconds < 1000, "{minimum}/{maximum} does not end");
            seconds += 1;
            pass(1).await;
        }
        assert!(sim.service("prd", "api").active_tasks().all(|t| t.deployment == new));
    }
}

#[tokio::test(start_paused = true)]
async fn percentages_that_allow_no_step_leave_the_rollout_stuck_and_say_so() {
    for (desired, minimum, maximum) in [(3, 100, 125), (2, 75, 100), (1, 100, 150)] {
        let sim = with_service(|s| s.desired(desired).percents(minimum, maximum));
        force(&sim).await;
        pass(86_400).await;
        let view = sim.service("prd", "api");
        assert_eq!(view.deployments.len(), 2);
        assert_eq!(view.primary().unwrap().rollout_state, "IN_PROGRESS");
        let stuck =
            view.events.iter().filter(|e| e.contains("was unable to stop or start")).count();
        assert_eq!(stuck, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_scaled_to_zero_completes_at_once() {
    let sim = with_service(|s| s.desired(0));
    force(&sim).await;
    let service = describe(&sim).await;
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(primary(&service)["rolloutState"], "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn a_newer_deployment_takes_over_and_ends_alone() {
    let sim = with_service(|s| s.desired(3));
    let ours = force(&sim).await;
    pass(30).await;
    let theirs = sim.deploy("prd", "api", true);
    let view = sim.service("prd", "api");
    assert_eq!(view.deployments.len(), 3);
    assert_eq!(view.primary().unwrap().id, theirs);
    pass(600).await;
    let service = describe(&sim).await;
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert!(primary(&service)["taskDefinition"].as_str().unwrap().ends_with("api:2"));
    assert!(sim.service("prd", "api").active_tasks().all(|t| t.deployment == theirs));
    assert_ne!(ours, theirs);
}

#[tokio::test(start_paused = true)]
async fn a_killed_task_is_replaced_under_its_own_deployment() {
    let sim = with_service(|s| s.desired(2));
    let own = sim.service("prd", "api").primary().unwrap().id.clone();
    let killed = sim.kill_task("prd", "api").unwrap();
    pass(120).await;
    let view = sim.service("prd", "api");
    assert_eq!(view.active_tasks().count(), 2);
    assert!(view.active_tasks().all(|t| t.deployment == own && t.id != killed));
    assert_eq!(view.primary().unwrap().rollout_state, "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn an_old_task_killed_mid_rollout_comes_back_under_the_old_deployment() {
    let sim =
        with_service(|s| s.desired(2).percents(100, 200).next_revision(Behaviour::StaysPending));
    let old = sim.service("prd", "api").primary().unwrap().id.clone();
    force(&sim).await;
    pass(60).await;
    sim.kill_task("prd", "api").unwrap();
    pass(120).await;
    let view = sim.service("prd", "api");
    let olds: Vec<_> = view.active_tasks().filter(|t| t.deployment == old).collect();
    assert_eq!(olds.len(), 2);
    let young = olds.iter().filter(|t| t.created_at > Some(view.primary().unwrap().created_at));
    assert_eq!(young.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_desired_count_may_change_in_the_middle() {
    for desired in [1, 5] {
        let sim = with_service(|s| s.desired(3));
        let new = force(&sim).await;
        pass(10).await;
        sim.set_desired("prd", "api", desired);
        pass(600).await;
        let view = sim.service("prd", "api");
        assert_eq!(view.active_tasks().count(), desired as usize);
        assert!(view.active_tasks().all(|t| t.deployment == new));
        assert_eq!(view.primary().unwrap().rollout_state, "COMPLETED");
    }
}

#[tokio::test(start_paused = true)]
async fn created_at_is_absent_while_a_task_is_provisioning() {
    let sim = with_service(|s| s);
    force(&sim).await;
    let view = sim.service("prd", "api");
    let new = view.tasks.iter().find(|t| t.last_status == "PROVISIONING").unwrap();
    let input = json!({ "cluster": "prd", "tasks": [new.id] });
    let task = ok(&sim, "DescribeTasks", input.clone()).await["tasks"][0].clone();
    assert_eq!(task.get("createdAt"), None);
    pass(2).await;
    let task = ok(&sim, "DescribeTasks", input).await["tasks"][0].clone();
    assert_eq!((task["lastStatus"].as_str(), task["createdAt"].is_f64()), (Some("PENDING"), true));
}

#[tokio::test(start_paused = true)]
async fn pending_tasks_of_a_superseded_deployment_are_stopped() {
    let sim = with_service(|s| s.desired(2).next_revision(Behaviour::StaysPending));
    force(&sim).await;
    pass(60).await;
    sim.set_behaviour("prd", "api", Behaviour::Healthy);
    sim.deploy("prd", "api", false);
    pass(600).await;
    let view = sim.service("prd", "api");
    assert_eq!((view.deployments.len(), view.active_tasks().count()), (1, 2));
    assert!(view.events.iter().any(|event| event == "(service api) stopped 2 pending tasks."));
}

#[tokio::test(start_paused = true)]
async fn an_old_task_that_cannot_be_replaced_is_tried_again_with_back_off() {
    let sim = with_service(|s| s.next_revision(Behaviour::StaysPending));
    let gone = Behaviour::CannotStart { reason: "the image is gone".to_owned() };
    sim.set_completed_behaviour("prd", "api", gone);
    force(&sim).await;
    sim.kill_task("prd", "api").unwrap();
    for _ in 0..12 {
        pass(290).await;
        assert_eq!(sim.service("prd", "api").deployments.len(), 2, "the old one is still wanted");
    }
    let view = sim.service("prd", "api");
    let tries = view.tasks.iter().filter(|t| t.deployment == view.deployments[1].id).count();
    assert!((4..=7).contains(&tries), "{tries} tasks in an hour");
}
