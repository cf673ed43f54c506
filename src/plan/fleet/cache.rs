//! The fleet as a cache: looks are absorbed into it, and newer readings win.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::{
    CodeDeployProgress, Description, Movement, PostMortem, Problem, Progress, Running, Service,
    StoppedTasks, Task, TaskStatus, Tasks,
};
use crate::clock::Time;
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::surroundings::Surroundings;

/// How long it is remembered that a service went away, so that its open attempt can be closed.
const GONE_KEPT: TimeDelta = TimeDelta::hours(24);

/// Everything seen of ECS.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fleet {
    services: BTreeMap<ServiceKey, Service>,
    clusters: BTreeMap<ClusterKey, ClusterView>,
    gone: BTreeMap<ServiceKey, Time>,
    own: Option<ServiceKey>,
    /// Whether another copy of this daemon takes over when this one is replaced.
    hands_over: bool,
    surroundings: Surroundings,
}

/// What is known about a cluster as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterView {
    /// When the newest look that listed every service began.
    pub complete_at: Option<Time>,
    /// Why the newest look was not complete; absent when it was.
    pub problem: Option<Problem>,
}

/// One observation of a whole cluster.
#[derive(Clone, Debug)]
pub struct ClusterLook {
    pub cluster: ClusterKey,
    /// When the first call was sent.
    pub begun_at: Time,
    /// Every service that was listed, and what came of reading it.
    pub services: Vec<(ServiceKey, Reading)>,
    /// Whether every page of ListServices was read: only then do services that are not listed
    /// count as gone.
    pub complete: bool,
    /// The tasks of the cluster's services; absent when they could not be listed at all.
    pub tasks: Option<ClusterTasks>,
    /// The first thing that went wrong, if anything did.
    pub problem: Option<Problem>,
}

/// The tasks of a cluster that should be running and belong to a service.
#[derive(Clone, Debug)]
pub struct ClusterTasks {
    pub listed_at: Time,
    pub complete: bool,
    pub by_service: BTreeMap<ServiceKey, Vec<Task>>,
    /// What the newest running task of each service runs.
    pub running: BTreeMap<ServiceKey, Running>,
}

/// One observation of one service.
#[derive(Clone, Debug)]
pub struct ServiceLook {
    pub key: ServiceKey,
    pub reading: Reading,
    /// Its tasks, where they were asked for and could be listed.
    pub tasks: Option<Tasks>,
    /// What its newest task runs, where its tasks were described one by one.
    pub running: Option<Running>,
    /// Where its service deployment stands, where that was asked for and could be read.
    pub progress: Option<Progress>,
    /// Where its deployment by CodeDeploy stands, where that was asked for.
    pub code_deploy: Option<Box<CodeDeployProgress>>,
    /// Its stopped tasks, where they were asked for and could be read.
    pub stopped: Option<StoppedTasks>,
    /// The evidence, where it was asked for.
    pub post_mortem: Option<PostMortem>,
}

/// What came of reading one service.
#[derive(Clone, Debug)]
pub enum Reading {
    Described(Description),
    /// It is missing, INACTIVE or DRAINING, as of a reading that began then.
    Gone(Time),
    Failed(Problem),
}

impl Reading {
    /// When it was begun, or failed.
    pub fn at(&self) -> Time {
        match self {
            Self::Described(description) => description.described_at,
            Self::Gone(at) => *at,
            Self::Failed(problem) => problem.at,
        }
    }
}

impl Fleet {
    /// Every known service, in the order of the keys.
    pub fn services(&self) -> impl Iterator<Item = &Service> {
        self.services.values()
    }

    pub fn service(&self, key: &ServiceKey) -> Option<&Service> {
        self.services.get(key)
    }

    /// Every known cluster, in the order of the keys.
    pub fn clusters(&self) -> impl Iterator<Item = (&ClusterKey, &ClusterView)> {
        self.clusters.iter()
    }

    pub fn cluster(&self, key: &ClusterKey) -> Option<&ClusterView> {
        self.clusters.get(key)
    }

    /// The service that this daemon runs as, where it runs on ECS.
    pub fn own(&self) -> Option<&ServiceKey> {
        self.own.as_ref()
    }

