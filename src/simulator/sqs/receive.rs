//! ReceiveMessage: at once, or when there is something.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::errors::out_of_range;
use super::messages::md5;
use super::queue::Message;
use super::receipt::Receipt;
use super::{Sqs, errors};
use crate::simulator::error::ApiError;
use crate::simulator::identity::Identity;
use crate::simulator::moment::Moment;
use crate::simulator::reply::Answer;

const MESSAGES_MAX: i64 = 10;
const WAIT_SECONDS_MAX: i64 = 20;
const VISIBILITY_SECONDS_MAX: i64 = 43_200;
/// A standard queue has at most about 120,000 messages in flight.
const IN_FLIGHT_MAX: usize = 120_000;
/// Who sends all messages here, as `SenderId` tells.
const SENDER: &str = "AIDAEXAMPLE";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ReceiveMessage {
    queue_url: String,
    max_number_of_messages: Option<i64>,
    wait_time_seconds: Option<i64>,
    visibility_timeout: Option<i64>,
    #[serde(default)]
    attribute_names: Vec<String>,
    #[serde(default)]
    message_system_attribute_names: Vec<String>,
}

/// A call that waits for messages.
#[derive(Debug)]
pub(crate) struct Poll {
    url: String,
    messages_max: usize,
    invisible: Option<Duration>,
    attributes: Vec<String>,
    /// It answers at this instant at the latest; with nothing, if need be.
    until: Option<Moment>,
}

impl Poll {
    /// Lets it be answered as it is.
    pub(crate) fn give_up(&mut self) {
        self.until = None;
    }
}

impl Sqs {
    /// Checks a request. What it is answered, the poll tells.
    pub(super) fn receive_message(
        &mut self,
        input: &ReceiveMessage,
        now: Moment,
    ) -> Result<Poll, ApiError> {
        let most = "Must be between 1 and 10, if provided.";
        let count =
            within(input.max_number_of_messages, "MaxNumberOfMessages", 1, MESSAGES_MAX, most)?;
        let most = "Must be >= 0 and <= 20, if provided.";
        let wait = within(input.wait_time_seconds, "WaitTimeSeconds", 0, WAIT_SECONDS_MAX, most)?;
        let invisible = input.visibility_timeout.map(visibility).transpose()?;
        let queue = self.queue(&input.queue_url)?;
        if queue.counts(now).in_flight >= IN_FLIGHT_MAX {
            return Err(ApiError::client("OverLimit", "Too many messages in flight."));
        }
        let default = queue.attributes.seconds("ReceiveMessageWaitTimeSeconds");
        let wait = wait.map_or(default, Duration::from_secs);
        let named = input.attribute_names.iter().chain(&input.message_system_attribute_names);
        Ok(Poll {
            url: input.queue_url.clone(),
            messages_max: count.and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
            invisible,
            attributes: named.cloned().collect(),
            until: (!wait.is_zero()).then(|| now + wait),
        })
    }

    /// Answers a call that waits, or lets it wait on.
    pub(crate) fn resume(&mut self, poll: Poll, now: Moment) -> Answer {
        match self.receive(&poll, now) {
            Err(error) => Answer::Error(error),
            Ok(none) if none.is_empty() && poll.until.is_some_and(|until| now < until) => {
                Answer::Wait(poll)
            }
            // AWS leaves the member out when there is nothing.
            Ok(none) if none.is_empty() => Answer::Json(json!({})),
            Ok(messages) => Answer::Json(json!({ "Messages": messages })),
        }
    }

    /// When a call that waits should look again: when its time is up, or a message is visible.
    pub(crate) fn next_due(&self, poll: &Poll, now: Moment) -> Moment {
        let queue = self.name_in(&poll.url).and_then(|name| self.queues.get(name));
        let visible = queue.and_then(|queue| queue.next_visible(now));
        poll.until.into_iter().chain(visible).min().unwrap_or(now)
    }

    fn receive(&mut self, poll: &Poll, now: Moment) -> Result<Vec<Value>, ApiError> {
        let name = self.queue(&poll.url)?.name.clone();
        self.bury(&name, now);
        let queue = self.queues.get_mut(&name).ok_or_else(errors::no_such_queue)?;
        queue.expire(now);
        let mut visible = queue.visible(now);
        if self.shuffled {
            self.order.shuffle(&mut visible);
        }
        let default = queue.attributes.seconds("VisibilityTimeout");
        let invisible = poll.invisible.unwrap_or(default);
        let mut messages = Vec::new();
        for sequence in visible.into_iter().take(poll.messages_max) {
            if let Some((receipt, message)) = queue.receive(sequence, invisible, now) {
                messages.push(shape(message, receipt, &poll.attributes, &self.identity));
            }
        }
        Ok(messages)
    }

    /// Moves what was received too often to the dead-letter queue. AWS does it when somebody
    /// asks for messages, not before.
    fn bury(&mut self, name: &str, now: Moment) {
        let dead = self.queues.get_mut(name).and_then(|queue| queue.take_dead(now));
        let Some((redrive, dead)) = dead else { return };
        let Some(target) = self.queues.get_mut(&redrive.target) else { return };
        for (sequence, message) in dead {
            target.put(sequence, message);
            self.arrivals = true;
        }
    }
}

/// A visibility timeout from a request.
pub(super) fn visibility(seconds: i64) -> Result<Duration, ApiError> {
    let why = "Must be between 0 and 43200, if provided.";
    let seconds = within(Some(seconds), "VisibilityTimeout", 0, VISIBILITY_SECONDS_MAX, why)?;
    Ok(Duration::from_secs(seconds.unwrap_or_default()))
}

fn within(
    value: Option<i64>,
    parameter: &str,
    least: i64,
    most: i64,
    why: &str,
) -> Result<Option<u64>, ApiError> {
    let check = |value: i64| {
        let inside = (least..=most).contains(&value).then_some(value);
        let number = inside.and_then(|value| u64::try_from(value).ok());
        number.ok_or_else(|| out_of_range(value, parameter, why))
    };
    value.map(check).transpose()
}

fn shape(message: &Message, receipt: Receipt, asked: &[String], identity: &Identity) -> Value {
    let mut shape = json!({
        "MessageId": message.id,
        "ReceiptHandle": receipt.handle(),
        "MD5OfBody": md5(&message.body),
        "Body": message.body,
    });
    let first = message.first_received_at.unwrap_or(message.sent_at).milliseconds();
    let source = message.dead_letter_of.as_ref().map(|queue| identity.arn("sqs", queue));
    let attributes = [
        ("ApproximateFirstReceiveTimestamp", Some(first.to_string())),
        ("ApproximateReceiveCount", Some(message.received.to_string())),
        ("DeadLetterQueueSourceArn", source),
        ("SenderId", Some(SENDER.to_owned())),
        ("SentTimestamp", Some(message.sent_at.milliseconds().to_string())),
    ];
    let is_asked = |name: &str| asked.iter().any(|asked| asked == name || asked == "All");
    let told: Map<String, Value> = attributes
        .into_iter()
        .filter(|(name, _)| is_asked(name))
        .filter_map(|(name, value)| Some((name.to_owned(), json!(value?))))
        .collect();
    if !told.is_empty() {
        shape["Attributes"] = Value::Object(told);
    }
    shape
}
