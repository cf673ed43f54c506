//! Single operations: their shapes, their errors, and what they leave out.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::*;
use crate::simulator::{Options, Outcome, ServiceSpec, Simulator};

#[tokio::test(start_paused = true)]
async fn unknown_services_and_clusters_are_told_apart() {
    let sim = with_service(|s| s);
    let input = json!({ "cluster": "prd", "services": ["api", "gone"] });
    let answer = ok(&sim, "DescribeServices", input).await;
    assert_eq!(answer["services"].as_array().unwrap().len(), 1);
    let arn = "arn:aws:ecs:eu-central-1:123456789012:service/prd/gone";
    assert_eq!(answer["failures"], json!([{ "arn": arn, "reason": "MISSING" }]));
    let answer = call(&sim, "ListTasks", json!({ "cluster": "gone" })).await;
    assert_eq!((answer.status, answer.code()), (400, "ClusterNotFoundException"));
    sim.add_service(ServiceSpec::new("dev", "api"));
    let elsewhere = json!({ "cluster": "dev", "services": [sim.service("prd", "api").arn] });
    assert_eq!(ok(&sim, "DescribeServices", elsewhere).await["failures"][0]["reason"], "MISSING");
    let input = json!({ "cluster": "prd", "service": "gone", "forceNewDeployment": true });
    let answer = call(&sim, "UpdateService", input).await;
    assert_eq!(answer.code(), "ServiceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_is_not_simulated_is_refused_and_logged() {
    let sim = simulator();
    let answer = call(&sim, "RunTask", json!({})).await;
    assert_eq!((answer.status, answer.code()), (400, "UnknownOperationException"));
    let calls = sim.calls();
    assert_eq!(calls[0].operation, "RunTask");
    assert_eq!(calls[0].outcome, Outcome::Error("UnknownOperationException".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn the_log_says_what_each_call_was_about() {
    let sim = with_service(|s| s);
    let arn = sim.service("prd", "api").arn;
    let input = json!({ "cluster": "prd", "services": [arn, "web"] });
    ok(&sim, "DescribeServices", input.clone()).await;
    let calls = sim.calls();
    assert_eq!(calls[0].resources, ["prd/api", "prd/web"]);
    assert_eq!((calls[0].item_count, &calls[0].request), (2, &input));
    assert_eq!(sim.count("DescribeServices"), 1);
    sim.clear_calls();
    assert_eq!((sim.count("DescribeServices"), sim.calls().len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn other_controllers_refuse_a_forced_deployment() {
    let code_deploy = "Cannot force a new deployment on services with a CODE_DEPLOY deployment \
                       controller. Use AWS CodeDeploy to trigger a new deployment.";
    let external =
        "Cannot force a new deployment on services with a EXTERNAL deployment controller.";
    for (controller, message) in [("CODE_DEPLOY", code_deploy), ("EXTERNAL", external)] {
        let sim = with_service(|s| s.controller(controller));
        let input = json!({ "cluster": "prd", "service": "api", "forceNewDeployment": true });
        let answer = call(&sim, "UpdateService", input).await;
        assert_eq!(answer.code(), "InvalidParameterException");
        assert_eq!(answer.message(), message);
        let service = describe(&sim).await;
        assert_eq!(service["deployments"], json!([]));
        assert_eq!(service["taskSets"].as_array().unwrap().len(), 1);
        assert_eq!(sim.started_deployments("prd", "api"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn members_that_a_real_service_lacks_are_lacking() {
    let plain = describe(&with_service(|s| s)).await;
    assert_eq!(plain.get("deploymentController"), None);
    assert_eq!(plain["deploymentConfiguration"].get("strategy"), None);
    assert_eq!(plain["deploymentConfiguration"].get("deploymentCircuitBreaker"), None);
    assert_eq!(plain.get("capacityProviderStrategy"), None);
    assert_eq!((plain.get("tags"), &plain["launchType"]), (None, &json!("FARGATE")));
    let spot = describe(&with_service(|s| s.capacity_providers(&["FARGATE_SPOT"]))).await;
    assert_eq!(spot.get("launchType"), None);
    assert_eq!(spot["capacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT");
    let sim = with_service(|s| s);
    sim.set_rollout_state_raw("prd", "api", Some(""));
    assert_eq!(primary(&describe(&sim).await).get("rolloutState"), None);
    sim.set_rollout_state_raw("prd", "api", Some("PAUSED"));
    assert_eq!(primary(&describe(&sim).await)["rolloutState"], "PAUSED");
    sim.set_rollout_state_raw("prd", "api", None);
    assert_eq!(primary(&describe(&sim).await)["rolloutState"], "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn tags_come_only_when_asked_for_and_never_on_short_arns() {
    let sim = with_service(|s| s.tag("team", "red"));
    sim.tag_service("prd", "api", "refresh", "weekly");
    sim.untag_service("prd", "api", "team");
    let input = json!({ "cluster": "prd", "services": ["api"], "include": ["TAGS"] });
    let service = ok(&sim, "DescribeServices", input).await["services"][0].clone();
    assert_eq!(service["tags"], json!([{ "key": "refresh", "value": "weekly" }]));
    let tags =
        json!({ "resourceArn": service["serviceArn"], "tags": [{ "key": "a", "value": "b" }] });
    ok(&sim, "TagResource", tags).await;
    let arn = json!({ "resourceArn": service["serviceArn"] });
    let listed = ok(&sim, "ListTagsForResource", arn).await;
    assert_eq!(listed["tags"].as_array().unwrap().len(), 2);
    let short = with_service(|s| s.short_arn(true));
    let arn = short.service("prd", "api").arn;
    assert!(arn.ends_with(":service/api"));
    let tags = json!({ "resourceArn": arn, "tags": [{ "key": "a", "value": "b" }] });
    assert_eq!(call(&short, "TagResource", tags).await.code(), "InvalidParameterException");
}

#[tokio::test(start_paused = true)]
async fn task_ages_and_hidden_creation_times_show_in_describe_tasks() {
    let sim = with_service(|s| s.task_ages(vec![HOUR, 3 * HOUR]));
    let view = sim.service("prd", "api");
    let span = |a, b| -> Duration { std::time::SystemTime::duration_since(&a, b).unwrap() };
    let ages: Vec<_> = view.tasks.iter().map(|t| t.created_at.unwrap()).collect();
    assert_eq!(span(ages[0], ages[1]), 2 * HOUR);
    assert_eq!(view.primary().unwrap().created_at, ages[1]);
    sim.hide_created_at("prd", "api", true);
    let input = json!({ "cluster": "prd", "tasks": [view.tasks[0].id] });
    let task = ok(&sim, "DescribeTasks", input).await["tasks"][0].clone();
    assert_eq!((task["lastStatus"].as_str(), task.get("createdAt")), (Some("RUNNING"), None));
}

#[tokio::test(start_paused = true)]
async fn a_service_is_created_from_a_registered_task_definition() {
    let sim = simulator();
    ok(&sim, "CreateCluster", json!({ "clusterName": "prd" })).await;
    let definition =
        json!({ "family": "web", "containerDefinitions": [{ "name": "web", "image": "web:1" }] });
    ok(&sim, "RegisterTaskDefinition", definition).await;
    let input = json!({
        "cluster": "prd", "serviceName": "api", "taskDefinition": "web", "desiredCount": 2,
        "launchType": "FARGATE",
    });
    let created = ok(&sim, "CreateService", input.clone()).await["service"].clone();
    assert_eq!(primary(&created)["rolloutState"], "IN_PROGRESS");
    assert_eq!(call(&sim, "CreateService", input).await.code(), "InvalidParameterException");
    pass(120).await;
    let service = describe(&sim).await;
    assert_eq!(
        (&service["runningCount"], &primary(&service)["rolloutState"]),
        (&json!(2), &json!("COMPLETED"))
    );
    ok(&sim, "DeregisterTaskDefinition", json!({ "taskDefinition": "web:1" })).await;
    let described = ok(&sim, "DescribeTaskDefinition", json!({ "taskDefinition": "web:1" })).await;
    assert_eq!(described["taskDefinition"]["status"], "INACTIVE");
}

#[tokio::test(start_paused = true)]
async fn reads_show_the_state_before_an_update_for_a_while() {
    let options = Options { stale_reads: Duration::from_secs(10), ..Options::default() };
    let sim = Simulator::new(time_source(), options);
    sim.add_service(ServiceSpec::new("prd", "api").desired(2));
    let tasks = json!({ "cluster": "prd" });
    let (before, listed) = (describe(&sim).await, ok(&sim, "ListTasks", tasks.clone()).await);
    force(&sim).await;
    assert_eq!(describe(&sim).await, before);
    pass(9).await;
    sim.deploy("prd", "api", false);
    assert_eq!(describe(&sim).await, before);
    assert_eq!(ok(&sim, "ListTasks", tasks.clone()).await, listed);
    pass(1).await;
    let newest = sim.service("prd", "api").primary().unwrap().id.clone();
    assert_eq!(primary(&describe(&sim).await)["id"], newest);
    let now: Value = ok(&sim, "ListTasks", tasks).await;
    assert_eq!(now["taskArns"].as_array().unwrap().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_task_stopped_by_a_user_says_so() {
    let sim = with_service(|s| s);
    let task = sim.service("prd", "api").tasks[0].arn.clone();
    let input = json!({ "cluster": "prd", "task": task });
    let stopped = ok(&sim, "StopTask", input).await["task"].clone();
    assert_eq!(stopped["stopCode"], "UserInitiated");
    assert_eq!(stopped["lastStatus"], "STOPPING");
}

#[tokio::test(start_paused = true)]
async fn another_task_definition_starts_a_deployment_and_old_tasks_keep_theirs() {
    let sim = with_service(|s| s);
    let definition = json!({ "family": "web", "containerDefinitions": [{ "name": "web" }] });
    ok(&sim, "RegisterTaskDefinition", definition).await;
    let input = json!({ "cluster": "prd", "service": "api", "taskDefinition": "web:1" });
    let service = ok(&sim, "UpdateService", input.clone()).await["service"].clone();
    assert_eq!(service["deployments"].as_array().unwrap().len(), 2);
    let view = sim.service("prd", "api");
    let tasks: Vec<&String> = view.tasks.iter().map(|task| &task.arn).collect();
    let described = json!({ "cluster": "prd", "tasks": tasks });
    let tasks = ok(&sim, "DescribeTasks", described).await["tasks"].clone();
    let definitions: Vec<&str> =
        [0, 1].iter().map(|n| tasks[*n]["taskDefinitionArn"].as_str().unwrap()).collect();
    assert!(definitions[0].ends_with("/api:1") && definitions[1].ends_with("/web:1"));
    pass(600).await;
    let same = ok(&sim, "UpdateService", input).await["service"].clone();
    assert_eq!(same["deployments"].as_array().unwrap().len(), 1, "nothing changed");
    assert_eq!(sim.started_deployments("prd", "api"), 0);
    ok(&sim, "DeregisterTaskDefinition", json!({ "taskDefinition": "api:1" })).await;
    let input = json!({ "cluster": "prd", "service": "api", "taskDefinition": "api:1" });
    assert_eq!(call(&sim, "UpdateService", input).await.message(), "TaskDefinition is inactive");
}
