//! Reads what a policy does about retirement notices.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{days, optional};
use crate::plan::policy::{RetirementMode, RetirementRule};
use crate::settings::document::{Reader, Table};
use crate::settings::problem::{Problem, did_you_mean};
use crate::settings::scalar::{Fault, Raw};

/// Amazon ECS developer guide, AWS Fargate task maintenance: notices come 14 days ahead at most.
const MARGIN: RangeInclusive<Duration> = Duration::ZERO..=days(14);

const MODES: [RetirementMode; 4] = [
    RetirementMode::BeforeDeadline,
    RetirementMode::WindowOnly,
    RetirementMode::Immediately,
    RetirementMode::Ignore,
];

/// The longest name of a mode has 15 characters.
const MODE_CHARS_MAX: usize = 100;

/// A mode as it is written.
pub fn mode_name(mode: RetirementMode) -> &'static str {
    match mode {
        RetirementMode::BeforeDeadline => "before-deadline",
        RetirementMode::WindowOnly => "window-only",
        RetirementMode::Immediately => "immediately",
        RetirementMode::Ignore => "ignore",
    }
}

/// The rule of the key `retirement`, or the default without it.
pub fn read<'a>(
    reader: &mut Reader<'a, '_>,
    policy: &Table<'a>,
    warnings: &mut Vec<Problem>,
) -> Option<RetirementRule> {
    let default = RetirementRule::default();
    let Some(item) = policy.item("retirement") else { return Some(default) };
    if item.pairs().is_none() {
        let hint = "retirement = { mode = \"before-deadline\", margin = \"24h\" }";
        reader.refuse(&item, Fault::new("must be a table").hint(hint));
        return None;
    }
    let table = reader.table(&item, ".", &["mode", "margin"])?;
    let mode = optional(reader, &table, "mode", default.mode, mode_of);
    let margin = optional(reader, &table, "margin", default.margin, |raw| raw.duration(MARGIN));
    // With the other modes it says from when on a service counts as late.
    if let (Some(RetirementMode::Ignore), Some(margin)) = (mode, table.item("margin")) {
        let warning = Problem::new(reader.place(&margin), "has no effect with mode \"ignore\"");
        warnings.push(warning.key(margin.key.clone()).hint("remove it"));
    }
    Some(RetirementRule { mode: mode?, margin: margin? })
}

fn mode_of(raw: Raw<'_>) -> Result<RetirementMode, Fault> {
    let text = raw.text(MODE_CHARS_MAX)?;
    if let Some(mode) = MODES.into_iter().find(|mode| mode_name(*mode) == text) {
        return Ok(mode);
    }
    let names = MODES.map(mode_name);
    let fault = Fault::new(format!("no such mode: {text:?}"));
    Err(match did_you_mean(text, names) {
        Some(meant) => fault.hint(format!("did you mean {meant:?}?")),
        None => fault.hint(format!("known: {}", names.join(", "))),
    })
}
