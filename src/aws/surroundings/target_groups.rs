//! Elastic Load Balancing: how long targets take to be healthy, and to be drained.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types as wire;

use super::pass::{Pass, read_at};
use crate::aws::calls::Calls;
use crate::aws::client::Ecs;
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::surroundings::{Known, TargetGroup};

/// DescribeTargetGroups refuses more ("You cannot describe more than '20' target groups at a time"),
/// which its reference does not say.
const GROUPS_MAX: usize = 20;

const DEREGISTRATION_DELAY: &str = "deregistration_delay.timeout_seconds";
const SLOW_START: &str = "slow_start.duration_seconds";

/// What DescribeTargetGroupAttributes tells; a group of Lambda functions has neither.
#[derive(Clone, Copy, Debug)]
struct Attributes {
    deregistration_delay: Option<Duration>,
    slow_start: Option<Duration>,
}

/// Reads target groups; cheap to clone.
#[derive(Clone)]
pub(super) struct TargetGroups {
    client: Client,
    calls: Calls,
    /// Whose budget also pays for these calls.
    ecs: Ecs,
}

impl fmt::Debug for TargetGroups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TargetGroups").finish_non_exhaustive()
    }
}

type Described = Result<wire::TargetGroup, Problem>;

impl TargetGroups {
    pub(super) fn new(ecs: &Ecs) -> Self {
        Self { client: Client::new(ecs.sdk()), calls: ecs.charged_calls(), ecs: ecs.clone() }
    }

    /// The client, for what else Elastic Load Balancing is asked.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Reads target groups, and the attributes of each. These actions know no resources: whoever may
    /// not read one may read none.
    pub(super) async fn read(
        &self,
        arns: &[Arc<str>],
        pass: Pass,
    ) -> BTreeMap<Arc<str>, Known<TargetGroup>> {
        let (mut read, mut denied) = (BTreeMap::new(), None::<Problem>);
        for (arn, described) in self.describe_all(arns, pass).await {
            let value = match (described, &denied) {
                (Err(problem), _) => Err(problem),
                (Ok(_), Some(problem)) => Err(problem.clone()),
                (Ok(group), None) => {
                    let operation = Operation::DescribeTargetGroupAttributes;
                    let asked = self.describe_attributes(&arn, pass);
                    let answer = pass.hold(operation, || self.calls.now(), asked).await;
                    answer.map(|attributes| target_group(&group, attributes))
                }
            };
            if let Err(problem) = &value
                && problem.class == ProblemClass::Denied
            {
                denied = Some(problem.clone());
            }
            read.insert(arn, Known { read_at: read_at(&value, self.calls.now()), value });
        }
        read
    }

    /// One that is not there, or whose ARN is none, fails a whole call: batches that fail so are halved
    /// until it is alone.
    async fn describe_all(&self, arns: &[Arc<str>], pass: Pass) -> BTreeMap<Arc<str>, Described> {
        let mut found: BTreeMap<Arc<str>, Described> = BTreeMap::new();
        let mut batches: Vec<&[Arc<str>]> = arns.chunks(GROUPS_MAX).rev().collect();
        while let Some(batch) = batches.pop() {
            let operation = Operation::DescribeTargetGroups;
            let asked = self.describe_batch(batch, pass);
            match pass.hold(operation, || self.calls.now(), asked).await {
                Ok(mut groups) => found.extend(batch.iter().map(|arn| {
                    let silent = || {
                        let why = "the answer says nothing about the target group";
                        unusable(operation, self.calls.now(), why)
                    };
                    (arn.clone(), groups.remove(&**arn).ok_or_else(silent))
                })),
                Err(Problem { class: ProblemClass::NotFound | ProblemClass::Invalid, .. })
                    if batch.len() > 1 =>
                {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    batches.extend([second, first]);
                }
                Err(problem) => {
                    found.extend(batch.iter().map(|arn| (arn.clone(), Err(problem.clone()))));
                }
            }
        }
        found
    }

    async fn describe_batch(
        &self,
        arns: &[Arc<str>],
        pass: Pass,
    ) -> Result<BTreeMap<String, wire::TargetGroup>, Problem> {
        let operation = Operation::DescribeTargetGroups;
        self.ecs.acquire(operation, pass.priority).await;
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .describe_target_groups()
                    .set_target_group_arns(Some(arns.iter().map(ToString::to_string).collect()))
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        let groups = answer.target_groups.unwrap_or_default().into_iter();
        Ok(groups.filter_map(|group| Some((group.target_group_arn.clone()?, group))).collect())
    }

    async fn describe_attributes(&self, arn: &str, pass: Pass) -> Result<Attributes, Problem> {
        let operation = Operation::DescribeTargetGroupAttributes;
        self.ecs.acquire(operation, pass.priority).await;
        let answer = self
            .calls
            .send(operation, |attempts| {
                self.client
                    .describe_target_group_attributes()
                    .target_group_arn(arn)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await
            .map_err(|error| self.calls.problem(operation, &error))?;
        let seconds = |key: &str| {
            let mut attributes = answer.attributes().iter();
            let found = attributes.find(|attribute| attribute.key() == Some(key));
            let Some(value) = found.and_then(wire::TargetGroupAttribute::value) else {
                return Ok(None);
            };
            let seconds = value.trim().parse().map_err(|_| {
                let why = format!("the attribute {key} is not a number");
                unusable(operation, self.calls.now(), &why)
            })?;
            Ok(Some(Duration::from_secs(seconds)))
        };
        Ok(Attributes {
            deregistration_delay: seconds(DEREGISTRATION_DELAY)?,
            slow_start: seconds(SLOW_START)?,
        })
    }
}

fn target_group(group: &wire::TargetGroup, attributes: Attributes) -> TargetGroup {
    let defaults = TargetGroup::default();
    let interval = group.health_check_interval_seconds().and_then(|stated| stated.try_into().ok());
    let threshold = group.healthy_threshold_count().and_then(|stated| stated.try_into().ok());
    let failures = group.unhealthy_threshold_count().and_then(|stated| stated.try_into().ok());
    TargetGroup {
        health_check_interval: interval.map_or(defaults.health_check_interval, Duration::from_secs),
        healthy_threshold: threshold.unwrap_or(defaults.healthy_threshold),
        unhealthy_threshold: failures.unwrap_or(defaults.unhealthy_threshold),
        deregistration_delay: attributes
            .deregistration_delay
            .unwrap_or(defaults.deregistration_delay),
        slow_start: attributes.slow_start.unwrap_or_default(),
    }
}
