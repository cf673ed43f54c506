//! How long a refresh will take: what the last one took, and what the service's settings make of it.
//!
//! Where traffic shifts it counts until production traffic has moved: what follows disturbs nobody, and
//! takes no slot. A deadline is the longest that may be; this is what is likely. It has no margin, and
//! counts nothing that is waited for only when something goes wrong: neither slow starts, nor the grace
//! and the retries of health checks, nor hooks that wait for a person.

use std::fmt;
use std::time::Duration;

use super::{Subject, task_definition};
use crate::plan::deadline::{Assumed, Part, task_parts};
use crate::plan::fleet::{Controller, Description, Staging};
use crate::plan::surroundings::TargetGroup;
use crate::plan::words::Span;

/// From launching a task until its containers run, as a rule: a network interface, a place on Fargate
/// and an image of usual size. Nothing says how long it takes for this service before it was seen.
const START: Duration = Duration::from_secs(2 * 60);

/// A container that has come up is healthy with the first check that passes: one interval and one timeout
/// of AWS's defaults (Amazon ECS API reference, HealthCheck).
const FIRST_CHECK: Duration = Duration::from_secs(35);

/// How long it takes, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Estimate {
    pub takes: Duration,
    basis: Basis,
    /// Only until production traffic has moved.
    until_moved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Basis {
    /// It was proven that the last one took so long.
    LastRefresh,
    /// Its settings, with the tasks replaced in so many batches.
    Settings { batches: u32 },
}

impl Estimate {
    /// Whether tasks are known to be replaced in several batches, one after the other.
    pub fn is_batched(&self) -> bool {
        matches!(self.basis, Basis::Settings { batches } if batches > 1)
    }

    /// The same beside another that counts.
    pub fn beside_another(&self) -> String {
        match self.basis {
            Basis::LastRefresh => format!("the last one took {}", Span(self.takes)),
            Basis::Settings { .. } => format!("it might take {self}"),
        }
    }
}

/// What the last proven refresh took.
pub(super) fn of_last(subject: &Subject<'_>) -> Option<Estimate> {
    let until_moved = subject.description.shifts_traffic();
    subject.took.map(|takes| Estimate { takes, basis: Basis::LastRefresh, until_moved })
}

/// What its settings make of it, and what of them had to be assumed.
pub(super) fn of_settings(subject: &Subject<'_>) -> (Estimate, Vec<Assumed>) {
    let description = subject.description;
    let until_moved = description.shifts_traffic();
    let mut assumed = Vec::new();
    let parts = task_parts(description, subject.known, &mut assumed);
    let arrives = parts.iter().find_map(|part| match part {
        Part::Arrival { batches, .. } => Some(*batches),
        _ => None,
    });
    let stages = description.staging.as_deref().map(|staging| stages(staging, until_moved));
    let shift = shift(subject, description);
    let takes = parts
        .iter()
        .map(|part| counted(subject, part, until_moved))
        .chain(stages)
        .chain(shift)
        .fold(Duration::ZERO, Duration::saturating_add);
    let basis = Basis::Settings { batches: arrives.unwrap_or(1) };
    (Estimate { takes, basis, until_moved }, assumed)
}

/// How much of a part of a deadline is waited for where everything goes well.
fn counted(subject: &Subject<'_>, part: &Part, until_moved: bool) -> Duration {
    match *part {
        Part::Arrival { batches, start, checks, .. } => {
            let likely = likely_checks(subject).unwrap_or(checks).min(checks);
            start.min(START).saturating_add(likely).saturating_mul(batches)
        }
        Part::Removal { .. } if until_moved => Duration::ZERO,
        Part::Margin(_) | Part::Floor { .. } => Duration::ZERO,
        Part::Removal { .. }
        | Part::Launches { .. }
        | Part::Configured(_)
        | Part::Steps(_)
        | Part::Bake(_)
        | Part::Hooks(_) => part.duration(),
    }
}

/// How long the checks take that a new task has to pass; `None` where there are none. One check comes after
/// the other: whichever is slowest is waited for.
fn likely_checks(subject: &Subject<'_>) -> Option<Duration> {
    let groups = subject.description.target_groups.iter().map(|named| {
        let known = subject.known.target_groups.get(named);
        let group = known.and_then(|known| known.value.as_ref().ok());
        group.map_or_else(|| TargetGroup::default().until_healthy(), TargetGroup::until_healthy)
    });
    let container = task_definition::value(subject)
        .filter(|definition| definition.health_check.is_some())
        .map(|definition| definition.start_period.saturating_add(FIRST_CHECK));
    groups.max().max(container)
}

fn stages(staging: &Staging, until_moved: bool) -> Duration {
    let bake = if until_moved { Duration::ZERO } else { staging.bake };
    let hooks = staging.hooks.iter().filter(|hook| !hook.pauses).map(|hook| {
        let stages = u32::try_from(hook.stages.len().max(1)).unwrap_or(u32::MAX);
        hook.timeout.saturating_mul(stages)
    });
    hooks.fold(bake.saturating_add(staging.steps), Duration::saturating_add)
}

/// How long traffic takes to move where CodeDeploy moves it, as far as that was read.
fn shift(subject: &Subject<'_>, description: &Description) -> Option<Duration> {
    let deployed = description.controller == Controller::CodeDeploy;
    let primary = description.primary().filter(|_| deployed)?;
    let known = subject.known.code_deploy_group(&subject.service.key, &primary.id)?;
    known.value.as_ref().ok().map(|group| group.shift)
}

/// `about 20m, as the last one did`.
impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let takes = Span(self.takes);
        match self.basis {
            Basis::LastRefresh => write!(f, "about {takes}, as the last one did")?,
            Basis::Settings { batches: 1 } => write!(f, "about {takes} by its settings")?,
            Basis::Settings { batches } => {
                write!(f, "about {takes} by its settings, in {batches} batches")?;
            }
        }
        f.write_str(if self.until_moved { ", until production traffic has moved" } else { "" })
    }
}
