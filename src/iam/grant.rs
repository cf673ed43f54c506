//! The grants themselves.
//!
//! Resources and condition keys are those of the Service Authorization Reference. An operation for
//! which it names no resource is granted on `*`.

use super::feature::Feature;
use crate::aws::Operation;

/// One statement of a policy, before it is known for whom.
#[derive(Debug)]
pub struct Grant {
    pub feature: Feature,
    /// Its statement id: letters and digits, and no other grant has it.
    pub sid: &'static str,
    pub actions: &'static [Action],
    /// Patterns of ARNs with placeholders.
    pub resources: &'static [&'static str],
    pub condition: Option<Condition>,
    /// Whether it is needed even where nothing is to be changed.
    pub in_dry_run: bool,
    /// What it is for, and what there is without it.
    pub why: &'static str,
}

/// Something that is allowed.
#[derive(Clone, Copy, Debug)]
pub enum Action {
    /// What this program asks for.
    Of(Operation),
    /// What AWS asks for within such an operation, on its own.
    Within(&'static str),
}

impl Action {
    /// As IAM writes it.
    pub fn name(self) -> String {
        match self {
            Self::Of(operation) => operation.iam_action(),
            Self::Within(name) => name.to_owned(),
        }
    }
}

/// When a grant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// In the selected clusters: where the operation itself knows no resource.
    Clusters,
    /// About services with the tag that opts them in.
    Tagged,
    /// Of events that say that they are this program's: on a bus that others use too, none in the name
    /// of somebody else.
    OwnEvents,
}

/// The source of what is announced.
pub const EVENT_SOURCE: &str = "ecs-refresh";
const ANY: &[&str] = &["*"];
const CLUSTERS: &[&str] = &[CLUSTER];
const SERVICES: &[&str] = &["arn:${partition}:ecs:${region}:${account}:service/${clusters}/*"];
/// The pattern of the condition too.
pub const CLUSTER: &str = "arn:${partition}:ecs:${region}:${account}:cluster/${clusters}";
const TASKS: &[&str] = &["arn:${partition}:ecs:${region}:${account}:task/${clusters}/*"];
/// Tasks wherever a notice may say that they are.
const NOTICED_TASKS: &[&str] = &["arn:${partition}:ecs:${region}:${account}:task/${noticed}/*"];
const REFRESHED: &[&str] =
    &["arn:${partition}:ecs:${region}:${account}:service/${clusters}/${services}"];
const GROUPS: &[&str] = &["arn:${partition}:codedeploy:${region}:${account}:deploymentgroup:*"];
const APPLICATIONS: &[&str] = &["arn:${partition}:codedeploy:${region}:${account}:application:*"];
/// An image may be in another account's registry, and in that of another Region.
const REPOSITORIES: &[&str] = &["arn:${partition}:ecr:*:*:repository/*"];

const fn grant(
    feature: Feature,
    sid: &'static str,
    actions: &'static [Action],
    resources: &'static [&'static str],
    why: &'static str,
) -> Grant {
    Grant { feature, sid, actions, resources, condition: None, in_dry_run: true, why }
}

impl Grant {
    const fn when(mut self, condition: Condition) -> Self {
        self.condition = Some(condition);
        self
    }

    /// Of something that a dry run leaves alone.
    const fn acting(mut self) -> Self {
        self.in_dry_run = false;
        self
    }
}

use Action::{Of, Within};
use Operation as Op;

