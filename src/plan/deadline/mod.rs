//! How long a rollout may take before it is given up, and how that comes about.
//!
//! With `rollout_timeout = "auto"` the service's own settings tell. Tasks are replaced in batches, each
//! of which has to arrive and what it replaces has to go:
//!
//! ```text
//! launches + batches × (arrival + removal) + margin, at least 30 minutes, + steps + bake + hooks
//! ```
//!
//! The sources are named at the constants and in [`tasks`]. It is the longest that a rollout takes that
//! goes well, rather than a forecast: giving up early calls a success a failure, and giving up late
//! costs no more than time. What could not be read is taken for AWS's default, and said to be so.

mod part;
mod tasks;
mod wants;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use part::Part;
pub(super) use tasks::parts as task_parts;
pub use wants::wants_of;

use super::fleet::{Description, ProblemClass};
use super::policy::RolloutTimeout;
use super::surroundings::Surroundings;
use crate::metrics::Label;

/// No computed time for the tasks is shorter. The circuit breaker needs 11 to 15 minutes to give up on a
/// service of one task (observed), as ECS waits longer and longer between launches that fail (Amazon ECS
/// developer guide, "Amazon ECS service throttle logic"), and what it says is better than a timeout.
const FLOOR: Duration = Duration::from_secs(30 * 60);

/// No deployment takes longer (Amazon ECS developer guide, "Amazon ECS blue/green deployments").
const DEPLOYMENT_MAX: Duration = Duration::from_secs(30 * 86_400);

/// How long a rollout may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// All parts together, and never more than ECS allows a deployment.
    pub total: Duration,
    /// Whether the tasks alone would have got less than the floor.
    pub floor_applied: bool,
    pub parts: Vec<Part>,
    /// What was taken for AWS's default.
    pub assumed: Vec<Assumed>,
}

/// Something that is not known of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumed {
    /// The percentages were not reported.
    Percents,
    TaskDefinition(Arc<str>, Unknown),
    TargetGroup(Arc<str>, Unknown),
}

/// Why something is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    NotRead,
    Failed(ProblemClass),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRead => f.write_str("not read yet"),
            Self::Failed(class) => write!(f, "could not be read: {}", class.label()),
        }
    }
}

impl fmt::Display for Assumed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percents => f.write_str("100 to 200 percent of the tasks (not reported)"),
            Self::TaskDefinition(arn, unknown) => write!(
                f,
                "30s to stop and no container health check (task definition {arn} {unknown})"
            ),
            Self::TargetGroup(arn, unknown) => write!(
                f,
                "5 health checks every 30s and 5m of draining (target group {arn} {unknown})"
            ),
        }
    }
}

/// How long a rollout of the service may take. Total: there are no numbers that it has no answer for.
pub fn deadline(
    timeout: RolloutTimeout,
    description: &Description,
    known: &Surroundings,
) -> Deadline {
    let mut assumed = Vec::new();
    let (mut parts, floor_applied) = match timeout {
        RolloutTimeout::Fixed(timeout) => (vec![Part::Configured(timeout)], false),
        RolloutTimeout::Auto => {
            let mut parts = tasks::parts(description, known, &mut assumed);
            let missing = FLOOR.saturating_sub(sum(&parts));
            let is_short = !missing.is_zero();
            parts.extend(is_short.then_some(Part::Floor { missing, floor: FLOOR }));
            (parts, is_short)
        }
    };
    if let Some(staging) = description.staging.as_deref() {
        let stages = [
            Part::Steps(staging.steps),
            Part::Bake(staging.bake),
            Part::Hooks(staging.hooks_take()),
        ];
        parts.extend(stages.into_iter().filter(|part| !part.duration().is_zero()));
    }
    Deadline { total: sum(&parts).min(DEPLOYMENT_MAX), floor_applied, parts, assumed }
}

fn sum(parts: &[Part]) -> Duration {
    parts.iter().map(Part::duration).fold(Duration::ZERO, Duration::saturating_add)
}
