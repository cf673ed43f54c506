//! Reads of applications, deployment groups and deployment configurations.

use serde::Deserialize;
use serde_json::{Value, json};

use super::CodeDeploy;
use super::applications::required_application;
use super::paging::page;
use super::shapes;
use crate::simulator::error::ApiError;

/// BatchGetDeploymentGroups takes at most 100 names.
const BATCH_MAX: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListApplications {
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListDeploymentGroups {
    application_name: Option<String>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetDeploymentGroup {
    application_name: Option<String>,
    deployment_group_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetDeploymentGroups {
    application_name: Option<String>,
    #[serde(default)]
    deployment_group_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetDeploymentConfig {
    deployment_config_name: Option<String>,
}

impl CodeDeploy {
    pub(crate) fn list_applications(&self, input: &ListApplications) -> Result<Value, ApiError> {
        let (names, next_token) = page(self.applications.keys(), input.next_token.as_deref())?;
        Ok(json!({ "applications": names, "nextToken": next_token }))
    }

    pub(crate) fn list_deployment_groups(
        &self,
        input: &ListDeploymentGroups,
    ) -> Result<Value, ApiError> {
        let application = self.application(input.application_name.as_deref())?;
        let (names, next_token) = page(application.groups.keys(), input.next_token.as_deref())?;
        Ok(json!({
            "applicationName": input.application_name,
            "deploymentGroups": names,
            "nextToken": next_token,
        }))
    }

    pub(crate) fn get_deployment_group(
        &self,
        input: &GetDeploymentGroup,
    ) -> Result<Value, ApiError> {
        let application = required_application(input.application_name.as_deref())?;
        let group = self.group(Some(application), input.deployment_group_name.as_deref())?;
        Ok(json!({ "deploymentGroupInfo": shapes::group(self, application, group) }))
    }

    /// Groups that are not there are told in a sentence.
    pub(crate) fn batch_get_deployment_groups(
        &self,
        input: &BatchGetDeploymentGroups,
    ) -> Result<Value, ApiError> {
        let name = required_application(input.application_name.as_deref())?;
        let application = self.application(Some(name))?;
        let asked = &input.deployment_group_names;
        if asked.is_empty() {
            self.group(Some(name), None)?;
        }
        if asked.len() > BATCH_MAX {
            let message = format!("At most {BATCH_MAX} groups can be asked for at once");
            return Err(ApiError::client("BatchLimitExceededException", message));
        }
        let found = asked.iter().filter_map(|group| application.groups.get(group));
        let found: Vec<Value> = found.map(|group| shapes::group(self, name, group)).collect();
        let missing: Vec<&str> = asked
            .iter()
            .filter(|group| !application.groups.contains_key(*group))
            .map(String::as_str)
            .collect();
        let error = (!missing.is_empty())
            .then(|| format!("The following groups do not exist: {}", missing.join(", ")));
        Ok(json!({ "deploymentGroupsInfo": found, "errorMessage": error }))
    }

    pub(crate) fn get_deployment_config(
        &self,
        input: &GetDeploymentConfig,
    ) -> Result<Value, ApiError> {
        let Some(name) = &input.deployment_config_name else {
            let message = "The Deployment Configuration name must be specified";
            return Err(ApiError::client("DeploymentConfigNameRequiredException", message));
        };
        let routing = self.config(name)?;
        Ok(json!({ "deploymentConfigInfo": {
            "deploymentConfigName": name,
            "computePlatform": "ECS",
            "trafficRoutingConfig": routing.describe(),
        } }))
    }
}