/// Every grant, by feature in the order of [`Feature::ALL`].
pub const GRANTS: &[Grant] = &[
    grant(
        Feature::Observe,
        "FindClusters",
        &[Of(Op::ListClusters)],
        ANY,
        "finds the clusters that patterns select, and tasks whose cluster a notice does not name; \
         knows no resources",
    ),
    grant(
        Feature::Observe,
        "SeeClusters",
        &[Of(Op::DescribeClusters)],
        CLUSTERS,
        "sees whether the clusters that are named are there",
    ),
    grant(
        Feature::Observe,
        "FindServicesAndTasks",
        &[Of(Op::ListServices), Of(Op::ListTasks)],
        ANY,
        "finds services and their tasks; knows no resources of Fargate, so the cluster is a condition",
    )
    .when(Condition::Clusters),
    grant(
        Feature::Observe,
        "SeeServices",
        &[Of(Op::DescribeServices), Of(Op::ListServiceDeployments)],
        SERVICES,
        "sees rollouts, counts and tags, and tells a rollback from somebody else's deployment",
    ),
    grant(
        Feature::Observe,
        "SeeStages",
        &[Of(Op::DescribeServiceDeployments)],
        &[
            "arn:${partition}:ecs:${region}:${account}:service/${clusters}/*",
            "arn:${partition}:ecs:${region}:${account}:service-deployment/${clusters}/*",
        ],
        "follows the stages of blue/green, linear and canary deployments; without it there is less to say",
    ),
    grant(
        Feature::Observe,
        "SeeTasks",
        &[Of(Op::DescribeTasks)],
        NOTICED_TASKS,
        "learns how old tasks are and what started them, and whose the tasks of a notice are, in \
         whatever cluster",
    ),
    grant(
        Feature::Observe,
        "SeeProtection",
        &[Of(Op::GetTaskProtection)],
        TASKS,
        "gives a rollout time whose old tasks are protected",
    ),
    grant(
        Feature::Observe,
        "ComputeTimes",
        &[
            Of(Op::DescribeTaskDefinition),
            Of(Op::DescribeTargetGroups),
            Of(Op::DescribeTargetGroupAttributes),
        ],
        ANY,
        "computes how long a rollout may take; without it AWS's defaults are assumed; knows no resources",
    ),
    grant(
        Feature::Refresh,
        "RefreshServices",
        &[Of(Op::UpdateService)],
        REFRESHED,
        "forces a new deployment and sends nothing else; IAM cannot say so, and allows to change counts \
         and task definitions too",
    )
    .acting(),
    grant(
        Feature::RefreshTagged,
        "RefreshTaggedServices",
        &[Of(Op::UpdateService)],
        REFRESHED,
        "forces a new deployment of services that have the tag, and sends nothing else",
    )
    .when(Condition::Tagged)
    .acting(),
    grant(
        Feature::Preflight,
        "CheckBefore",
        &[
            Of(Op::DescribeTargetHealth),
            Of(Op::DescribePullThroughCacheRules),
            Of(Op::DescribeAlarms),
            Of(Op::GetMetricData),
            Of(Op::GetServiceQuota),
            Of(Op::DescribeSubnets),
        ],
        ANY,
        "looks for what would make a refresh fail; names no resources, as some know none, and composite \
         alarms ask for all of them; each is optional: what may not be read is not checked",
    ),
    grant(
        Feature::Preflight,
        "CheckImages",
        &[Of(Op::DescribeImages), Of(Op::GetLifecyclePolicy)],
        REPOSITORIES,
        "sees whether the image is still there and stays, in any registry that allows it; optional: what \
         may not be read is not checked",
    ),
    grant(
        Feature::Rollback,
        "RollBack",
        &[Of(Op::StopServiceDeployment)],
        &[
            "arn:${partition}:ecs:${region}:${account}:service/${clusters}/${services}",
            "arn:${partition}:ecs:${region}:${account}:service-deployment/${clusters}/${services}/*",
        ],
        "rolls back a refresh that was given up, where on_failure = \"rollback\" says so",
    )
    .acting(),
    grant(
        Feature::CodeDeploy,
        "FindDeploymentGroups",
        &[Of(Op::ListApplications)],
        ANY,
        "finds the deployment group of a service that does not name its deployment; knows no resources",
    ),
    grant(
        Feature::CodeDeploy,
        "SeeApplications",
        &[Of(Op::ListDeploymentGroups), Of(Op::GetApplicationRevision)],
        APPLICATIONS,
        "reads the groups of an application and the AppSpec that was deployed last",
    ),
    grant(
        Feature::CodeDeploy,
        "SeeDeploymentGroups",
        &[
            Of(Op::BatchGetDeploymentGroups),
            Of(Op::GetDeploymentGroup),
            Of(Op::GetDeployment),
            Of(Op::ListDeployments),
        ],
        GROUPS,
        "follows a deployment, finds it again after a lost reply, and sees whether somebody deployed since",
    ),
    grant(
        Feature::CodeDeploy,
        "SeeDeploymentConfigurations",
        &[Of(Op::GetDeploymentConfig)],
        &["arn:${partition}:codedeploy:${region}:${account}:deploymentconfig:*"],
        "reads how traffic is moved; CodeDeploy asks for it too when it is given an AppSpec",
    ),
    grant(
        Feature::CodeDeploy,
        "DeployAgain",
        &[Of(Op::CreateDeployment)],
        GROUPS,
        "refreshes by a deployment of the revision that was deployed last",
    )
    .acting(),
    grant(
        Feature::CodeDeploy,
        "HandInRevisions",
        &[Within("codedeploy:RegisterApplicationRevision")],
        APPLICATIONS,
        "CodeDeploy asks for it when it is given an AppSpec",
    )
    .acting(),
    grant(
        Feature::Events,
        "ReadQueue",
        &[Of(Op::ReceiveMessage), Of(Op::DeleteMessageBatch)],
        &["${queue_arn}"],
        "receives notices and events, and deletes what was stored",
    )
    .acting(),
    grant(
        Feature::Health,
        "FindNotices",
        &[Of(Op::DescribeEvents)],
        ANY,
        "finds retirements; knows no resources",
    )
    .acting(),
    grant(
        Feature::Health,
        "ReadNotices",
        &[Of(Op::DescribeAffectedEntities)],
        &["arn:${partition}:health:*::event/ECS/*"],
        "reads which services and tasks a retirement is about",
    )
    .acting(),
    grant(
        Feature::Announce,
        "Announce",
        &[Of(Op::PutEvents)],
        &["${event_bus_arn}"],
        "tells the bus of beginnings and outcomes, holds and retirements, in its own name only",
    )
    .when(Condition::OwnEvents)
    .acting(),
    grant(
        Feature::StoreDynamoDb,
        "ReadLedger",
        &[
            Of(Op::DescribeTable),
            Of(Op::DescribeTimeToLive),
            Of(Op::GetItem),
            Of(Op::Query),
            Of(Op::Scan),
        ],
        &["${table_arn}"],
        "reads the ledger; enough for plan, retirements and history",
    ),
    grant(
        Feature::StoreDynamoDb,
        "WriteLedger",
        &[Of(Op::PutItem), Of(Op::DeleteItem)],
        &["${table_arn}"],
        "writes the ledger, and holds the lease",
    )
    .acting(),
];
