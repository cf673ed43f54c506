//! The AWS Health API: what AWS says about the retirement of ECS tasks, for those who ask.
//!
//! Read as it comes. What the entities are called and what an event means is none of its business.

use std::collections::BTreeMap;
use std::fmt;

use aws_config::{Region, SdkConfig};
use aws_sdk_health::config::Builder;
use aws_sdk_health::operation::describe_affected_entities::DescribeAffectedEntitiesError;
use aws_sdk_health::types::{
    AffectedEntity, DateTimeRange, EntityFilter, Event, EventFilter, EventStatusCode,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::calls::Calls;
use super::error::unusable;
use super::metrics::AwsMetrics;
use super::operation::Operation;
use crate::clock::{Clock, Time};
use crate::plan::fleet::Problem;

/// The largest page that the API gives.
const PAGE_MAX: i32 = 100;

/// DescribeEvents takes at most so many codes, and DescribeAffectedEntities so many events.
const FILTER_MAX: usize = 10;

/// So many pages of events are read: far more retirements than one Region ever has at a time.
const EVENT_PAGES_MAX: usize = 10;

/// So many pages of entities are read for ten events: the tasks of the largest fleets.
const ENTITY_PAGES_MAX: usize = 1_000;

/// The code that AWS answers with to those without a support plan (AWS Health API reference).
const NOT_SUBSCRIBED: &str = "SubscriptionRequiredException";

/// The AWS Health API, as far as it tells of one Region; cheap to clone.
#[derive(Clone)]
pub struct Health {
    client: aws_sdk_health::Client,
    region: String,
    calls: Calls,
}

/// An event, with what it affects.
#[derive(Clone, Debug, PartialEq)]
pub struct HealthEvent {
    pub arn: String,
    /// `eventTypeCode`.
    pub code: String,
    pub region: String,
    /// `statusCode`: `open`, `closed` or `upcoming`.
    pub status: Option<String>,
    pub starts_at: Option<Time>,
    pub updated_at: Option<Time>,
    pub entities: Vec<HealthEntity>,
    /// Whether every page of its entities was read.
    pub complete: bool,
}

/// What an event affects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthEntity {
    /// What it is called, in any of the forms that AWS uses.
    pub value: String,
    pub account: Option<String>,
    /// `lastUpdatedTime`: when what AWS says of it was changed.
    pub updated_at: Option<Time>,
    /// `statusCode`, such as `PENDING` or `RESOLVED`.
    pub status: Option<String>,
}

