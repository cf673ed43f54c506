//! One pass over what is wanted: when it ends, who goes first, and how an API is asked in it.

use std::fmt;
use std::future::Future;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::time::Instant;

use crate::aws::attempt::Attempts;
use crate::aws::budget::Priority;
use crate::aws::calls::Calls;
use crate::aws::client::Ecs;
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::surroundings::Known;

/// No pass takes longer. It is enough for one call to be tried three times, and for the bucket of any
/// API at a quarter of AWS's rates.
const SURVEY_MAX: Duration = Duration::from_secs(30);

/// When a pass ends, and how urgent it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    ends: Instant,
    pub(super) priority: Priority,
}

impl Pass {
    /// A pass that begins now.
    pub(super) fn begin(priority: Priority) -> Self {
        Self { ends: Instant::now() + SURVEY_MAX, priority }
    }

    /// Makes one call, unless the time is up before it has an answer.
    pub(super) async fn hold<T>(
        self,
        operation: Operation,
        now: impl Fn() -> Time,
        call: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        if Instant::now() >= self.ends {
            return Err(out_of_time(operation, NEVER));
        }
        match self.in_time(call).await {
            Some(result) => result,
            None => Err(out_of_time(operation, now())),
        }
    }

    /// What comes of `call`, if it does before the pass ends. After that it is not even begun.
    async fn in_time<T>(self, call: impl Future<Output = T>) -> Option<T> {
        if Instant::now() >= self.ends {
            return None;
        }
        tokio::time::timeout_at(self.ends, call).await.ok()
    }
}

/// When something counts as read that was not even asked for: so long ago that it is asked for anew, and
/// that whoever waits for it goes on waiting.
const NEVER: Time = Time::MIN_UTC;

/// When an answer counts as read.
pub(super) fn read_at<T>(value: &Result<T, Problem>, now: Time) -> Time {
    value.as_ref().err().filter(|problem| problem.at == NEVER).map_or(now, |problem| problem.at)
}

fn out_of_time(operation: Operation, at: Time) -> Problem {
    Problem {
        operation: operation.name().to_owned(),
        class: ProblemClass::Timeout,
        message: format!("no answer within {} seconds", SURVEY_MAX.as_secs()),
        at,
    }
}

/// What came of a call, and when it was sent: never later than what the answer tells of.
#[derive(Debug)]
pub(super) struct Answer<T> {
    pub(super) at: Time,
    pub(super) result: Result<T, Fault>,
}

impl<T> Answer<T> {
    /// What is known by it.
    pub(super) fn known<U>(self, read: impl FnOnce(T) -> Result<U, Problem>) -> Known<U> {
        Known { read_at: self.at, value: self.result.map_err(|fault| fault.problem).and_then(read) }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) problem: Problem,
    /// The code of the API's own error, if it is one.
    code: Option<String>,
}

impl Fault {
    /// Whether it is the API's error of that code.
    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    pub(super) fn is_denied(&self) -> bool {
        self.problem.class == ProblemClass::Denied
    }
}

/// An answer that is no error of the API, and cannot be used.
impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self { problem, code: None }
    }
}

/// Asks the APIs beside that of ECS: within the pass, charged to the budget where they have a bucket,
/// and measured. Cheap to clone.
#[derive(Clone)]
pub(super) struct Asker {
    calls: Calls,
    /// Whose budget also pays for these calls.
    ecs: Ecs,
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").finish_non_exhaustive()
    }
}

impl Asker {
    pub(super) fn new(ecs: &Ecs) -> Self {
        Self { calls: ecs.charged_calls(), ecs: ecs.clone() }
    }

    pub(super) fn now(&self) -> Time {
        self.calls.now()
    }

    /// Makes one call in the pass.
    pub(super) async fn ask<T, E, F>(
        &self,
        operation: Operation,
        pass: Pass,
        send: impl FnOnce(Attempts<E>) -> F,
    ) -> Answer<T>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        let out_of_time = |at| Answer { at, result: Err(out_of_time(operation, at).into()) };
        if pass.in_time(self.ecs.acquire(operation, pass.priority)).await.is_none() {
            return out_of_time(NEVER);
        }
        let at = self.now();
        let Some(result) = pass.in_time(self.calls.send(operation, send)).await else {
            return out_of_time(at);
        };
        let result = result.map_err(|error| Fault {
            code: error.as_service_error().and_then(|own| own.code()).map(str::to_owned),
            problem: self.calls.problem(operation, &error),
        });
        Answer { at, result }
    }
}
