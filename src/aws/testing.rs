//! A stand-in for an AWS endpoint: canned answers through the real SDK, and a record of what was
//! sent when.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::connect::{ConnectOptions, load_sdk_config};
use super::{AwsMetrics, ChangeError, Ecs, Started};
use crate::clock::{Clock, Time};
use crate::metrics::Metrics;
use crate::plan::fleet::Problem;
use crate::plan::key::{ClusterKey, ServiceKey};

pub(super) const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012";

const FORM: &str = "application/x-www-form-urlencoded";

/// One request that was sent.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The address that it was sent to.
    pub(super) uri: String,
    pub(super) operation: String,
    /// What it was signed with.
    pub(super) authorization: String,
    pub(super) body: Value,
    pub(super) at: Instant,
}

impl Call {
    /// A member of the request that is a text.
    pub(super) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_default()
    }

    /// A member of the request that is a list of texts.
    pub(super) fn texts(&self, member: &str) -> Vec<String> {
        let list = self.body[member].as_array().cloned().unwrap_or_default();
        list.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    }
}

/// What to answer.
pub(super) enum Reply {
    Json(u16, Value),
    Page(u16, &'static str),
    Xml(u16, String),
    Broken(fn() -> ConnectorError),
    Silence,
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self::Json(200, body)
    }

    /// An error as ECS writes it.
    pub(super) fn error(code: &str, message: &str) -> Self {
        Self::Json(400, json!({ "__type": code, "message": message }))
    }
}

type Answers = Box<dyn FnMut(&Call) -> Reply + Send>;

/// The endpoint; cheap to clone.
#[derive(Clone)]
pub(super) struct FakeAws {
    answers: Arc<Mutex<Answers>>,
    calls: Arc<Mutex<Vec<Call>>>,
    latency: Duration,
}

impl fmt::Debug for FakeAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FakeAws")
    }
}

impl FakeAws {
    pub(super) fn new(answers: impl FnMut(&Call) -> Reply + Send + 'static) -> Self {
        Self {
            answers: Arc::new(Mutex::new(Box::new(answers))),
            calls: Arc::default(),
            latency: Duration::from_millis(50),
        }
    }

    /// Answers differently from now on.
    pub(super) fn answer(&self, answers: impl FnMut(&Call) -> Reply + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answers);
    }

    /// What was sent since the last time this was asked.
    pub(super) fn take_calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// How often each of the operations was sent since the last time.
    pub(super) fn take_counts<const N: usize>(&self, operations: [&str; N]) -> [usize; N] {
        let calls = self.take_calls();
        let counts =
            operations.map(|name| calls.iter().filter(|call| call.operation == name).count());
        assert_eq!(counts.iter().sum::<usize>(), calls.len(), "other operations were sent");
        counts
    }

    /// The same, taking so long for every answer.
    pub(super) fn slow(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    /// The real SDK's configuration, for this endpoint.
    pub(super) async fn configure(&self) -> (SdkConfig, Clock, AwsMetrics, Metrics) {
        let metrics = Metrics::new();
        let options = ConnectOptions {
            region: Some("eu-west-1".to_owned()),
            http_client: Some(SharedHttpClient::new(self.clone())),
            credentials: Some(SharedCredentialsProvider::new(Credentials::new(
                "AKIDEXAMPLE",
                "secret",
                None,
                None,
                "test",
            ))),
            ..ConnectOptions::default()
        };
        let clock = Clock::tokio_from(epoch());
        let families = AwsMetrics::register(&metrics);
        (load_sdk_config(options, &clock).await.unwrap(), clock, families, metrics)
    }

    /// The real SDK, speaking to this endpoint at `share`, with its metrics.
    pub(super) async fn connect_at(&self, share: f64) -> (Ecs, Metrics) {
        let (sdk, clock, families, metrics) = self.configure().await;
        (Ecs::new(&sdk, clock, share, families), metrics)
    }

    pub(super) async fn connect(&self) -> Ecs {
        self.connect_at(1.0).await.0
    }
}

