//! Lifecycle hooks: what a deployment waits for.

use std::time::Duration;

use aws_sdk_ecs::types::DeploymentLifecycleHookAction as Action;
use aws_sdk_ecs::types::DeploymentLifecycleHookDetail as Detail;

use super::support::*;
use crate::simulator::{Hook, HookAction, Simulator};

const EVERY_STAGE: [&str; 7] = [
    "PRE_SCALE_UP",
    "POST_SCALE_UP",
    "TEST_TRAFFIC_SHIFT",
    "POST_TEST_TRAFFIC_SHIFT",
    "PRE_PRODUCTION_TRAFFIC_SHIFT",
    "PRODUCTION_TRAFFIC_SHIFT",
    "POST_PRODUCTION_TRAFFIC_SHIFT",
];

async fn with_hook(hook: Hook) -> Simulator {
    let sim = with_service(|s| s.strategy("BLUE_GREEN").hook(hook));
    force(&sim).await;
    sim
}

async fn details(sim: &Simulator) -> Vec<Detail> {
    rollout(sim).await.lifecycle_hook_details().to_vec()
}

async fn hook_statuses(sim: &Simulator) -> Vec<String> {
    let details = details(sim).await;
    details.iter().map(|detail| detail.status().unwrap().as_str().to_owned()).collect()
}

async fn answer(sim: &Simulator, hook: &str, action: Option<Action>) -> Result<(), bool> {
    let arn = rollout(sim).await.service_deployment_arn().unwrap().to_owned();
    let call = ecs(sim).continue_service_deployment().service_deployment_arn(arn).hook_id(hook);
    let answer = call.set_action(action).send().await;
    let invalid = |error: aws_sdk_ecs::error::SdkError<_, _>| {
        let error: aws_sdk_ecs::operation::continue_service_deployment::ContinueServiceDeploymentError =
            error.into_service_error();
        error.is_invalid_parameter_exception()
    };
    answer.map(drop).map_err(invalid)
}

