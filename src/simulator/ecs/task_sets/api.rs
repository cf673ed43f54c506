//! What the owner of task sets does with them, and DescribeTaskSets.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{TaskSet, add, delete, promote, shape, status, wanted};
use crate::simulator::ecs::service::{Completed, Service, ServiceStatus};
use crate::simulator::ecs::service_shape::pending;
use crate::simulator::ecs::task::Phase;
use crate::simulator::ecs::task_definitions::plain_task_definition;
use crate::simulator::ecs::{Ecs, scheduler};
use crate::simulator::error::ApiError;
use crate::simulator::identity::Identity;
use crate::simulator::moment::Moment;

/// What whoever makes a task set says of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Maker {
    /// The deployment of AWS CodeDeploy that makes it.
    pub(crate) external_id: Option<String>,
    /// None is the latest one.
    pub(crate) platform_version: Option<String>,
}

/// The tasks of a task set, and what it is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TaskSetCounts {
    pub(crate) status: &'static str,
    pub(crate) desired: u32,
    pub(crate) pending: u32,
    pub(crate) running: u32,
    /// Whether its tasks are in the second of the service's two target groups.
    pub(crate) alternate: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeTaskSets {
    cluster: Option<String>,
    service: String,
    task_sets: Option<Vec<String>>,
}

impl Ecs {
    /// Without a list it describes all of them.
    pub(crate) fn describe_task_sets(&self, input: &DescribeTaskSets) -> Result<Value, ApiError> {
        let index = self.service_index(input.cluster.as_deref(), &input.service)?;
        let service = &self.services[index];
        if service.status != ServiceStatus::Active {
            return Err(ApiError::service_not_active());
        }
        if service.controlled_by_ecs() {
            return Err(ApiError::invalid_parameter(
                "Amazon ECS only supports task set management on services configured with external \
                 deployment controllers.",
            ));
        }
        let all = shape::describe(self, service);
        let Some(asked) = &input.task_sets else {
            return Ok(json!({ "taskSets": all, "failures": [] }));
        };
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for reference in asked {
            // Both `ecs-svc/N` and an ARN end in the digits.
            let digits = Identity::resource_part(reference).rsplit('/').next();
            let at = service.deployments.iter().position(|set| digits == Some(&set.id.to_string()));
            match at {
                Some(at) => found.push(all[at].clone()),
                None => failures.push(json!({ "arn": reference, "reason": "MISSING" })),
            }
        }
        Ok(json!({ "taskSets": found, "failures": failures }))
    }

    /// Makes an ACTIVE task set of a task definition. Returns the digits of its id.
    pub(crate) fn create_task_set(
        &mut self,
        index: usize,
        task_definition: &str,
        maker: Maker,
        now: Moment,
    ) -> Result<u64, ApiError> {
        let (family, number) = self.active_task_definition(task_definition)?;
        let behaviour = self.services[index].spec.next_revision.clone();
        let revision = self.revision_of(&family, number, behaviour);
        self.freeze_reads(index, self.stale_reads, now);
        let id = add(&mut self.services[index], revision, maker, now, &mut self.ids);
        self.run_service(index, now);
        Ok(id)
    }

    /// Lets the PRIMARY be made by a deployment of AWS CodeDeploy. Returns since when it is there.
    pub(crate) fn sign_primary(
        &mut self,
        index: usize,
        external_id: &str,
    ) -> Option<(u64, Moment)> {
        let primary = self.services[index].deployments.first_mut()?;
        if let Some(set) = &mut primary.task_set {
            set.external_id = Some(external_id.to_owned());
        }
        Some((primary.id, primary.created_at))
    }

    /// The tasks of a task set, if it is still there.
    pub(crate) fn task_set_counts(&self, index: usize, id: u64) -> Option<TaskSetCounts> {
        let service = &self.services[index];
        let at = service.deployments.iter().position(|set| set.id == id)?;
        let deployment = &service.deployments[at];
        Some(TaskSetCounts {
            status: status(at, deployment),
            desired: wanted(service, deployment),
            pending: service.count(Some(id), pending),
            running: service.count(Some(id), |task| task.phase == Phase::Running),
            alternate: deployment.task_set.as_ref()?.alternate,
        })
    }

    /// The family and the revision that an owner deploys: a new one, or the current one.
    pub(crate) fn revision_to_deploy(
        &mut self,
        index: usize,
        new: bool,
        now: Moment,
    ) -> (String, u32) {
        let current = self.services[index].revision();
        let (family, number) = match current {
            Some(current) => (current.family.clone(), current.number),
            None => (self.services[index].spec.family.clone(), 1),
        };
        if !new {
            return (family, number);
        }
        let members = plain_task_definition(&family, &self.services[index].spec);
        let number = self.add_revision(&family, members, now);
        (family, number)
    }

    /// Changes who controls deployments. The PRIMARY stays, whatever it was.
    pub(crate) fn set_controller(&mut self, index: usize, kind: Option<&str>, now: Moment) {
        let service = &mut self.services[index];
        service.spec.controller = kind.map(str::to_owned);
        let by_ecs = service.controlled_by_ecs();
        if let Some(open) = service.history.last_mut().filter(|record| record.open()) {
            open.stop("Service deployment stopped because the deployment controller changed.", now);
        }
        service.deployments.truncate(1);
        if let Some(primary) = service.deployments.first_mut() {
            match (&mut primary.task_set, by_ecs) {
                (Some(_), true) => {
                    primary.task_set = None;
                    primary.complete(now);
                }
                (set @ None, false) => *set = Some(TaskSet::made(Maker::default(), false, now)),
                _ => {}
            }
            let (id, revision) = (primary.id, primary.revision.clone());
            service.last_completed = Some(Completed { id, revision });
            let others = service.tasks.values().filter(|task| task.deployment != id);
            let others: Vec<u128> = others.map(|task| task.id).collect();
            scheduler::stop_all(service, &others, now, &mut self.ids);
        }
        self.run_service(index, now);
    }

    /// Makes a task set the PRIMARY.
    pub(crate) fn promote_task_set(&mut self, index: usize, id: u64, now: Moment) {
        self.freeze_reads(index, self.stale_reads, now);
        self.change(index, now, |service| promote(service, id, now));
    }

    /// Deletes a task set that is not the PRIMARY.
    pub(crate) fn delete_task_set(&mut self, index: usize, id: u64, now: Moment) {
        self.freeze_reads(index, self.stale_reads, now);
        self.change(index, now, |service| delete(service, id, now));
    }

    /// The service at an index, for whoever controls its task sets.
    pub(crate) fn service_at(&self, index: usize) -> &Service {
        &self.services[index]
    }
}

impl Service {
    /// Whether AWS CodeDeploy can deploy it.
    pub(crate) fn deployable_by_code_deploy(&self) -> bool {
        self.status == ServiceStatus::Active
            && self.spec.controller.as_deref() == Some("CODE_DEPLOY")
    }

    /// Whether a task set has all that it wants; one that is gone has not.
    pub(crate) fn task_set_is_stable(&self, id: u64) -> bool {
        let set = self.deployments.iter().find(|set| set.id == id);
        set.and_then(|set| set.task_set.as_ref()).is_some_and(|set| set.stable)
    }
}
