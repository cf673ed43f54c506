//! The attributes of a queue: texts within limits.
//!
//! Source: Amazon SQS API reference, `SetQueueAttributes`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::errors::invalid_value;
use crate::simulator::error::ApiError;
use crate::simulator::identity::Identity;

/// Attributes that are numbers: name, default, least and most.
const NUMBERS: &[(&str, u64, u64, u64)] = &[
    ("DelaySeconds", 0, 0, 900),
    ("MaximumMessageSize", 1_048_576, 1024, 1_048_576),
    ("MessageRetentionPeriod", 345_600, 60, 1_209_600),
    ("ReceiveMessageWaitTimeSeconds", 0, 0, 20),
    ("VisibilityTimeout", 30, 0, 43_200),
];
/// Attributes that are kept and told, but change nothing here.
const KEPT: &[&str] = &[
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "Policy",
    "RedriveAllowPolicy",
    "SqsManagedSseEnabled",
];
const REDRIVE_POLICY: &str = "RedrivePolicy";
const RECEIVES_MAX: u64 = 1000;

/// Where messages go that nobody deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Redrive {
    /// The name of the dead-letter queue.
    pub(super) target: String,
    /// How often a message is delivered before it goes there.
    pub(super) receives_max: u32,
}

/// What was set, as texts; the rest has its default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    set: BTreeMap<String, String>,
    pub(super) redrive: Option<Redrive>,
}

impl Attributes {
    /// Sets attributes, all or none of them. `exists` tells which queues there are.
    pub(super) fn set(
        &mut self,
        values: &BTreeMap<String, String>,
        identity: &Identity,
        exists: impl Fn(&str) -> bool,
    ) -> Result<(), ApiError> {
        let mut changed = self.clone();
        for (name, value) in values {
            let number = NUMBERS.iter().find(|(known, ..)| known == name);
            if let Some((_, _, least, most)) = number {
                let valid =
                    value.parse().is_ok_and(|number: u64| (*least..=*most).contains(&number));
                if !valid {
                    return Err(invalid_attribute(name));
                }
            } else if name == REDRIVE_POLICY {
                changed.redrive = redrive(value, identity, &exists)?;
                continue;
            } else if !KEPT.contains(&name.as_str()) {
                return Err(unknown_attribute(name));
            }
            changed.set.insert(name.clone(), value.clone());
        }
        *self = changed;
        Ok(())
    }

    /// A number; one that is unknown here is zero.
    pub(super) fn number(&self, name: &str) -> u64 {
        let default = NUMBERS.iter().find(|(known, ..)| *known == name).map(|(_, d, ..)| *d);
        let set = self.set.get(name).and_then(|value| value.parse().ok());
        set.or(default).unwrap_or_default()
    }

    pub(super) fn seconds(&self, name: &str) -> Duration {
        Duration::from_secs(self.number(name))
    }

    /// All attributes, as the API tells them.
    pub(super) fn told(&self, identity: &Identity) -> BTreeMap<String, String> {
        let numbers =
            NUMBERS.iter().map(|(name, ..)| ((*name).to_owned(), self.number(name).to_string()));
        let mut told: BTreeMap<String, String> = numbers.collect();
        told.extend(self.set.clone());
        if let Some(Redrive { target, receives_max }) = &self.redrive {
            let arn = identity.arn("sqs", target);
            // AWS tells the number as a number, however it was set.
            let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": receives_max });
            told.insert(REDRIVE_POLICY.to_owned(), policy.to_string());
        }
        told
    }
}

/// An empty text removes the policy.
fn redrive(
    text: &str,
    identity: &Identity,
    exists: impl Fn(&str) -> bool,
) -> Result<Option<Redrive>, ApiError> {
    if text.is_empty() {
        return Ok(None);
    }
    let policy: Value =
        serde_json::from_str(text).map_err(|_| invalid_attribute(REDRIVE_POLICY))?;
    let count = &policy["maxReceiveCount"];
    let count = count.as_u64().or_else(|| count.as_str().and_then(|text| text.parse().ok()));
    let receives_max = count
        .filter(|count| (1..=RECEIVES_MAX).contains(count))
        .and_then(|count| u32::try_from(count).ok())
        .ok_or_else(|| invalid_attribute(REDRIVE_POLICY))?;
    let arn = policy["deadLetterTargetArn"].as_str().unwrap_or("");
    let target = arn.rsplit(':').next().unwrap_or("").to_owned();
    if identity.arn("sqs", &target) != arn || !exists(&target) {
        let message = format!(
            "Value {text} for parameter RedrivePolicy is invalid. Reason: Dead letter target does \
             not exist."
        );
        return Err(invalid_value(message));
    }
    Ok(Some(Redrive { target, receives_max }))
}

/// Whether an attribute exists, but only of queues where somebody set it.
pub(super) fn is_optional(name: &str) -> bool {
    name == REDRIVE_POLICY || KEPT.contains(&name)
}

fn invalid_attribute(name: &str) -> ApiError {
    let message = format!("Invalid value for the parameter {name}.");
    ApiError::client("InvalidAttributeValue", message)
}

pub(super) fn unknown_attribute(name: &str) -> ApiError {
    ApiError::client("InvalidAttributeName", format!("Unknown Attribute {name}."))
}
