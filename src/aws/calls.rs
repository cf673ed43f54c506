//! What the clients of all AWS services have in common: how a call is made, measured and judged.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::attempt::Attempts;
use super::budget::Budget;
use super::error;
use super::metrics::AwsMetrics;
use super::operation::Operation;
use crate::clock::{Clock, Time};
use crate::plan::fleet::Problem;

/// Makes calls; cheap to clone.
#[derive(Clone)]
pub(super) struct Calls {
    metrics: AwsMetrics,
    clock: Clock,
    /// What calls of ECS are charged to.
    budget: Option<Arc<Budget>>,
}

impl Calls {
    /// Calls that are charged to no budget.
    pub(super) fn new(metrics: AwsMetrics, clock: Clock) -> Self {
        Self { metrics, clock, budget: None }
    }

    /// The same, with every attempt after the first one charged to `budget`.
    pub(super) fn charged_to(self, budget: Arc<Budget>) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// The same, charged to no budget.
    pub(super) fn uncharged(self) -> Self {
        Self { budget: None, ..self }
    }

    /// The clock that requests are signed and readings are dated with.
    pub(super) fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Makes one call. `send` gets what must watch its attempts, as an interceptor.
    pub(super) async fn send<T, E, F>(
        &self,
        operation: Operation,
        send: impl FnOnce(Attempts<E>) -> F,
    ) -> Result<T, SdkError<E, HttpResponse>>
    where
        F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    {
        send(Attempts {
            operation,
            budget: self.budget.clone(),
            metrics: self.metrics.clone(),
            clock: self.clock.clone(),
            errors: PhantomData,
        })
        .await
    }

    /// What an error that was met just now means.
    pub(super) fn problem<E>(
        &self,
        operation: Operation,
        error: &SdkError<E, HttpResponse>,
    ) -> Problem
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        error::problem(operation, self.now(), error)
    }

    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }
}
