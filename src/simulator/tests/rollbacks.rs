//! Deployments that fail on their way, and what they come back to.

use aws_sdk_ecs::types::StopServiceDeploymentStopType as StopType;

use super::support::*;
use crate::simulator::{Behaviour, ServiceSpec, Simulator};

fn blue_green(spec: ServiceSpec) -> ServiceSpec {
    spec.strategy("BLUE_GREEN").bake_minutes(5).desired(3)
}

fn old(sim: &Simulator) -> String {
    sim.service("prd", "api").deployments.last().unwrap().id.clone()
}

/// The old deployment is back under its own id, and alone.
async fn is_back(sim: &Simulator, blue: &str) {
    let completed = (blue.to_owned(), "PRIMARY".to_owned(), "COMPLETED".to_owned());
    assert_eq!(deployments(sim), [completed]);
    assert_eq!(active(sim, "RUNNING"), 3);
    let rollout = rollout(sim).await;
    assert_eq!(rollout.status().unwrap().as_str(), "ROLLBACK_SUCCESSFUL");
    let restored = rollout.rollback().unwrap().service_revision_arn();
    assert_eq!(restored, rollout.source_service_revisions()[0].arn());
}

async fn stop(sim: &Simulator, stop_type: Option<StopType>) -> Result<(), String> {
    let arn = rollout(sim).await.service_deployment_arn().unwrap().to_owned();
    let call = ecs(sim).stop_service_deployment().service_deployment_arn(&arn);
    let answer = call.set_stop_type(stop_type).send().await;
    let error = |error: aws_sdk_ecs::Error| match error {
        aws_sdk_ecs::Error::ConflictException(_) => "conflict".to_owned(),
        aws_sdk_ecs::Error::InvalidParameterException(_) => "invalid".to_owned(),
        other => panic!("{other:?}"),
    };
    let answer = answer.map_err(|failed| error(failed.into()))?;
    assert_eq!(answer.service_deployment_arn(), Some(arn.as_str()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn new_tasks_that_fail_bring_the_old_deployment_back_under_its_own_id() {
    for behaviour in
        [Behaviour::CannotStart { reason: "no image".to_owned() }, Behaviour::NeverHealthy]
    {
        // A deployment that shifts traffic goes back whatever the breaker says of rollbacks.
        let sim =
            with_service(|s| blue_green(s).circuit_breaker(true, false).next_revision(behaviour));
        let blue = old(&sim);
        let green = force(&sim).await;
        let tasks = sim.service("prd", "api").active_tasks().count();
        assert_eq!(tasks, 3);
        while status_and_stage(&sim).await.0 != "ROLLBACK_IN_PROGRESS" {
            pass(1).await;
        }
        let [primary, failed] = deployments(&sim).try_into().unwrap();
        assert_eq!(primary, (blue.clone(), "PRIMARY".to_owned(), "IN_PROGRESS".to_owned()));
        assert_eq!(failed, (green, "ACTIVE".to_owned(), "FAILED".to_owned()));
        let rollout = rollout(&sim).await;
        let breaker = rollout.deployment_circuit_breaker().unwrap();
        assert_eq!(breaker.status().unwrap().as_str(), "TRIGGERED");
        assert_eq!((breaker.failure_count(), breaker.threshold()), (3, 3));
        pass(600).await;
        is_back(&sim, &blue).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_breaker_scaling_up_fails_after_a_day() {
    let sim = with_service(|s| blue_green(s).next_revision(Behaviour::StaysPending));
    let blue = old(&sim);
    force(&sim).await;
    pass(86_400).await;
    assert_eq!(status_and_stage(&sim).await, ("IN_PROGRESS".to_owned(), "SCALE_UP".to_owned()));
    pass(600).await;
    is_back(&sim, &blue).await;
}

#[tokio::test(start_paused = true)]
async fn a_stopped_deployment_rolls_back_from_any_stage() {
    for seconds in [0, 30, 75, 135, 200, 447] {
        let sim = with_service(blue_green);
        let blue = old(&sim);
        force(&sim).await;
        pass(seconds).await;
        stop(&sim, Some(StopType::Rollback)).await.unwrap();
        assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_REQUESTED");
        pass(1).await;
        assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_IN_PROGRESS");
        let weight =
            rollout(&sim).await.source_service_revisions()[0].requested_production_traffic_weight();
        assert_eq!(weight, Some(100.0));
        stop(&sim, None).await.unwrap();
        pass(600).await;
        is_back(&sim, &blue).await;
        assert_eq!(stop(&sim, None).await, Err("conflict".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_is_stopped_by_a_third_one() {
    let sim = with_service(|s| s.desired(3));
    let first = old(&sim);
    let second = force(&sim).await;
    pass(5).await;
    assert_eq!(stop(&sim, Some(StopType::Abort)).await, Err("invalid".to_owned()));
    stop(&sim, None).await.unwrap();
    let third = deployments(&sim)[0].0.clone();
    assert!(third != first && third != second);
    pass(600).await;
    assert_eq!(deployments(&sim), [(third, "PRIMARY".to_owned(), "COMPLETED".to_owned())]);
    assert_eq!(rollout(&sim).await.status().unwrap().as_str(), "ROLLBACK_SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_cannot_be_stopped() {
    let sim = with_service(blue_green);
    let arn = "arn:aws:ecs:eu-central-1:123456789012:service-deployment/prd/api/unknown";
    let answer = ecs(&sim).stop_service_deployment().service_deployment_arn(arn).send().await;
    assert!(answer.unwrap_err().into_service_error().is_service_deployment_not_found_exception());
}

#[tokio::test(start_paused = true)]
async fn a_rollback_can_fail_and_leaves_both_colours() {
    let sim = with_service(|s| blue_green(s).rollback_fails(true));
    let blue = old(&sim);
    let green = force(&sim).await;
    pass(200).await;
    stop(&sim, None).await.unwrap();
    pass(86_400).await;
    assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_FAILED");
    assert_eq!((active_of(&sim, &blue), active_of(&sim, &green)), (3, 3));
    let states: Vec<String> = deployments(&sim).into_iter().map(|(.., state)| state).collect();
    assert_eq!(states, ["FAILED", "FAILED"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_whose_own_tasks_fail_fails_too() {
    let gone = || Behaviour::CannotStart { reason: "no image".to_owned() };
    let sim = with_service(|s| blue_green(s).circuit_breaker(true, true));
    sim.set_completed_behaviour("prd", "api", gone());
    force(&sim).await;
    // Three of the old tasks are gone already when it turns back.
    pass(447).await;
    stop(&sim, None).await.unwrap();
    pass(3600).await;
    assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_FAILED");
}

#[tokio::test(start_paused = true)]
async fn the_next_deployment_starts_over_from_what_was_restored() {
    let sim = with_service(blue_green);
    let blue = old(&sim);
    force(&sim).await;
    pass(30).await;
    stop(&sim, None).await.unwrap();
    pass(600).await;
    is_back(&sim, &blue).await;
    let next = force(&sim).await;
    pass(1000).await;
    assert_eq!(deployments(&sim), [(next, "PRIMARY".to_owned(), "COMPLETED".to_owned())]);
}
