//! Where CodeDeploy makes the deployment of an attempt, and how that one is found again.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::plan::due::shift;
use crate::plan::fleet::DeploymentId;
use crate::plan::ledger::{Attempt, AttemptId, Call};

/// CodeDeploy's clock may be behind ours by so much.
const CLOCKS_APART: chrono::TimeDelta = chrono::TimeDelta::seconds(120);

/// The deployment group of an attempt, and what following it needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub application: Arc<str>,
    pub group: Arc<str>,
    /// How long a deployment waits for a person at `Ready`, where it does.
    pub ready_wait: Option<Duration>,
    /// Whether CodeDeploy goes back by itself when a deployment fails.
    pub rolls_back: bool,
    /// From intent to giving up, as long as nobody is waited for.
    pub takes: Duration,
}

impl Target {
    /// The group, as people name it.
    pub fn name(&self) -> Arc<str> {
        format!("{}/{}", self.application, self.group).into()
    }
}

/// One deployment to ask CodeDeploy about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    pub application: Arc<str>,
    pub group: Arc<str>,
    /// Its id; absent while nobody knows whether it was made.
    pub deployment: Option<DeploymentId>,
    /// It was made after this, if it was.
    pub since: Time,
    /// What it is described as: of all deployments only that one.
    pub description: String,
}

/// What the deployment of an attempt is described as.
pub fn description(attempt: &AttemptId) -> String {
    format!("ecs-refresh {attempt}")
}

impl Attempt {
    /// The deployment of CodeDeploy that this attempt made, or may have made.
    pub fn followed(&self) -> Option<Followed> {
        let target = self.code_deploy.as_ref()?;
        let deployment = match &self.call {
            Call::Unknown => None,
            Call::Accepted { deployment, .. } => Some(deployment.clone()),
        };
        Some(Followed {
            application: target.application.clone(),
            group: target.group.clone(),
            deployment,
            since: shift(self.intent_at, -CLOCKS_APART),
            description: description(&self.id),
        })
    }
}
