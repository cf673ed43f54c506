//! Everything that is known of retirements, for people: notice by notice, the deadline first.

use std::io::{self, Write};

use super::known::{Known, Sources};
use super::words::{starter, utc, when};
use crate::cli::columns::{self, plain};
use crate::clock::{Time, elapsed};
use crate::http::status_name;
use crate::metrics::Label;
use crate::plan::notice::{AffectedTask, EndedBy, EventStatus, Owner, Retirement, TaskSample};
use crate::plan::words::{Span, count};
use crate::plan::{AffectedService, NoticePlan, RetirementState};

const HEADINGS: [&str; 5] = ["SERVICE", "POLICY", "STATE", "BEFORE", "AFTER"];
const UNANNOUNCED_HEADINGS: [&str; 5] = ["SERVICE", "POLICY", "SEEN", "BEFORE", "AFTER"];
const TASK_HEADINGS: [&str; 4] = ["TASK", "CLUSTER", "STATE", "STARTED BY"];

/// What is not there, in a table.
const NOTHING: &str = "-";

/// Writes every notice, what was seen without one, where notices come from, and what is wrong.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(known: &Known, out: &mut dyn Write) -> io::Result<()> {
    let notices = known.notices();
    for notice in &notices {
        write_notice(known, notice, out)?;
        writeln!(out)?;
    }
    let seen = "seen, but never announced: check the queue set-up";
    let observed = write_unannounced(known, seen, |one| one.event.is_none(), out)?;
    let over = "of notices that are long over";
    let past = write_unannounced(known, over, |one| one.event.is_some(), out)?;
    if notices.is_empty() {
        let no = if observed || past { "no other" } else { "no" };
        write!(out, "{no} retirement notice is known; ")?;
    }
    writeln!(out, "{}", sources(&known.sources))?;
    for problem in known.status.problems.iter() {
        writeln!(out, "\nwarning: {problem}")?;
    }
    Ok(())
}

/// Where notices come from.
fn sources(sources: &Sources) -> String {
    let queue = sources.queue_url.as_ref().map(|url| format!("the queue {url} ([events])"));
    let health = sources.health.then(|| "the AWS Health API ([health])".to_owned());
    let from: Vec<String> = queue.into_iter().chain(health).collect();
    if from.is_empty() {
        return "notices come from nowhere: set queue_url in [events] or poll = true in [health] in \
                the configuration"
            .to_owned();
    }
    format!("notices come from {}", from.join(" and "))
}

fn write_notice(known: &Known, notice: &NoticePlan, out: &mut dyn Write) -> io::Result<()> {
    let distance = match notice.deadline {
        None => String::new(),
        Some(_) if notice.status == EventStatus::Closed => String::new(),
        Some(at) if at <= known.now => format!(", {} ago", Span(elapsed(at, known.now))),
        Some(at) => format!(", in {}", Span(elapsed(known.now, at))),
    };
    let deadline = when(notice.deadline.map(utc), known.now);
    let status = plain(status_name(&notice.status));
    writeln!(out, "retirement {deadline}{distance} ({status})")?;
    writeln!(out, "  {}", plain(&notice.key.arn))?;
    writeln!(
        out,
        "  account {} in {}, received {}, about tasks created until {}",
        notice.key.account,
        notice.region,
        utc(notice.received_at),
        utc(notice.cutoff)
    )?;
    if !notice.services.is_empty() {
        let row = |one: &AffectedService| service_row(known, notice, one);
        let rows: Vec<[String; 5]> = notice.services.iter().map(row).collect();
        columns::write(out, "  ", HEADINGS, &rows, &[])?;
    }
    write_reopened(known, notice, out)?;
    if !notice.tasks.is_empty() {
        let rows: Vec<[String; 4]> =
            notice.tasks.iter().map(|(id, task)| task_row(id.to_string(), task)).collect();
        columns::write(out, "  ", TASK_HEADINGS, &rows, &[])?;
    }
    for name in &notice.unknown_services {
        writeln!(out, "  {}: a service of a cluster that AWS did not name", plain(name))?;
    }
    for text in &notice.not_understood {
        writeln!(out, "  not understood: {}", plain(text))?;
    }
    Ok(())
}

