//! How requests name things: clusters and services by name or ARN, tasks by id or ARN.

use serde_json::Value;

use super::Ecs;
use super::clusters::Cluster;
use super::deployment::Revision;
use super::service::Service;
use crate::simulator::error::ApiError;
use crate::simulator::identity::Identity;

/// The cluster that a request without one means.
const DEFAULT_CLUSTER: &str = "default";

/// The name in a cluster reference.
pub(crate) fn cluster_name(reference: Option<&str>) -> &str {
    let Some(reference) = reference else { return DEFAULT_CLUSTER };
    last_part(Identity::resource_part(reference))
}

/// The name in a service reference; long and short ARNs both end in it.
pub(crate) fn service_name(reference: &str) -> &str {
    last_part(Identity::resource_part(reference))
}

/// The id in a task reference.
pub(crate) fn task_id(reference: &str) -> Option<u128> {
    let id = last_part(Identity::resource_part(reference));
    u128::from_str_radix(id, 16).ok().filter(|_| id.len() == 32)
}

/// What a request is about, for the call log and for faults that hit single resources:
/// `cluster/service`, `cluster/task-id`, or the cluster where nothing more is named.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let list = |key: &str| {
        let items = input.get(key).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str)
    };
    let cluster = cluster_name(text("cluster"));
    let scoped = |reference: &str| format!("{cluster}/{}", service_name(reference));
    let mut found: Vec<String> = list("services").map(scoped).collect();
    found.extend(list("tasks").map(scoped));
    found.extend(text("service").or(text("serviceName")).or(text("task")).map(scoped));
    found.extend(list("clusters").map(|reference| cluster_name(Some(reference)).to_owned()));
    let arns = list("serviceDeploymentArns").chain(list("serviceRevisionArns"));
    for arn in arns.chain(text("resourceArn")).chain(text("serviceDeploymentArn")) {
        let part = Identity::resource_part(arn);
        let mut path = part.split('/').skip(1);
        found.push(path.by_ref().take(2).collect::<Vec<_>>().join("/"));
    }
    found.extend(text("taskDefinition").map(str::to_owned).filter(|_| found.is_empty()));
    if found.is_empty() {
        found.push(cluster.to_owned());
    }
    found
}

impl Ecs {
    pub(crate) fn cluster(&self, reference: Option<&str>) -> Result<&Cluster, ApiError> {
        let cluster = self.clusters.get(cluster_name(reference));
        cluster.filter(|cluster| cluster.active).ok_or_else(ApiError::cluster_not_found)
    }

    /// The index of a service, INACTIVE ones included.
    pub(crate) fn service_index(
        &self,
        cluster: Option<&str>,
        service: &str,
    ) -> Result<usize, ApiError> {
        self.cluster(cluster)?;
        let index = self.find_service(cluster, service);
        index.ok_or_else(ApiError::service_not_found)
    }

    /// The index of a service. One whose ARN names another cluster than the request is not found.
    pub(crate) fn find_service(&self, cluster: Option<&str>, service: &str) -> Option<usize> {
        let cluster = cluster_name(cluster);
        let parts: Vec<&str> = Identity::resource_part(service).split('/').collect();
        if matches!(parts.as_slice(), ["service", named, _] if *named != cluster) {
            return None;
        }
        self.clusters.get(cluster)?.services.get(service_name(service)).copied()
    }

    pub(crate) fn cluster_arn(&self, name: &str) -> String {
        self.identity.ecs_arn(&format!("cluster/{name}"))
    }

    pub(crate) fn service_arn(&self, service: &Service) -> String {
        let spec = &service.spec;
        if spec.short_arn {
            return self.identity.ecs_arn(&format!("service/{}", spec.name));
        }
        self.identity.ecs_arn(&format!("service/{}/{}", spec.cluster, spec.name))
    }

    pub(crate) fn task_arn(&self, cluster: &str, task: u128) -> String {
        self.identity.ecs_arn(&format!("task/{cluster}/{task:032x}"))
    }

    pub(crate) fn task_definition_arn(&self, family: &str, revision: u32) -> String {
        self.identity.ecs_arn(&format!("task-definition/{family}:{revision}"))
    }

    pub(crate) fn revision_task_definition(&self, revision: &Revision) -> String {
        self.task_definition_arn(&revision.family, revision.number)
    }

    pub(crate) fn revision_arn(&self, service: &Service, deployment: u64) -> String {
        let (cluster, name) = (&service.spec.cluster, &service.spec.name);
        self.identity.ecs_arn(&format!("service-revision/{cluster}/{name}/{deployment}"))
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
