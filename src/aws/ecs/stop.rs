//! StopServiceDeployment: ECS is told to roll a deployment back.

use std::time::Duration;

use aws_sdk_ecs::types::StopServiceDeploymentStopType;

use super::update::once;
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::aws::last_check::{ChangeError, LastCheck};
use crate::aws::operation::Operation;

impl Ecs {
    /// Waits for the right to send one StopServiceDeployment. It may take long: what the call rests
    /// on must be checked again afterwards.
    pub async fn acquire_stop_token(&self) {
        self.acquire(Operation::StopServiceDeployment, Priority::Urgent).await;
    }

    /// Sends exactly one StopServiceDeployment, by which ECS rolls the service deployment `arn` back,
    /// whether or not the service is configured to (Amazon ECS API reference). The token is the
    /// caller's to take before, by [`Ecs::acquire_stop_token`].
    ///
    /// An answer is waited for no longer than `timeout`. `may_send` is asked once more as the signed
    /// request is handed to the connector.
    ///
    /// # Errors
    /// [`ChangeError::NotSent`] when it said no. Of an answer,
    /// [`crate::plan::fleet::ProblemClass::proves_nothing_happened`] says whether the call may have
    /// been accepted all the same.
    pub async fn roll_back(
        &self,
        arn: &str,
        timeout: Duration,
        may_send: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<(), ChangeError> {
        let (check, stopped) = LastCheck::new(may_send);
        let sent = self
            .send(Operation::StopServiceDeployment, |client, attempts| {
                client
                    .stop_service_deployment()
                    .service_deployment_arn(arn)
                    .stop_type(StopServiceDeploymentStopType::Rollback)
                    .customize()
                    .config_override(once(timeout))
                    .interceptor(attempts)
                    .interceptor(check)
                    .send()
            })
            .await;
        stopped.judge(sent.result.map(drop))
    }
}