    /// Takes in which service this daemon runs as, and whether another copy of it takes over what is
    /// under way.
    pub fn set_own(&mut self, own: Option<ServiceKey>, hands_over: bool) {
        self.own = own;
        self.hands_over = hands_over;
    }

    /// Whether another copy of this daemon takes over when this one is replaced. Without it the daemon's
    /// own refresh would end with the daemon.
    pub fn hands_over(&self) -> bool {
        self.hands_over
    }

    /// What its services refer to, as far as it was asked for.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Takes in what was read of what its services refer to.
    pub fn absorb_surroundings(&mut self, read: Surroundings, now: Time) {
        self.surroundings.absorb(read);
        let described = self.services.values().filter_map(|service| service.description.as_ref());
        let primaries = described.filter_map(Description::primary);
        let in_use = primaries.map(|primary| primary.task_definition.clone()).collect();
        self.surroundings.prune(&in_use, now);
    }

    /// When a service was seen to be gone, if it was and has not come back.
    pub fn gone_at(&self, key: &ServiceKey) -> Option<Time> {
        self.gone.get(key).copied()
    }

    /// Takes in a complete list of the clusters that exist. Clusters that are no longer there
    /// leave with their services.
    pub fn absorb_clusters(&mut self, listed: &BTreeSet<ClusterKey>, at: Time) {
        for cluster in listed {
            self.clusters.entry(cluster.clone()).or_default();
        }
        self.clusters.retain(|cluster, _| listed.contains(cluster));
        let lost: Vec<_> =
            self.services.keys().filter(|key| !listed.contains(key.cluster())).cloned().collect();
        for key in lost {
            self.forget(&key, at);
        }
    }

    /// Takes in a look at a cluster.
    pub fn absorb_cluster(&mut self, look: ClusterLook) {
        let listed: BTreeSet<_> = look.services.iter().map(|(key, _)| key.clone()).collect();
        for (key, reading) in look.services {
            self.absorb_reading(key, reading);
        }
        let view = self.clusters.entry(look.cluster.clone()).or_default();
        view.problem = look.problem;
        if look.complete {
            view.complete_at = Some(look.begun_at);
            self.drop_unlisted(&look.cluster, &listed, look.begun_at);
        }
        match look.tasks {
            Some(tasks) => self.absorb_cluster_tasks(&look.cluster, tasks),
            None => self.doubt_cluster_tasks(&look.cluster, look.begun_at),
        }
        self.gone.retain(|_, at| look.begun_at - *at < GONE_KEPT);
    }

    /// Takes in a look at one service.
    pub fn absorb_service(&mut self, look: ServiceLook) {
        self.absorb_reading(look.key.clone(), look.reading);
        let Some(service) = self.services.get_mut(&look.key) else { return };
        if let Some(tasks) = look.tasks {
            take_tasks(service, tasks);
        }
        service.running = look.running.or(service.running.take());
        if let Some(mut progress) = look.progress {
            // A step of traffic is a stage of its own.
            let known = service.progress.as_ref().filter(|known| {
                known.arn == progress.arn
                    && known.stage == progress.stage
                    && known.traffic_percent == progress.traffic_percent
            });
            progress.stage_since = known.map_or(progress.asked_at, |known| known.stage_since);
            if let Some(movement) = &mut service.movement {
                movement.note_stage(&progress);
            }
            service.progress = Some(progress);
        }
        if let Some(mut seen) = look.code_deploy {
            let known = service.code_deploy.as_ref().filter(|k| k.status() == seen.status());
            seen.status_since = known.map_or(seen.asked_at, |known| known.status_since);
            service.code_deploy = Some(seen);
        }
        if let Some(stopped) = look.stopped {
            service.replaced_at = service.replaced_at.filter(|at| *at > stopped.asked_at);
            service.stopped = Some(stopped);
        }
        if look.post_mortem.is_some() {
            service.post_mortem = look.post_mortem;
        }
    }

    /// Drops the evidence about a service whose attempt has ended.
    pub fn drop_post_mortem(&mut self, key: &ServiceKey) {
        if let Some(service) = self.services.get_mut(key) {
            service.post_mortem = None;
            service.progress = None;
            service.code_deploy = None;
        }
    }

