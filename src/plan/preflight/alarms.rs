//! No alarm that the policy names is in ALARM.
//!
//! Only ALARM holds, as it does with ECS's own deployment alarms: one with insufficient data has nothing
//! to say, and many have for most of the day. What is not there, or cannot be read, cannot warn, so that
//! holds too.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::unread::known;
use super::worst::worst;
use super::{Found, Name, Subject};
use crate::plan::surroundings::{Alarm, Want};

pub(super) fn find(subject: &Subject<'_>) -> Found {
    let names = &subject.policy().preflight.hold_while_alarm;
    if names.is_empty() {
        return Found::fine("the policy names no alarm");
    }
    let found = names.iter().map(|name| about(subject, name)).collect();
    worst(found, subject.action(Name::Alarms))
}

fn about(subject: &Subject<'_>, name: &Arc<str>) -> Found {
    let what = format!("alarm {name}");
    let alarm = match known(subject.known.alarms.get(name), &what) {
        Ok(alarm) => alarm,
        Err(found) => return found,
    };
    match alarm {
        Alarm::Ok => Found::fine(format!("{what} is OK")),
        Alarm::InsufficientData => Found::fine(format!("{what} has insufficient data")),
        Alarm::Alarm { reason: None } => Found::bad(format!("{what} is in ALARM")),
        Alarm::Alarm { reason: Some(reason) } => {
            Found::bad(format!("{what} is in ALARM: {}", reason.trim_end_matches('.')))
        }
        Alarm::Missing => Found::bad(format!("there is no {what} in this account and Region"))
            .hint("correct hold_while_alarm of the policy, or make the alarm"),
        Alarm::Unknown(state) => {
            Found::unknown(format!("{what} is {state:?}, which this version does not know"))
        }
    }
}

pub(super) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    wants.extend(subject.policy().preflight.hold_while_alarm.iter().cloned().map(Want::Alarm));
}
