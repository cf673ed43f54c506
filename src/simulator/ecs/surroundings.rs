//! What other services see of ECS: subnets that services name, alarms that they watch, and what of Fargate
//! is in use.

use super::Ecs;
use super::service::{Service, ServiceStatus};
use super::spec::Launch;
use super::task::{Phase, Task};
use crate::simulator::moment::Moment;

/// A vCPU has this many of the units of a task definition.
const UNITS_PER_VCPU: f64 = 1024.0;

impl Ecs {
    /// The subnets of all services that are not INACTIVE; some more than once.
    pub(crate) fn subnets(&self) -> impl Iterator<Item = &str> {
        let there = self.services.iter().filter(|s| s.status != ServiceStatus::Inactive);
        there.flat_map(|service| service.spec.subnets.iter().map(String::as_str))
    }

    /// The vCPUs of all tasks on Fargate that have not stopped yet, on its spare capacity or not.
    pub(crate) fn fargate_vcpus(&self, spot: bool) -> f64 {
        let on_fargate = |service: &&Service| service.spec.launch.of_tasks() == "FARGATE";
        let services = self.services.iter().filter(on_fargate).filter(|s| is_spot(s) == spot);
        let tasks = services.flat_map(|service| service.tasks.values());
        let units = |task: &Task| u64::from(task.revision.workload.cpu_units);
        let sum: u64 = tasks.filter(|task| task.phase < Phase::Stopped).map(units).sum();
        sum as f64 / UNITS_PER_VCPU
    }

    /// Tells all services that name an alarm whether it is in ALARM.
    pub(crate) fn ring(&mut self, alarm: &str, rings: bool, now: Moment) {
        for index in 0..self.services.len() {
            let alarms = self.services[index].spec.alarms.as_ref();
            if alarms.is_none_or(|alarms| !alarms.names.iter().any(|name| name == alarm)) {
                continue;
            }
            self.change(index, now, |service| match rings {
                true => drop(service.ringing.insert(alarm.to_owned())),
                false => drop(service.ringing.remove(alarm)),
            });
        }
    }
}

/// Tasks go to the first of several capacity providers.
fn is_spot(service: &Service) -> bool {
    match &service.spec.launch {
        Launch::CapacityProviders(names) => names.first().is_some_and(|n| n == "FARGATE_SPOT"),
        Launch::Type(_) => false,
    }
}
