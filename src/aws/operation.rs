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
    UpdateService,
    ReceiveMessage,
    DeleteMessageBatch,
    DescribeEvents,
    DescribeAffectedEntities,
    PutEvents,
}

/// Whose operation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Api {
    Ecs,
    Sqs,
    Health,
    EventBridge,
}

impl Api {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ecs => "ECS",
            Self::Sqs => "SQS",
            Self::Health => "AWS Health",
            Self::EventBridge => "EventBridge",
        }
    }

    /// What its IAM actions begin with.
    fn iam_prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Sqs => "sqs",
            Self::Health => "health",
            Self::EventBridge => "events",
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
        Self::UpdateService,
        Self::ReceiveMessage,
        Self::DeleteMessageBatch,
        Self::DescribeEvents,
        Self::DescribeAffectedEntities,
        Self::PutEvents,
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
            Self::UpdateService => "UpdateService",
            Self::ReceiveMessage => "ReceiveMessage",
            Self::DeleteMessageBatch => "DeleteMessageBatch",
            Self::DescribeEvents => "DescribeEvents",
            Self::DescribeAffectedEntities => "DescribeAffectedEntities",
            Self::PutEvents => "PutEvents",
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
            | Self::UpdateService => Api::Ecs,
            Self::ReceiveMessage | Self::DeleteMessageBatch => Api::Sqs,
            Self::DescribeEvents | Self::DescribeAffectedEntities => Api::Health,
            Self::PutEvents => Api::EventBridge,
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

    /// The token bucket that ECS takes the call from (Amazon ECS API reference, Request throttling).
    /// Other APIs are called so rarely that nothing has to be saved.
    pub fn category(self) -> Option<Category> {
        match self {
            Self::ListClusters | Self::DescribeClusters => Some(Category::ClusterRead),
            Self::ListServices | Self::DescribeServices => Some(Category::ServiceRead),
            Self::ListTasks | Self::DescribeTasks => Some(Category::ClusterResourceRead),
            Self::ListServiceDeployments | Self::DescribeServiceDeployments => {
                Some(Category::ServiceDeployment)
            }
            Self::GetTaskProtection => Some(Category::TaskProtection),
            Self::UpdateService => Some(Category::ServiceModify),
            Self::ReceiveMessage
            | Self::DeleteMessageBatch
            | Self::DescribeEvents
            | Self::DescribeAffectedEntities
            | Self::PutEvents => None,
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
            (Operation::ReceiveMessage, "sqs:ReceiveMessage"),
            (Operation::DeleteMessageBatch, "sqs:DeleteMessage"),
            (Operation::DescribeEvents, "health:DescribeEvents"),
            (Operation::PutEvents, "events:PutEvents"),
        ] {
            assert_eq!(operation.iam_action(), action);
        }
    }

    #[test]
    fn the_calls_of_ecs_and_no_others_have_a_token_bucket() {
        for operation in Operation::ALL {
            assert_eq!(
                operation.category().is_some(),
                operation.api() == Api::Ecs,
                "{operation:?}"
            );
        }
    }
}
