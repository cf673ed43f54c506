//! Looks: whole clusters and single services, as cheaply as the API allows.
//!
//! Owns what is remembered between looks to make them cheap: tasks that never change, and services
//! that may not be read. A look never fails; what could not be read is said inside it.

mod cluster_tasks;
mod denied;
mod describing;
mod memory;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::budget::Priority;
use super::client::Ecs;
use super::code_deploy::CodeDeploy;
use super::ecs::{DESCRIBE_DEPLOYMENTS_MAX, PAGES_MAX};
use super::error::unusable;
use super::operation::Operation;
use super::pool::Pool;
use crate::clock::Time;
use crate::plan::code_deploy::Followed;
use crate::plan::fleet::{ClusterLook, Problem, ProblemClass, Reading, ServiceLook};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::step::Depth;
use denied::Denied;
use describing::Describing;
use memory::TaskMemory;

/// How many calls of one kind a look has under way: enough to use a burst of AWS's buckets at
/// usual latencies, few enough to keep the answers in memory small.
const CALLS_UNDER_WAY: usize = 8;

/// Reads the fleet of one account and region. Made to be shared.
#[derive(Debug)]
pub struct Observer {
    ecs: Ecs,
    denied: Denied,
    tasks: TaskMemory,
}

struct ClusterServices {
    begun_at: Time,
    services: Vec<(ServiceKey, Reading)>,
    complete: bool,
    problem: Option<Problem>,
}

impl Observer {
    /// An observer that remembers nothing yet.
    pub fn new(ecs: Ecs) -> Self {
        Self { ecs, denied: Denied::default(), tasks: TaskMemory::default() }
    }

    /// Looks at every service of a cluster and at their tasks, after everything urgent.
    ///
    /// With S services and T Fargate tasks it makes ⌈S/100⌉ + ⌈S/10⌉ + 2⌈T/100⌉ calls. Tasks that
    /// were seen running before are not described again, so that a look at a cluster in which
    /// nothing changed makes no DescribeTasks call.
    pub async fn look_cluster(&self, cluster: &ClusterKey) -> ClusterLook {
        let (services, tasks) =
            tokio::join!(biased; self.cluster_services(cluster), self.cluster_tasks(cluster));
        let (tasks, tasks_problem) = tasks;
        ClusterLook {
            cluster: cluster.clone(),
            begun_at: services.begun_at,
            services: services.services,
            complete: services.complete,
            tasks,
            problem: services.problem.or(tasks_problem),
        }
    }

    /// Looks at these services, at each as deeply as is asked, before any cluster: ten of a cluster
    /// per DescribeServices call. The looks come in the order of the keys, one for each. Only
    /// stopped tasks are not urgent: nothing waits for them.
    ///
    /// Tasks and evidence are absent from the look at a service that could not be described.
    pub async fn look_services(&self, asked: &[(ServiceKey, Depth)]) -> Vec<ServiceLook> {
        let urgent = asked.iter().any(|(_, depth)| *depth != Depth::Stopped);
        self.look(asked, if urgent { Priority::Urgent } else { Priority::Look }).await
    }

    /// The same. Of services in `followed` the deployment by CodeDeploy is read too, by one call for
    /// each, unless they are only to be described.
    pub async fn look_services_following(
        &self,
        asked: &[(ServiceKey, Depth)],
        followed: &BTreeMap<ServiceKey, Followed>,
    ) -> Vec<ServiceLook> {
        let mut looks = self.look_services(asked).await;
        if !followed.is_empty() {
            self.add_code_deploy(&mut looks, asked, followed).await;
        }
        looks
    }

    /// Describes these services after everything urgent, ten of a cluster per call: somebody said
    /// that something happened to them.
    pub async fn look_woken(&self, keys: &[ServiceKey]) -> Vec<ServiceLook> {
        let asked: Vec<_> = keys.iter().map(|key| (key.clone(), Depth::Describe)).collect();
        self.look(&asked, Priority::Look).await
    }

    async fn look(&self, asked: &[(ServiceKey, Depth)], priority: Priority) -> Vec<ServiceLook> {
        let depths: BTreeMap<&ServiceKey, Depth> =
            asked.iter().map(|(key, depth)| (key, *depth)).collect();
        let depth_of = |key: &ServiceKey| depths.get(key).copied().unwrap_or(Depth::Describe);
        let mut describing = Describing::new(&self.ecs, &self.denied, priority).closely();
        for (key, _) in asked {
            describing.add(key.clone()).await;
        }
        let mut looks = BTreeMap::new();
        let mut pool = Pool::new(CALLS_UNDER_WAY);
        for read in describing.finish().await {
            let described = matches!(read.reading, Reading::Described(_));
            let depth = depth_of(&read.key);
            if described && depth > Depth::Progress {
                let closer = service::look_closer(self.ecs.clone(), read, depth, priority);
                keep(&mut looks, pool.start(closer).await);
            } else {
                keep(&mut looks, Some(service::described(read)));
            }
        }
        while let Some(look) = pool.next().await {
            keep(&mut looks, Some(look));
        }
        let followed = looks.values_mut().filter(|look| depth_of(&look.key) == Depth::Progress);
        self.add_progress(followed, priority).await;
        looks.into_values().collect()
    }

