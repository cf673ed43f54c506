//! Clusters: their index of services and tasks, and the operations on them.

use std::collections::BTreeMap;
use std::ops::Bound;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::references::cluster_name;
use super::service::ServiceStatus;
use crate::simulator::error::ApiError;
use crate::simulator::paging::Page;

/// ListClusters gives at most 100 clusters a page, and as many by default.
const LIST_CLUSTERS_MAX: usize = 100;
/// DescribeClusters takes at most 100 clusters.
const DESCRIBE_CLUSTERS_MAX: usize = 100;

/// A cluster, and where its services and tasks are found.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) active: bool,
    /// By name; the value is the index of the service.
    pub(crate) services: BTreeMap<String, usize>,
    /// Every visible task; the value is the index of its service.
    pub(crate) tasks: BTreeMap<u128, usize>,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Default for Cluster {
    fn default() -> Self {
        Cluster {
            active: true,
            services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            tags: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListClusters {
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeClusters {
    clusters: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateCluster {
    cluster_name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeleteCluster {
    cluster: String,
}

impl Ecs {
    pub(crate) fn list_clusters(&self, input: &ListClusters) -> Result<Value, ApiError> {
        let token = input.next_token.as_deref();
        let page = Page::parse(token, input.max_results, LIST_CLUSTERS_MAX, LIST_CLUSTERS_MAX)?;
        let from = page.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let clusters = self.clusters.range::<str, _>((from, Bound::Unbounded));
        let names = clusters.filter(|(_, cluster)| cluster.active).map(|(name, _)| name);
        let (names, next_token) = page.take(names, |name| (*name).clone());
        let arns: Vec<String> = names.iter().map(|name| self.cluster_arn(name)).collect();
        Ok(json!({ "clusterArns": arns, "nextToken": next_token }))
    }

    pub(crate) fn describe_clusters(&self, input: &DescribeClusters) -> Result<Value, ApiError> {
        let default = vec!["default".to_owned()];
        let references = input.clusters.as_ref().unwrap_or(&default);
        if references.len() > DESCRIBE_CLUSTERS_MAX {
            return Err(ApiError::invalid_parameter(
                "Clusters cannot have more than 100 elements.",
            ));
        }
        let (mut clusters, mut failures) = (Vec::new(), Vec::new());
        for reference in references {
            let name = cluster_name(Some(reference));
            match self.clusters.get(name) {
                Some(cluster) => clusters.push(self.cluster_json(name, cluster)),
                None => {
                    failures.push(json!({ "arn": self.cluster_arn(name), "reason": "MISSING" }));
                }
            }
        }
        Ok(json!({ "clusters": clusters, "failures": failures }))
    }

    pub(crate) fn create_cluster(&mut self, input: &CreateCluster) -> Result<Value, ApiError> {
        let name = cluster_name(input.cluster_name.as_deref()).to_owned();
        let cluster = self.clusters.entry(name.clone()).or_default();
        cluster.active = true;
        let cluster = &self.clusters[&name];
        Ok(json!({ "cluster": self.cluster_json(&name, cluster) }))
    }

    pub(crate) fn delete_cluster(&mut self, input: &DeleteCluster) -> Result<Value, ApiError> {
        let name = cluster_name(Some(&input.cluster)).to_owned();
        let cluster = self.cluster(Some(&name))?;
        let alive = |index: &usize| self.services[*index].status != ServiceStatus::Inactive;
        if cluster.services.values().any(alive) {
            return Err(ApiError::client(
                "ClusterContainsServicesException",
                "The Cluster cannot be deleted while Services are active.",
            ));
        }
        if let Some(cluster) = self.clusters.get_mut(&name) {
            cluster.active = false;
        }
        Ok(json!({ "cluster": self.cluster_json(&name, &self.clusters[&name]) }))
    }

    fn cluster_json(&self, name: &str, cluster: &Cluster) -> Value {
        let services = cluster.services.values().map(|index| &self.services[*index]);
        let active = services.filter(|s| s.status == ServiceStatus::Active).count();
        let tasks =
            cluster.tasks.iter().filter_map(|(id, index)| self.services[*index].tasks.get(id));
        let running = tasks.clone().filter(|t| t.phase.name() == "RUNNING").count();
        let pending = tasks.filter(|t| t.phase.name() == "PENDING").count();
        json!({
            "clusterArn": self.cluster_arn(name),
            "clusterName": name,
            "status": if cluster.active { "ACTIVE" } else { "INACTIVE" },
            "registeredContainerInstancesCount": 0,
            "runningTasksCount": running,
            "pendingTasksCount": pending,
            "activeServicesCount": active,
            "statistics": [],
            "settings": [],
            "capacityProviders": ["FARGATE", "FARGATE_SPOT"],
            "defaultCapacityProviderStrategy": [],
        })
    }
}
