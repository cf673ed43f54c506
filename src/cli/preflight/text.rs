//! The checks for people: what is wrong in full, what is fine by name only.

use std::io::{self, Write};

use crate::cli::columns::plain;
use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::key::ServiceKey;
use crate::plan::preflight::{Check, Outcome, Preflight};
use crate::plan::words::{Span, count};
use crate::reconciler::status::Status;

type Checked = (ServiceKey, Preflight);

/// Writes what the checks say of each service, the worst first, and how many there are.
pub fn write(seen: &Status, checked: &[&Checked], out: &mut dyn Write) -> io::Result<()> {
    let mut services = checked.to_vec();
    services
        .sort_by_key(|(_, preflight)| (std::cmp::Reverse(preflight.outcome()), preflight.due_at));
    for (key, preflight) in &services {
        write_service(key, preflight, seen.plan.now, out)?;
    }
    let number =
        |outcome| services.iter().filter(|(_, preflight)| preflight.outcome() == outcome).count();
    write!(out, "{}", count(services.len() as u64, "service"))?;
    if services.is_empty() {
        write!(out, " due within 7 days")?;
    }
    for outcome in Outcome::ALL.iter().rev().filter(|outcome| number(**outcome) > 0) {
        write!(out, ", {} {}", number(*outcome), outcome.label())?;
    }
    writeln!(out)?;
    for problem in seen.problems.iter() {
        writeln!(out, "\nwarning: {problem}")?;
    }
    Ok(())
}

fn write_service(
    key: &ServiceKey,
    preflight: &Preflight,
    now: Time,
    out: &mut dyn Write,
) -> io::Result<()> {
    let ahead = crate::clock::elapsed(now, preflight.due_at);
    let due = match ahead.is_zero() {
        true => "due now".to_owned(),
        false => format!("due in {}", Span(ahead)),
    };
    writeln!(out, "{key} (policy {}, {due}): {}", preflight.policy, preflight.outcome().label())?;
    for outcome in [Outcome::Hold, Outcome::Warn, Outcome::Unknown] {
        for check in preflight.checks.iter().filter(|check| check.outcome == outcome) {
            write_check(check, out)?;
        }
    }
    let passed: Vec<&str> = preflight
        .checks
        .iter()
        .filter(|check| check.outcome == Outcome::Pass)
        .map(|check| check.name.name())
        .collect();
    if !passed.is_empty() {
        writeln!(out, "  {:<8}{}", Outcome::Pass.label(), passed.join(", "))?;
    }
    writeln!(out)
}

fn write_check(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let sentence = plain(&check.sentence);
    writeln!(out, "  {:<8}{}: {sentence}", check.outcome.label(), check.name.name())?;
    if let Some(until) = &check.until {
        writeln!(out, "  {:<8}tried again {until}", "")?;
    }
    match &check.hint {
        Some(hint) => writeln!(out, "  {:<8}to do: {}", "", plain(hint)),
        None => Ok(()),
    }
}
