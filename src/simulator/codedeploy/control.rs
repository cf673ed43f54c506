//! ContinueDeployment and StopDeployment.

use serde::Deserialize;
use serde_json::{Value, json};

use super::CodeDeploy;
use super::course::Stage;
use super::deployment::{Problem, Status};
use super::errors::completed;
use crate::simulator::ecs::Ecs;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContinueDeployment {
    deployment_id: Option<String>,
    deployment_wait_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StopDeployment {
    deployment_id: Option<String>,
    auto_rollback_enabled: Option<bool>,
}

impl CodeDeploy {
    pub(crate) fn continue_deployment(
        &mut self,
        input: &ContinueDeployment,
        ecs: &mut Ecs,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let index = self.open_deployment(input.deployment_id.as_deref())?;
        let stage = match input.deployment_wait_type.as_deref() {
            None | Some("READY_WAIT") => Stage::ReadyWait,
            Some("TERMINATION_WAIT") => Stage::TerminationWait,
            Some(_) => {
                let message = "The wait type must be READY_WAIT or TERMINATION_WAIT";
                return Err(ApiError::client("InvalidDeploymentWaitTypeException", message));
            }
        };
        if self.deployments[index].course.stage != stage {
            let message = "The deployment does not have a status of Ready and can't continue yet";
            return Err(ApiError::client("DeploymentIsNotInReadyStateException", message));
        }
        self.go_on(index, ecs, now);
        Ok(json!({}))
    }

    pub(crate) fn stop_deployment(
        &mut self,
        input: &StopDeployment,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let index = self.open_deployment(input.deployment_id.as_deref())?;
        self.stop(index, input.auto_rollback_enabled, now);
        let message = "No more commands will be scheduled for execution in the deployment";
        Ok(json!({ "status": "Succeeded", "statusMessage": message }))
    }

    /// Ends the wait that a deployment is in. Returns whether it is in one.
    pub(crate) fn go_on(&mut self, index: usize, ecs: &mut Ecs, now: Moment) -> bool {
        match self.deployments[index].course.stage {
            Stage::ReadyWait => self.reroute(index, ecs, now),
            // What comes next is due at once.
            Stage::TerminationWait => self.deployments[index].course.until = now,
            _ => return false,
        }
        true
    }

    /// Stops a deployment, and rolls it back if that is asked for, or is what it does anyway.
    /// Returns its id.
    pub(crate) fn stop(&mut self, index: usize, back: Option<bool>, now: Moment) -> String {
        let terms = &self.deployments[index].terms;
        let back = back.unwrap_or_else(|| terms.rolls_back("DEPLOYMENT_STOP_ON_REQUEST"));
        let message = "The deployment was stopped by a user".to_owned();
        self.end(index, Status::Stopped, Problem { code: "MANUAL_STOP", message }, back, now);
        self.deployments[index].id.clone()
    }

    fn open_deployment(&self, id: Option<&str>) -> Result<usize, ApiError> {
        let (index, deployment) = self.deployment(id)?;
        if !deployment.status.open() {
            return Err(completed(&deployment.id));
        }
        Ok(index)
    }
}
