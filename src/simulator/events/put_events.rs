//! PutEvents: up to ten entries, each of which succeeds or fails on its own.
//!
//! Source: Amazon EventBridge User Guide, "Sending events with PutEvents".

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Events, PutEvent, bus};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

const ENTRIES_MAX: usize = 10;
/// All entries of a call together must be smaller than 256 KiB. Newer documentation of the API
/// says 1 MB: what fits here fits by either.
const ENTRIES_BYTES_MAX: usize = 262_144;
/// What a timestamp counts for in the size of an entry.
const TIME_BYTES: usize = 14;
const DETAIL_TYPE_LENGTH_MAX: usize = 128;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PutEvents {
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    time: Option<f64>,
    source: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    detail_type: Option<String>,
    detail: Option<String>,
    event_bus_name: Option<String>,
}

/// Why an entry fails: `ErrorCode` and `ErrorMessage`.
type Failure = (&'static str, String);

impl Events {
    pub(super) fn put_events(
        &mut self,
        input: &Value,
        every: Option<usize>,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let input = PutEvents::deserialize(input).map_err(|error| {
            let message = format!("cannot read the request: {error}");
            ApiError::client("SerializationException", message)
        })?;
        input.check()?;
        let (mut results, mut failed) = (Vec::new(), 0);
        for (number, entry) in (1..).zip(&input.entries) {
            let fails = every.is_some_and(|every| usize::is_multiple_of(number, every));
            let result = if fails { Err(internal()) } else { self.put_event(entry, now) };
            results.push(match result {
                Ok(id) => json!({ "EventId": id }),
                Err((code, message)) => {
                    failed += 1;
                    json!({ "ErrorCode": code, "ErrorMessage": message })
                }
            });
        }
        Ok(json!({ "FailedEntryCount": failed, "Entries": results }))
    }

    /// Puts an event onto its bus. An unknown bus loses it without a word, as AWS does.
    fn put_event(&mut self, entry: &Entry, now: Moment) -> Result<String, Failure> {
        let source = required(entry.source.as_deref(), "Source")?;
        let detail_type = required(entry.detail_type.as_deref(), "DetailType")?;
        let detail = required(entry.detail.as_deref(), "Detail")?;
        if source.starts_with("aws.") {
            let message = "Not authorized for the source.".to_owned();
            return Err(("NotAuthorizedForSourceException", message));
        }
        if detail_type.len() > DETAIL_TYPE_LENGTH_MAX {
            let why = "DetailType can have at most 128 characters.";
            return Err(invalid("DetailType", why));
        }
        let detail: Option<Value> = serde_json::from_str(detail).ok();
        let detail = detail.filter(Value::is_object);
        let detail = detail.ok_or(("MalformedDetail", "Detail is malformed.".to_owned()))?;
        let id = self.ids.uuid();
        let bus = bus(entry.event_bus_name.as_deref());
        if self.buses.contains(bus) {
            self.keep(PutEvent {
                id: id.clone(),
                detail_type: detail_type.to_owned(),
                source: source.to_owned(),
                bus: bus.to_owned(),
                detail,
                resources: entry.resources.clone(),
                time: entry
                    .time
                    .map(|seconds| Moment::from_epoch_seconds(seconds).to_system_time()),
                at: now.to_system_time(),
            });
        }
        Ok(id)
    }
}

impl PutEvents {
    fn check(&self) -> Result<(), ApiError> {
        let count = self.entries.len();
        let violated = |bound: &str| {
            let message = format!(
                "1 validation error detected: Value '[{count} entries]' at 'entries' failed to \
                 satisfy constraint: Member must have length {bound}"
            );
            Err(ApiError::client("ValidationException", message))
        };
        match count {
            0 => return violated("greater than or equal to 1"),
            1..=ENTRIES_MAX => {}
            _ => return violated("less than or equal to 10"),
        }
        if self.entries.iter().map(Entry::bytes).sum::<usize>() >= ENTRIES_BYTES_MAX {
            let message = "Total size of the entries in the request is over the limit.";
            return Err(ApiError::client("ValidationException", message));
        }
        if !self.entries.iter().any(Entry::is_whole) {
            let message = "No entry has all of Source, DetailType and Detail.";
            return Err(ApiError::client("ValidationException", message));
        }
        Ok(())
    }
}

impl Entry {
    /// The size as EventBridge counts it.
    fn bytes(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail];
        let texts = texts.into_iter().flatten().chain(&self.resources);
        texts.map(String::len).sum::<usize>() + self.time.map_or(0, |_| TIME_BYTES)
    }

    fn is_whole(&self) -> bool {
        self.source.is_some() && self.detail_type.is_some() && self.detail.is_some()
    }
}

fn required<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, Failure> {
    let value = value.filter(|value| !value.is_empty());
    value.ok_or_else(|| invalid(name, &format!("{name} is a required argument.")))
}

fn invalid(name: &str, why: &str) -> Failure {
    ("InvalidArgument", format!("Parameter {name} is not valid. Reason: {why}"))
}

fn internal() -> Failure {
    ("InternalFailure", "Internal Service Failure".to_owned())
}
