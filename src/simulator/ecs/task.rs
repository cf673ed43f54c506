//! One task and its life cycle, from PROVISIONING to being forgotten an hour after STOPPED.
//!
//! A task knows its own next transition; it does not know why the scheduler wants it.
//! Source: Amazon ECS Developer Guide, "Amazon ECS task lifecycle".

use std::sync::Arc;
use std::time::Duration;

use super::behaviour::Behaviour;
use super::deployment::{Deployment, Revision};
use super::images::{self, Digests};
use super::spec::ServiceSpec;
use crate::simulator::ecr::Ecr;
use crate::simulator::moment::Moment;

/// How long a task that reached RUNNING but is never healthy lives before its checks fail.
const UNHEALTHY_AFTER: Duration = Duration::from_secs(120);
/// `stopCode` of a task whose container ended.
const CONTAINER_EXITED: &str = "EssentialContainerExited";
/// How long ECS takes to give back the network interface of a stopped task.
const DEPROVISIONING_TIME: Duration = Duration::from_secs(2);
/// ECS shows stopped tasks for at least one hour; the simulator for exactly one.
const STOPPED_VISIBLE_FOR: Duration = Duration::from_secs(3600);

/// `lastStatus`, in the order in which a task passes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Provisioning,
    Pending,
    Activating,
    Running,
    Deactivating,
    Stopping,
    Deprovisioning,
    Stopped,
    /// No longer visible; the owner drops the task.
    Forgotten,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Phase::Provisioning => "PROVISIONING",
            Phase::Pending => "PENDING",
            Phase::Activating => "ACTIVATING",
            Phase::Running => "RUNNING",
            Phase::Deactivating => "DEACTIVATING",
            Phase::Stopping => "STOPPING",
            Phase::Deprovisioning => "DEPROVISIONING",
            Phase::Stopped | Phase::Forgotten => "STOPPED",
        }
    }
}

/// Why a task stops: `stopCode` and `stoppedReason`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StopCause {
    pub(crate) code: &'static str,
    pub(crate) reason: String,
}

/// What a transition means to the scheduler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskChange {
    /// Only the status moved.
    Moved,
    /// The task now counts as healthy.
    BecameHealthy,
    /// It stopped before RUNNING.
    FailedToStart,
    /// Its health checks failed; it runs until the scheduler stops it.
    FoundUnhealthy,
    /// Its container ended by itself.
    Exited,
}

/// A task of a service.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: u128,
    /// Launch order within the service.
    pub(crate) sequence: u64,
    /// Launch order within its deployment.
    number: u32,
    /// The digits of the deployment that launched it (`startedBy`).
    pub(crate) deployment: u64,
    pub(crate) revision: Arc<Revision>,
    /// The digests of its containers' images, once they are pulled.
    pub(crate) digests: Option<Arc<Digests>>,
    pub(crate) phase: Phase,
    pub(crate) healthy: bool,
    /// `desiredStatus` is STOPPED.
    pub(crate) stopping: bool,
    /// When it entered PENDING; absent before.
    pub(crate) created_at: Option<Moment>,
    pub(crate) created_at_hidden: bool,
    pub(crate) started_at: Option<Moment>,
    pub(crate) stopping_at: Option<Moment>,
    pub(crate) stopped_at: Option<Moment>,
    pub(crate) stop_cause: Option<Box<StopCause>>,
    /// Increments with every change, as in ECS.
    pub(crate) version: u64,
    pub(crate) next_at: Option<Moment>,
    /// Neither scaling nor a deployment stops it before.
    pub(crate) protected_until: Option<Moment>,
}

impl Task {
    /// A task that the scheduler launches at `now`.
    pub(crate) fn launch(
        id: u128,
        sequence: u64,
        deployment: &Deployment,
        spec: &ServiceSpec,
        now: Moment,
    ) -> Self {
        let next_at = Some(now + start_time(&deployment.revision.behaviour, spec) / 10);
        Task {
            id,
            sequence,
            number: deployment.launched,
            deployment: deployment.id,
            revision: deployment.revision.clone(),
            digests: None,
            phase: Phase::Provisioning,
            healthy: false,
            stopping: false,
            created_at: None,
            created_at_hidden: false,
            started_at: None,
            stopping_at: None,
            stopped_at: None,
            stop_cause: None,
            version: 1,
            next_at,
            protected_until: None,
        }
    }

    /// Makes a just launched task one that has been running and healthy since `created_at`.
    pub(crate) fn settled_since(mut self, created_at: Moment, spec: &ServiceSpec) -> Self {
        self.phase = Phase::Running;
        self.healthy = true;
        self.created_at = Some(created_at);
        self.started_at = Some(created_at + spec.start_time);
        self.version = 4;
        self.next_at = None;
        self
    }

    /// Whether the scheduler counts on this task: its `desiredStatus` is RUNNING.
    pub(crate) fn active(&self) -> bool {
        !self.stopping
    }

    /// Whether scaling and deployments must leave it alone.
    pub(crate) fn protected(&self, now: Moment) -> bool {
        self.active() && self.protected_until.is_some_and(|until| now < until)
    }

