//! The parser against the events that AWS documents, and against everything else.

mod dates;
mod ecs;
mod entities;
mod envelope;
mod fragments;
mod invariant;
mod properties;
mod retirement;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::*;
use crate::events;

/// The events from which fuzzing starts.
const EXAMPLES: &[(&str, &str)] = &[
    ("backup_copy", include_str!("../../../fuzz/corpus/events/backup_copy.json")),
    ("documented", include_str!("../../../fuzz/corpus/events/documented.json")),
    ("ecs_deployment", include_str!("../../../fuzz/corpus/events/ecs_deployment.json")),
    ("ecs_service", include_str!("../../../fuzz/corpus/events/ecs_service.json")),
    ("ecs_task", include_str!("../../../fuzz/corpus/events/ecs_task.json")),
    ("every_form", include_str!("../../../fuzz/corpus/events/every_form.json")),
    ("other_service", include_str!("../../../fuzz/corpus/events/other_service.json")),
    ("rehearsed", include_str!("../../../fuzz/corpus/events/rehearsed.json")),
    ("services", include_str!("../../../fuzz/corpus/events/services.json")),
    ("sns", include_str!("../../../fuzz/corpus/events/sns.json")),
    ("tasks", include_str!("../../../fuzz/corpus/events/tasks.json")),
    ("wrong_types", include_str!("../../../fuzz/corpus/events/wrong_types.json")),
];

fn codes() -> Vec<String> {
    RETIREMENT_CODES.iter().map(|code| (*code).to_owned()).collect()
}

fn example(name: &str) -> &'static str {
    EXAMPLES.iter().find(|(known, _)| *known == name).unwrap().1
}

/// The notice about two services, changed.
fn notice(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = serde_json::from_str(example("services")).unwrap();
    change(&mut event);
    event
}

/// Reads a body, and holds the answer to what is true of every answer.
fn read_text(body: &str) -> Message {
    invariant::read(body, &codes())
}

fn read_event(event: &Value) -> Message {
    read_text(&event.to_string())
}

fn page(event: &Value) -> RetirementPage {
    match read_event(event) {
        Message::Retirement(page) => page,
        other => panic!("{other:?} for {event:#}"),
    }
}

fn refused(event: &Value) -> Fragment {
    match read_event(event) {
        Message::NotUnderstood(fragment) => fragment,
        other => panic!("{other:?} for {event:#}"),
    }
}

fn ignored(event: &Value) -> String {
    match read_event(event) {
        Message::Ignored(why) => why,
        other => panic!("{other:?} for {event:#}"),
    }
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn service(cluster: &str, service: &str) -> Entity {
    Entity::Service { cluster: cluster.to_owned(), service: service.to_owned() }
}

fn task(cluster: Option<&str>, id: &str) -> Entity {
    Entity::Task { cluster: cluster.map(str::to_owned), id: id.to_owned() }
}

fn affected(entity: Entity) -> AffectedEntity {
    AffectedEntity { entity, resolved: false }
}

fn resolved(entity: Entity) -> AffectedEntity {
    AffectedEntity { entity, resolved: true }
}

fn said(fragments: &[Fragment]) -> Vec<String> {
    fragments.iter().map(Fragment::to_string).collect()
}
