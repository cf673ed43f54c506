//! Deployments, in both of the shapes in which ECS reports them: the entries of a service's
//! `deployments[]`, and the service deployments of `ListServiceDeployments`.

use std::sync::Arc;
use std::time::Duration;

use super::alarms::Watch;
use super::behaviour::Behaviour;
use super::failure::Failure;
use super::images::Workload;
use super::service::Service;
use super::service_shape::pending;
use super::staged::Lifecycle;
use super::task::Phase;
use super::task_sets::TaskSet;
use crate::simulator::moment::Moment;

/// A service deployment is PENDING at least this long before it is IN_PROGRESS.
const PENDING_FOR: Duration = Duration::from_secs(1);
/// A superseded service deployment is STOP_REQUESTED this long before it is STOPPED.
const STOP_REQUESTED_FOR: Duration = Duration::from_secs(10);
/// Launches back off from this pause after the first failed round, as observed on real services.
const FIRST_BACKOFF: Duration = Duration::from_secs(150);
/// Amazon ECS Developer Guide, "Amazon ECS service throttle logic": at most 27 minutes.
const LONGEST_BACKOFF: Duration = Duration::from_secs(27 * 60);

/// `rolloutState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

impl RolloutState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            RolloutState::InProgress => "IN_PROGRESS",
            RolloutState::Completed => "COMPLETED",
            RolloutState::Failed => "FAILED",
        }
    }
}

/// What a deployment launches tasks from; its tasks share it.
#[derive(Debug)]
pub(crate) struct Revision {
    /// The family of the task definition.
    pub(crate) family: String,
    /// The revision number of the task definition.
    pub(crate) number: u32,
    pub(crate) behaviour: Behaviour,
    /// What it runs.
    pub(crate) workload: Workload,
}

/// One entry of `deployments[]`.
#[derive(Debug, Clone)]
pub(crate) struct Deployment {
    /// The digits of `ecs-svc/<digits>`.
    pub(crate) id: u64,
    pub(crate) revision: Arc<Revision>,
    pub(crate) created_at: Moment,
    pub(crate) updated_at: Moment,
    pub(crate) state: RolloutState,
    pub(crate) reason: String,
    /// Consecutive failures; a task that turns healthy resets them.
    pub(crate) failed_tasks: u32,
    /// How many tasks an older deployment should still have; the PRIMARY wants all of them.
    pub(crate) wanted: u32,
    /// How many tasks it has launched.
    pub(crate) launched: u32,
    /// The digits of the deployment that this one rolls back to.
    pub(crate) rolls_back_to: Option<u64>,
    /// Nothing is launched before this instant.
    pub(crate) retry_at: Option<Moment>,
    failed_rounds: u32,
    /// Whether the event about percentages that allow no progress was written.
    pub(crate) reported_stuck: bool,
    /// Whether the event about protected tasks that hold it open was written.
    pub(crate) reported_protected: bool,
    /// What it is beside, where ECS does not control deployments.
    pub(crate) task_set: Option<TaskSet>,
}

impl Deployment {
    pub(crate) fn start(id: u64, revision: Arc<Revision>, now: Moment) -> Self {
        Deployment {
            id,
            revision,
            created_at: now,
            updated_at: now,
            state: RolloutState::InProgress,
            reason: format!("ECS deployment ecs-svc/{id} in progress."),
            failed_tasks: 0,
            wanted: 0,
            launched: 0,
            rolls_back_to: None,
            retry_at: None,
            failed_rounds: 0,
            reported_stuck: false,
            reported_protected: false,
            task_set: None,
        }
    }

    /// The id as the API writes it.
    pub(crate) fn name(&self) -> String {
        deployment_name(self.id)
    }

    /// Whether it may launch tasks at `now`: it has not failed, and does not back off.
    pub(crate) fn may_launch(&self, now: Moment) -> bool {
        self.state != RolloutState::Failed && self.retry_at.is_none_or(|retry_at| retry_at <= now)
    }

    pub(crate) fn complete(&mut self, now: Moment) {
        self.state = RolloutState::Completed;
        self.reason = format!("ECS deployment {} completed.", self.name());
        self.updated_at = now;
    }

    pub(crate) fn fail(&mut self, reason: String, now: Moment) {
        self.state = RolloutState::Failed;
        self.reason = reason;
        self.updated_at = now;
    }

    /// Counts a failed task and lets the next launch wait. Failures at one instant are one round.
    pub(crate) fn count_failure(&mut self, now: Moment) {
        self.failed_tasks += 1;
        if self.retry_at.is_none_or(|at| at <= now) {
            self.failed_rounds += 1;
            let doubled = FIRST_BACKOFF * 2_u32.saturating_pow((self.failed_rounds - 1).min(8));
            self.retry_at = Some(now + doubled.min(LONGEST_BACKOFF));
        }
        self.updated_at = now;
    }

    /// Ends the back-off, and the count of failures where healthy tasks reset it.
    pub(crate) fn count_healthy(&mut self, resets: bool) {
        if resets {
            self.failed_tasks = 0;
        }
        self.failed_rounds = 0;
        self.retry_at = None;
    }
}

pub(crate) fn deployment_name(id: u64) -> String {
    format!("ecs-svc/{id}")
}

