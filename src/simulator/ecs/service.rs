//! One service: what was asked for, its deployments, tasks, history and events.
//!
//! It owns its state and the way from one event to the next; what to launch and stop is the
//! scheduler's, and what the API shows of it the shapes'.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::deployment::{Counts, Deployment, Revision, RolloutState, ServiceDeployment};
use super::retirement::Retirement;
use super::spec::ServiceSpec;
use super::stale::StaleView;
use super::standalone::Standalone;
use super::state_changes::News;
use super::task::{Phase, StopCause, Task, TaskChange};
use super::task_sets::Maker;
use super::{alarms, breaker, scheduler, task_sets};
use crate::simulator::ecr::Ecr;
use crate::simulator::elbv2;
use crate::simulator::identity::{Identity, Ids};
use crate::simulator::moment::Moment;

/// ECS keeps the last 100 events of a service.
const EVENTS_MAX: usize = 100;

/// `status` of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServiceStatus {
    Active,
    Draining,
    Inactive,
}

impl ServiceStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            ServiceStatus::Active => "ACTIVE",
            ServiceStatus::Draining => "DRAINING",
            ServiceStatus::Inactive => "INACTIVE",
        }
    }
}

/// An entry of `events[]`.
#[derive(Debug, Clone)]
pub(crate) struct ServiceEvent {
    pub(crate) id: String,
    pub(crate) at: Moment,
    pub(crate) message: String,
}

/// The deployment that a rollback would restore.
#[derive(Debug, Clone)]
pub(crate) struct Completed {
    pub(crate) id: u64,
    pub(crate) revision: Arc<Revision>,
}

/// A service of the simulated account.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) spec: ServiceSpec,
    pub(crate) status: ServiceStatus,
    /// Stay DRAINING even when the last task has stopped.
    pub(crate) held_draining: bool,
    pub(crate) desired: u32,
    pub(crate) created_at: Moment,
    /// The target group ARN, which a service with a deregistration delay has.
    pub(crate) target_group: Option<String>,
    /// Newest first: the first is the PRIMARY.
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) tasks: BTreeMap<u128, Task>,
    /// Oldest first.
    pub(crate) history: Vec<ServiceDeployment>,
    /// Newest first.
    pub(crate) events: VecDeque<ServiceEvent>,
    pub(crate) last_completed: Option<Completed>,
    /// What AWS is going to take away or takes away now.
    pub(crate) retirements: Vec<Retirement>,
    /// Not a service at all, but what keeps a task that somebody ran by itself.
    pub(crate) standalone: Option<Standalone>,
    /// The CloudWatch alarms that are in ALARM.
    pub(crate) ringing: BTreeSet<String>,
    pub(crate) rollout_state_override: Option<String>,
    /// What the newest service deployment shows as `status` and as `lifecycleStage`.
    pub(crate) status_override: Option<String>,
    pub(crate) stage_override: Option<String>,
    pub(crate) stale: Option<StaleView>,
    /// How many deployments `UpdateService` with `forceNewDeployment` has started.
    pub(crate) forced_deployments: usize,
    /// Whether the last event of interest was a steady state.
    pub(crate) steady: bool,
    /// Tasks launched and forgotten since the owner's index was last brought up to date.
    pub(crate) launched: Vec<u128>,
    pub(crate) forgotten: Vec<u128>,
    /// What happened, and to which tasks, since it was last told.
    pub(crate) news: Vec<News>,
    pub(crate) touched: BTreeSet<u128>,
    next_sequence: u64,
}

impl Service {
    /// A service without deployments or tasks.
    pub(crate) fn new(spec: ServiceSpec, identity: &Identity, now: Moment) -> Self {
        let balanced = spec.load_balanced || !spec.deregistration_delay.is_zero();
        let target_group = balanced.then(|| elbv2::target_group_arn(identity, &spec));
        Service {
            target_group,
            status: ServiceStatus::Active,
            held_draining: false,
            desired: spec.desired,
            created_at: now,
            deployments: Vec::new(),
            tasks: BTreeMap::new(),
            history: Vec::new(),
            events: VecDeque::new(),
            last_completed: None,
            retirements: Vec::new(),
            standalone: None,
            ringing: BTreeSet::new(),
            rollout_state_override: None,
            status_override: None,
            stage_override: None,
            stale: None,
            forced_deployments: 0,
            steady: false,
            launched: Vec::new(),
            forgotten: Vec::new(),
            news: Vec::new(),
            touched: BTreeSet::new(),
            next_sequence: 0,
            spec,
        }
    }

    /// Whether deployments are ECS's own; otherwise they are task sets of somebody else.
    pub(crate) fn controlled_by_ecs(&self) -> bool {
        self.spec.controller.as_deref().is_none_or(|kind| kind == "ECS")
    }

    /// The revision that the PRIMARY runs, or after its deletion that ran last.
    pub(crate) fn revision(&self) -> Option<&Arc<Revision>> {
        let primary = self.deployments.first().map(|primary| &primary.revision);
        primary.or_else(|| self.last_completed.as_ref().map(|completed| &completed.revision))
    }

