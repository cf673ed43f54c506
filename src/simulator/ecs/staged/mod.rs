//! Deployments that shift traffic: BLUE_GREEN, LINEAR and CANARY.
//!
//! The new deployment, "green", is the PRIMARY from its first moment; the one that carries the
//! production traffic, "blue", stays ACTIVE with all its tasks until the traffic has moved and
//! baked. Source: Amazon ECS Developer Guide, "Amazon ECS blue/green deployments".
//!
//! What AWS does not say, and is decided here: a rollback makes blue the PRIMARY again under its
//! own id, for its tasks never went away (ECS "doesn't create a new service revision for a
//! rollback operation"); green is ACTIVE and FAILED until its tasks have stopped. Protected blue
//! tasks hold the deployment in CLEAN_UP. Retirements wait until AWS insists.

mod hook;
mod lifecycle;
mod stage;

pub use hook::{Hook, HookAction};
pub(crate) use hook::{HookRun, HookStatus, Target};
pub(crate) use lifecycle::Lifecycle;
pub(crate) use stage::Stage;

use super::deployment::{Progress, RolloutState, ServiceDeployment, deployment_name};
use super::failure::{self, Failure};
use super::service::Service;
use super::state_changes::News;
use super::task::{Phase, Task};
use super::{early_success, events, retirement, scheduler};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;
use lifecycle::Step;

/// The course of a deployment that starts now, if it is one that shifts traffic. The first
/// deployment of a service has nowhere to shift it from.
pub(crate) fn begin(service: &Service, now: Moment, ids: &mut Ids) -> Option<Lifecycle> {
    let shifts = service.spec.shifts_traffic() && !service.deployments.is_empty();
    let several = service.deployments.len() > 1;
    shifts.then(|| Lifecycle::begin(&service.spec, several, now, ids))
}

/// The deployment that carries most of the production traffic.
pub(crate) fn carrier(service: &Service) -> Option<u64> {
    let primary = service.deployments.first()?.id;
    let Some(open) = service.history.last().filter(|record| record.open()) else {
        return Some(primary);
    };
    let exists = |id: &u64| service.deployments.iter().any(|deployment| deployment.id == *id);
    match &open.lifecycle {
        Some(lifecycle) if lifecycle.production > 50.0 => Some(open.deployment),
        Some(_) => open.source.filter(exists),
        // While tasks roll, those of the last completed deployment are the proven ones.
        None => service.last_completed.as_ref().map(|done| done.id).filter(exists),
    }
    .or(Some(primary))
}

/// Whether a deployment that shifts traffic is under way.
pub(crate) fn is_open(service: &Service) -> bool {
    stage(service).is_some()
}

/// The stage of the deployment that is under way.
pub(crate) fn stage(service: &Service) -> Option<Stage> {
    open_record(service)?.lifecycle.as_ref().map(|lifecycle| lifecycle.stage)
}

/// Does what the stage demands at `now`, and goes on when it is done. Returns whether anything
/// changed.
pub(crate) fn reconcile(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let retired = retirement::retire(service, now, ids);
    let kept = keep_tasks(service, now, ids);
    let moved = proceed(service, now, ids);
    retired || kept || moved
}

/// Sends the traffic back to the source. A rollback that fails stays where it is.
pub(crate) fn turn_back(service: &mut Service, failure: Failure, now: Moment, ids: &mut Ids) {
    let Some(open) = service.history.last_mut() else { return };
    if open.progress == Progress::RollingBack {
        open.finish(Progress::RollbackFailed, now);
        return;
    }
    let Some(lifecycle) = open.lifecycle.as_mut() else { return };
    lifecycle.turn_back(now);
    let source = open.source.unwrap_or(open.deployment);
    failure::note_rollback(service, failure, source, now);
    service.report(events::rolling_back(service, &deployment_name(source)), now, ids);
    let Some(at) = service.deployments.iter().position(|d| d.id == source) else { return };
    let mut blue = service.deployments.remove(at);
    blue.state = RolloutState::InProgress;
    blue.reason = failure.rolling_back(source);
    blue.updated_at = now;
    blue.count_healthy(true);
    service.news.push(News::Started { deployment: blue.id, reason: blue.reason.clone() });
    service.deployments.insert(0, blue);
    service.steady = false;
}

