//! The calls that are made of AWS.

use super::budget::Category;

/// An operation of an AWS API. There is no other that this program sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    ListClusters,
    DescribeClusters,
    ListServices,
    DescribeServices,
    ListTasks,
    DescribeTasks,
    ListServiceDeployments,
    DescribeServiceDeployments,
    GetTaskProtection,
    DescribeTaskDefinition,
    UpdateService,
    StopServiceDeployment,
    ReceiveMessage,
    DeleteMessageBatch,
    DescribeEvents,
    DescribeAffectedEntities,
    PutEvents,
    DescribeTargetGroups,
    DescribeTargetGroupAttributes,
    GetItem,
    PutItem,
    DeleteItem,
    Query,
    Scan,
    DescribeTable,
    DescribeTimeToLive,
    GetDeployment,
    GetDeploymentGroup,
    GetDeploymentConfig,
    GetApplicationRevision,
    ListApplications,
    ListDeploymentGroups,
    BatchGetDeploymentGroups,
    ListDeployments,
    CreateDeployment,
    DescribeTargetHealth,
    DescribeImages,
    GetLifecyclePolicy,
    DescribePullThroughCacheRules,
    DescribeAlarms,
    GetMetricData,
    GetServiceQuota,
    DescribeSubnets,
}

/// Whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    Ecs,
    Sqs,
    Health,
    EventBridge,
    ElasticLoadBalancing,
    DynamoDb,
    CodeDeploy,
    Ecr,
    CloudWatch,
    ServiceQuotas,
    Ec2,
}

