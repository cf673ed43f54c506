//! Old tasks are given the time that they need to go, and new ones to come.
//!
//! Elastic Load Balancing sends a task no new requests and lets the others end within the deregistration
//! delay; only then ECS stops it. A new task has its grace, and then as many checks as the target group
//! lets fail (Amazon ECS developer guide, "Optimize load balancer connection draining parameters").
//!
//! So the delay and the stop timeout follow each other and need not be of a length: requests have ended or
//! were cut off before containers are told to stop. What they have left to do then has the stop timeout,
//! and on Fargate never more than two minutes.

use std::collections::BTreeSet;
use std::time::Duration;

use super::unread::known;
use super::worst::worst;
use super::{Found, Name, Subject, arn, fits_window, task_definition};
use crate::plan::fleet::Percents;
use crate::plan::surroundings::{TargetGroup, TaskDefinition, Want};
use crate::plan::words::Span;

/// The default of Elastic Load Balancing. Longer ones are waited for with every batch of a rollout.
const DELAY_USUAL: Duration = Duration::from_secs(300);

/// Fargate waits for no container longer (Amazon ECS API reference, ContainerDefinition, stopTimeout).
const STOP_MAX: Duration = Duration::from_secs(120);

/// A target group that takes longer to find a new task healthy is slow: it is what Elastic Load Balancing's
/// own defaults make of it, five checks every 30 seconds, of which nobody needs to be warned.
const CHECKS_USUAL: Duration = Duration::from_secs(150);

/// A grace that is longer hides tasks that never come up.
const GRACE_USUAL: Duration = Duration::from_secs(2 * 3_600);

pub(super) fn find(subject: &Subject<'_>) -> Found {
    let description = subject.description;
    if description.target_groups.is_empty() {
        return Found::fine("it is in no target group");
    }
    let definition = task_definition::value(subject);
    let mut found: Vec<Found> = Vec::new();
    for named in &description.target_groups {
        let what = format!("target group {}", arn::target_group(named));
        match known(subject.known.target_groups.get(named), &what) {
            Ok(group) => {
                found.extend(removal(subject, group, definition, &what));
                found.extend(arrival(subject, group, definition, &what));
                found.extend(slow_start(subject, group, &what));
                found.push(Found::fine(format!(
                    "{what} lets requests end within {} and new tasks come up within {}",
                    Span(group.deregistration_delay),
                    Span(patience(subject, group)),
                )));
            }
            Err(unread) => found.push(unread),
        }
    }
    found.extend(definition.and_then(cut_off));
    found.extend(endless_grace(subject));
    worst(found, subject.action(Name::Drain))
}

/// What is wrong with how old tasks go.
fn removal(
    subject: &Subject<'_>,
    group: &TargetGroup,
    definition: Option<&TaskDefinition>,
    what: &str,
) -> Option<Found> {
    let delay = group.deregistration_delay;
    if delay.is_zero() {
        let stop = definition.map_or(TaskDefinition::STOP_TIMEOUT, |known| known.stop_timeout);
        return Some(
            Found::notable(format!(
                "{what} cuts off requests under way: its deregistration delay is 0s, and \
                 containers have {} to stop",
                Span(stop)
            ))
            .hint("set the deregistration delay to as long as the longest request takes"),
        );
    }
    let batches = batches(subject);
    let all = delay.saturating_mul(batches);
    // Where traffic shifts, what drains has none any more and disturbs nobody.
    let rolls = !subject.description.shifts_traffic();
    let longest = rolls.then(|| fits_window::longest_short_of(subject, all)).flatten();
    (delay > DELAY_USUAL || longest.is_some()).then(|| {
        let all = match batches {
            1 => String::new(),
            _ => format!(", {} for {batches} batches", Span(all)),
        };
        let longer = longest.map(|longest| {
            format!(", which is longer than any window within a year: {}", Span(longest))
        });
        Found::notable(format!(
            "{what} keeps every old task for a deregistration delay of {}{all}{}",
            Span(delay),
            longer.unwrap_or_default()
        ))
        .hint("set the deregistration delay to as long as the longest request takes")
    })
}

