//! Queues as a whole: making, finding, describing and deleting them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Sqs;
use super::attributes::{Attributes, is_optional, unknown_attribute};
use super::errors::{invalid_value, no_such_queue, unsupported};
use super::queue::Queue;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

const NAME_LENGTH_MAX: usize = 80;
/// ListQueues gives at most so many.
const LIST_MAX: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CreateQueue {
    queue_name: String,
    #[serde(default)]
    attributes: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeleteQueue {
    queue_url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueUrl {
    queue_name: String,
    #[serde(rename = "QueueOwnerAWSAccountId")]
    owner: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ListQueues {
    queue_name_prefix: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct GetQueueAttributes {
    queue_url: String,
    #[serde(default)]
    attribute_names: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SetQueueAttributes {
    queue_url: String,
    attributes: BTreeMap<String, String>,
}

impl Sqs {
    /// Makes a queue. One that is there already must have the same attributes.
    pub(super) fn create_queue(
        &mut self,
        input: CreateQueue,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let name = input.queue_name;
        check_name(&name)?;
        let mut attributes = Attributes::default();
        let exists = |name: &str| self.queues.contains_key(name);
        attributes.set(&input.attributes, &self.identity, exists)?;
        let url = self.url(&name);
        let (told, identity) = (attributes.told(&self.identity), &self.identity);
        let queue =
            self.queues.entry(name.clone()).or_insert_with(|| Queue::new(&name, attributes, now));
        // Attributes that the request leaves out may be anything.
        let existing = queue.attributes.told(identity);
        if input.attributes.keys().any(|key| existing.get(key) != told.get(key)) {
            let message = "A queue already exists with the same name and a different value for an \
                           attribute.";
            return Err(ApiError::client("QueueNameExists", message));
        }
        Ok(json!({ "QueueUrl": url }))
    }

    pub(super) fn delete_queue(&mut self, input: &DeleteQueue) -> Result<Value, ApiError> {
        let name = self.queue(&input.queue_url)?.name.clone();
        self.queues.remove(&name);
        // Those who wait for its messages shall hear that it is gone.
        self.arrivals = true;
        Ok(json!({}))
    }

    pub(super) fn get_queue_url(&self, input: &GetQueueUrl) -> Result<Value, ApiError> {
        let owner = input.owner.as_ref().is_none_or(|owner| *owner == self.identity.account);
        let known = owner && self.queues.contains_key(&input.queue_name);
        let url = known.then(|| self.url(&input.queue_name)).ok_or_else(no_such_queue)?;
        Ok(json!({ "QueueUrl": url }))
    }

    pub(super) fn list_queues(&self, input: &ListQueues) -> Result<Value, ApiError> {
        let prefix = input.queue_name_prefix.as_deref().unwrap_or("");
        let names = self.queues.keys().filter(|name| name.starts_with(prefix));
        let urls: Vec<String> = names.take(LIST_MAX).map(|name| self.url(name)).collect();
        // AWS leaves the member out when there is nothing.
        Ok(json!({ "QueueUrls": (!urls.is_empty()).then_some(urls) }))
    }

    pub(super) fn get_queue_attributes(
        &mut self,
        input: &GetQueueAttributes,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let identity = self.identity.clone();
        let queue = self.queue(&input.queue_url)?;
        queue.expire(now);
        let counts = queue.counts(now);
        let seconds = |at: Moment| (at.milliseconds() / 1000).to_string();
        let mut known = queue.attributes.told(&identity);
        known.extend(
            [
                ("ApproximateNumberOfMessages", counts.visible.to_string()),
                ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
                ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
                ("CreatedTimestamp", seconds(queue.created_at)),
                ("LastModifiedTimestamp", seconds(queue.modified_at)),
                ("QueueArn", identity.arn("sqs", &queue.name)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let mut told = BTreeMap::new();
        for name in &input.attribute_names {
            if name == "All" {
                told.clone_from(&known);
            } else if let Some(value) = known.get(name) {
                told.insert(name.clone(), value.clone());
            } else if !is_optional(name) {
                return Err(unknown_attribute(name));
            }
        }
        Ok(json!({ "Attributes": (!told.is_empty()).then_some(told) }))
    }

    pub(super) fn set_queue_attributes(
        &mut self,
        input: &SetQueueAttributes,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let mut attributes = self.queue(&input.queue_url)?.attributes.clone();
        let exists = |name: &str| self.queues.contains_key(name);
        attributes.set(&input.attributes, &self.identity, exists)?;
        let queue = self.queue(&input.queue_url)?;
        queue.attributes = attributes;
        queue.modified_at = now;
        Ok(json!({}))
    }

    /// Makes a queue as the account's owner does, and returns its URL.
    pub(crate) fn add_queue(&mut self, name: &str, now: Moment) -> Result<String, ApiError> {
        let input = CreateQueue { queue_name: name.to_owned(), attributes: BTreeMap::new() };
        self.create_queue(input, now)?;
        Ok(self.url(name))
    }

    /// Sends what was received too often to another queue. Neither need exist before.
    pub(crate) fn redrive(
        &mut self,
        name: &str,
        target: &str,
        receives_max: u32,
        now: Moment,
    ) -> Result<(), ApiError> {
        self.add_queue(target, now)?;
        let queue_url = self.add_queue(name, now)?;
        let arn = self.identity.arn("sqs", target);
        let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": receives_max });
        let attributes = BTreeMap::from([("RedrivePolicy".to_owned(), policy.to_string())]);
        self.set_queue_attributes(&SetQueueAttributes { queue_url, attributes }, now)?;
        Ok(())
    }

    /// Deletes a queue as the account's owner does.
    pub(crate) fn remove_queue(&mut self, name: &str) -> Result<(), ApiError> {
        self.delete_queue(&DeleteQueue { queue_url: self.url(name) })?;
        Ok(())
    }

    /// The bodies of a queue's messages, invisible ones included, in the order they were sent.
    pub(crate) fn bodies(&mut self, name: &str, now: Moment) -> Option<Vec<String>> {
        let queue = self.queues.get_mut(name)?;
        queue.expire(now);
        Some(queue.undeleted().map(|message| message.body.clone()).collect())
    }

    /// The name of a queue's dead-letter queue.
    pub(crate) fn dead_letter_queue(&self, name: &str) -> Option<String> {
        self.queues.get(name)?.attributes.redrive.as_ref().map(|redrive| redrive.target.clone())
    }
}

fn check_name(name: &str) -> Result<(), ApiError> {
    if name.ends_with(".fifo") {
        return Err(unsupported("FIFO queues"));
    }
    let sign = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
    if name.is_empty() || name.len() > NAME_LENGTH_MAX || !name.chars().all(sign) {
        return Err(invalid_value(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
        ));
    }
    Ok(())
}
