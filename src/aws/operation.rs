//! The calls that are made of Amazon ECS.

use super::budget::Category;

/// An operation of the Amazon ECS API. There is no other that this program sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    ListClusters,
    DescribeClusters,
    ListServices,
    DescribeServices,
    ListTasks,
    DescribeTasks,
    ListServiceDeployments,
    UpdateService,
}

impl Operation {
    /// Every operation, so that all metric series exist from the first scrape.
    pub const ALL: &'static [Self] = &[
        Self::ListClusters,
        Self::DescribeClusters,
        Self::ListServices,
        Self::DescribeServices,
        Self::ListTasks,
        Self::DescribeTasks,
        Self::ListServiceDeployments,
        Self::UpdateService,
    ];

    /// The name as the API and IAM write it: the IAM action is `ecs:` and this.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListClusters => "ListClusters",
            Self::DescribeClusters => "DescribeClusters",
            Self::ListServices => "ListServices",
            Self::DescribeServices => "DescribeServices",
            Self::ListTasks => "ListTasks",
            Self::DescribeTasks => "DescribeTasks",
            Self::ListServiceDeployments => "ListServiceDeployments",
            Self::UpdateService => "UpdateService",
        }
    }

    /// The token bucket that AWS takes the call from (Amazon ECS API reference, Request throttling).
    pub fn category(self) -> Category {
        match self {
            Self::ListClusters | Self::DescribeClusters => Category::ClusterRead,
            Self::ListServices | Self::DescribeServices => Category::ServiceRead,
            Self::ListTasks | Self::DescribeTasks => Category::ClusterResourceRead,
            Self::ListServiceDeployments => Category::ServiceDeployment,
            Self::UpdateService => Category::ServiceModify,
        }
    }
}
