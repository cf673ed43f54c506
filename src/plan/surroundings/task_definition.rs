//! A task definition, as far as a refresh depends on it.

use std::time::Duration;

/// One revision, as DescribeTaskDefinition tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Whether its status is ACTIVE.
    pub active: bool,
    /// How long its containers may take to stop, from the first SIGTERM to the last SIGKILL.
    pub stop_timeout: Duration,
    /// The longest that a container may take to become healthy whose health ECS waits for; absent where
    /// none has a health check.
    pub health_check: Option<Duration>,
}

/// What AWS takes for a definition that says nothing (Amazon ECS API reference, ContainerDefinition).
impl Default for TaskDefinition {
    fn default() -> Self {
        Self { active: true, stop_timeout: Self::STOP_TIMEOUT, health_check: None }
    }
}

impl TaskDefinition {
    /// `stopTimeout` of a container on Fargate that does not say it.
    pub const STOP_TIMEOUT: Duration = Duration::from_secs(30);
}
