//! How far it is with rolling back a refresh that timed out.

use std::fmt;

use crate::clock::Time;
use crate::plan::fleet::Problem;

/// Where the one request to roll back stands.
#[derive(Clone, Debug, PartialEq)]
pub enum RescueState {
    /// It is to be sent now.
    Asking { dry_run: bool },
    /// Nobody knows yet whether it was accepted.
    Unknown,
    /// ECS has accepted it. Following it is given up then.
    Going { deadline: Time },
    /// ECS has refused it.
    Refused { problem: Problem },
}

impl fmt::Display for RescueState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asking { dry_run: false } => {
                f.write_str("timed out; rolling back as on_failure says")
            }
            Self::Asking { dry_run: true } => {
                f.write_str("timed out; on_failure says to roll it back (dry run: not asked for)")
            }
            Self::Unknown => f.write_str(
                "timed out; StopServiceDeployment was sent or about to be, to roll back as \
                 on_failure says, and its outcome is not known yet",
            ),
            Self::Going { deadline } => write!(
                f,
                "timed out; rolling back as on_failure says; given up at {}",
                deadline.format("%H:%M:%S UTC")
            ),
            Self::Refused { problem } => {
                write!(f, "timed out; rolling back as on_failure says was refused: {problem}")
            }
        }
    }
}
