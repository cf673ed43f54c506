//! What DescribeServices shows of a service. Members that a real service lacks are lacking here.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::Ecs;
use super::configuration;
use super::deployment::{Counts, Deployment, ServiceDeployment};
use super::service::Service;
use super::spec::Launch;
use super::task::{Phase, Task};
use super::task_sets;
use crate::simulator::elbv2;
use crate::simulator::moment::Moment;

/// The `service` shape, tags apart.
pub(crate) fn describe(ecs: &Ecs, service: &Service, now: Moment) -> Value {
    let spec = &service.spec;
    let events: Vec<Value> = service
        .events
        .iter()
        .map(|e| json!({ "id": e.id, "createdAt": e.at.to_json(), "message": e.message }))
        .collect();
    let mut shape = json!({
        "serviceArn": ecs.service_arn(service),
        "serviceName": spec.name,
        "clusterArn": ecs.cluster_arn(&spec.cluster),
        "status": service.status.name(),
        "desiredCount": service.desired,
        "runningCount": service.count(None, |t| t.phase == Phase::Running),
        "pendingCount": service.count(None, pending),
        "deploymentConfiguration": configuration::describe(spec),
        "loadBalancers": load_balancers(service),
        "serviceRegistries": [],
        "events": events,
        "createdAt": service.created_at.to_json(),
        "placementConstraints": [],
        "placementStrategy": [],
        "schedulingStrategy": "REPLICA",
        "enableECSManagedTags": false,
        "propagateTags": "NONE",
        "enableExecuteCommand": false,
        "availabilityZoneRebalancing": "DISABLED",
    });
    let members = members(&mut shape);
    if service.controlled_by_ecs() {
        members.insert("deployments".to_owned(), deployments(ecs, service, now));
    } else {
        members.insert("deployments".to_owned(), json!([]));
        members.insert("taskSets".to_owned(), json!(task_sets::describe(ecs, service)));
    }
    if let Some(revision) = service.revision() {
        let arn = ecs.revision_task_definition(revision);
        members.insert("taskDefinition".to_owned(), json!(arn));
    }
    if let Some(kind) = &spec.controller {
        members.insert("deploymentController".to_owned(), json!({ "type": kind }));
    }
    if let Some(open) = service.history.last().filter(|record| record.open()) {
        let arn = service_deployment_arn(ecs, service, open);
        members.insert("currentServiceDeployment".to_owned(), json!(arn));
        if open.lifecycle.is_some() {
            let revisions = current_revisions(ecs, service, open);
            members.insert("currentServiceRevisions".to_owned(), revisions);
        }
    }
    if let Some(period) = spec.health_check_grace {
        members.insert("healthCheckGracePeriodSeconds".to_owned(), json!(period.as_secs()));
    }
    insert_launch(members, service);
    shape
}

fn current_revisions(ecs: &Ecs, service: &Service, open: &ServiceDeployment) -> Value {
    let counts = Counts::of(service, open);
    let source = open.source.map(|source| (source, counts.source));
    let revisions = [(open.deployment, counts.target)].into_iter().chain(source);
    let shapes = revisions.map(|(deployment, counts)| {
        json!({
            "arn": ecs.revision_arn(service, deployment),
            "requestedTaskCount": counts.requested,
            "runningTaskCount": counts.running,
            "pendingTaskCount": counts.pending,
        })
    });
    shapes.collect()
}

/// The tags as the API lists them.
pub(crate) fn tags<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    tags.into_iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// The ARN of a service deployment.
pub(crate) fn service_deployment_arn(
    ecs: &Ecs,
    service: &Service,
    record: &ServiceDeployment,
) -> String {
    let (cluster, name) = (&service.spec.cluster, &service.spec.name);
    ecs.identity.ecs_arn(&format!("service-deployment/{cluster}/{name}/{}", record.id))
}

/// Adds where the tasks run: `launchType` or `capacityProviderStrategy`, never both.
pub(crate) fn insert_launch(members: &mut Map<String, Value>, service: &Service) {
    match &service.spec.launch {
        Launch::Type(kind) => {
            members.insert("launchType".to_owned(), json!(kind));
        }
        Launch::CapacityProviders(names) => {
            let strategy: Vec<Value> = names
                .iter()
                .map(|name| json!({ "capacityProvider": name, "weight": 1, "base": 0 }))
                .collect();
            members.insert("capacityProviderStrategy".to_owned(), json!(strategy));
        }
    }
    if service.spec.launch.of_tasks() != "FARGATE" {
        return;
    }
    members.insert("platformVersion".to_owned(), json!("LATEST"));
    members.insert("platformFamily".to_owned(), json!("Linux"));
    members.insert("networkConfiguration".to_owned(), network(&service.spec.subnets));
}

