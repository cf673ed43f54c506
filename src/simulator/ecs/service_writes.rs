//! CreateService, UpdateService and DeleteService.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::configuration_input::DeploymentConfiguration;
use super::references::{cluster_name, service_name};
use super::scheduler;
use super::service::{Service, ServiceStatus};
use super::service_shape;
use super::spec::{Launch, ServiceSpec};
use super::tags::Tag;
use super::task_sets::{self, Maker};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateService {
    cluster: Option<String>,
    service_name: String,
    task_definition: Option<String>,
    desired_count: Option<u32>,
    launch_type: Option<String>,
    capacity_provider_strategy: Option<Vec<CapacityProvider>>,
    deployment_configuration: Option<DeploymentConfiguration>,
    deployment_controller: Option<DeploymentController>,
    health_check_grace_period_seconds: Option<u64>,
    network_configuration: Option<NetworkConfiguration>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdateService {
    cluster: Option<String>,
    service: String,
    desired_count: Option<u32>,
    task_definition: Option<String>,
    force_new_deployment: Option<bool>,
    deployment_configuration: Option<DeploymentConfiguration>,
    health_check_grace_period_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteService {
    cluster: Option<String>,
    service: String,
    force: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CapacityProvider {
    capacity_provider: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct NetworkConfiguration {
    awsvpc_configuration: Option<Vpc>,
}

#[derive(Debug, Deserialize)]
struct Vpc {
    subnets: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct DeploymentController {
    #[serde(rename = "type")]
    kind: String,
}

impl Ecs {
    pub(crate) fn create_service(
        &mut self,
        input: &CreateService,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let cluster = cluster_name(input.cluster.as_deref()).to_owned();
        let existing = self.cluster(Some(&cluster))?.services.get(&input.service_name);
        if existing.is_some_and(|at| self.services[*at].status != ServiceStatus::Inactive) {
            return Err(ApiError::invalid_parameter("Creation of service was not idempotent."));
        }
        let reference = input.task_definition.as_deref().unwrap_or_default();
        let (family, revision) = self.active_task_definition(reference)?;
        let spec = input.to_spec(&cluster)?.family(&family);
        let mut service = Service::new(spec, &self.identity, now);
        let behaviour = service.spec.next_revision.clone();
        let first = self.revision_of(&family, revision, behaviour);
        if service.controlled_by_ecs() {
            scheduler::start_deployment(&mut service, first, None, now, &mut self.ids);
        } else {
            task_sets::add(&mut service, first, Maker::default(), now, &mut self.ids);
        }
        let index = self.insert_service(service);
        self.run_service(index, now);
        Ok(self.service_answer(index, now))
    }

    pub(crate) fn update_service(
        &mut self,
        input: &UpdateService,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let index = self.service_index(input.cluster.as_deref(), &input.service)?;
        let service = &self.services[index];
        if service.status != ServiceStatus::Active {
            return Err(ApiError::service_not_active());
        }
        let forced = input.force_new_deployment == Some(true);
        check_controller(service, forced, input.task_definition.is_some())?;
        let current = service.revision().cloned();
        let (family, number) = match (&input.task_definition, &current) {
            (Some(reference), _) => self.active_task_definition(reference)?,
            (None, Some(current)) => (current.family.clone(), current.number),
            (None, None) => return Err(ApiError::service_not_active()),
        };
        let changed = current.is_none_or(|now| (&now.family, now.number) != (&family, number));
        let behaviour = service.spec.next_revision.clone();
        let revision = self.revision_of(&family, number, behaviour);
        let mut spec = self.services[index].spec.clone();
        if let Some(configuration) = &input.deployment_configuration {
            configuration.apply(&mut spec)?;
        }
        let grace = input.health_check_grace_period_seconds.map(Duration::from_secs);
        spec.health_check_grace = grace.or(spec.health_check_grace);
        self.freeze_reads(index, self.stale_reads, now);
        let service = &mut self.services[index];
        service.spec = spec;
        service.desired = input.desired_count.unwrap_or(service.desired);
        if forced || changed {
            service.forced_deployments += usize::from(forced);
            scheduler::start_deployment(service, revision, None, now, &mut self.ids);
        }
        self.run_service(index, now);
        Ok(self.service_answer(index, now))
    }

    pub(crate) fn delete_service(
        &mut self,
        input: &DeleteService,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let index = self.service_index(input.cluster.as_deref(), &input.service)?;
        let service = &mut self.services[index];
        if service.status == ServiceStatus::Inactive {
            return Err(ApiError::service_not_found());
        }
        if service.desired > 0 && input.force != Some(true) {
            return Err(ApiError::invalid_parameter(
                "The service cannot be stopped while it is scaled above 0.",
            ));
        }
        service.desired = 0;
        service.status = ServiceStatus::Draining;
        service.held_draining = false;
        self.run_service(index, now);
        Ok(self.service_answer(index, now))
    }

    fn service_answer(&self, index: usize, now: Moment) -> Value {
        json!({ "service": service_shape::describe(self, &self.services[index], now) })
    }
}

/// Amazon ECS API reference, UpdateService: which controllers leave deployments to ECS.
fn check_controller(
    service: &Service,
    forced: bool,
    new_task_definition: bool,
) -> Result<(), ApiError> {
    if service.controlled_by_ecs() || !(forced || new_task_definition) {
        return Ok(());
    }
    let kind = service.spec.controller.as_deref().unwrap_or_default();
    let what = if new_task_definition {
        "Unable to update task definition"
    } else {
        "Cannot force a new deployment"
    };
    let hint =
        if kind == "CODE_DEPLOY" { " Use AWS CodeDeploy to trigger a new deployment." } else { "" };
    Err(ApiError::invalid_parameter(format!(
        "{what} on services with a {kind} deployment controller.{hint}"
    )))
}

impl CreateService {
    fn to_spec(&self, cluster: &str) -> Result<ServiceSpec, ApiError> {
        let mut spec = ServiceSpec::new(cluster, service_name(&self.service_name))
            .desired(self.desired_count.unwrap_or(1));
        if let Some(kind) = &self.launch_type {
            spec = spec.launch_type(kind);
        }
        if let Some(strategy) = &self.capacity_provider_strategy {
            let names = strategy.iter().map(|entry| entry.capacity_provider.clone()).collect();
            spec.launch = Launch::CapacityProviders(names);
        }
        spec.health_check_grace = self.health_check_grace_period_seconds.map(Duration::from_secs);
        spec.controller = self.deployment_controller.as_ref().map(|c| c.kind.clone());
        spec.tags = self.tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect();
        let network = self.network_configuration.as_ref();
        if let Some(vpc) = network.and_then(|network| network.awsvpc_configuration.as_ref()) {
            spec.subnets.clone_from(&vpc.subnets);
        }
        if let Some(configuration) = &self.deployment_configuration {
            configuration.apply(&mut spec)?;
        }
        Ok(spec)
    }
}