impl Api {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::Sqs => "SQS",
            Self::Health => "AWS Health",
            Self::EventBridge => "EventBridge",
            Self::ElasticLoadBalancing => "Elastic Load Balancing",
            Self::DynamoDb => "DynamoDB",
            Self::CodeDeploy => "CodeDeploy",
            Self::Ecr => "ECR",
            Self::CloudWatch => "CloudWatch",
            Self::ServiceQuotas => "Service Quotas",
            Self::Ec2 => "EC2",
        }
    }

    /// What its IAM actions begin with.
    fn iam_prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Sqs => "sqs",
            Self::Health => "health",
            Self::EventBridge => "events",
            Self::ElasticLoadBalancing => "elasticloadbalancing",
            Self::DynamoDb => "dynamodb",
            Self::CodeDeploy => "codedeploy",
            Self::Ecr => "ecr",
            Self::CloudWatch => "cloudwatch",
            Self::ServiceQuotas => "servicequotas",
            Self::Ec2 => "ec2",
        }
    }
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
        Self::DescribeServiceDeployments,
        Self::GetTaskProtection,
        Self::DescribeTaskDefinition,
        Self::UpdateService,
        Self::StopServiceDeployment,
        Self::ReceiveMessage,
        Self::DeleteMessageBatch,
        Self::DescribeEvents,
        Self::DescribeAffectedEntities,
        Self::PutEvents,
        Self::DescribeTargetGroups,
        Self::DescribeTargetGroupAttributes,
        Self::GetItem,
        Self::PutItem,
        Self::DeleteItem,
        Self::Query,
        Self::Scan,
        Self::DescribeTable,
        Self::DescribeTimeToLive,
        Self::GetDeployment,
        Self::GetDeploymentGroup,
        Self::GetDeploymentConfig,
        Self::GetApplicationRevision,
        Self::ListApplications,
        Self::ListDeploymentGroups,
        Self::BatchGetDeploymentGroups,
        Self::ListDeployments,
        Self::CreateDeployment,
        Self::DescribeTargetHealth,
        Self::DescribeImages,
        Self::GetLifecyclePolicy,
        Self::DescribePullThroughCacheRules,
        Self::DescribeAlarms,
        Self::GetMetricData,
        Self::GetServiceQuota,
        Self::DescribeSubnets,
    ];

    /// The name as the API writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ListClusters => "ListClusters",
            Self::DescribeClusters => "DescribeClusters",
            Self::ListServices => "ListServices",
            Self::DescribeServices => "DescribeServices",
            Self::ListTasks => "ListTasks",
            Self::DescribeTasks => "DescribeTasks",
            Self::ListServiceDeployments => "ListServiceDeployments",
            Self::DescribeServiceDeployments => "DescribeServiceDeployments",
            Self::GetTaskProtection => "GetTaskProtection",
            Self::DescribeTaskDefinition => "DescribeTaskDefinition",
            Self::UpdateService => "UpdateService",
            Self::StopServiceDeployment => "StopServiceDeployment",
            Self::ReceiveMessage => "ReceiveMessage",
            Self::DeleteMessageBatch => "DeleteMessageBatch",
            Self::DescribeEvents => "DescribeEvents",
            Self::DescribeAffectedEntities => "DescribeAffectedEntities",
            Self::PutEvents => "PutEvents",
            Self::DescribeTargetGroups => "DescribeTargetGroups",
            Self::DescribeTargetGroupAttributes => "DescribeTargetGroupAttributes",
            Self::GetItem => "GetItem",
            Self::PutItem => "PutItem",
            Self::DeleteItem => "DeleteItem",
            Self::Query => "Query",
            Self::Scan => "Scan",
            Self::DescribeTable => "DescribeTable",
            Self::DescribeTimeToLive => "DescribeTimeToLive",
            Self::GetDeployment => "GetDeployment",
            Self::GetDeploymentGroup => "GetDeploymentGroup",
            Self::GetDeploymentConfig => "GetDeploymentConfig",
            Self::GetApplicationRevision => "GetApplicationRevision",
            Self::ListApplications => "ListApplications",
            Self::ListDeploymentGroups => "ListDeploymentGroups",
            Self::BatchGetDeploymentGroups => "BatchGetDeploymentGroups",
            Self::ListDeployments => "ListDeployments",
            Self::CreateDeployment => "CreateDeployment",
            Self::DescribeTargetHealth => "DescribeTargetHealth",
            Self::DescribeImages => "DescribeImages",
            Self::GetLifecyclePolicy => "GetLifecyclePolicy",
            Self::DescribePullThroughCacheRules => "DescribePullThroughCacheRules",
            Self::DescribeAlarms => "DescribeAlarms",
            Self::GetMetricData => "GetMetricData",
            Self::GetServiceQuota => "GetServiceQuota",
            Self::DescribeSubnets => "DescribeSubnets",
        }
    }

    /// Whose operation it is.
    pub fn api(self) -> Api {
        match self {
            Self::ListClusters
            | Self::DescribeClusters
            | Self::ListServices
            | Self::DescribeServices
            | Self::ListTasks
            | Self::DescribeTasks
            | Self::ListServiceDeployments
            | Self::DescribeServiceDeployments
            | Self::GetTaskProtection
            | Self::DescribeTaskDefinition
            | Self::UpdateService
            | Self::StopServiceDeployment => Api::Ecs,
            Self::ReceiveMessage | Self::DeleteMessageBatch => Api::Sqs,
            Self::DescribeEvents | Self::DescribeAffectedEntities => Api::Health,
            Self::PutEvents => Api::EventBridge,
            Self::DescribeTargetGroups
            | Self::DescribeTargetGroupAttributes
            | Self::DescribeTargetHealth => Api::ElasticLoadBalancing,
            Self::GetItem
            | Self::PutItem
            | Self::DeleteItem
            | Self::Query
            | Self::Scan
            | Self::DescribeTable
            | Self::DescribeTimeToLive => Api::DynamoDb,
            Self::GetDeployment
            | Self::GetDeploymentGroup
            | Self::GetDeploymentConfig
            | Self::GetApplicationRevision
            | Self::ListApplications
            | Self::ListDeploymentGroups
            | Self::BatchGetDeploymentGroups
            | Self::ListDeployments
            | Self::CreateDeployment => Api::CodeDeploy,
            Self::DescribeImages
            | Self::GetLifecyclePolicy
            | Self::DescribePullThroughCacheRules => Api::Ecr,
            Self::DescribeAlarms | Self::GetMetricData => Api::CloudWatch,
            Self::GetServiceQuota => Api::ServiceQuotas,
            Self::DescribeSubnets => Api::Ec2,
        }
    }

    /// The IAM action that allows it. Amazon SQS has none for its batches: the action of the single
    /// operation allows them (Service Authorization Reference, Amazon SQS).
    pub fn iam_action(self) -> String {
        let action = match self {
            Self::DeleteMessageBatch => "DeleteMessage",
            _ => self.name(),
        };
        format!("{}:{action}", self.api().iam_prefix())
    }

    /// The token bucket that AWS takes the call from (Amazon ECS API reference and Elastic Load Balancing
    /// user guide, Request throttling; Amazon ECR states none
    /// for what is read here). Other APIs are called so rarely that nothing has to be saved.
    pub fn category(self) -> Option<Category> {
        match self {
            Self::ListClusters | Self::DescribeClusters => Some(Category::ClusterRead),
            Self::ListServices | Self::DescribeServices => Some(Category::ServiceRead),
            Self::ListTasks | Self::DescribeTasks => Some(Category::ClusterResourceRead),
            Self::ListServiceDeployments | Self::DescribeServiceDeployments => {
                Some(Category::ServiceDeployment)
            }
            Self::GetTaskProtection => Some(Category::TaskProtection),
            Self::DescribeTaskDefinition => Some(Category::TaskDefinitionRead),
            Self::DescribeTargetGroups
            | Self::DescribeTargetGroupAttributes
            | Self::DescribeTargetHealth => Some(Category::LoadBalancingRead),
            // AWS's table does not name it. It changes a service, and so it is charged to the
            // smallest bucket that it can belong to.
            Self::UpdateService | Self::StopServiceDeployment => Some(Category::ServiceModify),
            Self::ReceiveMessage
            | Self::DeleteMessageBatch
            | Self::DescribeEvents
            | Self::DescribeAffectedEntities
            | Self::PutEvents
            | Self::GetItem
            | Self::PutItem
            | Self::DeleteItem
            | Self::Query
            | Self::Scan
            | Self::DescribeTable
            | Self::DescribeTimeToLive => None,
            Self::GetDeployment
            | Self::GetDeploymentGroup
            | Self::GetDeploymentConfig
            | Self::GetApplicationRevision
            | Self::ListApplications
            | Self::ListDeploymentGroups
            | Self::BatchGetDeploymentGroups
            | Self::ListDeployments
            | Self::CreateDeployment => None,
            Self::DescribeImages
            | Self::GetLifecyclePolicy
            | Self::DescribePullThroughCacheRules => Some(Category::ImageRead),
            Self::DescribeAlarms
            | Self::GetMetricData
            | Self::GetServiceQuota
            | Self::DescribeSubnets => None,
        }
    }

    /// Whether the answer is held back until there is something to say: how long that takes tells
    /// nothing of AWS.
    pub fn is_long_poll(self) -> bool {
        self == Self::ReceiveMessage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_names_the_iam_action_that_allows_it() {
        for (operation, action) in [
            (Operation::UpdateService, "ecs:UpdateService"),
            (Operation::StopServiceDeployment, "ecs:StopServiceDeployment"),
            (Operation::ReceiveMessage, "sqs:ReceiveMessage"),
            (Operation::DeleteMessageBatch, "sqs:DeleteMessage"),
            (Operation::DescribeEvents, "health:DescribeEvents"),
            (Operation::PutEvents, "events:PutEvents"),
            (Operation::DescribeTargetGroups, "elasticloadbalancing:DescribeTargetGroups"),
            (Operation::DescribeTimeToLive, "dynamodb:DescribeTimeToLive"),
            (Operation::CreateDeployment, "codedeploy:CreateDeployment"),
            (Operation::DescribeImages, "ecr:DescribeImages"),
            (Operation::GetMetricData, "cloudwatch:GetMetricData"),
            (Operation::GetServiceQuota, "servicequotas:GetServiceQuota"),
            (Operation::DescribeSubnets, "ec2:DescribeSubnets"),
        ] {
            assert_eq!(operation.iam_action(), action);
        }
    }

    #[test]
    fn the_calls_of_ecs_load_balancing_and_ecr_and_no_others_have_a_token_bucket() {
        for operation in Operation::ALL {
            assert_eq!(
                operation.category().is_some(),
                matches!(operation.api(), Api::Ecs | Api::ElasticLoadBalancing | Api::Ecr),
                "{operation:?}"
            );
        }
    }
}
