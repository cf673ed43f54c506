//! The real SDK through the in-process connector.

use std::time::Duration;

use aws_sdk_ecs::Client;
use aws_sdk_ecs::client::Waiters;
use aws_sdk_ecs::config::retry::RetryConfig;
use aws_sdk_ecs::config::timeout::TimeoutConfig;
use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_ecs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ecs::types::{DeploymentRolloutState, ServiceField};

use super::support::*;
use crate::simulator::{Behaviour, Fault, FaultRule, Simulator};

fn client(sim: &Simulator) -> Client {
    let config = aws_sdk_ecs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("AKIDEXAMPLE", "secret", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder().operation_attempt_timeout(Duration::from_secs(5)).build(),
        )
        .time_source(time_source())
        .http_client(sim.http_client())
        .build();
    Client::from_conf(config)
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_services_and_tasks() {
    let sim = with_service(|s| s.desired(3).tag("team", "red").circuit_breaker(true, true));
    let ecs = client(&sim);
    let described = ecs.describe_services().cluster("prd").services("api");
    let answer = described.include(ServiceField::Tags).send().await.unwrap();
    let service = &answer.services()[0];
    assert_eq!((service.running_count(), service.tags().len()), (3, 1));
    let primary = &service.deployments()[0];
    assert_eq!(primary.rollout_state(), Some(&DeploymentRolloutState::Completed));
    let arns = ecs.list_tasks().cluster("prd").service_name("api").send().await.unwrap().task_arns;
    let tasks = ecs.describe_tasks().cluster("prd").set_tasks(arns).send().await.unwrap();
    assert_eq!(tasks.tasks().len(), 3);
    assert!(tasks.tasks().iter().all(|task| task.started_by() == primary.id()));
    let created_at = tasks.tasks()[0].created_at().unwrap();
    assert_eq!(created_at.secs(), 1_800_000_000 - 86_400);
}

#[tokio::test(start_paused = true)]
async fn the_waiter_sees_the_service_become_stable() {
    let sim = with_service(|s| s.desired(3).deregistration_delay(Duration::from_secs(30)));
    let ecs = client(&sim);
    let forced = ecs.update_service().cluster("prd").service("api").force_new_deployment(true);
    let answer = forced.send().await.unwrap();
    assert_eq!(answer.service().unwrap().deployments().len(), 2);
    let wait = ecs.wait_until_services_stable().cluster("prd").services("api");
    wait.wait(Duration::from_secs(1200)).await.unwrap();
    assert_eq!(sim.service("prd", "api").primary().unwrap().rollout_state, "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn the_sdk_times_out_on_a_lost_reply_that_was_executed() {
    let sim = with_service(|s| s);
    sim.inject(FaultRule::new("UpdateService", Fault::LoseReply));
    let forced = client(&sim).update_service().cluster("prd").service("api");
    let error = forced.force_new_deployment(true).send().await.unwrap_err();
    assert!(matches!(error, SdkError::TimeoutError(_)), "{error:?}");
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_knows_the_errors_by_their_codes() {
    let sim = with_service(|s| s);
    let ecs = client(&sim);
    let error = ecs.list_services().cluster("gone").send().await.unwrap_err();
    assert!(error.into_service_error().is_cluster_not_found_exception());
    sim.inject(FaultRule::new("ListServices", Fault::Throttle));
    let error = ecs.list_services().cluster("prd").send().await.unwrap_err();
    assert_eq!(error.into_service_error().code(), Some("ThrottlingException"));
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_a_rollback() {
    let failing = Behaviour::CannotStart { reason: "no image".to_owned() };
    let sim = with_service(|s| s.desired(3).circuit_breaker(true, true).next_revision(failing));
    let ecs = client(&sim);
    force(&sim).await;
    pass(600).await;
    let listed = ecs.list_service_deployments().cluster("prd").service("api").send().await.unwrap();
    let arn = listed.service_deployments()[0].service_deployment_arn().unwrap();
    let full =
        ecs.describe_service_deployments().service_deployment_arns(arn).send().await.unwrap();
    let record = &full.service_deployments()[0];
    assert_eq!(record.status().unwrap().as_str(), "ROLLBACK_SUCCESSFUL");
    assert!(record.rollback().unwrap().service_revision_arn().is_some());
}
