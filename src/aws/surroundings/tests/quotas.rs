use super::*;
use crate::plan::surroundings::{FargateQuota, Market};

const QUOTA: &str = "GetServiceQuota";
const USAGE: &str = "GetMetricData";

const BOTH: [Want; 2] = [Want::FargateQuota(Market::OnDemand), Want::FargateQuota(Market::Spot)];

fn quota(vcpus: &Value) -> Reply {
    Reply::ok(json!({ "Quota": { "Value": vcpus } }))
}

fn usage(values: &[f64]) -> Reply {
    Reply::ok(json!({ "MetricDataResults": [{ "Id": "used", "Values": values }] }))
}

/// The namespace, the name and the dimensions of the metric that a call is about.
fn metric(call: &Call) -> (String, String, Vec<(String, String)>) {
    let metric = &call.body["MetricDataQueries"][0]["MetricStat"]["Metric"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let dimensions = metric["Dimensions"].as_array().unwrap().iter();
    let mut dimensions: Vec<_> =
        dimensions.map(|of| (text(&of["Name"]), text(&of["Value"]))).collect();
    dimensions.sort();
    (text(&metric["Namespace"]), text(&metric["MetricName"]), dimensions)
}

fn dimensions(of: &[(&str, &str)]) -> Vec<(String, String)> {
    of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn quotas_and_what_is_used_of_them_are_read() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        QUOTA if call.text("QuotaCode") == "L-3032A538" => quota(&json!(140.0)),
        QUOTA => quota(&json!(64.0)),
        _ => usage(&[12.5, 90.0]),
    });
    let read = read(&aws, BOTH).await;
    let known = |market| read.quotas[&market].value.clone().unwrap();
    let quota = |vcpus| FargateQuota { vcpus, used_vcpus: Ok(Some(12.5)) };
    assert_eq!([known(Market::OnDemand), known(Market::Spot)], [quota(140.0), quota(64.0)]);
    let calls = aws.take_calls();
    let of = |operation| calls.iter().filter(move |call| call.operation == operation);
    let codes: Vec<_> = of(QUOTA).map(|call| call.text("QuotaCode")).collect();
    assert_eq!(codes, ["L-3032A538", "L-36FBB829"]);
    assert!(of(QUOTA).all(|call| call.text("ServiceCode") == "fargate"));
    for (call, class) in of(USAGE).zip(["Standard/OnDemand", "Standard/Spot"]) {
        let all =
            [("Class", class), ("Resource", "vCPU"), ("Service", "Fargate"), ("Type", "Resource")];
        let expected = ("AWS/Usage".to_owned(), "ResourceCount".to_owned(), dimensions(&all));
        assert_eq!(metric(call), expected);
        let stat = &call.body["MetricDataQueries"][0]["MetricStat"];
        assert_eq!([&stat["Stat"], &stat["Period"]], [&json!("Maximum"), &json!(60)]);
        assert_eq!(call.text("ScanBy"), "TimestampDescending");
        let seconds = |member: &str| call.body[member].as_f64().unwrap();
        assert!((seconds("EndTime") - seconds("StartTime") - 900.0).abs() < 0.1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_quota_says_itself_where_its_usage_is() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        QUOTA => Reply::ok(json!({ "Quota": {
            "Value": 6.0,
            "UsageMetric": {
                "MetricNamespace": "AWS/Other", "MetricName": "Count",
                "MetricDimensions": { "Class": "New" },
            },
        } })),
        _ => usage(&[1.0]),
    });
    read(&aws, [Want::FargateQuota(Market::Spot)]).await;
    let found = metric(&aws.take_calls()[1]);
    assert_eq!(found, ("AWS/Other".into(), "Count".into(), dimensions(&[("Class", "New")])));
}

#[tokio::test(start_paused = true)]
async fn usage_that_cannot_be_had_is_unknown_and_no_more() {
    let denied = || Reply::error("AccessDeniedException", "no");
    let page = || Reply::Page(200, "<html>");
    let rows: [(fn() -> Reply, bool); 5] = [
        (denied, false),
        (page, false),
        (|| usage(&[]), true),
        (|| usage(&[-1.0]), true),
        (|| Reply::ok(json!({})), true),
    ];
    for (reply, answered) in rows {
        let aws = FakeAws::new(move |call| match call.operation.as_str() {
            QUOTA => quota(&json!(6.0)),
            _ => reply(),
        });
        let read = read(&aws, [Want::FargateQuota(Market::OnDemand)]).await;
        let known = read.quotas[&Market::OnDemand].value.clone().unwrap();
        assert_eq!(known.vcpus, 6.0);
        match known.used_vcpus {
            Ok(used) => assert!(answered && used.is_none()),
            Err(problem) => assert!(!answered && problem.operation == "GetMetricData"),
        }
        assert_eq!(read.problems().count(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_quota_that_cannot_be_had_is_a_problem() {
    let denied = || Reply::error("AccessDeniedException", "no");
    let absent = || Reply::error("NoSuchResourceException", "no");
    for (reply, class, calls) in [
        (denied as fn() -> Reply, ProblemClass::Denied, 1),
        (absent, ProblemClass::NotFound, 2),
        (|| Reply::ok(json!({})), ProblemClass::Server, 2),
        (|| quota(&json!(-3.0)), ProblemClass::Server, 2),
    ] {
        let aws = FakeAws::new(move |_| reply());
        let read = read(&aws, BOTH).await;
        for known in read.quotas.values() {
            assert_eq!(known.value.as_ref().unwrap_err().class, class);
        }
        assert_eq!(aws.take_counts([QUOTA, USAGE]), [calls, 0]);
    }
}
