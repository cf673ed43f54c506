//! Everything that others do to the account beside the API: the world's puppet strings.

use std::sync::Arc;

use super::behaviour::Behaviour;
use super::deployment::Revision;
use super::failure::{self, Failure};
use super::retirement::Retirement;
use super::service::{Service, ServiceStatus};
use super::spec::ServiceSpec;
use super::task::{StopCause, Task};
use super::{Ecs, events, retirement, scheduler, task_sets};
use crate::simulator::moment::Moment;

impl Ecs {
    pub(crate) fn add_cluster(&mut self, name: &str) {
        self.clusters.entry(name.to_owned()).or_default().active = true;
    }

    /// Adds a settled service, its cluster and its task definition. Returns its ARN.
    pub(crate) fn add_service(&mut self, spec: ServiceSpec, now: Moment) -> String {
        self.ensure_family(&spec, now);
        let revision = self.revision_of(&spec.family, 1, Behaviour::Healthy);
        let mut service = Service::new(spec, &self.identity, now);
        service.settle(revision, now, &mut self.ids);
        service.settle_images(&mut self.ecr, now);
        let index = self.insert_service(service);
        self.run_service(index, now);
        self.service_arn(&self.services[index])
    }

    /// The index of a service that exists, INACTIVE ones included.
    pub(crate) fn known_service(&self, cluster: &str, name: &str) -> Option<usize> {
        self.clusters.get(cluster)?.services.get(name).copied()
    }

    pub(crate) fn target_group(&self, index: usize) -> Option<String> {
        self.services[index].target_group.clone()
    }

    pub(crate) fn forced_deployments(&self, index: usize) -> usize {
        self.services[index].forced_deployments
    }

    /// Changes a service, then lets happen what follows at once.
    pub(crate) fn change(&mut self, index: usize, now: Moment, change: impl FnOnce(&mut Service)) {
        change(&mut self.services[index]);
        self.run_service(index, now);
    }

    /// Starts a deployment that nobody forced through the API. Returns its id.
    pub(crate) fn deploy(&mut self, index: usize, new_revision: bool, now: Moment) -> String {
        self.freeze_reads(index, self.stale_reads, now);
        let (family, number) = self.revision_to_deploy(index, new_revision, now);
        let behaviour = self.services[index].spec.next_revision.clone();
        let revision = self.revision_of(&family, number, behaviour);
        let service = &mut self.services[index];
        if service.controlled_by_ecs() {
            scheduler::start_deployment(service, revision, None, now, &mut self.ids);
        } else {
            task_sets::replace(service, revision, now, &mut self.ids);
        }
        let id = service.deployments[0].name();
        self.run_service(index, now);
        id
    }

    /// Lets AWS take tasks away.
    pub(crate) fn retire(&mut self, index: usize, retirement: Retirement, now: Moment) {
        self.change(index, now, |service| service.retirements.push(retirement));
    }

    /// Stops the newest active task for maintenance. Returns its id, or `None` when no task is
    /// active.
    pub(crate) fn maintain_newest(&mut self, index: usize, now: Moment) -> Option<String> {
        let service = &mut self.services[index];
        let active = service.tasks.values().filter(|task| task.active());
        let newest = active.max_by_key(|task| (task.created_at, task.sequence))?.id;
        retirement::stop_for_maintenance(service, &[newest], now, &mut self.ids);
        self.run_service(index, now);
        Some(format!("{newest:032x}"))
    }

    /// Moves the oldest healthy task of the PRIMARY elsewhere: another one of the same deployment
    /// takes its place. Returns its id, or `None` when no task is healthy.
    pub(crate) fn rebalance(&mut self, index: usize, now: Moment) -> Option<String> {
        let service = &mut self.services[index];
        let primary = service.deployments.first()?;
        let (deployment, cause) = (primary.id, events::scaled_by(&primary.name()));
        let healthy = service.tasks.values().filter(|t| t.active() && t.healthy);
        let oldest =
            healthy.filter(|t| t.deployment == deployment).min_by_key(|task| task.sequence)?.id;
        service.launch_task(0, now, &mut self.ids);
        service.stop_task(oldest, cause, now);
        self.run_service(index, now);
        Some(format!("{oldest:032x}"))
    }

    /// Somebody stops the deployment under way, with a rollback or without one.
    pub(crate) fn stop_deployment(&mut self, index: usize, rollback: bool, now: Moment) {
        self.freeze_reads(index, self.stale_reads, now);
        let service = &mut self.services[index];
        match rollback {
            true => failure::fail(service, Failure::Stopped, true, now, &mut self.ids),
            false => failure::abort(service, now, &mut self.ids),
        }
        self.run_service(index, now);
    }

    /// Stops the oldest active task. Returns its id, or `None` when no task is active.
    pub(crate) fn stop_oldest(
        &mut self,
        index: usize,
        code: &'static str,
        reason: &str,
        now: Moment,
    ) -> Option<String> {
        let cause = StopCause { code, reason: reason.to_owned() };
        let tasks = self.services[index].tasks.values().filter(|task| task.active());
        let oldest = tasks
            .min_by_key(|task| (task.created_at.is_none(), task.created_at, task.sequence))?
            .id;
        self.change(index, now, |service| service.stop_task(oldest, cause, now));
        Some(format!("{oldest:032x}"))
    }
}

impl Service {
    pub(crate) fn set_desired(&mut self, count: u32) {
        self.desired = count;
    }

    pub(crate) fn set_next_revision(&mut self, behaviour: Behaviour) {
        self.spec.next_revision = behaviour;
    }

    /// Lets the last completed revision behave otherwise from now on.
    pub(crate) fn set_completed_behaviour(&mut self, behaviour: Behaviour) {
        let Some(completed) = &mut self.last_completed else { return };
        let (family, number) = (completed.revision.family.clone(), completed.revision.number);
        let workload = completed.revision.workload.clone();
        completed.revision = Arc::new(Revision { family, number, behaviour, workload });
        for deployment in self.deployments.iter_mut().filter(|d| d.id == completed.id) {
            deployment.revision = completed.revision.clone();
        }
    }

    /// Starts to drain the service. One that is `held` stays DRAINING for ever.
    pub(crate) fn start_draining(&mut self, held: bool) {
        self.desired = 0;
        self.status = ServiceStatus::Draining;
        self.held_draining = held;
    }

    /// Sets a tag, or removes it.
    pub(crate) fn set_tag(&mut self, key: &str, value: Option<&str>) {
        match value {
            Some(value) => self.spec.tags.insert(key.to_owned(), value.to_owned()),
            None => self.spec.tags.remove(key),
        };
    }

    pub(crate) fn override_rollout_state(&mut self, state: Option<&str>) {
        self.rollout_state_override = state.map(str::to_owned);
    }

    pub(crate) fn override_status(&mut self, status: Option<&str>) {
        self.status_override = status.map(str::to_owned);
    }

    pub(crate) fn override_stage(&mut self, stage: Option<&str>) {
        self.stage_override = stage.map(str::to_owned);
    }

    /// Protects what is protected until another moment.
    pub(crate) fn protect_anew(&mut self, until: Moment, now: Moment) {
        self.tasks
            .values_mut()
            .filter(|task| task.protected(now))
            .for_each(|task| task.protected_until = Some(until));
    }

    /// Hides `createdAt` of all tasks there are now, or shows it again.
    pub(crate) fn hide_created_at(&mut self, hidden: bool) {
        self.tasks.values_mut().for_each(|task: &mut Task| task.created_at_hidden = hidden);
    }
}
