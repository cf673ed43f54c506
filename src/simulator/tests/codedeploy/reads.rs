//! What can be read of applications, groups and deployments, and what is refused.

use aws_sdk_codedeploy::types::{DeploymentStatus, TimeRange};
use aws_smithy_types::DateTime;
use serde_json::{Value, json};

use super::*;
use crate::simulator::{Fault, FaultRule, Options, ServiceSpec, TrafficRouting};

/// Calls an operation in AWS JSON.
async fn call(sim: &Simulator, operation: &str, input: Value) -> Answer {
    call_target(sim, &format!("CodeDeploy_20141006.{operation}"), input).await
}

#[tokio::test(start_paused = true)]
async fn a_group_tells_what_it_deploys_and_how() {
    let routing = TrafficRouting::Linear { percent: 20, minutes: 2 };
    let sim = deployed(|group| {
        let group = group.traffic(routing).termination_wait(90).ready_wait(15);
        group.alarms(&["errors"]).auto_rollback(&["DEPLOYMENT_FAILURE"])
    });
    let groups = client(&sim).batch_get_deployment_groups().application_name("shop");
    let groups = groups.deployment_group_names("api").deployment_group_names("ghost");
    let groups = groups.send().await.unwrap();
    assert!(groups.error_message().unwrap().contains("ghost"));
    let [group] = groups.deployment_groups_info() else { panic!("{groups:?}") };
    let service = &group.ecs_services()[0];
    assert_eq!((service.cluster_name(), service.service_name()), (Some("prd"), Some("api")));
    assert_eq!(group.compute_platform().unwrap().as_str(), "ECS");
    let terms = group.blue_green_deployment_configuration().unwrap();
    let blue = terms.terminate_blue_instances_on_deployment_success().unwrap();
    assert_eq!(blue.termination_wait_time_in_minutes(), 90);
    let ready = terms.deployment_ready_option().unwrap();
    assert_eq!(ready.action_on_timeout().unwrap().as_str(), "STOP_DEPLOYMENT");
    assert_eq!(ready.wait_time_in_minutes(), 15);
    assert_eq!(group.alarm_configuration().unwrap().alarms()[0].name(), Some("errors"));
    assert!(group.auto_rollback_configuration().unwrap().enabled());
    let name = group.deployment_config_name().unwrap();
    let config = client(&sim).get_deployment_config().deployment_config_name(name).send().await;
    let config = config.unwrap().deployment_config_info().unwrap().clone();
    let linear = config.traffic_routing_config().unwrap().time_based_linear().unwrap().clone();
    assert_eq!((linear.linear_percentage(), linear.linear_interval()), (20, 2));
    let last = group.last_successful_deployment().unwrap();
    assert_eq!(last.deployment_id(), Some(makers(&sim).await[0].0.as_str()));
    assert!(last.create_time() <= last.end_time());
    let applications = client(&sim).list_applications().send().await.unwrap();
    assert_eq!(applications.applications(), ["shop"]);
    let groups = client(&sim).list_deployment_groups().application_name("shop").send().await;
    assert_eq!(groups.unwrap().deployment_groups(), ["api"]);
}

#[tokio::test(start_paused = true)]
async fn deployments_are_listed_newest_first_and_by_what_is_asked_for() {
    let sim = deployed(|group| group);
    sim.add_service(ServiceSpec::new("prd", "web").code_deploy(CodeDeploySpec::new("shop", "web")));
    let old = makers(&sim).await[0].0.clone();
    let id = redeploy(&sim).await;
    let created = info(&sim, &id).await.create_time().unwrap().secs();
    let list = || {
        let request = client(&sim).list_deployments();
        request.application_name("shop").deployment_group_name("api")
    };
    let range = |start: Option<i64>, end: Option<i64>| {
        let time = |at: Option<i64>| at.map(DateTime::from_secs);
        TimeRange::builder().set_start(time(start)).set_end(time(end)).build()
    };
    let open = list().include_only_statuses(DeploymentStatus::Created);
    let open = open.include_only_statuses(DeploymentStatus::InProgress);
    let cases = [
        (list(), vec![&id, &old]),
        (open, vec![&id]),
        (list().include_only_statuses(DeploymentStatus::Succeeded), vec![&old]),
        (list().create_time_range(range(Some(created), None)), vec![&id]),
        (list().create_time_range(range(None, Some(created - 1))), vec![&old]),
        (list().create_time_range(range(Some(created - 9), Some(created - 1))), vec![]),
        (list().external_id("stack"), vec![]),
    ];
    for (request, expected) in cases {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.deployments().iter().collect::<Vec<_>>(), expected);
    }
    let all = client(&sim).list_deployments().send().await.unwrap();
    assert_eq!(all.deployments().len(), 3);
    let error = list().create_time_range(range(Some(2), Some(1))).send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_time_range_exception());
}

