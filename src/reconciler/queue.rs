//! When to look at what: due times, the earliest first, one per scope.
//!
//! Every cluster is always in it, or is being looked at. Looks at single services come from the
//! newest plan as a whole, so that a need which has gone takes its look with it; services that were
//! woken stay until they were looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::touched::Touched;
use crate::clock::Time;
use crate::plan::fleet::Fleet;
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::step::{Depth, Look};

/// Looks that fall due within this of one that is due are taken with it, if they can share its
/// calls: DescribeServices answers about ten services for the price of one.
const TOGETHER: chrono::TimeDelta = chrono::TimeDelta::seconds(5);

/// DescribeServices answers about so many services in one call.
pub const SERVICES_PER_LOOK: usize = 10;

/// DescribeServiceDeployments answers about so many in one call.
const DEPLOYMENTS_PER_LOOK: usize = 20;

/// So many clusters are looked at at once. Pages of a listing come one after another, four a second
/// where an answer takes 250 ms, so that it takes several clusters to use up a budget of 20 calls a
/// second; few enough to hold only little of what is being read.
const CLUSTERS_AT_ONCE: usize = 8;

/// The due times.
#[derive(Debug, Default)]
pub struct Queue {
    clusters_list_at: Option<Time>,
    clusters: BTreeMap<ClusterKey, Time>,
    planned: BTreeMap<ServiceKey, (Time, Depth)>,
    woken: BTreeMap<ServiceKey, (Time, Depth)>,
    touched: Touched,
    listing: bool,
    clusters_observed: BTreeSet<ClusterKey>,
    services_observed: BTreeSet<ServiceKey>,
}

/// A look to take now.
#[derive(Debug, PartialEq)]
pub enum DueLook {
    ListClusters,
    Cluster(ClusterKey),
    Services(Vec<(ServiceKey, Depth)>),
    /// Services to which something happened.
    Touched(Vec<ServiceKey>),
}

/// Looks that go together: what one of them waits for, the others may wait for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A start rests on them while they are fresh.
    AtOnce,
    /// Rollouts are followed.
    Followed,
    /// Tasks are read, and what else tells of an end.
    Close,
    /// Nothing waits for them.
    InPassing,
}

impl From<Depth> for Kind {
    fn from(depth: Depth) -> Self {
        match depth {
            Depth::Describe => Self::AtOnce,
            Depth::Follow | Depth::Progress => Self::Followed,
            Depth::Tasks | Depth::PostMortem { .. } => Self::Close,
            Depth::Stopped => Self::InPassing,
        }
    }
}

impl Queue {
    /// Asks for the list of clusters at `at`.
    pub fn list_clusters_at(&mut self, at: Time) {
        self.clusters_list_at = Some(at);
        self.listing = false;
    }

    /// Asks for a look at a cluster at `at`; the look that was under way has ended.
    pub fn cluster_at(&mut self, cluster: &ClusterKey, at: Time) {
        self.clusters_observed.remove(cluster);
        self.clusters.insert(cluster.clone(), at);
    }

    /// Makes everything due that is not being looked at: the times were another clock's.
    pub fn make_all_due(&mut self, now: Time) {
        self.clusters_list_at = self.clusters_list_at.map(|_| now);
        self.clusters.values_mut().for_each(|at| *at = now);
        self.woken.values_mut().for_each(|(at, _)| *at = now);
    }

    /// Brings looks at clusters forward that are due later than `at`.
    pub fn clusters_no_later_than(&mut self, at: Time) {
        for due_at in self.clusters.values_mut() {
            *due_at = at.min(*due_at);
        }
    }

    /// Makes the queue hold just the clusters of `fleet`; new ones are due at once.
    pub fn keep_clusters_of(&mut self, fleet: &Fleet, now: Time) {
        self.clusters.retain(|cluster, _| fleet.cluster(cluster).is_some());
        for (cluster, _) in fleet.clusters() {
            if !self.clusters_observed.contains(cluster) {
                self.clusters.entry(cluster.clone()).or_insert(now);
            }
        }
    }

