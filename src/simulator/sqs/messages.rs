//! SendMessage, DeleteMessage and ChangeMessageVisibility.

use std::fmt::Write;
use std::time::Duration;

use md5::{Digest, Md5};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Sqs;
use super::errors::{invalid_value, missing, out_of_range, unsupported};
use super::queue::Message;
use super::receipt::Receipt;
use super::receive::visibility;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

/// A message may be delayed by a quarter of an hour.
const DELAY_SECONDS_MAX: i64 = 900;
/// A message may be kept invisible for 12 hours, counted from its first receipt.
const INVISIBLE_MAX: Duration = Duration::from_secs(43_200);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SendMessage {
    queue_url: String,
    #[serde(default)]
    message_body: String,
    delay_seconds: Option<i64>,
    #[serde(default)]
    message_attributes: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteMessage {
    queue_url: String,
    receipt_handle: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ChangeMessageVisibility {
    queue_url: String,
    receipt_handle: String,
    visibility_timeout: i64,
}

impl Sqs {
    pub(super) fn send_message(
        &mut self,
        input: &SendMessage,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let queue = self.queue(&input.queue_url)?;
        let (name, limit) = (queue.name.clone(), queue.attributes.number("MaximumMessageSize"));
        if input.message_body.is_empty() {
            return Err(missing("MessageBody"));
        }
        if input.message_body.len() as u64 > limit {
            let why = format!("Reason: Message must be shorter than {limit} bytes.");
            return Err(invalid_value(format!("One or more parameters are invalid. {why}")));
        }
        if !input.message_attributes.is_empty() {
            return Err(unsupported("Message attributes"));
        }
        let delay = input.delay_seconds.map(delay).transpose()?;
        let id = self.enqueue(&name, &input.message_body, delay, now);
        Ok(json!({ "MessageId": id, "MD5OfMessageBody": md5(&input.message_body) }))
    }

    pub(super) fn delete_message(
        &mut self,
        input: &DeleteMessage,
        now: Moment,
    ) -> Result<Value, ApiError> {
        self.delete(&input.queue_url, &input.receipt_handle, now)?;
        Ok(json!({}))
    }

    pub(super) fn change_message_visibility(
        &mut self,
        input: &ChangeMessageVisibility,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let seconds = input.visibility_timeout;
        self.change_visibility(&input.queue_url, &input.receipt_handle, seconds, now)?;
        Ok(json!({}))
    }

    /// Puts a message into a queue that exists, and returns its id.
    pub(crate) fn enqueue(
        &mut self,
        name: &str,
        body: &str,
        delay: Option<Duration>,
        now: Moment,
    ) -> Option<String> {
        let queue = self.queues.get_mut(name)?;
        let delay = delay.unwrap_or_else(|| queue.attributes.seconds("DelaySeconds"));
        let id = self.ids.uuid();
        queue.put(self.next_sequence, Message::new(id.clone(), body.to_owned(), now, delay));
        self.next_sequence += 1;
        self.arrivals = true;
        Some(id)
    }

    /// Deletes by a receipt. That of a message which is gone, or an old one, deletes nothing and
    /// is no error.
    pub(super) fn delete(&mut self, url: &str, handle: &str, now: Moment) -> Result<(), ApiError> {
        let redelivered = self.redelivers_deleted;
        let queue = self.queue(url)?;
        queue.expire(now);
        queue.delete(Receipt::parse(handle)?, redelivered);
        Ok(())
    }

    pub(super) fn change_visibility(
        &mut self,
        url: &str,
        handle: &str,
        seconds: i64,
        now: Moment,
    ) -> Result<(), ApiError> {
        let queue = self.queue(url)?;
        queue.expire(now);
        let after = visibility(seconds)?;
        let receipt = Receipt::parse(handle)?;
        let Some(message) = queue.received(receipt) else {
            let why = "Message does not exist or is not available for visibility timeout change.";
            return Err(invalid_value(format!(
                "Value {handle} for parameter ReceiptHandle is invalid. Reason: {why}"
            )));
        };
        let first = message.first_received_at.unwrap_or(now);
        if !queue.is_in_flight(receipt.sequence, now) {
            return Err(ApiError::client(
                "MessageNotInflight",
                "The specified message isn't in flight.",
            ));
        }
        if (now + after).since(first) > INVISIBLE_MAX {
            let why = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
            return Err(out_of_range(seconds, "VisibilityTimeout", why));
        }
        queue.show(receipt.sequence, after, now);
        self.arrivals = true;
        Ok(())
    }
}

/// The MD5 digest of a body, which some SDKs compare with what they sent or got.
pub(super) fn md5(body: &str) -> String {
    Md5::digest(body.as_bytes()).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing into a text cannot fail");
        text
    })
}

fn delay(seconds: i64) -> Result<Duration, ApiError> {
    let inside = (0..=DELAY_SECONDS_MAX).contains(&seconds).then_some(seconds);
    let seconds_valid = inside.and_then(|seconds| u64::try_from(seconds).ok());
    let why = "DelaySeconds must be >= 0 and <= 900.";
    seconds_valid.map(Duration::from_secs).ok_or_else(|| out_of_range(seconds, "DelaySeconds", why))
}
