//! GetDeployment and ListDeployments: what became of deployments.

use std::sync::Arc;

use aws_sdk_codedeploy::types::{DeploymentInfo, DeploymentStatus, TimeRange};
use aws_smithy_types::DateTime;

use super::{CodeDeploy, Location, PAGES_MAX, time};
use crate::aws::client::Page;
use crate::aws::error::{bounded, unusable};
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{CodeDeployDeployment, CodeDeployStatus, DeploymentId, Problem};

/// One deployment, and what it was made of.
#[derive(Debug)]
pub(in crate::aws) struct Deployed {
    pub(in crate::aws) seen: CodeDeployDeployment,
    pub(in crate::aws) application: Arc<str>,
    pub(in crate::aws) group: Arc<str>,
    pub(in crate::aws) description: String,
    pub(in crate::aws) revision: Location,
}

impl CodeDeploy {
    /// One deployment by its id.
    pub(in crate::aws) async fn deployment(&self, id: &DeploymentId) -> Result<Deployed, Problem> {
        let operation = Operation::GetDeployment;
        let sent = self
            .send(operation, |client, attempts| {
                client
                    .get_deployment()
                    .deployment_id(id.as_str())
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let read = sent.and_then(|at, output| {
            let info = output.deployment_info.as_ref();
            let read = info.and_then(|info| deployed(id, info));
            read.ok_or_else(|| unusable(operation, at, "the answer does not tell its group"))
        });
        read.result
    }

    /// The ids of the deployments of a group that were made at `since` or later.
    ///
    /// # Errors
    /// When not all of them could be read: a part would hide one.
    pub(in crate::aws) async fn deployments_since(
        &self,
        application: &str,
        group: &str,
        since: Time,
    ) -> Result<Vec<DeploymentId>, Problem> {
        let mut ids = Vec::new();
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let page = self.deployments_page(application, group, since, token).await?;
            ids.extend(page.items);
            token = page.next;
            if token.is_none() {
                return Ok(ids);
            }
        }
        let now = self.calls.now();
        Err(unusable(Operation::ListDeployments, now, "the listing does not end"))
    }

    async fn deployments_page(
        &self,
        application: &str,
        group: &str,
        since: Time,
        token: Option<String>,
    ) -> Result<Page<DeploymentId>, Problem> {
        // Whole seconds: what CodeDeploy makes of a fraction is not said.
        let range = TimeRange::builder().start(DateTime::from_secs(since.timestamp())).build();
        let sent = self
            .send(Operation::ListDeployments, |client, attempts| {
                client
                    .list_deployments()
                    .application_name(application)
                    .deployment_group_name(group)
                    .create_time_range(range)
                    .set_next_token(token)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let output = sent.result?;
        let ids = output.deployments.unwrap_or_default();
        let items = ids.iter().map(|id| DeploymentId::new(id)).collect();
        Ok(Page::new(items, output.next_token))
    }
}

fn deployed(id: &DeploymentId, info: &DeploymentInfo) -> Option<Deployed> {
    let error = info.error_information().map(|error| {
        let code = error.code().map_or("no code", |code| code.as_str());
        let message = error.message().unwrap_or("no message");
        bounded(&format!("{code}: {message}")).into()
    });
    let rollback = info.rollback_info().and_then(|info| info.rollback_deployment_id());
    Some(Deployed {
        application: info.application_name()?.into(),
        group: info.deployment_group_name()?.into(),
        description: info.description().unwrap_or_default().to_owned(),
        revision: Location::of(info.revision()),
        seen: CodeDeployDeployment {
            id: id.clone(),
            status: status(info.status()),
            created_at: info.create_time().and_then(time),
            completed_at: info.complete_time().and_then(time),
            error,
            rollback: rollback.map(DeploymentId::new),
        },
    })
}

pub(super) fn status(wire: Option<&DeploymentStatus>) -> CodeDeployStatus {
    match wire {
        Some(DeploymentStatus::Created) => CodeDeployStatus::Created,
        Some(DeploymentStatus::Queued) => CodeDeployStatus::Queued,
        Some(DeploymentStatus::InProgress) => CodeDeployStatus::InProgress,
        Some(DeploymentStatus::Baking) => CodeDeployStatus::Baking,
        Some(DeploymentStatus::Ready) => CodeDeployStatus::Ready,
        Some(DeploymentStatus::Succeeded) => CodeDeployStatus::Succeeded,
        Some(DeploymentStatus::Failed) => CodeDeployStatus::Failed,
        Some(DeploymentStatus::Stopped) => CodeDeployStatus::Stopped,
        Some(other) => CodeDeployStatus::Unknown(other.as_str().into()),
        None => CodeDeployStatus::Unknown("".into()),
    }
}
