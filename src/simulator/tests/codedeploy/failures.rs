//! Deployments that fail or are stopped, and what follows from it.

use std::time::Duration;

use aws_sdk_codedeploy::types::{AutoRollbackConfiguration, AutoRollbackEvent};

use super::*;
use crate::simulator::{Behaviour, LifecycleHook};

const FAILURE: &str = "DEPLOYMENT_FAILURE";

fn broken() -> Behaviour {
    Behaviour::CannotStart { reason: "CannotPullContainerError: not found".to_owned() }
}

/// The deployment that rolls another one back, as both of them tell.
async fn rollback_of(sim: &Simulator, id: &str) -> DeploymentInfo {
    let by = info(sim, id).await.rollback_info().unwrap().clone();
    let back = info(sim, by.rollback_deployment_id().unwrap()).await;
    assert_eq!(back.creator().unwrap().as_str(), "codeDeployRollback");
    let of = back.rollback_info().unwrap().rollback_triggering_deployment_id();
    assert_eq!(of, Some(id));
    back
}

#[tokio::test(start_paused = true)]
async fn tasks_that_cannot_start_fail_a_deployment_after_an_hour() {
    let sim = deployed(|group| group);
    sim.set_behaviour("prd", "api", broken());
    let blue = makers(&sim).await[0].clone();
    let id = redeploy(&sim).await;
    pass(59 * MINUTE).await;
    assert_eq!(status(&sim, &id).await, "InProgress");
    pass(2 * MINUTE).await;
    assert_eq!(
        (status(&sim, &id).await.as_str(), problem(&sim, &id).await.as_str()),
        ("Failed", "TIMEOUT")
    );
    assert_eq!(makers(&sim).await, [blue.clone(), (id.clone(), "ACTIVE".to_owned())]);
    assert_eq!(active(&sim, "RUNNING"), 2);
    assert_eq!(info(&sim, &id).await.rollback_info().unwrap().rollback_deployment_id(), None);
    let failed = events(&sim, &id).await;
    assert_eq!(pairs(&failed), [("BeforeInstall", "Succeeded"), ("Install", "Failed")]);
    sim.set_behaviour("prd", "api", Behaviour::Healthy);
    let next = redeploy(&sim).await;
    pass(2 * MINUTE).await;
    let expected = [(next, "PRIMARY".to_owned()), (blue.0, "ACTIVE".to_owned())];
    assert_eq!(makers(&sim).await, expected, "what was left over is gone");
}

#[tokio::test(start_paused = true)]
async fn a_failed_deployment_is_rolled_back_by_another_one() {
    let sim = deployed(|group| group.auto_rollback(&[FAILURE]));
    let blue = makers(&sim).await;
    let first = info(&sim, &blue[0].0).await;
    sim.set_behaviour("prd", "api", broken());
    let id = redeploy(&sim).await;
    pass(HOUR.as_secs() + 5).await;
    let back = rollback_of(&sim, &id).await;
    assert_eq!(back.status().unwrap().as_str(), "InProgress");
    assert_eq!(back.revision(), first.revision());
    pass(MINUTE).await;
    assert_eq!(rollback_of(&sim, &id).await.status().unwrap().as_str(), "Succeeded");
    assert_eq!(status(&sim, &id).await, "Failed");
    assert_eq!(makers(&sim).await, blue);
    assert_eq!(sim.started_code_deploys("prd", "api"), 1, "the rollback is CodeDeploy's own");
    let group = client(&sim).get_deployment_group().application_name("shop");
    let group = group.deployment_group_name("api").send().await.unwrap();
    let group = group.deployment_group_info().unwrap().clone();
    let last = group.last_successful_deployment().unwrap().deployment_id();
    assert_eq!(last, back.deployment_id());
    assert_eq!(group.target_revision(), first.revision());
}

