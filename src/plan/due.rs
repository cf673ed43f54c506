//! Whether a service's tasks are too old.

use std::time::Duration;

use chrono::TimeDelta;

use super::fleet::{Description, TaskStatus, Tasks};
use super::ledger::{Call, Cause, Finished};
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
/// is due in this one.
pub fn due_by_age(
    policy: &Policy,
    view: &ScheduleView,
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
    Ok(Due { cause: Cause::Age, since: due_since(view, oldest, too_old_at) })
}

/// What keeps a service that is due by age from being refreshed twice in a window: by ECS's own
/// account its PRIMARY deployment must be older than the window, whoever made it. The last attempt
/// is asked as well, because ECS's clock may be behind ours and the opening between the two.
pub fn deployed_already(
    policy: &Policy,
    view: &ScheduleView,
    description: &Description,
    last: Option<&Finished>,
    age: Duration,
    now: Time,
) -> Option<Reason> {
    let Some(deployed_at) = description.primary().and_then(|primary| primary.created_at) else {
        return Some(Reason::StateNotUnderstood {
            what: "a PRIMARY deployment with createdAt",
            value: "absent".into(),
        });
    };
    let ours_at = last
        .filter(|last| !view.always && matches!(last.attempt.call, Call::Accepted { .. }))
        .map(|last| last.attempt.intent_at);
    let limit = policy.max_task_age.unwrap_or_default();
    [Some(deployed_at), ours_at]
        .into_iter()
        .flatten()
        .any(|at| is_this_span(view, at, limit, now))
        .then_some(Reason::DeployedThisWindow { age })
}

/// A task must not grow too old before this.
fn horizon(view: &ScheduleView, now: Time) -> Time {
    match &view.next {
        Some(next) if !view.always => next.opens.max(now),
        _ => now,
    }
}

/// Whether a deployment made then is too young for another refresh.
fn is_this_span(view: &ScheduleView, deployed_at: Time, limit: Duration, now: Time) -> bool {
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
    shift(at, TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX))
}

/// `at + delta`, or that end of time which it would pass: plain addition panics there, and times
/// come from files and from AWS.
pub fn shift(at: Time, delta: TimeDelta) -> Time {
    let end = if delta < TimeDelta::zero() { Time::MIN_UTC } else { Time::MAX_UTC };
    at.checked_add_signed(delta).unwrap_or(end)
}
