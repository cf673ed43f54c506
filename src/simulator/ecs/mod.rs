//! A small Amazon ECS: clusters, services, rolling deployments, tasks and task definitions.
//!
//! The world moves from event to event: each service knows when something is due next, and
//! [`Ecs::advance`] runs the services in that order. How often anybody looks changes nothing.
//!
//! Not simulated: RunTask, making task sets through the API, and placement. Operations that are not implemented fail loudly.

mod alarms;
mod balanced;
mod behaviour;
mod breaker;
mod clusters;
mod configuration;
mod configuration_input;
mod control;
mod deployment;
mod early_success;
mod events;
mod failure;
mod images;
mod protection;
mod references;
mod retirement;
mod rollout_spec;
mod scheduler;
mod service;
mod service_deployment_shape;
mod service_deployment_writes;
mod service_deployments;
mod service_reads;
mod service_shape;
mod service_writes;
mod spec;
mod staged;
mod stale;
mod standalone;
mod state_changes;
mod surroundings;
mod tags;
mod task;
mod task_definitions;
mod task_sets;
mod task_shape;
mod tasks;
mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

pub use behaviour::Behaviour;
pub use configuration::{Breaker, Cleanup, Threshold};
pub use spec::{Launch, ServiceSpec};
pub use staged::{Hook, HookAction};
pub use view::{DeploymentView, ServiceView, TaskView};

use super::ecr::Ecr;
use super::error::ApiError;
use super::identity::{Identity, Ids};
use super::moment::Moment;
use clusters::Cluster;
use state_changes::Told;
use task_definitions::Family;

pub(crate) use balanced::{Balanced, TargetState};
pub(crate) use references::{resources, task_id};
pub(crate) use retirement::Retirement;
pub(crate) use service::Service;
pub(crate) use standalone::Standalone;
pub(crate) use task_sets::Maker;

/// `X-Amz-Target` of every ECS operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "AmazonEC2ContainerServiceV20141113";

/// The state of the simulated ECS in one account and Region.
#[derive(Debug)]
pub(crate) struct Ecs {
    identity: Identity,
    ids: Ids,
    /// Where images are pulled from.
    pub(crate) ecr: Ecr,
    /// Seeds the order of `deployments[]`; `None` keeps the newest first.
    shuffle: Option<u64>,
    stale_reads: Duration,
    clusters: BTreeMap<String, Cluster>,
    /// Never shrinks: a deleted service stays describable as INACTIVE. What keeps a standalone
    /// task is among them, too.
    services: Vec<Service>,
    families: BTreeMap<String, Family>,
    /// Which service is due next, and when.
    agenda: BTreeSet<(Moment, usize)>,
    /// The entry of each service in `agenda`.
    due: Vec<Option<Moment>>,
    /// Whether changes are told, and what was told and not yet taken.
    tells: bool,
    told: Vec<Told>,
    /// The ids of events are drawn apart, so that telling changes no other id.
    event_ids: Ids,
}

impl Ecs {
    pub(crate) fn new(identity: Identity, seed: u64, shuffle: bool, stale_reads: Duration) -> Self {
        Ecs {
            ecr: Ecr::new(identity.clone(), seed),
            identity,
            ids: Ids::new(seed),
            shuffle: shuffle.then_some(seed),
            stale_reads,
            clusters: BTreeMap::new(),
            services: Vec::new(),
            families: BTreeMap::new(),
            agenda: BTreeSet::new(),
            due: Vec::new(),
            tells: false,
            told: Vec::new(),
            event_ids: Ids::new(!seed),
        }
    }

    /// Lets everything happen that is due until `now`, in order.
    pub(crate) fn advance(&mut self, now: Moment) {
        while let Some((at, index)) = self.agenda.first().copied().filter(|(at, _)| *at <= now) {
            self.run_service(index, at);
        }
    }

