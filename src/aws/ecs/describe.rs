//! A service of the wire as a [`Description`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_ecs::types::{
    self as wire, DeploymentControllerType, DeploymentRolloutState, DeploymentStrategy, LaunchType,
};

use super::convert::{count, shared, time};
use super::staging::staging;
use super::task_sets::{platform_version, task_set};
use crate::clock::Time;
use crate::plan::fleet::{
    Controller, Deployment, DeploymentId, Description, Launch, Percents, RolloutState, Strategy,
};

/// What DescribeServices says about a service in a call that was sent at `described_at`.
pub(super) fn description(service: &wire::Service, described_at: Time) -> Description {
    Description {
        described_at,
        arn: shared(service.service_arn()),
        launch: launch(service),
        controller: controller(service),
        strategy: strategy(service),
        spot: spot(service),
        staging: staging(service),
        percents: percents(service),
        health_check_grace_seconds: count(service.health_check_grace_period_seconds().unwrap_or(0)),
        target_groups: target_groups(service),
        subnets: subnets(service),
        desired_count: count(service.desired_count()),
        running_count: count(service.running_count()),
        pending_count: count(service.pending_count()),
        platform_version: platform_version(service),
        deployments: deployments(service),
        rolls_back: rolls_back(service),
        tags: tags(service),
        current_service_deployment: service.current_service_deployment().map(Into::into),
    }
}

/// Nearly every service has just one, and there are thousands of services: no room for more is kept.
/// Task sets of an EXTERNAL controller are its own matter.
fn deployments(service: &wire::Service) -> Vec<Deployment> {
    let mut deployments: Vec<_> = match controller(service) {
        Controller::CodeDeploy => service.task_sets().iter().filter_map(task_set).collect(),
        _ => service.deployments().iter().filter_map(deployment).collect(),
    };
    deployments.shrink_to_fit();
    deployments
}

/// A deployment; one without an id cannot be told from another and is left out.
pub(super) fn deployment(deployment: &wire::Deployment) -> Option<Deployment> {
    Some(Deployment {
        id: DeploymentId::new(deployment.id()?),
        primary: deployment.status() == Some("PRIMARY"),
        rollout: rollout(deployment.rollout_state()),
        task_definition: shared(deployment.task_definition()),
        created_at: deployment.created_at().and_then(time),
        updated_at: deployment.updated_at().and_then(time),
        desired_count: count(deployment.desired_count()),
        running_count: count(deployment.running_count()),
        pending_count: count(deployment.pending_count()),
        failed_tasks: count(deployment.failed_tasks()),
    })
}

fn rollout(state: Option<&DeploymentRolloutState>) -> RolloutState {
    match state {
        None => RolloutState::Absent,
        Some(DeploymentRolloutState::InProgress) => RolloutState::InProgress,
        Some(DeploymentRolloutState::Completed) => RolloutState::Completed,
        Some(DeploymentRolloutState::Failed) => RolloutState::Failed,
        Some(other) => RolloutState::Unknown(other.as_str().into()),
    }
}

/// A strategy is reported instead of a launch type, never beside it (Amazon ECS API reference,
/// Service); where a server reports both, the strategy is what launches tasks.
fn launch(service: &wire::Service) -> Launch {
    let strategy = service.capacity_provider_strategy();
    if !strategy.is_empty() {
        let is_fargate = |item: &wire::CapacityProviderStrategyItem| {
            matches!(item.capacity_provider(), "FARGATE" | "FARGATE_SPOT")
        };
        return if strategy.iter().all(is_fargate) { Launch::Fargate } else { Launch::Elsewhere };
    }
    match service.launch_type() {
        None => Launch::Unstated,
        Some(LaunchType::Fargate) => Launch::Fargate,
        Some(_) => Launch::Elsewhere,
    }
}

/// Absent on services from before the field existed, which ECS itself deploys.
fn controller(service: &wire::Service) -> Controller {
    match service.deployment_controller().map(wire::DeploymentController::r#type) {
        None | Some(DeploymentControllerType::Ecs) => Controller::Ecs,
        Some(DeploymentControllerType::CodeDeploy) => Controller::CodeDeploy,
        Some(DeploymentControllerType::External) => Controller::External,
        Some(other) => Controller::Unknown(other.as_str().into()),
    }
}

fn strategy(service: &wire::Service) -> Strategy {
    match service.deployment_configuration().and_then(|configuration| configuration.strategy()) {
        None | Some(DeploymentStrategy::Rolling) => Strategy::Rolling,
        Some(DeploymentStrategy::BlueGreen) => Strategy::BlueGreen,
        Some(DeploymentStrategy::Linear) => Strategy::Linear,
        Some(DeploymentStrategy::Canary) => Strategy::Canary,
        Some(other) => Strategy::Unknown(other.as_str().into()),
    }
}

fn percents(service: &wire::Service) -> Option<Percents> {
    let configuration = service.deployment_configuration()?;
    Some(Percents {
        minimum_healthy: count(configuration.minimum_healthy_percent()?),
        maximum: count(configuration.maximum_percent()?),
    })
}

/// Target groups of Elastic Load Balancing, each once. A Classic Load Balancer has none.
fn target_groups(service: &wire::Service) -> Box<[Arc<str>]> {
    let arns = service.load_balancers().iter().flat_map(|balancer| {
        let advanced = balancer.advanced_configuration();
        let alternate = advanced.and_then(|advanced| advanced.alternate_target_group_arn());
        balancer.target_group_arn().into_iter().chain(alternate)
    });
    let arns: BTreeSet<&str> = arns.filter(|arn| !arn.is_empty()).collect();
    arns.into_iter().map(Into::into).collect()
}

/// The subnets of its network configuration. Where CodeDeploy makes task sets it is theirs.
fn subnets(service: &wire::Service) -> Box<[Arc<str>]> {
    let sets = service.task_sets().iter().find(|set| set.status() == Some("PRIMARY"));
    let of_set = sets.and_then(|set| set.network_configuration());
    let network = service.network_configuration().or(of_set);
    let vpc = network.and_then(|network| network.awsvpc_configuration());
    vpc.map(|vpc| vpc.subnets().iter().map(|id| id.as_str().into()).collect()).unwrap_or_default()
}

fn spot(service: &wire::Service) -> bool {
    let strategy = service.capacity_provider_strategy();
    strategy.iter().any(|item| item.capacity_provider() == "FARGATE_SPOT")
}

fn rolls_back(service: &wire::Service) -> bool {
    let Some(configuration) = service.deployment_configuration() else { return false };
    let breaker = configuration.deployment_circuit_breaker();
    breaker.is_some_and(|breaker| breaker.enable() && breaker.rollback())
        || configuration.alarms().is_some_and(|alarms| alarms.enable() && alarms.rollback())
}

fn tags(service: &wire::Service) -> BTreeMap<String, String> {
    let pair =
        |tag: &wire::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    service.tags().iter().filter_map(pair).collect()
}
