//! How long replacing a service's tasks takes.

use std::sync::Arc;
use std::time::Duration;

use super::{Assumed, Part, Unknown, sum};
use crate::plan::fleet::{Description, Percents};
use crate::plan::surroundings::{Known, Surroundings, TargetGroup, TaskDefinition};

/// From launching a task until its containers run. Nothing says how long pulling its image takes, which
/// Fargate does anew for every task; large images take minutes.
const START: Duration = Duration::from_secs(5 * 60);

/// A task that nothing checks counts as healthy so long after it runs (Amazon ECS API reference,
/// DeploymentConfiguration, minimumHealthyPercent).
const UNCHECKED: Duration = Duration::from_secs(40);

/// ECS launches no more tasks of one service on Fargate in a minute (Amazon ECS endpoints and quotas,
/// "Rate of tasks launched by a service on AWS Fargate"). Fargate itself launches 20 a second (Amazon ECS
/// developer guide, "AWS Fargate throttling quotas"), which is more.
const LAUNCHES_PER_MINUTE: u32 = 500;

/// So many tasks are launched at once without waiting (Amazon ECS developer guide, "AWS Fargate
/// throttling quotas").
const LAUNCHED_AT_ONCE: u32 = 100;

/// No more of `healthCheckGracePeriodSeconds` counts. Some set it to its maximum, which is 68 years.
const GRACE_MAX: Duration = Duration::from_secs(2 * 3_600);

const MARGIN_MIN: Duration = Duration::from_secs(5 * 60);

/// The parts of it, margin included. What is not known is named in `assumed`.
pub fn parts(
    description: &Description,
    known: &Surroundings,
    assumed: &mut Vec<Assumed>,
) -> Vec<Part> {
    let desired = description.desired_count;
    let definition = task_definition(description, known, assumed);
    let groups = target_groups(description, known, assumed);
    let (batches, tasks) = batches(description, assumed);
    // One check after the other: whichever is slowest is waited for.
    let container = definition.health_check;
    let balancer = groups.iter().map(TargetGroup::until_healthy).max();
    let checks = container.max(balancer);
    let grace = Duration::from_secs(description.health_check_grace_seconds.into());
    let grace = if checks.is_some() { grace.min(GRACE_MAX) } else { Duration::ZERO };
    let drain = groups.iter().map(|group| group.deregistration_delay).max();
    let launches = (desired > LAUNCHED_AT_ONCE).then(|| Part::Launches {
        tasks: desired,
        takes: Duration::from_secs(60).saturating_mul(desired) / LAUNCHES_PER_MINUTE,
    });
    let checks = checks.unwrap_or(UNCHECKED);
    let arrival = Part::Arrival { batches, tasks, start: START, grace, checks };
    let stop = definition.stop_timeout;
    let removal = Part::Removal { batches, drain: drain.unwrap_or_default(), stop };
    let mut parts: Vec<Part> = launches.into_iter().chain([arrival, removal]).collect();
    parts.push(Part::Margin((sum(&parts) / 4).max(MARGIN_MIN)));
    parts
}

/// In how many batches tasks are replaced, and of how many tasks. Where the percentages let nothing
/// move, no time would be enough.
fn batches(description: &Description, assumed: &mut Vec<Assumed>) -> (u32, u32) {
    let desired = description.desired_count;
    if description.shifts_traffic() {
        return (1, desired);
    }
    let percents = description.percents.unwrap_or_else(|| {
        assumed.push(Assumed::Percents);
        Percents::DEFAULT
    });
    match percents.batch(desired) {
        0 => (1, desired),
        batch => (desired.div_ceil(batch), batch),
    }
}

fn task_definition(
    description: &Description,
    known: &Surroundings,
    assumed: &mut Vec<Assumed>,
) -> TaskDefinition {
    let Some(primary) = description.primary() else { return TaskDefinition::default() };
    let arn = &primary.task_definition;
    value_of(known.task_definitions.get(arn))
        .inspect_err(|unknown| assumed.push(Assumed::TaskDefinition(arn.clone(), *unknown)))
        .unwrap_or_default()
}

fn target_groups(
    description: &Description,
    known: &Surroundings,
    assumed: &mut Vec<Assumed>,
) -> Vec<TargetGroup> {
    let mut one = |arn: &Arc<str>| {
        value_of(known.target_groups.get(arn))
            .inspect_err(|unknown| assumed.push(Assumed::TargetGroup(arn.clone(), *unknown)))
            .unwrap_or_default()
    };
    description.target_groups.iter().map(&mut one).collect()
}

fn value_of<T: Clone>(known: Option<&Known<T>>) -> Result<T, Unknown> {
    let known = known.ok_or(Unknown::NotRead)?;
    known.value.clone().map_err(|problem| Unknown::Failed(problem.class))
}
