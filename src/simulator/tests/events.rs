//! Amazon EventBridge through its real SDK.

use std::time::{Duration, SystemTime};

use aws_sdk_eventbridge::Client;
use aws_sdk_eventbridge::error::ProvideErrorMetadata;
use aws_sdk_eventbridge::operation::put_events::PutEventsOutput;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use serde_json::json;

use super::support::*;
use crate::simulator::{Fault, FaultRule, Simulator};

fn entry(source: &str, detail: &str) -> PutEventsRequestEntry {
    let entry = PutEventsRequestEntry::builder().source(source).detail_type("Something Happened");
    entry.detail(detail).build()
}

async fn put(sim: &Simulator, entries: Vec<PutEventsRequestEntry>) -> PutEventsOutput {
    let put = Client::new(&sdk_config(sim)).put_events();
    put.set_entries(Some(entries)).send().await.unwrap()
}

/// The error codes of the entries.
fn codes(answer: &PutEventsOutput) -> Vec<Option<&str>> {
    answer.entries().iter().map(|entry| entry.error_code()).collect()
}

#[tokio::test(start_paused = true)]
async fn events_come_to_their_buses() {
    let sim = simulator();
    sim.add_event_bus("mine");
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let whole =
        PutEventsRequestEntry::builder().source("test").detail_type("A").detail("{\"a\":1}");
    let whole = whole.resources("arn:aws:x").time(at.into());
    let whole = whole.event_bus_name("arn:aws:events:eu-central-1:123456789012:event-bus/mine");
    let answer = put(&sim, vec![entry("test", "{}"), whole.build()]).await;
    assert_eq!((answer.failed_entry_count(), codes(&answer)), (0, vec![None, None]));
    let events = sim.put_events();
    let buses: Vec<&str> = events.iter().map(|event| event.bus.as_str()).collect();
    assert_eq!(buses, ["default", "mine"]);
    let event = &events[1];
    assert_eq!(Some(event.id.as_str()), answer.entries()[1].event_id());
    assert_eq!((event.source.as_str(), event.detail_type.as_str()), ("test", "A"));
    assert_eq!(
        (&event.detail, &event.resources),
        (&json!({ "a": 1 }), &vec!["arn:aws:x".to_owned()])
    );
    assert_eq!(event.time, Some(at));
    assert_eq!(event.at, SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000));
}

#[tokio::test(start_paused = true)]
async fn each_entry_fails_on_its_own() {
    let sim = simulator();
    let partial = PutEventsRequestEntry::builder().source("test").detail("{}").build();
    let entries = vec![
        entry("aws.ecs", "{}"),
        entry("test", "{}"),
        entry("test", "[1]"),
        entry("test", "{"),
        entry("", "{}"),
        partial,
    ];
    let answer = put(&sim, entries).await;
    assert_eq!(answer.failed_entry_count(), 5);
    let expected = [
        Some("NotAuthorizedForSourceException"),
        None,
        Some("MalformedDetail"),
        Some("MalformedDetail"),
        Some("InvalidArgument"),
        Some("InvalidArgument"),
    ];
    assert_eq!(codes(&answer), expected);
    assert_eq!(sim.put_events().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn every_nth_entry_can_be_made_to_fail() {
    let sim = simulator();
    sim.inject(FaultRule::new("PutEvents", Fault::FailEntries { every: 3 }).on("default"));
    let entries = (0..7).map(|number| entry("test", &json!({ "n": number }).to_string()));
    let answer = put(&sim, entries.collect()).await;
    let failed = Some("InternalFailure");
    assert_eq!(codes(&answer), [None, None, failed, None, None, failed, None]);
    let kept: Vec<_> = sim.put_events().iter().map(|event| event.detail["n"].clone()).collect();
    assert_eq!(kept, [0, 1, 3, 4, 6]);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_does_not_exist_loses_events_without_a_word() {
    let sim = simulator();
    let entry = PutEventsRequestEntry::builder().source("test").detail_type("A").detail("{}");
    let answer = put(&sim, vec![entry.event_bus_name("gone").build()]).await;
    assert_eq!((answer.failed_entry_count(), codes(&answer)), (0, vec![None]));
    assert_eq!(sim.put_events(), []);
}

#[tokio::test(start_paused = true)]
async fn a_call_beyond_a_limit_fails_whole() {
    let sim = simulator();
    let empty = PutEventsRequestEntry::builder().source("test").build();
    let long = |bytes: usize| {
        // Source, detail type and the sign around the detail's only member count, too.
        let rest = "test".len() + "Something Happened".len() + "{\"a\":\"\"}".len();
        entry("test", &json!({ "a": "x".repeat(bytes - rest) }).to_string())
    };
    let cases = [
        (vec![], false),
        (vec![entry("test", "{}"); 11], false),
        (vec![empty], false),
        (vec![long(262_144)], false),
        (vec![long(131_072), long(131_072)], false),
        (vec![long(262_143)], true),
        (vec![entry("test", "{}"); 10], true),
    ];
    for (number, (entries, fits)) in cases.into_iter().enumerate() {
        let put = Client::new(&sdk_config(&sim)).put_events();
        let result = put.set_entries(Some(entries)).send().await;
        let code = result
            .err()
            .map(|error| error.into_service_error().code().unwrap_or_default().to_owned());
        let expected = (!fits).then(|| "ValidationException".to_owned());
        assert_eq!(code, expected, "case {number}");
    }
}

#[tokio::test(start_paused = true)]
async fn denied_and_throttled_calls_are_told_by_their_codes() {
    for (fault, code) in
        [(Fault::AccessDenied, "AccessDeniedException"), (Fault::Throttle, "ThrottlingException")]
    {
        let sim = simulator();
        sim.inject(FaultRule::new("PutEvents", fault));
        let put = Client::new(&sdk_config(&sim)).put_events().entries(entry("test", "{}"));
        let error = put.send().await.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some(code));
        assert_eq!(sim.put_events(), []);
    }
}
