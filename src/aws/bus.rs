//! Amazon EventBridge: events are put on a bus.

use std::fmt;
use std::sync::Arc;

use aws_config::{Region, SdkConfig};
use aws_sdk_eventbridge::config::Builder;
use aws_sdk_eventbridge::types::{PutEventsRequestEntry, PutEventsResultEntry};
use aws_smithy_types::DateTime;
use aws_smithy_types::retry::RetryConfig;

use super::calls::Calls;
use super::error::{entry_problem, unusable};
use super::metrics::AwsMetrics;
use super::operation::Operation;
use crate::clock::{Clock, Time};
use crate::plan::fleet::Problem;

/// One event bus; cheap to clone.
#[derive(Clone)]
pub struct EventBus {
    client: aws_sdk_eventbridge::Client,
    name: Arc<str>,
    calls: Calls,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BusEntry {
    /// When it happened.
    pub at: Time,
    pub source: &'static str,
    pub detail_type: &'static str,
    /// The ARNs of what it is about.
    pub resources: Vec<String>,
    /// A JSON object.
    pub detail: String,
}

/// What became of one event of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryOutcome {
    /// EventBridge has it, under this id.
    Taken { event_id: String },
    /// EventBridge does not have it.
    Refused(Problem),
}

impl fmt::Debug for EventBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBus").field("name", &self.name).finish_non_exhaustive()
    }
}

impl EventBus {
    /// The most events that one call takes (Amazon EventBridge API reference, PutEvents).
    pub const ENTRIES_MAX: usize = 10;

    /// The most bytes that the events of one call may have together, as [`BusEntry::size`] counts
    /// them: they must be smaller than 256 KiB (Amazon EventBridge user guide, Calculating event
    /// entry size).
    pub const BYTES_MAX: usize = 256 * 1024 - 1;

    /// The bus of this name, or of this ARN and then in the Region that it names.
    pub fn new(sdk: &SdkConfig, name: &str, clock: Clock, metrics: AwsMetrics) -> Self {
        let mut config = Builder::from(sdk);
        if let Some(region) = region_of(name) {
            config = config.region(Region::new(region.to_owned()));
        }
        Self {
            client: aws_sdk_eventbridge::Client::from_conf(config.build()),
            name: name.into(),
            calls: Calls::new(metrics, clock),
        }
    }

    /// What the configuration calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Puts events on the bus by one call, which is made once: whoever calls knows better than the
    /// SDK when to try again. Says of each event, in their order, what became of it. The limits of
    /// one call are the caller's to keep.
    ///
    /// # Errors
    /// When the call as a whole failed. After [`crate::plan::fleet::ProblemClass::Timeout`] and the
    /// like the events may be there all the same.
    pub async fn put(&self, entries: &[BusEntry]) -> Result<Vec<EntryOutcome>, Problem> {
        let operation = Operation::PutEvents;
        let request = entries.iter().map(|entry| self.request(entry)).collect();
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .put_events()
                    .set_entries(Some(request))
                    .customize()
                    .config_override(Builder::new().retry_config(RetryConfig::disabled()))
                    .interceptor(attempts)
                    .send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        // Each event is told apart by its place only.
        if answer.entries().len() != entries.len() {
            let what = "the answer does not have one entry per event";
            return Err(unusable(operation, self.calls.now(), what));
        }
        Ok(answer.entries().iter().map(|entry| self.outcome(entry)).collect())
    }

    fn request(&self, entry: &BusEntry) -> PutEventsRequestEntry {
        PutEventsRequestEntry::builder()
            .event_bus_name(&*self.name)
            .time(DateTime::from_secs(entry.at.timestamp()))
            .source(entry.source)
            .detail_type(entry.detail_type)
            .set_resources(Some(entry.resources.clone()))
            .detail(&entry.detail)
            .build()
    }

    fn outcome(&self, entry: &PutEventsResultEntry) -> EntryOutcome {
        match (entry.event_id(), entry.error_code()) {
            (Some(id), None) => EntryOutcome::Taken { event_id: id.to_owned() },
            (_, code) => EntryOutcome::Refused(entry_problem(
                Operation::PutEvents,
                self.calls.now(),
                code,
                entry.error_message(),
            )),
        }
    }
}

impl BusEntry {
    /// The bytes that EventBridge counts: 14 for the time, and those of all texts.
    pub fn size(&self) -> usize {
        let resources: usize = self.resources.iter().map(String::len).sum();
        14 + self.source.len() + self.detail_type.len() + resources + self.detail.len()
    }
}