/// How a service deployment ended, or goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Running,
    Successful,
    Stopped,
    RollingBack,
    RolledBack,
    RollbackFailed,
}

/// A service deployment: one attempt to move a service to a revision, its rollback included.
#[derive(Debug, Clone)]
pub(crate) struct ServiceDeployment {
    pub(crate) id: String,
    /// The digits of the `deployments[]` entry that it began with; also its target revision.
    pub(crate) deployment: u64,
    /// The deployment it started from, whose revision is its source.
    pub(crate) source: Option<u64>,
    pub(crate) revision: Arc<Revision>,
    pub(crate) created_at: Moment,
    /// For how long it does nothing.
    pub(crate) pending_for: Duration,
    pub(crate) finished_at: Option<Moment>,
    pub(crate) progress: Progress,
    pub(crate) reason: Option<String>,
    pub(crate) failed_tasks: u32,
    /// When the rollback began, why, and the digits of the revision that it restores.
    pub(crate) rollback: Option<Rollback>,
    pub(crate) failure: Option<Failure>,
    pub(crate) alarms: Watch,
    /// Where it stands, if it shifts traffic.
    pub(crate) lifecycle: Option<Lifecycle>,
    /// The tasks when it ended.
    pub(crate) counts: Option<Counts>,
}

/// The `rollback` member of a service deployment.
#[derive(Debug, Clone)]
pub(crate) struct Rollback {
    pub(crate) started_at: Moment,
    pub(crate) reason: String,
    pub(crate) restores: u64,
    /// Somebody asked for it.
    pub(crate) requested: bool,
}

/// The tasks of the target revision and of the source revision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) target: RevisionCounts,
    pub(crate) source: RevisionCounts,
}

/// The tasks of a service revision.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RevisionCounts {
    pub(crate) requested: u32,
    pub(crate) running: u32,
    pub(crate) pending: u32,
}

impl Counts {
    pub(crate) fn of(service: &Service, record: &ServiceDeployment) -> Self {
        let source = record.source.map(|source| RevisionCounts::of(service, source));
        let target = RevisionCounts::of(service, record.deployment);
        Counts { target, source: source.unwrap_or_default() }
    }
}

impl RevisionCounts {
    fn of(service: &Service, deployment: u64) -> Self {
        let position = service.deployments.iter().position(|d| d.id == deployment);
        let requested = match position {
            Some(0) => service.desired,
            Some(at) => service.deployments[at].wanted,
            None => 0,
        };
        let id = Some(deployment);
        RevisionCounts {
            requested,
            running: service.count(id, |task| task.phase == Phase::Running),
            pending: service.count(id, pending),
        }
    }
}

impl ServiceDeployment {
    pub(crate) fn started_at(&self) -> Moment {
        self.created_at + self.pending_for.max(PENDING_FOR)
    }

    /// Ends it because a newer deployment takes over, or because it failed without a rollback.
    pub(crate) fn stop(&mut self, reason: &str, now: Moment) {
        self.lifecycle.iter_mut().for_each(Lifecycle::abandon_hooks);
        self.progress = Progress::Stopped;
        self.reason = Some(reason.to_owned());
        self.finished_at = Some(now + STOP_REQUESTED_FOR);
    }

    pub(crate) fn finish(&mut self, progress: Progress, now: Moment) {
        self.progress = progress;
        self.finished_at = Some(now);
    }

    /// Whether it still moves tasks about.
    pub(crate) fn open(&self) -> bool {
        matches!(self.progress, Progress::Running | Progress::RollingBack)
    }

    /// `status` at `now`. PENDING and STOP_REQUESTED are only ever passed through.
    pub(crate) fn status(&self, now: Moment) -> &'static str {
        match self.progress {
            Progress::Running if now < self.started_at() => "PENDING",
            Progress::Running => "IN_PROGRESS",
            Progress::Successful => "SUCCESSFUL",
            Progress::Stopped if self.finished_at.is_some_and(|at| now < at) => "STOP_REQUESTED",
            Progress::Stopped => "STOPPED",
            Progress::RollingBack if self.rollback_is_requested(now) => "ROLLBACK_REQUESTED",
            Progress::RollingBack => "ROLLBACK_IN_PROGRESS",
            Progress::RolledBack => "ROLLBACK_SUCCESSFUL",
            Progress::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    /// The percentages of production and of test traffic that a revision is asked to take, if
    /// traffic is shifted.
    pub(crate) fn weights(&self, deployment: u64) -> Option<(f64, f64)> {
        let lifecycle = self.lifecycle.as_ref()?;
        if deployment == self.deployment {
            return Some((lifecycle.production, lifecycle.test));
        }
        (self.source == Some(deployment)).then_some((100.0 - lifecycle.production, 0.0))
    }

    /// When something is due that no task causes.
    pub(crate) fn due(&self) -> Vec<Moment> {
        if !self.open() {
            return Vec::new();
        }
        let lifecycle = self.lifecycle.iter().flat_map(Lifecycle::due);
        lifecycle.chain(self.alarms.baked_at).collect()
    }

    fn rollback_is_requested(&self, now: Moment) -> bool {
        let asked = self.rollback.as_ref().filter(|rollback| rollback.requested);
        asked.is_some_and(|rollback| now < rollback.started_at + PENDING_FOR)
    }
}
