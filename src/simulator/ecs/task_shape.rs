//! What DescribeTasks shows of a task.

use serde_json::{Value, json};

use super::Ecs;
use super::deployment::deployment_name;
use super::images;
use super::service::Service;
use super::spec::Launch;
use super::task::{Phase, Task};

/// The `task` shape.
pub(crate) fn describe(ecs: &Ecs, service: &Service, task: &Task) -> Value {
    let spec = &service.spec;
    let workload = &task.revision.workload;
    let containers: Vec<Value> =
        (0..workload.containers.len()).map(|at| container(ecs, service, task, at)).collect();
    let mut shape = json!({
        "taskArn": ecs.task_arn(&spec.cluster, task.id),
        "clusterArn": ecs.cluster_arn(&spec.cluster),
        "taskDefinitionArn": ecs.revision_task_definition(&task.revision),
        "group": group(service),
        "lastStatus": task.phase.name(),
        "desiredStatus": if task.stopping { "STOPPED" } else { "RUNNING" },
        "healthStatus": "UNKNOWN",
        "connectivity": "CONNECTED",
        "cpu": workload.cpu_units.to_string(),
        "memory": (2 * workload.cpu_units).to_string(),
        "version": task.version,
        "containers": containers,
        "attachments": [],
        "overrides": { "containerOverrides": [], "inferenceAcceleratorOverrides": [] },
    });
    let mut optional = vec![
        ("startedBy", started_by(service, task).map(|by| json!(by))),
        ("createdAt", task.visible_created_at().map(|at| at.to_json())),
        ("startedAt", task.started_at.map(|at| at.to_json())),
        ("stoppingAt", task.stopping_at.map(|at| at.to_json())),
        ("stoppedAt", task.stopped_at.map(|at| at.to_json())),
        ("stopCode", task.stop_cause.as_ref().map(|cause| json!(cause.code))),
        ("stoppedReason", task.stop_cause.as_ref().map(|cause| json!(cause.reason))),
    ];
    let launch_type = spec.launch.of_tasks();
    let provider = match &spec.launch {
        Launch::Type(_) => None,
        Launch::CapacityProviders(names) => names.first(),
    };
    optional.push(("launchType", Some(json!(launch_type))));
    optional.push(("capacityProviderName", provider.map(|name| json!(name))));
    if launch_type == "FARGATE" && task.phase != Phase::Provisioning {
        optional.push(("platformVersion", Some(json!("1.4.0"))));
        optional.push(("platformFamily", Some(json!("Linux"))));
    }
    if let Some(members) = shape.as_object_mut() {
        for (name, value) in optional {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        }
    }
    shape
}

/// The container at a place in the task definition. The first is the one that ends when the task does.
fn container(ecs: &Ecs, service: &Service, task: &Task, at: usize) -> Value {
    let cluster = &service.spec.cluster;
    let definition = &task.revision.workload.containers[at];
    let suffix = if at == 0 { String::new() } else { format!("-{at}") };
    let id = format!("container/{cluster}/{:032x}{suffix}", task.id);
    let mut shape = json!({
        "containerArn": ecs.identity.ecs_arn(&id),
        "taskArn": ecs.task_arn(cluster, task.id),
        "name": definition.name,
        "image": definition.image,
        "lastStatus": task.phase.name(),
        "healthStatus": "UNKNOWN",
    });
    if let Some(digest) = images::digest(&ecs.ecr, task, at) {
        shape["imageDigest"] = json!(digest);
    }
    if let Some((code, reason)) = task.container_end() {
        shape["exitCode"] = json!(code);
        if let Some(reason) = reason.filter(|_| at == 0) {
            shape["reason"] = json!(reason);
        }
    }
    shape
}

/// `group`: what keeps the task, or what whoever ran it says.
fn group(service: &Service) -> String {
    match &service.standalone {
        Some(standalone) => standalone.group.clone(),
        None => format!("service:{}", service.spec.name),
    }
}

/// `startedBy`: the deployment, or what whoever ran the task says.
pub(crate) fn started_by(service: &Service, task: &Task) -> Option<String> {
    match &service.standalone {
        Some(standalone) => standalone.started_by.clone(),
        None => Some(deployment_name(task.deployment)),
    }
}
