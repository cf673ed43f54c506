//! A target group, as far as the time of a rollout depends on it.

use std::time::Duration;

/// What DescribeTargetGroups and DescribeTargetGroupAttributes tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetGroup {
    pub health_check_interval: Duration,
    /// So many checks have to succeed before a new target gets traffic.
    pub healthy_threshold: u32,
    /// So many checks have to fail before a target gets no traffic any more, and ECS replaces its task.
    pub unhealthy_threshold: u32,
    /// How long a target is drained before it counts as removed.
    pub deregistration_delay: Duration,
    /// How long a new target gets less than its share of the traffic. Zero: it gets all of it at once.
    pub slow_start: Duration,
}

impl TargetGroup {
    /// How long a target that answers its checks takes to be healthy.
    pub fn until_healthy(&self) -> Duration {
        self.health_check_interval.saturating_mul(self.healthy_threshold)
    }

    /// How long a target that answers none of its checks is let alone.
    pub fn until_unhealthy(&self) -> Duration {
        self.health_check_interval.saturating_mul(self.unhealthy_threshold)
    }
}

/// Elastic Load Balancing's own defaults (API reference, CreateTargetGroup and TargetGroupAttribute).
impl Default for TargetGroup {
    fn default() -> Self {
        Self {
            health_check_interval: Duration::from_secs(30),
            healthy_threshold: 5,
            unhealthy_threshold: 2,
            deregistration_delay: Duration::from_secs(300),
            slow_start: Duration::ZERO,
        }
    }
}
