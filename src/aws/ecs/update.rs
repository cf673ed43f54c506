//! UpdateService: the one call of ECS that changes something.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecs::config::{self, Config};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_types::retry::RetryConfig;

use super::describe::deployment;
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::aws::error::unusable;
use crate::aws::last_check::{ChangeError, LastCheck, waiting};
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{Deployment, Problem};
use crate::plan::key::ServiceKey;

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
    /// An answer is waited for no longer than `timeout`: after it nobody knows whether the call was
    /// accepted. `may_send` is asked once more as the signed request is handed to the connector, because
    /// credentials may take long to be had.
    ///
    /// # Errors
    /// [`ChangeError::NotSent`] when it said no. Of an answer,
    /// [`crate::plan::fleet::ProblemClass::proves_nothing_happened`] says whether the call may have
    /// been accepted all the same.
    pub async fn force_new_deployment(
        &self,
        key: &ServiceKey,
        timeout: Duration,
        may_send: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Started, ChangeError> {
        let (check, stopped) = LastCheck::new(may_send);
        stopped.judge(self.update_once(key, timeout, check).await)
    }

    async fn update_once(
        &self,
        key: &ServiceKey,
        timeout: Duration,
        check: impl Intercept + 'static,
    ) -> Result<Started, Problem> {
        let operation = Operation::UpdateService;
        let sent = self
            .send(operation, |client, attempts| {
                client
                    .update_service()
                    .cluster(key.cluster().name())
                    .service(key.name())
                    .force_new_deployment(true)
                    .customize()
                    .config_override(once(timeout))
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

/// One attempt, whose answer is waited for no longer than `timeout`.
pub(super) fn once(timeout: Duration) -> config::Builder {
    Config::builder().retry_config(RetryConfig::disabled()).timeout_config(waiting(timeout))
}
