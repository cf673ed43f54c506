//! The tasks that need not be described again: those that run and whose creation time is known,
//! because neither changes while the task is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::aws::ecs::SeenTask;
use crate::clock::Time;
use crate::plan::evidence::Images;
use crate::plan::fleet::{Running, Task, TaskId, TaskStatus};
use crate::plan::key::{ClusterKey, ServiceKey};

/// What is remembered of tasks, by cluster.
#[derive(Debug, Default)]
pub(super) struct TaskMemory(Mutex<BTreeMap<ClusterKey, Known>>);

type Known = BTreeMap<TaskId, Remembered>;

/// A running task. There are tens of thousands: the keys of services are shared among them.
#[derive(Clone, Debug)]
struct Remembered {
    created_at: Time,
    /// What it runs: tasks of one service that run the same share it.
    images: Arc<Images>,
    /// Absent for a task that belongs to no service, which is remembered all the same.
    service: Option<ServiceKey>,
}

impl TaskMemory {
    /// Those of `ids` that must be described.
    pub(super) fn unknown(&self, cluster: &ClusterKey, ids: &[TaskId]) -> Vec<TaskId> {
        let memory = self.lock();
        let known = memory.get(cluster);
        let is_known = |id: &TaskId| known.is_some_and(|known| known.contains_key(id));
        ids.iter().filter(|id| !is_known(id)).copied().collect()
    }

    /// Takes in what a look saw and returns the tasks of every service. When `all_listed`, what is
    /// not listed is forgotten.
    pub(super) fn settle(
        &self,
        cluster: &ClusterKey,
        listed: &BTreeSet<TaskId>,
        described: Vec<SeenTask>,
        all_listed: bool,
    ) -> (BTreeMap<ServiceKey, Vec<Task>>, BTreeMap<ServiceKey, Running>) {
        let mut memory = self.lock();
        let known = memory.entry(cluster.clone()).or_default();
        if all_listed {
            known.retain(|id, _| listed.contains(id));
        }
        let mut keys: BTreeSet<ServiceKey> =
            known.values().filter_map(|one| one.service.clone()).collect();
        let mut running = newest(known);
        let mut by_service: BTreeMap<ServiceKey, Vec<Task>> = BTreeMap::new();
        for mut seen in described.into_iter().filter(|seen| !seen.stopping) {
            let service =
                seen.service.take().map(|name| shared(&mut keys, ServiceKey::new(cluster, &name)));
            if let Some(service) = &service {
                share(&mut running, service, &mut seen);
            }
            match (seen.task.status, seen.task.created_at) {
                (TaskStatus::Running, Some(created_at)) => {
                    let images = seen.images;
                    known.insert(seen.task.id, Remembered { created_at, images, service });
                }
                _ => {
                    if let Some(service) = service {
                        by_service.entry(service).or_default().push(seen.task);
                    }
                }
            }
        }
        for (id, one) in known.iter().filter(|(id, _)| all_listed || listed.contains(id)) {
            let Some(service) = one.service.clone() else { continue };
            let created_at = Some(one.created_at);
            let task = Task { id: *id, created_at, status: TaskStatus::Running };
            by_service.entry(service).or_default().push(task);
        }
        (by_service, running)
    }

    /// Forgets a cluster that is gone.
    pub(super) fn forget(&self, cluster: &ClusterKey) {
        self.lock().remove(cluster);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<ClusterKey, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the newest task of each service runs.
fn newest(known: &Known) -> BTreeMap<ServiceKey, Running> {
    let mut newest: BTreeMap<ServiceKey, Running> = BTreeMap::new();
    for one in known.values().filter(|one| !one.images.is_empty()) {
        let Some(service) = &one.service else { continue };
        let running = Running { created_at: one.created_at, images: one.images.clone() };
        match newest.get_mut(service) {
            Some(other) if other.created_at >= running.created_at => {}
            Some(other) => *other = running,
            None => _ = newest.insert(service.clone(), running),
        }
    }
    newest
}

/// Takes in what a task runs. There are tens of thousands of tasks: those that run the same as the
/// newest one of their service before them share what is remembered of it.
fn share(newest: &mut BTreeMap<ServiceKey, Running>, service: &ServiceKey, seen: &mut SeenTask) {
    if let Some(other) = newest.get(service).filter(|other| other.images == seen.images) {
        seen.images = other.images.clone();
    }
    let Some(running) = seen.running() else { return };
    if newest.get(service).is_none_or(|other| other.created_at < running.created_at) {
        newest.insert(service.clone(), running);
    }
}

/// The copy of `key` that all its tasks share.
fn shared(keys: &mut BTreeSet<ServiceKey>, key: ServiceKey) -> ServiceKey {
    if let Some(known) = keys.get(&key) {
        return known.clone();
    }
    keys.insert(key.clone());
    key
}
