//! Reads one `[[policy]]`.

mod preflight;
mod retirement;
mod schedule;
mod services;

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

pub use retirement::mode_name;

use super::document::{Item, Reader, Table};
use super::problem::Problem;
use super::scalar::{Fault, Raw};
use crate::plan::policy::{OnFailure, Policy, RolloutTimeout};

/// The keys of a policy.
pub const KEYS: &[&str] = &[
    "name",
    "enabled",
    "services",
    "timezone",
    "windows",
    "freezes",
    "max_task_age",
    "concurrency",
    "settle",
    "rollout_timeout",
    "max_failures",
    "allow_pause",
    "code_deploy",
    "on_failure",
    "retirement",
    "preflight",
    "allow_downtime",
    "hold_while_alarm",
];

/// A name is a metric label, and people type it.
const NAME_CHARS_MAX: usize = 100;

const fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

/// Ten years: longer than any task lives.
const TASK_AGE: RangeInclusive<Duration> = Duration::ZERO..=days(3650);

/// A pause of more than a day outlasts every window that opens daily.
const SETTLE: RangeInclusive<Duration> = Duration::ZERO..=days(1);

/// Under a minute no task starts; ECS itself gives up long before a week.
const ROLLOUT_TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(60)..=days(7);

/// Under it, with windows open at any time, a service does little else than being refreshed.
const RESTLESS_AGE: Duration = Duration::from_secs(3600);

/// The policy that `item` describes, and what its owner may want to know; `None` when something is
/// wrong with it, which the reader notes.
pub fn read<'a>(
    reader: &mut Reader<'a, '_>,
    item: &Item<'a>,
    warnings: &mut Vec<Problem>,
) -> Option<Policy> {
    let table = reader.table(item, ": ", KEYS)?;
    let name = required(reader, item, &table, "name").and_then(|item| reader.value(&item, name_of));
    let selector = required(reader, item, &table, "services")
        .and_then(|services| services::read(reader, &services));
    let schedule = schedule::read(reader, item, &table);
    let enabled = optional(reader, &table, "enabled", true, Raw::flag);
    let concurrency = optional(reader, &table, "concurrency", 1, |raw| raw.count(1..=1000));
    let max_failures = optional(reader, &table, "max_failures", 1, |raw| raw.count(1..=100));
    let settle = optional(reader, &table, "settle", Duration::ZERO, |raw| raw.duration(SETTLE));
    let rollout_timeout =
        optional(reader, &table, "rollout_timeout", RolloutTimeout::Auto, rollout_timeout_of);
    let max_task_age =
        optional(reader, &table, "max_task_age", None, |raw| raw.duration(TASK_AGE).map(Some));
    let allow_pause = optional(reader, &table, "allow_pause", false, Raw::flag);
    let code_deploy = optional(reader, &table, "code_deploy", false, Raw::flag);
    let on_failure = optional(reader, &table, "on_failure", OnFailure::Leave, on_failure_of);
    let retirement = retirement::read(reader, &table, warnings);
    let preflight = preflight::read(reader, &table);
    let policy = Policy {
        name: name?,
        enabled: enabled?,
        selector: selector?,
        schedule: schedule?,
        max_task_age: max_task_age?,
        concurrency: concurrency?,
        settle: settle?,
        rollout_timeout: rollout_timeout?,
        max_failures: max_failures?,
        allow_pause: allow_pause?,
        code_deploy: code_deploy?,
        on_failure: on_failure?,
        retirement: retirement?,
        preflight: preflight?,
    };
    judge_age(reader, item, &table, &policy, warnings);
    Some(policy)
}

/// The same under the policy's name, where it has a usable one.
pub fn named<'a>(item: &Item<'a>) -> Item<'a> {
    match name(item) {
        Some(name) => item.under(format!("policy \"{name}\"")),
        None => item.clone(),
    }
}

/// The name of a policy, if it is usable.
pub fn name(item: &Item<'_>) -> Option<Arc<str>> {
    let (_, name) = item.pairs()?.find(|(key, _)| *key == "name")?;
    name_of(name.raw()).ok()
}

fn name_of(raw: Raw<'_>) -> Result<Arc<str>, Fault> {
    let name = raw.text(NAME_CHARS_MAX)?;
    match name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
        true => Ok(name.into()),
        false => Err(Fault::new(format!("not a name: {name:?}"))
            .hint("letters, digits, \".\", \"_\" and \"-\": it becomes a metric label")),
    }
}

fn rollout_timeout_of(raw: Raw<'_>) -> Result<RolloutTimeout, Fault> {
    match raw {
        Raw::Text("auto") => Ok(RolloutTimeout::Auto),
        raw => raw.duration(ROLLOUT_TIMEOUT).map(RolloutTimeout::Fixed),
    }
}

fn on_failure_of(raw: Raw<'_>) -> Result<OnFailure, Fault> {
    match raw.text(NAME_CHARS_MAX)? {
        "leave" => Ok(OnFailure::Leave),
        "rollback" => Ok(OnFailure::Rollback),
        other => Err(Fault::new(format!("not known: {other:?}")).hint("\"leave\" or \"rollback\"")),
    }
}

fn required<'a>(
    reader: &mut Reader<'a, '_>,
    item: &Item<'a>,
    table: &Table<'a>,
    name: &str,
) -> Option<Item<'a>> {
    let found = table.item(name);
    if found.is_none() {
        let hint = match name {
            "name" => "name = \"nightly\"",
            "services" => "services = { clusters = [\"prd-*\"] }",
            "clusters" => "clusters = [\"prd-*\"]; \"*\" is every cluster",
            "windows" => "windows = [{ cron = \"0 3 * * *\", duration = \"2h\" }], or \"always\"",
            "cron" => "cron = \"0 3 * * *\"",
            "duration" => "duration = \"2h\"",
            _ => "a date such as \"2026-12-28\"",
        };
        reader.refuse(item, Fault::new(format!("`{name}` is missing")).hint(hint));
    }
    found
}

fn optional<'a, T>(
    reader: &mut Reader<'a, '_>,
    table: &Table<'a>,
    name: &str,
    default: T,
    read: impl FnOnce(Raw<'a>) -> Result<T, Fault>,
) -> Option<T> {
    match table.item(name) {
        None => Some(default),
        Some(item) => reader.value(&item, read),
    }
}

/// What the age means together with the windows.
fn judge_age<'a>(
    reader: &mut Reader<'a, '_>,
    item: &Item<'a>,
    table: &Table<'a>,
    policy: &Policy,
    warnings: &mut Vec<Problem>,
) {
    let always = policy.schedule.windows().is_none();
    let at = table.item("max_task_age").unwrap_or_else(|| item.clone());
    let warn = |message: &str| Problem::new(reader.place(&at), message).key(at.key.clone());
    match policy.max_task_age {
        Some(Duration::ZERO) if always => {
            let fault = Fault::new("\"0s\" means every window, but windows are \"always\"");
            reader.refuse(&at, fault.hint("state windows, or a longer age"));
        }
        Some(age) if always && age < RESTLESS_AGE => warnings.push(warn(
            "below an hour, with windows \"always\", services are refreshed without rest",
        )),
        _ => {}
    }
}

/// Every value, or `None` when one is missing; all are asked for.
fn all<T>(values: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let values: Vec<Option<T>> = values.collect();
    values.into_iter().collect()
}
