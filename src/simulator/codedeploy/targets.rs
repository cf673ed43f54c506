//! GetDeploymentTarget, ListDeploymentTargets and BatchGetDeploymentTargets.
//!
//! A deployment to Amazon ECS has one target, its service; the id of it is `cluster:service`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::CodeDeploy;
use super::course::LifecycleEvent;
use super::deployment::{Deployment, Status};
use super::shapes::{insert, target_group_names};
use crate::simulator::ecs::Ecs;
use crate::simulator::error::ApiError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListDeploymentTargets {
    deployment_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetDeploymentTarget {
    deployment_id: Option<String>,
    target_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct BatchGetDeploymentTargets {
    deployment_id: Option<String>,
    #[serde(default)]
    target_ids: Vec<String>,
}

impl CodeDeploy {
    pub(crate) fn list_deployment_targets(
        &self,
        input: &ListDeploymentTargets,
        ecs: &Ecs,
    ) -> Result<Value, ApiError> {
        let deployment = self.started(input.deployment_id.as_deref())?;
        Ok(json!({ "targetIds": [target_id(ecs, deployment)] }))
    }

    pub(crate) fn get_deployment_target(
        &self,
        input: &GetDeploymentTarget,
        ecs: &Ecs,
    ) -> Result<Value, ApiError> {
        let deployment = self.started(input.deployment_id.as_deref())?;
        let shape = target(ecs, deployment, input.target_id.as_deref())?;
        Ok(json!({ "deploymentTarget": shape }))
    }

    pub(crate) fn batch_get_deployment_targets(
        &self,
        input: &BatchGetDeploymentTargets,
        ecs: &Ecs,
    ) -> Result<Value, ApiError> {
        let deployment = self.started(input.deployment_id.as_deref())?;
        if input.target_ids.len() > 1 {
            let message = "A deployment to Amazon ECS has exactly one target";
            return Err(ApiError::client("DeploymentTargetListSizeExceededException", message));
        }
        let shape = target(ecs, deployment, input.target_ids.first().map(String::as_str))?;
        Ok(json!({ "deploymentTargets": [shape] }))
    }

    fn started(&self, id: Option<&str>) -> Result<&Deployment, ApiError> {
        let (_, deployment) = self.deployment(id)?;
        if deployment.started_at.is_none() {
            let message = format!("The deployment {} has not started", deployment.id);
            return Err(ApiError::client("DeploymentNotStartedException", message));
        }
        Ok(deployment)
    }
}

fn target_id(ecs: &Ecs, deployment: &Deployment) -> String {
    let spec = &ecs.service_at(deployment.course.service).spec;
    format!("{}:{}", spec.cluster, spec.name)
}

fn target(ecs: &Ecs, deployment: &Deployment, id: Option<&str>) -> Result<Value, ApiError> {
    let Some(id) = id else {
        let message = "The deployment target ID must be specified";
        return Err(ApiError::client("DeploymentTargetIdRequiredException", message));
    };
    if id != target_id(ecs, deployment) {
        let message = format!("The deployment {} has no target {id}", deployment.id);
        return Err(ApiError::client("DeploymentTargetDoesNotExistException", message));
    }
    let course = &deployment.course;
    let times = course.events.iter().flat_map(|event| event.ended_at.or(event.started_at));
    let updated = times.max().unwrap_or(deployment.created_at);
    let events: Vec<Value> = course.events.iter().map(event).collect();
    let status = match deployment.status {
        Status::Created => "Pending",
        Status::InProgress | Status::Baking => "InProgress",
        Status::Ready => "Ready",
        Status::Succeeded => "Succeeded",
        Status::Failed => "Failed",
        Status::Stopped => "Skipped",
    };
    Ok(json!({
        "deploymentTargetType": "ECSTarget",
        "ecsTarget": {
            "deploymentId": deployment.id,
            "targetId": id,
            "targetArn": ecs.service_arn(ecs.service_at(course.service)),
            "lastUpdatedAt": updated.to_json(),
            "lifecycleEvents": events,
            "status": status,
            "taskSetsInfo": task_sets(ecs, deployment),
        },
    }))
}

fn event(event: &LifecycleEvent) -> Value {
    let mut shape = json!({
        "lifecycleEventName": event.name,
        "status": event.status.name(),
    });
    let failed = event.ended_at.is_some() && event.fails;
    let diagnostics = event.function.as_ref().filter(|_| failed).map(|function| {
        json!({
            "errorCode": "UnknownError",
            "scriptName": function,
            "message": "The function did not report that it succeeded",
            "logTail": "",
        })
    });
    insert(
        &mut shape,
        [
            ("startTime", event.started_at.map(|at| at.to_json())),
            ("endTime", event.ended_at.map(|at| at.to_json())),
            ("diagnostics", diagnostics),
        ],
    );
    shape
}

/// The task sets that are still there; `identifer` is AWS's own spelling.
fn task_sets(ecs: &Ecs, deployment: &Deployment) -> Vec<Value> {
    let course = &deployment.course;
    let name = &ecs.service_at(course.service).spec.name;
    let sides = [
        (course.blue, "Blue", 100.0 - course.green_weight),
        (course.green, "Green", course.green_weight),
    ];
    let sets = sides.into_iter().filter_map(|(id, label, weight)| {
        let set = ecs.task_set_counts(course.service, id?)?;
        Some(json!({
            "identifer": format!("ecs-svc/{}", id?),
            "desiredCount": set.desired,
            "pendingCount": set.pending,
            "runningCount": set.running,
            "status": set.status,
            "trafficWeight": weight,
            "targetGroup": { "name": target_group_names(name)[usize::from(set.alternate)] },
            "taskSetLabel": label,
        }))
    });
    sets.collect()
}
