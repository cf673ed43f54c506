//! CreateDeployment: the one call of CodeDeploy that changes something.

use std::time::Duration;

use aws_sdk_codedeploy::config::Builder;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_types::retry::RetryConfig;

use super::CodeDeploy;
use super::revisions::sent as revision_sent;
use crate::aws::error::unusable;
use crate::aws::last_check::{ChangeError, LastCheck, waiting};
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{DeploymentId, Problem};
use crate::plan::step::CreateDeployment;

/// What an accepted CreateDeployment answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Created {
    /// When the call was sent.
    pub sent_at: Time,
    pub deployment: DeploymentId,
}

impl CodeDeploy {
    /// Sends exactly one CreateDeployment. It has no client token, so the SDK must not send it again;
    /// the description is what the deployment is found again by.
    ///
    /// An answer is waited for no longer than `timeout`. `may_send` is asked once more as the signed request is handed to the connector.
    ///
    /// # Errors
    /// [`ChangeError::NotSent`] when it said no. Of an answer,
    /// [`crate::plan::fleet::ProblemClass::proves_nothing_happened`] says whether the call may have
    /// been accepted all the same.
    pub async fn create_deployment(
        &self,
        call: &CreateDeployment,
        description: &str,
        timeout: Duration,
        may_send: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Created, ChangeError> {
        let (check, stopped) = LastCheck::new(may_send);
        stopped.judge(self.create_once(call, description, timeout, check).await)
    }

    async fn create_once(
        &self,
        call: &CreateDeployment,
        description: &str,
        timeout: Duration,
        check: impl Intercept + 'static,
    ) -> Result<Created, Problem> {
        let operation = Operation::CreateDeployment;
        let once =
            Builder::new().retry_config(RetryConfig::disabled()).timeout_config(waiting(timeout));
        let sent = self
            .send(operation, |client, attempts| {
                client
                    .create_deployment()
                    .application_name(&*call.target.application)
                    .deployment_group_name(&*call.target.group)
                    .revision(revision_sent(&call.revision))
                    .description(description)
                    .customize()
                    .config_override(once)
                    .interceptor(attempts)
                    .interceptor(check)
                    .send()
            })
            .await;
        // An acceptance that does not say what was made: observing will.
        let sent = sent.and_then(|sent_at, output| {
            let id = output.deployment_id.filter(|id| !id.is_empty());
            let deployment = id.map(|id| DeploymentId::new(&id));
            deployment.map(|deployment| Created { sent_at, deployment }).ok_or_else(|| {
                unusable(operation, self.calls.now(), "the answer names no deployment")
            })
        });
        sent.result
    }
}
