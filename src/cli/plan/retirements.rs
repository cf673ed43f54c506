//! What the plan says of retirements, for people: under each policy, and of what no policy covers.

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::cli::retirements::words::{starter, utc, when};
use crate::clock::Time;
use crate::plan::notice::{EventStatus, Owner};
use crate::plan::verdict::{LeftToAws, Prospect, RetirementAhead};
use crate::plan::words::{ZonedTime, count};
use crate::plan::{LooseTask, Plan};
use crate::reconciler::status::Status;

/// Writes how many services of the policy have a retirement ahead; nothing when none has.
pub fn write_of_policy(seen: &Status, policy: &str, out: &mut dyn Write) -> io::Result<()> {
    let verdicts = seen.plan.verdicts.iter().map(|(_, verdict)| verdict);
    let ahead: Vec<&RetirementAhead> = verdicts
        .filter(|verdict| *verdict.policy == *policy)
        .filter_map(|verdict| verdict.retirement.as_deref())
        .collect();
    if ahead.is_empty() {
        return Ok(());
    }
    let number = |which: &dyn Fn(&RetirementAhead) -> bool| {
        u64::try_from(ahead.iter().filter(|one| which(one)).count()).unwrap_or(u64::MAX)
    };
    let all = number(&|_| true);
    let first = ahead.iter().filter_map(|one| one.deadline).min_by_key(ZonedTime::time);
    let the_first = if all > 1 && first.is_some() { ", the first" } else { "" };
    write!(out, "  {}{the_first} {}", count(all, "retirement"), when(first, seen.plan.now))?;
    let ignored = Prospect::LeftToAws(LeftToAws::Ignored);
    for (number, what) in [
        (number(&|one| one.at_risk), "at risk"),
        (number(&|one| one.prospect == ignored), "left to AWS"),
    ] {
        if number > 0 {
            write!(out, ", {number} {what}")?;
        }
    }
    writeln!(out)
}

/// Writes what AWS is about to retire and no policy covers, the earliest deadline first; nothing when
/// there is nothing.
pub fn write_uncovered(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = uncovered(plan);
    if !lines.is_empty() {
        writeln!(out, "\nretirements that no policy covers")?;
    }
    lines.sort_by_key(|(deadline, _)| (deadline.is_none(), *deadline));
    for (deadline, what) in lines {
        let deadline = deadline.map(utc);
        writeln!(out, "  {what}, retirement {}", when(deadline, plan.now))?;
    }
    let open = plan.notices.iter().filter(|notice| notice.status != EventStatus::Closed);
    for notice in open.filter(|notice| !notice.not_understood.is_empty()) {
        writeln!(
            out,
            "\nwarning: not all of the notice {} was understood; `ecs-refresh retirements` shows what",
            notice.key
        )?;
    }
    Ok(())
}

/// Sentences, each with its deadline, in the order of the names.
fn uncovered(plan: &Plan) -> Vec<(Option<Time>, String)> {
    let retiring = plan.retiring();
    let services = retiring.unmanaged.iter();
    let mut lines: Vec<_> =
        services.map(|(key, deadline)| (*deadline, format!("{key}: unmanaged"))).collect();
    lines.extend(retiring.unknown_services.iter().map(|(name, deadline)| {
        (*deadline, format!("{name}: a service of a cluster that AWS did not name"))
    }));
    // One line for all tasks that were started in the same way, of which there may be hundreds.
    let mut alike: BTreeMap<_, u64> = BTreeMap::new();
    for found in retiring.tasks.values() {
        let cluster = found.task.cluster.as_deref();
        *alike.entry((cluster, kind(found), found.notice.deadline)).or_default() += 1;
    }
    lines.extend(alike.into_iter().map(|((cluster, (noun, rest), deadline), number)| {
        let cluster = cluster.unwrap_or("a cluster that AWS did not name");
        (deadline, format!("{cluster}: {}{rest}", count(number, noun)))
    }));
    lines
}

/// What kind of task it is, and what is to be said of such tasks.
fn kind(found: &LooseTask<'_>) -> (&'static str, String) {
    match &found.task.owner {
        Some(Owner::Standalone { started_by, group }) => {
            let starter = starter(started_by.as_deref(), group.as_deref());
            ("standalone task", format!(" ({starter}) that AWS will not replace"))
        }
        _ => ("task", " of unknown owner".to_owned()),
    }
}
