//! What is true of every answer, whatever the message: nothing is named in it that the message did
//! not name, and everything in it is bounded. The fuzz target holds the parser to it too.

use std::collections::BTreeSet;

use serde_json::Value;

use super::events::{self, BODY_BYTES_MAX, Entity, EventStatus, Fragment, Message};

/// Reads `body`, and panics if the answer is not one that may be given.
pub fn read(body: &str, codes: &[String]) -> Message {
    let message = events::read(body, codes);
    match &message {
        Message::Ignored(why) => printable(why, 700),
        Message::NotUnderstood(fragment) => bounded(fragment),
        Message::Retirement(page) => {
            let names = Names::of(body);
            assert!(codes.contains(&page.event_type_code));
            assert!(names.has(&page.account) && names.has(&page.region), "{page:?}");
            assert!(page.published_at <= page.updated_at);
            for key in [&page.event_arn, &page.communication_id] {
                assert!(key.len() < 700 && key.bytes().all(|byte| byte.is_ascii_graphic()));
            }
            if let EventStatus::Unknown(status) = &page.status {
                printable(status, 201);
            }
            let mut seen = BTreeSet::new();
            for affected in &page.entities {
                assert!(names.name(&affected.entity), "{affected:?} was guessed from {body}");
                assert!(seen.insert(&affected.entity), "{affected:?} twice");
            }
            assert!(page.not_understood.len() <= 20);
            page.not_understood.iter().for_each(bounded);
        }
        Message::Ecs(event) => {
            let names = Names::of(body);
            assert!(names.has(&event.account) && names.has(&event.region), "{event:?}");
            let beside = |kind: &str| names.pair(kind, &event.cluster);
            assert!(beside("cluster") || beside("service") || beside("task"), "{event:?}");
            let (cluster, service) = (&event.cluster, &event.service);
            assert!(names.pair("service", service) || names.pair(cluster, service), "{event:?}");
            if let Some((id, _)) = &event.task_version {
                assert!(names.has(id), "{event:?}");
            }
        }
    }
    message
}

fn bounded(fragment: &Fragment) {
    printable(&fragment.what, 201);
    printable(&fragment.raw, 201);
}

fn printable(text: &str, chars_max: usize) {
    assert!(text.chars().count() <= chars_max, "{} characters", text.chars().count());
    let unseen = ['\u{2028}', '\u{2029}', '\u{202e}', '\u{2066}', '\u{feff}'];
    assert!(!text.chars().any(|sign| sign.is_control() || unseen.contains(&sign)), "{text:?}");
}

/// The parts of every text in a message, alone and with what follows them.
struct Names {
    parts: BTreeSet<String>,
    pairs: BTreeSet<(String, String)>,
}

impl Names {
    fn of(body: &str) -> Self {
        let mut names = Self { parts: BTreeSet::new(), pairs: BTreeSet::new() };
        assert!(body.len() <= BODY_BYTES_MAX, "it is longer than what is read");
        if let Ok(value) = serde_json::from_str(body) {
            names.add(&value, 3);
        }
        names
    }

    fn add(&mut self, value: &Value, wrappings: usize) {
        match value {
            Value::String(text) => {
                let parts: Vec<_> = text.split(['|', '/', ':']).map(str::trim).collect();
                let owned = |pair: &[&str]| (pair[0].to_owned(), pair[1].to_owned());
                self.pairs.extend(parts.windows(2).map(owned));
                self.parts.extend(parts.iter().map(|part| (*part).to_owned()));
                if wrappings > 0
                    && let Ok(inner @ Value::Object(_)) = serde_json::from_str(text)
                {
                    self.add(&inner, wrappings - 1);
                }
            }
            Value::Array(list) => list.iter().for_each(|value| self.add(value, wrappings)),
            Value::Object(object) => object.values().for_each(|value| self.add(value, wrappings)),
            _ => {}
        }
    }

    fn has(&self, part: &str) -> bool {
        self.parts.contains(part)
    }

    fn pair(&self, one: &str, next: &str) -> bool {
        self.pairs.contains(&(one.to_owned(), next.to_owned()))
    }

    fn name(&self, entity: &Entity) -> bool {
        match entity {
            Entity::Service { cluster, service } => self.pair(cluster, service),
            Entity::ShortService { service } => self.pair("service", service),
            Entity::Task { cluster: Some(cluster), id } => self.pair(cluster, id),
            Entity::Task { cluster: None, id } => self.has(id),
        }
    }
}
