//! A simulator on paused tokio time, and plain JSON calls to its router.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_ecs::types::ServiceDeployment;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::simulator::{Options, ServiceSpec, Simulator};

pub(super) const HOUR: Duration = Duration::from_secs(3600);

/// A clock that follows tokio's, from a fixed day on.
#[derive(Debug)]
struct TokioTime {
    started: tokio::time::Instant,
}

impl TimeSource for TokioTime {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_800_000_000) + self.started.elapsed()
    }
}

pub(super) fn time_source() -> SharedTimeSource {
    SharedTimeSource::new(TokioTime { started: tokio::time::Instant::now() })
}

/// What the router answered.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// The error code.
    pub(super) fn code(&self) -> &str {
        self.body["__type"].as_str().unwrap_or("")
    }

    pub(super) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or("")
    }
}

pub(super) fn simulator() -> Simulator {
    Simulator::new(time_source(), Options::default())
}

/// A simulator with the service `prd/api`.
pub(super) fn with_service(adjust: impl FnOnce(ServiceSpec) -> ServiceSpec) -> Simulator {
    let sim = simulator();
    sim.add_service(adjust(ServiceSpec::new("prd", "api")));
    sim
}

/// What every SDK needs to call the simulator. Nothing is tried twice.
pub(super) fn sdk_config(sim: &Simulator) -> SdkConfig {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::disabled())
        .time_source(time_source())
        .http_client(sim.http_client())
        .build()
}

/// Calls an ECS operation.
pub(super) async fn call(sim: &Simulator, operation: &str, input: Value) -> Answer {
    call_target(sim, &format!("AmazonEC2ContainerServiceV20141113.{operation}"), input).await
}

/// Calls an operation in AWS JSON.
pub(super) async fn call_target(sim: &Simulator, target: &str, input: Value) -> Answer {
    let request = Request::post("/")
        .header("x-amz-target", target)
        .body(Body::from(input.to_string()))
        .unwrap();
    let response = sim.router().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    Answer { status, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
}

/// Calls an ECS operation that must succeed.
pub(super) async fn ok(sim: &Simulator, operation: &str, input: Value) -> Value {
    let answer = call(sim, operation, input).await;
    assert_eq!(answer.status, 200, "{operation}: {}", answer.body);
    answer.body
}

/// DescribeServices of `prd/api`.
pub(super) async fn describe(sim: &Simulator) -> Value {
    let input = json!({ "cluster": "prd", "services": ["api"] });
    ok(sim, "DescribeServices", input).await["services"][0].clone()
}

/// Forces a new deployment of `prd/api` and returns its id.
pub(super) async fn force(sim: &Simulator) -> String {
    let input = json!({ "cluster": "prd", "service": "api", "forceNewDeployment": true });
    let service = ok(sim, "UpdateService", input).await["service"].clone();
    primary(&service)["id"].as_str().unwrap().to_owned()
}

/// The PRIMARY of a described service.
pub(super) fn primary(service: &Value) -> Value {
    let deployments = service["deployments"].as_array().unwrap();
    deployments.iter().find(|d| d["status"] == "PRIMARY").unwrap().clone()
}

pub(super) async fn pass(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// How many tasks of `prd/api` should run, by last status.
pub(super) fn active(sim: &Simulator, last_status: &str) -> usize {
    sim.service("prd", "api").active_tasks().filter(|t| t.last_status == last_status).count()
}

/// The ECS client of the real SDK.
pub(super) fn ecs(sim: &Simulator) -> aws_sdk_ecs::Client {
    aws_sdk_ecs::Client::new(&sdk_config(sim))
}

/// The newest service deployment of `prd/api`, as the real SDK reads it.
pub(super) async fn rollout(sim: &Simulator) -> ServiceDeployment {
    let ecs = ecs(sim);
    let listed = ecs.list_service_deployments().cluster("prd").service("api").send().await.unwrap();
    let newest = &listed.service_deployments()[0];
    let arn = newest.service_deployment_arn().unwrap();
    let described = ecs.describe_service_deployments().service_deployment_arns(arn).send().await;
    let full = described.unwrap().service_deployments()[0].clone();
    assert_eq!((full.status(), full.status_reason()), (newest.status(), newest.status_reason()));
    assert_eq!(
        (full.created_at(), full.finished_at()),
        (newest.created_at(), newest.finished_at())
    );
    full
}

/// The status and the stage of the newest service deployment of `prd/api`.
pub(super) async fn status_and_stage(sim: &Simulator) -> (String, String) {
    let rollout = rollout(sim).await;
    let stage = rollout.lifecycle_stage().map_or("", |stage| stage.as_str());
    (rollout.status().unwrap().as_str().to_owned(), stage.to_owned())
}

/// The ids, statuses and rollout states of `deployments[]` of `prd/api`, PRIMARY first.
pub(super) fn deployments(sim: &Simulator) -> Vec<(String, String, String)> {
    let view = sim.service("prd", "api");
    view.deployments.into_iter().map(|d| (d.id, d.status, d.rollout_state)).collect()
}

/// How many tasks of a deployment should run.
pub(super) fn active_of(sim: &Simulator, deployment: &str) -> usize {
    sim.service("prd", "api").active_tasks().filter(|t| t.deployment == deployment).count()
}

/// The instant that comes this long after the beginning.
pub(super) fn after(span: Duration) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_800_000_000) + span
}
