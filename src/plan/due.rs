//! Whether a service's tasks are too old.

use std::time::Duration;

use chrono::TimeDelta;

use super::fleet::{Description, TaskStatus, Tasks};
use super::ledger::Cause;
use super::policy::Policy;
use super::schedule::ScheduleView;
use super::verdict::{Due, Reason};
use crate::clock::{Time, elapsed};

/// The age of a service's tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// When the oldest task that should be running was created.
    Oldest(Time),
    /// No task is listed that could have an age.
    NoTasks,
    /// So many running tasks have no `createdAt`. Unknown is never old.
    Unknown(u32),
    /// Not every task could be read, so an older one may be hidden.
    Partial,
    /// The tasks have not been listed yet.
    NotListed,
}

/// The age of the listed tasks. A task that is still starting and has no `createdAt` counts as new.
pub fn age(tasks: Option<&Tasks>) -> Age {
    let Some(tasks) = tasks else { return Age::NotListed };
    if !tasks.complete {
        return Age::Partial;
    }
    let unknown = tasks
        .tasks
        .iter()
        .filter(|task| task.created_at.is_none() && task.status != TaskStatus::Starting)
        .count();
    if unknown > 0 {
        return Age::Unknown(u32::try_from(unknown).unwrap_or(u32::MAX));
    }
    tasks.tasks.iter().filter_map(|task| task.created_at).min().map_or(Age::NoTasks, Age::Oldest)
}

/// Whether a service whose oldest task was created at `oldest` is due by age: `Ok` with the reason
/// and since when, `Err` with the reason why not.
///
/// A maximum age is a promise: a task that would grow too old before the policy's next window opens
/// is due in this one. A service is refreshed at most once per window, by ECS's own account: its
/// PRIMARY deployment must be older than the window.
pub fn due_by_age(
    policy: &Policy,
    view: &ScheduleView,
    description: &Description,
    oldest: Time,
    now: Time,
) -> Result<Due, Reason> {
    let age = elapsed(oldest, now);
    let Some(limit) = policy.max_task_age else {
        return Err(Reason::NotDue { age, limit: None });
    };
    let too_old_at = add(oldest, limit);
    if too_old_at >= horizon(view, now) {
        return Err(Reason::NotDue { age, limit: Some(limit) });
    }
    let Some(deployed_at) = description.primary().and_then(|primary| primary.created_at) else {
        return Err(Reason::StateNotUnderstood {
            what: "a PRIMARY deployment with createdAt",
            value: "absent".into(),
        });
    };
    if deployed_this_span(view, deployed_at, limit, now) {
        return Err(Reason::DeployedThisWindow { age });
    }
    Ok(Due { cause: Cause::Age, since: due_since(view, oldest, too_old_at) })
}

/// A task must not grow too old before this.
fn horizon(view: &ScheduleView, now: Time) -> Time {
    match &view.next {
        Some(next) if !view.always => next.opens.max(now),
        _ => now,
    }
}

/// Whether the PRIMARY deployment is too young for another refresh.
fn deployed_this_span(view: &ScheduleView, deployed_at: Time, limit: Duration, now: Time) -> bool {
    if view.always {
        return add(deployed_at, limit) >= now;
    }
    match (view.allowed_until, view.opened_at) {
        (Some(_), Some(opened_at)) => deployed_at >= opened_at,
        _ => false,
    }
}

/// When the service became due: when its oldest task grew too old, or when the window opened in
/// which it had to be replaced so that it would not.
fn due_since(view: &ScheduleView, oldest: Time, too_old_at: Time) -> Time {
    match view.opened_at {
        Some(opened_at) if !view.always => too_old_at.min(opened_at.max(oldest)),
        _ => too_old_at,
    }
}

/// `at + duration`, or the end of time.
pub fn add(at: Time, duration: Duration) -> Time {
    TimeDelta::from_std(duration)
        .ok()
        .and_then(|delta| at.checked_add_signed(delta))
        .unwrap_or(Time::MAX_UTC)
}