fn open_record(service: &Service) -> Option<&ServiceDeployment> {
    service.history.last().filter(|record| record.open())
}

/// How many tasks a deployment should have.
fn wanted(service: &Service, deployment: u64) -> u32 {
    let Some(record) = open_record(service) else { return 0 };
    let Some(lifecycle) = &record.lifecycle else { return 0 };
    let (stage, returning) = (lifecycle.stage, lifecycle.returning);
    let is_source = record.source == Some(deployment);
    let is_target = record.deployment == deployment;
    let wanted = match returning {
        // Green is there until blue has its traffic back.
        true => is_source || (is_target && stage < Stage::CleanUp),
        false => (is_source && stage < Stage::CleanUp) || (is_target && stage >= Stage::ScaleUp),
    };
    if wanted { service.desired } else { 0 }
}

/// Starts and stops tasks until every deployment has those that it should have.
fn keep_tasks(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let mut changed = false;
    for index in 0..service.deployments.len() {
        let deployment = &service.deployments[index];
        let (id, may_launch) = (deployment.id, deployment.may_launch(now));
        let wanted = wanted(service, id);
        let active = service.count(Some(id), Task::active);
        let doomed = surplus(service, id, active.saturating_sub(wanted), now);
        scheduler::stop_all(service, &doomed, now, ids);
        service.deployments[index].wanted = wanted;
        let missing = if may_launch { wanted.saturating_sub(active) } else { 0 };
        let started: Vec<u128> =
            (0..missing).map(|_| service.launch_task(index, now, ids)).collect();
        if !started.is_empty() {
            service.report(events::started(service, &started), now, ids);
        }
        changed |= !started.is_empty() || !doomed.is_empty();
    }
    changed
}

/// The tasks of a deployment to stop: those that are not healthy first, then the oldest.
fn surplus(service: &Service, deployment: u64, count: u32, now: Moment) -> Vec<u128> {
    let mine =
        |task: &&Task| task.deployment == deployment && task.active() && !task.protected(now);
    let mut candidates: Vec<&Task> = service.tasks.values().filter(mine).collect();
    candidates.sort_by_key(|task| (task.healthy, task.sequence));
    candidates.iter().take(count as usize).map(|task| task.id).collect()
}

/// Takes the steps that are due. Returns whether it took any.
fn proceed(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let done = stage_is_done(service);
    let Some(lifecycle) = service.history.last_mut().and_then(|open| open.lifecycle.as_mut())
    else {
        return false;
    };
    match lifecycle.step(done, now) {
        Step::Wait => false,
        Step::Next => {
            lifecycle.proceed(now, ids);
            true
        }
        Step::Fail(failure) => {
            failure::fail(service, failure, true, now, ids);
            true
        }
        Step::Done => {
            let tasks = &service.tasks;
            let lives = |id| tasks.values().any(|t| t.deployment == id && t.phase < Phase::Stopped);
            let primary = service.deployments.first().map(|primary| primary.id);
            service.deployments.retain(|d| Some(d.id) == primary || lives(d.id));
            scheduler::complete_primary(service, now, ids);
            true
        }
    }
}

/// Whether the tasks are as the stage wants them.
fn stage_is_done(service: &Service) -> bool {
    let Some(record) = open_record(service) else { return false };
    let Some(lifecycle) = &record.lifecycle else { return false };
    let gone = |keep: &[Option<u64>]| {
        let mut others = service.tasks.values().filter(|t| !keep.contains(&Some(t.deployment)));
        others.all(|task| task.phase >= Phase::Stopped)
    };
    let primary = service.deployments.first().map(|primary| primary.id);
    match lifecycle.stage {
        Stage::ReconcileService => gone(&[Some(record.deployment), record.source]),
        Stage::ScaleUp => early_success::settled(service),
        Stage::CleanUp => {
            gone(&[primary]) && (!lifecycle.returning || early_success::settled(service))
        }
        _ => true,
    }
}
