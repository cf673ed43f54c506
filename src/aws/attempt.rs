//! What happens around every attempt of a call, the SDK's own retries included: it is measured,
//! charged to the budget, and throttling slows the budget down.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::budget::{Budget, Category};
use super::error;
use super::metrics::AwsMetrics;
use super::operation::Operation;
use crate::clock::{Clock, Time, elapsed};
use crate::plan::fleet::ProblemClass;

/// Watches the attempts of one call whose modelled errors are `E`.
pub(super) struct Attempts<E> {
    pub(super) operation: Operation,
    /// What the attempts are charged to, if the operation has a token bucket.
    pub(super) budget: Option<Arc<Budget>>,
    pub(super) metrics: AwsMetrics,
    pub(super) clock: Clock,
    pub(super) errors: PhantomData<fn() -> E>,
}

impl<E> fmt::Debug for Attempts<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Attempts").field(&self.operation).finish()
    }
}

impl<E> Attempts<E> {
    fn charged(&self) -> Option<(&Budget, Category)> {
        self.budget.as_deref().zip(self.operation.category())
    }
}

#[derive(Debug)]
struct StartedAt(Time);

impl Storable for StartedAt {
    type Storer = StoreReplace<Self>;
}

impl<E> Intercept for Attempts<E>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn name(&self) -> &'static str {
        "Attempts"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The first attempt's token was taken before the call.
        if cfg.load::<RequestAttempts>().is_some_and(|attempts| attempts.attempts() > 1)
            && let Some((budget, category)) = self.charged()
        {
            budget.debit(category);
        }
        cfg.interceptor_state().store_put(StartedAt(self.clock.now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let status = context.response().map(|response| response.status().as_u16());
        let failure = match context.output_or_error() {
            Some(Err(failure)) => Some(error::attempt_class::<E>(failure, status)),
            Some(Ok(_)) | None => None,
        };
        if let Some((budget, category)) = self.charged()
            && failure == Some(ProblemClass::Throttled)
        {
            budget.throttled(category);
        }
        let now = self.clock.now();
        let begun = cfg.load::<StartedAt>().map_or(now, |started| started.0);
        self.metrics.observe(self.operation, failure, elapsed(begun, now));
        Ok(())
    }
}