    /// Replaces the looks that the plan asks for. A look that reads more than a description keeps
    /// its due time: the plan counts it from the newest description, so looks at the cluster that
    /// follow closely upon each other would put it off for ever.
    pub fn plan_looks(&mut self, looks: &[Look]) {
        let before = std::mem::take(&mut self.planned);
        for look in looks {
            let waiting = before
                .get(&look.service)
                .filter(|(_, depth)| *depth == look.depth && *depth > Depth::Follow);
            let at = waiting.map_or(look.at, |(at, _)| look.at.min(*at));
            self.planned.insert(look.service.clone(), (at, look.depth));
        }
    }

    /// Asks for a look at one service, whatever the plan says.
    pub fn wake(&mut self, service: ServiceKey, depth: Depth, at: Time) {
        self.woken.insert(service, (at, depth));
    }

    /// Asks for a look at services to which something happened, with the next pass.
    pub fn touch(&mut self, services: impl IntoIterator<Item = ServiceKey>) {
        self.touched.add(services);
    }

    /// The services to which something happened and that are due for a look, in looks of ten.
    pub fn take_touched(&mut self, now: Time, api_share: f64) -> Vec<DueLook> {
        let services = self.touched.take(now, api_share);
        // A look that is under way may have begun before the event: they wait for the next pass.
        let (busy, free): (Vec<_>, Vec<_>) =
            services.into_iter().partition(|service| self.services_observed.contains(service));
        self.touched.add(busy);
        self.services_observed.extend(free.iter().cloned());
        by_cluster(&free).map(DueLook::Touched).collect()
    }

    /// The look at these services has ended.
    pub fn services_done(&mut self, services: &[ServiceKey]) {
        for service in services {
            self.services_observed.remove(service);
            self.planned.remove(service);
        }
    }

    /// When the earliest look that is not under way falls due.
    pub fn next_at(&self) -> Option<Time> {
        let lists = self.clusters_list_at.filter(|_| !self.listing);
        let clusters = self.clusters.values().min().filter(|_| self.has_room()).copied();
        let services = self.waiting_services().map(|(_, (at, _))| *at).min();
        [lists, clusters, services, self.touched.next_at()].into_iter().flatten().min()
    }

    /// Takes the looks that are due: services before clusters.
    pub fn take_due(&mut self, now: Time) -> Vec<DueLook> {
        let mut due = self.take_services(now);
        if self.clusters_list_at.is_some_and(|at| at <= now) && !self.listing {
            self.listing = true;
            due.push(DueLook::ListClusters);
        }
        let mut clusters: Vec<_> = self
            .clusters
            .iter()
            .filter(|(_, at)| **at <= now)
            .map(|(c, at)| (*at, c.clone()))
            .collect();
        clusters.sort();
        for (_, cluster) in clusters {
            if !self.has_room() {
                break;
            }
            self.clusters.remove(&cluster);
            self.clusters_observed.insert(cluster.clone());
            due.push(DueLook::Cluster(cluster));
        }
        due
    }

    fn has_room(&self) -> bool {
        self.clusters_observed.len() < CLUSTERS_AT_ONCE
    }

    /// Services to be looked at that are not being looked at.
    fn waiting_services(&self) -> impl Iterator<Item = (&ServiceKey, &(Time, Depth))> {
        self.planned
            .iter()
            .chain(&self.woken)
            .filter(|(service, _)| !self.services_observed.contains(*service))
    }

