//! The protocols that AWS's services speak: AWS JSON 1.1, AWS JSON 1.0 as Amazon SQS has it, Smithy
//! RPC v2 CBOR, and AWS Query.
//!
//! It turns a head into a target, bodies into JSON values and back; what they mean is the
//! services' business.

use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use serde_json::{Value, json};

use super::error::ApiError;
use super::query::Dialect;
use super::{cbor, query, sqs};

/// How a service reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json11,
    /// AWS JSON 1.0, with errors that also carry the codes of the query protocol that it replaced.
    Json10,
    Cbor,
    /// AWS Query: forms in, XML out.
    Query(Dialect),
}

/// What a request is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) protocol: Protocol,
    /// `PREFIX.Operation`, as in `X-Amz-Target`; empty where only the body says it.
    pub(crate) name: String,
}

impl Target {
    /// Reads the target: RPC v2 has it in the path, AWS JSON in a header.
    pub(crate) fn of(head: &Parts) -> Target {
        let path: Vec<&str> = head.uri.path().split('/').collect();
        if let ["", "service", service, "operation", operation] = path.as_slice() {
            return Target { protocol: Protocol::Cbor, name: format!("{service}.{operation}") };
        }
        let content_type = head.headers.get(header::CONTENT_TYPE);
        if content_type.is_some_and(|kind| kind.as_bytes().starts_with(query::CONTENT_TYPE)) {
            return Target {
                protocol: Protocol::Query(Dialect::LoadBalancing),
                name: String::new(),
            };
        }
        let name = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok());
        let name = name.unwrap_or("").to_owned();
        let is_sqs = name.split('.').next() == Some(sqs::TARGET_PREFIX);
        let protocol = if is_sqs { Protocol::Json10 } else { Protocol::Json11 };
        Target { protocol, name }
    }

    /// The same, knowing the body too.
    pub(crate) fn with_body(self, request: &Value) -> Target {
        match self.protocol {
            Protocol::Query(_) => Target {
                protocol: Protocol::Query(Dialect::of(request)),
                name: query::target(request),
            },
            Protocol::Json10 | Protocol::Json11 | Protocol::Cbor => self,
        }
    }
}

impl Protocol {
    /// Reads a request. One without a body has no members.
    pub(crate) fn read(self, bytes: &[u8]) -> Result<Value, ApiError> {
        if bytes.is_empty() {
            return Ok(json!({}));
        }
        let (parsed, name) = match self {
            Protocol::Json10 | Protocol::Json11 => (serde_json::from_slice(bytes).ok(), "JSON"),
            Protocol::Cbor => (cbor::read(bytes), "CBOR"),
            Protocol::Query(_) => (Some(query::read(bytes)), "form"),
        };
        parsed.filter(Value::is_object).ok_or_else(|| {
            let message = format!("The request is not a {name} object.");
            ApiError::client("SerializationException", message)
        })
    }

    /// Writes an answer.
    pub(crate) fn write(self, value: &Value) -> Vec<u8> {
        match self {
            Protocol::Json10 | Protocol::Json11 => value.to_string().into_bytes(),
            Protocol::Cbor => cbor::write(value),
            Protocol::Query(dialect) => query::write(value, dialect),
        }
    }

    /// Writes an error.
    pub(crate) fn write_error(self, error: &ApiError) -> Vec<u8> {
        let kind = match self {
            Protocol::Json10 => sqs::error_type(error.code),
            Protocol::Json11 | Protocol::Cbor => error.code.to_owned(),
            Protocol::Query(dialect) => return query::write_error(error, dialect),
        };
        self.write(&json!({ "__type": kind, "message": error.message }))
    }

    /// The HTTP status of an error.
    pub(crate) fn status(self, error: &ApiError) -> u16 {
        match self {
            Protocol::Query(dialect) => query::status(error, dialect),
            Protocol::Json10 | Protocol::Json11 | Protocol::Cbor => error.status,
        }
    }

    /// The headers of an answer, or of an error.
    pub(crate) fn headers(self, error: Option<&ApiError>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let content_type = match self {
            Protocol::Json10 => "application/x-amz-json-1.0",
            Protocol::Json11 => "application/x-amz-json-1.1",
            Protocol::Cbor => "application/cbor",
            Protocol::Query(_) => "text/xml",
        };
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self == Protocol::Cbor {
            headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
        }
        if let Some(error) = error.filter(|_| self == Protocol::Json10) {
            let fault = if error.status < 500 { "Sender" } else { "Receiver" };
            let legacy = format!("{};{fault}", sqs::query_code(error.code));
            if let Ok(value) = HeaderValue::from_str(&legacy) {
                headers.insert("x-amzn-query-error", value);
            }
        }
        headers
    }
}
