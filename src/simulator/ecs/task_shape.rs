//! What DescribeTasks shows of a task.

use serde_json::{Value, json};

use super::Ecs;
use super::deployment::deployment_name;
use super::service::Service;
use super::spec::Launch;
use super::task::{Phase, Task};

/// The `task` shape.
pub(crate) fn describe(ecs: &Ecs, service: &Service, task: &Task) -> Value {
    let spec = &service.spec;
    let mut shape = json!({
        "taskArn": ecs.task_arn(&spec.cluster, task.id),
        "clusterArn": ecs.cluster_arn(&spec.cluster),
        "taskDefinitionArn": ecs.revision_task_definition(&task.revision),
        "group": format!("service:{}", spec.name),
        "startedBy": deployment_name(task.deployment),
        "lastStatus": task.phase.name(),
        "desiredStatus": if task.stopping { "STOPPED" } else { "RUNNING" },
        "healthStatus": "UNKNOWN",
        "connectivity": "CONNECTED",
        "cpu": "256",
        "memory": "512",
        "version": task.version,
        "containers": [{
            "containerArn": ecs.identity.ecs_arn(&format!("container/{}/{:032x}", spec.cluster, task.id)),
            "taskArn": ecs.task_arn(&spec.cluster, task.id),
            "name": spec.name,
            "image": format!("{}:latest", task.revision.family),
            "lastStatus": task.phase.name(),
            "healthStatus": "UNKNOWN",
        }],
        "attachments": [],
        "overrides": { "containerOverrides": [], "inferenceAcceleratorOverrides": [] },
    });
    let mut optional = vec![
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
