//! A small Amazon EventBridge: PutEvents onto buses, and nothing that listens there.
//!
//! It keeps the events that came to a bus, for whoever wants to see them. Not simulated: rules,
//! targets, archives. Operations that are not implemented fail loudly.

mod put_events;

use std::collections::{BTreeSet, VecDeque};
use std::time::SystemTime;

use serde_json::Value;

use super::error::ApiError;
use super::identity::Ids;
use super::moment::Moment;

/// `X-Amz-Target` of every EventBridge operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "AWSEvents";

/// The bus that every account has.
const DEFAULT_BUS: &str = "default";
/// So many events are kept.
const EVENTS_MAX: usize = 10_000;

/// An event that came to a bus.
#[derive(Debug, Clone, PartialEq)]
pub struct PutEvent {
    /// `EventId` of the answer.
    pub id: String,
    /// `DetailType`.
    pub detail_type: String,
    /// `Source`.
    pub source: String,
    /// The name of the bus.
    pub bus: String,
    /// `Detail`, parsed.
    pub detail: Value,
    /// `Resources`.
    pub resources: Vec<String>,
    /// `Time`, if the entry has one.
    pub time: Option<SystemTime>,
    /// When it came.
    pub at: SystemTime,
}

/// The state of the simulated EventBridge in one account and Region.
#[derive(Debug)]
pub(crate) struct Events {
    ids: Ids,
    buses: BTreeSet<String>,
    /// Oldest first.
    put: VecDeque<PutEvent>,
}

impl Events {
    pub(crate) fn new(seed: u64) -> Self {
        let buses = BTreeSet::from([DEFAULT_BUS.to_owned()]);
        Events { ids: Ids::new(seed), buses, put: VecDeque::new() }
    }

    /// Answers one operation. Of one with entries, `every`th fails.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        input: &Value,
        every: Option<usize>,
        now: Moment,
    ) -> Result<Value, ApiError> {
        match operation {
            "PutEvents" => self.put_events(input, every, now),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    pub(crate) fn add_bus(&mut self, name: &str) {
        self.buses.insert(name.to_owned());
    }

    /// What came to the buses, oldest first.
    pub(crate) fn put(&self) -> Vec<PutEvent> {
        self.put.iter().cloned().collect()
    }

    fn keep(&mut self, event: PutEvent) {
        if self.put.len() == EVENTS_MAX {
            self.put.pop_front();
        }
        self.put.push_back(event);
    }
}

/// The buses that a request is about, for the call log and for faults that hit single buses.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let entries = input.get("Entries").and_then(Value::as_array).into_iter().flatten();
    let buses = entries.map(|entry| bus(entry.get("EventBusName").and_then(Value::as_str)));
    buses.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The name in a reference to a bus: a name, an ARN, or nothing.
fn bus(reference: Option<&str>) -> &str {
    let reference = reference.unwrap_or(DEFAULT_BUS);
    reference.rsplit('/').next().unwrap_or(reference)
}
