//! Amazon SQS through its real SDK.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName, QueueAttributeName,
};
use serde_json::{Value, json};

use super::support::*;
use crate::simulator::{Fault, FaultRule, Outcome, Simulator};

/// A simulator with the queue `q`, its URL, and a client.
fn queue() -> (Simulator, String, Client) {
    let sim = simulator();
    let url = sim.create_queue("q");
    let client = Client::new(&sdk_config(&sim));
    (sim, url, client)
}

async fn receive(sqs: &Client, url: &str, wait_seconds: i32) -> Vec<Message> {
    let asked = sqs.receive_message().queue_url(url).max_number_of_messages(10);
    let asked = asked.wait_time_seconds(wait_seconds);
    let asked = asked.message_system_attribute_names(MessageSystemAttributeName::All);
    asked.send().await.unwrap().messages.unwrap_or_default()
}

async fn delete(sqs: &Client, url: &str, message: &Message) {
    let handle = message.receipt_handle().unwrap();
    sqs.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().filter_map(Message::body).collect()
}

fn received(message: &Message) -> &str {
    &message.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount]
}

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_received_and_deleted() {
    let sim = simulator();
    let sqs = Client::new(&sdk_config(&sim));
    let made = sqs.create_queue().queue_name("q").send().await.unwrap();
    let url = made.queue_url().unwrap();
    assert_eq!(url, "https://sqs.eu-central-1.amazonaws.com/123456789012/q");
    let found = sqs.get_queue_url().queue_name("q").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(url));
    let sent = sqs.send_message().queue_url(url).message_body("hello").send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    let messages = receive(&sqs, url, 0).await;
    assert_eq!(bodies(&messages), ["hello"]);
    let message = &messages[0];
    assert_eq!((message.message_id(), received(message)), (sent.message_id(), "1"));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    let sent_at = &message.attributes().unwrap()[&MessageSystemAttributeName::SentTimestamp];
    assert_eq!(sent_at, "1800000000000");
    assert_eq!(sim.queue_depth("q"), 1);
    delete(&sqs, url, message).await;
    pass(3600).await;
    assert_eq!(sim.queue_depth("q"), 0);
    assert_eq!(bodies(&receive(&sqs, url, 0).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn attributes_come_only_when_asked_for_and_one_message_by_default() {
    let (sim, url, sqs) = queue();
    sim.send("q", "one");
    sim.send("q", "two");
    let answer = sqs.receive_message().queue_url(&url).send().await.unwrap();
    assert_eq!(bodies(answer.messages()), ["one"]);
    assert_eq!(answer.messages()[0].attributes(), None);
    let asked = sqs.get_queue_attributes().queue_url(&url);
    let told = asked.attribute_names(QueueAttributeName::All).send().await.unwrap();
    let told = told.attributes().unwrap();
    assert_eq!(told[&QueueAttributeName::ApproximateNumberOfMessages], "1");
    assert_eq!(told[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "1");
    assert_eq!(told[&QueueAttributeName::QueueArn], "arn:aws:sqs:eu-central-1:123456789012:q");
    assert_eq!(told[&QueueAttributeName::VisibilityTimeout], "30");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_deleted_comes_again_and_only_its_newest_receipt_deletes_it() {
    let (sim, url, sqs) = queue();
    sim.send("q", "a");
    let first = receive(&sqs, &url, 0).await;
    pass(29).await;
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), [""; 0]);
    pass(1).await;
    let second = receive(&sqs, &url, 0).await;
    assert_eq!((bodies(&second), received(&second[0])), (vec!["a"], "2"));
    assert_ne!(first[0].receipt_handle(), second[0].receipt_handle());
    delete(&sqs, &url, &first[0]).await;
    assert_eq!(sim.queue_depth("q"), 1);
    pass(60).await;
    delete(&sqs, &url, &second[0]).await;
    assert_eq!(sim.queue_depth("q"), 0, "its newest receipt deletes it even when it is visible");
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_when_its_time_is_up() {
    let (_sim, url, sqs) = queue();
    let started = tokio::time::Instant::now();
    for (wait, seconds) in [(0, 0), (7, 7), (20, 27)] {
        assert_eq!(bodies(&receive(&sqs, &url, wait).await), [""; 0]);
        assert_eq!(started.elapsed(), Duration::from_secs(seconds));
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_when_somebody_sends() {
    let (sim, url, sqs) = queue();
    for by_api in [false, true] {
        let started = tokio::time::Instant::now();
        let sending = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            if by_api {
                sqs.send_message().queue_url(&url).message_body("a").send().await.unwrap();
            } else {
                sim.send("q", "a");
            }
        };
        let (messages, ()) = tokio::join!(receive(&sqs, &url, 20), sending);
        assert_eq!(started.elapsed(), Duration::from_secs(5));
        assert_eq!(bodies(&messages), ["a"]);
        delete(&sqs, &url, &messages[0]).await;
    }
    assert_eq!(sim.count("ReceiveMessage"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_long_poll_ends_when_a_message_is_visible_again_or_its_delay_is_over() {
    let (sim, url, sqs) = queue();
    sim.send("q", "a");
    receive(&sqs, &url, 0).await;
    pass(20).await;
    let started = tokio::time::Instant::now();
    assert_eq!(bodies(&receive(&sqs, &url, 20).await), ["a"]);
    assert_eq!(started.elapsed(), Duration::from_secs(10));
    let delayed = sqs.send_message().queue_url(&url).message_body("b").delay_seconds(3);
    delayed.send().await.unwrap();
    assert_eq!(bodies(&receive(&sqs, &url, 20).await), ["b"]);
    assert_eq!(started.elapsed(), Duration::from_secs(13));
}

#[tokio::test(start_paused = true)]
async fn of_two_who_wait_one_gets_the_message() {
    let (sim, url, sqs) = queue();
    let sending = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sim.send("q", "a");
    };
    let (one, two, ()) = tokio::join!(receive(&sqs, &url, 20), receive(&sqs, &url, 20), sending);
    assert_eq!(one.len() + two.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn visibility_can_be_changed_while_a_message_is_in_flight() {
    let (sim, url, sqs) = queue();
    sim.send("q", "a");
    let message = receive(&sqs, &url, 0).await.remove(0);
    let change = |seconds: i32| {
        let asked = sqs.change_message_visibility().queue_url(&url);
        asked.set_receipt_handle(message.receipt_handle.clone()).visibility_timeout(seconds).send()
    };
    change(100).await.unwrap();
    pass(99).await;
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), [""; 0]);
    let too_long = change(43_200).await.unwrap_err().into_service_error();
    assert_eq!(too_long.code(), Some("InvalidParameterValue"));
    pass(1).await;
    assert!(change(10).await.unwrap_err().into_service_error().is_message_not_inflight());
    let again = receive(&sqs, &url, 0).await;
    assert_eq!(bodies(&again), ["a"]);
    let old = change(10).await.unwrap_err().into_service_error();
    assert_eq!(old.code(), Some("InvalidParameterValue"));
    let asked = sqs.change_message_visibility().queue_url(&url).visibility_timeout(0);
    asked.set_receipt_handle(again[0].receipt_handle.clone()).send().await.unwrap();
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), ["a"], "zero shows it at once");
}

#[tokio::test(start_paused = true)]
async fn what_is_received_too_often_becomes_a_dead_letter() {
    let (sim, url, sqs) = queue();
    sim.set_dead_letters("q", "dead", 2);
    sim.send("q", "poison");
    for _ in 0..2 {
        assert_eq!(bodies(&receive(&sqs, &url, 0).await), ["poison"]);
        pass(30).await;
    }
    assert_eq!(sim.dead_letters("q"), [""; 0], "nobody has asked yet");
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), [""; 0]);
    assert_eq!((sim.dead_letters("q"), sim.queue_depth("q")), (vec!["poison".to_owned()], 0));
    let told = sqs.get_queue_attributes().queue_url(&url);
    let told = told.attribute_names(QueueAttributeName::RedrivePolicy).send().await.unwrap();
    let policy: Value =
        serde_json::from_str(&told.attributes().unwrap()[&QueueAttributeName::RedrivePolicy])
            .unwrap();
    assert_eq!(policy["maxReceiveCount"], 2);
    let dead = receive(&sqs, &url.replace("/q", "/dead"), 0).await;
    let source =
        &dead[0].attributes().unwrap()[&MessageSystemAttributeName::DeadLetterQueueSourceArn];
    assert!(source.ends_with(":q"), "{source}");
}

#[tokio::test(start_paused = true)]
async fn each_entry_of_a_batch_succeeds_or_fails_on_its_own() {
    let (sim, url, sqs) = queue();
    for body in ["a", "b", "c", "d"] {
        sim.send("q", body);
    }
    let messages = receive(&sqs, &url, 0).await;
    let entries = |messages: &[Message]| {
        let handles = messages.iter().filter_map(Message::receipt_handle);
        let handles = handles.chain(["garbage"]).enumerate();
        let entry = |(id, handle): (usize, &str)| {
            let entry = DeleteMessageBatchRequestEntry::builder().id(id.to_string());
            entry.receipt_handle(handle).build().unwrap()
        };
        Some(handles.map(entry).collect::<Vec<_>>())
    };
    sim.inject(FaultRule::new("DeleteMessageBatch", Fault::FailEntries { every: 2 }).times(1));
    let batch = sqs.delete_message_batch().queue_url(&url).set_entries(entries(&messages));
    let answer = batch.send().await.unwrap();
    let deleted: Vec<&str> = answer.successful().iter().map(|entry| entry.id()).collect();
    assert_eq!(deleted, ["0", "2"]);
    let failed: Vec<_> =
        answer.failed().iter().map(|f| (f.id(), f.code(), f.sender_fault())).collect();
    let expected = [
        ("1", "InternalError", false),
        ("3", "InternalError", false),
        ("4", "ReceiptHandleIsInvalid", true),
    ];
    assert_eq!(failed, expected);
    assert_eq!(sim.messages("q"), ["b", "d"]);
    let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id("b").visibility_timeout(0);
    let entry = entry.set_receipt_handle(messages[1].receipt_handle.clone()).build().unwrap();
    let batch = sqs.change_message_visibility_batch().queue_url(&url).entries(entry);
    assert_eq!(batch.send().await.unwrap().successful().len(), 1);
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), ["b"]);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_message_can_come_once_more() {
    let (sim, url, sqs) = queue();
    sim.redeliver_deleted(true);
    sim.send("q", "a");
    let first = receive(&sqs, &url, 0).await;
    delete(&sqs, &url, &first[0]).await;
    assert_eq!(sim.queue_depth("q"), 0);
    let again = receive(&sqs, &url, 20).await;
    assert_eq!(bodies(&again), [""; 0], "it stays invisible as if it had not been deleted");
    let again = receive(&sqs, &url, 20).await;
    assert_eq!(bodies(&again), ["a"]);
    delete(&sqs, &url, &again[0]).await;
    pass(3600).await;
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn messages_can_come_in_any_order_but_all_of_them() {
    let (sim, url, sqs) = queue();
    sim.shuffle_messages(true);
    let sent: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    for body in &sent {
        sim.send("q", body);
    }
    let messages = receive(&sqs, &url, 0).await;
    let mut got = bodies(&messages);
    assert_ne!(got, sent);
    got.sort_unstable();
    assert_eq!(got, sent);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_not_there_is_known_by_both_of_its_codes() {
    let (sim, url, sqs) = queue();
    let gone = url.replace("/q", "/gone");
    let other = url.replace("123456789012", "210987654321");
    for url in [&gone, &other, &"q".to_owned()] {
        let error = sqs.receive_message().queue_url(url).send().await.unwrap_err();
        let error = error.into_service_error();
        assert!(error.is_queue_does_not_exist(), "{error:?}");
        assert_eq!(error.code(), Some("AWS.SimpleQueueService.NonExistentQueue"));
    }
    let answer = call_target(&sim, "AmazonSQS.GetQueueUrl", json!({ "QueueName": "gone" })).await;
    assert_eq!((answer.status, answer.code()), (400, "com.amazonaws.sqs#QueueDoesNotExist"));
    let deleting = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        sim.delete_queue("q");
    };
    let waiting = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send();
    let (answer, ()) = tokio::join!(waiting, deleting);
    assert!(answer.unwrap_err().into_service_error().is_queue_does_not_exist());
}

#[tokio::test(start_paused = true)]
async fn what_is_beyond_a_limit_is_refused() {
    let (sim, url, _) = queue();
    let value = "com.amazon.coral.service#InvalidParameterValueException";
    let receive = "ReceiveMessage";
    let twice = json!([{ "Id": "a", "ReceiptHandle": "x" }, { "Id": "a", "ReceiptHandle": "y" }]);
    let eleven: Vec<_> =
        (0..11).map(|id| json!({ "Id": id.to_string(), "ReceiptHandle": "x" })).collect();
    let cases = [
        (receive, json!({ "MaxNumberOfMessages": 0 }), value),
        (receive, json!({ "MaxNumberOfMessages": 11 }), value),
        (receive, json!({ "WaitTimeSeconds": 21 }), value),
        (receive, json!({ "WaitTimeSeconds": -1 }), value),
        (receive, json!({ "VisibilityTimeout": 43_201 }), value),
        ("SendMessage", json!({ "MessageBody": "x".repeat(1_048_577) }), value),
        ("SendMessage", json!({ "MessageBody": "x", "DelaySeconds": 901 }), value),
        (
            "SendMessage",
            json!({ "MessageBody": "" }),
            "com.amazon.coral.service#MissingRequiredParameterException",
        ),
        ("CreateQueue", json!({ "QueueName": "a b" }), value),
        (
            "CreateQueue",
            json!({ "QueueName": "a", "Attributes": { "VisibilityTimeout": "43201" } }),
            "com.amazonaws.sqs#InvalidAttributeValue",
        ),
        (
            "CreateQueue",
            json!({ "QueueName": "q", "Attributes": { "VisibilityTimeout": "31" } }),
            "com.amazonaws.sqs#QueueNameExists",
        ),
        (
            "GetQueueAttributes",
            json!({ "AttributeNames": ["Colour"] }),
            "com.amazonaws.sqs#InvalidAttributeName",
        ),
        (
            "DeleteMessage",
            json!({ "ReceiptHandle": "x" }),
            "com.amazonaws.sqs#ReceiptHandleIsInvalid",
        ),
        ("DeleteMessageBatch", json!({ "Entries": [] }), "com.amazonaws.sqs#EmptyBatchRequest"),
        (
            "DeleteMessageBatch",
            json!({ "Entries": twice }),
            "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
        ),
        (
            "DeleteMessageBatch",
            json!({ "Entries": eleven }),
            "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
        ),
        ("Sing", json!({}), "com.amazon.coral.service#UnknownOperationException"),
    ];
    for (operation, mut input, code) in cases {
        input["QueueUrl"] = json!(url);
        let answer = call_target(&sim, &format!("AmazonSQS.{operation}"), input).await;
        assert_eq!((answer.status, answer.code()), (400, code), "{operation}");
    }
    let whole = json!({ "QueueUrl": url, "MessageBody": "x".repeat(1_048_576) });
    assert_eq!(call_target(&sim, "AmazonSQS.SendMessage", whole).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn faults_hit_queues_by_their_name() {
    let (sim, url, sqs) = queue();
    let other = sim.create_queue("other");
    sim.inject(FaultRule::new("ReceiveMessage", Fault::AccessDenied).on("q"));
    let denied = sqs.receive_message().queue_url(&url).send().await.unwrap_err();
    assert_eq!(denied.into_service_error().code(), Some("AccessDenied"));
    assert_eq!(bodies(&receive(&sqs, &other, 0).await), [""; 0]);
    sim.heal();
    sim.inject(FaultRule::new("*", Fault::Throttle).times(1));
    let throttled = sqs.receive_message().queue_url(&url).send().await.unwrap_err();
    assert_eq!(throttled.into_service_error().code(), Some("ThrottlingException"));
    sim.inject(FaultRule::new("*", Fault::ServerError).times(1));
    let broken = sqs.receive_message().queue_url(&url).send().await.unwrap_err();
    assert!(matches!(broken, SdkError::ServiceError(e) if e.raw().status().as_u16() == 500));
}

#[tokio::test(start_paused = true)]
async fn a_receipt_whose_reply_is_lost_hides_the_message() {
    let (sim, url, sqs) = queue();
    sim.send("q", "a");
    sim.clear_calls();
    sim.inject(FaultRule::new("ReceiveMessage", Fault::LoseReply).times(1));
    let lost = sqs.receive_message().queue_url(&url).wait_time_seconds(20).send();
    assert!(tokio::time::timeout(Duration::from_secs(25), lost).await.is_err());
    assert_eq!(sim.calls()[0].outcome, Outcome::ReplyLost);
    assert_eq!(sim.calls()[0].resources, ["q"]);
    let again = receive(&sqs, &url, 20).await;
    assert_eq!((bodies(&again), received(&again[0])), (vec!["a"], "2"));
}

#[tokio::test(start_paused = true)]
async fn messages_are_forgotten_after_their_retention() {
    let (sim, url, sqs) = queue();
    sim.send("q", "a");
    pass(4 * 86_400).await;
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), ["a"]);
    pass(60).await;
    assert_eq!(bodies(&receive(&sqs, &url, 0).await), [""; 0]);
    assert_eq!(sim.queue_depth("q"), 0);
}
