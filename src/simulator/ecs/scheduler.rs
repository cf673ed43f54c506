//! The rolling deployment scheduler: what it starts and stops between its two bounds.
//!
//! At least `ceil(desired × minimumHealthyPercent)` healthy tasks are kept, and at most
//! `floor(desired × maximumPercent)` tasks are active (Amazon ECS Developer Guide, "Deploy Amazon
//! ECS services by replacing tasks"). A task whose `desiredStatus` is STOPPED is no longer active.

use std::sync::Arc;
use std::time::Duration;

use super::deployment::{Deployment, Progress, Revision, RolloutState, ServiceDeployment};
use super::service::{Completed, Service, ServiceStatus};
use super::state_changes::News;
use super::task::{Phase, StopCause, Task};
use super::{alarms, early_success, events, retirement, staged, task_sets};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

/// How long it takes until ECS tries again to place a task, and says so if it cannot.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(5 * 60);

const SUPERSEDED: &str = "Service deployment stopped because a newer deployment was started.";

/// Starts a deployment, which becomes the PRIMARY. One that is `rolling_back` to an older one, for
/// a reason, belongs to the service deployment that failed; any other begins a new one.
pub(crate) fn start_deployment(
    service: &mut Service,
    revision: Arc<Revision>,
    rolling_back: Option<(u64, String)>,
    now: Moment,
    ids: &mut Ids,
) {
    let mut deployment = Deployment::start(ids.deployment(), revision, now);
    let pending_for = match service.deployments.is_empty() || rolling_back.is_some() {
        true => Duration::ZERO,
        false => service.spec.pending_for,
    };
    if !pending_for.is_zero() {
        deployment.retry_at = Some(now + pending_for);
    }
    let source = service.deployments.first().map(|primary| primary.id);
    if let Some((target, reason)) = rolling_back {
        deployment.rolls_back_to = Some(target);
        deployment.reason = reason;
    } else {
        let lifecycle = staged::begin(service, now, ids);
        let carrier = staged::carrier(service).filter(|_| lifecycle.is_some());
        let alarms = alarms::watch(service);
        if let Some(open) = service.history.last_mut().filter(|record| record.open()) {
            open.stop(SUPERSEDED, now);
        }
        service.history.push(ServiceDeployment {
            id: ids.service_deployment(),
            deployment: deployment.id,
            source: carrier.or(source),
            revision: deployment.revision.clone(),
            created_at: now,
            pending_for,
            finished_at: None,
            progress: Progress::Running,
            reason: None,
            failed_tasks: 0,
            rollback: None,
            failure: None,
            alarms,
            lifecycle,
            counts: None,
        });
    }
    if let Some(old) = source {
        let active = service.count(Some(old), Task::active);
        service.deployments[0].wanted = active;
        service.deployments[0].updated_at = now;
    }
    let (id, reason) = (deployment.id, deployment.reason.clone());
    service.news.push(News::Started { deployment: id, reason });
    service.deployments.insert(0, deployment);
    service.steady = false;
}

/// Holds back deployments whose tasks cannot be placed, and tells of it every few minutes.
pub(crate) fn hold_back(service: &mut Service, now: Moment, ids: &mut Ids) {
    for index in 0..service.deployments.len() {
        let deployment = &service.deployments[index];
        let Some((says, lasting)) = deployment.revision.behaviour.held_back() else { continue };
        let until = deployment.created_at + lasting;
        if now >= until || !deployment.may_launch(now) {
            continue;
        }
        let event = events::about(service, says);
        service.deployments[index].retry_at = Some(until.min(now + TRIED_AGAIN_AFTER));
        service.report(event, now, ids);
    }
}

/// Starts and stops what the bounds allow at `now`. Returns whether anything changed.
pub(crate) fn reconcile(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    if service.standalone.is_some() {
        return retirement::retire(service, now, ids);
    }
    if service.status != ServiceStatus::Active {
        return drain(service, now, ids);
    }
    if staged::is_open(service) {
        return staged::reconcile(service, now, ids);
    }
    if !service.controlled_by_ecs() {
        return task_sets::reconcile(service, now, ids);
    }
    let surplus = stop_surplus(service, now, ids);
    let stopped = retirement::retire(service, now, ids) || surplus;
    let started = start_missing(service, now, ids);
    let removed = remove_drained(service);
    report_stuck(service, now, ids);
    report_protected(service, now, ids);
    let completed = complete_when_steady(service, now, ids);
    stopped || started || removed || completed
}