/// Why the API did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HealthError {
    /// The account has no support plan that includes the API. Asking again does not help.
    NotSubscribed(Problem),
    Other(Problem),
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Health {
    /// The API, asked about the Region of `sdk`. It is asked in another one: AWS Health serves a
    /// whole partition from there, and the SDK would make up a host name for any other.
    pub fn new(sdk: &SdkConfig, clock: Clock, metrics: AwsMetrics) -> Self {
        let region = sdk.region().map(|region| region.as_ref().to_owned()).unwrap_or_default();
        let config = Builder::from(sdk).region(Region::new(serving(&region))).build();
        Self {
            client: aws_sdk_health::Client::from_conf(config),
            region,
            calls: Calls::new(metrics, clock),
        }
    }

    /// The events of these codes that are open or upcoming, or were closed and not changed since
    /// `closed_since`, with what they affect, in the order of their ARNs.
    ///
    /// # Errors
    /// When any of the calls fails: half an answer would pass for a whole one.
    pub async fn events(
        &self,
        codes: &[String],
        closed_since: Time,
    ) -> Result<Vec<HealthEvent>, HealthError> {
        let since = DateTime::from_millis(closed_since.timestamp_millis());
        let mut events = BTreeMap::new();
        for codes in codes.chunks(FILTER_MAX) {
            let filter = EventFilter::builder()
                .services("ECS")
                .set_event_type_codes(Some(codes.to_vec()))
                .regions(&self.region);
            let pending = filter
                .clone()
                .event_status_codes(EventStatusCode::Open)
                .event_status_codes(EventStatusCode::Upcoming)
                .build();
            let closed = filter
                .event_status_codes(EventStatusCode::Closed)
                .last_updated_times(DateTimeRange::builder().from(since).build())
                .build();
            // An event that is closed in between is found twice: the later answer is right.
            for filter in [pending, closed] {
                let found = self.describe_events(filter).await?;
                events.extend(found.into_iter().filter_map(|found| event(found, &self.region)));
            }
        }
        self.add_entities(&mut events).await?;
        Ok(events.into_values().collect())
    }

    async fn describe_events(&self, filter: EventFilter) -> Result<Vec<Event>, HealthError> {
        let operation = Operation::DescribeEvents;
        let (mut events, mut next) = (Vec::new(), None);
        for _ in 0..EVENT_PAGES_MAX {
            let answer = self
                .calls
                .send(operation, |attempts| {
                    self.client
                        .describe_events()
                        .filter(filter.clone())
                        .max_results(PAGE_MAX)
                        .set_next_token(next.take())
                        .customize()
                        .interceptor(attempts)
                        .send()
                })
                .await
                .map_err(|error| self.error(operation, &error))?;
            events.extend(answer.events.unwrap_or_default());
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(events);
            }
        }
        let limit = format!("more than {EVENT_PAGES_MAX} pages of events: it does not end");
        Err(HealthError::Other(unusable(operation, self.calls.now(), &limit)))
    }

    async fn add_entities(
        &self,
        events: &mut BTreeMap<String, HealthEvent>,
    ) -> Result<(), HealthError> {
        let arns: Vec<String> = events.keys().cloned().collect();
        for arns in arns.chunks(FILTER_MAX) {
            let mut next = None;
            for _ in 0..ENTITY_PAGES_MAX {
                let answer = self.describe_entities(arns, next.take()).await;
                let answer = answer
                    .map_err(|error| self.error(Operation::DescribeAffectedEntities, &error))?;
                for found in answer.entities.unwrap_or_default() {
                    let event = found.event_arn.as_ref().and_then(|arn| events.get_mut(arn));
                    if let Some(event) = event {
                        event.entities.extend(entity(found));
                    }
                }
                next = answer.next_token.filter(|token| !token.is_empty());
                if next.is_none() {
                    break;
                }
            }
            for arn in arns {
                if let Some(event) = events.get_mut(arn) {
                    event.complete = next.is_none();
                }
            }
        }
        Ok(())
    }

    async fn describe_entities(
        &self,
        arns: &[String],
        next: Option<String>,
    ) -> Result<
        aws_sdk_health::operation::describe_affected_entities::DescribeAffectedEntitiesOutput,
        SdkError<DescribeAffectedEntitiesError, HttpResponse>,
    > {
        let filter = EntityFilter::builder()
            .set_event_arns(Some(arns.to_vec()))
            .build()
            .expect("a filter with events is complete");
        self.calls
            .send(Operation::DescribeAffectedEntities, |attempts| {
                self.client
                    .describe_affected_entities()
                    .filter(filter)
                    .max_results(PAGE_MAX)
                    .set_next_token(next)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await
    }

    fn error<E>(&self, operation: Operation, error: &SdkError<E, HttpResponse>) -> HealthError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let problem = self.calls.problem(operation, error);
        match error.as_service_error().and_then(ProvideErrorMetadata::code) {
            Some(NOT_SUBSCRIBED) => HealthError::NotSubscribed(problem),
            _ => HealthError::Other(problem),
        }
    }
}

/// Where AWS Health answers for the partition of a Region (AWS Health User Guide, Accessing the AWS
/// Health API).
fn serving(region: &str) -> &'static str {
    if region.starts_with("cn-") {
        "cn-northwest-1"
    } else if region.starts_with("us-gov-") {
        "us-gov-west-1"
    } else {
        "us-east-1"
    }
}

/// An event without an ARN or a code cannot be told from another.
fn event(event: Event, region: &str) -> Option<(String, HealthEvent)> {
    let arn = event.arn?;
    let read = HealthEvent {
        arn: arn.clone(),
        code: event.event_type_code?,
        region: event.region.unwrap_or_else(|| region.to_owned()),
        status: event.status_code.map(|status| status.as_str().to_owned()),
        starts_at: event.start_time.as_ref().and_then(time),
        updated_at: event.last_updated_time.as_ref().and_then(time),
        entities: Vec::new(),
        complete: false,
    };
    Some((arn, read))
}

fn entity(entity: AffectedEntity) -> Option<HealthEntity> {
    Some(HealthEntity {
        value: entity.entity_value?,
        account: entity.aws_account_id,
        updated_at: entity.last_updated_time.as_ref().and_then(time),
        status: entity.status_code.map(|status| status.as_str().to_owned()),
    })
}

fn time(time: &DateTime) -> Option<Time> {
    Time::from_timestamp(time.secs(), time.subsec_nanos())
}

#[cfg(test)]
mod tests;
