//! From the body of a message to the event in it: its limits, what it is wrapped in, its kind.

use std::borrow::Cow;

use serde_json::Value;

use super::field::{Fields, Object};
use super::fragment::harmless;
use super::{Fragment, Message, ecs, retirement};

/// The longest body that is read: the most that SQS delivers, in bytes.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// So many objects and lists may be in one body. Parsed, each takes up to 640 bytes, however short
/// it was written, so that a hostile body would grow eightyfold. A page of AWS Health, which is
/// 256 KiB at most, has room for 7,000 entities.
const CONTAINERS_MAX: usize = 25_000;

/// An event may pass one topic of SNS, and another one that is subscribed to it.
const WRAPPINGS_MAX: usize = 2;

/// Reads the body of a message. `codes` are the `eventTypeCode`s that count as a retirement; see
/// [`super::RETIREMENT_CODES`].
///
/// Total: an answer comes out of every body, in time and memory that grow with its length only.
pub fn read(body: &str, codes: &[String]) -> Message {
    let mut body = Cow::Borrowed(body);
    for _ in 0..=WRAPPINGS_MAX {
        let object = match parse(&body) {
            Ok(object) => object,
            Err(fragment) => return Message::NotUnderstood(fragment),
        };
        match object.get("Type").and_then(Value::as_str) {
            Some(kind) if !object.contains_key("detail-type") => match unwrap(kind, &object, &body)
            {
                Ok(inner) => body = Cow::Owned(inner),
                Err(message) => return *message,
            },
            _ => return dispatch(&Fields::new(&object), &body, codes),
        }
    }
    not_understood("an event in at most two notifications of SNS", &body)
}

fn parse(body: &str) -> Result<Object, Fragment> {
    let unexpected = |expected: &str| Err(Fragment::of_text("message", expected, body));
    if body.len() > BODY_BYTES_MAX {
        return unexpected("at most 1 MiB");
    }
    if body.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count() > CONTAINERS_MAX {
        return unexpected("an event with fewer parts");
    }
    // It refuses what is nested deeper than 128 levels, before that costs any stack.
    match serde_json::from_str(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => unexpected("a JSON object"),
        Err(_) => unexpected("JSON"),
    }
}

/// What SNS delivers without raw message delivery: the event is a text in `Message`.
fn unwrap(kind: &str, object: &Object, body: &str) -> Result<String, Box<Message>> {
    match kind {
        "Notification" => match object.get("Message") {
            Some(Value::String(inner)) => Ok(inner.clone()),
            other => {
                let fragment = Fragment::of_value("Message", "an event as a text", other);
                Err(Box::new(Message::NotUnderstood(fragment)))
            }
        },
        "SubscriptionConfirmation" | "UnsubscribeConfirmation" => Err(Box::new(Message::Ignored(
            format!("SNS sent a {kind}: somebody has to answer it before it delivers events"),
        ))),
        _ => Err(Box::new(not_understood("an event or a notification of SNS", body))),
    }
}

fn dispatch(event: &Fields, body: &str, codes: &[String]) -> Message {
    let kind = match event.text("detail-type") {
        Ok(Some(kind)) => kind,
        Ok(None) => return not_understood("an event with a detail-type", body),
        Err(fragment) => return Message::NotUnderstood(fragment),
    };
    // The table of the Health schema prints the type with this sign in front.
    match kind.trim_start_matches('&') {
        "AWS Health Event" => retirement::read(event, codes),
        "ECS Task State Change" => ecs::read_task(event),
        "ECS Deployment State Change" | "ECS Service Action" => ecs::read_service(event),
        _ => {
            let source = event.text("source").ok().flatten().unwrap_or("an unnamed source");
            let (kind, source) = (harmless(kind), harmless(source));
            Message::Ignored(format!("{kind:?} from {source} is not about retirements or services"))
        }
    }
}

fn not_understood(expected: &str, raw: &str) -> Message {
    Message::NotUnderstood(Fragment::of_text("message", expected, raw))
}