/// Takes an unhealthy task out of service; its own deployment replaces it.
pub(crate) fn stop_unhealthy(service: &mut Service, task: u128, now: Moment, ids: &mut Ids) {
    service.report(events::failed_health_checks(service, task), now, ids);
    let reason = match &service.target_group {
        None => "Task failed container health checks".to_owned(),
        Some(arn) => format!("Task failed ELB health checks in (target-group {arn})"),
    };
    service.stop_task(task, StopCause { code: "ServiceSchedulerInitiated", reason }, now);
}

/// Marks the PRIMARY, and with it the open service deployment, as done.
pub(crate) fn complete_primary(service: &mut Service, now: Moment, ids: &mut Ids) {
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.complete(now);
    let name = primary.name();
    let (deployment, reason) = (primary.id, primary.reason.clone());
    service.last_completed = Some(Completed { id: deployment, revision: primary.revision.clone() });
    service.news.push(News::Completed { deployment, reason });
    if let Some(open) = service.history.last_mut().filter(|record| record.open()) {
        let rolled_back = open.progress == Progress::RollingBack;
        let progress = if rolled_back { Progress::RolledBack } else { Progress::Successful };
        open.finish(progress, now);
    }
    service.report(events::completed(service, &name), now, ids);
    // One that succeeded early is not steady yet.
    if service.deployments.len() == 1 && early_success::settled(service) {
        report_steady(service, now, ids);
    }
}

/// Tells that the service has all that it wants.
pub(crate) fn report_steady(service: &mut Service, now: Moment, ids: &mut Ids) {
    service.steady = true;
    service.news.push(News::Steady);
    service.report(events::steady(service), now, ids);
}

/// The number of healthy tasks to keep, and of active tasks not to exceed.
fn bounds(service: &Service) -> (u32, u32) {
    let of_desired = |percent: u32| u64::from(service.desired) * u64::from(percent);
    let lower = of_desired(service.spec.minimum_healthy_percent).div_ceil(100);
    let upper = of_desired(service.spec.maximum_percent) / 100;
    (u32::try_from(lower).unwrap_or(u32::MAX), u32::try_from(upper).unwrap_or(u32::MAX))
}

/// How many healthy tasks there are beyond those to keep. While traffic shifts, tasks that do not
/// carry it are no substitute for those that do.
pub(crate) fn spare(service: &Service) -> u32 {
    if staged::is_open(service) || task_sets::several(service) {
        return 0;
    }
    let lower = if service.controlled_by_ecs() { bounds(service).0 } else { service.desired };
    service.count(None, healthy).saturating_sub(lower)
}

fn healthy(task: &Task) -> bool {
    task.active() && task.healthy
}

fn stop_surplus(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let Some(primary) = service.deployments.first() else { return false };
    let (primary_id, primary_failed) = (primary.id, primary.state == RolloutState::Failed);
    let (lower, _) = bounds(service);
    let mut spare = service.count(None, healthy).checked_sub(lower);
    let mut candidates: Vec<&Task> = service.tasks.values().filter(|t| t.active()).collect();
    candidates.sort_by_key(|t| (t.healthy, t.sequence));
    // Retired tasks of the PRIMARY are not its surplus: they go when what replaces them is there.
    let lasting = |task: &Task| task.active() && !retirement::is_retired(service, task, now);
    let mut surplus = service.count(Some(primary_id), lasting).saturating_sub(service.desired);
    let mut doomed = Vec::new();
    for task in candidates.into_iter().filter(|task| !task.protected(now)) {
        if task.deployment == primary_id {
            if surplus > 0 && lasting(task) {
                surplus -= 1;
                doomed.push(task.id);
            }
            continue;
        }
        // An old task that is not healthy costs no capacity; a healthy one must be spare.
        match (&mut spare, primary_failed, task.healthy) {
            (Some(_), false, false) => doomed.push(task.id),
            (Some(left), false, true) if *left > 0 => {
                *left -= 1;
                doomed.push(task.id);
            }
            _ => {}
        }
    }
    if doomed.is_empty() {
        return false;
    }
    stop_all(service, &doomed, now, ids);
    true
}

pub(crate) fn stop_all(service: &mut Service, doomed: &[u128], now: Moment, ids: &mut Ids) {
    let primary = service.deployments.first().map_or_else(String::new, Deployment::name);
    let (mut running, mut pending) = (Vec::new(), 0);
    for id in doomed {
        let Some(task) = service.tasks.get(id) else { continue };
        if task.phase == Phase::Running {
            running.push(*id);
        } else {
            pending += 1;
        }
        let owner = task.deployment;
        if let Some(owner) = service.deployments.iter_mut().skip(1).find(|d| d.id == owner) {
            owner.wanted = owner.wanted.saturating_sub(1);
        }
        service.stop_task(*id, events::scaled_by(&primary), now);
    }
    if !running.is_empty() {
        if !service.spec.deregistration_delay.is_zero() {
            let event = events::draining_connections(service, running.len());
            service.report(event, now, ids);
        }
        service.report(events::stopped_running(service, &running), now, ids);
    }
    if pending > 0 {
        service.report(events::stopped_pending(service, pending), now, ids);
    }
}

