//! The state behind the handle: the simulated services, faults, limits and the call log.

use std::time::Duration;

use serde_json::Value;

use super::Options;
use super::calls::{Call, CallLog, Outcome};
use super::ecs::{self, Ecs};
use super::error::ApiError;
use super::faults::{Fault, Faults};
use super::identity::Identity;
use super::moment::Moment;
use super::throttle::Throttle;

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
}

/// One simulated account in one Region.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) ecs: Ecs,
    pub(crate) faults: Faults,
    pub(crate) log: CallLog,
    throttle: Option<Throttle>,
    now: Moment,
}

impl World {
    pub(crate) fn new(options: &Options, now: Moment) -> Self {
        let identity =
            Identity { account: options.account.clone(), region: options.region.clone() };
        World {
            ecs: Ecs::new(identity, options.seed, options.page_shuffle, options.stale_reads),
            faults: Faults::default(),
            log: CallLog::default(),
            throttle: options.throttling.then(Throttle::default),
            now,
        }
    }

    /// Lets the world catch up with the clock, which never takes it back.
    pub(crate) fn advance(&mut self, now: Moment) -> Moment {
        self.now = self.now.max(now);
        self.ecs.advance(self.now);
        self.now
    }

    /// Answers a call whose target is `PREFIX.Operation`, and writes it into the log.
    pub(crate) fn call(&mut self, target: &str, request: Value, now: Moment) -> Reply {
        let now = self.advance(now);
        let (prefix, operation) = target.split_once('.').unwrap_or((target, ""));
        let resources = ecs::resources(&request);
        let fault = self.faults.hit(operation, &resources);
        let reply = self.answer(prefix, operation, &request, fault.as_ref(), now);
        let outcome = match (&fault, &reply.answer) {
            (Some(Fault::LoseReply), _) => Outcome::ReplyLost,
            (_, Answer::Silence) => Outcome::Dropped,
            (_, Answer::Json(_)) => Outcome::Ok,
            (_, Answer::Error(error)) => Outcome::Error(error.code.to_owned()),
            (_, Answer::Html) => Outcome::Error("500".to_owned()),
        };
        self.log.add(Call {
            at: now.to_system_time(),
            operation: operation.to_owned(),
            item_count: resources.len(),
            resources,
            outcome,
            request,
        });
        reply
    }

    fn answer(
        &mut self,
        prefix: &str,
        operation: &str,
        request: &Value,
        fault: Option<&Fault>,
        now: Moment,
    ) -> Reply {
        let mut delay = Duration::ZERO;
        let answer = match fault {
            Some(Fault::DropRequest) => Answer::Silence,
            Some(Fault::Throttle) => Answer::Error(throttled()),
            Some(Fault::AccessDenied) => Answer::Error(denied(operation)),
            Some(Fault::ExpiredToken) => Answer::Error(expired()),
            Some(Fault::ServerError) => Answer::Error(broken()),
            Some(Fault::HtmlErrorPage) => Answer::Html,
            Some(Fault::LoseReply) => {
                self.execute(prefix, operation, request, now);
                Answer::Silence
            }
            Some(Fault::Delay(span)) => {
                delay = *span;
                self.execute(prefix, operation, request, now)
            }
            None => self.execute(prefix, operation, request, now),
        };
        Reply { delay, answer }
    }

    fn execute(&mut self, prefix: &str, operation: &str, request: &Value, now: Moment) -> Answer {
        if self.throttle.as_mut().is_some_and(|throttle| !throttle.admit(operation, now)) {
            return Answer::Error(throttled());
        }
        let result = match prefix {
            ecs::TARGET_PREFIX => self.ecs.call(operation, request, now),
            _ => Err(ApiError::unknown_operation(&format!("{prefix}.{operation}"))),
        };
        match result {
            Ok(mut answer) => {
                drop_nulls(&mut answer);
                Answer::Json(answer)
            }
            Err(error) => Answer::Error(error),
        }
    }
}

/// AWS leaves absent members out; the shapes write them as nulls at the top level.
fn drop_nulls(answer: &mut Value) {
    if let Some(members) = answer.as_object_mut() {
        members.retain(|_, value| !value.is_null());
    }
}

fn throttled() -> ApiError {
    ApiError::client("ThrottlingException", "Rate exceeded")
}

fn denied(operation: &str) -> ApiError {
    let message = format!("User is not authorized to perform: ecs:{operation}");
    ApiError::client("AccessDeniedException", message)
}

fn expired() -> ApiError {
    let message = "The security token included in the request is expired";
    ApiError::client("ExpiredTokenException", message)
}

fn broken() -> ApiError {
    let message = "Service Unavailable. Please try again later.".to_owned();
    ApiError { status: 500, code: "ServerException", message }
}
