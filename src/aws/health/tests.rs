use serde_json::{Value, json};

use super::*;
use crate::aws::testing::{FakeAws, Reply, epoch};
use crate::plan::fleet::ProblemClass;

const CODE: &str = "AWS_ECS_TASK_PATCHING_RETIREMENT";
const OWN: &str = "123456789012";

async fn health_at(aws: &FakeAws) -> Health {
    let (sdk, clock, families, _) = aws.configure().await;
    Health::new(&sdk, clock, families)
}

fn arn(number: usize) -> String {
    format!("arn:aws:health:eu-west-1::event/ECS/{CODE}/{CODE}_{number:04}")
}

fn event_json(number: usize, status: &str) -> Value {
    json!({ "arn": arn(number), "service": "ECS", "eventTypeCode": CODE, "region": "eu-west-1",
        "startTime": 1_800_100_000.0, "lastUpdatedTime": 1_799_999_000.5, "statusCode": status })
}

fn entity_json(number: usize, value: &str) -> Value {
    json!({ "eventArn": arn(number), "entityValue": value, "awsAccountId": OWN,
        "statusCode": "PENDING" })
}

fn is_about(filter: &Value, status: &str) -> bool {
    filter["eventStatusCodes"].as_array().unwrap().contains(&status.into())
}

async fn ask(health: &Health) -> Result<Vec<HealthEvent>, HealthError> {
    health.events(&[CODE.to_owned()], epoch()).await
}

#[tokio::test(start_paused = true)]
async fn events_come_with_what_they_affect_page_by_page() {
    let aws = FakeAws::new(|call| {
        let filter = &call.body["filter"];
        let first = call.body.get("nextToken").is_none();
        Reply::ok(match call.operation.as_str() {
            "DescribeEvents" if is_about(filter, "closed") => {
                json!({ "events": [event_json(3, "closed")] })
            }
            "DescribeEvents" if first => {
                json!({ "events": [event_json(2, "open")], "nextToken": "more" })
            }
            "DescribeEvents" => json!({ "events": [event_json(1, "upcoming")], "nextToken": "" }),
            _ if first => json!({ "entities": [entity_json(1, "prd|a")], "nextToken": "more" }),
            _ => json!({ "entities": [entity_json(1, "prd|b"), entity_json(2, "prd|c"),
                { "entityValue": "of no event" }] }),
        })
    });
    let events = ask(&health_at(&aws).await).await.unwrap();
    let found: Vec<(String, Option<&str>, Vec<&str>)> = events
        .iter()
        .map(|event| {
            let values = event.entities.iter().map(|entity| entity.value.as_str()).collect();
            (event.arn.clone(), event.status.as_deref(), values)
        })
        .collect();
    assert_eq!(
        found,
        [
            (arn(1), Some("upcoming"), vec!["prd|a", "prd|b"]),
            (arn(2), Some("open"), vec!["prd|c"]),
            (arn(3), Some("closed"), vec![]),
        ]
    );
    assert!(events.iter().all(|event| event.complete));
    assert_eq!(events[0].starts_at.unwrap().timestamp(), 1_800_100_000);
    assert_eq!(events[0].updated_at.unwrap().timestamp_millis(), 1_799_999_000_500);
    let entity = &events[0].entities[0];
    assert_eq!((entity.account.as_deref(), entity.status.as_deref()), (Some(OWN), Some("PENDING")));
}

#[tokio::test(start_paused = true)]
async fn it_asks_where_aws_health_answers_about_the_region_that_is_watched() {
    let aws = FakeAws::new(|_| Reply::ok(json!({})));
    assert_eq!(ask(&health_at(&aws).await).await, Ok(vec![]));
    let calls = aws.take_calls();
    let filters: Vec<&Value> = calls.iter().map(|call| &call.body["filter"]).collect();
    let since = epoch().timestamp() as f64;
    assert_eq!(
        filters,
        [
            &json!({ "services": ["ECS"], "eventTypeCodes": [CODE], "regions": ["eu-west-1"],
                "eventStatusCodes": ["open", "upcoming"] }),
            &json!({ "services": ["ECS"], "eventTypeCodes": [CODE], "regions": ["eu-west-1"],
                "eventStatusCodes": ["closed"], "lastUpdatedTimes": [{ "from": since }] }),
        ]
    );
    for call in &calls {
        assert!(call.uri.starts_with("https://health.us-east-1.amazonaws.com/"), "{}", call.uri);
    }
    for (region, serving_region) in [
        ("eu-west-1", "us-east-1"),
        ("cn-north-1", "cn-northwest-1"),
        ("us-gov-east-1", "us-gov-west-1"),
    ] {
        assert_eq!(serving(region), serving_region);
    }
}

