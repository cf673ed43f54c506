//! DescribeTaskDefinition: how long containers take to stop, and which checks they pass first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ecs::types as wire;

use super::pass::{Pass, read_at};
use crate::aws::client::Ecs;
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::surroundings::{ContainerImage, Known, TaskDefinition};

const OPERATION: Operation = Operation::DescribeTaskDefinition;

/// Reads task definitions one by one. The action knows no resources, so that whoever may not read one
/// may read none.
pub(super) async fn read(
    ecs: &Ecs,
    arns: &[Arc<str>],
    pass: Pass,
) -> BTreeMap<Arc<str>, Known<TaskDefinition>> {
    let now = || ecs.clock().now();
    let (mut read, mut denied) = (BTreeMap::new(), None::<Problem>);
    for arn in arns {
        let value = match &denied {
            Some(problem) => Err(problem.clone()),
            None => pass.hold(OPERATION, now, describe(ecs, arn, pass)).await,
        };
        if let Err(problem) = &value
            && problem.class == ProblemClass::Denied
        {
            denied = Some(problem.clone());
        }
        read.insert(arn.clone(), Known { read_at: read_at(&value, now()), value });
    }
    read
}

async fn describe(ecs: &Ecs, arn: &str, pass: Pass) -> Result<TaskDefinition, Problem> {
    let sent = ecs
        .read(OPERATION, pass.priority, |client, attempts| {
            client
                .describe_task_definition()
                .task_definition(arn)
                .customize()
                .interceptor(attempts)
                .send()
        })
        .await;
    let read = sent.and_then(|at, output| {
        let definition = output.task_definition();
        definition
            .map(task_definition)
            .ok_or_else(|| unusable(OPERATION, at, "the answer has no task definition"))
    });
    read.result
}

fn task_definition(definition: &wire::TaskDefinition) -> TaskDefinition {
    let containers = definition.container_definitions();
    let stop_timeouts = containers
        .iter()
        .map(|container| container.stop_timeout().map_or(TaskDefinition::STOP_TIMEOUT, seconds));
    let stop_timeout_max = stop_timeouts.clone().max().unwrap_or(TaskDefinition::STOP_TIMEOUT);
    // Those that others depend on are stopped after them (Amazon ECS API reference, ContainerDefinition,
    // dependsOn).
    let one_by_one = containers.iter().any(|container| !container.depends_on().is_empty());
    TaskDefinition {
        active: definition.status() == Some(&wire::TaskDefinitionStatus::Active),
        stop_timeout: match one_by_one {
            true => stop_timeouts.fold(Duration::ZERO, Duration::saturating_add),
            false => stop_timeout_max,
        },
        stop_timeout_max,
        health_check: containers
            .iter()
            .filter(|container| container.essential().unwrap_or(true))
            .filter_map(|container| container.health_check().map(until_healthy))
            .max(),
        start_period: containers
            .iter()
            .filter_map(|container| container.health_check()?.start_period().map(seconds))
            .max()
            .unwrap_or_default(),
        cpu_units: definition.cpu().and_then(|units| units.trim().parse().ok()),
        architecture: definition
            .runtime_platform()
            .and_then(|platform| Some(platform.cpu_architecture()?.as_str().into())),
        containers: containers.iter().filter_map(container).collect(),
    }
}

fn container(container: &wire::ContainerDefinition) -> Option<ContainerImage> {
    let disabled = container.version_consistency() == Some(&wire::VersionConsistency::Disabled);
    Some(ContainerImage {
        name: container.name()?.into(),
        image: container.image()?.into(),
        pinned: !disabled,
    })
}

/// The latest moment at which a container may become healthy that is not found unhealthy before
/// (Amazon ECS API reference, HealthCheck, defaults included).
fn until_healthy(check: &wire::HealthCheck) -> Duration {
    let stated = |value: Option<i32>, default| value.map_or(Duration::from_secs(default), seconds);
    let retries = check.retries().map_or(3, |retries| u32::try_from(retries).unwrap_or(0));
    stated(check.start_period(), 0)
        .saturating_add(stated(check.interval(), 30).saturating_mul(retries))
        .saturating_add(stated(check.timeout(), 5))
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}
