//! How the tasks of a deployment behave once the scheduler has launched them.

use std::time::Duration;

/// What becomes of a launched task. A deployment takes the behaviour that is set when it starts
/// and keeps it, as a real one keeps its image and configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Behaviour {
    /// Starts, runs, and turns healthy.
    Healthy,
    /// Stops before RUNNING with the stop code `TaskFailedToStart` and this reason.
    CannotStart {
        /// The `stoppedReason`, e.g. `CannotPullContainerError: ...`.
        reason: String,
    },
    /// The first tasks of the deployment stop like those of `CannotStart`; later ones turn healthy.
    FailsFirst {
        /// How many tasks fail.
        tasks: u32,
        /// Their `stoppedReason`.
        reason: String,
    },
    /// Reaches RUNNING, then fails its health checks and is stopped by the scheduler.
    NeverHealthy,
    /// Reaches RUNNING; then its one container ends.
    Exits {
        /// The container's `exitCode`.
        code: i32,
        /// The container's `reason`, e.g. `OutOfMemoryError: ...`.
        reason: Option<String>,
        /// How long it runs.
        after: Duration,
    },
    /// For so long nothing is launched at all, and the service tells of it in its events.
    NotLaunched {
        /// The event behind `(service NAME)`, e.g. `was unable to place a task. Reason: ...`.
        says: String,
        /// Since the deployment was made; from then on its tasks are healthy.
        lasting: Duration,
    },
    /// Never gets past PENDING.
    StaysPending,
    /// Like `Healthy`, but takes this long from launch to RUNNING.
    Slow(Duration),
}

impl Behaviour {
    /// Why the task with this number in its deployment, counted from 0, does not start.
    pub(crate) fn start_failure(&self, number: u32) -> Option<&str> {
        match self {
            Behaviour::CannotStart { reason } => Some(reason),
            Behaviour::FailsFirst { tasks, reason } if number < *tasks => Some(reason),
            _ => None,
        }
    }

    /// Why nothing is launched, and for how long.
    pub(crate) fn held_back(&self) -> Option<(&str, Duration)> {
        match self {
            Behaviour::NotLaunched { says, lasting } => Some((says, *lasting)),
            _ => None,
        }
    }
}
