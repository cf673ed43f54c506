//! A small Amazon SQS: standard queues, visibility, long polls, and dead-letter queues.
//!
//! Nothing happens by itself: whoever looks at a queue sees which messages are visible by now. It
//! delivers at least once, and can be told to do so more often and in another order.
//!
//! Not simulated: FIFO queues, message attributes, policies and encryption, which are kept but
//! mean nothing. Operations that are not implemented fail loudly.

mod attributes;
mod batches;
mod errors;
mod messages;
mod queue;
mod queues;
mod receipt;
mod receive;

use std::collections::BTreeMap;

use fastrand::Rng;
use serde::Deserialize;
use serde_json::Value;

pub(crate) use errors::{error_type, query_code};
pub(crate) use receive::Poll;

use super::error::ApiError;
use super::identity::{Identity, Ids};
use super::moment::Moment;
use super::reply::Answer;
use queue::Queue;

/// `X-Amz-Target` of every SQS operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "AmazonSQS";

/// The state of the simulated SQS in one account and Region.
#[derive(Debug)]
pub(crate) struct Sqs {
    identity: Identity,
    ids: Ids,
    /// The order in which messages are delivered, where it is not that in which they were sent.
    order: Rng,
    queues: BTreeMap<String, Queue>,
    /// Numbers messages over all queues, in the order in which they were sent.
    next_sequence: u64,
    /// Whether there may be something for those who wait.
    arrivals: bool,
    shuffled: bool,
    redelivers_deleted: bool,
}

impl Sqs {
    pub(crate) fn new(identity: Identity, seed: u64) -> Self {
        Sqs {
            identity,
            ids: Ids::new(seed),
            order: Rng::with_seed(seed),
            queues: BTreeMap::new(),
            next_sequence: 0,
            arrivals: false,
            shuffled: false,
            redelivers_deleted: false,
        }
    }

    /// Answers one operation. Of one with entries, `every`th fails.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        input: &Value,
        every: Option<usize>,
        now: Moment,
    ) -> Answer {
        if operation == "ReceiveMessage" {
            return match parse(input).and_then(|input| self.receive_message(&input, now)) {
                Ok(poll) => self.resume(poll, now),
                Err(error) => Answer::Error(error),
            };
        }
        self.answer(operation, input, every, now).into()
    }

    fn answer(
        &mut self,
        operation: &str,
        input: &Value,
        every: Option<usize>,
        now: Moment,
    ) -> Result<Value, ApiError> {
        match operation {
            "CreateQueue" => self.create_queue(parse(input)?, now),
            "DeleteQueue" => self.delete_queue(&parse(input)?),
            "GetQueueUrl" => self.get_queue_url(&parse(input)?),
            "ListQueues" => self.list_queues(&parse(input)?),
            "GetQueueAttributes" => self.get_queue_attributes(&parse(input)?, now),
            "SetQueueAttributes" => self.set_queue_attributes(&parse(input)?, now),
            "SendMessage" => self.send_message(&parse(input)?, now),
            "DeleteMessage" => self.delete_message(&parse(input)?, now),
            "DeleteMessageBatch" => self.delete_message_batch(&parse(input)?, every, now),
            "ChangeMessageVisibility" => self.change_message_visibility(&parse(input)?, now),
            "ChangeMessageVisibilityBatch" => {
                self.change_message_visibility_batch(&parse(input)?, every, now)
            }
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    /// Whether somebody who waits should look again; only the first who asks is told.
    pub(crate) fn take_arrivals(&mut self) -> bool {
        std::mem::take(&mut self.arrivals)
    }

    /// Whether messages come in any order.
    pub(crate) fn set_shuffled(&mut self, on: bool) {
        self.shuffled = on;
    }

    /// Whether a deleted message is delivered once more.
    pub(crate) fn set_redelivers_deleted(&mut self, on: bool) {
        self.redelivers_deleted = on;
    }

    /// The queue that a URL names. The host means nothing; account and name are the path.
    fn queue(&mut self, url: &str) -> Result<&mut Queue, ApiError> {
        let name = self.name_in(url).ok_or_else(errors::no_such_queue)?;
        self.queues.get_mut(name).ok_or_else(errors::no_such_queue)
    }

    fn name_in<'a>(&self, url: &'a str) -> Option<&'a str> {
        let mut path = url.rsplit('/');
        let name = path.next()?;
        (path.next()? == self.identity.account).then_some(name)
    }

    fn url(&self, name: &str) -> String {
        let Identity { region, account } = &self.identity;
        format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
    }
}

/// The queue that a request is about, for the call log and for faults that hit single queues.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let url = text("QueueUrl").and_then(|url| url.rsplit('/').next());
    url.or(text("QueueName")).map(str::to_owned).into_iter().collect()
}

/// Reads the input of an operation.
fn parse<'a, T: Deserialize<'a>>(input: &'a Value) -> Result<T, ApiError> {
    T::deserialize(input).map_err(|error| {
        ApiError::client("SerializationException", format!("cannot read the request: {error}"))
    })
}
