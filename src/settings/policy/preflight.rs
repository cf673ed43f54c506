//! Reads what a policy makes of the checks before a refresh.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::optional;
use crate::metrics::Label;
use crate::plan::preflight::{Action, Name, PreflightRule};
use crate::settings::document::{Item, Reader, Table};
use crate::settings::problem::did_you_mean;
use crate::settings::scalar::{Fault, Raw};

/// Longer than any of them.
const ACTION_CHARS_MAX: usize = 100;

/// The longest name that CloudWatch gives an alarm (Amazon CloudWatch API reference, PutMetricAlarm).
const ALARM_CHARS_MAX: usize = 255;

/// As many as DescribeAlarms answers about in one call.
const ALARMS_MAX: usize = 100;

/// The rule of the keys `preflight`, `allow_downtime` and `hold_while_alarm`.
pub fn read<'a>(reader: &mut Reader<'a, '_>, policy: &Table<'a>) -> Option<PreflightRule> {
    let allow_downtime = optional(reader, policy, "allow_downtime", false, Raw::flag);
    let alarms = policy.item("hold_while_alarm").map(|item| alarms(reader, &item));
    let actions = policy.item("preflight").map(|item| actions(reader, &item));
    Some(PreflightRule {
        actions: actions.unwrap_or_else(|| Some(BTreeMap::new()))?,
        allow_downtime: allow_downtime?,
        hold_while_alarm: alarms.unwrap_or_else(|| Some(Vec::new()))?,
    })
}

fn actions<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<BTreeMap<Name, Action>> {
    if item.pairs().is_none() {
        let hint = "preflight = { image-drift = \"warn\" }";
        reader.refuse(item, Fault::new("must be a table").hint(hint));
        return None;
    }
    let names: Vec<&str> = Name::ALL.iter().map(|name| name.name()).collect();
    let table = reader.table(item, ".", &names)?;
    let mut actions = BTreeMap::new();
    let mut valid = true;
    for name in Name::ALL {
        let Some(item) = table.item(name.name()) else { continue };
        match reader.value(&item, |raw| action(*name, raw)) {
            Some(action) => _ = actions.insert(*name, action),
            None => valid = false,
        }
    }
    valid.then_some(actions)
}

fn action(name: Name, raw: Raw<'_>) -> Result<Action, Fault> {
    if name == Name::Alarms {
        return Err(Fault::new("alarms that are named hold always")
            .hint("leave those out of hold_while_alarm that shall not"));
    }
    let text = raw.text(ACTION_CHARS_MAX)?;
    if let Some(action) = Action::ALL.into_iter().find(|action| action.name() == text) {
        return Ok(action);
    }
    let names = Action::ALL.map(Action::name);
    let fault = Fault::new(format!("no such action: {text:?}"));
    Err(match did_you_mean(text, names) {
        Some(meant) => fault.hint(format!("did you mean {meant:?}?")),
        None => fault.hint(format!("known: {}", names.join(", "))),
    })
}

fn alarms<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<Vec<Arc<str>>> {
    let names = reader.array(item, ALARMS_MAX)?;
    let read: Vec<_> = names.iter().map(|item| reader.value(item, alarm)).collect();
    read.into_iter().collect()
}

fn alarm(raw: Raw<'_>) -> Result<Arc<str>, Fault> {
    let name = raw.text(ALARM_CHARS_MAX)?;
    match name.trim() == name && !name.is_empty() && !name.starts_with("arn:") {
        true => Ok(name.into()),
        false => Err(Fault::new(format!("not the name of an alarm: {name:?}"))
            .hint("the alarm's name, not its ARN")),
    }
}