    /// Puts a running, completed deployment and its settled tasks in place.
    pub(crate) fn settle(&mut self, revision: Arc<Revision>, now: Moment, ids: &mut Ids) {
        let ages = self.spec.task_ages.clone();
        let oldest = ages.iter().max().copied().unwrap_or_default();
        let created_at = now.minus(oldest);
        self.created_at = created_at;
        if self.controlled_by_ecs() {
            scheduler::start_deployment(self, revision, None, created_at, ids);
        } else {
            task_sets::add(self, revision, Maker::default(), created_at, ids);
        }
        let last = ages.last().copied().unwrap_or_default();
        for number in 0..self.desired as usize {
            let age = ages.get(number).copied().unwrap_or(last);
            let task = self.launch_task(0, now, ids);
            if let Some(task) = self.tasks.get_mut(&task) {
                *task = task.clone().settled_since(now.minus(age), &self.spec);
            }
        }
        if self.controlled_by_ecs() {
            scheduler::complete_primary(self, created_at, ids);
        } else {
            task_sets::settle(self, created_at, ids);
        }
        self.hush();
    }

    /// Does everything that is due at `now`. Returns when something is due next.
    pub(crate) fn run(&mut self, now: Moment, ids: &mut Ids, ecr: &mut Ecr) -> Option<Moment> {
        loop {
            let moved = self.step_tasks(now, ids, ecr);
            let tripped = breaker::check(self, now, ids) || alarms::check(self, now, ids);
            scheduler::hold_back(self, now, ids);
            let changed = scheduler::reconcile(self, now, ids);
            if !(moved || tripped || changed) {
                break;
            }
        }
        self.freeze_counts();
        self.next_due(now)
    }

    /// Launches a task of the deployment at `index`.
    pub(crate) fn launch_task(&mut self, index: usize, now: Moment, ids: &mut Ids) -> u128 {
        let id = ids.task();
        let deployment = &mut self.deployments[index];
        let task = Task::launch(id, self.next_sequence, deployment, &self.spec, now);
        deployment.launched += 1;
        self.next_sequence += 1;
        self.tasks.insert(id, task);
        self.launched.push(id);
        self.touched.insert(id);
        id
    }

    /// Stops a task for the reason given.
    pub(crate) fn stop_task(&mut self, id: u128, cause: StopCause, now: Moment) {
        if let Some(task) = self.tasks.get_mut(&id) {
            task.stop(cause, &self.spec, now);
            self.touched.insert(id);
            self.steady = false;
        }
    }

    /// Writes a service event.
    pub(crate) fn report(&mut self, message: String, now: Moment, ids: &mut Ids) {
        self.events.push_front(ServiceEvent { id: ids.uuid(), at: now, message });
        self.events.truncate(EVENTS_MAX);
    }

    /// How many tasks of a deployment (all if `None`) satisfy a condition.
    pub(crate) fn count(&self, deployment: Option<u64>, condition: impl Fn(&Task) -> bool) -> u32 {
        let mine = |t: &&Task| deployment.is_none_or(|id| t.deployment == id) && condition(t);
        u32::try_from(self.tasks.values().filter(mine).count()).unwrap_or(u32::MAX)
    }

    fn step_tasks(&mut self, now: Moment, ids: &mut Ids, ecr: &mut Ecr) -> bool {
        let due: Vec<u128> = self
            .tasks
            .values()
            .filter(|t| t.next_at.is_some_and(|at| at <= now))
            .map(|t| t.id)
            .collect();
        for id in &due {
            while let Some(task) = self.tasks.get_mut(id) {
                let Some(change) = task.step(&self.spec, ecr, now) else { break };
                let deployment = task.deployment;
                self.touched.insert(*id);
                if task.phase == Phase::Forgotten {
                    self.tasks.remove(id);
                    self.forgotten.push(*id);
                }
                self.notice(*id, deployment, change, now, ids);
            }
        }
        !due.is_empty()
    }

    fn notice(
        &mut self,
        id: u128,
        deployment: u64,
        change: TaskChange,
        now: Moment,
        ids: &mut Ids,
    ) {
        let owner = self.deployments.iter_mut().find(|d| d.id == deployment);
        match change {
            TaskChange::Moved => {}
            TaskChange::BecameHealthy => {
                let keeps = self.spec.breaker.and_then(|b| b.reset_on_healthy_task) == Some(false);
                if let Some(owner) = owner {
                    owner.count_healthy(!keeps);
                }
            }
            TaskChange::FailedToStart => {
                if let Some(owner) = owner {
                    owner.count_failure(now);
                }
                self.steady = false;
            }
            // Only tasks that do not start or fail their checks count (Amazon ECS API reference,
            // Deployment, `failedTasks`).
            TaskChange::Exited => self.steady = false,
            TaskChange::FoundUnhealthy => {
                if let Some(owner) = owner {
                    owner.count_failure(now);
                }
                scheduler::stop_unhealthy(self, id, now, ids);
            }
        }
    }

    fn next_due(&self, now: Moment) -> Option<Moment> {
        let launching = self.deployments.iter().filter(|d| d.state != RolloutState::Failed);
        let retries = launching.filter_map(|d| d.retry_at).filter(|at| *at > now);
        let retirements = self.retirements.iter().flat_map(Retirement::due).filter(|at| *at > now);
        let tasks = self.tasks.values().filter_map(|t| t.next_at);
        let protected = self.tasks.values().filter_map(|t| t.protected_until);
        let rollout = self.history.last().into_iter().flat_map(ServiceDeployment::due);
        let timed = protected.chain(rollout).filter(|at| *at > now);
        tasks.chain(retries).chain(retirements).chain(timed).min()
    }

    /// The counts of a service deployment stay as they were when it ended.
    fn freeze_counts(&mut self) {
        for index in (0..self.history.len()).rev() {
            let record = &self.history[index];
            if record.counts.is_some() {
                break;
            }
            if !record.open() {
                self.history[index].counts = Some(Counts::of(self, &self.history[index]));
            }
        }
    }
}
