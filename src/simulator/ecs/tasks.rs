//! ListTasks, DescribeTasks and StopTask.

use std::ops::Bound;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::references::{cluster_name, task_id};
use super::service::Service;
use super::task::{Phase, StopCause, Task};
use super::task_shape;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;
use crate::simulator::paging::Page;

/// ListTasks gives at most 100 tasks a page, and as many by default.
const LIST_TASKS_MAX: usize = 100;
/// DescribeTasks takes at most 100 tasks.
const DESCRIBE_TASKS_MAX: usize = 100;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListTasks {
    cluster: Option<String>,
    service_name: Option<String>,
    family: Option<String>,
    started_by: Option<String>,
    launch_type: Option<String>,
    desired_status: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeTasks {
    cluster: Option<String>,
    tasks: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StopTask {
    cluster: Option<String>,
    task: String,
    reason: Option<String>,
}

impl Ecs {
    pub(crate) fn list_tasks(&self, input: &ListTasks, now: Moment) -> Result<Value, ApiError> {
        input.check()?;
        let cluster = self.cluster(input.cluster.as_deref())?;
        let token = input.next_token.as_deref();
        let page = Page::parse(token, input.max_results, LIST_TASKS_MAX, LIST_TASKS_MAX)?;
        let after = match &page.after {
            None => Bound::Unbounded,
            Some(id) => Bound::Excluded(
                task_id(id).ok_or_else(|| ApiError::invalid_parameter("Invalid token."))?,
            ),
        };
        let range = (after, Bound::Unbounded);
        let listed = |index: usize, id: u128| self.listed(index, id, input, now);
        let key = |id: &u128| format!("{id:032x}");
        let (ids, next_token) = if let Some(name) = &input.service_name {
            let index = self.service_index(input.cluster.as_deref(), name)?;
            let tasks = self.services[index].tasks.range(range).map(|(id, _)| *id);
            page.take(tasks.filter(|id| listed(index, *id)), key)
        } else {
            let tasks = cluster.tasks.range(range).filter(|(id, index)| listed(**index, **id));
            page.take(tasks.map(|(id, _)| *id), key)
        };
        let name = cluster_name(input.cluster.as_deref());
        let arns: Vec<String> = ids.iter().map(|id| self.task_arn(name, *id)).collect();
        Ok(json!({ "taskArns": arns, "nextToken": next_token }))
    }

    pub(crate) fn describe_tasks(&self, input: &DescribeTasks) -> Result<Value, ApiError> {
        if input.tasks.is_empty() {
            return Err(ApiError::invalid_parameter("Tasks cannot be empty."));
        }
        if input.tasks.len() > DESCRIBE_TASKS_MAX {
            return Err(ApiError::invalid_parameter("Tasks cannot have more than 100 elements."));
        }
        self.cluster(input.cluster.as_deref())?;
        let (mut tasks, mut failures) = (Vec::new(), Vec::new());
        for reference in &input.tasks {
            match self.find_task(input.cluster.as_deref(), reference) {
                Some((service, task)) => {
                    tasks.push(task_shape::describe(self, &self.services[service], task));
                }
                None => failures.push(self.missing_task(input.cluster.as_deref(), reference)),
            }
        }
        Ok(json!({ "tasks": tasks, "failures": failures }))
    }

    pub(crate) fn stop_task(&mut self, input: &StopTask, now: Moment) -> Result<Value, ApiError> {
        self.cluster(input.cluster.as_deref())?;
        let found = self.find_task(input.cluster.as_deref(), &input.task);
        let Some((index, id)) = found.map(|(index, task)| (index, task.id)) else {
            return Err(ApiError::invalid_parameter("The referenced task was not found."));
        };
        let reason = input.reason.clone().unwrap_or_else(|| "Task stopped by user".to_owned());
        let cause = StopCause { code: "UserInitiated", reason };
        self.services[index].stop_task(id, cause, now);
        self.run_service(index, now);
        let service = &self.services[index];
        let shape = service.tasks.get(&id).map(|task| task_shape::describe(self, service, task));
        Ok(json!({ "task": shape }))
    }

    pub(super) fn find_task(
        &self,
        cluster: Option<&str>,
        reference: &str,
    ) -> Option<(usize, &Task)> {
        let id = task_id(reference)?;
        let index = *self.clusters.get(cluster_name(cluster))?.tasks.get(&id)?;
        Some((index, self.services[index].tasks.get(&id)?))
    }

    pub(super) fn missing_task(&self, cluster: Option<&str>, reference: &str) -> Value {
        let arn = if reference.starts_with("arn:") {
            reference.to_owned()
        } else {
            self.identity.ecs_arn(&format!("task/{}/{reference}", cluster_name(cluster)))
        };
        json!({ "arn": arn, "reason": "MISSING" })
    }

    /// Whether ListTasks shows a task. A service that was just updated is shown as it was before.
    fn listed(&self, index: usize, id: u128, input: &ListTasks, now: Moment) -> bool {
        let service = &self.services[index];
        let Some(task) = service.tasks.get(&id) else { return false };
        let should_run = match self.stale_view(index, now) {
            Some(view) => view.running.contains(&id),
            None => task.active(),
        };
        let status = match input.desired_status.as_deref() {
            None | Some("RUNNING") => should_run,
            Some("STOPPED") => !should_run && task.phase > Phase::Running,
            Some(_) => false,
        };
        status && input.selects(service, task)
    }
}

impl ListTasks {
    fn check(&self) -> Result<(), ApiError> {
        let others = self.service_name.is_some()
            || self.family.is_some()
            || self.launch_type.is_some()
            || self.desired_status.is_some();
        if self.started_by.is_some() && others {
            return Err(ApiError::invalid_parameter("startedBy must be the only filter."));
        }
        match self.desired_status.as_deref() {
            None | Some("RUNNING" | "PENDING" | "STOPPED") => Ok(()),
            Some(_) => Err(ApiError::invalid_parameter("desiredStatus is not valid.")),
        }
    }

    fn selects(&self, service: &Service, task: &Task) -> bool {
        let family = self.family.as_ref().is_none_or(|family| *family == task.revision.family);
        let launched_as = service.spec.launch.of_tasks();
        let launch_type = self.launch_type.as_ref().is_none_or(|asked| asked == launched_as);
        let started_by = self.started_by.as_ref();
        let starter =
            started_by.is_none_or(|by| task_shape::started_by(service, task).as_ref() == Some(by));
        family && launch_type && starter
    }
}
