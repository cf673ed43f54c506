//! Task scale-in protection: GetTaskProtection and UpdateTaskProtection.
//!
//! Source: Amazon ECS Developer Guide, "Protect your Amazon ECS tasks from being terminated by
//! scale-in events". Health checks, StopTask and retirements stop protected tasks all the same.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::service::Service;
use super::task::Task;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

const GET_MAX: usize = 100;
const UPDATE_MAX: usize = 10;
const MINUTES_DEFAULT: u64 = 120;
const MINUTES_MAX: u64 = 2880;

#[derive(Debug, Deserialize)]
pub(crate) struct GetTaskProtection {
    cluster: String,
    #[serde(default)]
    tasks: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateTaskProtection {
    cluster: String,
    tasks: Vec<String>,
    protection_enabled: bool,
    expires_in_minutes: Option<u64>,
}

impl Ecs {
    /// Without tasks it answers for none: the API asks for a list, and calls it optional.
    pub(crate) fn get_task_protection(
        &self,
        input: &GetTaskProtection,
        now: Moment,
    ) -> Result<Value, ApiError> {
        check_count(input.tasks.len(), 0..=GET_MAX)?;
        self.cluster(Some(&input.cluster))?;
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for reference in &input.tasks {
            match self.protectable(&input.cluster, reference) {
                Ok((index, task)) => {
                    let service = &self.services[index];
                    tasks.extend(service.tasks.get(&task).map(|t| self.show(service, t, now)));
                }
                Err(failure) => failures.push(failure),
            }
        }
        Ok(json!({ "protectedTasks": tasks, "failures": failures }))
    }

    pub(crate) fn update_task_protection(
        &mut self,
        input: &UpdateTaskProtection,
        now: Moment,
    ) -> Result<Value, ApiError> {
        check_count(input.tasks.len(), 1..=UPDATE_MAX)?;
        let minutes = input.expires_in_minutes.unwrap_or(MINUTES_DEFAULT);
        if !(1..=MINUTES_MAX).contains(&minutes) {
            return Err(ApiError::invalid_parameter(
                "expiresInMinutes must be between 1 and 2880.",
            ));
        }
        self.cluster(Some(&input.cluster))?;
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for reference in &input.tasks {
            let (index, id) = match self.protectable(&input.cluster, reference) {
                Ok(found) => found,
                Err(failure) => {
                    failures.push(failure);
                    continue;
                }
            };
            let service = &self.services[index];
            if input.protection_enabled && blocks(service, id, now) {
                failures.push(self.failure(&input.cluster, reference, "DEPLOYMENT_BLOCKED"));
                continue;
            }
            let until = input.protection_enabled.then(|| now + Duration::from_secs(60 * minutes));
            self.protect(index, id, until, now);
            let service = &self.services[index];
            tasks.extend(service.tasks.get(&id).map(|task| self.show(service, task, now)));
        }
        Ok(json!({ "protectedTasks": tasks, "failures": failures }))
    }

    /// Protects the oldest active task that is not protected yet. Returns its id.
    pub(crate) fn protect_oldest(
        &mut self,
        index: usize,
        until: Moment,
        now: Moment,
    ) -> Option<String> {
        let free = self.services[index].tasks.values().filter(|t| t.active() && !t.protected(now));
        let oldest = free.min_by_key(|t| (t.created_at.is_none(), t.created_at, t.sequence))?.id;
        self.protect(index, oldest, Some(until), now);
        Some(format!("{oldest:032x}"))
    }

    fn protect(&mut self, index: usize, task: u128, until: Option<Moment>, now: Moment) {
        self.change(index, now, |service| {
            if let Some(task) = service.tasks.get_mut(&task) {
                task.protected_until = until;
            }
        });
    }

    /// The task of a service that a reference names, or the failure to answer with.
    fn protectable(&self, cluster: &str, reference: &str) -> Result<(usize, u128), Value> {
        let (index, task) = self
            .find_task(Some(cluster), reference)
            .ok_or_else(|| self.failure(cluster, reference, "MISSING"))?;
        if self.services[index].standalone.is_some() || !task.active() {
            return Err(self.failure(cluster, reference, "TASK_NOT_VALID"));
        }
        Ok((index, task.id))
    }

    fn failure(&self, cluster: &str, reference: &str, reason: &str) -> Value {
        let mut failure = self.missing_task(Some(cluster), reference);
        failure["reason"] = json!(reason);
        failure
    }

    fn show(&self, service: &Service, task: &Task, now: Moment) -> Value {
        let protected = task.protected(now);
        let mut shape = json!({
            "taskArn": self.task_arn(&service.spec.cluster, task.id),
            "protectionEnabled": protected,
        });
        if let Some(until) = task.protected_until.filter(|_| protected) {
            shape["expirationDate"] = until.to_json();
        }
        shape
    }
}

/// Whether the protection of a task would hold up a deployment that replaces it. What is
/// protected already may be protected for longer.
fn blocks(service: &Service, task: u128, now: Moment) -> bool {
    let primary = service.deployments.first().map(|primary| primary.id);
    let open = service.history.last().is_some_and(|record| record.open());
    let replaced = |task: &Task| Some(task.deployment) != primary && !task.protected(now);
    open && service.tasks.get(&task).is_some_and(replaced)
}

fn check_count(count: usize, allowed: std::ops::RangeInclusive<usize>) -> Result<(), ApiError> {
    if allowed.contains(&count) {
        return Ok(());
    }
    let max = allowed.end();
    Err(ApiError::invalid_parameter(format!("Tasks cannot have more than {max} elements.")))
}
