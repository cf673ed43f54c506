//! Task sets: what services have instead of deployments when ECS does not control them.
//!
//! The first one is the PRIMARY. Each of them wants all of the service's tasks until its owner
//! deletes it, and then is DRAINING until its last task has stopped. Source: Amazon ECS API
//! reference, TaskSet.
//!
//! What AWS does not say, and is decided here: protected tasks of a deleted set run on until their
//! protection ends; what AWS retires is replaced under its own set, but not while there are several.

mod api;
mod shape;

pub(crate) use api::Maker;
pub(crate) use shape::describe;

use std::sync::Arc;

use super::deployment::{Deployment, Revision, RolloutState};
use super::service::{Completed, Service};
use super::task::{Phase, Task};
use super::{events, retirement, scheduler};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

/// What a task set has beside what deployments have.
#[derive(Debug, Clone)]
pub(crate) struct TaskSet {
    /// The deployment of AWS CodeDeploy that made it, if one did.
    pub(crate) external_id: Option<String>,
    pub(crate) platform_version: Option<String>,
    /// Whether its tasks are in the second of the service's two target groups.
    pub(crate) alternate: bool,
    /// It was deleted, but has tasks still.
    pub(crate) draining: bool,
    /// Whether exactly the tasks that it wants run and are healthy, and since when it is so or not.
    pub(crate) stable: bool,
    pub(crate) stable_at: Moment,
}

impl TaskSet {
    fn made(maker: Maker, alternate: bool, now: Moment) -> Self {
        TaskSet {
            external_id: maker.external_id,
            platform_version: maker.platform_version,
            alternate,
            draining: false,
            stable: false,
            stable_at: now,
        }
    }
}

/// Adds a task set, which becomes the PRIMARY where there is none.
pub(crate) fn add(
    service: &mut Service,
    revision: Arc<Revision>,
    maker: Maker,
    now: Moment,
    ids: &mut Ids,
) -> u64 {
    let mut deployment = Deployment::start(ids.deployment(), revision, now);
    let id = deployment.id;
    let of_primary = service.deployments.first().and_then(|primary| primary.task_set.as_ref());
    deployment.state = RolloutState::Completed;
    let alternate = of_primary.is_some_and(|set| !set.alternate);
    deployment.task_set = Some(TaskSet::made(maker, alternate, now));
    service.deployments.push(deployment);
    service.steady = false;
    if service.deployments.len() == 1 {
        promote(service, id, now);
    }
    id
}

/// Makes a task set the PRIMARY. The one before it goes on as ACTIVE.
pub(crate) fn promote(service: &mut Service, id: u64, now: Moment) {
    let Some(at) = service.deployments.iter().position(|set| set.id == id) else { return };
    let mut primary = service.deployments.remove(at);
    primary.updated_at = now;
    service.last_completed = Some(Completed { id, revision: primary.revision.clone() });
    if let Some(before) = service.deployments.first_mut() {
        before.updated_at = now;
    }
    service.deployments.insert(0, primary);
}

/// Deletes a task set, which drains. The PRIMARY cannot be deleted.
pub(crate) fn delete(service: &mut Service, id: u64, now: Moment) {
    let deleted = service.deployments.iter_mut().skip(1).find(|set| set.id == id);
    let Some(deleted) = deleted else { return };
    deleted.updated_at = now;
    if let Some(set) = &mut deleted.task_set {
        set.draining = true;
    }
}

/// Their owner replaces all of them at once by a new one.
pub(crate) fn replace(service: &mut Service, revision: Arc<Revision>, now: Moment, ids: &mut Ids) {
    let id = add(service, revision, Maker::default(), now, ids);
    promote(service, id, now);
    let others: Vec<u64> = service.deployments.iter().skip(1).map(|set| set.id).collect();
    others.into_iter().for_each(|other| delete(service, other, now));
}