    /// The due services, in looks that share their calls.
    fn take_services(&mut self, now: Time) -> Vec<DueLook> {
        let soon = now + TOGETHER;
        let due: BTreeSet<Kind> = self
            .waiting_services()
            .filter(|(_, (at, _))| *at <= now)
            .map(|(_, (_, depth))| Kind::from(*depth))
            .collect();
        let mut deepest: BTreeMap<ServiceKey, Depth> = BTreeMap::new();
        for (service, (_, depth)) in self
            .waiting_services()
            .filter(|(_, (at, depth))| *at <= soon && due.contains(&Kind::from(*depth)))
        {
            let known = deepest.entry(service.clone()).or_insert(*depth);
            *known = (*known).max(*depth);
        }
        let mut groups: BTreeMap<(Kind, ClusterKey), Vec<(ServiceKey, Depth)>> = BTreeMap::new();
        for (service, depth) in deepest {
            self.woken.remove(&service);
            self.services_observed.insert(service.clone());
            let group = (Kind::from(depth), service.cluster().clone());
            groups.entry(group).or_default().push((service, depth));
        }
        let mut looks = Vec::new();
        let mut followed = Vec::new();
        for ((kind, _), services) in groups {
            let tens = services.chunks(SERVICES_PER_LOOK).map(<[_]>::to_vec);
            match kind {
                Kind::Followed => followed.extend(tens),
                _ => looks.extend(tens),
            }
        }
        looks.extend(by_twenty(followed));
        looks.into_iter().map(DueLook::Services).collect()
    }
}

/// Puts groups of at most ten together, so that twenty service deployments share a call whatever
/// their clusters.
fn by_twenty(mut tens: Vec<Vec<(ServiceKey, Depth)>>) -> Vec<Vec<(ServiceKey, Depth)>> {
    tens.sort_by_key(|services| std::cmp::Reverse(services.len()));
    let mut looks: Vec<Vec<(ServiceKey, Depth)>> = Vec::new();
    for services in tens {
        let fits = |look: &&mut Vec<_>| look.len() + services.len() <= DEPLOYMENTS_PER_LOOK;
        match looks.iter_mut().find(fits) {
            Some(look) => look.extend(services),
            None => looks.push(services),
        }
    }
    looks
}