#[tokio::test(start_paused = true)]
async fn a_request_may_say_that_it_is_rolled_back() {
    let sim = deployed(|group| group);
    sim.set_behaviour("prd", "api", broken());
    let maker = makers(&sim).await[0].0.clone();
    let rollback = AutoRollbackConfiguration::builder()
        .enabled(true)
        .events(AutoRollbackEvent::DeploymentFailure);
    let request = client(&sim).create_deployment().application_name("shop");
    let request = request.deployment_group_name("api").description("why not");
    let request = request.revision(of_text(&text_of(&sim, &maker).await));
    let made = request.auto_rollback_configuration(rollback.build()).send().await.unwrap();
    let id = made.deployment_id().unwrap();
    assert_eq!(info(&sim, id).await.description(), Some("why not"));
    pass(62 * MINUTE).await;
    rollback_of(&sim, id).await;
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_fails_or_never_answers_fails_the_deployment() {
    type Adjust = fn(LifecycleHook) -> LifecycleHook;
    let cases: [(&str, Adjust, u64, bool); 5] = [
        ("BeforeInstall", LifecycleHook::fails, 20, false),
        ("AfterInstall", LifecycleHook::fails, 90, true),
        ("AfterAllowTraffic", LifecycleHook::fails, 100, true),
        ("BeforeAllowTraffic", LifecycleHook::hangs, 3600 + 90, true),
        ("AfterInstall", |hook| hook.takes(Duration::from_secs(3601)), 3600 + 90, true),
    ];
    for (event, adjust, after, rolled_back) in cases {
        let sim = deployed(|group| {
            group.hook(adjust(LifecycleHook::at(event))).auto_rollback(&[FAILURE])
        });
        let before = makers(&sim).await;
        let id = redeploy(&sim).await;
        pass(after).await;
        assert_eq!(status(&sim, &id).await, "Failed", "{event}");
        assert_eq!(problem(&sim, &id).await, "HOOK_EXECUTION_FAILURE");
        let last = events(&sim, &id).await.pop().unwrap();
        assert_eq!((last.0.as_str(), last.1.as_str()), (event, "Failed"));
        pass(2 * MINUTE).await;
        assert_eq!(makers(&sim).await, before, "{event}");
        let back =
            info(&sim, &id).await.rollback_info().unwrap().rollback_deployment_id().is_some();
        assert_eq!(back, rolled_back, "{event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_with_a_rollback_gives_the_traffic_back() {
    let sim = deployed(|group| group.termination_wait(60));
    let blue = makers(&sim).await;
    let id = redeploy(&sim).await;
    pass(5 * MINUTE).await;
    assert_eq!(makers(&sim).await[0].0, id);
    let stop = client(&sim).stop_deployment().deployment_id(&id).auto_rollback_enabled(true);
    assert_eq!(stop.send().await.unwrap().status().unwrap().as_str(), "Succeeded");
    assert_eq!(
        (status(&sim, &id).await.as_str(), problem(&sim, &id).await.as_str()),
        ("Stopped", "MANUAL_STOP")
    );
    pass(2).await;
    assert_eq!(makers(&sim).await[0], blue[0]);
    assert_eq!(makers(&sim).await[1], (id.clone(), "DRAINING".to_owned()));
    pass(MINUTE).await;
    assert_eq!(makers(&sim).await, blue);
    assert_eq!(rollback_of(&sim, &id).await.status().unwrap().as_str(), "Succeeded");
    let again = client(&sim).stop_deployment().deployment_id(&id).send().await.unwrap_err();
    assert!(again.into_service_error().is_deployment_already_completed_exception());
}

#[tokio::test(start_paused = true)]
async fn a_stop_without_a_rollback_leaves_everything_as_it_is() {
    // Whether nothing is asked for and nothing configured, or it is asked not to.
    for (events, asked) in [(&[][..], None), (&["DEPLOYMENT_STOP_ON_REQUEST"][..], Some(false))] {
        let sim = deployed(|group| group.auto_rollback(events));
        let blue = makers(&sim).await[0].clone();
        let id = redeploy(&sim).await;
        pass(30).await;
        let stop = client(&sim).stop_deployment().deployment_id(&id);
        stop.set_auto_rollback_enabled(asked).send().await.unwrap();
        pass(HOUR.as_secs()).await;
        assert_eq!(makers(&sim).await, [blue, (id.clone(), "ACTIVE".to_owned())]);
        assert_eq!(status(&sim, &id).await, "Stopped");
        assert_eq!(sim.code_deployments("prd", "api").len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_stops_a_deployment() {
    for (events, rolled_back) in [(&[][..], false), (&["DEPLOYMENT_STOP_ON_ALARM"][..], true)] {
        let sim = deployed(|group| group.alarms(&["errors"]).auto_rollback(events));
        let id = redeploy(&sim).await;
        pass(3 * MINUTE).await;
        sim.raise_alarm("prd", "api", "other");
        assert_eq!(status(&sim, &id).await, "InProgress");
        sim.raise_alarm("prd", "api", "errors");
        assert_eq!(status(&sim, &id).await, "Stopped");
        assert_eq!(problem(&sim, &id).await, "ALARM_ACTIVE");
        pass(MINUTE).await;
        assert_eq!(makers(&sim).await[0].0 == id, !rolled_back);
        let next = client(&sim).create_deployment().application_name("shop");
        let text = text_of(&sim, &id).await;
        let next = next.deployment_group_name("api").revision(of_text(&text)).send().await.unwrap();
        pass(2).await;
        assert_eq!(status(&sim, next.deployment_id().unwrap()).await, "Stopped", "it rings still");
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_app_spec_names_must_be_there() {
    let sim = deployed(|group| group);
    let maker = makers(&sim).await[0].0.clone();
    let text = text_of(&sim, &maker).await;
    for (from, to) in [("api:1", "api:7"), ("Name\":\"api", "Name\":\"web")] {
        assert!(text.contains(from), "{text}");
        let id = create(&sim, &text.replace(from, to)).await;
        pass(5).await;
        assert_eq!(
            (status(&sim, &id).await.as_str(), problem(&sim, &id).await.as_str()),
            ("Failed", "ECS_UPDATE_ERROR")
        );
        assert_eq!(task_sets(&sim).await.len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_goes_away_fails_its_deployment() {
    type Act = fn(&Simulator);
    let cases: [Act; 2] = [
        |sim| sim.delete_service("prd", "api"),
        |sim| sim.set_controller("prd", "api", Some("ECS")),
    ];
    for act in cases {
        let sim = deployed(|group| group.auto_rollback(&[FAILURE]));
        let id = redeploy(&sim).await;
        pass(30).await;
        act(&sim);
        assert_eq!(
            (status(&sim, &id).await.as_str(), problem(&sim, &id).await.as_str()),
            ("Failed", "INVALID_ECS_SERVICE")
        );
        pass(HOUR.as_secs()).await;
        let refused = client(&sim).create_deployment().application_name("shop");
        let refused =
            refused.deployment_group_name("api").revision(of_text(&text_of(&sim, &id).await));
        let error = refused.send().await.unwrap_err().into_service_error();
        assert!(error.is_invalid_ecs_service_exception(), "{error}");
    }
}