/// Containers that are promised more time to stop than they get.
fn cut_off(definition: &TaskDefinition) -> Option<Found> {
    let stop = definition.stop_timeout_max;
    (stop > STOP_MAX).then(|| {
        Found::notable(format!(
            "a container has {} to stop by its stopTimeout, and Fargate kills it after {}",
            Span(stop),
            Span(STOP_MAX)
        ))
        .hint("let containers stop within 120 seconds, or protect tasks that are at work")
    })
}

/// What is wrong with how new tasks come.
fn arrival(
    subject: &Subject<'_>,
    group: &TargetGroup,
    definition: Option<&TaskDefinition>,
    what: &str,
) -> Option<Found> {
    let patience = patience(subject, group);
    // The owner says how long they take to come up.
    if let Some(start) = definition.map(|known| known.start_period).filter(|s| *s > patience) {
        let grace = start.saturating_sub(group.until_unhealthy());
        return Some(
            Found::notable(format!(
                "new tasks may take {} to come up by their startPeriod, and {what} gives them up \
                 after {}: {} of grace, and {} failed checks",
                Span(start),
                Span(patience),
                Span(grace_of(subject)),
                group.unhealthy_threshold,
            ))
            .hint(format!("set healthCheckGracePeriodSeconds to {} or more", grace.as_secs())),
        );
    }
    // A start period that is stated and fits has shown that they need no grace.
    let has_word = definition.is_some_and(|known| !known.start_period.is_zero());
    let checks = group.until_healthy();
    let is_bare = grace_of(subject).is_zero() && !has_word && checks > CHECKS_USUAL;
    is_bare.then(|| {
        Found::notable(format!(
            "new tasks have no grace: {what} takes {} to find one healthy, and may give up one that \
             is still starting after {}",
            Span(checks),
            Span(group.until_unhealthy()),
        ))
        .hint("set healthCheckGracePeriodSeconds to as long as a task takes to come up")
    })
}

/// Old tasks that have to carry the traffic of new ones for a while.
fn slow_start(subject: &Subject<'_>, group: &TargetGroup, what: &str) -> Option<Found> {
    let in_batches = batches(subject) > 1;
    (!group.slow_start.is_zero() && in_batches).then(|| {
        Found::notable(format!(
            "{what} gives new tasks their share of requests over {}, and the old ones that are left \
             have to carry the rest",
            Span(group.slow_start)
        ))
        .hint("a maximum percent of 200 replaces all tasks in one batch")
    })
}

fn endless_grace(subject: &Subject<'_>) -> Option<Found> {
    let grace = grace_of(subject);
    (grace > GRACE_USUAL).then(|| {
        Found::notable(format!(
            "failed health checks of new tasks are ignored for {}, so that ones that never come up \
             are not seen",
            Span(grace)
        ))
        .hint("set healthCheckGracePeriodSeconds to as long as a task takes to come up")
    })
}

/// How long a new task that answers no check is let alone.
fn patience(subject: &Subject<'_>, group: &TargetGroup) -> Duration {
    grace_of(subject).saturating_add(group.until_unhealthy())
}

fn grace_of(subject: &Subject<'_>) -> Duration {
    Duration::from_secs(subject.description.health_check_grace_seconds.into())
}

/// In how many batches tasks are replaced.
fn batches(subject: &Subject<'_>) -> u32 {
    let description = subject.description;
    let desired = description.desired_count;
    let batch = description.percents.unwrap_or(Percents::DEFAULT).batch(desired);
    match batch {
        _ if description.shifts_traffic() => 1,
        0 => 1,
        batch => desired.div_ceil(batch),
    }
}

pub(super) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    let groups = &subject.description.target_groups;
    wants.extend(groups.iter().cloned().map(Want::TargetGroup));
    let definition = task_definition::named(subject).filter(|_| !groups.is_empty());
    wants.extend(definition.cloned().map(Want::TaskDefinition));
}
