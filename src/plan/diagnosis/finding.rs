//! The findings: what each is called, says, and advises.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::plan::words::{count, stage_in_words};

/// What a rollout seems to suffer from. Its text is a sentence for people, its
/// [label](Finding::label) a word for programs.
///
/// `said` is AWS's own text, on one line and bounded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Finding {
    /// The image, or the login to its registry, cannot be had.
    ImagePull { said: String },
    /// A secret or a parameter that the task definition names cannot be read.
    Secret { said: String },
    /// No address, or no network interface, is left for a task.
    NoIpAddress { said: String },
    /// The account's quota of Fargate is used up; nearly always that of vCPUs.
    VcpuQuota { said: String },
    /// Fargate has nothing to run it on; with `spot`, of Fargate Spot.
    NoCapacity { spot: bool, said: String },
    /// An essential container ended by itself.
    ContainerExit {
        container: Option<String>,
        exit_code: Option<i32>,
        /// What ECS says of the container.
        said: Option<String>,
    },
    /// Tasks fail the health checks of their containers.
    ContainerHealthCheck { said: String },
    /// Tasks fail the health checks of a target group, and why where that was said.
    LoadBalancerHealthCheck { why: Option<String>, said: String },
    /// The percentages of the service let ECS neither stop nor start a task.
    Percentages { minimum_healthy: u32, maximum: u32, desired: u32 },
    /// Old tasks are protected from being stopped, the last of them until then, where it is known.
    ProtectedTasks { tasks: Option<u32>, until: Option<Time> },
    /// A hook waits for a person until ECS acts by itself.
    PauseHook { stage: Option<Arc<str>>, expires_at: Option<Time> },
    /// ECS itself is held up by limits of the account, and goes on later.
    Throttled { said: String },
    /// Nothing of the above: what was said, if anything.
    Unknown { said: Vec<String> },
}

