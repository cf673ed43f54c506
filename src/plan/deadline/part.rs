//! What a deadline is made of, and how each part comes about.

use std::fmt;
use std::time::Duration;

use crate::plan::words::{Span, count};

/// One part of a deadline. Its text says how it comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// `rollout_timeout` is a duration.
    Configured(Duration),
    /// Until the last task was launched, beyond the time that each takes by itself.
    Launches { tasks: u32, takes: Duration },
    /// Until the new tasks of every batch are healthy.
    Arrival { batches: u32, tasks: u32, start: Duration, grace: Duration, checks: Duration },
    /// Until the old tasks of every batch are gone.
    Removal { batches: u32, drain: Duration, stop: Duration },
    /// For what goes slower than it should.
    Margin(Duration),
    /// What is missing to the least time that the tasks get.
    Floor { missing: Duration, floor: Duration },
    /// Pauses between steps of traffic.
    Steps(Duration),
    /// Both revisions run, or alarms are watched.
    Bake(Duration),
    /// Stated timeouts of lifecycle hooks.
    Hooks(Duration),
}

impl Part {
    /// What the API calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Configured(_) => "configured",
            Self::Launches { .. } => "launches",
            Self::Arrival { .. } => "arrival",
            Self::Removal { .. } => "removal",
            Self::Margin(_) => "margin",
            Self::Floor { .. } => "floor",
            Self::Steps(_) => "steps",
            Self::Bake(_) => "bake",
            Self::Hooks(_) => "hooks",
        }
    }

    pub fn duration(&self) -> Duration {
        match *self {
            Self::Configured(takes)
            | Self::Launches { takes, .. }
            | Self::Margin(takes)
            | Self::Floor { missing: takes, .. }
            | Self::Steps(takes)
            | Self::Bake(takes)
            | Self::Hooks(takes) => takes,
            Self::Arrival { batches, start, grace, checks, .. } => {
                start.saturating_add(grace).saturating_add(checks).saturating_mul(batches)
            }
            Self::Removal { batches, drain, stop } => {
                drain.saturating_add(stop).saturating_mul(batches)
            }
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Configured(_) => f.write_str("rollout_timeout of the policy"),
            Self::Launches { tasks, .. } => {
                write!(f, "{} at 500 a minute", count(*tasks, "task"))
            }
            Self::Arrival { batches, tasks, start, grace, checks } => {
                write!(f, "{}: {} to start", each(*batches, Some(*tasks)), Span(*start))?;
                if !grace.is_zero() {
                    write!(f, ", {} health check grace", Span(*grace))?;
                }
                write!(f, ", {} until healthy", Span(*checks))
            }
            Self::Removal { batches, drain, stop } => {
                write!(f, "{}: ", each(*batches, None))?;
                if !drain.is_zero() {
                    write!(f, "{} deregistration delay, ", Span(*drain))?;
                }
                write!(f, "{} to stop", Span(*stop))
            }
            Self::Margin(_) => f.write_str("a quarter more, at least 5m"),
            Self::Floor { floor, .. } => {
                write!(f, "tasks get {} at least: the circuit breaker may need it", Span(*floor))
            }
            Self::Steps(_) => f.write_str("pauses between steps of traffic"),
            Self::Bake(_) => f.write_str("bake time"),
            Self::Hooks(_) => f.write_str("stated timeouts of lifecycle hooks, stage by stage"),
        }
    }
}

fn each(batches: u32, tasks: Option<u32>) -> String {
    let of = tasks.map(|tasks| format!(" of {}", count(tasks, "task"))).unwrap_or_default();
    match batches {
        1 => format!("1 batch{of}"),
        many => format!("{many} batches{of}, each"),
    }
}
