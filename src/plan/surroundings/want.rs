//! What may be asked for, and how long an answer is good.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{FAILED_KEPT, ImageId, Market, Repository};
use crate::plan::fleet::{DeploymentId, TaskId};
use crate::plan::key::ServiceKey;

/// Something that the plan wants to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// A task definition by its full ARN. One revision never changes but in its status.
    TaskDefinition(Arc<str>),
    /// A target group by its ARN.
    TargetGroup(Arc<str>),
    /// Where CodeDeploy deploys a service, told by a deployment that made its PRIMARY task set.
    CodeDeployGroup(ServiceKey, DeploymentId),
    /// An image of the account's own registry.
    Image(ImageId),
    /// The lifecycle policy of a repository.
    Lifecycle(Repository),
    /// Which repositories Amazon ECR fills from elsewhere.
    PullThrough,
    /// How the targets of a target group stand, by its ARN.
    TargetHealth(Arc<str>),
    /// A CloudWatch alarm by its name.
    Alarm(Arc<str>),
    /// How many vCPUs Fargate gives, and how many are in use.
    FargateQuota(Market),
    /// A subnet by its id.
    Subnet(Arc<str>),
    /// Which of these tasks of a service are protected from being stopped.
    Protection(ServiceKey, Arc<[TaskId]>),
}

/// What something is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// A service that is due within days.
    Ahead,
    /// A refresh that is about to start.
    Start,
}

impl Want {
    /// How long it is believed that a group of CodeDeploy has a deployment under way.
    pub(super) const BUSY_KEPT: TimeDelta = TimeDelta::minutes(1);

    /// How long an answer is good.
    ///
    /// What may change at any moment is read again right before a start. Days ahead, what costs a call
    /// for each service is read rarely; images are read after every look (see the report),
    /// as what became of them must not wait, and cost a call for each repository.
    pub fn kept(&self, tier: Tier) -> TimeDelta {
        let (ahead, start) = match self {
            Self::TaskDefinition(_) => (TimeDelta::MAX, TimeDelta::hours(24)),
            Self::TargetGroup(_) => (TimeDelta::hours(24), TimeDelta::hours(1)),
            Self::CodeDeployGroup(..) => (TimeDelta::hours(1), TimeDelta::hours(1)),
            Self::Image(_) => (TimeDelta::minutes(5), TimeDelta::minutes(1)),
            Self::Lifecycle(_) | Self::PullThrough => (TimeDelta::hours(6), TimeDelta::hours(6)),
            Self::TargetHealth(_) => (TimeDelta::hours(1), TimeDelta::minutes(1)),
            Self::Alarm(_) => (TimeDelta::minutes(1), TimeDelta::seconds(15)),
            Self::FargateQuota(_) => (TimeDelta::minutes(30), TimeDelta::minutes(5)),
            Self::Subnet(_) => (TimeDelta::minutes(15), TimeDelta::minutes(1)),
            Self::Protection(..) => (TimeDelta::MAX, TimeDelta::minutes(1)),
        };
        match tier {
            Tier::Ahead => ahead,
            Tier::Start => start,
        }
    }

    /// After how long it is asked for again when it could not be read. What a start waits for is asked for
    /// soon: an alarm that CloudWatch did not tell of once holds everything.
    pub(super) fn failed_kept(&self) -> TimeDelta {
        match self {
            Self::Alarm(_) => TimeDelta::minutes(1),
            Self::Image(_) | Self::Subnet(_) | Self::TargetHealth(_) | Self::Protection(..) => {
                TimeDelta::minutes(5)
            }
            _ => FAILED_KEPT,
        }
    }
}