    /// Adds where the service deployments stand that the descriptions name, twenty of them per call,
    /// whatever their clusters. Where that cannot be read, the descriptions have to do.
    async fn add_progress(
        &self,
        looks: impl Iterator<Item = &mut ServiceLook>,
        priority: Priority,
    ) {
        let mut by_arn: BTreeMap<Arc<str>, &mut ServiceLook> = looks
            .filter_map(|look| match &look.reading {
                Reading::Described(seen) => Some((seen.current_service_deployment.clone()?, look)),
                Reading::Gone(_) | Reading::Failed(_) => None,
            })
            .collect();
        let arns: Vec<Arc<str>> = by_arn.keys().cloned().collect();
        for batch in arns.chunks(DESCRIBE_DEPLOYMENTS_MAX) {
            let sent = self.ecs.describe_service_deployments(batch, priority).await;
            for progress in sent.result.unwrap_or_default() {
                if let Some(look) = by_arn.get_mut(&progress.arn) {
                    look.progress = Some(progress);
                }
            }
        }
    }

    /// Adds where deployments by CodeDeploy stand.
    async fn add_code_deploy(
        &self,
        looks: &mut [ServiceLook],
        asked: &[(ServiceKey, Depth)],
        followed: &BTreeMap<ServiceKey, Followed>,
    ) {
        let code_deploy = CodeDeploy::beside(&self.ecs);
        let depths: BTreeMap<&ServiceKey, Depth> =
            asked.iter().map(|(service, depth)| (service, *depth)).collect();
        let mut pool = Pool::new(CALLS_UNDER_WAY);
        let mut read = Vec::new();
        for (place, look) in looks.iter().enumerate() {
            let Some(followed) = followed.get(&look.key).cloned() else { continue };
            let closely = match depths.get(&look.key) {
                None | Some(Depth::Describe) => continue,
                Some(depth) => matches!(depth, Depth::PostMortem { .. }),
            };
            let code_deploy = code_deploy.clone();
            let done = pool
                .start(async move { (place, code_deploy.progress(&followed, closely).await) })
                .await;
            read.extend(done);
        }
        while let Some(done) = pool.next().await {
            read.push(done);
        }
        for (place, progress) in read {
            looks[place].code_deploy = Some(Box::new(progress));
        }
    }

    async fn cluster_services(&self, cluster: &ClusterKey) -> ClusterServices {
        let mut describing = Describing::new(&self.ecs, &self.denied, Priority::Look);
        let mut listed = BTreeSet::new();
        let mut begun_at = None;
        let mut token = None;
        let mut listing = Err(self.endless(Operation::ListServices));
        for _ in 0..PAGES_MAX {
            let sent = self.ecs.list_services_page(cluster, token, Priority::Look).await;
            begun_at.get_or_insert(sent.at);
            match sent.result {
                Err(problem) => {
                    listing = Err(problem);
                    break;
                }
                Ok(page) => {
                    for key in page.items {
                        listed.insert(key.clone());
                        describing.add(key).await;
                    }
                    token = page.next;
                }
            }
            if token.is_none() {
                listing = Ok(());
                break;
            }
        }
        let read = describing.finish().await;
        let mut services: Vec<_> = read.into_iter().map(|one| (one.key, one.reading)).collect();
        services.sort_by(|(one, _), (other, _)| one.cmp(other));
        if listing.is_ok() {
            self.denied.retain_listed(cluster, &listed);
        }
        ClusterServices {
            begun_at: begun_at.unwrap_or_else(|| self.ecs.clock().now()),
            complete: listing.is_ok(),
            problem: listing.err().or_else(|| first_failure(&services)),
            services,
        }
    }

    fn endless(&self, operation: Operation) -> Problem {
        unusable(operation, self.ecs.clock().now(), "the listing does not end")
    }
}

/// The first service that could not be read. One that may not be read concerns only itself.
fn first_failure(services: &[(ServiceKey, Reading)]) -> Option<Problem> {
    services.iter().find_map(|(_, reading)| match reading {
        Reading::Failed(problem) if problem.class != ProblemClass::Denied => Some(problem.clone()),
        _ => None,
    })
}

fn keep(looks: &mut BTreeMap<ServiceKey, ServiceLook>, look: Option<ServiceLook>) {
    if let Some(look) = look {
        looks.insert(look.key.clone(), look);
    }
}

#[cfg(test)]
mod tests;
