//! Calls as they are on the wire, for setting a stage and for looking often without going through any
//! SDK.

use std::net::SocketAddr;

use serde_json::Value;

use super::http;

/// The credentials that everything runs with.
pub const CREDENTIALS: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret")];

/// The Region that everything runs in.
pub const REGION: &str = "us-east-1";

/// Calls an ECS operation and returns its answer.
///
/// # Panics
/// When the answer is an error.
#[track_caller]
pub fn ecs(address: SocketAddr, operation: &str, input: &Value) -> Value {
    json(address, "ecs", ("1.1", "AmazonEC2ContainerServiceV20141113"), operation, input)
}

/// Calls an SQS operation and returns its answer.
///
/// # Panics
/// When the answer is an error.
#[track_caller]
pub fn sqs(address: SocketAddr, operation: &str, input: &Value) -> Value {
    json(address, "sqs", ("1.0", "AmazonSQS"), operation, input)
}

/// Calls a DynamoDB operation and returns its answer.
///
/// # Panics
/// When the answer is an error.
#[track_caller]
pub fn dynamodb(address: SocketAddr, operation: &str, input: &Value) -> Value {
    json(address, "dynamodb", ("1.0", "DynamoDB_20120810"), operation, input)
}

/// Calls an ECR operation and returns its answer.
///
/// # Panics
/// When the answer is an error.
#[track_caller]
pub fn ecr(address: SocketAddr, operation: &str, input: &Value) -> Value {
    let prefix = "AmazonEC2ContainerRegistry_V20150921";
    json(address, "ecr", ("1.1", prefix), operation, input)
}

/// Calls an operation in the AWS JSON protocol of a version, by the prefix of its service.
#[track_caller]
fn json(
    address: SocketAddr,
    service: &str,
    (version, prefix): (&str, &str),
    operation: &str,
    input: &Value,
) -> Value {
    let headers = format!(
        "content-type: application/x-amz-json-{version}\r\nx-amz-target: {prefix}.{operation}\r\n{}",
        signed_for(service)
    );
    let answer = http::post(address, "/", &headers, &input.to_string());
    let answer = answer.unwrap_or_else(|error| panic!("{operation}: {error}"));
    assert_eq!(answer.status, 200, "{operation} {input}: {}", answer.body);
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{operation}: {error}"))
}

/// A header that says which service is meant. The signature is not right, and nobody checks it.
pub fn signed_for(service: &str) -> String {
    format!(
        "authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/{REGION}/\
         {service}/aws4_request, SignedHeaders=host, Signature=0\r\nx-amz-date: 20260101T000000Z\r\n"
    )
}
