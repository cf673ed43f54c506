//! StopServiceDeployment and ContinueServiceDeployment.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::deployment::Progress;
use super::failure::{self, Failure};
use super::staged::{HookAction, HookStatus};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StopServiceDeployment {
    service_deployment_arn: String,
    stop_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ContinueServiceDeployment {
    service_deployment_arn: String,
    hook_id: String,
    action: Option<String>,
}

impl Ecs {
    /// Rolls a deployment back, whether a rollback is configured or not. One that is stopped or
    /// rolled back already takes its course.
    pub(crate) fn stop_service_deployment(
        &mut self,
        input: &StopServiceDeployment,
        now: Moment,
    ) -> Result<Value, ApiError> {
        if input.stop_type.as_deref().is_some_and(|kind| kind != "ROLLBACK") {
            return Err(ApiError::invalid_parameter("The stop type must be ROLLBACK."));
        }
        let arn = &input.service_deployment_arn;
        let (index, record) = self.service_deployment(arn)?;
        let record = &self.services[index].history[record];
        let ended = record.finished_at.is_some_and(|at| at <= now);
        if ended {
            return Err(ApiError::client(
                "ConflictException",
                format!("The service deployment is {} and cannot be stopped.", record.status(now)),
            ));
        }
        if record.progress == Progress::Running {
            self.freeze_reads(index, self.stale_reads, now);
            let service = &mut self.services[index];
            failure::fail(service, Failure::Stopped, true, now, &mut self.ids);
            self.run_service(index, now);
        }
        Ok(json!({ "serviceDeploymentArn": arn }))
    }

    pub(crate) fn continue_service_deployment(
        &mut self,
        input: &ContinueServiceDeployment,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let arn = &input.service_deployment_arn;
        let (index, record) = self.service_deployment(arn)?;
        let action = HookAction::parse(input.action.as_deref().unwrap_or("CONTINUE"));
        let action =
            action.ok_or_else(|| ApiError::invalid_parameter("The action is not valid."))?;
        let record = &mut self.services[index].history[record];
        let hooks = record.lifecycle.iter_mut().flat_map(|lifecycle| &mut lifecycle.hooks);
        let mut waiting = hooks.filter(|hook| hook.status == HookStatus::AwaitingAction);
        let hook = waiting.find(|hook| hook.id == input.hook_id).ok_or_else(|| {
            ApiError::invalid_parameter("The lifecycle hook does not await an action.")
        })?;
        hook.status = match action {
            HookAction::Continue => HookStatus::Succeeded,
            HookAction::Rollback => HookStatus::Failed,
        };
        self.run_service(index, now);
        Ok(json!({ "serviceDeploymentArn": arn }))
    }

    /// Resolves every pause of a service that awaits an action. Returns how many there were.
    pub(crate) fn resolve_pauses(
        &mut self,
        index: usize,
        action: HookAction,
        now: Moment,
    ) -> usize {
        let open = self.services[index].history.last_mut().filter(|record| record.open());
        let hooks = open.and_then(|record| record.lifecycle.as_mut()).map(|l| &mut l.hooks);
        let mut resolved = 0;
        for hook in hooks.into_iter().flatten() {
            if hook.status == HookStatus::AwaitingAction {
                hook.status = match action {
                    HookAction::Continue => HookStatus::Succeeded,
                    HookAction::Rollback => HookStatus::Failed,
                };
                resolved += 1;
            }
        }
        self.run_service(index, now);
        resolved
    }

    /// The indices of a service and of a service deployment in its history.
    fn service_deployment(&self, arn: &str) -> Result<(usize, usize), ApiError> {
        let found = self.by_arn(arn, "service-deployment").and_then(|(index, id)| {
            let history = &self.services[index].history;
            Some((index, history.iter().position(|record| record.id == id)?))
        });
        found.ok_or_else(|| {
            let message = "The service deployment was not found.";
            ApiError::client("ServiceDeploymentNotFoundException", message)
        })
    }
}
