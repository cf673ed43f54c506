//! The features that permissions are granted for.

use super::document::Document;
use crate::aws::Operation;

/// Something that a configuration may ask for and that AWS then has to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// Seeing clusters, services, tasks and rollouts. Nothing works without it.
    Observe,
    /// Refreshing services.
    Refresh,
    /// Refreshing services that have a certain tag, and no others.
    RefreshTagged,
    /// Looking before a refresh for what would make it fail.
    Preflight,
    /// Rolling back what was given up.
    Rollback,
    /// Services that AWS CodeDeploy deploys.
    CodeDeploy,
    /// Retirement notices and events from a queue.
    Events,
    /// Retirement notices from the AWS Health API.
    Health,
    /// Telling an event bus what became of refreshes.
    Announce,
    /// The ledger in a table.
    StoreDynamoDb,
}

impl Feature {
    /// Every feature, in the order in which a policy lists them.
    pub const ALL: &'static [Self] = &[
        Self::Observe,
        Self::Refresh,
        Self::RefreshTagged,
        Self::Preflight,
        Self::Rollback,
        Self::CodeDeploy,
        Self::Events,
        Self::Health,
        Self::Announce,
        Self::StoreDynamoDb,
    ];

    /// Its name, which its file in `deploy/iam` has too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Refresh => "refresh",
            Self::RefreshTagged => "refresh-tagged",
            Self::Preflight => "preflight",
            Self::Rollback => "rollback",
            Self::CodeDeploy => "code-deploy",
            Self::Events => "events",
            Self::Health => "health",
            Self::Announce => "announce",
            Self::StoreDynamoDb => "store-dynamodb",
        }
    }

    /// The feature that an operation is for. One that can be refreshing belongs to [`Self::Refresh`].
    pub fn of(operation: Operation) -> Self {
        match operation {
            Operation::ListClusters
            | Operation::DescribeClusters
            | Operation::ListServices
            | Operation::DescribeServices
            | Operation::ListTasks
            | Operation::DescribeTasks
            | Operation::ListServiceDeployments
            | Operation::DescribeServiceDeployments
            | Operation::GetTaskProtection
            | Operation::DescribeTaskDefinition
            | Operation::DescribeTargetGroups
            | Operation::DescribeTargetGroupAttributes => Self::Observe,
            Operation::UpdateService => Self::Refresh,
            Operation::StopServiceDeployment => Self::Rollback,
            Operation::ReceiveMessage | Operation::DeleteMessageBatch => Self::Events,
            Operation::DescribeEvents | Operation::DescribeAffectedEntities => Self::Health,
            Operation::PutEvents => Self::Announce,
            Operation::GetItem
            | Operation::PutItem
            | Operation::DeleteItem
            | Operation::Query
            | Operation::Scan
            | Operation::DescribeTable
            | Operation::DescribeTimeToLive => Self::StoreDynamoDb,
            Operation::GetDeployment
            | Operation::GetDeploymentGroup
            | Operation::GetDeploymentConfig
            | Operation::GetApplicationRevision
            | Operation::ListApplications
            | Operation::ListDeploymentGroups
            | Operation::BatchGetDeploymentGroups
            | Operation::ListDeployments
            | Operation::CreateDeployment => Self::CodeDeploy,
            Operation::DescribeTargetHealth
            | Operation::DescribeImages
            | Operation::GetLifecyclePolicy
            | Operation::DescribePullThroughCacheRules
            | Operation::DescribeAlarms
            | Operation::GetMetricData
            | Operation::GetServiceQuota
            | Operation::DescribeSubnets => Self::Preflight,
        }
    }

    /// Its policy, with placeholders such as `${account}` and `${clusters}` for what only a deployment
    /// knows.
    pub fn template(self) -> Document {
        Document::template(self)
    }
}
