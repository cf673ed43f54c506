//! What a refresh under way is waiting for, beyond its tasks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Time;
use crate::plan::diagnosis::Finding;
use crate::plan::fleet::DeploymentId;
use crate::plan::words::{Span, count, stage_in_words};

/// What holds a rollout up that is going as it should.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A lifecycle stage, as ECS writes it, for so long already; of how long, where that is known.
    Stage { stage: Arc<str>, since: Duration, of: Option<Duration> },
    /// A hook waits for a person until ECS acts by itself.
    Person { stage: Option<Arc<str>>, expires_at: Option<Time> },
    /// Old tasks are protected from being stopped, the last of them until then.
    Protected { tasks: u32, until: Time },
    /// Nothing has moved for so long, though it should.
    StandsStill { since: Duration, finding: Box<Finding> },
    /// Production traffic has moved, and ECS is still to stop the old tasks.
    OldTasksLinger { tasks: u32 },
    /// A deployment of CodeDeploy stands so, as CodeDeploy writes it.
    CodeDeploy { deployment: DeploymentId, status: Arc<str> },
    /// A deployment of CodeDeploy waits for a person to move traffic until CodeDeploy stops it.
    Ready { deployment: DeploymentId, until: Option<Time> },
}

impl Note {
    /// What holds it up, where that is not as it should be.
    pub fn finding(&self) -> Option<Finding> {
        match self {
            Self::StandsStill { finding, .. } => Some((**finding).clone()),
            Self::Person { stage, expires_at } => {
                Some(Finding::PauseHook { stage: stage.clone(), expires_at: *expires_at })
            }
            Self::Protected { tasks, until } => {
                Some(Finding::ProtectedTasks { tasks: Some(*tasks), until: Some(*until) })
            }
            Self::Stage { .. }
            | Self::OldTasksLinger { .. }
            | Self::CodeDeploy { .. }
            | Self::Ready { .. } => None,
        }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage { stage, since, of: Some(of) } => {
                let (since, of) = (since.as_secs() / 60, of.as_secs() / 60);
                write!(f, "{}, {since} of {}", stage_in_words(stage), count(of, "minute"))
            }
            Self::Stage { stage, since, of: None } => {
                write!(f, "{} for {}", stage_in_words(stage), Span(*since))
            }
            Self::Person { .. } | Self::Protected { .. } => {
                self.finding().map_or(Ok(()), |finding| finding.fmt(f))
            }
            Self::StandsStill { since, finding } => {
                let minutes = count(since.as_secs() / 60, "minute");
                write!(f, "nothing has moved for {minutes}: {finding}")
            }
            Self::OldTasksLinger { tasks } => {
                write!(f, "traffic has moved, {} still to go", count(*tasks, "old task"))
            }
            Self::CodeDeploy { deployment, status } => {
                write!(f, "CodeDeploy has {deployment} as {status}")
            }
            Self::Ready { deployment, until } => {
                write!(f, "{deployment} is Ready and waits for a person to move traffic")?;
                until.map_or(Ok(()), |until| {
                    write!(f, ", until {}", until.format("%a %Y-%m-%d %H:%M UTC"))
                })
            }
        }
    }
}
