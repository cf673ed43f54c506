//! A task definition, as far as a refresh depends on it.

use std::sync::Arc;
use std::time::Duration;

/// One revision, as DescribeTaskDefinition tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDefinition {
    /// Whether its status is ACTIVE.
    pub active: bool,
    /// How long its containers may take to stop, from the first SIGTERM to the last SIGKILL.
    pub stop_timeout: Duration,
    /// The longest `stopTimeout` of one of them, as it is written.
    pub stop_timeout_max: Duration,
    /// The longest that a container may take to become healthy whose health ECS waits for; absent where
    /// none has a health check.
    pub health_check: Option<Duration>,
    /// The longest `startPeriod` of its health checks: how long its owner says that it takes to come up.
    pub start_period: Duration,
    /// `cpu` of the task, in 1,024ths of a vCPU.
    pub cpu_units: Option<u32>,
    /// `runtimePlatform.cpuArchitecture`.
    pub architecture: Option<Arc<str>>,
    pub containers: Box<[ContainerImage]>,
}

/// What a container is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerImage {
    pub name: Arc<str>,
    /// The reference, as written.
    pub image: Arc<str>,
    /// Whether ECS resolves its tag once per deployment (`versionConsistency`), and pulls the digest for
    /// every task of it.
    pub pinned: bool,
}

/// What AWS takes for a definition that says nothing (Amazon ECS API reference, ContainerDefinition).
impl Default for TaskDefinition {
    fn default() -> Self {
        Self {
            active: true,
            stop_timeout: Self::STOP_TIMEOUT,
            stop_timeout_max: Self::STOP_TIMEOUT,
            health_check: None,
            start_period: Duration::ZERO,
            cpu_units: None,
            architecture: None,
            containers: Box::default(),
        }
    }
}

impl TaskDefinition {
    /// `stopTimeout` of a container on Fargate that does not say it.
    pub const STOP_TIMEOUT: Duration = Duration::from_secs(30);
}