/// Services in the order of their keys, in groups of one cluster and of at most ten.
fn by_cluster(services: &[ServiceKey]) -> impl Iterator<Item = Vec<ServiceKey>> {
    services
        .chunk_by(|one, next| one.cluster() == next.cluster())
        .flat_map(|of_cluster| of_cluster.chunks(SERVICES_PER_LOOK))
        .map(<[ServiceKey]>::to_vec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn service(name: &str) -> ServiceKey {
        ServiceKey::new(&ClusterKey::new("eu-west-1", "123456789012", "prd"), name)
    }

    fn look(name: &str, second: i64, depth: Depth) -> Look {
        Look { service: service(name), depth, at: at(second) }
    }

    fn asked(services: &[(&str, Depth)]) -> DueLook {
        DueLook::Services(services.iter().map(|(name, depth)| (service(name), *depth)).collect())
    }

    fn sizes(taken: &[DueLook]) -> Vec<usize> {
        let size = |look: &DueLook| match look {
            DueLook::Services(services) => services.len(),
            _ => 0,
        };
        taken.iter().map(size).collect()
    }

    #[test]
    fn looks_that_are_nearly_due_are_taken_together() {
        let mut queue = Queue::default();
        let depth = Depth::Describe;
        queue.plan_looks(&[look("a", 0, depth), look("b", 5, depth), look("c", 6, depth)]);
        assert_eq!(queue.take_due(at(0)), [asked(&[("a", depth), ("b", depth)])]);
        assert_eq!(queue.next_at(), Some(at(6)));
    }

    #[test]
    fn a_look_for_a_start_brings_no_rollout_forward_and_waits_for_none() {
        let mut queue = Queue::default();
        let post_mortem = Depth::PostMortem { since: at(0) };
        queue.plan_looks(&[
            look("a", 0, Depth::Describe),
            look("b", 1, Depth::Follow),
            look("c", 2, Depth::Progress),
            look("d", 3, Depth::Tasks),
            look("e", 3, post_mortem),
        ]);
        assert_eq!(queue.take_due(at(0)), [asked(&[("a", Depth::Describe)])]);
        assert_eq!(queue.take_due(at(2)), [asked(&[("b", Depth::Follow), ("c", Depth::Progress)])]);
        let close = asked(&[("d", Depth::Tasks), ("e", post_mortem)]);
        assert_eq!(queue.take_due(at(3)), [close]);
    }

    #[test]
    fn a_service_is_looked_at_once_at_a_time_and_as_deeply_as_anyone_asked() {
        let mut queue = Queue::default();
        queue.plan_looks(&[look("a", 0, Depth::Describe)]);
        queue.wake(service("a"), Depth::Tasks, at(0));
        assert_eq!(queue.take_due(at(0)), [asked(&[("a", Depth::Tasks)])]);
        assert_eq!(queue.take_due(at(9)), []);
        assert_eq!(queue.next_at(), None);
        queue.services_done(&[service("a")]);
        queue.plan_looks(&[look("a", 10, Depth::Describe)]);
        assert_eq!(queue.next_at(), Some(at(10)));
    }

    #[test]
    fn a_look_for_a_proof_is_not_put_off_by_newer_descriptions() {
        for (depth, expected) in [(Depth::Tasks, 2), (Depth::Progress, 2), (Depth::Follow, 3)] {
            let mut queue = Queue::default();
            queue.plan_looks(&[look("a", 2, depth)]);
            queue.plan_looks(&[look("a", 3, depth)]);
            assert_eq!(queue.next_at(), Some(at(expected)), "{depth:?}");
            // Once it was taken, the next one is due when the plan says.
            assert_eq!(queue.take_due(at(3)), [asked(&[("a", depth)])]);
            queue.plan_looks(&[look("a", 4, depth)]);
            queue.services_done(&[service("a")]);
            queue.plan_looks(&[look("a", 13, depth)]);
            assert_eq!(queue.next_at(), Some(at(13)), "{depth:?}");
        }
    }

    #[test]
    fn a_deeper_need_has_a_time_of_its_own() {
        let mut queue = Queue::default();
        queue.plan_looks(&[look("a", 2, Depth::Tasks)]);
        queue.plan_looks(&[look("a", 7, Depth::PostMortem { since: at(0) })]);
        assert_eq!(queue.next_at(), Some(at(7)));
    }

    #[test]
    fn ten_services_share_a_look() {
        let mut queue = Queue::default();
        let looks: Vec<_> =
            (0..23).map(|n| look(&format!("s{n:02}"), 0, Depth::Describe)).collect();
        queue.plan_looks(&looks);
        assert_eq!(sizes(&queue.take_due(at(0))), [10, 10, 3]);
    }

    #[test]
    fn rollouts_share_their_calls_whatever_their_kinds_and_clusters() {
        let mut queue = Queue::default();
        let mut looks = Vec::new();
        for (cluster, services) in [("dev", 34), ("prd", 33), ("tst", 33)] {
            let cluster = ClusterKey::new("eu-west-1", "123456789012", cluster);
            looks.extend((0..services).map(|n| Look {
                service: ServiceKey::new(&cluster, &format!("s{n:02}")),
                depth: if n % 4 == 0 { Depth::Follow } else { Depth::Progress },
                at: at(0),
            }));
        }
        queue.plan_looks(&looks);
        let taken = queue.take_due(at(0));
        assert_eq!(sizes(&taken), [20, 20, 20, 20, 20]);
        let calls = taken.iter().map(|look| match look {
            DueLook::Services(asked) => {
                let keys: Vec<_> = asked.iter().map(|(key, _)| key.clone()).collect();
                by_cluster(&keys).count()
            }
            _ => 0,
        });
        assert_eq!(calls.sum::<usize>(), 4 + 4 + 4);
    }

    #[test]
    fn a_need_that_has_gone_takes_its_look_with_it() {
        let mut queue = Queue::default();
        queue.plan_looks(&[look("a", 0, Depth::Describe)]);
        queue.plan_looks(&[]);
        assert_eq!(queue.next_at(), None);
    }
}
