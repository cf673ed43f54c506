//! Amazon DynamoDB, as far as one table of single items needs it: typed reads, and writes under a
//! condition.
//!
//! What the items mean is none of its business.

mod condition;
mod item;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

pub use condition::Condition;
pub use item::{Attribute, Attributes, Cursor, ItemKey, Page, TableShape};

use super::calls::Calls;
use super::error::unusable;
use super::metrics::AwsMetrics;
use super::operation::Operation;
use crate::clock::{Clock, Time};
use crate::plan::fleet::Problem;

/// How often a call is tried in all. A write that is sent again after its reply was lost finds its
/// condition broken by itself: whoever calls recognises what it wrote.
const ATTEMPTS: u32 = 4;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// DynamoDB answers within milliseconds, and a page of 1 MB within a second.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a call may take with all its attempts: a lease is renewed by such calls.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// One table; cheap to clone.
#[derive(Clone)]
pub struct Table {
    client: aws_sdk_dynamodb::Client,
    name: Arc<str>,
    region: Arc<str>,
    calls: Calls,
}

/// What became of a conditional write.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteResult {
    Done,
    /// The condition does not hold: what is there instead, if anything is.
    Refused(Option<Attributes>),
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Table {
    /// The table of this name in the Region of `sdk`.
    pub fn new(sdk: &SdkConfig, name: &str, clock: Clock, metrics: AwsMetrics) -> Self {
        let config = Builder::from(sdk)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(CONNECT_TIMEOUT)
                    .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                    .operation_timeout(CALL_TIMEOUT)
                    .build(),
            )
            .build();
        Self {
            client: aws_sdk_dynamodb::Client::from_conf(config),
            name: name.into(),
            region: sdk.region().map_or("", |region| region.as_ref()).into(),
            calls: Calls::new(metrics, clock),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn region(&self) -> &str {
        &self.region
    }

    /// The current time by the clock that requests are signed with.
    pub fn now(&self) -> Time {
        self.calls.now()
    }

    /// One item as it is now, every write that was answered included.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn get(&self, key: &ItemKey) -> Result<Option<Attributes>, Problem> {
        let operation = Operation::GetItem;
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .get_item()
                    .table_name(&*self.name)
                    .set_key(Some(item::key(key)))
                    .consistent_read(true)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        Ok(answer.item.map(item::attributes))
    }

    /// Puts a whole item in the place of what `condition` asks for.
    ///
    /// # Errors
    /// When nobody knows whether it was written: even a refusal may be that of a second attempt.
    pub async fn put(
        &self,
        key: &ItemKey,
        attributes: &Attributes,
        condition: &Condition,
    ) -> Result<WriteResult, Problem> {
        let operation = Operation::PutItem;
        let mut whole = item::of(attributes);
        whole.extend(item::key(key));
        let expression = condition.expression();
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .put_item()
                    .table_name(&*self.name)
                    .set_item(Some(whole))
                    .condition_expression(expression.text)
                    .set_expression_attribute_names(Some(expression.names))
                    .set_expression_attribute_values(expression.values)
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    )
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let Err(error) = answer else { return Ok(WriteResult::Done) };
        if let Some(PutItemError::ConditionalCheckFailedException(refusal)) =
            error.as_service_error()
        {
            return self.refused(key, refusal.item().cloned()).await;
        }
        Err(self.calls.problem(operation, &error))
    }

    /// Deletes the item that `condition` asks for.
    ///
    /// # Errors
    /// As those of [`Table::put`].
    pub async fn delete(
        &self,
        key: &ItemKey,
        condition: &Condition,
    ) -> Result<WriteResult, Problem> {
        let operation = Operation::DeleteItem;
        let expression = condition.expression();
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .delete_item()
                    .table_name(&*self.name)
                    .set_key(Some(item::key(key)))
                    .condition_expression(expression.text)
                    .set_expression_attribute_names(Some(expression.names))
                    .set_expression_attribute_values(expression.values)
                    .return_values_on_condition_check_failure(
                        ReturnValuesOnConditionCheckFailure::AllOld,
                    )
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let Err(error) = answer else { return Ok(WriteResult::Done) };
        if let Some(DeleteItemError::ConditionalCheckFailedException(refusal)) =
            error.as_service_error()
        {
            return self.refused(key, refusal.item().cloned()).await;
        }
        Err(self.calls.problem(operation, &error))
    }

    /// One page of the items with this hash key, in the order of their range keys.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn query(
        &self,
        pk: &str,
        is_consistent: bool,
        from: Option<Cursor>,
    ) -> Result<Page, Problem> {
        let operation = Operation::Query;
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .query()
                    .table_name(&*self.name)
                    .consistent_read(is_consistent)
                    .key_condition_expression("#pk = :pk")
                    .expression_attribute_names("#pk", ItemKey::PK)
                    .expression_attribute_values(":pk", AttributeValue::S(pk.to_owned()))
                    .set_exclusive_start_key(from.map(Cursor::into_key))
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        Ok(Page::new(answer.items, answer.last_evaluated_key))
    }

    /// One page of all items whose hash key begins so, in any order. The whole table is read for it.
    ///
    /// # Errors
    /// When the table cannot be read.
    pub async fn scan(&self, pk_prefix: &str, from: Option<Cursor>) -> Result<Page, Problem> {
        let operation = Operation::Scan;
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .scan()
                    .table_name(&*self.name)
                    .filter_expression("begins_with(#pk, :prefix)")
                    .expression_attribute_names("#pk", ItemKey::PK)
                    .expression_attribute_values(":prefix", AttributeValue::S(pk_prefix.to_owned()))
                    .set_exclusive_start_key(from.map(Cursor::into_key))
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        Ok(Page::new(answer.items, answer.last_evaluated_key))
    }

    /// What the table is.
    ///
    /// # Errors
    /// When there is none, or it cannot be asked for.
    pub async fn describe(&self) -> Result<TableShape, Problem> {
        let operation = Operation::DescribeTable;
        let answer = self
            .calls
            .send(operation, |attempts| {
                let call = self.client.describe_table().table_name(&*self.name);
                call.customize().interceptor(attempts).send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        let described = answer.table.as_ref().map(TableShape::new);
        let what = "the answer describes no table";
        described.ok_or_else(|| unusable(operation, self.calls.now(), what))
    }

    /// The attribute by which items expire, where they do.
    ///
    /// # Errors
    /// When it cannot be asked for.
    pub async fn expiry_attribute(&self) -> Result<Option<String>, Problem> {
        let operation = Operation::DescribeTimeToLive;
        let answer = self
            .calls
            .send(operation, |attempts| {
                let call = self.client.describe_time_to_live().table_name(&*self.name);
                call.customize().interceptor(attempts).send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        let expiry = answer.time_to_live_description;
        Ok(expiry.filter(item::is_enabled).and_then(|expiry| expiry.attribute_name))
    }

    /// What is there where a condition does not hold. DynamoDB says it with the refusal, unless there
    /// is nothing; not every server does, so then it is asked for.
    async fn refused(
        &self,
        key: &ItemKey,
        told: Option<HashMap<String, AttributeValue>>,
    ) -> Result<WriteResult, Problem> {
        match told {
            Some(item) if !item.is_empty() => {
                Ok(WriteResult::Refused(Some(item::attributes(item))))
            }
            _ => Ok(WriteResult::Refused(self.get(key).await?)),
        }
    }
}
