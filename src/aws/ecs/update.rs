//! UpdateService: the one call that changes something.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_ecs::config::Config;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::describe::deployment;
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{Deployment, Problem};
use crate::plan::key::ServiceKey;

/// How long an answer of UpdateService is waited for. After it nobody knows whether the call was
/// accepted.
pub const UPDATE_TIMEOUT: Duration = Duration::from_secs(30);

/// What an accepted UpdateService answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Started {
    /// When the call was sent.
    pub sent_at: Time,
    /// The new PRIMARY: its id is what tells this rollout from any other.
    pub deployment: Deployment,
    /// The ARN of the service deployment, where ECS reports it.
    pub service_deployment: Option<Arc<str>>,
}

/// Why nothing is known to have been started.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateError {
    /// The call could not leave while it still might: it was not sent.
    NotSent,
    /// AWS refused, or no usable answer came.
    Answer(Problem),
}

/// Lets a request leave only while it may.
struct LastCheck<F> {
    may_send: F,
    stopped: Arc<AtomicBool>,
}

impl<F> fmt::Debug for LastCheck<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LastCheck").finish_non_exhaustive()
    }
}

impl<F: Fn() -> bool + Send + Sync> Intercept for LastCheck<F> {
    fn name(&self) -> &'static str {
        "LastCheck"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if (self.may_send)() {
            return Ok(());
        }
        self.stopped.store(true, Ordering::Relaxed);
        Err("the call may no longer be sent".into())
    }
}

impl Ecs {
    /// Waits for the right to send one UpdateService. It may take long: what the call rests on must
    /// be checked again afterwards.
    pub async fn acquire_update_token(&self) {
        self.acquire(Operation::UpdateService, Priority::Urgent).await;
    }

    /// Sends exactly one UpdateService that replaces the tasks of a service and changes nothing
    /// else. UpdateService has no client token, so the SDK must not send it again: the second call
    /// would start a second deployment. The token is the caller's to take before, by
    /// [`Ecs::acquire_update_token`].
    ///
    /// `may_send` is asked once more as the signed request is handed to the connector, because
    /// credentials may take long to be had.
    ///
    /// # Errors
    /// [`UpdateError::NotSent`] when it said no. Of an answer,
    /// [`crate::plan::fleet::ProblemClass::proves_nothing_happened`] says whether the call may have
    /// been accepted all the same.
    pub async fn force_new_deployment(
        &self,
        key: &ServiceKey,
        may_send: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Started, UpdateError> {
        let stopped = Arc::new(AtomicBool::new(false));
        let check = LastCheck { may_send, stopped: Arc::clone(&stopped) };
        let answer = self.update_once(key, check).await;
        // Whatever the SDK makes of the interceptor's error, nothing was sent.
        if stopped.load(Ordering::Relaxed) {
            return Err(UpdateError::NotSent);
        }
        answer.map_err(UpdateError::Answer)
    }

    async fn update_once(
        &self,
        key: &ServiceKey,
        check: impl Intercept + 'static,
    ) -> Result<Started, Problem> {
        let operation = Operation::UpdateService;
        let once = Config::builder().retry_config(RetryConfig::disabled()).timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(UPDATE_TIMEOUT)
                .operation_timeout(UPDATE_TIMEOUT)
                .build(),
        );
        let sent = self
            .send(operation, |client, attempts| {
                client
                    .update_service()
                    .cluster(key.cluster().name())
                    .service(key.name())
                    .force_new_deployment(true)
                    .customize()
                    .config_override(once)
                    .interceptor(attempts)
                    .interceptor(check)
                    .send()
            })
            .await;
        let service = sent.result?.service;
        let primary = service.as_ref().and_then(|service| {
            service.deployments().iter().filter_map(deployment).find(|found| found.primary)
        });
        // An acceptance that does not say what was started: observing will.
        let deployment = primary.ok_or_else(|| {
            unusable(operation, self.clock().now(), "the answer names no PRIMARY deployment")
        })?;
        let service_deployment =
            service.and_then(|service| service.current_service_deployment).map(Into::into);
        Ok(Started { sent_at: sent.at, deployment, service_deployment })
    }
}
