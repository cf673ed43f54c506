//! Amazon SQS, as far as one queue that EventBridge feeds needs it.
//!
//! What the messages say is none of its business.

use std::fmt;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_sdk_sqs::config::Builder;
use aws_sdk_sqs::operation::delete_message_batch::DeleteMessageBatchOutput;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

use super::calls::Calls;
use super::error::bounded;
use super::metrics::AwsMetrics;
use super::operation::Operation;
use crate::clock::Clock;
use crate::plan::fleet::Problem;

/// The longest that SQS holds an answer back.
const WAIT: Duration = Duration::from_secs(20);

/// How long an answer is waited for: it may be held back, and then has to arrive.
const RECEIVE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a message that was received is kept from others, and from us. Storing what it says
/// takes seconds; whatever takes longer comes again and is recognised.
const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(120);

/// SQS hands out and deletes at most so many messages by one call.
const BATCH_MAX: usize = 10;

/// One queue; cheap to clone.
#[derive(Clone)]
pub struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
    calls: Calls,
}

/// A message as it was received this time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueMessage {
    /// Stays the same however often it is received.
    pub id: String,
    /// What it is deleted by; each receipt has another.
    pub receipt: String,
    pub body: String,
    /// About how often it was received, this time included; 1 where it was not said.
    pub receive_count: u32,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Queue {
    /// The queue at `url`, in the Region that the address names, or else the one of `sdk`.
    pub fn new(sdk: &SdkConfig, url: &str, clock: Clock, metrics: AwsMetrics) -> Self {
        let mut config = Builder::from(sdk);
        if let Some(region) = region_of(url) {
            config = config.region(Region::new(region.to_owned()));
        }
        Self {
            client: aws_sdk_sqs::Client::from_conf(config.build()),
            url: url.to_owned(),
            calls: Calls::new(metrics, clock),
        }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits up to 20 seconds for messages and takes up to ten. It is tried once: when to try
    /// again is the caller's to know.
    ///
    /// # Errors
    /// When SQS refuses, or cannot be reached.
    pub async fn receive(&self) -> Result<Vec<QueueMessage>, Problem> {
        let operation = Operation::ReceiveMessage;
        let once = Builder::new().retry_config(RetryConfig::disabled()).timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(RECEIVE_TIMEOUT)
                .operation_timeout(RECEIVE_TIMEOUT)
                .build(),
        );
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .receive_message()
                    .queue_url(&self.url)
                    .max_number_of_messages(BATCH_MAX as i32)
                    .wait_time_seconds(WAIT.as_secs() as i32)
                    .visibility_timeout(VISIBILITY_TIMEOUT.as_secs() as i32)
                    .message_system_attribute_names(
                        MessageSystemAttributeName::ApproximateReceiveCount,
                    )
                    .customize()
                    .config_override(once)
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let answer = answer.map_err(|error| self.calls.problem(operation, &error))?;
        Ok(answer.messages.unwrap_or_default().into_iter().filter_map(message).collect())
    }

    /// Deletes messages by their receipts. That SQS could not delete some of them is harmless: they
    /// come again.
    ///
    /// # Errors
    /// When SQS refuses a call as a whole, or cannot be reached. Nothing is tried after that.
    pub async fn delete(&self, receipts: &[String]) -> Result<(), Problem> {
        let operation = Operation::DeleteMessageBatch;
        for batch in receipts.chunks(BATCH_MAX) {
            let answer = self
                .calls
                .send(operation, |attempts| {
                    self.client
                        .delete_message_batch()
                        .queue_url(&self.url)
                        .set_entries(Some(entries(batch)))
                        .customize()
                        .interceptor(attempts)
                        .send()
                })
                .await;
            log_failures(&answer.map_err(|error| self.calls.problem(operation, &error))?);
        }
        Ok(())
    }
}

/// The Region in a queue's address, `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`. SQS knows only
/// the queues of its own Region.
fn region_of(url: &str) -> Option<&str> {
    let host = url.split_once("://")?.1.split('/').next()?;
    let (region, domain) = host.strip_prefix("sqs.")?.split_once('.')?;
    ["amazonaws.com", "amazonaws.com.cn"].contains(&domain).then_some(region)
}

/// A message without a receipt could not be deleted, and one without a body says nothing.
fn message(message: Message) -> Option<QueueMessage> {
    let received = message
        .attributes
        .as_ref()
        .and_then(|all| all.get(&MessageSystemAttributeName::ApproximateReceiveCount))
        .and_then(|count| count.parse().ok());
    Some(QueueMessage {
        id: message.message_id.unwrap_or_default(),
        receipt: message.receipt_handle?,
        body: message.body.unwrap_or_default(),
        receive_count: received.unwrap_or(1),
    })
}

/// The ids tell the entries of one call apart.
fn entries(receipts: &[String]) -> Vec<DeleteMessageBatchRequestEntry> {
    let entry = |(index, receipt): (usize, &String)| {
        DeleteMessageBatchRequestEntry::builder()
            .id(index.to_string())
            .receipt_handle(receipt)
            .build()
            .expect("an entry with an id and a receipt is complete")
    };
    receipts.iter().enumerate().map(entry).collect()
}

