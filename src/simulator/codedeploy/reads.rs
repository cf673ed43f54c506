//! GetDeployment, BatchGetDeployments and ListDeployments.

use serde::Deserialize;
use serde_json::{Value, json};

use super::CodeDeploy;
use super::deployment::Deployment;
use super::errors::{check_id, no_deployment};
use super::paging::page;
use super::shapes;
use crate::simulator::error::ApiError;

/// BatchGetDeployments takes at most 25 ids.
const BATCH_MAX: usize = 25;
const STATUSES: &[&str] =
    &["Created", "Queued", "InProgress", "Baking", "Succeeded", "Failed", "Stopped", "Ready"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentReference {
    deployment_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetDeployments {
    #[serde(default)]
    deployment_ids: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListDeployments {
    application_name: Option<String>,
    deployment_group_name: Option<String>,
    external_id: Option<String>,
    include_only_statuses: Option<Vec<String>>,
    create_time_range: Option<TimeRange>,
    next_token: Option<String>,
}

/// A span of time, both ends included.
#[derive(Debug, Deserialize)]
struct TimeRange {
    start: Option<f64>,
    end: Option<f64>,
}

impl CodeDeploy {
    pub(crate) fn get_deployment(&self, input: &DeploymentReference) -> Result<Value, ApiError> {
        let (_, deployment) = self.deployment(input.deployment_id.as_deref())?;
        Ok(json!({ "deploymentInfo": shapes::deployment(self, deployment) }))
    }

    /// Ids that are not there are left out.
    pub(crate) fn batch_get_deployments(
        &self,
        input: &BatchGetDeployments,
    ) -> Result<Value, ApiError> {
        let ids = &input.deployment_ids;
        if ids.len() > BATCH_MAX {
            let message = format!("At most {BATCH_MAX} deployments can be asked for at once");
            return Err(ApiError::client("BatchLimitExceededException", message));
        }
        check_id(ids.first().map(String::as_str))?;
        let mut found = Vec::new();
        for id in ids {
            match self.deployment(Some(id)) {
                Ok((_, deployment)) => found.push(shapes::deployment(self, deployment)),
                Err(error) if error.code == "DeploymentDoesNotExistException" => {}
                Err(error) => return Err(error),
            }
        }
        Ok(json!({ "deploymentsInfo": found }))
    }

    /// The newest deployment is first.
    pub(crate) fn list_deployments(&self, input: &ListDeployments) -> Result<Value, ApiError> {
        let (application, group) =
            (input.application_name.as_deref(), input.deployment_group_name.as_deref());
        // An application needs a group, and a group an application.
        if application.is_some() || group.is_some() {
            self.group(application, group)?;
        }
        input.check()?;
        let known = self.by_id.values().map(|index| (*index, &self.deployments[*index]));
        let mut selected: Vec<(usize, &Deployment)> = known
            .filter(|(_, d)| application.is_none_or(|asked| d.application == asked))
            .filter(|(_, d)| group.is_none_or(|asked| d.group == asked))
            .filter(|(_, deployment)| input.selects(deployment))
            .collect();
        selected.sort_by_key(|(index, deployment)| (deployment.created_at, *index));
        let ids = selected.iter().rev().map(|(_, deployment)| &deployment.id);
        let (ids, next_token) = page(ids, input.next_token.as_deref())?;
        Ok(json!({ "deployments": ids, "nextToken": next_token }))
    }

    /// The deployment of an id, and its index.
    pub(crate) fn deployment(&self, id: Option<&str>) -> Result<(usize, &Deployment), ApiError> {
        let id = check_id(id)?;
        let index = self.by_id.get(id).copied().ok_or_else(|| no_deployment(id))?;
        Ok((index, &self.deployments[index]))
    }
}

impl ListDeployments {
    fn check(&self) -> Result<(), ApiError> {
        let statuses = self.include_only_statuses.iter().flatten();
        if let Some(unknown) = statuses.into_iter().find(|s| !STATUSES.contains(&s.as_str())) {
            let message = format!("{unknown} is no status of a deployment");
            return Err(ApiError::client("InvalidDeploymentStatusException", message));
        }
        let range = self.create_time_range.as_ref();
        let ends = range.and_then(|range| range.start.zip(range.end));
        if ends.is_some_and(|(start, end)| start > end) {
            let message = "The time range ends before it starts";
            return Err(ApiError::client("InvalidTimeRangeException", message));
        }
        Ok(())
    }

    /// No deployment here is linked to an external resource, such as a stack.
    fn selects(&self, deployment: &Deployment) -> bool {
        let statuses = self.include_only_statuses.as_ref().filter(|asked| !asked.is_empty());
        let status = statuses
            .is_none_or(|asked| asked.iter().any(|status| status == deployment.status.name()));
        let created = deployment.created_at.epoch_seconds();
        let within = self.create_time_range.as_ref().is_none_or(|range| {
            range.start.is_none_or(|start| start <= created)
                && range.end.is_none_or(|end| created <= end)
        });
        status && within && self.external_id.is_none()
    }
}
