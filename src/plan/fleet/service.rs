//! One service as DescribeServices tells of it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    CodeDeployProgress, Movement, Percents, PostMortem, Progress, Staging, StoppedTasks, Tasks,
};
use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::evidence::Images;
use crate::plan::key::ServiceKey;

/// Everything known about one service. Parts that were never read are absent.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Which service this is.
    pub key: ServiceKey,
    /// The last good answer of DescribeServices.
    pub description: Option<Description>,
    /// The last listing of its tasks.
    pub tasks: Option<Tasks>,
    /// How many tasks it should have had when they were listed, as far as was known then.
    pub desired_when_listed: Option<u32>,
    /// When a listing first showed that running tasks had been replaced without a deployment, since
    /// the stopped tasks were last asked for.
    pub replaced_at: Option<Time>,
    /// Tasks that stopped lately, as last asked for.
    pub stopped: Option<StoppedTasks>,
    /// Where its service deployment stands, as last asked for.
    pub progress: Option<Progress>,
    /// How far its rollout got, while there is one.
    pub movement: Option<Box<Movement>>,
    /// Where its deployment by CodeDeploy stands, as last asked for.
    pub code_deploy: Option<Box<CodeDeployProgress>>,
    /// Evidence that was gathered because a refresh did not go well.
    pub post_mortem: Option<PostMortem>,
    /// What the newest of its running tasks runs, as of the last listing.
    pub running: Option<Running>,
    /// Why the newest attempt to read this service failed; absent when it succeeded.
    pub problem: Option<Problem>,
}

impl Service {
    /// A service of which only the name is known.
    pub fn new(key: ServiceKey) -> Self {
        Self {
            key,
            description: None,
            tasks: None,
            desired_when_listed: None,
            replaced_at: None,
            stopped: None,
            progress: None,
            movement: None,
            code_deploy: None,
            post_mortem: None,
            running: None,
            problem: None,
        }
    }
}

/// What a task runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Running {
    /// When the task was created.
    pub created_at: Time,
    /// Shared by all tasks that run the same.
    pub images: Arc<Images>,
}

/// An answer of DescribeServices about one service.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// When the call was sent: what is said here was true then or later.
    pub described_at: Time,
    /// The service's full ARN, long or short form.
    pub arn: Arc<str>,
    pub launch: Launch,
    pub controller: Controller,
    pub strategy: Strategy,
    /// Whether some of its tasks are to run on Fargate Spot.
    pub spot: bool,
    /// What makes a rollout more than replacing tasks. Absent for most services, of which there may
    /// be thousands.
    pub staging: Option<Box<Staging>>,
    /// Between which percentages a rolling deployment moves; absent where ECS does not say.
    pub percents: Option<Percents>,
    /// How long failed health checks of a new task are ignored.
    pub health_check_grace_seconds: u32,
    /// The target groups of Elastic Load Balancing that its tasks are registered in, those included
    /// that traffic shifts to.
    pub target_groups: Box<[Arc<str>]>,
    /// The subnets that its tasks may get their addresses in.
    pub subnets: Box<[Arc<str>]>,
    pub desired_count: u32,
    pub running_count: u32,
    pub pending_count: u32,
    /// The platform version of the PRIMARY task set, where CodeDeploy makes task sets.
    pub platform_version: Option<Arc<str>>,
    /// In the order in which they came, which AWS does not promise. Where CodeDeploy makes task sets,
    /// each of them under the id of the deployment that made it.
    pub deployments: Vec<Deployment>,
    /// Whether ECS rolls back by itself when a deployment fails (circuit breaker or alarms).
    pub rolls_back: bool,
    /// The service's tags.
    pub tags: BTreeMap<String, String>,
    /// The ARN of the service deployment under way or last made, where ECS reports it.
    pub current_service_deployment: Option<Arc<str>>,
}

