//! Deployments that shift traffic, through the real SDK.

use aws_sdk_ecs::types::ServiceRevisionSummary;

use super::support::*;
use crate::simulator::{Hook, HookAction, ServiceSpec, Simulator};

/// Production and test traffic, and the tasks that a revision has.
fn seen(revision: &ServiceRevisionSummary) -> (f64, f64, i32) {
    (
        revision.requested_production_traffic_weight().unwrap(),
        revision.requested_test_traffic_weight().unwrap(),
        revision.running_task_count(),
    )
}

fn blue_green(spec: ServiceSpec) -> ServiceSpec {
    spec.strategy("BLUE_GREEN").bake_minutes(5).desired(2)
}

/// The stages in their order, looked at every second until the deployment ends, each with the
/// seconds that it took.
async fn walk(sim: &Simulator) -> Vec<(String, u64)> {
    let mut walked: Vec<(String, u64)> = Vec::new();
    while let Some(stage) = sim.service("prd", "api").stage {
        match walked.last_mut().filter(|(last, _)| *last == stage) {
            Some((_, seconds)) => *seconds += 1,
            None => walked.push((stage, 1)),
        }
        pass(1).await;
    }
    walked
}

#[tokio::test(start_paused = true)]
async fn a_blue_green_deployment_walks_its_stages() {
    let sim = with_service(blue_green);
    force(&sim).await;
    let walked = walk(&sim).await;
    let walked: Vec<(&str, u64)> = walked.iter().map(|(s, n)| (s.as_str(), *n)).collect();
    let expected = [
        ("PRE_SCALE_UP", 10),
        ("SCALE_UP", 60),
        ("POST_SCALE_UP", 10),
        ("TEST_TRAFFIC_SHIFT", 10),
        ("POST_TEST_TRAFFIC_SHIFT", 10),
        ("PRE_PRODUCTION_TRAFFIC_SHIFT", 10),
        ("PRODUCTION_TRAFFIC_SHIFT", 10),
        ("POST_PRODUCTION_TRAFFIC_SHIFT", 10),
        ("BAKE_TIME", 300),
        ("CLEAN_UP", 32),
    ];
    assert_eq!(walked, expected);
    assert_eq!(rollout(&sim).await.status().unwrap().as_str(), "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn both_colours_run_until_the_new_one_has_baked() {
    let sim = with_service(blue_green);
    let blue = sim.service("prd", "api").primary().unwrap().id.clone();
    let green = force(&sim).await;
    let none = (0.0, 0.0, 0);
    for (seconds, stage, target, source) in [
        (0, "PRE_SCALE_UP", none, (100.0, 0.0, 2)),
        (75, "POST_SCALE_UP", (0.0, 0.0, 2), (100.0, 0.0, 2)),
        (10, "TEST_TRAFFIC_SHIFT", (0.0, 100.0, 2), (100.0, 0.0, 2)),
        (30, "PRODUCTION_TRAFFIC_SHIFT", (100.0, 100.0, 2), (0.0, 0.0, 2)),
        (310, "BAKE_TIME", (100.0, 100.0, 2), (0.0, 0.0, 2)),
        (7, "CLEAN_UP", (100.0, 100.0, 2), (0.0, 0.0, 0)),
    ] {
        pass(seconds).await;
        let rollout = rollout(&sim).await;
        assert_eq!(rollout.lifecycle_stage().unwrap().as_str(), stage);
        assert_eq!(seen(rollout.target_service_revision().unwrap()), target, "{stage}");
        assert_eq!(seen(&rollout.source_service_revisions()[0]), source, "{stage}");
        let [new, old] = deployments(&sim).try_into().unwrap();
        assert_eq!(new, (green.clone(), "PRIMARY".to_owned(), "IN_PROGRESS".to_owned()));
        assert_eq!(old, (blue.clone(), "ACTIVE".to_owned(), "COMPLETED".to_owned()));
    }
    pass(60).await;
    let completed = (green, "PRIMARY".to_owned(), "COMPLETED".to_owned());
    assert_eq!(deployments(&sim), [completed]);
    assert_eq!(active(&sim, "RUNNING"), 2);
}

#[tokio::test(start_paused = true)]
async fn the_counts_of_a_finished_deployment_stay() {
    let sim = with_service(blue_green);
    force(&sim).await;
    pass(1000).await;
    sim.set_desired("prd", "api", 5);
    pass(1000).await;
    let rollout = rollout(&sim).await;
    let target = rollout.target_service_revision().unwrap();
    assert_eq!((target.requested_task_count(), target.running_task_count()), (2, 2));
    assert_eq!(rollout.source_service_revisions()[0].requested_task_count(), 0);
    assert_eq!(active(&sim, "RUNNING"), 5);
}

#[tokio::test(start_paused = true)]
async fn traffic_moves_in_the_steps_of_its_strategy() {
    type Adjust = fn(ServiceSpec) -> ServiceSpec;
    // Each step lasts ten seconds and its bake time, and but for the last the ten of the stage
    // before the next one.
    let cases: [(Adjust, &[(f64, u64)]); 5] = [
        (|s| s.linear(33.3, 0), &[(33.3, 20), (66.6, 20), (99.9, 20), (100.0, 10)]),
        (|s| s.linear(40.0, 2), &[(40.0, 140), (80.0, 140), (100.0, 10)]),
        (|s| s.canary(2.5, 15), &[(2.5, 920), (100.0, 10)]),
        (|s| s.strategy("CANARY"), &[(5.0, 620), (100.0, 10)]),
        (|s| s.strategy("BLUE_GREEN"), &[(100.0, 10)]),
    ];
    for (adjust, expected) in cases {
        let sim = with_service(adjust);
        force(&sim).await;
        let mut weights: Vec<(f64, u64)> = Vec::new();
        loop {
            let view = sim.service("prd", "api");
            if view.stage.as_deref() == Some("POST_PRODUCTION_TRAFFIC_SHIFT") {
                break;
            }
            let weight = view.primary().unwrap().production_weight.unwrap();
            match weights.last_mut().filter(|(last, _)| *last == weight) {
                Some((_, seconds)) => *seconds += 1,
                None => weights.push((weight, 1)),
            }
            pass(1).await;
        }
        assert_eq!(weights.remove(0).0, 0.0);
        assert_eq!(weights, expected);
        pass(600).await;
        assert_eq!(deployments(&sim)[0].2, "COMPLETED");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_deployment_first_puts_the_unfinished_one_away() {
    let sim = with_service(blue_green);
    let blue = sim.service("prd", "api").primary().unwrap().id.clone();
    let first = force(&sim).await;
    pass(80).await;
    assert_eq!(active_of(&sim, &first), 2);
    let second = force(&sim).await;
    assert_eq!(status_and_stage(&sim).await.1, "RECONCILE_SERVICE");
    let ids: Vec<String> = deployments(&sim).into_iter().map(|(id, ..)| id).collect();
    assert_eq!(ids, [&second, &first, &blue].map(Clone::clone));
    assert_eq!((active_of(&sim, &first), active_of(&sim, &blue)), (0, 2));
    let source = rollout(&sim).await.source_service_revisions()[0].arn().unwrap().to_owned();
    assert!(source.ends_with(blue.trim_start_matches("ecs-svc/")), "{source}");
    pass(1000).await;
    assert_eq!(deployments(&sim)[0].0, second);
    assert_eq!(status_and_stage(&sim).await, ("SUCCESSFUL".to_owned(), "CLEAN_UP".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_carries_the_traffic_is_what_the_next_deployment_starts_from() {
    let sim = with_service(blue_green);
    let first = force(&sim).await;
    pass(200).await;
    assert_eq!(status_and_stage(&sim).await.1, "BAKE_TIME");
    let second = force(&sim).await;
    let source = rollout(&sim).await.source_service_revisions()[0].arn().unwrap().to_owned();
    assert!(source.ends_with(first.trim_start_matches("ecs-svc/")), "{source}");
    pass(1000).await;
    assert_eq!((deployments(&sim)[0].0.clone(), deployments(&sim).len()), (second, 1));
}

#[tokio::test(start_paused = true)]
async fn other_strategies_show_no_stage_and_no_weights() {
    for adjust in [|s: ServiceSpec| s, |s: ServiceSpec| s.strategy("ROLLING")] {
        let sim = with_service(adjust);
        force(&sim).await;
        pass(5).await;
        let rollout = rollout(&sim).await;
        assert!(rollout.lifecycle_stage().is_none() && rollout.lifecycle_hook_details().is_empty());
        let target = rollout.target_service_revision().unwrap();
        assert!(target.requested_production_traffic_weight().is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_task_of_either_colour_is_replaced_under_its_own_deployment() {
    let sim = with_service(blue_green);
    let blue = sim.service("prd", "api").primary().unwrap().id.clone();
    let green = force(&sim).await;
    pass(80).await;
    sim.kill_task("prd", "api");
    assert_eq!((active_of(&sim, &blue), active_of(&sim, &green)), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn what_is_current_is_told_while_traffic_shifts() {
    let sim = with_service(|s| blue_green(s).load_balancer().health_check_grace(HOUR));
    force(&sim).await;
    pass(80).await;
    let described = ecs(&sim).describe_services().cluster("prd").services("api").send().await;
    let service = described.unwrap().services()[0].clone();
    let arn = rollout(&sim).await.service_deployment_arn().unwrap().to_owned();
    assert_eq!(service.current_service_deployment(), Some(arn.as_str()));
    let running: Vec<i32> =
        service.current_service_revisions().iter().map(|r| r.running_task_count()).collect();
    assert_eq!(running, [2, 2]);
    assert_eq!((service.running_count(), service.desired_count()), (4, 2));
    assert_eq!(service.health_check_grace_period_seconds(), Some(3600));
    let balancer = service.load_balancers()[0].advanced_configuration().unwrap();
    assert!(balancer.alternate_target_group_arn().is_some());
}

#[tokio::test(start_paused = true)]
async fn retired_tasks_are_replaced_in_time_and_never_because_green_ones_are_there() {
    let sim = with_service(|s| {
        blue_green(s).hook(Hook::pause("POST_SCALE_UP").timeout(10_080, HookAction::Continue))
    });
    let blue = sim.service("prd", "api").primary().unwrap().id.clone();
    force(&sim).await;
    pass(80).await;
    let before: Vec<String> =
        sim.service("prd", "api").active_tasks().map(|t| t.id.clone()).collect();
    sim.retire_tasks("prd", "api", after(HOUR));
    pass(86_400).await;
    let during: Vec<String> =
        sim.service("prd", "api").active_tasks().map(|t| t.id.clone()).collect();
    assert_eq!(before, during);
    pass(2 * 86_400).await;
    assert!(sim.service("prd", "api").active_tasks().all(|task| !before.contains(&task.id)));
    assert_eq!(active_of(&sim, &blue), 2);
}