#[tokio::test(start_paused = true)]
async fn long_lists_come_in_pages() {
    let sim = deployed(|group| group);
    for _ in 0..120 {
        sim.code_deploy("prd", "api", false);
        pass(1).await;
        sim.stop_code_deploy("prd", "api", false);
    }
    let pages = client(&sim).list_deployments().into_paginator().send();
    let pages = pages.collect::<Result<Vec<_>, _>>().await.unwrap();
    let sizes: Vec<usize> = pages.iter().map(|page| page.deployments().len()).collect();
    assert_eq!(sizes, [100, 21]);
    let batch = client(&sim).batch_get_deployments();
    let ids = pages[0].deployments();
    let batch = batch.set_deployment_ids(Some(ids[..25].to_vec())).send().await.unwrap();
    assert_eq!(batch.deployments_info().len(), 25);
    let answer = call(&sim, "ListDeployments", json!({ "nextToken": "x" })).await;
    assert_eq!(answer.code(), "InvalidNextTokenException");
}

async fn check_errors(sim: &Simulator, cases: &[(&str, Value, &str)]) {
    for (operation, input, code) in cases {
        let answer = call(sim, operation, input.clone()).await;
        assert_eq!((answer.status, answer.code()), (400, *code), "{operation} {input}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_told_by_its_code() {
    let sim = deployed(|group| group);
    let id = sim.code_deploy("prd", "api", false);
    let unknown = json!({ "deploymentId": "d-000000000" });
    let revision =
        json!({ "revisionType": "AppSpecContent", "appSpecContent": { "content": "x" } });
    let ghost = json!({ "applicationName": "x", "deploymentGroupName": "api" });
    let group = json!({ "applicationName": "shop", "deploymentGroupName": "x" });
    let of_shop = json!({ "applicationName": "shop", "revision": revision });
    let target = json!({ "deploymentId": id, "targetId": "prd:api" });
    let cases = [
        ("GetDeployment", unknown.clone(), "DeploymentDoesNotExistException"),
        ("StopDeployment", unknown, "DeploymentDoesNotExistException"),
        ("ListDeploymentGroups", ghost.clone(), "ApplicationDoesNotExistException"),
        ("CreateDeployment", ghost, "ApplicationDoesNotExistException"),
        ("GetDeploymentGroup", group, "DeploymentGroupDoesNotExistException"),
        ("GetDeploymentTarget", target.clone(), "DeploymentNotStartedException"),
        ("GetApplicationRevision", of_shop, "RevisionDoesNotExistException"),
        (
            "GetDeploymentConfig",
            json!({ "deploymentConfigName": "x" }),
            "DeploymentConfigDoesNotExistException",
        ),
        ("CreateApplication", json!({}), "UnknownOperationException"),
    ];
    check_errors(&sim, &cases).await;
    pass(5).await;
    assert_eq!(call(&sim, "GetDeploymentTarget", target).await.status, 200);
    let other = json!({ "deploymentId": id, "targetId": "prd:web" });
    let cases = [("GetDeploymentTarget", other, "DeploymentTargetDoesNotExistException")];
    check_errors(&sim, &cases).await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_meant_is_told_by_its_code() {
    let sim = deployed(|group| group);
    let many: Vec<String> = (0..26).map(|at| format!("d-0000000{at:02}")).collect();
    let list = "ListDeployments";
    let restart = json!({
        "applicationName": "shop", "deploymentGroupName": "api", "deploymentMode": "RESTART",
    });
    let cases = [
        ("GetDeployment", json!({}), "DeploymentIdRequiredException"),
        ("GetDeployment", json!({ "deploymentId": "x" }), "InvalidDeploymentIdException"),
        ("BatchGetDeployments", json!({ "deploymentIds": many }), "BatchLimitExceededException"),
        ("BatchGetDeployments", json!({}), "DeploymentIdRequiredException"),
        (list, json!({ "applicationName": "shop" }), "DeploymentGroupNameRequiredException"),
        (list, json!({ "deploymentGroupName": "api" }), "ApplicationNameRequiredException"),
        (list, json!({ "includeOnlyStatuses": ["Done"] }), "InvalidDeploymentStatusException"),
        (
            "CreateDeployment",
            json!({ "deploymentGroupName": "api" }),
            "ApplicationNameRequiredException",
        ),
        ("CreateDeployment", restart, "InvalidInputException"),
    ];
    check_errors(&sim, &cases).await;
}

#[tokio::test(start_paused = true)]
async fn a_group_deploys_one_thing_at_a_time() {
    let sim = deployed(|group| group);
    let text = text_of(&sim, &makers(&sim).await[0].0).await;
    let id = create(&sim, &text).await;
    let request = client(&sim).create_deployment().application_name("shop");
    let request = request.deployment_group_name("api").revision(of_text(&text));
    let error = request.clone().send().await.unwrap_err().into_service_error();
    assert!(error.is_deployment_limit_exceeded_exception());
    let expected = format!("The Deployment Group 'api' already has an active Deployment '{id}'");
    assert_eq!(error.meta().message(), Some(expected.as_str()));
    pass(5 * MINUTE).await;
    assert!(request.clone().send().await.is_err(), "it waits still");
    pass(5 * MINUTE).await;
    assert!(request.send().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn task_sets_can_be_described_by_themselves() {
    let sim = deployed(|group| group);
    redeploy(&sim).await;
    pass(10).await;
    let [blue, green] = task_sets(&sim).await.try_into().unwrap();
    let request = || ecs(&sim).describe_task_sets().cluster("prd").service("api");
    assert_eq!(request().send().await.unwrap().task_sets().len(), 2);
    let asked = request().task_sets(blue.id().unwrap()).task_sets(green.task_set_arn().unwrap());
    let answer = asked.task_sets("ecs-svc/1").send().await.unwrap();
    assert_eq!(answer.task_sets(), [blue, green]);
    assert_eq!(answer.failures()[0].reason(), Some("MISSING"));
    let sim = with_service(|s| s);
    let answer = ecs(&sim).describe_task_sets().cluster("prd").service("api").send().await;
    assert!(answer.unwrap_err().into_service_error().is_invalid_parameter_exception());
}

#[tokio::test(start_paused = true)]
async fn faults_hit_these_calls_too() {
    let sim = deployed(|group| group);
    let text = text_of(&sim, &makers(&sim).await[0].0).await;
    sim.inject(FaultRule::new("CreateDeployment", Fault::AccessDenied).on("shop/api").times(1));
    let request = client(&sim).create_deployment().application_name("shop");
    let request = request.deployment_group_name("api").revision(of_text(&text));
    let denied = request.clone().send().await.unwrap_err().into_service_error();
    assert_eq!(denied.meta().code(), Some("AccessDeniedException"));
    assert!(denied.meta().message().unwrap().contains("codedeploy:CreateDeployment"));
    assert_eq!(sim.started_code_deploys("prd", "api"), 0);
    sim.inject(FaultRule::new("CreateDeployment", Fault::LoseReply).times(1));
    let lost = tokio::time::timeout(HOUR, request.send()).await;
    assert!(lost.is_err());
    assert_eq!(sim.started_code_deploys("prd", "api"), 1);
    assert_eq!(sim.calls().last().unwrap().resources, ["shop/api"]);
}

#[tokio::test(start_paused = true)]
async fn reads_may_show_the_task_sets_of_before() {
    let options = Options { stale_reads: HOUR / 60, ..Options::default() };
    let sim = Simulator::new(time_source(), options);
    let spec = ServiceSpec::new("prd", "api").code_deploy(CodeDeploySpec::new("shop", "api"));
    sim.add_service(spec);
    redeploy(&sim).await;
    pass(10).await;
    assert_eq!(sim.service("prd", "api").deployments.len(), 2);
    assert_eq!(task_sets(&sim).await.len(), 1);
    pass(60).await;
    assert_eq!(task_sets(&sim).await.len(), 2);
}
