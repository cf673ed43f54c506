//! Deployment groups: how they deploy, and whose services.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_codedeploy::types::{
    DeploymentGroupInfo, DeploymentReadyAction, InstanceAction, LastDeploymentInfo,
    TrafficRoutingConfig,
};

use super::deployments::status;
use super::{CodeDeploy, Location, PAGES_MAX};
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::plan::fleet::{DeploymentId, Problem};

/// The configuration that moves all traffic at once.
const ALL_AT_ONCE: &str = "CodeDeployDefault.ECSAllAtOnce";

/// So many applications are asked for their groups: an account has a hundred unless it asked for more.
const APPLICATIONS_MAX: usize = 200;

/// BatchGetDeploymentGroups answers about so many.
const BATCH_MAX: usize = 100;

/// A deployment group as GetDeploymentGroup tells.
#[derive(Clone, Debug)]
pub(in crate::aws) struct Group {
    pub(in crate::aws) application: Arc<str>,
    pub(in crate::aws) name: Arc<str>,
    /// How long old tasks are kept; `None`: for ever.
    pub(in crate::aws) termination_wait: Option<Duration>,
    pub(in crate::aws) ready_wait: Option<Duration>,
    pub(in crate::aws) rolls_back: bool,
    pub(in crate::aws) under_way: Option<Arc<str>>,
    pub(in crate::aws) last_successful: Option<DeploymentId>,
    pub(in crate::aws) configuration: Option<String>,
    pub(in crate::aws) target: Location,
    /// Clusters and services.
    pub(in crate::aws) services: Vec<(String, String)>,
}

impl CodeDeploy {
    /// One deployment group.
    pub(in crate::aws) async fn group(
        &self,
        application: &str,
        group: &str,
    ) -> Result<Group, Problem> {
        let operation = Operation::GetDeploymentGroup;
        let sent = self
            .send(operation, |client, attempts| {
                client
                    .get_deployment_group()
                    .application_name(application)
                    .deployment_group_name(group)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let read = sent.and_then(|at, output| {
            let info = output.deployment_group_info();
            info.and_then(|info| read(application, info))
                .ok_or_else(|| unusable(operation, at, "the answer tells of no group"))
        });
        read.result
    }

    /// How long traffic takes to move by a deployment configuration. Without the answer a deployment
    /// has that much less time.
    pub(in crate::aws) async fn shift(&self, group: &Group) -> Duration {
        let Some(name) = group.configuration.as_deref().filter(|name| *name != ALL_AT_ONCE) else {
            return Duration::ZERO;
        };
        let sent = self
            .send(Operation::GetDeploymentConfig, |client, attempts| {
                client
                    .get_deployment_config()
                    .deployment_config_name(name)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let routing = sent.result.ok().and_then(|output| {
            output.deployment_config_info.and_then(|info| info.traffic_routing_config)
        });
        routing.as_ref().map(shift).unwrap_or_default()
    }

    /// Every deployment group of the account in the Region.
    ///
    /// # Errors
    /// When not all of them could be read.
    pub(in crate::aws) async fn all_groups(&self) -> Result<Vec<Group>, Problem> {
        let mut groups = Vec::new();
        for application in self.applications().await? {
            let names = self.group_names(&application).await?;
            for batch in names.chunks(BATCH_MAX) {
                let sent = self
                    .send(Operation::BatchGetDeploymentGroups, |client, attempts| {
                        client
                            .batch_get_deployment_groups()
                            .application_name(&application)
                            .set_deployment_group_names(Some(batch.to_vec()))
                            .customize()
                            .interceptor(attempts)
                            .send()
                    })
                    .await;
                let output = sent.result?;
                let found = output.deployment_groups_info();
                groups.extend(found.iter().filter_map(|info| read(&application, info)));
            }
        }
        Ok(groups)
    }

    async fn applications(&self) -> Result<Vec<String>, Problem> {
        let operation = Operation::ListApplications;
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let sent = self
                .send(operation, |client, attempts| {
                    client
                        .list_applications()
                        .set_next_token(token.take())
                        .customize()
                        .interceptor(attempts)
                        .send()
                })
                .await;
            let output = sent.result?;
            names.extend(output.applications.unwrap_or_default());
            token = output.next_token.filter(|token| !token.is_empty());
            if names.len() > APPLICATIONS_MAX {
                break;
            }
            if token.is_none() {
                return Ok(names);
            }
        }
        let what = format!("more than {APPLICATIONS_MAX} applications: too many to search");
        Err(unusable(operation, self.calls.now(), &what))
    }

    async fn group_names(&self, application: &str) -> Result<Vec<String>, Problem> {
        let operation = Operation::ListDeploymentGroups;
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let sent = self
                .send(operation, |client, attempts| {
                    client
                        .list_deployment_groups()
                        .application_name(application)
                        .set_next_token(token.take())
                        .customize()
                        .interceptor(attempts)
                        .send()
                })
                .await;
            let output = sent.result?;
            names.extend(output.deployment_groups.unwrap_or_default());
            token = output.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(names);
            }
        }
        Err(unusable(operation, self.calls.now(), "the listing does not end"))
    }
}

fn read(application: &str, info: &DeploymentGroupInfo) -> Option<Group> {
    let blue_green = info.blue_green_deployment_configuration();
    let ready = blue_green
        .and_then(|blue_green| blue_green.deployment_ready_option())
        .filter(|ready| ready.action_on_timeout() == Some(&DeploymentReadyAction::StopDeployment));
    let under_way = |last: &LastDeploymentInfo| {
        let id = last.deployment_id()?;
        status(last.status()).is_under_way().then(|| id.into())
    };
    let services = info.ecs_services().iter().filter_map(|service| {
        Some((service.cluster_name()?.to_owned(), service.service_name()?.to_owned()))
    });
    let last_successful = info.last_successful_deployment();
    Some(Group {
        application: application.into(),
        name: info.deployment_group_name()?.into(),
        termination_wait: termination_wait(info),
        ready_wait: ready.map(|ready| minutes(ready.wait_time_in_minutes())),
        rolls_back: info.auto_rollback_configuration().is_some_and(|rollback| rollback.enabled()),
        under_way: info.last_attempted_deployment().and_then(under_way),
        last_successful: last_successful
            .and_then(|last| last.deployment_id())
            .map(DeploymentId::new),
        configuration: info.deployment_config_name().map(str::to_owned),
        target: Location::of(info.target_revision()),
        services: services.collect(),
    })
}

fn termination_wait(info: &DeploymentGroupInfo) -> Option<Duration> {
    let option = info
        .blue_green_deployment_configuration()
        .and_then(|blue_green| blue_green.terminate_blue_instances_on_deployment_success());
    match option {
        Some(option) if option.action() == Some(&InstanceAction::KeepAlive) => None,
        Some(option) => Some(minutes(option.termination_wait_time_in_minutes())),
        None => Some(Duration::ZERO),
    }
}

/// The pauses between steps of traffic together.
fn shift(routing: &TrafficRoutingConfig) -> Duration {
    let canary = routing.time_based_canary().map(|canary| minutes(canary.canary_interval()));
    let linear = routing.time_based_linear().map(|linear| {
        let percentage = u32::try_from(linear.linear_percentage()).unwrap_or(0).clamp(1, 100);
        minutes(linear.linear_interval()).saturating_mul(100_u32.div_ceil(percentage) - 1)
    });
    canary.or(linear).unwrap_or_default()
}

fn minutes(wire: i32) -> Duration {
    Duration::from_secs(60 * u64::try_from(wire).unwrap_or(0))
}