/// Whether a task counts as pending: ECS counts everything that is not RUNNING yet.
pub(crate) fn pending(task: &Task) -> bool {
    task.active() && task.phase < Phase::Running
}

fn deployments(ecs: &Ecs, service: &Service, now: Moment) -> Value {
    let mut entries: Vec<Value> = service
        .deployments
        .iter()
        .enumerate()
        .map(|(position, deployment)| deployment_json(ecs, service, deployment, position == 0))
        .collect();
    // The order is not promised. Seeding by the instant keeps it a function of the world alone.
    if let (Some(seed), Some(primary)) = (ecs.shuffle, service.deployments.first()) {
        Rng::with_seed(seed ^ primary.id ^ now.milliseconds()).shuffle(&mut entries);
    }
    entries.into()
}

fn deployment_json(
    ecs: &Ecs,
    service: &Service,
    deployment: &Deployment,
    is_primary: bool,
) -> Value {
    let id = Some(deployment.id);
    let state = match &service.rollout_state_override {
        Some(text) if is_primary => text.as_str(),
        _ => deployment.state.name(),
    };
    let mut shape = json!({
        "id": deployment.name(),
        "status": if is_primary { "PRIMARY" } else { "ACTIVE" },
        "taskDefinition": ecs.revision_task_definition(&deployment.revision),
        "desiredCount": if is_primary { service.desired } else { deployment.wanted },
        "pendingCount": service.count(id, pending),
        "runningCount": service.count(id, |t| t.phase == Phase::Running),
        "failedTasks": deployment.failed_tasks,
        "createdAt": deployment.created_at.to_json(),
        "updatedAt": deployment.updated_at.to_json(),
    });
    let members = members(&mut shape);
    // An empty override stands for the services that report no rollout state at all.
    if !state.is_empty() {
        members.insert("rolloutState".to_owned(), json!(state));
        members.insert("rolloutStateReason".to_owned(), json!(deployment.reason));
    }
    insert_launch(members, service);
    if members.contains_key("platformVersion") {
        members.insert("platformVersion".to_owned(), json!("1.4.0"));
    }
    shape
}

/// The load balancers of task sets: one for each of the two target groups between which they change.
pub(crate) fn target_groups(service: &Service) -> Vec<Value> {
    let Some(arn) = &service.target_group else { return Vec::new() };
    let balancer = |arn: String| {
        json!({
            "targetGroupArn": arn,
            "containerName": service.spec.name,
            "containerPort": 8080,
        })
    };
    let name = &service.spec.name;
    let second = arn.replacen(&format!("/{name}/"), &format!("/{name}-2/"), 1);
    vec![balancer(arn.clone()), balancer(second)]
}

/// One that shifts traffic has a second target group, and a listener rule that it changes.
fn load_balancers(service: &Service) -> Value {
    let Some(arn) = &service.target_group else { return json!([]) };
    let Some(mut balancer) = target_groups(service).into_iter().next() else { return json!([]) };
    if service.spec.shifts_traffic() {
        let prefix = arn.split(":targetgroup/").next().unwrap_or_default();
        let rule = format!("{prefix}:listener-rule/app/{}/1/2/3", service.spec.name);
        balancer["advancedConfiguration"] = json!({
            "alternateTargetGroupArn": elbv2::alternate_of(arn),
            "productionListenerRule": rule,
            "roleArn": "arn:aws:iam::123456789012:role/traffic",
        });
    }
    json!([balancer])
}

fn network(subnets: &[String]) -> Value {
    json!({ "awsvpcConfiguration": {
        "subnets": subnets,
        "securityGroups": ["sg-0a1b2c3d4e5f60718"],
        "assignPublicIp": "DISABLED",
    } })
}

/// The members of a shape that was written as an object.
pub(crate) fn members(shape: &mut Value) -> &mut Map<String, Value> {
    shape.as_object_mut().expect("the shape was written as an object just above")
}
