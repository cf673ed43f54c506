//! A small AWS Health: notices of retirements, told as events and by the Health API.
//!
//! The API answers in RPC v2 CBOR, as the Rust SDK asks, and in AWS JSON 1.1, as the AWS CLI does.
//! Not simulated: organisations, and what is not about Amazon ECS. Operations that are not
//! implemented fail loudly.

mod api;
mod notice;

use std::collections::BTreeMap;

use serde_json::Value;

pub use notice::{DateForm, EntityForm, EntityPlace, HealthNotice};

use super::error::ApiError;

/// The target of every Health operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "AWSHealth_20160804";

/// The state of the simulated AWS Health of one account.
#[derive(Debug, Default)]
pub(crate) struct Health {
    /// By the ARN of the event; pages and updates of one come together.
    events: BTreeMap<String, HealthNotice>,
    /// Whether the account lacks the support plan that the API needs.
    unsubscribed: bool,
}

impl Health {
    /// Answers one operation.
    pub(crate) fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        if self.unsubscribed {
            let message = "An AWS Support plan that includes the AWS Health API is required.";
            return Err(ApiError::client("SubscriptionRequiredException", message));
        }
        match operation {
            "DescribeEvents" => self.describe_events(&api::parse(input)?),
            "DescribeAffectedEntities" => self.describe_affected_entities(&api::parse(input)?),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    pub(crate) fn set_unsubscribed(&mut self, on: bool) {
        self.unsubscribed = on;
    }

    /// Takes a notice up. The newest update counts, and entities of other pages stay.
    pub(crate) fn publish(&mut self, notice: &HealthNotice) {
        let mut taken = notice.clone();
        if let Some(before) = self.events.remove(&notice.event_arn) {
            let (older, newer) = if before.updated <= notice.updated {
                (before, &mut taken)
            } else {
                (std::mem::replace(&mut taken, before), &mut taken)
            };
            let known: Vec<String> = newer.entities.iter().map(|e| e.value.clone()).collect();
            let others = older.entities.into_iter().filter(|e| !known.contains(&e.value));
            newer.entities.extend(others);
        }
        self.events.insert(taken.event_arn.clone(), taken);
    }
}

/// The events that a request is about, for the call log and for faults that hit single events.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let arns = input.get("filter").and_then(|filter| filter.get("eventArns"));
    let arns = arns.and_then(Value::as_array).into_iter().flatten();
    arns.filter_map(Value::as_str).map(str::to_owned).collect()
}
