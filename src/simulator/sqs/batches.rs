//! DeleteMessageBatch and ChangeMessageVisibilityBatch: each entry succeeds or fails on its own.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Sqs, errors};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

const ENTRIES_MAX: usize = 10;
const ID_LENGTH_MAX: usize = 80;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    queue_url: String,
    #[serde(default)]
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    id: String,
    receipt_handle: String,
    visibility_timeout: Option<i64>,
}

impl Sqs {
    pub(super) fn delete_message_batch(
        &mut self,
        input: &Batch,
        every: Option<usize>,
        now: Moment,
    ) -> Result<Value, ApiError> {
        self.each(input, every, |sqs, entry| {
            sqs.delete(&input.queue_url, &entry.receipt_handle, now)
        })
    }

    pub(super) fn change_message_visibility_batch(
        &mut self,
        input: &Batch,
        every: Option<usize>,
        now: Moment,
    ) -> Result<Value, ApiError> {
        self.each(input, every, |sqs, entry| {
            let seconds = entry.visibility_timeout;
            let seconds = seconds.ok_or_else(|| errors::missing("VisibilityTimeout"))?;
            sqs.change_visibility(&input.queue_url, &entry.receipt_handle, seconds, now)
        })
    }

    fn each(
        &mut self,
        batch: &Batch,
        every: Option<usize>,
        act: impl Fn(&mut Sqs, &Entry) -> Result<(), ApiError>,
    ) -> Result<Value, ApiError> {
        self.queue(&batch.queue_url)?;
        batch.check()?;
        let (mut successful, mut failed) = (Vec::new(), Vec::new());
        for (number, entry) in (1..).zip(&batch.entries) {
            let fails = every.is_some_and(|every| usize::is_multiple_of(number, every));
            let result = if fails { Err(internal()) } else { act(self, entry) };
            match result {
                Ok(()) => successful.push(json!({ "Id": entry.id })),
                Err(error) => failed.push(json!({
                    "Id": entry.id,
                    "SenderFault": error.status < 500,
                    "Code": errors::query_code(error.code),
                    "Message": error.message,
                })),
            }
        }
        Ok(json!({ "Successful": successful, "Failed": failed }))
    }
}

impl Batch {
    fn check(&self) -> Result<(), ApiError> {
        let count = self.entries.len();
        if count == 0 {
            return Err(ApiError::client(
                "EmptyBatchRequest",
                "There should be at least one entry in the request.",
            ));
        }
        if count > ENTRIES_MAX {
            let message =
                format!("Maximum number of entries per request are 10. You have sent {count}.");
            return Err(ApiError::client("TooManyEntriesInBatchRequest", message));
        }
        let valid = |id: &str| {
            let sign = |sign: char| sign.is_ascii_alphanumeric() || matches!(sign, '-' | '_');
            !id.is_empty() && id.len() <= ID_LENGTH_MAX && id.chars().all(sign)
        };
        if !self.entries.iter().all(|entry| valid(&entry.id)) {
            return Err(ApiError::client(
                "InvalidBatchEntryId",
                "A batch entry id can only contain alphanumeric characters, hyphens and \
                 underscores. It can be at most 80 letters long.",
            ));
        }
        let mut seen = BTreeSet::new();
        match self.entries.iter().find(|entry| !seen.insert(&entry.id)) {
            None => Ok(()),
            Some(entry) => {
                let message = format!("Id {} repeated.", entry.id);
                Err(ApiError::client("BatchEntryIdsNotDistinct", message))
            }
        }
    }
}

fn internal() -> ApiError {
    let message = "The request processing has failed because of an unknown error.".to_owned();
    ApiError { status: 500, code: "InternalError", message }
}
