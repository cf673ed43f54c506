//! A rolling deployment of ours that is PRIMARY.

use super::{Case, Judgement, MAY_BE_STALE, Ours, rescue, stages, still, vanished};
use crate::plan::fleet::{Deployment, RolloutState, ServiceDeploymentStatus, Task, TaskStatus};
use crate::plan::ledger::Outcome;
use crate::plan::proof::vanished::{by_status, find_ours};
use crate::plan::step::Depth;
use crate::plan::verdict::Reason;

pub fn judge(case: &Case<'_>, ours: &Ours<'_>, primary: &Deployment) -> Judgement {
    if primary.rollout == RolloutState::Failed {
        return judge_failed(case, ours, primary);
    }
    // The stages tell of an end before the deployments do.
    if stages::is_taken_back(case, ours) {
        return vanished::judge(case, ours);
    }
    let reason = case.rollout(Some(&primary.id));
    let says_done = says_done(case, primary);
    if says_done && stages::visibly_lingers(case) {
        return case.going(reason, Depth::Follow);
    }
    if says_done {
        match prove(case, ours) {
            Proof::Proven => return case.finish(Outcome::Succeeded, "every task was replaced"),
            Proof::OldTasksRemain(old) if stages::lingers(case, old) => {
                return stages::linger(case, reason);
            }
            Proof::OldTasksRemain(_) | Proof::NotYet => {}
            Proof::TasksNotRead if case.overdue() => {}
            Proof::TasksNotRead if tasks_tried(case) => return case.going(reason, Depth::Tasks),
            Proof::TasksNotRead => return case.going_deeper(reason, Depth::Tasks),
        }
    }
    if let Some(moved) = stages::moves_on(case, &reason) {
        return moved;
    }
    if case.now < case.attempt.deadline {
        let depth = if says_done { Depth::Tasks } else { stages::depth(case) };
        return case.going(reason, still::depth(case, depth));
    }
    judge_late(case, ours, reason, says_done)
}

/// Whether ECS reports our deployment as done.
fn says_done(case: &Case<'_>, primary: &Deployment) -> bool {
    match primary.rollout {
        RolloutState::Completed => true,
        RolloutState::Absent => {
            case.description.deployments.len() == 1
                && case.description.running_count >= case.description.desired_count
                && case.description.pending_count == 0
        }
        RolloutState::InProgress | RolloutState::Failed | RolloutState::Unknown(_) => false,
    }
}

/// The time is up: unless what holds the rollout up has an end of its own, it is given up, after a
/// close look.
fn judge_late(case: &Case<'_>, ours: &Ours<'_>, reason: Reason, says_done: bool) -> Judgement {
    if let Some(deadline) = stages::excused_until(case) {
        return Judgement::Extend { reason, deadline };
    }
    if let Some(found) = case.post_mortem().filter(|_| case.overdue() && tasks_read(case)) {
        return rescue::time_is_up(case, ours, found, &too_late(case, says_done));
    }
    // When the closest look was taken already and the tasks could not be read, it is not rushed.
    match case.post_mortem() {
        Some(_) if case.overdue() => case.going(reason, case.post_mortem_depth()),
        _ => case.going_deeper(reason, case.post_mortem_depth()),
    }
}

/// What the tasks say.
pub enum Proof {
    /// Every task was replaced and runs.
    Proven,
    /// New ones run as they should, and so many from before should still be running too.
    OldTasksRemain(u32),
    /// They were read completely, and it is not so.
    NotYet,
    /// They were not read completely since the description.
    TasksNotRead,
}

/// Succeeded is proven from one complete look: no task from before should still run, and at least
/// the live desired count of tasks that were created with or after our deployment is RUNNING.
pub fn prove(case: &Case<'_>, ours: &Ours<'_>) -> Proof {
    let Some(tasks) = case.service.tasks.as_ref().filter(|_| tasks_read(case)) else {
        return Proof::TasksNotRead;
    };
    let before = &case.attempt.before.tasks;
    let is_old = |task: &&Task| {
        before.contains(&task.id)
            || task.created_at.is_some_and(|created_at| created_at < ours.created_at)
            || (task.created_at.is_none() && task.status != TaskStatus::Starting)
    };
    let old = tasks.tasks.iter().filter(is_old).count();
    let running = tasks
        .tasks
        .iter()
        .filter(|task| {
            task.status == TaskStatus::Running
                && task.created_at.is_some_and(|created_at| created_at >= ours.created_at)
        })
        .count();
    match (old, running >= case.description.desired_count as usize) {
        (0, true) => Proof::Proven,
        (old, true) => Proof::OldTasksRemain(u32::try_from(old).unwrap_or(u32::MAX)),
        (_, false) => Proof::NotYet,
    }
}

/// Whether all tasks were read, beginning no earlier than the description was.
fn tasks_read(case: &Case<'_>) -> bool {
    case.service
        .tasks
        .as_ref()
        .is_some_and(|tasks| tasks.complete && tasks.listed_at >= case.description.described_at)
}

/// Whether that was tried, with whatever success: what failed is not rushed.
pub fn tasks_tried(case: &Case<'_>) -> bool {
    let tasks = case.service.tasks.as_ref();
    tasks.is_some_and(|tasks| tasks.listed_at >= case.description.described_at)
}

fn too_late(case: &Case<'_>, says_done: bool) -> String {
    if says_done {
        return "ECS reports the deployment as done, but its tasks do not show it".to_owned();
    }
    format!(
        "{} of {} tasks were running on the new deployment when the time was up",
        case.description.primary().map_or(0, |primary| primary.running_count),
        case.description.desired_count
    )
}

/// ECS gave up on our deployment. Where it rolls back, a rollback is about to take over.
fn judge_failed(case: &Case<'_>, ours: &Ours<'_>, primary: &Deployment) -> Judgement {
    let reason = Reason::OurRollback { attempt: case.attempt.id.clone() };
    let status = stages::status(case, ours);
    let just_failed = primary
        .updated_at
        .is_some_and(|updated_at| case.description.described_at - updated_at < MAY_BE_STALE);
    let may_come = case.description.rolls_back
        && just_failed
        && !status.is_some_and(ServiceDeploymentStatus::is_rollback);
    let goes_back = status.is_some_and(ServiceDeploymentStatus::is_being_taken_back);
    if (may_come || goes_back) && !case.overdue() {
        return case.going(reason, Depth::Progress);
    }
    let Some(found) = case.post_mortem() else {
        return case.going_deeper(reason, case.post_mortem_depth());
    };
    if let Ok(listed) = &found.deployments
        && let Some(service_deployment) = find_ours(listed, ours)
        && service_deployment.status.is_rollback()
    {
        return by_status(case, service_deployment, listed);
    }
    case.finish(Outcome::Failed, "ECS gave up on the deployment and did not roll it back")
}
