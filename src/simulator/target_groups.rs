//! Target groups, as their owner sees and changes them beside the API.
//!
//! All methods panic when there is no such service, or it has no target group: the scenario that calls
//! them is wrong, and should hear of it where it is.

use std::time::Duration;

use super::Simulator;

impl Simulator {
    /// The ARN of a service's target group.
    ///
    /// # Panics
    /// When the service is not there or has none.
    pub fn target_group(&self, cluster: &str, service: &str) -> String {
        self.on_service(cluster, service, |ecs, at, _| ecs.target_group(at))
            .unwrap_or_else(|| panic!("{cluster}/{service} has no target group"))
    }

    /// Somebody sets how long targets are drained, from the next one on.
    ///
    /// # Panics
    /// When there is no such service.
    pub fn set_deregistration_delay(&self, cluster: &str, service: &str, delay: Duration) {
        self.on_service(cluster, service, |ecs, at, now| {
            ecs.change(at, now, |service| service.spec.deregistration_delay = delay);
        });
    }

    /// Somebody deletes the target group that a service still names.
    ///
    /// # Panics
    /// When the service is not there or has none.
    pub fn delete_target_group(&self, cluster: &str, service: &str) {
        let arn = self.target_group(cluster, service);
        self.with_world(|world, _| world.elbv2.delete(&arn));
    }

    /// The health checks of so many targets of a group that are healthy now fail from now on, and those of
    /// all others succeed. Amazon ECS does not act on it: it is the moment before.
    ///
    /// # Panics
    /// When there is no such group, or it has too few healthy targets.
    pub fn set_targets_unhealthy(&self, arn: &str, count: usize) {
        let found = self.with_world(|world, _| world.elbv2.set_unhealthy(arn, count, &world.ecs));
        assert_eq!(found, Some(count), "the healthy targets of {arn}");
    }
}
