//! How the deployments of a service go, beside its percentages: builders of its description.

use std::time::Duration;

use super::configuration::{Alarms, Breaker, Canary, Cleanup, EarlySuccess, Linear, Threshold};
use super::spec::ServiceSpec;
use super::staged::Hook;

impl ServiceSpec {
    /// Sets the deployment circuit breaker.
    pub fn circuit_breaker(mut self, enable: bool, rollback: bool) -> Self {
        let before = self.breaker.unwrap_or(Breaker::new(enable, rollback));
        self.breaker = Some(Breaker { enable, rollback, ..before });
        self
    }

    /// Sets how many failures the circuit breaker, which it enables, lets pass.
    pub fn breaker_threshold(mut self, threshold: Threshold) -> Self {
        let breaker = self.breaker.get_or_insert(Breaker::new(true, true));
        breaker.threshold = Some(threshold);
        self
    }

    /// Sets whether a healthy task resets the failures that the circuit breaker counts.
    pub fn reset_on_healthy_task(mut self, reset: bool) -> Self {
        let breaker = self.breaker.get_or_insert(Breaker::new(true, true));
        breaker.reset_on_healthy_task = Some(reset);
        self
    }

    /// Sets `deploymentConfiguration.strategy` to any text. `BLUE_GREEN`, `LINEAR` and `CANARY`
    /// shift traffic; every other one rolls.
    pub fn strategy(mut self, strategy: &str) -> Self {
        self.strategy = Some(strategy.to_owned());
        self
    }

    /// Shifts traffic in steps of this percentage, each but the last followed by a bake time.
    pub fn linear(mut self, step_percent: f64, bake_minutes: u32) -> Self {
        self.linear = Some(Linear { percent: step_percent, bake_minutes });
        self.strategy("LINEAR")
    }

    /// Shifts this percentage of traffic, and after a bake time the rest.
    pub fn canary(mut self, percent: f64, bake_minutes: u32) -> Self {
        self.canary = Some(Canary { percent, bake_minutes });
        self.strategy("CANARY")
    }

    /// Sets `bakeTimeInMinutes`: how long both revisions run after all traffic has shifted, or
    /// how long a rolling deployment with alarms waits for them.
    pub fn bake_minutes(mut self, minutes: u32) -> Self {
        self.bake_minutes = Some(minutes);
        self
    }

    /// Adds a lifecycle hook, which only deployments that shift traffic call.
    pub fn hook(mut self, hook: Hook) -> Self {
        self.hooks.push(hook);
        self
    }

    /// Lets these CloudWatch alarms fail deployments.
    pub fn alarms(mut self, names: &[&str], rollback: bool) -> Self {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        self.alarms = Some(Alarms { names, enable: true, rollback });
        self
    }

    /// Lets rolling deployments succeed when this percentage of the desired count is healthy.
    pub fn early_success(mut self, healthy_percent: u32, cleanup: Cleanup) -> Self {
        self.early_success = Some(EarlySuccess { healthy_percent, cleanup });
        self
    }

    /// Lets rollbacks of deployments that shift traffic fail on their way.
    pub fn rollback_fails(mut self, fails: bool) -> Self {
        self.rollback_fails = fails;
        self
    }

    /// Lets deployments stay PENDING for this long, in which nothing is started.
    pub fn pending_for(mut self, time: Duration) -> Self {
        self.pending_for = time;
        self
    }

    /// How long a stage takes at least in which nothing is waited for; ten seconds by default.
    pub fn stage_time(mut self, time: Duration) -> Self {
        self.stage_time = time;
        self
    }

    /// Gives the service a target group, also without a deregistration delay.
    pub fn load_balancer(mut self) -> Self {
        self.load_balanced = true;
        self
    }

    /// Sets what the target group says about its health checks: how often they are made, and how many
    /// have to succeed. When a task is found healthy is another matter.
    pub fn health_checks(mut self, interval: Duration, healthy_threshold: u32) -> Self {
        self.health_check_interval = interval;
        self.healthy_threshold = healthy_threshold;
        self
    }

    /// Sets how many health checks have to fail, as the target group says it.
    pub fn unhealthy_threshold(mut self, count: u32) -> Self {
        self.unhealthy_threshold = count;
        self
    }

    /// Sets for how long the target group sends a new target less than its share, as it says.
    pub fn slow_start(mut self, time: Duration) -> Self {
        self.slow_start = time;
        self
    }

    /// Sets `healthCheckGracePeriodSeconds`: no task is found unhealthy before.
    pub fn health_check_grace(mut self, period: Duration) -> Self {
        self.health_check_grace = Some(period);
        self
    }

    /// The names of the alarms that it watches.
    pub(crate) fn alarm_names(&self) -> impl Iterator<Item = &String> {
        self.alarms.iter().flat_map(|alarms| &alarms.names)
    }

    /// Whether deployments shift traffic from one set of tasks to another.
    pub(crate) fn shifts_traffic(&self) -> bool {
        matches!(self.strategy.as_deref(), Some("BLUE_GREEN" | "LINEAR" | "CANARY"))
            && self.controller.as_deref().is_none_or(|kind| kind == "ECS")
    }
}
