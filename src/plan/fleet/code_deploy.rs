//! Deployments of CodeDeploy, as they were last seen.

use std::sync::Arc;

use super::{DeploymentId, Problem};
use crate::clock::Time;

/// Where the deployment of an attempt stands.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeDeployProgress {
    /// When it was asked for.
    pub asked_at: Time,
    /// The deployment, none where its group has none that is described so, or why it could not be read.
    pub deployment: Result<Option<CodeDeployDeployment>, Problem>,
    /// The deployment by which CodeDeploy takes it back, where there is one and it could be read.
    pub rollback: Option<CodeDeployDeployment>,
    /// Whether others of its group were made after it; unknown where that was not asked for.
    pub newer: Option<bool>,
    /// When it was first seen with this status.
    pub status_since: Time,
}

/// One answer of GetDeployment.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeDeployDeployment {
    pub id: DeploymentId,
    pub status: CodeDeployStatus,
    pub created_at: Option<Time>,
    pub completed_at: Option<Time>,
    /// The code of what went wrong, and CodeDeploy's own words, bounded.
    pub error: Option<Arc<str>>,
    /// The deployment that takes it back.
    pub rollback: Option<DeploymentId>,
}

/// `status` of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CodeDeployStatus {
    Created,
    Queued,
    InProgress,
    Baking,
    /// Ready to move traffic: it waits for a person.
    Ready,
    Succeeded,
    Failed,
    Stopped,
    Unknown(Arc<str>),
}

impl CodeDeployStatus {
    /// The status as CodeDeploy writes it.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Created => "Created",
            Self::Queued => "Queued",
            Self::InProgress => "InProgress",
            Self::Baking => "Baking",
            Self::Ready => "Ready",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::Stopped => "Stopped",
            Self::Unknown(status) => status,
        }
    }

    /// Whether the deployment is under way. What this version does not know is no end.
    pub fn is_under_way(&self) -> bool {
        !matches!(self, Self::Succeeded | Self::Failed | Self::Stopped)
    }
}

impl CodeDeployProgress {
    /// The status that was seen.
    pub fn status(&self) -> Option<&CodeDeployStatus> {
        Some(&self.deployment.as_ref().ok()?.as_ref()?.status)
    }
}