    /// `createdAt` as the API shows it.
    pub(crate) fn visible_created_at(&self) -> Option<Moment> {
        self.created_at.filter(|_| !self.created_at_hidden)
    }

    /// Starts stopping the task. Does nothing when it is stopping already.
    pub(crate) fn stop(&mut self, cause: StopCause, spec: &ServiceSpec, now: Moment) {
        if self.stopping {
            return;
        }
        self.begin_stop(cause, now);
        if self.phase < Phase::Running {
            self.enter(Phase::Deprovisioning, Some(now + DEPROVISIONING_TIME));
        } else if spec.deregistration_delay.is_zero() {
            self.enter(Phase::Stopping, Some(now + spec.stop_time));
        } else {
            self.enter(Phase::Deactivating, Some(now + spec.deregistration_delay));
        }
    }

    /// Makes the transition that is due at `now`, and says what it means; `None` when none is due.
    pub(crate) fn step(
        &mut self,
        spec: &ServiceSpec,
        ecr: &mut Ecr,
        now: Moment,
    ) -> Option<TaskChange> {
        let due = self.next_at.filter(|at| *at <= now)?;
        let start = start_time(&self.revision.behaviour, spec);
        match self.phase {
            Phase::Provisioning => {
                self.created_at = Some(due);
                let stays = self.revision.behaviour == Behaviour::StaysPending;
                self.enter(Phase::Pending, (!stays).then(|| due + start / 5));
            }
            Phase::Pending => self.enter(Phase::Activating, Some(due + start * 7 / 10)),
            Phase::Activating => return Some(self.finish_starting(spec, ecr, due)),
            Phase::Running => return Some(self.run_on(due)),
            Phase::Deactivating => self.enter(Phase::Stopping, Some(due + spec.stop_time)),
            Phase::Stopping => self.enter(Phase::Deprovisioning, Some(due + DEPROVISIONING_TIME)),
            Phase::Deprovisioning => {
                self.stopped_at = Some(due);
                self.enter(Phase::Stopped, Some(due + STOPPED_VISIBLE_FOR));
            }
            Phase::Stopped | Phase::Forgotten => self.enter(Phase::Forgotten, None),
        }
        Some(TaskChange::Moved)
    }

    fn finish_starting(&mut self, spec: &ServiceSpec, ecr: &mut Ecr, now: Moment) -> TaskChange {
        let started = match self.revision.behaviour.start_failure(self.number) {
            Some(reason) => Err(reason.to_owned()),
            None => images::pull(&self.revision, spec.reports_platform_digest, ecr, now),
        };
        let digests = match started {
            Ok(digests) => digests,
            Err(reason) => return self.fail_to_start(reason, now),
        };
        self.digests = Some(digests);
        self.started_at = Some(now);
        let wait = match &self.revision.behaviour {
            Behaviour::NeverHealthy => {
                UNHEALTHY_AFTER.max(spec.health_check_grace.unwrap_or_default())
            }
            Behaviour::Exits { after, .. } => *after,
            _ => spec.healthy_after,
        };
        self.enter(Phase::Running, Some(now + wait));
        TaskChange::Moved
    }

    fn fail_to_start(&mut self, reason: String, now: Moment) -> TaskChange {
        self.begin_stop(StopCause { code: "TaskFailedToStart", reason }, now);
        self.enter(Phase::Deprovisioning, Some(now + DEPROVISIONING_TIME));
        TaskChange::FailedToStart
    }

    fn run_on(&mut self, now: Moment) -> TaskChange {
        if let Behaviour::Exits { .. } = self.revision.behaviour {
            let reason = "Essential container in task exited".to_owned();
            self.begin_stop(StopCause { code: CONTAINER_EXITED, reason }, now);
            self.enter(Phase::Deprovisioning, Some(now + DEPROVISIONING_TIME));
            return TaskChange::Exited;
        }
        self.next_at = None;
        if self.revision.behaviour == Behaviour::NeverHealthy {
            return TaskChange::FoundUnhealthy;
        }
        self.healthy = true;
        TaskChange::BecameHealthy
    }

    /// How its container ended: `exitCode` and `reason`. One that ECS stops ends by SIGTERM.
    pub(crate) fn container_end(&self) -> Option<(i32, Option<&str>)> {
        let ended = self.phase >= Phase::Deprovisioning && self.started_at.is_some();
        let by_itself =
            self.stop_cause.as_ref().is_some_and(|cause| cause.code == CONTAINER_EXITED);
        match &self.revision.behaviour {
            Behaviour::Exits { code, reason, .. } if by_itself => Some((*code, reason.as_deref())),
            _ => ended.then_some((143, None)),
        }
    }

    fn begin_stop(&mut self, cause: StopCause, now: Moment) {
        self.stopping = true;
        self.healthy = false;
        self.stopping_at = Some(now);
        self.stop_cause = Some(Box::new(cause));
    }

    fn enter(&mut self, phase: Phase, next_at: Option<Moment>) {
        self.phase = phase;
        self.next_at = next_at;
        self.version += 1;
    }
}

fn start_time(behaviour: &Behaviour, spec: &ServiceSpec) -> Duration {
    match behaviour {
        Behaviour::Slow(time) => *time,
        _ => spec.start_time,
    }
}