#[tokio::test(start_paused = true)]
async fn a_stage_waits_for_its_function() {
    for stage in EVERY_STAGE {
        let sim = with_hook(Hook::lambda(stage).takes(HOUR)).await;
        pass(1800).await;
        let waiting = ("IN_PROGRESS".to_owned(), stage.to_owned());
        assert_eq!(status_and_stage(&sim).await, waiting);
        assert_eq!(hook_statuses(&sim).await, ["IN_PROGRESS"]);
        pass(3600).await;
        assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
        assert_eq!(hook_statuses(&sim).await, ["SUCCEEDED"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_rolls_the_deployment_back() {
    for stage in EVERY_STAGE {
        let sim = with_hook(Hook::lambda(stage).fails()).await;
        pass(1800).await;
        assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_SUCCESSFUL", "{stage}");
        assert_eq!(hook_statuses(&sim).await, ["FAILED"]);
        let events = sim.service("prd", "api").events;
        let said = "deployment failed: hook execution failure(s) detected.";
        assert!(events.iter().any(|event| event.ends_with(said)), "{events:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_function_that_hangs_takes_its_time_out() {
    for (hook, hours, status, hook_status) in [
        (Hook::lambda("POST_SCALE_UP").hangs(), 24, "ROLLBACK_SUCCESSFUL", "TIMED_OUT"),
        (
            Hook::lambda("POST_SCALE_UP").hangs().timeout(60, HookAction::Continue),
            1,
            "SUCCESSFUL",
            "TIMED_OUT",
        ),
    ] {
        let sim = with_hook(hook).await;
        pass(hours * 3600).await;
        assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
        pass(600).await;
        assert_eq!(status_and_stage(&sim).await.0, status);
        assert_eq!(hook_statuses(&sim).await, [hook_status]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_awaits_an_answer() {
    for (action, status) in [
        (None, "SUCCESSFUL"),
        (Some(Action::Continue), "SUCCESSFUL"),
        (Some(Action::Rollback), "ROLLBACK_SUCCESSFUL"),
    ] {
        let sim = with_hook(Hook::pause("POST_SCALE_UP")).await;
        pass(3600).await;
        let detail = details(&sim).await.remove(0);
        assert_eq!(detail.status().unwrap().as_str(), "AWAITING_ACTION");
        assert_eq!(detail.target_type().unwrap().as_str(), "PAUSE");
        assert_eq!(detail.timeout_action().unwrap().as_str(), "ROLLBACK");
        assert!(detail.target_arn().is_none() && detail.expires_at().is_some());
        assert_eq!(answer(&sim, "another", None).await, Err(true));
        answer(&sim, detail.hook_id().unwrap(), action).await.unwrap();
        pass(600).await;
        assert_eq!(status_and_stage(&sim).await.0, status);
        assert_eq!(answer(&sim, detail.hook_id().unwrap(), None).await, Err(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_nobody_answers_does_what_it_was_told() {
    for (hook, status) in [
        (Hook::pause("POST_SCALE_UP"), "ROLLBACK_SUCCESSFUL"),
        (Hook::pause("POST_SCALE_UP").timeout(20_160, HookAction::Continue), "SUCCESSFUL"),
    ] {
        let minutes = hook.timeout_minutes.unwrap_or(1440);
        let sim = with_hook(hook).await;
        pass(u64::from(minutes) * 60).await;
        assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
        pass(600).await;
        assert_eq!(status_and_stage(&sim).await.0, status);
    }
}

#[tokio::test(start_paused = true)]
async fn an_owner_answers_all_pauses() {
    let hook = Hook::pause("PRE_SCALE_UP").also_at("POST_SCALE_UP");
    let sim = with_hook(hook).await;
    assert_eq!(sim.continue_deployment("prd", "api", HookAction::Continue), 1);
    assert_eq!(sim.continue_deployment("prd", "api", HookAction::Continue), 0);
    pass(600).await;
    assert_eq!(status_and_stage(&sim).await.1, "POST_SCALE_UP");
    assert_eq!(sim.continue_deployment("prd", "api", HookAction::Rollback), 1);
    pass(600).await;
    assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn the_pause_of_a_superseded_deployment_awaits_nothing() {
    let sim = with_hook(Hook::pause("PRE_SCALE_UP")).await;
    let ours = rollout(&sim).await;
    let (arn, hook) = (ours.service_deployment_arn().unwrap(), &ours.lifecycle_hook_details()[0]);
    force(&sim).await;
    let call = ecs(&sim).continue_service_deployment().service_deployment_arn(arn);
    let answer = call.hook_id(hook.hook_id().unwrap()).send().await;
    assert!(answer.unwrap_err().into_service_error().is_invalid_parameter_exception());
    pass(15).await;
    assert_eq!(sim.continue_deployment("prd", "api", HookAction::Continue), 1);
    pass(600).await;
    assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
}

#[tokio::test(start_paused = true)]
async fn no_deployment_lasts_longer_than_thirty_days() {
    let hook = Hook::pause("PRE_SCALE_UP")
        .also_at("POST_SCALE_UP")
        .also_at("POST_TEST_TRAFFIC_SHIFT")
        .timeout(20_160, HookAction::Continue);
    let sim = with_hook(hook).await;
    pass(30 * 86_400).await;
    assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn a_hook_before_the_shift_recurs_with_every_step() {
    let hook = Hook::lambda("PRE_PRODUCTION_TRAFFIC_SHIFT").takes(Duration::from_secs(30));
    let sim = with_service(|s| s.linear(50.0, 1).hook(hook));
    force(&sim).await;
    pass(1200).await;
    assert_eq!(hook_statuses(&sim).await, ["SUCCEEDED", "SUCCEEDED"]);
}

#[test]
fn a_pause_has_no_place_where_traffic_shifts() {
    for stage in ["TEST_TRAFFIC_SHIFT", "PRODUCTION_TRAFFIC_SHIFT", "SCALE_UP", "NOWHERE"] {
        assert!(std::panic::catch_unwind(|| Hook::pause(stage)).is_err(), "{stage}");
    }
}
