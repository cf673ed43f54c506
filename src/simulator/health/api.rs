//! DescribeEvents and DescribeAffectedEntities.

use std::cmp::Reverse;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Health;
use super::notice::{Entity, HealthNotice, TYPE_CODE};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

/// Pages have ten entries unless asked otherwise, and never more than a hundred.
const PAGE_DEFAULT: i64 = 10;
const PAGE_MAX: i64 = 100;
const EVENT_ARNS_MAX: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeEvents {
    filter: Option<EventFilter>,
    max_results: Option<i64>,
    next_token: Option<String>,
}

/// Lists that an event must be in; one that is left out says nothing.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventFilter {
    services: Option<Vec<String>>,
    event_type_codes: Option<Vec<String>>,
    event_type_categories: Option<Vec<String>>,
    event_status_codes: Option<Vec<String>>,
    regions: Option<Vec<String>>,
    event_arns: Option<Vec<String>>,
    #[serde(default)]
    start_times: Vec<Range>,
    #[serde(default)]
    last_updated_times: Vec<Range>,
}

/// A span of time, both ends included.
#[derive(Debug, Deserialize)]
struct Range {
    from: Option<f64>,
    to: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeAffectedEntities {
    filter: EntityFilter,
    max_results: Option<i64>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EntityFilter {
    event_arns: Vec<String>,
    status_codes: Option<Vec<String>>,
    entity_values: Option<Vec<String>>,
}

impl Health {
    /// The latest updated event is first.
    pub(super) fn describe_events(&self, input: &DescribeEvents) -> Result<Value, ApiError> {
        let none = EventFilter::default();
        let filter = input.filter.as_ref().unwrap_or(&none);
        let selected = self.events.values().filter(|event| filter.selects(event));
        let mut selected: Vec<&HealthNotice> = selected.collect();
        selected.sort_by_key(|event| Reverse(event.updated));
        let token = input.next_token.as_deref();
        let (events, next_token) = page(selected, input.max_results, token)?;
        let events: Vec<Value> = events.into_iter().map(event_shape).collect();
        Ok(json!({ "events": events, "nextToken": next_token }))
    }

    pub(super) fn describe_affected_entities(
        &self,
        input: &DescribeAffectedEntities,
    ) -> Result<Value, ApiError> {
        let arns = &input.filter.event_arns;
        if arns.is_empty() || arns.len() > EVENT_ARNS_MAX {
            let message = "1 validation error detected: Value at 'filter.eventArns' failed to \
                           satisfy constraint: Member must have length between 1 and 10";
            return Err(ApiError::client("ValidationException", message));
        }
        let within = |list: &Option<Vec<String>>, value: &str| {
            list.as_ref().is_none_or(|list| list.iter().any(|item| item == value))
        };
        let events = arns.iter().filter_map(|arn| self.events.get(arn));
        let entities = events.flat_map(|event| event.entities.iter().map(move |e| (event, e)));
        let selected = entities.filter(|(_, entity)| {
            within(&input.filter.status_codes, entity.status)
                && within(&input.filter.entity_values, &entity.value)
        });
        let token = input.next_token.as_deref();
        let (entities, next_token) = page(selected.collect(), input.max_results, token)?;
        let shape = |(event, entity): (&HealthNotice, &Entity)| entity_shape(event, entity);
        let entities: Vec<Value> = entities.into_iter().map(shape).collect();
        Ok(json!({ "entities": entities, "nextToken": next_token }))
    }
}

impl EventFilter {
    fn selects(&self, event: &HealthNotice) -> bool {
        let lists = [
            (&self.services, "ECS"),
            (&self.event_type_codes, TYPE_CODE),
            (&self.event_type_categories, "scheduledChange"),
            (&self.event_status_codes, &event.status),
            (&self.regions, &event.region),
            (&self.event_arns, &event.event_arn),
        ];
        let listed = lists.iter().all(|(list, value)| {
            list.as_ref().is_none_or(|list| list.iter().any(|item| item == value))
        });
        let within = |ranges: &[Range], at: Moment| {
            ranges.is_empty() || ranges.iter().any(|range| range.contains(at.epoch_seconds()))
        };
        listed
            && within(&self.start_times, event.start.into())
            && within(&self.last_updated_times, event.updated.into())
    }
}

impl Range {
    fn contains(&self, seconds: f64) -> bool {
        self.from.is_none_or(|from| from <= seconds) && self.to.is_none_or(|to| seconds <= to)
    }
}

fn event_shape(event: &HealthNotice) -> Value {
    let time = |time| Moment::from(time).to_json();
    let mut shape = json!({
        "arn": event.event_arn,
        "service": "ECS",
        "eventTypeCode": TYPE_CODE,
        "eventTypeCategory": "scheduledChange",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "region": event.region,
        "startTime": time(event.start),
        "lastUpdatedTime": time(event.updated),
        "statusCode": event.status,
    });
    if let Some(end) = event.end {
        shape["endTime"] = time(end);
    }
    shape
}

fn entity_shape(event: &HealthNotice, entity: &Entity) -> Value {
    json!({
        // Health numbers entities by itself; the ARN says nothing of what they are.
        "entityArn": format!(
            "arn:aws:health:{}:{}:entity/{}",
            event.region,
            event.account,
            super::notice::hash(&entity.value)
        ),
        "eventArn": event.event_arn,
        "entityValue": entity.value,
        "awsAccountId": event.account,
        "lastUpdatedTime": Moment::from(event.updated).to_json(),
        "statusCode": entity.status,
    })
}

/// One page of a list, and the token of the page behind it: how many entries were told.
fn page<T>(
    mut list: Vec<T>,
    max_results: Option<i64>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ApiError> {
    let size = max_results.unwrap_or(PAGE_DEFAULT);
    let size = usize::try_from(size).ok().filter(|_| (1..=PAGE_MAX).contains(&size));
    let size = size.ok_or_else(|| {
        let message = "1 validation error detected: Value at 'maxResults' failed to satisfy \
                       constraint: Member must have value between 1 and 100";
        ApiError::client("ValidationException", message)
    })?;
    let told = match token.map(|token| token.strip_prefix("after-").map(str::parse)) {
        None => 0,
        Some(Some(Ok(told))) => told,
        Some(_) => {
            let message = "The specified pagination token is not valid.";
            return Err(ApiError::client("InvalidPaginationToken", message));
        }
    };
    let mut rest = list.split_off(told.min(list.len()));
    let more = rest.len() > size;
    rest.truncate(size);
    Ok((rest, more.then(|| format!("after-{}", told + size))))
}

/// Reads the input of an operation.
pub(super) fn parse<'a, T: Deserialize<'a>>(input: &'a Value) -> Result<T, ApiError> {
    T::deserialize(input).map_err(|error| {
        ApiError::client("SerializationException", format!("cannot read the request: {error}"))
    })
}
