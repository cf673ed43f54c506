//! What becomes of a request, before a protocol writes it down.

use std::time::Duration;

use serde_json::Value;

use super::error::ApiError;
use super::sqs::Poll;

/// What becomes of a request.
#[derive(Debug)]
pub(crate) struct Reply {
    /// How long the answer takes beyond the usual latency.
    pub(crate) delay: Duration,
    pub(crate) answer: Answer,
}

/// What the caller gets.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(Value),
    Error(ApiError),
    Html,
    /// Nothing, ever.
    Silence,
    /// What it waits for, until then nothing.
    Wait(Poll),
}

impl From<Result<Value, ApiError>> for Answer {
    fn from(result: Result<Value, ApiError>) -> Self {
        match result {
            Ok(value) => Answer::Json(value),
            Err(error) => Answer::Error(error),
        }
    }
}