    /// Answers one operation. The caller has advanced the world to `now`.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        input: &Value,
        now: Moment,
    ) -> Result<Value, ApiError> {
        match operation {
            "ListClusters" => self.list_clusters(&parse(input)?),
            "DescribeClusters" => self.describe_clusters(&parse(input)?),
            "CreateCluster" => self.create_cluster(&parse(input)?),
            "DeleteCluster" => self.delete_cluster(&parse(input)?),
            "ListServices" => self.list_services(&parse(input)?),
            "DescribeServices" => self.describe_services(&parse(input)?, now),
            "CreateService" => self.create_service(&parse(input)?, now),
            "UpdateService" => self.update_service(&parse(input)?, now),
            "DeleteService" => self.delete_service(&parse(input)?, now),
            "ListTasks" => self.list_tasks(&parse(input)?, now),
            "DescribeTaskSets" => self.describe_task_sets(&parse(input)?),
            "DescribeTasks" => self.describe_tasks(&parse(input)?),
            "StopTask" => self.stop_task(&parse(input)?, now),
            "RegisterTaskDefinition" => self.register_task_definition(input, now),
            "DescribeTaskDefinition" => self.describe_task_definition(&parse(input)?),
            "ListTaskDefinitions" => self.list_task_definitions(&parse(input)?),
            "DeregisterTaskDefinition" => self.deregister_task_definition(&parse(input)?),
            "TagResource" => self.tag_resource(&parse(input)?),
            "UntagResource" => self.untag_resource(&parse(input)?),
            "ListTagsForResource" => self.list_tags_for_resource(&parse(input)?),
            "ListServiceDeployments" => self.list_service_deployments(&parse(input)?, now),
            "DescribeServiceDeployments" => self.describe_service_deployments(&parse(input)?, now),
            "DescribeServiceRevisions" => self.describe_service_revisions(&parse(input)?),
            "StopServiceDeployment" => self.stop_service_deployment(&parse(input)?, now),
            "ContinueServiceDeployment" => self.continue_service_deployment(&parse(input)?, now),
            "GetTaskProtection" => self.get_task_protection(&parse(input)?, now),
            "UpdateTaskProtection" => self.update_task_protection(&parse(input)?, now),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    /// Puts a new service into the world; the caller runs it.
    fn insert_service(&mut self, service: Service) -> usize {
        let (cluster, name) = (service.spec.cluster.clone(), service.spec.name.clone());
        let index = self.hold(service);
        self.clusters.entry(cluster).or_default().services.insert(name, index);
        index
    }

    /// Puts what keeps tasks into the world, where only its tasks can be found.
    fn hold(&mut self, service: Service) -> usize {
        let index = self.services.len();
        self.services.push(service);
        self.due.push(None);
        index
    }

    /// Does what is due for one service at `now`, then brings agenda and task index up to date.
    fn run_service(&mut self, index: usize, now: Moment) {
        let service = &mut self.services[index];
        let next = service.run(now, &mut self.ids, &mut self.ecr);
        if let Some(cluster) = self.clusters.get_mut(&service.spec.cluster) {
            for id in service.launched.drain(..) {
                cluster.tasks.insert(id, index);
            }
            for id in service.forgotten.drain(..) {
                cluster.tasks.remove(&id);
            }
        }
        let before = std::mem::replace(&mut self.due[index], next);
        if let Some(before) = before {
            self.agenda.remove(&(before, index));
        }
        if let Some(next) = next {
            self.agenda.insert((next, index));
        }
        self.tell(index, now);
    }
}

/// Reads the input of an operation.
fn parse<'a, T: Deserialize<'a>>(input: &'a Value) -> Result<T, ApiError> {
    T::deserialize(input).map_err(|error| {
        ApiError::client("SerializationException", format!("cannot read the request: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stopped_tasks_leave_the_index_of_their_cluster() {
        let identity = Identity { account: "1".to_owned(), region: "r".to_owned() };
        let mut ecs = Ecs::new(identity, 1, true, Duration::ZERO);
        let start = Moment::from(std::time::UNIX_EPOCH) + Duration::from_secs(1_800_000_000);
        ecs.add_service(ServiceSpec::new("prd", "api").desired(5), start);
        ecs.deploy(0, false, start);
        assert_eq!(ecs.clusters["prd"].tasks.len(), 10);
        ecs.advance(start + Duration::from_secs(7200));
        assert_eq!(ecs.clusters["prd"].tasks.len(), 5);
        assert!(ecs.agenda.is_empty(), "nothing is due in a steady world");
    }
}
