//! The target groups of services, as the load balancer knows them.

use std::time::Duration;

use super::Ecs;
use super::service::{Service, ServiceStatus};
use super::task::{Phase, Task};
use crate::simulator::elbv2;

/// A target group, and what is registered in it.
#[derive(Debug)]
pub(crate) struct Balanced {
    pub(crate) arn: String,
    pub(crate) health_check_interval: Duration,
    pub(crate) healthy_threshold: u32,
    pub(crate) unhealthy_threshold: u32,
    pub(crate) slow_start: Duration,
    pub(crate) deregistration_delay: Duration,
    /// The tasks, by their ids.
    pub(crate) targets: Vec<(u128, TargetState)>,
}

/// How a target stands with the load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TargetState {
    Initial,
    Healthy,
    Unhealthy,
    Draining,
}

impl Balanced {
    /// `TargetGroupName`.
    pub(crate) fn name(&self) -> &str {
        self.arn.split('/').nth(1).unwrap_or_default()
    }

    fn of(service: &Service, arn: String, targets: Vec<(u128, TargetState)>) -> Self {
        let spec = &service.spec;
        Balanced {
            arn,
            health_check_interval: spec.health_check_interval,
            healthy_threshold: spec.healthy_threshold,
            unhealthy_threshold: spec.unhealthy_threshold,
            slow_start: spec.slow_start,
            deregistration_delay: spec.deregistration_delay,
            targets,
        }
    }
}

impl Ecs {
    /// Every target group. All tasks are shown in the first group of a service: which ones are in the
    /// second while traffic shifts is not simulated.
    pub(crate) fn target_groups(&self) -> impl Iterator<Item = Balanced> {
        let there = self.services.iter().filter(|s| s.status != ServiceStatus::Inactive);
        there.flat_map(|service| {
            let first = service.target_group.as_ref();
            let second = first.filter(|_| service.spec.shifts_traffic());
            let second =
                second.map(|arn| Balanced::of(service, elbv2::alternate_of(arn), Vec::new()));
            let targets = || {
                let tasks = service.tasks.values();
                tasks.filter_map(|task| Some((task.id, state(task)?))).collect()
            };
            let first = first.map(|arn| Balanced::of(service, arn.clone(), targets()));
            first.into_iter().chain(second)
        })
    }
}

fn state(task: &Task) -> Option<TargetState> {
    match task.phase {
        Phase::Running if task.healthy => Some(TargetState::Healthy),
        Phase::Running => Some(TargetState::Initial),
        Phase::Deactivating => Some(TargetState::Draining),
        _ => None,
    }
}