/// The Region in `arn:aws:events:REGION:ACCOUNT:event-bus/NAME`.
fn region_of(name: &str) -> Option<&str> {
    let mut parts = name.strip_prefix("arn:")?.split(':');
    let (_partition, service, region) = (parts.next()?, parts.next()?, parts.next()?);
    (service == "events" && !region.is_empty()).then_some(region)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::testing::{FakeAws, Reply, epoch};
    use crate::metrics::{Label, Metrics};
    use crate::plan::fleet::ProblemClass;

    async fn bus_at(aws: &FakeAws) -> (EventBus, Metrics) {
        let (sdk, clock, families, metrics) = aws.configure().await;
        (EventBus::new(&sdk, "ops", clock, families), metrics)
    }

    fn entry(number: u32) -> BusEntry {
        BusEntry {
            at: epoch(),
            source: "ecs-refresh",
            detail_type: "ECS Refresh Started",
            resources: vec!["arn:aws:ecs:eu-west-1:123456789012:service/prd/api".to_owned()],
            detail: json!({ "number": number }).to_string(),
        }
    }

    #[test]
    fn the_region_is_the_one_that_the_arn_names() {
        for (name, region) in [
            ("default", None),
            ("arn:aws:events:us-east-1:123456789012:event-bus/ops", Some("us-east-1")),
            ("arn:aws:sqs:us-east-1:123456789012:ops", None),
            ("arn:aws:events", None),
        ] {
            assert_eq!(region_of(name), region, "{name}");
        }
    }

    #[test]
    fn the_size_is_counted_in_bytes_as_eventbridge_does() {
        let entry = BusEntry { resources: vec!["ä".to_owned()], ..entry(1) };
        assert_eq!(entry.size(), 14 + 11 + 19 + 2 + r#"{"number":1}"#.len());
    }

    #[tokio::test(start_paused = true)]
    async fn events_are_put_by_one_call_and_each_has_its_outcome() {
        use ProblemClass::*;
        let refusals = [
            ("ThrottlingException", Throttled),
            ("InternalFailure", Server),
            ("InternalException", Server),
            ("AccessDeniedException", Denied),
            ("NotAuthorizedForSourceException", Denied),
            ("MalformedDetail", Invalid),
            ("SomethingNew", Invalid),
        ];
        let aws = FakeAws::new(move |_| {
            let refused = |(code, _)| json!({ "ErrorCode": code, "ErrorMessage": "words" });
            let mut entries: Vec<Value> = refusals.map(refused).to_vec();
            entries.push(json!({ "EventId": "e-8" }));
            Reply::ok(json!({ "FailedEntryCount": refusals.len(), "Entries": entries }))
        });
        let (bus, _) = bus_at(&aws).await;
        let outcomes = bus.put(&(1..=8).map(entry).collect::<Vec<_>>()).await.unwrap();
        for ((code, class), outcome) in refusals.iter().zip(&outcomes) {
            let EntryOutcome::Refused(problem) = outcome else { panic!("{code}: {outcome:?}") };
            assert_eq!(problem.class, *class, "{code}");
            assert!(problem.message.starts_with(&format!("{code}: words")), "{problem}");
            let hint = problem.message.contains("allow the IAM action events:PutEvents");
            assert_eq!(hint, *class == Denied, "{problem}");
        }
        assert_eq!(outcomes[7], EntryOutcome::Taken { event_id: "e-8".to_owned() });
        let calls = aws.take_calls();
        assert_eq!(calls.len(), 1);
        assert_eq!(
            calls[0].body["Entries"][0],
            json!({ "EventBusName": "ops", "Time": 1_800_000_000, "Source": "ecs-refresh",
                "DetailType": "ECS Refresh Started", "Detail": r#"{"number":1}"#,
                "Resources": ["arn:aws:ecs:eu-west-1:123456789012:service/prd/api"] })
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_fails_is_sent_once_and_counted_by_its_class() {
        for (reply, class) in [
            (
                (|| Reply::error("ThrottlingException", "Rate exceeded")) as fn() -> Reply,
                ProblemClass::Throttled,
            ),
            (|| Reply::error("AccessDeniedException", "no"), ProblemClass::Denied),
            (|| Reply::error("ResourceNotFoundException", "no bus"), ProblemClass::NotFound),
            (|| Reply::Json(500, json!({ "__type": "InternalException" })), ProblemClass::Server),
            (|| Reply::Page(502, "<html>"), ProblemClass::Server),
            (|| Reply::Silence, ProblemClass::Timeout),
        ] {
            let aws = FakeAws::new(move |_| reply());
            let (bus, metrics) = bus_at(&aws).await;
            let problem = bus.put(&[entry(1)]).await.unwrap_err();
            assert_eq!(problem.class, class, "{problem}");
            assert_eq!(aws.take_counts(["PutEvents"]), [1], "{problem}");
            let class = class.label();
            let series =
                format!(r#"aws_requests_total{{class="{class}",operation="PutEvents"}} 1"#);
            assert!(metrics.render().contains(&series), "{series}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_about_another_number_of_events_cannot_be_used() {
        let aws = FakeAws::new(|_| Reply::ok(json!({ "Entries": [{ "EventId": "e-1" }] })));
        let (bus, _) = bus_at(&aws).await;
        let problem = bus.put(&[entry(1), entry(2)]).await.unwrap_err();
        assert_eq!(problem.class, ProblemClass::Server);
    }
}
