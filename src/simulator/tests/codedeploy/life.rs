//! The life of a deployment to which nothing happens.

use std::time::Duration;

use aws_sdk_codedeploy::types::DeploymentWaitType;

use super::*;
use crate::simulator::{LifecycleHook, TrafficRouting};

#[tokio::test(start_paused = true)]
async fn a_deployment_replaces_the_task_set_and_its_tasks() {
    let sim = deployed(|group| group);
    let [blue] = task_sets(&sim).await.try_into().unwrap();
    assert_eq!((blue.status(), blue.started_by()), (Some("PRIMARY"), Some("CODE_DEPLOY")));
    assert_eq!(blue.stability_status().unwrap().as_str(), "STEADY_STATE");
    assert_eq!(blue.stability_status_at(), blue.created_at());
    let id = redeploy(&sim).await;
    assert_eq!(status(&sim, &id).await, "Created");
    pass(3).await;
    assert_eq!(status(&sim, &id).await, "InProgress");
    let [first, green] = task_sets(&sim).await.try_into().unwrap();
    assert_eq!((first.id(), first.status()), (blue.id(), Some("PRIMARY")));
    assert_eq!((green.external_id(), green.status()), (Some(id.as_str()), Some("ACTIVE")));
    assert_eq!((green.running_count(), green.pending_count()), (0, 2));
    assert_eq!(green.computed_desired_count(), 2);
    assert_eq!(green.stability_status().unwrap().as_str(), "STABILIZING");
    pass(2 * MINUTE).await;
    let [first, second] = task_sets(&sim).await.try_into().unwrap();
    assert_eq!((first.id(), first.status()), (green.id(), Some("PRIMARY")));
    assert_eq!((second.id(), second.status()), (blue.id(), Some("ACTIVE")));
    assert_eq!((first.running_count(), second.running_count()), (2, 2));
    assert_ne!(first.load_balancers(), second.load_balancers());
    let waiting = info(&sim, &id).await;
    assert_eq!(waiting.status().unwrap().as_str(), "InProgress");
    assert!(waiting.instance_termination_wait_time_started());
    pass(4 * MINUTE + 5).await;
    assert_eq!(status(&sim, &id).await, "Succeeded");
    assert_eq!(makers(&sim).await[1].1, "DRAINING");
    pass(MINUTE).await;
    let [only] = task_sets(&sim).await.try_into().unwrap();
    assert_eq!(only.id(), green.id());
    assert_eq!(sim.started_code_deploys("prd", "api"), 1);
    let tasks = ecs(&sim).list_tasks().cluster("prd").started_by(green.id().unwrap()).send().await;
    assert_eq!(tasks.unwrap().task_arns().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn traffic_moves_in_the_steps_of_its_configuration() {
    use TrafficRouting::*;
    let cases: [(TrafficRouting, &[(f32, u64)]); 3] = [
        (Canary { percent: 10, minutes: 5 }, &[(0.0, 63), (10.0, 300), (100.0, 2)]),
        (Linear { percent: 40, minutes: 2 }, &[(0.0, 63), (40.0, 120), (80.0, 120), (100.0, 2)]),
        (AllAtOnce, &[(0.0, 63), (100.0, 2)]),
    ];
    for (routing, expected) in cases {
        let sim = deployed(|group| group.traffic(routing));
        let id = redeploy(&sim).await;
        let mut weights: Vec<(f32, u64)> = Vec::new();
        pass(1).await;
        while !info(&sim, &id).await.instance_termination_wait_time_started() {
            let target = target(&sim, &id).await;
            let green = target
                .task_sets_info()
                .iter()
                .find(|set| set.task_set_label().is_some_and(|label| label.as_str() == "Green"));
            let weight = green.map_or(0.0, |green| green.traffic_weight() as f32);
            let primary = green.is_some_and(|green| green.status() == Some("PRIMARY"));
            assert_eq!(primary, weight == 100.0, "the PRIMARY takes all traffic");
            match weights.last_mut().filter(|(last, _)| *last == weight) {
                Some((_, seconds)) => *seconds += 1,
                None => weights.push((weight, 1)),
            }
            pass(1).await;
        }
        assert_eq!(weights, expected, "{routing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_ready_waits_to_be_continued() {
    let sim = deployed(|group| group.ready_wait(30));
    let id = redeploy(&sim).await;
    let go_on = |kind: DeploymentWaitType| {
        client(&sim).continue_deployment().deployment_id(&id).deployment_wait_type(kind).send()
    };
    let error = go_on(DeploymentWaitType::ReadyWait).await.unwrap_err().into_service_error();
    assert!(error.is_deployment_is_not_in_ready_state_exception(), "{error}");
    pass(10 * MINUTE).await;
    assert_eq!(status(&sim, &id).await, "Ready");
    let overview = info(&sim, &id).await.deployment_overview().unwrap().clone();
    assert_eq!((overview.ready(), overview.in_progress()), (1, 0));
    assert_eq!(makers(&sim).await[1], (id.clone(), "ACTIVE".to_owned()));
    let error = go_on(DeploymentWaitType::TerminationWait).await.unwrap_err().into_service_error();
    assert!(error.is_deployment_is_not_in_ready_state_exception(), "{error}");
    go_on(DeploymentWaitType::ReadyWait).await.unwrap();
    pass(5).await;
    assert_eq!(makers(&sim).await[0], (id.clone(), "PRIMARY".to_owned()));
    assert_eq!(status(&sim, &id).await, "InProgress");
    go_on(DeploymentWaitType::TerminationWait).await.unwrap();
    pass(2).await;
    assert_eq!(status(&sim, &id).await, "Succeeded");
    let error = go_on(DeploymentWaitType::ReadyWait).await.unwrap_err().into_service_error();
    assert!(error.is_deployment_already_completed_exception(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn who_is_not_continued_in_time_is_stopped() {
    let sim = deployed(|group| group.ready_wait(30));
    let id = redeploy(&sim).await;
    pass(32 * MINUTE).await;
    assert_eq!(status(&sim, &id).await, "Stopped");
    assert_eq!(makers(&sim).await[1], (id, "ACTIVE".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn hooks_are_called_in_their_order_and_waited_for() {
    let sim = deployed(|group| {
        group
            .hook(LifecycleHook::at("BeforeInstall").takes(Duration::from_secs(100)))
            .hook(LifecycleHook::at("AfterAllowTestTraffic"))
            .hook(LifecycleHook::at("AfterAllowTraffic").takes(Duration::from_secs(300)))
    });
    let id = redeploy(&sim).await;
    pass(90).await;
    assert_eq!(pairs(&events(&sim, &id).await), [("BeforeInstall", "InProgress")]);
    assert_eq!(task_sets(&sim).await.len(), 1, "it is made after the hook");
    pass(250).await;
    let expected = [
        "BeforeInstall",
        "Install",
        "AfterInstall",
        "AllowTestTraffic",
        "AfterAllowTestTraffic",
        "BeforeAllowTraffic",
        "AllowTraffic",
        "AfterAllowTraffic",
    ];
    let events = events(&sim, &id).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, expected);
    assert_eq!(events[7].1, "InProgress");
    assert!(!info(&sim, &id).await.instance_termination_wait_time_started());
    pass(300).await;
    assert!(info(&sim, &id).await.instance_termination_wait_time_started());
    let target = target(&sim, &id).await;
    let after = target.lifecycle_events().iter().zip(target.lifecycle_events().iter().skip(1));
    for (event, next) in after {
        assert_eq!(event.end_time(), next.start_time());
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_spec_without_hooks_calls_none() {
    let sim = deployed(|group| group.hook(LifecycleHook::at("AfterInstall").fails()));
    let maker = task_sets(&sim).await[0].external_id().unwrap().to_owned();
    let mut text: serde_json::Value = serde_json::from_str(&text_of(&sim, &maker).await).unwrap();
    assert!(text.as_object_mut().unwrap().remove("Hooks").is_some());
    let id = create(&sim, &text.to_string()).await;
    pass(10 * MINUTE).await;
    assert_eq!(status(&sim, &id).await, "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn some_are_baking_while_they_keep_the_old_tasks() {
    let sim = deployed(|group| group.bakes().termination_wait(60));
    let id = redeploy(&sim).await;
    pass(30 * MINUTE).await;
    assert_eq!(status(&sim, &id).await, "Baking");
    pass(40 * MINUTE).await;
    assert_eq!(status(&sim, &id).await, "Succeeded");
}

#[tokio::test(start_paused = true)]
async fn how_often_anybody_looks_changes_nothing() {
    let mut seen = Vec::new();
    for step in [1, 7, 3600] {
        let sim = deployed(|group| {
            let group = group.traffic(TrafficRouting::Linear { percent: 30, minutes: 1 });
            group.hook(LifecycleHook::at("BeforeAllowTraffic")).termination_wait(3)
        });
        let id = redeploy(&sim).await;
        let start = info(&sim, &id).await.create_time().unwrap().secs();
        for _ in 0..3600_u64.div_ceil(step) {
            pass(step).await;
            sim.code_deployments("prd", "api");
        }
        let info = info(&sim, &id).await;
        let target = target(&sim, &id).await;
        let times = target.lifecycle_events().iter().map(|event| event.end_time().cloned());
        let lasted = info.complete_time().unwrap().secs() - start;
        let times: Vec<_> = times.map(|at| at.unwrap().secs() - start).collect();
        seen.push((id, lasted, times, sim.service("prd", "api").tasks[0].id.clone()));
    }
    assert_eq!((&seen[0], &seen[0]), (&seen[1], &seen[2]));
}
