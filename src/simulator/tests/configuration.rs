//! What is configured of deployments is what is described.

use aws_sdk_ecs::types::DeploymentConfiguration;
use serde_json::{Value, json};

use super::support::*;
use crate::simulator::{Behaviour, Cleanup, Hook, HookAction, ServiceSpec, Simulator, Threshold};

async fn configuration(sim: &Simulator) -> DeploymentConfiguration {
    let described = ecs(sim).describe_services().cluster("prd").services("api").send().await;
    described.unwrap().services()[0].deployment_configuration().unwrap().clone()
}

async fn update(sim: &Simulator, configuration: Value) -> Answer {
    let input = json!({
        "cluster": "prd", "service": "api", "deploymentConfiguration": configuration,
    });
    call(sim, "UpdateService", input).await
}

#[tokio::test(start_paused = true)]
async fn every_member_is_described() {
    let sim = with_service(|s| {
        s.percents(50, 150)
            .breaker_threshold(Threshold::Count(7))
            .reset_on_healthy_task(false)
            .canary(12.5, 30)
            .linear(25.0, 3)
            .bake_minutes(15)
            .alarms(&["errors"], true)
            .early_success(80, Cleanup::Deferred)
            .hook(Hook::lambda("POST_SCALE_UP"))
            .hook(Hook::pause("PRE_SCALE_UP").timeout(90, HookAction::Continue))
    });
    let found = configuration(&sim).await;
    assert_eq!((found.minimum_healthy_percent(), found.maximum_percent()), (Some(50), Some(150)));
    let breaker = found.deployment_circuit_breaker().unwrap();
    assert_eq!((breaker.enable(), breaker.reset_on_healthy_task()), (true, Some(false)));
    let threshold = breaker.threshold_configuration().unwrap();
    assert_eq!((threshold.r#type().as_str(), threshold.value()), ("COUNT", 7));
    assert_eq!(found.strategy().unwrap().as_str(), "LINEAR");
    assert_eq!(found.bake_time_in_minutes(), Some(15));
    let canary = found.canary_configuration().unwrap();
    assert_eq!(canary.canary_percent(), Some(12.5));
    assert_eq!(canary.canary_bake_time_in_minutes(), Some(30));
    let linear = found.linear_configuration().unwrap();
    assert_eq!((linear.step_percent(), linear.step_bake_time_in_minutes()), (Some(25.0), Some(3)));
    assert_eq!(found.alarms().unwrap().alarm_names(), ["errors"]);
    let early = found.early_success_criteria().unwrap();
    assert_eq!((early.enable(), early.healthy_percent()), (true, Some(80)));
    assert_eq!(early.source_service_revision_cleanup().unwrap().as_str(), "DEFERRED");
    let [function, pause] = found.lifecycle_hooks() else { panic!("{found:?}") };
    assert_eq!(function.lifecycle_stages()[0].as_str(), "POST_SCALE_UP");
    assert!(function.hook_target_arn().is_some() && function.role_arn().is_some());
    let timeout = pause.timeout_configuration().unwrap();
    assert_eq!(timeout.timeout_in_minutes(), Some(90));
    assert_eq!(timeout.action().unwrap().as_str(), "CONTINUE");
    assert!(pause.hook_target_arn().is_none());
    let of_rollout = rollout(&sim).await.deployment_configuration().unwrap().clone();
    assert_eq!(of_rollout, found);
}

#[tokio::test(start_paused = true)]
async fn old_services_lack_what_was_never_set() {
    let sim = with_service(|s| s.circuit_breaker(true, true));
    let found = configuration(&sim).await;
    assert!(found.strategy().is_none() && found.bake_time_in_minutes().is_none());
    assert!(found.alarms().is_none() && found.early_success_criteria().is_none());
    let breaker = found.deployment_circuit_breaker().unwrap();
    assert!(
        breaker.reset_on_healthy_task().is_none() && breaker.threshold_configuration().is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn what_an_update_sets_comes_back() {
    let sim = with_service(|s| s);
    let wanted = json!({
        "maximumPercent": 150,
        "minimumHealthyPercent": 50,
        "strategy": "CANARY",
        "bakeTimeInMinutes": 2,
        "canaryConfiguration": { "canaryPercent": 10.0, "canaryBakeTimeInMinutes": 0 },
        "linearConfiguration": { "stepPercent": 20.0, "stepBakeTimeInMinutes": 1 },
        "alarms": { "alarmNames": ["a"], "enable": true, "rollback": false },
        "deploymentCircuitBreaker": {
            "enable": true, "rollback": true, "resetOnHealthyTask": true,
            "thresholdConfiguration": { "type": "UNBOUNDED_PERCENT", "value": 20 },
        },
        "lifecycleHooks": [
            {
                "targetType": "AWS_LAMBDA", "hookTargetArn": "arn:f", "roleArn": "arn:r",
                "lifecycleStages": ["PRE_SCALE_UP"],
            },
            { "targetType": "PAUSE", "lifecycleStages": ["POST_SCALE_UP"] },
        ],
    });
    let answer = update(&sim, wanted.clone()).await;
    assert_eq!(answer.body["service"]["deploymentConfiguration"], wanted, "{answer:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_range_is_refused_and_changes_nothing() {
    let hook = |kind: &str, stage: &str| json!({ "lifecycleHooks": [{ "targetType": kind, "lifecycleStages": [stage] }] });
    let early = |percent: u32, cleanup: &str| {
        json!({ "earlySuccessCriteria": {
            "enable": true, "healthyPercent": percent, "sourceServiceRevisionCleanup": cleanup,
        } })
    };
    for wrong in [
        json!({ "maximumPercent": 300, "bakeTimeInMinutes": 1441 }),
        json!({ "linearConfiguration": { "stepPercent": 2.9 } }),
        json!({ "linearConfiguration": { "stepBakeTimeInMinutes": 1441 } }),
        json!({ "canaryConfiguration": { "canaryPercent": 0.0 } }),
        early(99, "BLOCKING"),
        early(101, "BLOCKING"),
        early(100, "LATER"),
        hook("PAUSE", "PRODUCTION_TRAFFIC_SHIFT"),
        hook("PAUSE", "BAKE_TIME"),
        hook("AWS_LAMBDA", "PRE_SCALE_UP"),
    ] {
        let sim = with_service(|s| s);
        let before = describe(&sim).await;
        let answer = update(&sim, wrong.clone()).await;
        assert_eq!(answer.code(), "InvalidParameterException", "{wrong}");
        assert_eq!(describe(&sim).await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn the_breaker_trips_at_the_threshold_of_its_kind() {
    let cases = [
        (Threshold::BoundedPercent(50), 10, 5),
        (Threshold::BoundedPercent(10), 10, 3),
        (Threshold::BoundedPercent(100), 300, 200),
        (Threshold::UnboundedPercent(10), 10, 1),
        (Threshold::UnboundedPercent(100), 300, 300),
        (Threshold::Count(9), 10, 9),
        (Threshold::Count(0), 10, 1),
    ];
    for (threshold, desired, expected) in cases {
        let failing = Behaviour::CannotStart { reason: "no image".to_owned() };
        let sim = with_service(|s| {
            s.desired(desired).breaker_threshold(threshold).next_revision(failing)
        });
        force(&sim).await;
        assert_eq!(status_and_stage(&sim).await.0, "PENDING");
        pass(25).await;
        let rollout = rollout(&sim).await;
        let breaker = rollout.deployment_circuit_breaker().unwrap();
        assert_eq!(breaker.threshold(), expected);
        assert_eq!(breaker.status().unwrap().as_str(), "TRIGGERED", "{threshold:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_add_up_where_healthy_tasks_do_not_reset_them() {
    for (reset, failed_tasks) in [(None, 0), (Some(true), 0), (Some(false), 2)] {
        let adjust = |s: ServiceSpec| {
            let flaky = Behaviour::FailsFirst { tasks: 2, reason: "flaky".to_owned() };
            let s = s.desired(3).circuit_breaker(true, true).next_revision(flaky);
            reset.map_or(s.clone(), |reset| s.reset_on_healthy_task(reset))
        };
        let sim = with_service(adjust);
        force(&sim).await;
        pass(100).await;
        let ours = sim.service("prd", "api").primary().unwrap().clone();
        assert_eq!((ours.rollout_state.as_str(), ours.failed_tasks), ("IN_PROGRESS", failed_tasks));
        pass(600).await;
        assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
    }
}
