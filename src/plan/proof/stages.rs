//! Rollouts that pass through stages, wait for hooks or people, or leave old tasks behind.
//!
//! None of it proves anything: it tells why a rollout takes its time, how long it may, and when
//! production traffic has moved.

use chrono::TimeDelta;

use super::{Case, Judgement, Ours, POLL};
use crate::clock::{Time, elapsed};
use crate::plan::due::shift;
use crate::plan::fleet::{Cleanup, Progress, Staging, Strategy};
use crate::plan::step::Depth;
use crate::plan::verdict::{Note, Reason};

/// How often a stage is looked at whose end is known and far away.
const POLL_IN_BAKE: TimeDelta = TimeDelta::seconds(30);

/// How often it is looked whether old tasks are gone that nobody waits for.
const POLL_LINGERING: TimeDelta = TimeDelta::minutes(5);

/// ECS tries for two weeks to stop the old tasks (Amazon ECS developer guide, "Early success criteria
/// for rolling deployments"); a day more is for what comes after.
const LINGER_MAX: TimeDelta = TimeDelta::days(15);

/// What has an end of its own is given this much longer.
const GRACE: TimeDelta = TimeDelta::minutes(10);

/// Where our deployment stands, if that was asked for since it was made.
fn progress<'a>(case: &Case<'a>) -> Option<&'a Progress> {
    let progress = case.service.progress.as_ref()?;
    let current = case.description.current_service_deployment.as_deref();
    (progress.asked_at >= case.attempt.intent_at && current == Some(&*progress.arn))
        .then_some(progress)
}

/// Whether the rollout has stages to be asked for.
fn has_stages(case: &Case<'_>) -> bool {
    let early = |staging: &Staging| staging.early_success.is_some();
    case.description.strategy != Strategy::Rolling
        || case.description.staging.as_deref().is_some_and(early)
}

/// How much a look at it reads while it goes on.
pub fn depth(case: &Case<'_>) -> Depth {
    if has_stages(case) { Depth::Progress } else { Depth::Describe }
}

/// How long until the next look. Towards its end a stage is looked at as often as any rollout.
pub fn poll(case: &Case<'_>) -> TimeDelta {
    if case.attempt.moved_at.is_some() && lingers_now(case) {
        return POLL_LINGERING;
    }
    let Some(progress) = progress(case).filter(|progress| is_baking(progress)) else { return POLL };
    let bake = case.description.staging.as_ref().map(|staging| staging.bake).unwrap_or_default();
    let left = bake.saturating_sub(elapsed(progress.stage_since, case.now));
    let left = TimeDelta::from_std(left).unwrap_or(POLL_IN_BAKE);
    if left > POLL_IN_BAKE + POLL { POLL_IN_BAKE } else { POLL }
}

fn is_baking(progress: &Progress) -> bool {
    progress.stage.as_deref() == Some("BAKE_TIME")
}

/// What the rollout waits for, in words.
pub fn note(case: &Case<'_>) -> Option<Note> {
    if let Some((tasks, until)) = protected(case) {
        return Some(Note::Protected { tasks, until });
    }
    if case.attempt.moved_at.is_some()
        && let Some(tasks) = old_tasks(case).filter(|_| lingers_now(case))
    {
        return Some(Note::OldTasksLinger { tasks });
    }
    let progress = progress(case)?;
    if let Some(hook) = progress.waits_for() {
        return Some(Note::Person { stage: progress.stage.clone(), expires_at: hook.expires_at });
    }
    let stage = progress.stage.clone()?;
    let bake = case.description.staging.as_ref().map(|staging| staging.bake);
    let of = bake.filter(|_| is_baking(progress));
    Some(Note::Stage { stage, since: elapsed(progress.stage_since, case.now), of })
}

/// Whether ECS takes our deployment back though it is still PRIMARY. One that is stopped is followed
/// until the deployments tell whose is next: the list of them may be older than its status.
pub fn is_taken_back(case: &Case<'_>, ours: &Ours<'_>) -> bool {
    let Some(progress) = progress(case) else { return false };
    let is_ours = ours.service_deployment.is_none_or(|arn| *arn == *progress.arn);
    is_ours && progress.status.is_rollback()
}

/// That production traffic has moved, when it is news.
pub fn moves_on(case: &Case<'_>, reason: &Reason) -> Option<Judgement> {
    let news = case.attempt.moved_at.is_none() && progress(case)?.traffic_has_moved();
    let deadline = case.attempt.deadline;
    news.then(|| Judgement::MoveOn { reason: reason.clone(), deadline })
}

/// Whether so many old tasks are left because ECS cleans up after it has called the deployment
/// successful.
pub fn lingers(case: &Case<'_>, old: u32) -> bool {
    old > 0 && lingers_now(case)
}

fn lingers_now(case: &Case<'_>) -> bool {
    let staging = case.description.staging.as_deref();
    // What this version does not know is waited for, as it costs nobody a slot.
    matches!(
        staging.and_then(|staging| staging.early_success.as_ref()),
        Some(Cleanup::Deferred | Cleanup::Unknown(_))
    )
}

/// Waits for old tasks that linger, without a slot.
pub fn linger(case: &Case<'_>, reason: Reason) -> Judgement {
    if case.attempt.moved_at.is_none() {
        let deadline = shift(case.attempt.intent_at, LINGER_MAX);
        return Judgement::MoveOn { reason, deadline };
    }
    if case.overdue() {
        let why = "old tasks are still there two weeks after production traffic had moved";
        return case.finish(crate::plan::ledger::Outcome::TimedOut, why);
    }
    case.going(reason, Depth::Tasks)
}

/// Until when a rollout that is late is excused: old tasks are protected, or a hook has a timeout of
/// its own.
pub fn excused_until(case: &Case<'_>) -> Option<Time> {
    let protected = protected(case).map(|(_, until)| until);
    let hooks = progress(case).into_iter().flat_map(|progress| &progress.hooks);
    let hook = hooks.filter_map(|hook| hook.expires_at).max();
    let until = protected.max(hook).filter(|until| *until > case.now)?;
    Some(shift(until, GRACE))
}

/// How many old tasks are protected, and the last moment of it.
fn protected(case: &Case<'_>) -> Option<(u32, Time)> {
    let found = case.service.post_mortem.as_ref()?;
    let before = &case.attempt.before.tasks;
    let of_old = found
        .protected
        .iter()
        .filter(|protected| before.contains(&protected.task) && protected.until > case.now);
    let until = of_old.clone().map(|protected| protected.until).max()?;
    Some((u32::try_from(of_old.count()).unwrap_or(u32::MAX), until))
}

/// How many tasks from before the call are listed.
fn old_tasks(case: &Case<'_>) -> Option<u32> {
    let tasks = case.service.tasks.as_ref()?;
    let before = &case.attempt.before.tasks;
    let old = tasks.tasks.iter().filter(|task| before.contains(&task.id)).count();
    u32::try_from(old).ok().filter(|old| *old > 0)
}
