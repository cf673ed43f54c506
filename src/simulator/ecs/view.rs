//! What a test or demonstration sees of a service, without the API in between.

use std::time::SystemTime;

use super::Ecs;
use super::deployment::deployment_name;
use super::{staged, task_sets};
use crate::simulator::moment::Moment;

/// The true state of a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceView {
    /// The service ARN.
    pub arn: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// The desired count.
    pub desired: u32,
    /// `deployments[]`, or the task sets where ECS does not control them, PRIMARY first.
    pub deployments: Vec<DeploymentView>,
    /// `status` of the newest service deployment.
    pub rollout_status: Option<String>,
    /// `lifecycleStage` of the service deployment under way, if it shifts traffic.
    pub stage: Option<String>,
    /// All visible tasks, stopped ones included, in the order of their launch.
    pub tasks: Vec<TaskView>,
    /// The texts of the service events, newest first.
    pub events: Vec<String>,
}

/// The true state of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct DeploymentView {
    /// `ecs-svc/<digits>`.
    pub id: String,
    /// `PRIMARY` or `ACTIVE`; of task sets also `DRAINING`.
    pub status: String,
    /// `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub rollout_state: String,
    /// Consecutive failures.
    pub failed_tasks: u32,
    /// The percentage of production traffic, while the service shifts it.
    pub production_weight: Option<f64>,
    /// The percentage of test traffic, while the service shifts it.
    pub test_weight: Option<f64>,
    /// When it was started.
    pub created_at: SystemTime,
}

/// The true state of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskView {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The task ARN.
    pub arn: String,
    /// The deployment that launched it, `ecs-svc/<digits>`.
    pub deployment: String,
    /// When it entered PENDING.
    pub created_at: Option<SystemTime>,
    /// `PROVISIONING` to `STOPPED`.
    pub last_status: String,
    /// `RUNNING` or `STOPPED`.
    pub desired_status: String,
    /// Why it stopped, once it does.
    pub stopped_reason: Option<String>,
}

impl ServiceView {
    /// The PRIMARY deployment. An INACTIVE service has none.
    pub fn primary(&self) -> Option<&DeploymentView> {
        self.deployments.first()
    }

    /// The tasks whose `desiredStatus` is RUNNING.
    pub fn active_tasks(&self) -> impl Iterator<Item = &TaskView> {
        self.tasks.iter().filter(|task| task.desired_status == "RUNNING")
    }
}

impl Ecs {
    pub(crate) fn view(&self, index: usize, now: Moment) -> ServiceView {
        let service = &self.services[index];
        let newest = service.history.last();
        let open = newest.filter(|record| record.open());
        let weights = |deployment: u64| open.and_then(|record| record.weights(deployment));
        let deployments =
            service.deployments.iter().enumerate().map(|(position, deployment)| DeploymentView {
                id: deployment.name(),
                status: task_sets::status(position, deployment).to_owned(),
                rollout_state: deployment.state.name().to_owned(),
                failed_tasks: deployment.failed_tasks,
                production_weight: weights(deployment.id).map(|(production, _)| production),
                test_weight: weights(deployment.id).map(|(_, test)| test),
                created_at: deployment.created_at.to_system_time(),
            });
        let mut tasks: Vec<_> = service.tasks.values().collect();
        tasks.sort_by_key(|task| task.sequence);
        let tasks = tasks.into_iter().map(|task| TaskView {
            id: format!("{:032x}", task.id),
            arn: self.task_arn(&service.spec.cluster, task.id),
            deployment: deployment_name(task.deployment),
            created_at: task.created_at.map(|at| at.to_system_time()),
            last_status: task.phase.name().to_owned(),
            desired_status: if task.stopping { "STOPPED" } else { "RUNNING" }.to_owned(),
            stopped_reason: task.stop_cause.as_ref().map(|cause| cause.reason.clone()),
        });
        ServiceView {
            arn: self.service_arn(service),
            status: service.status.name().to_owned(),
            desired: service.desired,
            deployments: deployments.collect(),
            rollout_status: newest.map(|record| record.status(now).to_owned()),
            stage: staged::stage(service).map(|stage| stage.name().to_owned()),
            tasks: tasks.collect(),
            events: service.events.iter().map(|event| event.message.clone()).collect(),
        }
    }
}
