//! What the API shows of task sets.

use serde_json::{Value, json};

use super::{TaskSet, status, wanted};
use crate::simulator::ecs::Ecs;
use crate::simulator::ecs::deployment::Deployment;
use crate::simulator::ecs::service::Service;
use crate::simulator::ecs::service_shape::{insert_launch, members, pending, target_groups};
use crate::simulator::ecs::task::Phase;

/// The `taskSets` of a service, the PRIMARY first.
pub(crate) fn describe(ecs: &Ecs, service: &Service) -> Vec<Value> {
    let sets = service.deployments.iter().enumerate();
    sets.filter_map(|(position, deployment)| {
        let set = deployment.task_set.as_ref()?;
        Some(describe_one(ecs, service, deployment, set, status(position, deployment)))
    })
    .collect()
}

fn describe_one(
    ecs: &Ecs,
    service: &Service,
    deployment: &Deployment,
    set: &TaskSet,
    status: &str,
) -> Value {
    let (id, name) = (Some(deployment.id), deployment.name());
    let (cluster, of) = (&service.spec.cluster, &service.spec.name);
    let groups = target_groups(service);
    let balancers: Vec<Value> =
        groups.get(usize::from(set.alternate)).into_iter().cloned().collect();
    let mut shape = json!({
        "id": name,
        "taskSetArn": ecs.identity.ecs_arn(&format!("task-set/{cluster}/{of}/{name}")),
        "serviceArn": ecs.service_arn(service),
        "clusterArn": ecs.cluster_arn(cluster),
        "status": status,
        "taskDefinition": ecs.revision_task_definition(&deployment.revision),
        "computedDesiredCount": wanted(service, deployment),
        "pendingCount": service.count(id, pending),
        "runningCount": service.count(id, |task| task.phase == Phase::Running),
        "createdAt": deployment.created_at.to_json(),
        "updatedAt": deployment.updated_at.to_json(),
        "scale": { "value": 100.0, "unit": "PERCENT" },
        "stabilityStatus": if set.stable { "STEADY_STATE" } else { "STABILIZING" },
        "stabilityStatusAt": set.stable_at.to_json(),
        "loadBalancers": balancers,
        "serviceRegistries": [],
        "tags": [],
    });
    let members = members(&mut shape);
    if let Some(deployment) = &set.external_id {
        members.insert("startedBy".to_owned(), json!("CODE_DEPLOY"));
        members.insert("externalId".to_owned(), json!(deployment));
    }
    insert_launch(members, service);
    if members.contains_key("platformVersion") {
        // LATEST is shown as what it was when the set was made.
        let version = set.platform_version.as_deref().filter(|version| *version != "LATEST");
        members.insert("platformVersion".to_owned(), json!(version.unwrap_or("1.4.0")));
    }
    shape
}
