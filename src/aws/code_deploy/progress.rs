//! Where the deployment of one attempt stands.

use super::CodeDeploy;
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::plan::code_deploy::Followed;
use crate::plan::fleet::{CodeDeployDeployment, CodeDeployProgress, DeploymentId, Problem};

/// So many deployments are read to find the one that is described as ours: CodeDeploy makes one of a
/// group at a time, and the listing begins with the attempt.
const FIND_MAX: usize = 25;

impl CodeDeploy {
    /// Where a deployment stands, by one call, and one more where CodeDeploy goes back. Where its id is
    /// not known it is looked for. `closely`: also whether others of its group were made after it.
    pub(in crate::aws) async fn progress(
        &self,
        followed: &Followed,
        closely: bool,
    ) -> CodeDeployProgress {
        let asked_at = self.calls.now();
        let deployment = match &followed.deployment {
            Some(id) => self.deployment(id).await.map(|found| Some(found.seen)),
            None => self.find(followed).await,
        };
        let found = deployment.as_ref().ok().and_then(Option::as_ref);
        let rollback = match found.and_then(|found| found.rollback.as_ref()) {
            Some(id) => self.deployment(id).await.ok().map(|found| found.seen),
            None => None,
        };
        let newer = match found.filter(|_| closely) {
            Some(found) => self.newer(followed, found).await,
            None => None,
        };
        CodeDeployProgress { asked_at, deployment, rollback, newer, status_since: asked_at }
    }

    async fn find(&self, followed: &Followed) -> Result<Option<CodeDeployDeployment>, Problem> {
        let Followed { application, group, since, .. } = followed;
        let ids = self.deployments_since(application, group, *since).await?;
        if ids.len() > FIND_MAX {
            let what = format!("more than {FIND_MAX} deployments since the refresh began");
            return Err(unusable(Operation::ListDeployments, self.calls.now(), &what));
        }
        for id in ids {
            let found = self.deployment(&id).await?;
            if found.description == followed.description {
                return Ok(Some(found.seen));
            }
        }
        Ok(None)
    }

    async fn newer(&self, followed: &Followed, ours: &CodeDeployDeployment) -> Option<bool> {
        let since = ours.created_at.unwrap_or(followed.since);
        let ids = self.deployments_since(&followed.application, &followed.group, since).await;
        let own = |id: &DeploymentId| *id == ours.id || Some(id) == ours.rollback.as_ref();
        Some(ids.ok()?.iter().any(|id| !own(id)))
    }
}
