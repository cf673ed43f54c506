//! Alarms, usage, quotas and subnets, through the real SDKs, and the form that EC2 speaks.

use aws_sdk_cloudwatch::error::ProvideErrorMetadata;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{AlarmType, Dimension, Metric, MetricDataQuery, MetricStat};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use serde_json::json;
use tower::ServiceExt;

use super::support::*;
use crate::simulator::{Fault, FaultRule, ServiceSpec, Simulator};

fn cloudwatch(sim: &Simulator) -> aws_sdk_cloudwatch::Client {
    aws_sdk_cloudwatch::Client::new(&sdk_config(sim))
}

fn quotas(sim: &Simulator) -> aws_sdk_servicequotas::Client {
    aws_sdk_servicequotas::Client::new(&sdk_config(sim))
}

/// The names and states of the alarms that are asked for, metric alarms first.
async fn alarms(sim: &Simulator, kinds: &[AlarmType], names: &[&str]) -> Vec<(String, String)> {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let asked = cloudwatch(sim).describe_alarms().set_alarm_names(Some(names));
    let kinds = (!kinds.is_empty()).then(|| kinds.to_vec());
    let answer = asked.set_alarm_types(kinds).send().await.unwrap();
    let text = |name: Option<&str>, state: &str| (name.unwrap().to_owned(), state.to_owned());
    let metric = answer.metric_alarms().iter();
    let metric = metric.map(|a| text(a.alarm_name(), a.state_value().unwrap().as_str()));
    let composite = answer.composite_alarms().iter();
    let composite = composite.map(|a| text(a.alarm_name(), a.state_value().unwrap().as_str()));
    metric.chain(composite).collect()
}

/// The usage of Fargate, as CloudWatch tells it for the last minutes.
async fn usage(sim: &Simulator, class: &str, minutes: i64) -> Vec<f64> {
    let dimensions =
        [("Service", "Fargate"), ("Type", "Resource"), ("Resource", "vCPU"), ("Class", class)]
            .map(|(name, value)| Dimension::builder().name(name).value(value).build());
    let metric = Metric::builder().namespace("AWS/Usage").metric_name("ResourceCount");
    let metric = metric.set_dimensions(Some(dimensions.to_vec())).build();
    let stat = MetricStat::builder().metric(metric).period(300).stat("Maximum").build();
    let query = MetricDataQuery::builder().id("m1").metric_stat(stat).build();
    let now = time_of(sim);
    let asked = cloudwatch(sim).get_metric_data().metric_data_queries(query);
    let asked = asked.start_time(DateTime::from_secs(now - 60 * minutes));
    let answer = asked.end_time(DateTime::from_secs(now)).send().await.unwrap();
    let [result] = answer.metric_data_results() else { panic!("{answer:?}") };
    assert_eq!(result.timestamps().len(), result.values().len());
    assert!(result.timestamps().iter().all(|at| at.secs() <= now - 300));
    result.values().to_vec()
}

/// The simulator's clock, in seconds.
fn time_of(sim: &Simulator) -> i64 {
    let notice = sim.notice(std::time::UNIX_EPOCH).body();
    let time = notice["time"].as_str().unwrap().to_owned();
    chrono::DateTime::parse_from_rfc3339(&time).unwrap().timestamp()
}

#[tokio::test(start_paused = true)]
async fn composite_alarms_are_told_only_to_those_who_ask_for_them() {
    let sim = simulator();
    sim.set_alarm_state("5xx", "ALARM");
    sim.set_alarm_state("latency", "INSUFFICIENT_DATA");
    sim.add_composite_alarm("api", "ALARM(\"5xx\")");
    let names = ["5xx", "latency", "api", "gone"];
    let pair = |name: &str, state: &str| (name.to_owned(), state.to_owned());
    let metric = [pair("5xx", "ALARM"), pair("latency", "INSUFFICIENT_DATA")];
    assert_eq!(alarms(&sim, &[], &names).await, metric);
    assert_eq!(alarms(&sim, &[AlarmType::CompositeAlarm], &names).await, [pair("api", "OK")]);
    sim.set_alarm_state("api", "ALARM");
    let both = [AlarmType::MetricAlarm, AlarmType::CompositeAlarm];
    assert_eq!(
        alarms(&sim, &both, &names).await,
        [metric.to_vec(), vec![pair("api", "ALARM")]].concat()
    );
    sim.delete_alarm("5xx");
    assert_eq!(alarms(&sim, &[], &["5xx"]).await, []);
}