/// `status` of the task set at a position.
pub(crate) fn status(position: usize, deployment: &Deployment) -> &'static str {
    match (position, &deployment.task_set) {
        (0, _) => "PRIMARY",
        (_, Some(set)) if set.draining => "DRAINING",
        _ => "ACTIVE",
    }
}

/// Whether there are several, of which none stands in for another.
pub(crate) fn several(service: &Service) -> bool {
    !service.controlled_by_ecs() && service.deployments.len() > 1
}

/// How many tasks a task set should have: `computedDesiredCount`.
pub(crate) fn wanted(service: &Service, deployment: &Deployment) -> u32 {
    let draining = deployment.task_set.as_ref().is_some_and(|set| set.draining);
    if draining { 0 } else { service.desired }
}

/// Starts and stops tasks until every set has those that it should have. Returns whether anything
/// changed.
pub(crate) fn reconcile(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let retired = retirement::retire(service, now, ids);
    let mut kept = false;
    for index in 0..service.deployments.len() {
        kept |= keep_tasks(service, index, now, ids);
    }
    let removed = remove_drained(service);
    note_stability(service, now);
    let alone = service.deployments.len() == 1;
    if alone && !service.steady && is_stable(service, &service.deployments[0]) {
        scheduler::report_steady(service, now, ids);
    }
    retired || kept || removed
}

/// Finds a task set whose tasks have been there from the beginning as it wants them.
pub(crate) fn settle(service: &mut Service, now: Moment, ids: &mut Ids) {
    note_stability(service, now);
    scheduler::report_steady(service, now, ids);
}

fn keep_tasks(service: &mut Service, index: usize, now: Moment, ids: &mut Ids) -> bool {
    let set = &service.deployments[index];
    let (id, wanted) = (set.id, wanted(service, set));
    let lasts = |task: &Task| task.active() && !retirement::is_retired(service, task, now);
    let lasting = service.count(Some(id), lasts);
    let missing = if set.may_launch(now) { wanted.saturating_sub(lasting) } else { 0 };
    let surplus = lasting.saturating_sub(wanted) as usize;
    let mine =
        |task: &&Task| task.deployment == id && lasts(task) && !task.protected(now) && surplus > 0;
    let mut candidates: Vec<&Task> = service.tasks.values().filter(mine).collect();
    candidates.sort_by_key(|task| (task.healthy, task.sequence));
    let doomed: Vec<u128> = candidates.iter().take(surplus).map(|task| task.id).collect();
    scheduler::stop_all(service, &doomed, now, ids);
    service.deployments[index].wanted = wanted;
    let started: Vec<u128> = (0..missing).map(|_| service.launch_task(index, now, ids)).collect();
    if !started.is_empty() {
        service.steady = false;
        service.report(events::started(service, &started), now, ids);
    }
    !started.is_empty() || !doomed.is_empty()
}

/// Deleted sets disappear when their last task has stopped.
fn remove_drained(service: &mut Service) -> bool {
    let before = service.deployments.len();
    let tasks = &service.tasks;
    let alive = |id: u64| tasks.values().any(|t| t.deployment == id && t.phase < Phase::Stopped);
    service.deployments.retain(|deployment| {
        let draining = deployment.task_set.as_ref().is_some_and(|set| set.draining);
        !draining || alive(deployment.id)
    });
    service.deployments.len() != before
}

fn note_stability(service: &mut Service, now: Moment) {
    for index in 0..service.deployments.len() {
        let stable = is_stable(service, &service.deployments[index]);
        if let Some(set) = &mut service.deployments[index].task_set
            && set.stable != stable
        {
            (set.stable, set.stable_at) = (stable, now);
        }
    }
}

fn is_stable(service: &Service, deployment: &Deployment) -> bool {
    let (id, wanted) = (Some(deployment.id), wanted(service, deployment));
    service.count(id, |task| task.active() && task.healthy) == wanted
        && service.count(id, Task::active) == wanted
}
