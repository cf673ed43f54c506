//! ListTasks and DescribeTasks.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_ecs::types::{self as wire, DesiredStatus, LaunchType};

use super::convert::time;
use super::{MISSING, PAGE_MAX};
use crate::aws::budget::Priority;
use crate::aws::client::{Ecs, Page, Sent};
use crate::aws::error::{bounded, unusable};
use crate::aws::operation::Operation;
use crate::plan::evidence::Images;
use crate::plan::fleet::{
    DeploymentId, Problem, Running, StoppedContainer, StoppedTask, Task, TaskId, TaskStatus,
};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::words::count;

/// The most tasks that DescribeTasks answers about in one call.
pub(in crate::aws) const DESCRIBE_TASKS_MAX: usize = 100;

/// What the tasks that a service's deployments launch are started by.
const STARTED_BY_SERVICE: &str = "ecs-svc/";

/// Which tasks to list.
#[derive(Clone, Copy, Debug)]
pub(in crate::aws) enum ListTasks<'a> {
    /// Those of a cluster that should be running on Fargate.
    Cluster(&'a ClusterKey),
    /// Those of a service that should be running.
    Service(&'a ServiceKey),
    /// Those of a service that have stopped, or are to, within the last hour or so.
    Stopped(&'a ServiceKey),
}

/// A task and the name of the service that it belongs to.
#[derive(Clone, Debug)]
pub(in crate::aws) struct SeenTask {
    pub(in crate::aws) task: Task,
    /// Whether the task is to stop: a listing may be older than its description.
    pub(in crate::aws) stopping: bool,
    pub(in crate::aws) service: Option<String>,
    pub(in crate::aws) images: Arc<Images>,
}

impl SeenTask {
    /// What it runs, if it does and ECS says so.
    pub(in crate::aws) fn running(&self) -> Option<Running> {
        let running = self.task.status == TaskStatus::Running && !self.images.is_empty();
        let created_at = self.task.created_at.filter(|_| running)?;
        Some(Running { created_at, images: self.images.clone() })
    }
}

/// What DescribeTasks said.
#[derive(Debug)]
pub(in crate::aws) struct DescribedTasks<T> {
    pub(in crate::aws) tasks: Vec<T>,
    /// Those that ECS does not know, or no longer.
    pub(in crate::aws) missing: Vec<TaskId>,
    /// Why not every task that was asked for, and still exists, is among them.
    pub(in crate::aws) problem: Option<Problem>,
}

impl Ecs {
    /// One page of a listing of tasks.
    pub(in crate::aws) async fn list_tasks_page(
        &self,
        what: ListTasks<'_>,
        token: Option<String>,
        priority: Priority,
    ) -> Sent<Page<TaskId>> {
        let operation = Operation::ListTasks;
        let sent = self
            .read(operation, priority, |client, attempts| {
                let request = client.list_tasks().max_results(PAGE_MAX).set_next_token(token);
                let request = match what {
                    ListTasks::Cluster(cluster) => {
                        request.cluster(cluster.name()).launch_type(LaunchType::Fargate)
                    }
                    ListTasks::Service(key) => {
                        request.cluster(key.cluster().name()).service_name(key.name())
                    }
                    ListTasks::Stopped(key) => request
                        .cluster(key.cluster().name())
                        .service_name(key.name())
                        .desired_status(DesiredStatus::Stopped),
                };
                request.customize().interceptor(attempts).send()
            })
            .await;
        sent.and_then(|at, output| {
            let arns = output.task_arns.unwrap_or_default();
            let ids: Option<_> = arns.iter().map(|arn| TaskId::parse(arn)).collect();
            let items = ids.ok_or_else(|| unusable(operation, at, "a task ARN cannot be read"))?;
            Ok(Page::new(items, output.next_token))
        })
    }

    /// Describes at most [`DESCRIBE_TASKS_MAX`] tasks of one cluster.
    pub(in crate::aws) async fn describe_tasks(
        &self,
        cluster: &ClusterKey,
        ids: &[TaskId],
        priority: Priority,
    ) -> Result<DescribedTasks<SeenTask>, Problem> {
        self.describe(cluster, ids, priority, |id, task| SeenTask {
            task: Task {
                id,
                created_at: task.created_at().and_then(time),
                status: status(task.last_status()),
            },
            images: Arc::new(images(task)),
            stopping: task.desired_status() == Some("STOPPED"),
            service: service_of(task).map(str::to_owned),
        })
        .await
    }

    /// Describes at most [`DESCRIBE_TASKS_MAX`] tasks that have stopped.
    pub(in crate::aws) async fn describe_stopped_tasks(
        &self,
        service: &ServiceKey,
        ids: &[TaskId],
        priority: Priority,
    ) -> Result<Vec<StoppedTask>, Problem> {
        let described = self
            .describe(service.cluster(), ids, priority, |id, task| {
                (service_of(task) == Some(service.name())).then(|| stopped(id, task))
            })
            .await?;
        Ok(described.tasks.into_iter().flatten().collect())
    }

    pub(super) async fn describe<T>(
        &self,
        cluster: &ClusterKey,
        ids: &[TaskId],
        priority: Priority,
        read: impl Fn(TaskId, &wire::Task) -> T,
    ) -> Result<DescribedTasks<T>, Problem> {
        let operation = Operation::DescribeTasks;
        let names = ids.iter().map(ToString::to_string).collect();
        let sent = self
            .read(operation, priority, |client, attempts| {
                client
                    .describe_tasks()
                    .cluster(cluster.name())
                    .set_tasks(Some(names))
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let output = sent.result?;
        let mut open: BTreeSet<TaskId> = ids.iter().copied().collect();
        let mut tasks = Vec::with_capacity(output.tasks().len());
        for task in output.tasks() {
            let id = task.task_arn().and_then(TaskId::parse);
            if let Some(id) = id.filter(|id| open.remove(id)) {
                tasks.push(read(id, task));
            }
        }
        // A task that is missing has ended since it was listed.
        let failures = output.failures().iter().filter(|f| f.reason() == Some(MISSING));
        let missing = failures
            .filter_map(|failure| failure.arn().and_then(TaskId::parse))
            .filter(|id| open.remove(id))
            .collect();
        let problem = (!open.is_empty()).then(|| {
            let message =
                format!("the answer does not describe {}", count(open.len() as u64, "task"));
            unusable(operation, self.clock().now(), &message)
        });
        Ok(DescribedTasks { tasks, missing, problem })
    }
}

/// The digests of its images. Containers that ECS adds by itself have none, nor have some
/// registries.
fn images(task: &wire::Task) -> Images {
    let digest = |container: &wire::Container| {
        Some((container.name()?.into(), container.image_digest()?.into()))
    };
    task.containers().iter().filter_map(digest).collect()
}

/// The service that launched a task. Callers of RunTask may choose the group, and may choose what
/// the task is started by, but rarely imitate both.
pub(super) fn service_of(task: &wire::Task) -> Option<&str> {
    let name = task.group()?.strip_prefix("service:")?;
    task.started_by()?.starts_with(STARTED_BY_SERVICE).then_some(name)
}

fn status(last: Option<&str>) -> TaskStatus {
    match last {
        Some("PROVISIONING" | "PENDING" | "ACTIVATING") => TaskStatus::Starting,
        Some("RUNNING") => TaskStatus::Running,
        _ => TaskStatus::Other,
    }
}

fn stopped(id: TaskId, task: &wire::Task) -> StoppedTask {
    StoppedTask {
        id,
        started_by: task.started_by().map(DeploymentId::new),
        created_at: task.created_at().and_then(time),
        stopped_at: task.stopped_at().and_then(time),
        code: task.stop_code().map(|code| bounded(code.as_str())),
        reason: task.stopped_reason().map(bounded),
        containers: containers(task),
    }
}

/// A task definition has at most ten containers ("Amazon ECS service quotas"); ECS adds a few of its
/// own.
const CONTAINERS_MAX: usize = 15;

fn containers(task: &wire::Task) -> Vec<StoppedContainer> {
    let ended = task.containers().iter().filter(|one| {
        one.exit_code().is_some() || one.reason().is_some_and(|reason| !reason.is_empty())
    });
    ended
        .take(CONTAINERS_MAX)
        .map(|one| StoppedContainer {
            name: bounded(one.name().unwrap_or_default()),
            exit_code: one.exit_code(),
            reason: one.reason().filter(|reason| !reason.is_empty()).map(bounded),
        })
        .collect()
}
