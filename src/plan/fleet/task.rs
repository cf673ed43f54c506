//! Tasks, and the evidence of what became of a deployment.

use std::fmt;
use std::sync::Arc;

use super::{DeploymentId, Problem, Protected};
use crate::clock::Time;

/// The last part of a task's ARN. Thirty-two hexadecimal digits, kept as bytes because fleets have
/// tens of thousands of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId {
    /// From the highest on. A number would be aligned to sixteen bytes, and cost them twice.
    digits: [u8; 16],
    /// Ids of before 2018, and those of emulators, have dashes. A task is asked for by the id that
    /// it was listed under: by another form of it, it is not found, and counts as ended.
    dashed: bool,
}

impl TaskId {
    /// The id of these digits, without dashes.
    pub const fn plain(digits: u128) -> Self {
        Self { digits: digits.to_be_bytes(), dashed: false }
    }

    /// The id of these digits, in one form or the other.
    pub(super) const fn of(digits: [u8; 16], dashed: bool) -> Self {
        Self { digits, dashed }
    }

    pub(super) const fn digits(self) -> [u8; 16] {
        self.digits
    }

    pub(super) const fn is_dashed(self) -> bool {
        self.dashed
    }

    /// Reads a task's id or ARN, in the plain form or in the older one with dashes.
    pub fn parse(text: &str) -> Option<Self> {
        let id = text.rsplit('/').next().unwrap_or(text);
        let digits: String = id.chars().filter(|c| *c != '-').collect();
        if digits.len() != 32 {
            return None;
        }
        let id = Self {
            digits: u128::from_str_radix(&digits, 16).ok()?.to_be_bytes(),
            dashed: id.len() != digits.len(),
        };
        Some(id)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:032x}", u128::from_be_bytes(self.digits));
        if !self.dashed {
            return f.write_str(&digits);
        }
        let (a, b, c) = (&digits[..8], &digits[8..12], &digits[12..16]);
        write!(f, "{a}-{b}-{c}-{}-{}", &digits[16..20], &digits[20..])
    }
}

impl serde::Serialize for TaskId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for TaskId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("{text:?} is not a task id")))
    }
}

/// The tasks of one service that should be running: ListTasks with desired status RUNNING, so
/// tasks that are being drained are not among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Tasks {
    /// When the listing began.
    pub listed_at: Time,
    /// Whether every page was read and every task that needed it was described.
    pub complete: bool,
    /// In the order of their ids.
    pub tasks: Vec<Task>,
}

/// One task that should be running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Task {
    pub id: TaskId,
    /// When the task entered PENDING. Absent while PROVISIONING, and where a server leaves it out.
    pub created_at: Option<Time>,
    pub status: TaskStatus,
}

/// `lastStatus`, as far as decisions need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// PROVISIONING, PENDING or ACTIVATING: not there yet.
    Starting,
    Running,
    /// On its way out, or a value that this version does not know: it does not serve.
    Other,
}

/// What was found out about a rollout that ended badly, late, or under another deployment's id.
#[derive(Clone, Debug, PartialEq)]
pub struct PostMortem {
    /// When the gathering began.
    pub asked_at: Time,
    /// The service deployments made since the refresh began, newest first, or why they could not
    /// be asked for.
    pub deployments: Result<Vec<ServiceDeployment>, Problem>,
    /// Listed tasks that are protected from being stopped; none where that could not be asked for.
    pub protected: Vec<Protected>,
    /// Recently stopped tasks, newest first, bounded.
    pub stopped: Vec<StoppedTask>,
    /// The newest service events, newest first, bounded. For people: nothing decides on them.
    pub events: Vec<ServiceEvent>,
}

/// One of a service's events.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceEvent {
    pub at: Option<Time>,
    /// Bounded.
    pub message: String,
}

/// One entry of ListServiceDeployments.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceDeployment {
    pub arn: Arc<str>,
    pub created_at: Option<Time>,
    pub status: ServiceDeploymentStatus,
    pub reason: Option<String>,
}

/// `status` of a service deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServiceDeploymentStatus {
    Pending,
    InProgress,
    Successful,
    StopRequested,
    Stopped,
    RollbackRequested,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
    Unknown(Arc<str>),
}

impl ServiceDeploymentStatus {
    /// Whether it goes on as it should.
    pub fn goes_on(&self) -> bool {
        matches!(self, Self::Pending | Self::InProgress)
    }

    /// Whether ECS is taking the deployment back.
    pub fn is_being_taken_back(&self) -> bool {
        matches!(self, Self::RollbackRequested | Self::RollbackInProgress)
    }

    /// Whether ECS takes or took the deployment back.
    pub fn is_rollback(&self) -> bool {
        match self {
            Self::RollbackRequested
            | Self::RollbackInProgress
            | Self::RollbackSuccessful
            | Self::RollbackFailed => true,
            Self::Pending
            | Self::InProgress
            | Self::Successful
            | Self::StopRequested
            | Self::Stopped
            | Self::Unknown(_) => false,
        }
    }
}

/// A task that stopped, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct StoppedTask {
    pub id: TaskId,
    pub started_by: Option<DeploymentId>,
    pub created_at: Option<Time>,
    pub stopped_at: Option<Time>,
    /// `stopCode`, as ECS writes it.
    pub code: Option<String>,
    /// `stoppedReason`, bounded.
    pub reason: Option<String>,
    /// Its containers that say how they ended, bounded.
    pub containers: Vec<StoppedContainer>,
}

/// How a container of a stopped task ended.
#[derive(Clone, Debug, PartialEq)]
pub struct StoppedContainer {
    pub name: String,
    pub exit_code: Option<i32>,
    /// `reason`, bounded.
    pub reason: Option<String>,
}

/// What `stoppedReason` of a task says that Fargate retired, in every spelling seen (Amazon ECS
/// developer guide, "Task retirement and maintenance for AWS Fargate on Amazon ECS").
const MAINTENANCE: &str = "performing maintenance on the underlying infrastructure";

impl StoppedTask {
    /// Whether AWS stopped it to retire what it ran on.
    pub fn is_retired(&self) -> bool {
        self.reason.as_ref().is_some_and(|reason| reason.contains(MAINTENANCE))
    }
}

/// The tasks of a service that stopped lately.
#[derive(Clone, Debug, PartialEq)]
pub struct StoppedTasks {
    /// When they were asked for.
    pub asked_at: Time,
    /// The newest first, bounded.
    pub tasks: Vec<StoppedTask>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_asked_for_by_the_form_of_its_id_that_was_listed() {
        for (text, written) in [
            ("00dea2d8f2f74f1f8e4cb6a5ad2b1c0e", Some("00dea2d8f2f74f1f8e4cb6a5ad2b1c0e")),
            ("1db59a02-7e07-415e-bc75-54ce82874dd0", Some("1db59a02-7e07-415e-bc75-54ce82874dd0")),
            (
                "arn:aws:ecs:us-east-1:123456789012:task/prd/1db59a02-7e07-415e-bc75-54ce82874dd0",
                Some("1db59a02-7e07-415e-bc75-54ce82874dd0"),
            ),
            ("1db59a02", None),
            ("zdb59a027e07415ebc7554ce82874dd0", None),
        ] {
            let read = TaskId::parse(text).map(|id| id.to_string());
            assert_eq!(read.as_deref(), written, "{text}");
        }
    }
}
