//! What a refresh under way is waiting for, beyond its tasks.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Time;
use crate::plan::words::{Span, count};

/// What holds a rollout up that is going as it should.
#[derive(Clone, Debug, PartialEq)]
pub enum Note {
    /// A lifecycle stage, as ECS writes it, for so long already; of how long, where that is known.
    Stage { stage: Arc<str>, since: Duration, of: Option<Duration> },
    /// A hook waits for a person until ECS acts by itself.
    Person { stage: Option<Arc<str>>, expires_at: Option<Time> },
    /// Old tasks are protected from being stopped, the last of them until then.
    Protected { tasks: u32, until: Time },
    /// Production traffic has moved, and ECS is still to stop the old tasks.
    OldTasksLinger { tasks: u32 },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage { stage, since, of: Some(of) } => {
                let (since, of) = (since.as_secs() / 60, of.as_secs() / 60);
                write!(f, "{}, {since} of {}", words(stage), count(of, "minute"))
            }
            Self::Stage { stage, since, of: None } => {
                write!(f, "{} for {}", words(stage), Span(*since))
            }
            Self::Person { stage, expires_at } => {
                f.write_str("a pause hook waits for a person")?;
                if let Some(stage) = stage {
                    write!(f, " at {}", words(stage))?;
                }
                expires_at.map_or(Ok(()), |at| {
                    write!(f, ", until {}", at.format("%a %Y-%m-%d %H:%M UTC"))
                })
            }
            Self::Protected { tasks, until } => write!(
                f,
                "{} protected until {}",
                count(*tasks, "old task"),
                until.format("%a %Y-%m-%d %H:%M UTC")
            ),
            Self::OldTasksLinger { tasks } => {
                write!(f, "traffic has moved, {} still to go", count(*tasks, "old task"))
            }
        }
    }
}

/// `BAKE_TIME` as people say it.
fn words(stage: &str) -> String {
    stage.to_lowercase().replace('_', " ")
}