#[tokio::test(start_paused = true)]
async fn alarms_come_in_pages_and_no_more_than_a_hundred_names_are_taken() {
    let sim = simulator();
    for number in 0..120 {
        sim.set_alarm_state(&format!("a{number}"), "OK");
    }
    let asked = cloudwatch(&sim).describe_alarms();
    let mut pages = asked.into_paginator().send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().metric_alarms().len());
    }
    assert_eq!(sizes, [50, 50, 20]);
    let asked = cloudwatch(&sim).describe_alarms().set_alarm_names(Some(vec!["a".to_owned(); 101]));
    let error = asked.send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("ValidationError"));
    let asked = cloudwatch(&sim).describe_alarms().next_token("nonsense").send().await;
    assert!(asked.unwrap_err().into_service_error().is_invalid_next_token());
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_a_service_watches_is_there_and_fails_its_deployment() {
    let sim = with_service(|spec| spec.alarms(&["5xx"], true));
    let state = async || alarms(&sim, &[], &["5xx"]).await[0].1.clone();
    assert_eq!(state().await, "OK");
    force(&sim).await;
    pass(30).await;
    sim.set_alarm_state("5xx", "ALARM");
    pass(300).await;
    assert_eq!(status_and_stage(&sim).await.0, "ROLLBACK_SUCCESSFUL");
    sim.clear_alarm("prd", "api", "5xx");
    assert_eq!(state().await, "OK");
    sim.raise_alarm("prd", "api", "5xx");
    assert_eq!(state().await, "ALARM");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_comes_later_finds_its_alarm_ringing() {
    let sim = simulator();
    sim.set_alarm_state("5xx", "ALARM");
    sim.add_service(ServiceSpec::new("prd", "api").alarms(&["5xx"], true));
    force(&sim).await;
    let status = rollout(&sim).await.alarms().unwrap().status().unwrap().as_str().to_owned();
    assert_eq!(status, "DISABLED", "what rings before a deployment cannot fail it");
}

#[tokio::test(start_paused = true)]
async fn the_usage_of_fargate_is_that_of_its_tasks_until_somebody_says_otherwise() {
    let sim = with_service(|spec| spec.desired(4).cpu_units(1024));
    sim.add_service(ServiceSpec::new("prd", "spot").capacity_providers(&["FARGATE_SPOT"]));
    sim.add_service(ServiceSpec::new("prd", "ec2").launch_type("EC2").desired(9));
    pass(600).await;
    assert_eq!(usage(&sim, "Standard/OnDemand", 15).await, [4.0]);
    assert_eq!(usage(&sim, "Standard/Spot", 15).await, [0.25]);
    assert_eq!(usage(&sim, "None", 15).await, Vec::<f64>::new());
    assert_eq!(usage(&sim, "Standard/OnDemand", 1).await.len(), 1, "a whole period began before");
    force(&sim).await;
    assert_eq!(usage(&sim, "Standard/OnDemand", 15).await, [8.0], "for a while twice as many");
    sim.set_fargate_usage(1234.5);
    assert_eq!(usage(&sim, "Standard/OnDemand", 15).await, [1234.5]);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_reads_the_quotas_of_fargate() {
    let sim = simulator();
    sim.set_fargate_quota(500.0);
    sim.set_fargate_spot_quota(50.5);
    for (code, value, class) in
        [("L-3032A538", 500.0, "Standard/OnDemand"), ("L-36FBB829", 50.5, "Standard/Spot")]
    {
        let asked = quotas(&sim).get_service_quota().service_code("fargate").quota_code(code);
        let answer = asked.send().await.unwrap();
        let quota = answer.quota().unwrap();
        assert_eq!((quota.value(), quota.quota_code()), (Some(value), Some(code)));
        let usage = quota.usage_metric().unwrap();
        assert_eq!(usage.metric_namespace(), Some("AWS/Usage"));
        assert_eq!(usage.metric_dimensions().unwrap()["Class"], class);
    }
    let asked = quotas(&sim).get_service_quota().service_code("fargate").quota_code("L-0");
    let error = asked.send().await.unwrap_err().into_service_error();
    assert!(error.is_no_such_resource_exception());
}

#[tokio::test(start_paused = true)]
async fn denials_name_the_service_and_hit_single_resources() {
    let sim = with_service(|spec| spec.alarms(&["5xx"], true));
    sim.inject(FaultRule::new("DescribeAlarms", Fault::AccessDenied).on("5xx"));
    sim.inject(FaultRule::new("GetServiceQuota", Fault::AccessDenied).on("L-3032A538"));
    sim.inject(FaultRule::new("GetMetricData", Fault::Throttle));
    let asked = cloudwatch(&sim).describe_alarms().alarm_names("5xx").send().await;
    let error = asked.unwrap_err().into_service_error();
    let said = "User is not authorized to perform: cloudwatch:DescribeAlarms";
    assert_eq!((error.code(), error.message()), (Some("AccessDeniedException"), Some(said)));
    assert!(cloudwatch(&sim).describe_alarms().alarm_names("x").send().await.is_ok());
    let quota = quotas(&sim).get_service_quota().service_code("fargate").quota_code("L-3032A538");
    let error = quota.send().await.unwrap_err().into_service_error();
    assert!(error.is_access_denied_exception());
    assert!(error.message().unwrap().ends_with(": servicequotas:GetServiceQuota"));
    let asked = cloudwatch(&sim).get_metric_data().start_time(DateTime::from_secs(0));
    let query = MetricDataQuery::builder().id("m1").expression("1").build();
    let asked = asked.end_time(DateTime::from_secs(1)).metric_data_queries(query).send().await;
    assert_eq!(asked.unwrap_err().into_service_error().code(), Some("ThrottlingException"));
}

/// What EC2 answers to a form.
async fn ec2(sim: &Simulator, form: &str) -> (u16, String) {
    let request = Request::post("/")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("Version=2016-11-15&{form}")))
        .unwrap();
    let response = sim.router().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

/// The texts of all elements of a name.
fn texts(xml: &str, name: &str) -> Vec<String> {
    let document = roxmltree::Document::parse(xml).unwrap();
    let elements = document.descendants().filter(|node| node.tag_name().name() == name);
    elements.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn subnets_are_there_when_a_service_names_them() {
    let sim = with_service(|spec| spec.subnets(&["subnet-a", "subnet-b"]));
    let network = describe(&sim).await["networkConfiguration"]["awsvpcConfiguration"].clone();
    assert_eq!(network["subnets"], json!(["subnet-a", "subnet-b"]));
    assert_eq!(network["assignPublicIp"], "DISABLED");
    sim.set_free_addresses("subnet-b", 3);
    let (status, xml) =
        ec2(&sim, "Action=DescribeSubnets&SubnetId.1=subnet-b&SubnetId.2=subnet-a").await;
    assert_eq!(status, 200, "{xml}");
    assert!(
        xml.starts_with(
            "<DescribeSubnetsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"
        ),
        "{xml}"
    );
    assert!(xml.contains("<subnetSet><item>"), "{xml}");
    assert_eq!(texts(&xml, "subnetId"), ["subnet-a", "subnet-b"]);
    assert_eq!(texts(&xml, "availableIpAddressCount"), ["250", "3"]);
    assert_eq!(sim.calls().last().unwrap().resources, ["subnet-b", "subnet-a"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_created_names_its_own_subnets() {
    let sim = with_service(|spec| spec);
    let input = json!({ "cluster": "prd", "serviceName": "web", "taskDefinition": "api",
        "networkConfiguration": { "awsvpcConfiguration": { "subnets": ["subnet-web"] } } });
    ok(&sim, "CreateService", input).await;
    let (status, _) = ec2(&sim, "Action=DescribeSubnets&SubnetId.1=subnet-web").await;
    assert_eq!(status, 200);
}

#[tokio::test(start_paused = true)]
async fn subnets_come_in_pages() {
    let sim = simulator();
    for number in 10..22 {
        sim.set_free_addresses(&format!("subnet-{number}"), number);
    }
    let (mut sizes, mut token) = (Vec::new(), String::new());
    loop {
        let (_, xml) = ec2(&sim, &format!("Action=DescribeSubnets&MaxResults=5{token}")).await;
        sizes.push(texts(&xml, "subnetId").len());
        let Some(next) = texts(&xml, "nextToken").first().cloned() else { break };
        token = format!("&NextToken={next}");
    }
    assert_eq!(sizes, [5, 5, 2]);
}

#[tokio::test(start_paused = true)]
async fn ec2_refuses_in_a_form_of_its_own() {
    let sim = with_service(|spec| spec.subnets(&["subnet-a"]));
    let faults = [
        (Fault::AccessDenied, 403, "UnauthorizedOperation"),
        (Fault::Throttle, 503, "RequestLimitExceeded"),
        (Fault::ExpiredToken, 400, "RequestExpired"),
        (Fault::ServerError, 500, "InternalError"),
    ];
    for (fault, expected, code) in faults {
        sim.inject(FaultRule::new("DescribeSubnets", fault).on("subnet-a").times(1));
        let (status, xml) = ec2(&sim, "Action=DescribeSubnets&SubnetId.1=subnet-a").await;
        assert_eq!((status, texts(&xml, "Code")), (expected, vec![code.to_owned()]));
        assert!(xml.starts_with("<Response><Errors><Error><Code>"), "{xml}");
    }
    for (form, code) in [
        ("Action=DescribeSubnets&SubnetId.1=subnet-x", "InvalidSubnetID.NotFound"),
        ("Action=DescribeSubnets&SubnetId.1=x", "InvalidSubnetID.Malformed"),
        ("Action=DescribeSubnets&MaxResults=4", "InvalidParameterValue"),
        ("Action=DescribeSubnets&MaxResults=5&SubnetId.1=subnet-a", "InvalidParameterCombination"),
        ("Action=DescribeSubnets&NextToken=zz", "InvalidNextToken"),
        ("Action=DescribeSubnets&Filter.1.Name=vpc-id", "UnknownParameter"),
        ("Action=DescribeVpcs", "InvalidAction"),
    ] {
        let (status, xml) = ec2(&sim, form).await;
        assert_eq!((status, texts(&xml, "Code")), (400, vec![code.to_owned()]), "{form}");
        assert_eq!(texts(&xml, "RequestID").len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_that_is_deregistered_is_inactive_and_its_service_goes_on() {
    let sim = with_service(|spec| spec);
    sim.deregister_task_definition("api:1");
    let input = json!({ "taskDefinition": "api:1" });
    let definition = ok(&sim, "DescribeTaskDefinition", input).await;
    assert_eq!(definition["taskDefinition"]["status"], "INACTIVE");
    sim.set_desired("prd", "api", 2);
    pass(120).await;
    assert_eq!(active(&sim, "RUNNING"), 2);
}
