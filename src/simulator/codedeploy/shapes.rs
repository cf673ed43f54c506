//! What the API shows of deployments and deployment groups.

use serde_json::{Map, Value, json};

use super::CodeDeploy;
use super::applications::Group;
use super::deployment::{Deployment, Rollback, Status, Terms};
use super::revision::Location;

/// `DeploymentInfo`. The content of an AppSpec is never told here, only its hash.
pub(crate) fn deployment(code_deploy: &CodeDeploy, deployment: &Deployment) -> Value {
    let group = code_deploy.applications.get(&deployment.application);
    let group = group.and_then(|application| application.groups.get(&deployment.group));
    let terms = &deployment.terms;
    let mut shape = json!({
        "applicationName": deployment.application,
        "deploymentGroupName": deployment.group,
        "deploymentConfigName": terms.config,
        "deploymentId": deployment.id,
        "status": deployment.status.name(),
        "createTime": deployment.created_at.to_json(),
        "deploymentOverview": overview(deployment.status),
        "creator": deployment.creator.name(),
        "ignoreApplicationStopFailures": false,
        "autoRollbackConfiguration": auto_rollback(terms),
        "updateOutdatedInstancesOnly": false,
        "rollbackInfo": rollback(deployment),
        "deploymentStyle": style(),
        "instanceTerminationWaitTimeStarted": deployment.course.termination_began,
        "blueGreenDeploymentConfiguration": blue_green(terms),
        "fileExistsBehavior": "DISALLOW",
        "deploymentStatusMessages": [],
        "computePlatform": "ECS",
    });
    let problem = deployment.problem.as_ref();
    let problem = problem.map(|p| json!({ "code": p.code, "message": p.message }));
    insert(
        &mut shape,
        [
            ("revision", location(&deployment.revision)),
            ("previousRevision", location(&deployment.previous)),
            ("description", deployment.description.as_ref().map(|text| json!(text))),
            ("startTime", deployment.started_at.map(|at| at.to_json())),
            ("completeTime", deployment.completed_at.map(|at| at.to_json())),
            ("errorInformation", problem),
            ("loadBalancerInfo", group.map(|group| load_balancer(code_deploy, group))),
        ],
    );
    shape
}

/// `DeploymentGroupInfo`.
pub(crate) fn group(code_deploy: &CodeDeploy, application: &str, group: &Group) -> Value {
    let account = &code_deploy.identity.account;
    let alarms = group.terms.alarms.iter().map(|name| json!({ "name": name }));
    let mut shape = json!({
        "applicationName": application,
        "deploymentGroupId": group.id,
        "deploymentGroupName": group.name,
        "deploymentConfigName": group.terms.config,
        "ec2TagFilters": [],
        "onPremisesInstanceTagFilters": [],
        "autoScalingGroups": [],
        "serviceRoleArn": format!("arn:aws:iam::{account}:role/CodeDeployRole"),
        "triggerConfigurations": [],
        "alarmConfiguration": {
            "enabled": !group.terms.alarms.is_empty(),
            "ignorePollAlarmFailure": false,
            "alarms": alarms.collect::<Vec<Value>>(),
        },
        "autoRollbackConfiguration": auto_rollback(&group.terms),
        "deploymentStyle": style(),
        "outdatedInstancesStrategy": "UPDATE",
        "blueGreenDeploymentConfiguration": blue_green(&group.terms),
        "loadBalancerInfo": load_balancer(code_deploy, group),
        "computePlatform": "ECS",
        "ecsServices": [{ "serviceName": group.service, "clusterName": group.cluster }],
        "terminationHookEnabled": false,
    });
    let last = |index: Option<usize>| index.map(|index| last(&code_deploy.deployments[index]));
    insert(
        &mut shape,
        [
            ("targetRevision", location(&group.target_revision)),
            ("lastSuccessfulDeployment", last(group.last_successful)),
            ("lastAttemptedDeployment", last(group.last_attempted)),
        ],
    );
    shape
}

/// The names of a group's two target groups.
pub(crate) fn target_group_names(service: &str) -> [String; 2] {
    [service.to_owned(), format!("{service}-2")]
}

fn last(deployment: &Deployment) -> Value {
    let mut shape = json!({
        "deploymentId": deployment.id,
        "status": deployment.status.name(),
        "createTime": deployment.created_at.to_json(),
    });
    insert(&mut shape, [("endTime", deployment.completed_at.map(|at| at.to_json()))]);
    shape
}

fn location(location: &Option<Location>) -> Option<Value> {
    location.as_ref().map(|location| location.describe(None))
}

/// A deployment to Amazon ECS has one target.
fn overview(status: Status) -> Value {
    let count = |statuses: &[Status]| u32::from(statuses.contains(&status));
    json!({
        "Pending": count(&[Status::Created]),
        "InProgress": count(&[Status::InProgress, Status::Baking]),
        "Succeeded": count(&[Status::Succeeded]),
        "Failed": count(&[Status::Failed]),
        "Skipped": count(&[Status::Stopped]),
        "Ready": count(&[Status::Ready]),
    })
}

fn rollback(deployment: &Deployment) -> Value {
    match &deployment.rollback {
        None => json!({}),
        Some(Rollback::By(id)) => json!({
            "rollbackDeploymentId": id,
            "rollbackMessage": format!("The deployment is rolled back by {id}."),
        }),
        Some(Rollback::Of(id)) => json!({
            "rollbackTriggeringDeploymentId": id,
            "rollbackMessage": format!("The deployment rolls {id} back."),
        }),
    }
}

fn auto_rollback(terms: &Terms) -> Value {
    json!({ "enabled": terms.auto_rollback.enabled, "events": terms.auto_rollback.events })
}

fn style() -> Value {
    json!({ "deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL" })
}

fn blue_green(terms: &Terms) -> Value {
    let ready = match terms.ready_wait_minutes {
        None => json!({ "actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0 }),
        Some(minutes) => {
            json!({ "actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": minutes })
        }
    };
    json!({
        "terminateBlueInstancesOnDeploymentSuccess": {
            "action": "TERMINATE",
            "terminationWaitTimeInMinutes": terms.termination_wait_minutes,
        },
        "deploymentReadyOption": ready,
    })
}

fn load_balancer(code_deploy: &CodeDeploy, group: &Group) -> Value {
    let listener = |port: u32| {
        let listener = format!("listener/app/{}/0123456789abcdef/{port}", group.service);
        let arn = code_deploy.identity.arn("elasticloadbalancing", &listener);
        json!({ "listenerArns": [arn] })
    };
    let groups = target_group_names(&group.service).map(|name| json!({ "name": name }));
    let mut pair = json!({ "targetGroups": groups, "prodTrafficRoute": listener(443) });
    if group.test_listener {
        pair["testTrafficRoute"] = listener(8443);
    }
    json!({ "targetGroupPairInfoList": [pair] })
}

/// Adds the members that there are.
pub(crate) fn insert<const N: usize>(shape: &mut Value, optional: [(&str, Option<Value>); N]) {
    let mut none = Map::new();
    let members = shape.as_object_mut().unwrap_or(&mut none);
    for (name, value) in optional {
        members.extend(value.map(|value| (name.to_owned(), value)));
    }
}