fn service_row(known: &Known, notice: &NoticePlan, one: &AffectedService) -> [String; 5] {
    let evidence = known.evidence(&notice.key, &one.service);
    let [before, after] = samples(evidence);
    let risk = if one.at_risk { ", at risk" } else { "" };
    [
        one.service.to_string(),
        one.policy.as_deref().unwrap_or(NOTHING).to_owned(),
        format!("{}{risk}", state(one)),
        before,
        after,
    ]
}

fn state(one: &AffectedService) -> &'static str {
    match one.state {
        RetirementState::Unseen => "not seen yet",
        RetirementState::Satisfied(EndedBy::Refresh) => "satisfied by our refresh",
        RetirementState::Satisfied(EndedBy::Deploy) => "satisfied by a deploy",
        RetirementState::Satisfied(EndedBy::Aws) => "satisfied by AWS",
        RetirementState::Satisfied(EndedBy::ScaledToZero) => "satisfied, scaled to zero",
        state => state.label(),
    }
}

/// The tasks before and after.
fn samples(evidence: Option<&Retirement>) -> [String; 2] {
    let nothing = || NOTHING.to_owned();
    let ended = evidence.and_then(|known| known.ended.as_ref());
    [
        evidence.map_or_else(nothing, |known| sample(&known.before)),
        ended.map_or_else(nothing, |ended| sample(&ended.after)),
    ]
}

fn sample(sample: &TaskSample) -> String {
    let number = count(sample.count, "task");
    let oldest = sample.tasks.iter().map(|(_, created_at)| *created_at).min();
    oldest.map_or_else(|| number.clone(), |oldest| format!("{number}, oldest {}", utc(oldest)))
}

/// Why tasks that are newer than a notice count as well.
fn write_reopened(known: &Known, notice: &NoticePlan, out: &mut dyn Write) -> io::Result<()> {
    for one in &notice.services {
        let evidence = known.evidence(&notice.key, &one.service);
        if let Some(raised) = evidence.and_then(|known| known.raised.as_ref()) {
            writeln!(
                out,
                "  {}: AWS stopped task {} on {}, though it was created on {}, after the notice",
                one.service,
                raised.task,
                utc(raised.stopped_at),
                utc(raised.cutoff)
            )?;
        }
    }
    Ok(())
}

fn task_row(id: String, task: &AffectedTask) -> [String; 4] {
    let starter = match &task.owner {
        Some(Owner::Standalone { started_by, group }) => {
            starter(started_by.as_deref(), group.as_deref())
        }
        _ => NOTHING.to_owned(),
    };
    let state = if task.resolved { "resolved" } else { task.state().label() };
    let cluster = task.cluster.as_deref().unwrap_or(NOTHING).to_owned();
    [id, cluster, state.to_owned(), starter]
}

/// Evidence without a notice. Whether there is any.
fn write_unannounced(
    known: &Known,
    title: &str,
    which: impl Fn(&Retirement) -> bool,
    out: &mut dyn Write,
) -> io::Result<bool> {
    let rows: Vec<[String; 5]> = known
        .unannounced()
        .filter(|(_, one)| which(one))
        .map(|(service, one)| {
            let [before, after] = samples(Some(one));
            let seen: Time = one.noticed_at;
            let policy = known.policy(service).unwrap_or(NOTHING).to_owned();
            [service.to_string(), policy, utc(seen).to_string(), before, after]
        })
        .collect();
    if rows.is_empty() {
        return Ok(false);
    }
    writeln!(out, "{title}")?;
    columns::write(out, "  ", UNANNOUNCED_HEADINGS, &rows, &[])?;
    writeln!(out)?;
    Ok(true)
}
