//! The refreshes that have ended, for people: one line each, and below it what went wrong.

use std::io::{self, Write};

use super::Told;
use crate::cli::columns::{self, plain};
use crate::metrics::Label;
use crate::plan::evidence::Evidence;
use crate::plan::ledger::Outcome;
use crate::plan::rescue::{Rescue, RescueAnswer};
use crate::plan::words::{Span, ZonedTime};

const HEADINGS: [&str; 8] =
    ["FINISHED", "SERVICE", "CAUSE", "POLICY", "OUTCOME", "TOOK", "TASKS", "DEPLOYMENT"];

/// What is not known.
const NOTHING: &str = "-";

/// Writes one line for each refresh, and more where it did not succeed or one service was asked for.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(told: &Told, out: &mut dyn Write) -> io::Result<()> {
    if told.attempts.is_empty() {
        return Ok(());
    }
    let rows: Vec<[String; 8]> = told.attempts.iter().map(row).collect();
    let mut table = Vec::new();
    columns::write(&mut table, "", HEADINGS, &rows, &[5])?;
    let mut lines = table.split_inclusive(|byte| *byte == b'\n');
    out.write_all(lines.next().unwrap_or_default())?;
    for (line, one) in lines.zip(&told.attempts) {
        out.write_all(line)?;
        write_details(one, told.service.is_some(), out)?;
    }
    Ok(())
}

fn row(one: &Evidence) -> [String; 8] {
    let (finished, attempt) = (&one.finished, &one.finished.attempt);
    let after = finished.primary.as_ref().map_or(NOTHING, |primary| primary.as_str());
    [
        ZonedTime::new(finished.finished_at, chrono_tz::Tz::UTC).to_string(),
        plain(&attempt.service.to_string()),
        attempt.cause.label().to_owned(),
        plain(&attempt.policy),
        finished.outcome.label().replace('_', " "),
        Span(finished.duration()).to_string(),
        format!("{} → {}", one.before.count, one.after.count),
        plain(&match after == attempt.before.primary.as_str() {
            true => format!("{after}, as before"),
            false => format!("{} → {after}", attempt.before.primary),
        }),
    ]
}

fn write_details(one: &Evidence, is_asked_for: bool, out: &mut dyn Write) -> io::Result<()> {
    let finished = &one.finished;
    if finished.outcome != Outcome::Succeeded {
        writeln!(out, "    {}", plain(&finished.diagnosis))?;
        if let Some(finding) = &finished.finding {
            writeln!(out, "    {}: {}", finding.label(), plain(&finding.to_string()))?;
        }
    }
    if let Some(rescue) = &finished.attempt.rescue {
        writeln!(out, "    {}", plain(&rollback(rescue)))?;
    }
    if is_asked_for {
        let (attempt, cluster) = (&finished.attempt, finished.attempt.service.cluster());
        let (account, region) = (cluster.account(), cluster.region());
        writeln!(out, "    attempt {}, account {account} in {region}", plain(&attempt.id.0))?;
        for (container, digest) in &one.image_digests {
            writeln!(out, "    image of {}: {}", plain(container), plain(digest))?;
        }
    }
    Ok(())
}

fn rollback(rescue: &Rescue) -> String {
    let asked = ZonedTime::new(rescue.asked_at, chrono_tz::Tz::UTC);
    match &rescue.answer {
        RescueAnswer::Unknown => {
            format!("ECS was told to roll back at {asked}, and what it answered is not known")
        }
        RescueAnswer::Accepted => format!("ECS was told to roll back at {asked}, and accepted"),
        RescueAnswer::Refused { problem } => {
            format!("ECS was told to roll back at {asked}, and refused: {problem}")
        }
    }
}
