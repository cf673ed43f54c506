//! Rollouts that pass through stages, wait for hooks or people, or leave old tasks behind.
//!
//! None of it proves anything: it tells why a rollout takes its time, how long it may, and when
//! production traffic has moved.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Case, Judgement, Ours, still};
use crate::clock::{Time, elapsed};
use crate::plan::due::shift;
use crate::plan::fleet::{Cleanup, Progress, ServiceDeploymentStatus, Strategy};
use crate::plan::step::Depth;
use crate::plan::verdict::{Note, Reason};

/// ECS tries for two weeks to stop the old tasks (Amazon ECS developer guide, "Early success criteria
/// for rolling deployments"); a day more is for what comes after.
const LINGER_MAX: TimeDelta = TimeDelta::days(15);

/// What has an end of its own is given this much longer.
const GRACE: TimeDelta = TimeDelta::minutes(10);

/// ECS lets no stage last longer, a hook that does not say when it times out included (Amazon ECS developer
/// guide, "Lifecycle hooks for Amazon ECS service deployments").
const STAGE_MAX: Duration = Duration::from_secs(24 * 3_600);

/// Where our deployment stands, if that was asked for since it was made.
pub fn progress<'a>(case: &Case<'a>) -> Option<&'a Progress> {
    let progress = case.service.progress.as_ref()?;
    let current = case.description.current_service_deployment.as_deref();
    (progress.asked_at >= case.attempt.intent_at && current == Some(&*progress.arn))
        .then_some(progress)
}

/// How much a look at it reads while it goes on: of stages only their service deployment tells.
pub fn depth(case: &Case<'_>) -> Depth {
    match case.description.strategy {
        Strategy::Rolling => Depth::Follow,
        _ => Depth::Progress,
    }
}

/// How the newest look found the service deployment of our call, where it is known which one it is.
pub fn status<'a>(case: &Case<'a>, ours: &Ours<'_>) -> Option<&'a ServiceDeploymentStatus> {
    let progress = progress(case)?;
    let is_ours = ours.service_deployment == Some(&*progress.arn);
    let is_new = progress.asked_at >= case.description.described_at;
    (is_ours && is_new).then_some(&progress.status)
}

fn is_baking(progress: &Progress) -> bool {
    progress.stage.as_deref() == Some("BAKE_TIME")
}

/// Whether it waits for something that is to take its time: traffic that is shifted step by step or
/// tested, a bake time, a hook, or old tasks that ECS cleans up after a success.
pub fn waits(case: &Case<'_>) -> bool {
    let known = |progress: &Progress| {
        let stage = progress.stage.as_deref();
        let takes_time =
            matches!(stage, Some("TEST_TRAFFIC_SHIFT" | "PRODUCTION_TRAFFIC_SHIFT" | "BAKE_TIME"));
        takes_time || !progress.hooks.is_empty()
    };
    progress(case).is_some_and(known) || (case.attempt.moved_at.is_some() && may_linger(case))
}

/// Whether its stages cannot be told from those that take their time.
pub fn are_unseen(case: &Case<'_>) -> bool {
    case.description.strategy != Strategy::Rolling && progress(case).is_none()
}

/// What the rollout waits for, in words.
pub fn note(case: &Case<'_>) -> Option<Note> {
    if let Some((tasks, until)) = protected(case) {
        return Some(Note::Protected { tasks, until });
    }
    if case.attempt.moved_at.is_some()
        && let Some(tasks) = old_tasks(case).filter(|_| may_linger(case))
    {
        return Some(Note::OldTasksLinger { tasks });
    }
    let progress = progress(case);
    if let Some((progress, hook)) = progress.and_then(|one| Some((one, one.waits_for()?))) {
        return Some(Note::Person { stage: progress.stage.clone(), expires_at: hook.expires_at });
    }
    if let Some(stands) = still::note(case) {
        return Some(stands);
    }
    let progress = progress?;
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

/// Whether production traffic has moved and ECS stops what carried it before.
pub fn cleans_up(case: &Case<'_>) -> bool {
    progress(case).is_some_and(|progress| progress.stage.as_deref() == Some("CLEAN_UP"))
}

/// Whether ECS was seen to take our deployment back, which makes the PRIMARY from before the call
/// PRIMARY again.
pub fn was_taken_back(case: &Case<'_>, ours: &Ours<'_>) -> bool {
    case.service.progress.as_ref().is_some_and(|seen| {
        seen.asked_at >= case.attempt.intent_at
            && ours.service_deployment == Some(&*seen.arn)
            && seen.status.is_rollback()
    })
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
    old > 0 && may_linger(case)
}

/// Whether the deployments themselves show that old tasks linger, so that nothing else need be read.
pub fn visibly_lingers(case: &Case<'_>) -> bool {
    let mut deployments = case.description.deployments.iter();
    let moved = case.attempt.moved_at.is_some() && may_linger(case);
    moved && !case.overdue() && deployments.any(|old| !old.primary && old.running_count > 0)
}

/// Whether ECS may call the deployment successful while old tasks run.
pub fn may_linger(case: &Case<'_>) -> bool {
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
/// its own. A hook that does not tell its own is excused as long as its stage may last, little by little,
/// so that what comes after it is not waited for as long.
pub fn excused_until(case: &Case<'_>) -> Option<Time> {
    let protected = protected(case).map(|(_, until)| until);
    let hooks = progress(case).into_iter().flat_map(|progress| &progress.hooks);
    let hook = hooks.filter_map(|hook| hook.expires_at).max();
    let until = protected.max(hook).filter(|until| *until > case.now);
    let until = until.or_else(|| is_in_silent_hook(case).then_some(case.now))?;
    Some(shift(until, GRACE))
}

/// Whether a hook is at work that does not tell when it times out.
fn is_in_silent_hook(case: &Case<'_>) -> bool {
    progress(case).is_some_and(|progress| {
        progress.hooks.iter().any(|hook| hook.expires_at.is_none())
            && elapsed(progress.stage_since, case.now) < STAGE_MAX
    })
}

/// How many old tasks are protected, and the last moment of it.
pub fn protected(case: &Case<'_>) -> Option<(u32, Time)> {
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
