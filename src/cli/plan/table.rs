//! The plan as a table for people: the oldest first.

use std::io::{self, Write};

use super::retirements;
use crate::cli::columns;
use crate::clock::elapsed;
use crate::metrics::Label;
use crate::plan::PolicyPlan;
use crate::plan::key::ServiceKey;
use crate::plan::verdict::{Verdict, VerdictKind};
use crate::plan::words::{Span, count};
use crate::reconciler::status::Status;

const HEADINGS: [&str; 6] = ["SERVICE", "POLICY", "AGE", "VERDICT", "NEXT WINDOW", "REASON"];

/// The column whose figures are set to the right.
const AGE: usize = 2;

/// Writes policies, services and what is missing from the view.
pub fn write(seen: &Status, out: &mut dyn Write) -> io::Result<()> {
    let mut rows: Vec<&(ServiceKey, Verdict)> = seen.plan.verdicts.iter().collect();
    rows.sort_by_key(|(_, verdict)| {
        (verdict.oldest_created_at.is_none(), verdict.oldest_created_at)
    });
    let cells: Vec<[String; 6]> =
        rows.iter().map(|(key, verdict)| row(seen, key, verdict)).collect();
    columns::write(out, "", HEADINGS, &cells, &[AGE])?;
    if cells.is_empty() {
        writeln!(out, "no Fargate service is selected")?;
    }
    for policy in &seen.plan.policies {
        writeln!(out)?;
        write_policy(policy, out)?;
        retirements::write_of_policy(seen, &policy.name, out)?;
    }
    retirements::write_uncovered(&seen.plan, out)?;
    overlaps(seen, out)?;
    if seen.policies.dry_run {
        writeln!(out, "\ndry run: the daemon would start nothing")?;
    }
    for problem in seen.problems.iter() {
        writeln!(out, "\nwarning: {problem}")?;
    }
    Ok(())
}

fn row(seen: &Status, key: &ServiceKey, verdict: &Verdict) -> [String; 6] {
    let age = verdict
        .oldest_created_at
        .map_or_else(|| "-".to_owned(), |at| Span(elapsed(at, seen.plan.now)).to_string());
    [
        key.to_string(),
        verdict.policy.to_string(),
        age,
        verdict.reason.kind().to_string(),
        verdict.next_window.map_or_else(|| "-".to_owned(), |next| next.to_string()),
        match &verdict.deadline {
            Some(deadline) if verdict.reason.kind() == VerdictKind::Refresh => {
                format!("{verdict}; given up after {}", Span(deadline.total))
            }
            _ => verdict.to_string(),
        },
    ]
}

fn write_policy(policy: &PolicyPlan, out: &mut dyn Write) -> io::Result<()> {
    let total: u32 = policy.services.values().sum();
    write!(out, "policy {}: {}", policy.name, count(total, "service"))?;
    for kind in VerdictKind::ALL {
        if let Some(number) = policy.services.get(kind) {
            write!(out, ", {number} {}", kind.label())?;
        }
    }
    writeln!(out)?;
    if total == 0 {
        writeln!(
            out,
            "  warning: it selects no Fargate service; look at its clusters, names and tags"
        )?;
    }
    match (&policy.open_until, &policy.next_window) {
        (Some(until), _) if until.time() == crate::clock::Time::MAX_UTC => {
            writeln!(out, "  windows: always open")?;
        }
        (Some(until), _) => writeln!(out, "  window: open until {until}")?,
        (None, Some(next)) => writeln!(out, "  window: the next opens {next}")?,
        (None, None) => writeln!(out, "  window: none within the next two years")?,
    }
    match (policy.due, policy.fits, policy.pace) {
        (0, ..) => Ok(()),
        (due, Some(fits), Some(pace)) => writeln!(
            out,
            "  {fits} of {due} due fit into {} at the pace seen so far ({} each)",
            if policy.open_until.is_some() { "what is left of it" } else { "it" },
            Span(pace)
        ),
        (due, ..) => writeln!(
            out,
            "  {due} due; how many fit into the window is known after the first proven refresh"
        ),
    }
}

fn overlaps(seen: &Status, out: &mut dyn Write) -> io::Result<()> {
    let overlapping: Vec<_> = seen
        .plan
        .verdicts
        .iter()
        .filter(|(_, verdict)| !verdict.also_selected_by.is_empty())
        .collect();
    for (key, verdict) in &overlapping {
        let others: Vec<&str> = verdict.also_selected_by.iter().map(|name| &**name).collect();
        writeln!(
            out,
            "\nwarning: {key} is selected by {} too; {} comes first in the file and owns it",
            others.join(", "),
            verdict.policy
        )?;
    }
    Ok(())
}