#[tokio::test(start_paused = true)]
async fn codes_and_events_are_asked_for_by_tens() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        "DescribeEvents" if is_about(&call.body["filter"], "open") => {
            let from = call.body["filter"]["eventTypeCodes"][0] == json!("C-0");
            let numbers = if from { 0..15 } else { 15..25 };
            Reply::ok(
                json!({ "events": numbers.map(|n| event_json(n, "open")).collect::<Vec<_>>() }),
            )
        }
        _ => Reply::ok(json!({})),
    });
    let codes: Vec<String> = (0..11).map(|number| format!("C-{number}")).collect();
    let events = health_at(&aws).await.events(&codes, epoch()).await.unwrap();
    assert_eq!(events.len(), 25);
    let calls = aws.take_calls();
    let sizes = |operation: &str, member: &str| -> Vec<usize> {
        let calls = calls.iter().filter(|call| call.operation == operation);
        calls.map(|call| call.body["filter"][member].as_array().unwrap().len()).collect()
    };
    assert_eq!(sizes("DescribeEvents", "eventTypeCodes"), [10, 10, 1, 1]);
    assert_eq!(sizes("DescribeAffectedEntities", "eventArns"), [10, 10, 5]);
}

#[tokio::test(start_paused = true)]
async fn an_account_without_a_support_plan_is_told_apart() {
    for (code, class) in [
        ("com.amazonaws.health#SubscriptionRequiredException", None),
        ("AccessDeniedException", Some(ProblemClass::Denied)),
        ("ThrottlingException", Some(ProblemClass::Throttled)),
    ] {
        let aws = FakeAws::new(move |_| Reply::error(code, "words"));
        match ask(&health_at(&aws).await).await.unwrap_err() {
            HealthError::NotSubscribed(problem) => {
                assert_eq!(class, None, "{problem}");
                assert!(problem.message.contains("words"), "{problem}");
            }
            HealthError::Other(problem) => assert_eq!(class, Some(problem.class), "{problem}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn half_an_answer_is_none() {
    let aws = FakeAws::new(|call| match call.operation.as_str() {
        "DescribeEvents" => Reply::ok(json!({ "events": [event_json(1, "open")] })),
        _ if call.body.get("nextToken").is_none() => {
            Reply::ok(json!({ "entities": [entity_json(1, "prd|a")], "nextToken": "more" }))
        }
        _ => Reply::error("AccessDeniedException", "no"),
    });
    match ask(&health_at(&aws).await).await {
        Err(HealthError::Other(problem)) => {
            assert_eq!(problem.operation, "DescribeAffectedEntities");
            let action = "allow the IAM action health:DescribeAffectedEntities";
            assert!(problem.message.contains(action), "{problem}");
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn listings_that_do_not_end_are_given_up() {
    let aws = FakeAws::new(|_| Reply::ok(json!({ "nextToken": "more" })));
    assert!(matches!(ask(&health_at(&aws).await).await, Err(HealthError::Other(_))));
    assert_eq!(aws.take_counts(["DescribeEvents"]), [EVENT_PAGES_MAX]);
    aws.answer(|call| match call.operation.as_str() {
        "DescribeEvents" => Reply::ok(json!({ "events": [event_json(1, "open")] })),
        _ => Reply::ok(json!({ "entities": [entity_json(1, "prd|a")], "nextToken": "more" })),
    });
    let events = ask(&health_at(&aws).await).await.unwrap();
    assert!(!events[0].complete);
    assert_eq!(events[0].entities.len(), ENTITY_PAGES_MAX);
}
