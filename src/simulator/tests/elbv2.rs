//! Target groups, through the real SDK of Elastic Load Balancing.

use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::error::ProvideErrorMetadata;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use tower::ServiceExt;

use super::support::*;
use crate::simulator::{Fault, FaultRule, ServiceSpec, Simulator};

fn elbv2(sim: &Simulator) -> Client {
    Client::new(&sdk_config(sim))
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// `prd/api` with a target group, and its ARN.
fn balanced(adjust: impl FnOnce(ServiceSpec) -> ServiceSpec) -> (Simulator, String) {
    let sim = with_service(|spec| adjust(spec.load_balancer()));
    let arn = sim.target_group("prd", "api");
    (sim, arn)
}

async fn delay(elbv2: &Client, arn: &str) -> String {
    let asked = elbv2.describe_target_group_attributes().target_group_arn(arn);
    let answer = asked.send().await.unwrap();
    let is_delay = |key| key == Some("deregistration_delay.timeout_seconds");
    let found = answer.attributes().iter().find(|attribute| is_delay(attribute.key())).unwrap();
    found.value().unwrap().to_owned()
}

/// The states of what is registered, in order.
async fn states(elbv2: &Client, arn: &str) -> Vec<String> {
    let answer = elbv2.describe_target_health().target_group_arn(arn).send().await.unwrap();
    let targets = answer.target_health_descriptions().iter();
    let state = |health: &aws_sdk_elasticloadbalancingv2::types::TargetHealth| {
        health.state().unwrap().as_str().to_owned()
    };
    let mut states: Vec<_> = targets.map(|one| state(one.target_health().unwrap())).collect();
    states.sort();
    states
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_a_target_group_and_its_attributes() {
    let (sim, arn) = balanced(|spec| spec.health_checks(seconds(10), 3));
    sim.set_deregistration_delay("prd", "api", seconds(7));
    let elbv2 = elbv2(&sim);
    let answer = elbv2.describe_target_groups().target_group_arns(&arn).send().await.unwrap();
    let [group] = answer.target_groups() else { panic!("{answer:?}") };
    assert_eq!((group.target_group_arn(), group.target_group_name()), (Some(&*arn), Some("api")));
    assert_eq!(group.health_check_interval_seconds(), Some(10));
    assert_eq!(
        (group.healthy_threshold_count(), group.unhealthy_threshold_count()),
        (Some(3), Some(2))
    );
    assert_eq!(group.health_check_enabled(), Some(true));
    assert_eq!(delay(&elbv2, &arn).await, "7");
    let calls: Vec<_> =
        sim.calls().into_iter().map(|call| (call.operation, call.resources)).collect();
    let expected = ["DescribeTargetGroups", "DescribeTargetGroupAttributes"];
    assert_eq!(calls, expected.map(|operation| (operation.to_owned(), vec![arn.clone()])));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_shifts_traffic_has_two_target_groups_and_others_have_their_own() {
    let (sim, arn) = balanced(|spec| spec.strategy("BLUE_GREEN"));
    sim.add_service(ServiceSpec::new("stg", "api").load_balancer());
    sim.add_service(ServiceSpec::new("stg", "none"));
    let answer = elbv2(&sim).describe_target_groups().send().await.unwrap();
    let mut arns: Vec<_> =
        answer.target_groups().iter().map(|group| group.target_group_arn().unwrap()).collect();
    arns.sort_unstable();
    arns.dedup();
    assert_eq!(arns.len(), 3);
    let balancer = describe(&sim).await["loadBalancers"][0].clone();
    let named = [
        &balancer["targetGroupArn"],
        &balancer["advancedConfiguration"]["alternateTargetGroupArn"],
    ];
    assert_eq!(named[0], arn.as_str());
    assert!(named.iter().all(|arn| arns.contains(&arn.as_str().unwrap())), "{balancer}");
}

#[tokio::test(start_paused = true)]
async fn one_target_group_that_is_not_there_fails_the_whole_call() {
    let (sim, arn) = balanced(|spec| spec);
    let elbv2 = elbv2(&sim);
    let code = async |arns: Vec<String>| {
        let asked = elbv2.describe_target_groups().set_target_group_arns(Some(arns));
        let error = asked.send().await.unwrap_err().into_service_error();
        error.code().unwrap().to_owned()
    };
    let gone = format!("{arn}ff");
    assert_eq!(code(vec![arn.clone(), gone]).await, "TargetGroupNotFound");
    assert_eq!(code(vec![arn.clone(), "nonsense".to_owned()]).await, "ValidationError");
    assert_eq!(code(vec![arn.clone(); 21]).await, "ValidationError");
    sim.delete_target_group("prd", "api");
    assert_eq!(code(vec![arn.clone()]).await, "TargetGroupNotFound");
    let asked = elbv2.describe_target_group_attributes().target_group_arn(&arn);
    assert!(
        asked.send().await.unwrap_err().into_service_error().is_target_group_not_found_exception()
    );
}

#[tokio::test(start_paused = true)]
async fn faults_have_the_codes_of_the_query_protocol() {
    let (sim, arn) = balanced(|spec| spec);
    for (fault, code) in [
        (Fault::AccessDenied, "AccessDenied"),
        (Fault::Throttle, "Throttling"),
        (Fault::ExpiredToken, "ExpiredToken"),
        (Fault::ServerError, "InternalFailure"),
    ] {
        sim.inject(FaultRule::new("DescribeTargetGroups", fault.clone()).on(&arn).times(1));
        let asked = elbv2(&sim).describe_target_groups().target_group_arns(&arn).send().await;
        assert_eq!(asked.unwrap_err().into_service_error().code(), Some(code), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn targets_come_and_go_with_the_tasks() {
    let (sim, arn) = balanced(|spec| spec.desired(2).deregistration_delay(seconds(60)));
    let elbv2 = elbv2(&sim);
    assert_eq!(states(&elbv2, &arn).await, ["healthy", "healthy"]);
    force(&sim).await;
    pass(30).await;
    assert_eq!(states(&elbv2, &arn).await, ["healthy", "healthy", "initial", "initial"]);
    pass(40).await;
    assert_eq!(states(&elbv2, &arn).await, ["draining", "draining", "healthy", "healthy"]);
    pass(120).await;
    assert_eq!(states(&elbv2, &arn).await, ["healthy", "healthy"]);
}

#[tokio::test(start_paused = true)]
async fn some_targets_are_unhealthy_until_others_take_their_place() {
    let (sim, arn) = balanced(|spec| spec.desired(3));
    sim.set_targets_unhealthy(&arn, 2);
    let elbv2 = elbv2(&sim);
    assert_eq!(states(&elbv2, &arn).await, ["healthy", "unhealthy", "unhealthy"]);
    let answer = elbv2.describe_target_health().target_group_arn(&arn).send().await.unwrap();
    let healths = answer.target_health_descriptions().iter().map(|one| one.target_health());
    for health in healths.map(Option::unwrap) {
        let is_healthy = health.state().unwrap().as_str() == "healthy";
        assert_eq!(health.reason().is_none(), is_healthy);
        assert_eq!(health.description().is_none(), is_healthy);
    }
    sim.set_targets_unhealthy(&arn, 1);
    assert_eq!(states(&elbv2, &arn).await, ["healthy", "healthy", "unhealthy"]);
    force(&sim).await;
    pass(300).await;
    assert_eq!(states(&elbv2, &arn).await, ["healthy", "healthy", "healthy"]);
}

#[tokio::test(start_paused = true)]
async fn a_target_group_has_the_settings_of_its_service() {
    let (sim, arn) = balanced(|spec| spec.unhealthy_threshold(7).slow_start(seconds(90)));
    let elbv2 = elbv2(&sim);
    let groups = elbv2.describe_target_groups().target_group_arns(&arn).send().await.unwrap();
    assert_eq!(groups.target_groups()[0].unhealthy_threshold_count(), Some(7));
    let asked = elbv2.describe_target_group_attributes().target_group_arn(&arn);
    let answer = asked.send().await.unwrap();
    let slow = answer.attributes().iter().find(|a| a.key() == Some("slow_start.duration_seconds"));
    assert_eq!(slow.unwrap().value(), Some("90"));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_operation_of_it_is_refused_in_xml() {
    let sim = simulator();
    for body in [
        "Action=CreateLoadBalancer&Version=2015-12-01",
        "Action=GetCallerIdentity&Version=2011-06-15",
        "&&=",
    ] {
        let request = Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(Body::from(body))
            .unwrap();
        let response = sim.router().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 400);
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(
            text.starts_with("<ErrorResponse ") && text.contains("<Code>InvalidAction</Code>"),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_says_how_long_its_containers_may_take_to_stop() {
    for (time, expected) in [(30, None), (5, None), (90, Some(90))] {
        let sim = with_service(|spec| spec.stop_time(seconds(time)));
        let primary = primary(&describe(&sim).await);
        let arn = primary["taskDefinition"].as_str().unwrap();
        let answer =
            ecs(&sim).describe_task_definition().task_definition(arn).send().await.unwrap();
        let definition = answer.task_definition().unwrap();
        assert_eq!(definition.container_definitions()[0].stop_timeout(), expected);
    }
}
