//! A queue, made and filled by the AWS CLI.

use serde_json::{Value, json};

use super::aws::{REGION, sqs};
use super::cli::Cli;
use super::wait::eventually;

/// One queue of an AWS that the CLI stands in front of.
pub struct Queue<'a> {
    cli: &'a Cli<'a>,
    name: String,
    pub url: String,
}

impl<'a> Queue<'a> {
    /// Makes a queue.
    #[track_caller]
    pub fn create(cli: &'a Cli<'a>, name: &str) -> Self {
        let made = cli.run_of("sqs", &format!("create-queue --queue-name {name}")).code(0).json();
        let url = made["QueueUrl"].as_str().expect("it has one").to_owned();
        Self { cli, name: name.to_owned(), url }
    }

    fn arn(&self) -> String {
        format!("arn:aws:sqs:{REGION}:123456789012:{}", self.name)
    }

    /// Lets what was received `receives_max` times and not deleted go to `other`.
    #[track_caller]
    pub fn redrive(&self, other: &Self, receives_max: u32) {
        let policy = json!({ "deadLetterTargetArn": other.arn(), "maxReceiveCount": receives_max });
        let attributes = json!({ "RedrivePolicy": policy.to_string() });
        let attributes = self.cli.text("attributes.json", &attributes.to_string());
        let arguments =
            format!("set-queue-attributes --queue-url {} --attributes {attributes}", self.url);
        self.cli.run_of("sqs", &arguments).code(0);
    }

    /// Makes it the target of a rule, of its own name, on a bus.
    #[track_caller]
    pub fn follow(&self, bus: &str, pattern: &Value) {
        let pattern = self.cli.text("pattern.json", &pattern.to_string());
        let name = &self.name;
        let events = |arguments: &str| self.cli.run_of("events", arguments).code(0).json();
        events(&format!("put-rule --name {name} --event-bus-name {bus} --event-pattern {pattern}"));
        let target = format!("Id=1,Arn={}", self.arn());
        let put =
            events(&format!("put-targets --rule {name} --event-bus-name {bus} --targets {target}"));
        assert_eq!(put["FailedEntryCount"], 0, "{put}");
    }

    /// Sends a message.
    #[track_caller]
    pub fn send(&self, body: &str) {
        let body = self.cli.text("body", body);
        let arguments = format!("send-message --queue-url {} --message-body {body}", self.url);
        self.cli.run_of("sqs", &arguments).code(0);
    }

    /// How many messages can be received, and how many were and are not deleted.
    #[track_caller]
    pub fn depth(&self) -> (u64, u64) {
        let input = json!({ "QueueUrl": self.url, "AttributeNames": ["All"] });
        let attributes = sqs(self.cli.address(), "GetQueueAttributes", &input);
        let count = |name: &str| {
            let count = attributes["Attributes"][name].as_str();
            count.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{attributes}"))
        };
        (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible"))
    }

    /// Waits until it holds so much.
    #[track_caller]
    pub fn holds(&self, depth: (u64, u64), why: &str) {
        eventually(20, why, || (self.depth() == depth).then_some(()));
    }

    /// Waits for `count` messages, and takes them: their bodies, as JSON, in any order.
    #[track_caller]
    pub fn take(&self, count: u64, why: &str) -> Vec<Value> {
        self.holds((count, 0), why);
        let arguments =
            format!("receive-message --queue-url {} --max-number-of-messages 10", self.url);
        let received = self.cli.run_of("sqs", &arguments).code(0).json();
        let messages = received["Messages"].as_array().expect("a list").iter();
        let body = |message: &Value| {
            let body = message["Body"].as_str().expect("a text");
            serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
        };
        messages.map(body).collect()
    }
}