fn start_missing(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let (lower, upper) = bounds(service);
    let mut room = upper.saturating_sub(service.count(None, Task::active));
    let too_few = service.count(None, healthy) < lower;
    let mut started = Vec::new();
    // Old deployments replace what they lose, while the new one does not yet carry the load.
    for index in (1..service.deployments.len()).rev() {
        let deployment = &service.deployments[index];
        let active = service.count(Some(deployment.id), Task::active);
        if !too_few || deployment.state == RolloutState::Failed {
            service.deployments[index].wanted = active;
            continue;
        }
        let allowed = if deployment.may_launch(now) { room } else { 0 };
        let missing = deployment.wanted.saturating_sub(active).min(allowed);
        room -= missing;
        started.extend((0..missing).map(|_| service.launch_task(index, now, ids)));
    }
    if let Some(primary) = service.deployments.first() {
        let lasting = |task: &Task| task.active() && !retirement::is_retired(service, task, now);
        let active = service.count(Some(primary.id), lasting);
        let missing = if primary.may_launch(now) {
            service.desired.saturating_sub(active).min(room)
        } else {
            0
        };
        started.extend((0..missing).map(|_| service.launch_task(0, now, ids)));
    }
    if started.is_empty() {
        return false;
    }
    service.steady = false;
    service.report(events::started(service, &started), now, ids);
    true
}

/// Old deployments disappear when their last task has stopped.
fn remove_drained(service: &mut Service) -> bool {
    let before = service.deployments.len();
    let tasks = &service.tasks;
    let alive = |id: u64| tasks.values().any(|t| t.deployment == id && t.phase < Phase::Stopped);
    let mut first = true;
    service.deployments.retain(|deployment| {
        std::mem::take(&mut first) || deployment.wanted > 0 || alive(deployment.id)
    });
    service.deployments.len() != before
}

fn report_stuck(service: &mut Service, now: Moment, ids: &mut Ids) {
    let (lower, upper) = bounds(service);
    let desired = service.desired;
    let Some(primary) = service.deployments.first() else { return };
    let waiting = primary.state == RolloutState::InProgress && !primary.reported_stuck;
    let unfinished = service.count(Some(primary.id), Task::active) < desired;
    let full = service.deployments.len() > 1 && service.count(None, Task::active) >= upper;
    if waiting && unfinished && full && upper <= desired && lower >= desired {
        service.deployments[0].reported_stuck = true;
        service.report(events::stuck(service), now, ids);
    }
}

/// Tells once what holds a deployment open whose own tasks are all there.
fn report_protected(service: &mut Service, now: Moment, ids: &mut Ids) {
    let [primary, others @ ..] = service.deployments.as_slice() else { return };
    if primary.reported_protected || service.count(Some(primary.id), healthy) < service.desired {
        return;
    }
    let held = others.iter().find_map(|old| {
        let protected = service.count(Some(old.id), |task| task.protected(now));
        (protected > 0).then(|| (old.name(), protected))
    });
    let Some((name, protected)) = held else { return };
    service.deployments[0].reported_protected = true;
    service.report(events::held_by_protection(service, &name, protected), now, ids);
}

fn complete_when_steady(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let Some(primary) = service.deployments.first() else { return false };
    let state = primary.state;
    if state == RolloutState::InProgress {
        if !early_success::reached(service) || alarms::baking(service, now) {
            return false;
        }
        complete_primary(service, now, ids);
        return true;
    }
    let alone = service.deployments.len() == 1;
    let settled = alone && state != RolloutState::Failed && early_success::settled(service);
    if settled && !service.steady {
        report_steady(service, now, ids);
    }
    false
}

fn drain(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let doomed: Vec<u128> = service.tasks.values().filter(|t| t.active()).map(|t| t.id).collect();
    if !doomed.is_empty() {
        stop_all(service, &doomed, now, ids);
        return true;
    }
    let drained = service.tasks.values().all(|t| t.phase >= Phase::Stopped);
    if drained && service.status == ServiceStatus::Draining && !service.held_draining {
        service.status = ServiceStatus::Inactive;
        service.deployments.clear();
        return true;
    }
    false
}