impl Finding {
    /// The finding in one word of lower case. It is what is stored as `kind`, too.
    pub fn label(&self) -> &'static str {
        match self {
            Self::ImagePull { .. } => "image_pull",
            Self::Secret { .. } => "secret",
            Self::NoIpAddress { .. } => "no_ip_address",
            Self::VcpuQuota { .. } => "vcpu_quota",
            Self::NoCapacity { .. } => "no_capacity",
            Self::ContainerExit { .. } => "container_exit",
            Self::ContainerHealthCheck { .. } => "container_health_check",
            Self::LoadBalancerHealthCheck { .. } => "load_balancer_health_check",
            Self::Percentages { .. } => "percentages",
            Self::ProtectedTasks { .. } => "protected_tasks",
            Self::PauseHook { .. } => "pause_hook",
            Self::Throttled { .. } => "throttled",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::ImagePull { .. } => {
                "check that the image and its tag still exist, that the task execution role may pull \
                 it, and that the subnets reach the registry"
            }
            Self::Secret { .. } => {
                "check that the secret or parameter still exists, that the task execution role may \
                 read and decrypt it, and that the subnets reach AWS Secrets Manager or Systems Manager"
            }
            Self::NoIpAddress { .. } => {
                "free addresses in the service's subnets or give it more of them: while its tasks are \
                 replaced it needs addresses for the old and the new ones"
            }
            Self::VcpuQuota { .. } => {
                "have the quota raised (Service Quotas, AWS Fargate): a rollout needs room for old and \
                 new tasks at once; or lower concurrency and max_tasks_in_flight"
            }
            Self::NoCapacity { spot: true, .. } => {
                "wait until there is Spot capacity again, add subnets in other zones, or give the \
                 service FARGATE beside FARGATE_SPOT in its capacity provider strategy"
            }
            Self::NoCapacity { spot: false, .. } => {
                "wait until there is capacity again, or add subnets in other zones"
            }
            Self::ContainerExit { exit_code: Some(137), .. } => {
                "the container was killed: give it more memory, or see in its logs what it did last"
            }
            Self::ContainerExit { .. } => {
                "see in the container's logs why it ended: the image behind its tag, a secret or what \
                 it depends on may have changed since the old tasks were started"
            }
            Self::ContainerHealthCheck { .. } => {
                "see in the container's logs why the health check of its task definition fails; slow \
                 starters need a longer startPeriod"
            }
            Self::LoadBalancerHealthCheck { .. } => {
                "compare path, port and success codes of the target group's health check with what the \
                 container answers; slow starters need healthCheckGracePeriodSeconds, and a timeout \
                 often is a security group"
            }
            Self::Percentages { .. } => {
                "raise maximumPercent or lower minimumHealthyPercent so that one task more may run, or \
                 one less"
            }
            Self::ProtectedTasks { .. } => {
                "wait, or have the application end the protection of its tasks: nobody else should"
            }
            Self::PauseHook { .. } => {
                "somebody has to look at it, and to answer with `aws ecs continue-service-deployment`"
            }
            Self::Throttled { .. } => {
                "ECS goes on by itself; if it happens often, lower concurrency or have the limits raised"
            }
            Self::Unknown { .. } => {
                "look at the events, the stopped tasks and the logs of the service"
            }
        }
    }

    /// The sentence without what AWS said.
    pub fn summary(&self) -> String {
        match self {
            Self::ImagePull { .. } => "its image cannot be pulled".to_owned(),
            Self::Secret { .. } => {
                "a secret or parameter of its task definition cannot be read".to_owned()
            }
            Self::NoIpAddress { .. } => "its subnets have no free IP address".to_owned(),
            Self::VcpuQuota { .. } => "the account's quota of Fargate vCPUs is used up".to_owned(),
            Self::NoCapacity { spot: true, .. } => {
                "there is no Fargate Spot capacity for its tasks".to_owned()
            }
            Self::NoCapacity { spot: false, .. } => {
                "there is no Fargate capacity for its tasks".to_owned()
            }
            Self::ContainerExit { container, exit_code, .. } => {
                let container = container
                    .as_ref()
                    .map_or("a container".to_owned(), |c| format!("container {c}"));
                match exit_code {
                    Some(code) => format!("{container} exits with code {code}"),
                    None => format!("{container} exits"),
                }
            }
            Self::ContainerHealthCheck { .. } => {
                "its tasks fail their container health checks".to_owned()
            }
            Self::LoadBalancerHealthCheck { why: Some(why), .. } => {
                format!("its tasks fail the health checks of the load balancer ({why})")
            }
            Self::LoadBalancerHealthCheck { why: None, .. } => {
                "its tasks fail the health checks of the load balancer".to_owned()
            }
            Self::Percentages { minimum_healthy, maximum, desired } => format!(
                "ECS may neither stop nor start a task: minimumHealthyPercent {minimum_healthy} and \
                 maximumPercent {maximum} of {} leave no room",
                count(*desired, "task")
            ),
            Self::ProtectedTasks { tasks, until } => protected(*tasks, *until),
            Self::PauseHook { stage, expires_at } => paused(stage.as_deref(), *expires_at),
            Self::Throttled { .. } => "ECS is throttled, and tries again later".to_owned(),
            Self::Unknown { said } if said.is_empty() => "nothing tells why".to_owned(),
            Self::Unknown { .. } => "it is not understood why".to_owned(),
        }
    }

    /// What AWS said, where the summary does not hold it.
    fn said(&self) -> Option<String> {
        match self {
            Self::ImagePull { said }
            | Self::Secret { said }
            | Self::NoIpAddress { said }
            | Self::VcpuQuota { said }
            | Self::NoCapacity { said, .. }
            | Self::ContainerHealthCheck { said }
            | Self::LoadBalancerHealthCheck { why: None, said }
            | Self::Throttled { said } => Some(said.clone()),
            Self::ContainerExit { said, .. } => said.clone(),
            Self::Unknown { said } => (!said.is_empty()).then(|| said.join(" | ")),
            Self::LoadBalancerHealthCheck { why: Some(_), .. }
            | Self::Percentages { .. }
            | Self::ProtectedTasks { .. }
            | Self::PauseHook { .. } => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        self.said().map_or(Ok(()), |said| write!(f, ": {said}"))
    }
}

fn protected(tasks: Option<u32>, until: Option<Time>) -> String {
    let tasks = tasks.map_or("old tasks".to_owned(), |tasks| count(tasks, "old task"));
    match until {
        Some(until) => format!("{tasks} protected until {}", until.format("%a %Y-%m-%d %H:%M UTC")),
        None => format!("{tasks} protected from being stopped"),
    }
}

fn paused(stage: Option<&str>, expires_at: Option<Time>) -> String {
    let mut text = "a pause hook waits for a person".to_owned();
    if let Some(stage) = stage {
        text.push_str(&format!(" at {}", stage_in_words(stage)));
    }
    if let Some(at) = expires_at {
        text.push_str(&format!(", until {}", at.format("%a %Y-%m-%d %H:%M UTC")));
    }
    text
}
