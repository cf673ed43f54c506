//! What AWS takes away by itself, and tasks that no service keeps.
//!
//! All methods that name a service or a task panic when there is none: the scenario that calls
//! them is wrong, and should hear of it where it is.

use std::time::SystemTime;

use super::Simulator;
use super::ecs::{Retirement, Standalone, task_id};

impl Simulator {
    /// AWS retires the tasks that the service has now: from `at` on it replaces them within the
    /// service's percentages, under their own deployment.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn retire_tasks(&self, cluster: &str, service: &str, at: SystemTime) {
        self.on_service(cluster, service, |ecs, index, now| {
            ecs.retire(index, Retirement { cutoff: now, at: at.into() }, now);
        });
    }

    /// Like [`Simulator::retire_tasks`], of the tasks created at `cutoff` or before.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn retire_tasks_until(
        &self,
        cluster: &str,
        service: &str,
        cutoff: SystemTime,
        at: SystemTime,
    ) {
        self.on_service(cluster, service, |ecs, index, now| {
            ecs.retire(index, Retirement { cutoff: cutoff.into(), at: at.into() }, now);
        });
    }

    /// AWS stops the newest task of a service at once for maintenance, as when hardware fails; the
    /// service replaces it. Returns its id, or `None` when no task is active.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn maintain_task(&self, cluster: &str, service: &str) -> Option<String> {
        self.on_service(cluster, service, |ecs, index, now| ecs.maintain_newest(index, now))
    }

    /// Puts a running task into the account that no service keeps, in the group `family:NAME`.
    /// Returns its ARN.
    pub fn run_task(&self, cluster: &str, family: &str, started_by: Option<&str>) -> String {
        self.run_task_in_group(cluster, family, &format!("family:{family}"), started_by)
    }

    /// Like [`Simulator::run_task`], in any group: callers may even name that of a service.
    pub fn run_task_in_group(
        &self,
        cluster: &str,
        family: &str,
        group: &str,
        started_by: Option<&str>,
    ) -> String {
        let started_by = started_by.map(str::to_owned);
        let standalone = Standalone { group: group.to_owned(), started_by };
        self.with_world(|world, now| {
            let task = world.ecs.run_standalone(cluster, family, standalone, now);
            world.ecs.task_arn(cluster, task)
        })
    }

    /// AWS stops a task at `at` that no service keeps; nothing replaces it.
    ///
    /// # Panics
    /// When there is no such task, by id or ARN, or a service keeps it.
    pub fn retire_standalone_task(&self, cluster: &str, task: &str, at: SystemTime) {
        self.with_world(|world, now| {
            let keeper = task_id(task).and_then(|id| world.ecs.keeper(cluster, id));
            match keeper {
                Some(index) => {
                    let retirement = Retirement { cutoff: now, at: at.into() };
                    world.ecs.retire(index, retirement, now);
                }
                None => panic!("the simulated account has no standalone task {task} in {cluster}"),
            }
        });
    }
}