    fn absorb_reading(&mut self, key: ServiceKey, reading: Reading) {
        match reading {
            Reading::Gone(at) => {
                let known =
                    self.services.get(&key).and_then(|service| service.description.as_ref());
                if known.is_none_or(|description| description.described_at <= at) {
                    self.forget(&key, at);
                }
            }
            Reading::Failed(problem) => {
                self.services.entry(key.clone()).or_insert_with(|| Service::new(key)).problem =
                    Some(problem);
            }
            Reading::Described(description) => {
                if self.gone.get(&key).is_some_and(|gone_at| *gone_at > description.described_at) {
                    return;
                }
                let service =
                    self.services.entry(key.clone()).or_insert_with(|| Service::new(key.clone()));
                let known_at = service.description.as_ref().map(|known| known.described_at);
                if known_at.is_none_or(|known_at| known_at <= description.described_at) {
                    service.movement = Movement::follow(service.movement.take(), &description);
                    service.description = Some(description);
                    service.problem = None;
                    self.gone.remove(&key);
                }
            }
        }
    }

    /// A service that a complete list does not name is dropped, unless it was seen after that list
    /// was begun. That it is gone only DescribeServices can say: lists are eventually consistent,
    /// and the outcome of an open attempt rests on it.
    fn drop_unlisted(
        &mut self,
        cluster: &ClusterKey,
        listed: &BTreeSet<ServiceKey>,
        begun_at: Time,
    ) {
        let lost: Vec<_> = self
            .services
            .iter()
            .filter(|(key, service)| {
                key.cluster() == cluster
                    && !listed.contains(*key)
                    && service.description.as_ref().is_none_or(|seen| seen.described_at < begun_at)
            })
            .map(|(key, _)| key.clone())
            .collect();
        for key in lost {
            self.services.remove(&key);
        }
    }

    fn absorb_cluster_tasks(&mut self, cluster: &ClusterKey, mut tasks: ClusterTasks) {
        for (key, service) in self.services.iter_mut().filter(|(key, _)| key.cluster() == cluster) {
            service.running = tasks.running.remove(key).or(service.running.take());
            let mut own = tasks.by_service.remove(key).unwrap_or_default();
            own.sort_by_key(|task| task.id);
            own.shrink_to_fit();
            let listing =
                Tasks { listed_at: tasks.listed_at, complete: tasks.complete, tasks: own };
            take_tasks(service, listing);
        }
    }

    /// What was listed of the tasks before a listing failed is no longer known to be all there is:
    /// an age must not rest on it for ever.
    fn doubt_cluster_tasks(&mut self, cluster: &ClusterKey, begun_at: Time) {
        let services = self.services.iter_mut().filter(|(key, _)| key.cluster() == cluster);
        for tasks in services.filter_map(|(_, service)| service.tasks.as_mut()) {
            tasks.complete &= tasks.listed_at > begun_at;
        }
    }

    fn forget(&mut self, key: &ServiceKey, at: Time) {
        self.services.remove(key);
        self.gone.insert(key.clone(), at);
    }
}

fn take_tasks(service: &mut Service, seen: Tasks) {
    if service.tasks.as_ref().is_some_and(|known| known.listed_at > seen.listed_at) {
        return;
    }
    if service.tasks.as_ref().is_some_and(|known| replaced(service, known, &seen)) {
        service.replaced_at = service.replaced_at.or(Some(seen.listed_at));
    }
    service.desired_when_listed = service.description.as_ref().map(|seen| seen.desired_count);
    service.tasks = Some(seen);
}

/// Whether a running task has gone and another has come although nobody deployed in between: it
/// died, or AWS took it away. The other one may have been listed before: where AWS takes a task away
/// it starts the replacement first.
fn replaced(service: &Service, known: &Tasks, seen: &Tasks) -> bool {
    let changed_at = service.description.as_ref().and_then(|description| {
        description.primary().and_then(|primary| primary.updated_at.max(primary.created_at))
    });
    let spare =
        service.desired_when_listed.is_some_and(|desired| known.tasks.len() > desired as usize);
    known.complete
        && seen.complete
        && (spare || seen.tasks.len() >= known.tasks.len())
        && changed_at.is_some_and(|changed_at| changed_at < known.listed_at)
        && known.tasks.iter().any(|task| {
            task.status == TaskStatus::Running
                && seen.tasks.binary_search_by_key(&task.id, |seen| seen.id).is_err()
        })
}