fn log_failures(answer: &DeleteMessageBatchOutput) {
    for failed in answer.failed() {
        let words = failed.message().unwrap_or_default();
        tracing::debug!(
            code = failed.code(),
            "a message could not be deleted and will come again: {}",
            bounded(words)
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::testing::{FakeAws, Reply};
    use crate::metrics::Label;
    use crate::plan::fleet::ProblemClass;

    const URL: &str = "https://sqs.eu-west-1.amazonaws.com/123456789012/ecs-refresh";

    async fn queue_at(aws: &FakeAws) -> (Queue, crate::metrics::Metrics) {
        let (sdk, clock, families, metrics) = aws.configure().await;
        (Queue::new(&sdk, URL, clock, families), metrics)
    }

    #[test]
    fn the_region_is_the_one_that_the_address_names() {
        for (url, region) in [
            (URL, Some("eu-west-1")),
            ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", Some("cn-north-1")),
            ("http://127.0.0.1:4566/000000000000/q", None),
            ("http://sqs.eu-west-1.localhost.localstack.cloud:4566/1/q", None),
            ("https://vpce-1-a.sqs.eu-west-1.vpce.amazonaws.com/1/q", None),
            ("q", None),
            ("", None),
        ] {
            assert_eq!(region_of(url), region, "{url}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_receive_asks_for_ten_messages_a_long_poll_and_the_count_of_receipts() {
        let aws = FakeAws::new(|_| {
            Reply::ok(json!({ "Messages": [
                { "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": "text",
                  "Attributes": { "ApproximateReceiveCount": "3" } },
                { "MessageId": "m-2", "ReceiptHandle": "r-2", "Body": "text" },
                { "MessageId": "m-3", "Body": "cannot be deleted" },
            ]}))
        });
        let (queue, _) = queue_at(&aws).await;
        let messages = queue.receive().await.unwrap();
        let counts: Vec<_> =
            messages.iter().map(|one| (one.receipt.as_str(), one.receive_count)).collect();
        assert_eq!(counts, [("r-1", 3), ("r-2", 1)]);
        let calls = aws.take_calls();
        assert_eq!(
            calls[0].body,
            json!({ "QueueUrl": URL, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 20,
                "VisibilityTimeout": 120,
                "MessageSystemAttributeNames": ["ApproximateReceiveCount"] })
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_held_back_is_no_timeout_and_no_outlier() {
        let aws = FakeAws::new(|_| Reply::ok(json!({}))).slow(WAIT);
        let (queue, metrics) = queue_at(&aws).await;
        assert_eq!(queue.receive().await.unwrap(), []);
        let text = metrics.render();
        let counted = r#"aws_requests_total{class="ok",operation="ReceiveMessage"} 1"#;
        assert!(text.contains(counted), "{text}");
        assert!(!text.contains(r#"duration_seconds_sum{operation="ReceiveMessage"}"#), "{text}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_receive_is_sent_once_and_its_problem_has_a_class() {
        use ProblemClass::*;
        let missing = "com.amazonaws.sqs#QueueDoesNotExist";
        for (code, class) in [
            (missing, NotFound),
            ("AWS.SimpleQueueService.NonExistentQueue", NotFound),
            ("AccessDenied", Denied),
            ("KMS.AccessDeniedException", Denied),
            ("RequestThrottled", Throttled),
            ("OverLimit", Throttled),
            ("InvalidAddress", Invalid),
            ("ExpiredToken", Credentials),
            ("ServiceUnavailable", Server),
        ] {
            let status = if class == Server { 503 } else { 400 };
            let aws = FakeAws::new(move |_| {
                Reply::Json(status, json!({ "__type": code, "message": "words" }))
            });
            let (queue, metrics) = queue_at(&aws).await;
            let problem = queue.receive().await.unwrap_err();
            assert_eq!(problem.class, class, "{code}: {problem}");
            assert_eq!(aws.take_counts(["ReceiveMessage"]), [1], "{code}");
            if class == Denied {
                assert!(problem.message.contains("allow the IAM action sqs:ReceiveMessage"));
            }
            let series = format!(
                r#"aws_requests_total{{class="{}",operation="ReceiveMessage"}} 1"#,
                class.label()
            );
            assert!(metrics.render().contains(&series), "{series}");
        }
        let aws = FakeAws::new(|_| Reply::Silence);
        let (queue, _) = queue_at(&aws).await;
        assert_eq!(queue.receive().await.unwrap_err().class, Timeout);
        assert_eq!(aws.take_counts(["ReceiveMessage"]), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn messages_are_deleted_by_tens_and_what_cannot_be_is_left() {
        let aws = FakeAws::new(|_| {
            Reply::ok(json!({ "Successful": [],
                "Failed": [{ "Id": "0", "Code": "ReceiptHandleIsInvalid", "SenderFault": true }] }))
        });
        let (queue, _) = queue_at(&aws).await;
        let receipts: Vec<String> = (0..23).map(|index| format!("r-{index}")).collect();
        queue.delete(&receipts).await.unwrap();
        let deleted: Vec<Value> = aws
            .take_calls()
            .iter()
            .map(|call| call.body["Entries"].as_array().unwrap().clone())
            .inspect(|entries| assert!(entries.len() <= 10))
            .flatten()
            .map(|entry| entry["ReceiptHandle"].clone())
            .collect();
        assert_eq!(deleted, receipts);
        queue.delete(&[]).await.unwrap();
        assert!(aws.take_calls().is_empty());
    }
}