impl HttpClient for FakeAws {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for FakeAws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let uri = request.uri().to_owned();
            let is_cbor = request.headers().get("smithy-protocol") == Some("rpc-v2-cbor");
            let is_form = request.headers().get("content-type") == Some(FORM);
            let target = request.headers().get("x-amz-target").unwrap_or(&uri);
            let operation = target.rsplit(['.', '/']).next().unwrap_or_default().to_owned();
            let authorization = request.headers().get("authorization").unwrap_or_default();
            let authorization = authorization.to_owned();
            // Read as a connection would: the SDK takes a body that nobody reads for a stalled one.
            let body = ByteStream::new(request.into_body()).collect().await.unwrap().into_bytes();
            let body = match is_cbor {
                true => plain(ciborium::from_reader(&body[..]).unwrap()),
                false if is_form => form(&body),
                false => serde_json::from_slice(&body).unwrap_or(Value::Null),
            };
            let operation = body["Action"].as_str().map_or(operation, str::to_owned);
            let call = Call { uri, operation, authorization, body, at: Instant::now() };
            this.calls.lock().unwrap().push(call.clone());
            let reply = (this.answers.lock().unwrap())(&call);
            tokio::time::sleep(this.latency).await;
            let (status, body) = match reply {
                Reply::Json(status, body) if is_cbor => (status, SdkBody::from(cbor(body))),
                Reply::Json(status, body) => (status, SdkBody::from(body.to_string())),
                Reply::Page(status, text) => (status, SdkBody::from(text)),
                Reply::Xml(status, text) => (status, SdkBody::from(text)),
                Reply::Broken(error) => return Err(error()),
                Reply::Silence => std::future::pending().await,
            };
            let mut response = HttpResponse::new(status.try_into().unwrap(), body);
            if is_cbor {
                response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
            }
            Ok(response)
        })
    }
}

/// What a form says: its values by their names, numbers of lists included.
fn form(body: &[u8]) -> Value {
    form_urlencoded::parse(body)
        .map(|(name, value)| (name.into_owned(), Value::from(&*value)))
        .collect()
}

/// What a value in CBOR says, in JSON: of a time, its seconds.
fn plain(value: ciborium::Value) -> Value {
    match value {
        ciborium::Value::Map(members) => members
            .into_iter()
            .map(|(name, value)| (name.into_text().unwrap(), plain(value)))
            .collect(),
        ciborium::Value::Array(list) => list.into_iter().map(plain).collect(),
        ciborium::Value::Tag(_, value) => plain(*value),
        other => other.deserialized().unwrap(),
    }
}

/// The same value in CBOR, in which the members that are times have a tag.
fn cbor(value: Value) -> Vec<u8> {
    fn tagged(value: Value, is_time: bool) -> ciborium::Value {
        match value {
            Value::Object(members) => ciborium::Value::Map(
                members
                    .into_iter()
                    .map(|(name, value)| {
                        let is_time = name.ends_with("Time");
                        (name.into(), tagged(value, is_time))
                    })
                    .collect(),
            ),
            Value::Array(list) => {
                list.into_iter().map(|one| tagged(one, false)).collect::<Vec<_>>().into()
            }
            Value::Number(number) if is_time => {
                ciborium::Value::Tag(1, Box::new(number.as_f64().unwrap().into()))
            }
            other => ciborium::Value::serialized(&other).unwrap(),
        }
    }
    let mut bytes = Vec::new();
    ciborium::into_writer(&tagged(value, false), &mut bytes).unwrap();
    bytes
}

pub(super) fn epoch() -> Time {
    Time::from_timestamp(1_800_000_000, 0).unwrap()
}

pub(super) fn cluster() -> ClusterKey {
    ClusterKey::new("eu-west-1", "123456789012", "prd")
}

pub(super) fn service(name: &str) -> ServiceKey {
    ServiceKey::new(&cluster(), name)
}

/// A healthy service on Fargate, as DescribeServices writes it.
pub(super) fn service_json(name: &str) -> Value {
    json!({
        "serviceArn": format!("{ARN}:service/prd/{name}"),
        "serviceName": name,
        "clusterArn": format!("{ARN}:cluster/prd"),
        "status": "ACTIVE",
        "launchType": "FARGATE",
        "desiredCount": 2, "runningCount": 2, "pendingCount": 0,
        "deploymentController": { "type": "ECS" },
        "deployments": [{
            "id": "ecs-svc/100", "status": "PRIMARY", "rolloutState": "COMPLETED",
            "taskDefinition": format!("{ARN}:task-definition/{name}:1"),
            "desiredCount": 2, "runningCount": 2, "pendingCount": 0, "failedTasks": 0,
            "createdAt": 1_799_000_000.5, "updatedAt": 1_799_000_100.0,
        }],
        "tags": [{ "key": "refresh", "value": "weekly" }],
    })
}

/// A running task of a service, as DescribeTasks writes it.
pub(super) fn task_json(id: u128, service: &str) -> Value {
    json!({
        "taskArn": format!("{ARN}:task/prd/{id:032x}"),
        "lastStatus": "RUNNING", "desiredStatus": "RUNNING", "launchType": "FARGATE",
        "group": format!("service:{service}"), "startedBy": "ecs-svc/100",
        "createdAt": 1_799_000_050.25,
    })
}

impl Ecs {
    /// One UpdateService that may be sent at any time.
    pub(super) async fn update_now(&self, name: &str) -> Result<Started, Problem> {
        match self.force_new_deployment(&service(name), Duration::from_secs(30), || true).await {
            Ok(started) => Ok(started),
            Err(ChangeError::Answer(problem)) => Err(problem),
            Err(ChangeError::NotSent) => panic!("it may always be sent"),
        }
    }
}
