//! Deployments of AWS CodeDeploy: what is known of one beside the course that it takes.

use std::time::Duration;

use super::course::Course;
use super::revision::Location;
use super::spec::AutoRollback;
use crate::simulator::moment::Moment;

/// `status` of a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Created,
    InProgress,
    Baking,
    Ready,
    Succeeded,
    Failed,
    Stopped,
}

impl Status {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Status::Created => "Created",
            Status::InProgress => "InProgress",
            Status::Baking => "Baking",
            Status::Ready => "Ready",
            Status::Succeeded => "Succeeded",
            Status::Failed => "Failed",
            Status::Stopped => "Stopped",
        }
    }

    /// Whether the deployment still does something.
    pub(crate) fn open(self) -> bool {
        !matches!(self, Status::Succeeded | Status::Failed | Status::Stopped)
    }
}

/// Who made a deployment: `creator`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Creator {
    /// Somebody. Whether by the API, or beside it.
    User { api: bool },
    /// CodeDeploy itself, because another one failed or was stopped.
    Rollback,
}

impl Creator {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Creator::User { .. } => "user",
            Creator::Rollback => "codeDeployRollback",
        }
    }
}

/// `errorInformation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// `rollbackInfo`: of a deployment that was rolled back, or of one that rolls another back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rollback {
    By(String),
    Of(String),
}

/// What a deployment takes from its group and its request, and keeps.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    pub(crate) config: String,
    pub(crate) termination_wait_minutes: u32,
    pub(crate) ready_wait_minutes: Option<u32>,
    pub(crate) auto_rollback: AutoRollback,
    pub(crate) alarms: Vec<String>,
    pub(crate) bakes: bool,
}

impl Terms {
    pub(crate) fn termination_wait(&self) -> Duration {
        minutes(self.termination_wait_minutes)
    }

    pub(crate) fn ready_wait(&self) -> Option<Duration> {
        self.ready_wait_minutes.map(minutes)
    }

    /// Whether an event rolls the deployment back.
    pub(crate) fn rolls_back(&self, event: &str) -> bool {
        self.auto_rollback.enabled && self.auto_rollback.events.iter().any(|known| known == event)
    }
}

/// A deployment.
#[derive(Debug)]
pub(crate) struct Deployment {
    pub(crate) id: String,
    pub(crate) application: String,
    pub(crate) group: String,
    pub(crate) revision: Option<Location>,
    /// The one that was deployed before.
    pub(crate) previous: Option<Location>,
    pub(crate) description: Option<String>,
    pub(crate) creator: Creator,
    pub(crate) created_at: Moment,
    pub(crate) started_at: Option<Moment>,
    pub(crate) completed_at: Option<Moment>,
    pub(crate) status: Status,
    pub(crate) problem: Option<Problem>,
    /// Why it will fail as soon as it begins.
    pub(crate) flaw: Option<Problem>,
    pub(crate) rollback: Option<Rollback>,
    pub(crate) terms: Terms,
    pub(crate) course: Course,
}

fn minutes(count: u32) -> Duration {
    Duration::from_secs(60 * u64::from(count))
}