impl Description {
    /// The newest deployment. Selected by its status: the order is not promised.
    pub fn primary(&self) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.primary)
    }

    /// The deployment that was made last.
    pub fn newest(&self) -> Option<&Deployment> {
        self.deployments.iter().max_by_key(|deployment| deployment.created_at)
    }

    /// Whether all new tasks come before any old one goes, and traffic moves in between. There the
    /// percentages mean nothing.
    pub fn shifts_traffic(&self) -> bool {
        self.controller == Controller::CodeDeploy
            || matches!(self.strategy, Strategy::BlueGreen | Strategy::Linear | Strategy::Canary)
    }

    /// The deployment with this id, if it is still listed.
    pub fn deployment(&self, id: &DeploymentId) -> Option<&Deployment> {
        self.deployments.iter().find(|deployment| deployment.id == *id)
    }
}

/// The id of an ECS deployment, `ecs-svc/<digits>`; the tasks that it launches carry it as
/// `startedBy`. Or the id of a deployment of CodeDeploy, `d-…`, which tasks do not carry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeploymentId(Arc<str>);

impl DeploymentId {
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One entry of `deployments[]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Deployment {
    pub id: DeploymentId,
    /// Whether its status is PRIMARY; every other status, known or not, is a deployment on its way
    /// out.
    pub primary: bool,
    pub rollout: RolloutState,
    pub task_definition: Arc<str>,
    pub created_at: Option<Time>,
    pub updated_at: Option<Time>,
    pub desired_count: u32,
    pub running_count: u32,
    pub pending_count: u32,
    pub failed_tasks: u32,
}

/// `rolloutState` of a deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RolloutState {
    /// ECS reports none, as behind a Classic Load Balancer.
    Absent,
    InProgress,
    Completed,
    Failed,
    /// A value that this version does not know: never success.
    Unknown(Arc<str>),
}

/// Where the service's tasks run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launch {
    /// Launch type FARGATE, or capacity providers that are all Fargate's.
    Fargate,
    /// EC2, external instances or managed instances: not ours.
    Elsewhere,
    /// Neither a launch type nor a strategy was reported: the cluster's default strategy of the
    /// time when the service was made applies, and only its tasks tell.
    Unstated,
}

/// `deploymentController.type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Controller {
    /// ECS, or absent as on services from before the field existed.
    Ecs,
    CodeDeploy,
    External,
    Unknown(Arc<str>),
}

/// `deploymentConfiguration.strategy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// ROLLING, or absent.
    Rolling,
    BlueGreen,
    Linear,
    Canary,
    Unknown(Arc<str>),
}

/// Why something could not be read or done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The operation that failed, such as `DescribeServices`.
    pub operation: String,
    pub class: ProblemClass,
    /// What AWS said, bounded and without request identifiers or credentials.
    pub message: String,
    pub at: Time,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.message)
    }
}

/// What kind of failure a call met. It is the metric label and decides what is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProblemClass {
    /// The identity may not do this.
    Denied,
    /// No credentials, or expired or unknown ones.
    Credentials,
    /// AWS asked us to slow down.
    Throttled,
    /// The cluster, the service, the queue or the table is not there.
    NotFound,
    /// AWS understood the request and refuses it.
    Invalid,
    /// AWS failed, or answered something that is not its protocol.
    Server,
    /// No answer came in time.
    Timeout,
    /// The endpoint could not be reached.
    Network,
}

impl ProblemClass {
    /// Whether the answer proves that a mutating call changed nothing.
    pub fn proves_nothing_happened(self) -> bool {
        match self {
            Self::Denied | Self::Credentials | Self::Throttled | Self::NotFound | Self::Invalid => {
                true
            }
            Self::Server | Self::Timeout | Self::Network => false,
        }
    }
}

impl Label for ProblemClass {
    const ALL: &'static [Self] = &[
        Self::Denied,
        Self::Credentials,
        Self::Throttled,
        Self::NotFound,
        Self::Invalid,
        Self::Server,
        Self::Timeout,
        Self::Network,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::Throttled => "throttled",
            Self::NotFound => "not_found",
            Self::Invalid => "invalid",
            Self::Server => "server",
            Self::Timeout => "timeout",
            Self::Network => "network",
        }
    }
}
