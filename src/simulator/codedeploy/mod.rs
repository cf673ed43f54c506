//! A small AWS CodeDeploy: blue/green deployments of Amazon ECS services whose deployment controller
//! it is.
//!
//! It makes, promotes and deletes the task sets of the simulated Amazon ECS, and reads nothing of it
//! but what it deploys. Not simulated: other compute platforms, and making applications, groups and
//! configurations through the API. Operations that are not implemented fail loudly.

mod app_spec;
mod applications;
mod control;
mod course;
mod create;
mod deployment;
mod engine;
mod errors;
mod groups;
mod owner;
mod paging;
mod reads;
mod revision;
mod revisions;
mod rollback;
mod shapes;
mod spec;
mod targets;
mod traffic;
mod yaml;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

pub use owner::CodeDeployment;
pub use spec::{CodeDeploySpec, LifecycleHook};
pub use traffic::TrafficRouting;

use super::ecs::Ecs;
use super::error::ApiError;
use super::identity::{Identity, Ids};
use super::moment::Moment;
use applications::Application;
use deployment::Deployment;

/// The target of every CodeDeploy operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "CodeDeploy_20141006";

/// The state of the simulated AWS CodeDeploy in one account and Region.
#[derive(Debug)]
pub(crate) struct CodeDeploy {
    identity: Identity,
    ids: Ids,
    applications: BTreeMap<String, Application>,
    /// Oldest first. Never shrinks, though those of a deleted application cannot be found.
    deployments: Vec<Deployment>,
    by_id: BTreeMap<String, usize>,
    /// Those that still do something, oldest first.
    open: Vec<usize>,
    /// The configurations of the account's own, by name.
    configs: BTreeMap<String, TrafficRouting>,
    /// The AppSpecs in Amazon S3, by bucket and key.
    objects: BTreeMap<(String, String), String>,
}

impl CodeDeploy {
    pub(crate) fn new(identity: Identity, seed: u64) -> Self {
        CodeDeploy {
            identity,
            ids: Ids::new(seed.rotate_left(32) ^ 0xc0de),
            applications: BTreeMap::new(),
            deployments: Vec::new(),
            by_id: BTreeMap::new(),
            open: Vec::new(),
            configs: BTreeMap::new(),
            objects: BTreeMap::new(),
        }
    }

    /// Answers one operation. The caller has advanced the world to `now`.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        input: &Value,
        ecs: &mut Ecs,
        now: Moment,
    ) -> Result<Value, ApiError> {
        match operation {
            "CreateDeployment" => self.create_deployment(&parse(input)?, ecs, now),
            "GetDeployment" => self.get_deployment(&parse(input)?),
            "BatchGetDeployments" => self.batch_get_deployments(&parse(input)?),
            "ListDeployments" => self.list_deployments(&parse(input)?),
            "ContinueDeployment" => self.continue_deployment(&parse(input)?, ecs, now),
            "StopDeployment" => self.stop_deployment(&parse(input)?, now),
            "GetDeploymentTarget" => self.get_deployment_target(&parse(input)?, ecs),
            "ListDeploymentTargets" => self.list_deployment_targets(&parse(input)?, ecs),
            "BatchGetDeploymentTargets" => self.batch_get_deployment_targets(&parse(input)?, ecs),
            "ListApplications" => self.list_applications(&parse(input)?),
            "ListDeploymentGroups" => self.list_deployment_groups(&parse(input)?),
            "GetDeploymentGroup" => self.get_deployment_group(&parse(input)?),
            "BatchGetDeploymentGroups" => self.batch_get_deployment_groups(&parse(input)?),
            "GetDeploymentConfig" => self.get_deployment_config(&parse(input)?),
            "GetApplicationRevision" => self.get_application_revision(&parse(input)?),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    /// Puts a deployment into the world, which becomes the latest of its group.
    fn begin(&mut self, deployment: Deployment) {
        let index = self.deployments.len();
        if let Some(group) = self.group_mut(&deployment) {
            group.target_revision = deployment.revision.clone();
            group.last_attempted = Some(index);
        }
        self.by_id.insert(deployment.id.clone(), index);
        if deployment.status.open() {
            self.open.push(index);
        }
        self.deployments.push(deployment);
    }

    /// Notes that a deployment has succeeded.
    fn note_success(&mut self, index: usize) {
        let deployment = &self.deployments[index];
        let group = self.applications.get_mut(&deployment.application);
        let group = group.and_then(|application| application.groups.get_mut(&deployment.group));
        if let Some(group) = group {
            group.last_successful = Some(index);
        }
    }
}

/// What a request is about, for the call log and for faults that hit single ones: the id of a
/// deployment, `application/group`, or an application.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let list = |key: &str| {
        let items = input.get(key).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str)
    };
    let mut found: Vec<String> = text("deploymentId").into_iter().map(str::to_owned).collect();
    found.extend(list("deploymentIds").map(str::to_owned));
    if let Some(application) = text("applicationName") {
        let groups = text("deploymentGroupName").into_iter().chain(list("deploymentGroupNames"));
        found.extend(groups.map(|group| format!("{application}/{group}")));
        if found.is_empty() {
            found.push(application.to_owned());
        }
    }
    found
}

/// Reads the input of an operation.
fn parse<'a, T: Deserialize<'a>>(input: &'a Value) -> Result<T, ApiError> {
    T::deserialize(input).map_err(|error| {
        ApiError::client("SerializationException", format!("cannot read the request: {error}"))
    })
}
