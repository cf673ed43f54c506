//! A small Amazon CloudWatch: alarms, and how much of Fargate the account uses.
//!
//! It answers in RPC v2 CBOR, as the Rust SDK asks, and in AWS JSON. An alarm is in the state that somebody
//! sets: nothing is measured but the usage. Operations that are not implemented fail loudly.

mod alarms;
mod metrics;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::ecs::Ecs;
use super::error::ApiError;
use super::identity::Identity;
use super::moment::Moment;
use alarms::Alarm;

/// The target of every CloudWatch operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "GraniteServiceVersion20100801";

/// The state of the simulated CloudWatch.
#[derive(Debug)]
pub(crate) struct CloudWatch {
    identity: Identity,
    alarms: BTreeMap<String, Alarm>,
    /// What the usage of Fargate On-Demand is said to be, instead of what it is.
    usage_vcpus: Option<f64>,
}

impl CloudWatch {
    pub(crate) fn new(identity: Identity) -> Self {
        CloudWatch { identity, alarms: BTreeMap::new(), usage_vcpus: None }
    }

    /// Answers one operation.
    pub(crate) fn call(
        &self,
        operation: &str,
        input: &Value,
        ecs: &Ecs,
        now: Moment,
    ) -> Result<Value, ApiError> {
        match operation {
            "DescribeAlarms" => self.describe_alarms(&parse(input)?),
            "GetMetricData" => self.get_metric_data(&parse(input)?, ecs, now),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    pub(crate) fn set_usage(&mut self, vcpus: f64) {
        self.usage_vcpus = Some(vcpus);
    }
}

/// The alarms that a request names, for the call log and for faults that hit single ones.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let names = input.get("AlarmNames").and_then(Value::as_array);
    names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads the input of an operation.
fn parse<'a, T: Deserialize<'a>>(input: &'a Value) -> Result<T, ApiError> {
    T::deserialize(input).map_err(|error| {
        ApiError::client("SerializationException", format!("cannot read the request: {error}"))
    })
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::client("ValidationError", message)
}
