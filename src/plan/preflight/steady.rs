//! Nothing is wrong with the service as it stands.
//!
//! Whether all tasks run the plan asks by itself before any start. Here it is whether they serve, whether
//! ECS has trouble starting them, and whether they may be stopped.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::unread::known;
use super::worst::worst;
use super::{Found, Name, Subject, arn};
use crate::clock::Time;
use crate::plan::fleet::{RolloutState, TaskId, TaskStatus};
use crate::plan::surroundings::{TargetHealth, Tier, Want};
use crate::plan::words::count;

/// More tasks of a service are not asked about: a hundred cost a call.
const PROTECTED_ASKED_MAX: usize = 1_000;

/// What happened to a finished deployment longer ago than this says nothing of today.
const RECENT: TimeDelta = TimeDelta::hours(24);

pub(super) fn find(subject: &Subject<'_>) -> Found {
    let mut found = vec![counts(subject)];
    found.extend(failed_starts(subject));
    found.extend(targets(subject));
    found.extend(protection(subject));
    worst(found, subject.action(Name::Steady))
}

fn counts(subject: &Subject<'_>) -> Found {
    let description = subject.description;
    let (running, desired) = (description.running_count, description.desired_count);
    let all = format!("{running} of {} running", count(desired, "task"));
    match (running >= desired, description.pending_count) {
        (true, 0) => Found::fine(all),
        (_, pending) => Found::bad(format!("{all}, {pending} pending")),
    }
}

/// `failedTasks` counts in a row, and a task that becomes healthy sets it back. It stays as it is when
/// a deployment is done and all its tasks run: there it is at most a trace of something that is over.
fn failed_starts(subject: &Subject<'_>) -> Option<Found> {
    let description = subject.description;
    let primary = description.primary().filter(|primary| primary.failed_tasks > 0)?;
    let failed = count(primary.failed_tasks, "task");
    let all_run = description.running_count >= description.desired_count
        && description.pending_count == 0
        && primary.rollout == RolloutState::Completed;
    if !all_run {
        return Some(
            Found::bad(format!("{failed} of its deployment failed to start"))
                .hint("see why its last tasks stopped, before more are started"),
        );
    }
    let is_recent = |at: Time| subject.now - at < RECENT;
    primary
        .updated_at
        .is_none_or(is_recent)
        .then(|| Found::notable(format!("{failed} of its deployment failed to start lately")))
}

fn targets(subject: &Subject<'_>) -> impl Iterator<Item = Found> {
    let groups = subject.description.target_groups.iter();
    groups.map(|named| {
        let what = format!("target group {}", arn::target_group(named));
        match known(subject.known.target_health.get(named), &what) {
            Ok(health) => in_group(subject, health, &what),
            Err(unread) => unread,
        }
    })
}

fn in_group(subject: &Subject<'_>, health: &TargetHealth, what: &str) -> Found {
    let TargetHealth { healthy, unhealthy, initial, other, .. } = *health;
    let all = [healthy, unhealthy, initial, other].into_iter().fold(0, u32::saturating_add);
    if unhealthy > 0 {
        let why = health.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        return Found::bad(format!(
            "{unhealthy} of {} of {what} {} unhealthy{why}",
            count(all, "target"),
            if unhealthy == 1 { "is" } else { "are" },
        ))
        .hint("a rollout waits until new tasks are healthy, and would not get there");
    }
    // Where traffic shifts, one of the groups is empty in between.
    if healthy == 0 && !(all == 0 && subject.description.shifts_traffic()) {
        return Found::notable(format!("{what} has no healthy target"))
            .hint("see whether a listener uses it, and its tasks are registered");
    }
    Found::fine(format!("{healthy} of {} of {what} healthy", count(all, "target")))
}

/// A rollout waits for protected tasks beyond its deadline, and is not given up for them. Many
/// protect every task that works on something, and a start that waited for none to be protected
/// would never come.
fn protection(subject: &Subject<'_>) -> Option<Found> {
    let read = subject.known.protections.get(&subject.service.key);
    if read.is_none() && subject.tier == Tier::Ahead {
        return None;
    }
    let protected = match known(read, "which tasks are protected") {
        Ok(protected) => protected,
        Err(unread) => return Some(unread),
    };
    let now = protected.iter().filter(|protected| protected.until > subject.now);
    let until = now.clone().map(|protected| protected.until).max()?;
    let tasks = u32::try_from(now.count()).unwrap_or(u32::MAX);
    Some(Found::notable(format!(
        "{} protected from being stopped until {}, and the rollout waits for {}",
        if tasks == 1 { "1 task is".to_owned() } else { format!("{tasks} tasks are") },
        subject.standing.zoned(until),
        if tasks == 1 { "it" } else { "them" },
    )))
}

pub(super) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    let groups = &subject.description.target_groups;
    wants.extend(groups.iter().cloned().map(Want::TargetHealth));
    let tasks = subject.service.tasks.as_ref().filter(|_| subject.tier == Tier::Start);
    let running = tasks.into_iter().flat_map(|listed| &listed.tasks);
    let running = running.filter(|task| task.status == TaskStatus::Running).map(|task| task.id);
    let asked: Vec<TaskId> = running.take(PROTECTED_ASKED_MAX).collect();
    if !asked.is_empty() {
        wants.insert(Want::Protection(subject.service.key.clone(), asked.into()));
    }
}
