//! What surrounds services, as others change it beside the API: alarms, quotas, subnets, and task
//! definitions.

use super::Simulator;

impl Simulator {
    /// Sets the state of a CloudWatch alarm: `OK`, `ALARM` or `INSUFFICIENT_DATA`. One that is not there is
    /// made, on a metric. Deployments that watch it are failed by `ALARM`.
    pub fn set_alarm_state(&self, name: &str, state: &str) {
        self.with_world(|world, now| {
            world.cloud_watch.set_alarm(name, state, now);
            world.ecs.ring(name, state == "ALARM", now);
        });
    }

    /// Adds a composite alarm, which is OK, e.g. with the rule `ALARM("a") OR ALARM("b")`, which nobody
    /// evaluates.
    pub fn add_composite_alarm(&self, name: &str, rule: &str) {
        self.with_world(|world, now| world.cloud_watch.add_composite(name, rule, now));
    }

    /// Somebody deletes a CloudWatch alarm, which services may still name.
    ///
    /// # Panics
    /// When there is no such alarm.
    pub fn delete_alarm(&self, name: &str) {
        let found = self.with_world(|world, now| {
            world.ecs.ring(name, false, now);
            world.cloud_watch.delete_alarm(name)
        });
        assert!(found, "the simulated account has no alarm {name}");
    }

    /// Says how many vCPUs the account uses on Fargate On-Demand, instead of those of the tasks that run.
    pub fn set_fargate_usage(&self, vcpus: f64) {
        self.with_world(|world, _| world.cloud_watch.set_usage(vcpus));
    }

    /// Sets how many vCPUs the account may use on Fargate On-Demand.
    pub fn set_fargate_quota(&self, vcpus: f64) {
        self.with_world(|world, _| world.service_quotas.on_demand = vcpus);
    }

    /// Sets how many vCPUs the account may use on Fargate Spot.
    pub fn set_fargate_spot_quota(&self, vcpus: f64) {
        self.with_world(|world, _| world.service_quotas.spot = vcpus);
    }

    /// Sets how many addresses of a subnet are free. One that no service names is there from then on, too.
    pub fn set_free_addresses(&self, subnet: &str, count: u32) {
        self.with_world(|world, _| world.ec2.set_free(subnet, count));
    }

    /// Somebody makes a task definition INACTIVE, named by its ARN or as `family:revision`.
    ///
    /// # Panics
    /// When there is no such task definition.
    pub fn deregister_task_definition(&self, reference: &str) {
        self.with_world(|world, _| world.ecs.deregister(reference))
            .unwrap_or_else(|error| panic!("{reference}: {}", error.message));
    }
}
