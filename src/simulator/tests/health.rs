//! AWS Health: its notices as events, and its API through the real SDK, which speaks CBOR.

use std::time::{Duration, SystemTime};

use aws_sdk_health::Client;
use aws_sdk_health::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_health::types::{
    DateTimeRange, EntityFilter, EntityStatusCode, EventFilter, EventStatusCode,
};
use serde_json::{Value, json};

use super::support::*;
use crate::simulator::{
    DateForm, EntityForm, EntityPlace, Fault, FaultRule, HealthNotice, Simulator,
};

const DAY: Duration = Duration::from_secs(86_400);
const CODE: &str = "AWS_ECS_TASK_PATCHING_RETIREMENT";

/// When every simulator here starts: Friday, 15 January 2027, 8:00.
fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn notice() -> HealthNotice {
    HealthNotice::new("123456789012", "eu-central-1", start(), start() + 7 * DAY)
}

fn arn(notice: &HealthNotice) -> String {
    notice.body()["detail"]["eventArn"].as_str().unwrap().to_owned()
}

#[test]
fn a_notice_has_the_form_that_eventbridge_delivers() {
    let body = notice().service("prd", "api").service("prd", "web").resolved("prd", "web").body();
    assert_eq!(body["detail-type"], "AWS Health Event");
    assert_eq!((&body["source"], &body["region"]), (&json!("aws.health"), &json!("eu-central-1")));
    assert_eq!(
        (&body["account"], &body["time"]),
        (&json!("123456789012"), &json!("2027-01-15T08:00:00Z"))
    );
    assert_eq!(body["resources"], json!(["prd|api", "prd|web"]));
    let detail = &body["detail"];
    for (key, value) in [
        ("service", "ECS"),
        ("eventTypeCode", CODE),
        ("statusCode", "upcoming"),
        ("startTime", "Fri, 22 Jan 2027 08:00:00 GMT"),
        ("endTime", "Sun, 24 Jan 2027 08:00:00 GMT"),
        ("lastUpdatedTime", "Fri, 15 Jan 2027 08:00:00 GMT"),
        ("eventRegion", "eu-central-1"),
        ("affectedAccount", "123456789012"),
        ("page", "1"),
        ("totalPages", "1"),
        ("backupEvent", "false"),
    ] {
        assert_eq!(detail[key], value, "{key}");
    }
    let entities: Vec<_> = detail["affectedEntities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entity| (entity["entityValue"].as_str().unwrap(), entity["status"].as_str().unwrap()))
        .collect();
    assert_eq!(entities, [("prd|api", "PENDING"), ("prd|web", "RESOLVED")]);
}

#[test]
fn a_notice_can_be_had_in_every_form_that_was_seen() {
    for (form, name) in [
        (EntityForm::Pipe, "prd|api"),
        (EntityForm::SpacedPipe, "prd | api"),
        (EntityForm::Slash, "prd/api"),
        (EntityForm::Arn, "arn:aws:ecs:eu-central-1:123456789012:service/prd/api"),
        (EntityForm::ShortArn, "arn:aws:ecs:eu-central-1:123456789012:service/api"),
    ] {
        assert_eq!(notice().form(form).service("prd", "api").body()["resources"], json!([name]));
    }
    for (place, resources, entities) in [
        (EntityPlace::Both, 1, Some(1)),
        (EntityPlace::Resources, 1, None),
        (EntityPlace::Entities, 0, Some(1)),
    ] {
        let body = notice().place(place).service("prd", "api").body();
        assert_eq!(body["resources"].as_array().unwrap().len(), resources);
        assert_eq!(body["detail"]["affectedEntities"].as_array().map(Vec::len), entities);
    }
    let early = HealthNotice::new("1", "eu-central-1", start(), start() - 12 * DAY);
    for (dates, text) in [
        (DateForm::Padded, "Sun, 03 Jan 2027 08:00:00 GMT"),
        (DateForm::Unpadded, "Sun, 3 Jan 2027 08:00:00 GMT"),
        (DateForm::Squeezed, "Sun,03Jan202708:00:00GMT"),
    ] {
        assert_eq!(early.clone().dates(dates).body()["detail"]["startTime"], text);
    }
    let terse = notice().terse().end(None).service("prd", "api").body();
    let absent = ["statusCode", "affectedAccount", "page", "totalPages", "backupEvent", "endTime"];
    assert!(absent.iter().all(|key| terse["detail"].get(*key).is_none()), "{terse}");
}

#[test]
fn pages_copies_and_updates_are_of_one_event() {
    let whole = (0..5).fold(notice(), |notice, n| notice.service("prd", &format!("s{n}")));
    let of = |body: &Value, key: &str| body["detail"][key].as_str().unwrap().to_owned();
    let pages: Vec<Value> = whole.pages(2).iter().map(HealthNotice::body).collect();
    let sizes: Vec<_> =
        pages.iter().map(|page| page["resources"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [3, 2]);
    for (number, page) in (1..).zip(&pages) {
        assert_eq!(of(page, "eventArn"), arn(&whole));
        assert_eq!(
            (of(page, "page"), of(page, "totalPages")),
            (number.to_string(), "2".to_owned())
        );
        assert!(of(page, "communicationId").ends_with(&format!("-{number}")));
    }
    assert_ne!(pages[0]["id"], pages[1]["id"]);
    let (home, copy) = (whole.body(), whole.clone().backup_copy().body());
    assert_eq!(
        (&copy["region"], &copy["detail"]["backupEvent"]),
        (&json!("us-west-2"), &json!("true"))
    );
    assert_eq!(of(&copy, "communicationId"), of(&home, "communicationId"));
    assert_eq!(of(&copy, "eventRegion"), "eu-central-1");
    let update = whole.update("open", start() + DAY).body();
    assert_ne!(of(&update, "communicationId"), of(&home, "communicationId"));
    assert_eq!(
        (of(&update, "eventArn"), of(&update, "statusCode")),
        (of(&home, "eventArn"), "open".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn a_published_notice_is_in_the_queue_and_in_the_api() {
    let sim = simulator();
    sim.create_queue("q");
    let notice = sim.notice(start() + 7 * DAY).service("prd", "api").entity("strange");
    sim.publish_notice("q", &notice);
    let message: Value = serde_json::from_str(&sim.messages("q")[0]).unwrap();
    assert_eq!(message, notice.body());
    let health = Client::new(&sdk_config(&sim));
    let filter = EventFilter::builder().services("ECS").event_type_codes(CODE);
    let filter = filter.event_status_codes(EventStatusCode::Upcoming).regions("eu-central-1");
    let answer = health.describe_events().filter(filter.build()).send().await.unwrap();
    let event = &answer.events()[0];
    assert_eq!(event.arn(), Some(arn(&notice).as_str()));
    assert_eq!(event.start_time().unwrap().secs(), 1_800_000_000 + 7 * 86_400);
    assert_eq!(event.last_updated_time().unwrap().secs(), 1_800_000_000);
    assert_eq!(
        (event.status_code(), answer.next_token()),
        (Some(&EventStatusCode::Upcoming), None)
    );
    let filter = EntityFilter::builder().event_arns(arn(&notice)).build().unwrap();
    let answer = health.describe_affected_entities().filter(filter).send().await.unwrap();
    let values: Vec<_> = answer.entities().iter().filter_map(|e| e.entity_value()).collect();
    assert_eq!(values, ["prd|api", "strange"]);
    assert_eq!(answer.entities()[0].status_code(), Some(&EntityStatusCode::from("PENDING")));
    assert_eq!(answer.entities()[0].last_updated_time().unwrap().secs(), 1_800_000_000);
}

#[tokio::test(start_paused = true)]
async fn events_are_filtered_and_the_latest_updated_is_first() {
    let sim = simulator();
    let older = notice().service("prd", "api");
    let newer = notice().event_arn("arn:newer").update("closed", start() + DAY);
    let abroad = HealthNotice::new("123456789012", "us-east-1", start(), start() + 3 * DAY);
    for notice in [&older, &newer, &abroad] {
        sim.publish_to_health(notice);
    }
    let health = Client::new(&sdk_config(&sim));
    let (older, newer, abroad) = (arn(&older), arn(&newer), arn(&abroad));
    let day =
        |days: i64| aws_sdk_health::primitives::DateTime::from_secs(1_800_000_000 + days * 86_400);
    let range = DateTimeRange::builder().from(day(7)).to(day(8)).build();
    let filter = EventFilter::builder;
    for (filter, expected) in [
        (filter().services("EC2"), vec![]),
        (filter().event_type_codes("OTHER"), vec![]),
        (filter().event_status_codes(EventStatusCode::Closed), vec![&newer]),
        (filter().regions("us-east-1"), vec![&abroad]),
        (filter().event_arns(&older).event_arns("gone"), vec![&older]),
        (filter().start_times(range.clone()).regions("eu-central-1"), vec![&newer, &older]),
        (filter().last_updated_times(range), vec![]),
    ] {
        let described =
            health.describe_events().filter(filter.clone().build()).send().await.unwrap();
        let arns: Vec<_> = described.events().iter().filter_map(|event| event.arn()).collect();
        assert_eq!(arns, expected, "{filter:?}");
    }
    let all = health.describe_events().send().await.unwrap();
    assert_eq!((all.events().len(), all.events()[0].arn()), (3, Some(newer.as_str())));
}

#[tokio::test(start_paused = true)]
async fn pages_of_every_size_add_up() {
    let sim = simulator();
    let whole = (0..25).fold(notice(), |notice, n| notice.service("prd", &format!("s{n}")));
    // The pages of the notice come out of order, and one twice.
    let pages = whole.pages(3);
    for number in [2, 0, 1, 0] {
        sim.publish_to_health(&pages[number]);
    }
    for number in 0..12 {
        sim.publish_to_health(&notice().event_arn(&format!("arn:{number}")));
    }
    let health = Client::new(&sdk_config(&sim));
    for size in [1, 7, 10, 100] {
        let filter = EntityFilter::builder().event_arns(arn(&whole)).build().unwrap();
        let asked = health.describe_affected_entities().filter(filter).max_results(size);
        let told: Result<Vec<_>, _> = asked.into_paginator().items().send().collect().await;
        let mut values: Vec<_> = told.unwrap().into_iter().filter_map(|e| e.entity_value).collect();
        values.sort();
        values.dedup();
        assert_eq!(values.len(), 25, "pages of {size}");
        let asked = health.describe_events().max_results(size);
        let told: Result<Vec<_>, _> = asked.into_paginator().items().send().collect().await;
        assert_eq!(told.unwrap().len(), 13, "pages of {size}");
    }
    assert_eq!(health.describe_events().send().await.unwrap().events().len(), 10, "by default");
}

#[tokio::test(start_paused = true)]
async fn an_update_replaces_what_was_told_and_a_late_older_one_does_not() {
    let sim = simulator();
    let first = notice().service("prd", "api").service("prd", "web");
    let update = first.clone().update("open", start() + DAY).resolved("prd", "api");
    sim.publish_to_health(&update);
    sim.publish_to_health(&first);
    let health = Client::new(&sdk_config(&sim));
    let events = health.describe_events().send().await.unwrap();
    assert_eq!(events.events()[0].status_code(), Some(&EventStatusCode::Open));
    let filter = EntityFilter::builder().event_arns(arn(&first)).build().unwrap();
    let answer = health.describe_affected_entities().filter(filter).send().await.unwrap();
    let mut told: Vec<_> = answer
        .entities()
        .iter()
        .map(|e| (e.entity_value().unwrap(), e.status_code().unwrap().as_str()))
        .collect();
    told.sort_unstable();
    assert_eq!(told, [("prd|api", "RESOLVED"), ("prd|web", "PENDING")]);
}

async fn refused(sim: &Simulator, adjust: impl FnOnce(&Simulator)) -> Option<String> {
    adjust(sim);
    let asked = Client::new(&sdk_config(sim)).describe_events().send().await;
    asked.unwrap_err().into_service_error().code().map(str::to_owned)
}

#[tokio::test(start_paused = true)]
async fn errors_are_known_by_their_codes() {
    let sim = simulator();
    let code = refused(&sim, |sim| sim.unsubscribe_health(true)).await;
    assert_eq!(code.as_deref(), Some("SubscriptionRequiredException"));
    sim.unsubscribe_health(false);
    for (fault, expected) in [
        (Fault::AccessDenied, "AccessDeniedException"),
        (Fault::Throttle, "ThrottlingException"),
        (Fault::ServerError, "ServerException"),
    ] {
        let rule = FaultRule::new("DescribeEvents", fault).times(1);
        assert_eq!(refused(&sim, |sim| sim.inject(rule)).await.as_deref(), Some(expected));
    }
    let health = Client::new(&sdk_config(&sim));
    let error = health.describe_events().next_token("x").send().await.unwrap_err();
    assert!(error.into_service_error().is_invalid_pagination_token());
    let error = health.describe_events().max_results(101).send().await.unwrap_err();
    assert_eq!(error.into_service_error().code(), Some("ValidationException"));
    let many = (0..11).map(|number| number.to_string()).collect();
    for arns in [vec![], many] {
        let filter = EntityFilter::builder().set_event_arns(Some(arns)).build().unwrap();
        let error = health.describe_affected_entities().filter(filter).send().await.unwrap_err();
        assert_eq!(error.into_service_error().code(), Some("ValidationException"));
    }
    let error = health.describe_event_types().send().await.unwrap_err();
    assert_eq!(error.into_service_error().code(), Some("UnknownOperationException"));
    sim.inject(FaultRule::new("*", Fault::HtmlErrorPage).times(1));
    let error = health.describe_events().send().await.unwrap_err();
    assert!(matches!(error, SdkError::ServiceError(_) | SdkError::ResponseError(_)), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn the_api_speaks_json_as_well() {
    let sim = simulator();
    sim.publish_to_health(&notice());
    let answer = call_target(&sim, "AWSHealth_20160804.DescribeEvents", json!({})).await;
    assert_eq!(answer.body["events"][0]["startTime"], json!(1_800_604_800.0));
}
