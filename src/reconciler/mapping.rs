//! Finding out whose tasks the notices name, and where services are whose cluster they do not name.
//!
//! What the fleet tells needs no call. The rest is asked for after everything urgent, a bounded
//! number at a time, by one owned task. What was found out is stored before it counts. Nothing is
//! guessed: what could not be answered stays open and is tried again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use chrono::TimeDelta;

use super::event::Event;
use super::{Effects, Reconciler};
use crate::aws::Priority;
use crate::clock::Time;
use crate::plan::fleet::{Fleet, Problem, ProblemClass, Service, TaskId};
use crate::plan::key::ClusterKey;
use crate::plan::notice::{Entity, Findings, Notice, NoticePage, Notices, Owner};

/// So many tasks are asked about before what was found out counts: ten calls, where their clusters
/// are named.
const IDS_MAX: usize = 1_000;

/// So many clusters that no policy selects are asked for tasks whose cluster was not named: ten calls
/// each at most, which the API share spreads over minutes. Where there are more of them such tasks stay
/// unknown. AWS has named the cluster in every notice that was seen so far.
const OTHERS_MAX: usize = 500;

/// The pause after a try that left something open.
const PAUSE: TimeDelta = TimeDelta::seconds(60);

/// The pause for tasks that only somebody else can help to find: who grants a permission.
const LASTING_PAUSE: TimeDelta = TimeDelta::hours(1);

/// How it is going.
#[derive(Debug, Default)]
pub(super) struct Mapping {
    under_way: bool,
    /// Not tried again before this.
    retry_at: Option<Time>,
    /// The last task that was asked about. Those after it come next, so that tasks which nobody can
    /// tell about keep no others waiting.
    after: Option<TaskId>,
    /// Tasks that are not asked about again before some time.
    aside: BTreeMap<TaskId, Time>,
    /// What was wrong, as it was said last.
    problem: Option<String>,
}

impl Mapping {
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way
    }

    /// Whether it is time. No pause is longer than it should be, whatever became of the clock.
    fn may_begin(&self, now: Time) -> bool {
        !self.under_way && self.retry_at.is_none_or(|at| at <= now || at > now + PAUSE)
    }

    fn put_aside(&mut self, tasks: Vec<TaskId>, now: Time) {
        self.aside.extend(tasks.into_iter().map(|id| (id, now + LASTING_PAUSE)));
    }

    /// Forgets the pauses that are over.
    fn take_up(&mut self, now: Time) {
        self.aside.retain(|_, at| now < *at && *at <= now + LASTING_PAUSE);
    }
}

/// What came of a try.
#[derive(Debug)]
pub struct Mapped {
    /// The pages that say more now, as they were stored.
    pages: Vec<NoticePage>,
    found: Findings,
    /// Why not everything could be found out or stored.
    problem: Option<String>,
    /// The tasks about which the same would come of another try soon.
    aside: Vec<TaskId>,
}

/// What is to be found out, and where.
#[derive(Debug, Default)]
struct Job {
    /// What the fleet tells.
    found: Findings,
    /// Tasks by the cluster that was named.
    named: BTreeMap<ClusterKey, Vec<TaskId>>,
    /// Tasks without one.
    unnamed: Vec<TaskId>,
    /// Those of them about which nothing more can be found out soon.
    aside: Vec<TaskId>,
    /// Where those without one may be. There may be others that no policy selects.
    clusters: Vec<ClusterKey>,
    /// The pages that leave any of it open.
    pages: Vec<NoticePage>,
    /// The last task of it.
    last: Option<TaskId>,
}

impl Reconciler {
    /// Begins to find out what the notices leave open, if anything. It waits until all there is to
    /// see was looked at: most tasks are known then.
    pub(super) fn begin_mapping(&mut self) {
        let now = self.now();
        if self.ledger.notices.unmapped().next().is_none()
            || !self.mapping.may_begin(now)
            || !self.clusters.all_looked_at(&self.fleet)
        {
            return;
        }
        self.mapping.take_up(now);
        let job = Job::of(&self.ledger.notices, &self.fleet, &self.mapping);
        if job.pages.is_empty() {
            self.mapping.retry_at = Some(now + PAUSE);
            return;
        }
        self.mapping.under_way = true;
        self.mapping.after = job.last;
        let (effects, dry_run) = (self.effects.clone(), self.policies.dry_run);
        self.tasks
            .spawn(async move { Event::Mapped(Box::new(job.carry_out(&effects, dry_run).await)) });
    }

    pub(super) fn apply_mapped(&mut self, mapped: Mapped) {
        let now = self.now();
        let Mapped { pages, found, problem, aside } = mapped;
        self.progress.made(now);
        self.mapping.under_way = false;
        self.mapping.put_aside(aside, now);
        let pauses = problem.is_some() || pages.is_empty();
        self.mapping.retry_at = pauses.then(|| now + PAUSE);
        if let Some(problem) =
            problem.filter(|problem| self.mapping.problem.as_ref() != Some(problem))
        {
            tracing::warn!(
                "not all that retirement notices name could be found out, it is tried again: \
                 {problem}"
            );
            self.mapping.problem = Some(problem);
        }
        if !pages.is_empty() {
            report(&found);
            self.extend_notices(pages);
        }
        // What went well may have been another part.
        if self.ledger.notices.unmapped().next().is_none() && self.mapping.problem.take().is_some()
        {
            tracing::info!("all that retirement notices name is found out now");
        }
    }
}

fn report(found: &Findings) {
    let count = |is: fn(&Owner) -> bool| found.tasks.values().filter(|(_, o)| is(o)).count();
    let of_services = count(|owner| matches!(owner, Owner::Service(_)));
    let standalone = count(|owner| matches!(owner, Owner::Standalone { .. }));
    let gone = count(|owner| matches!(owner, Owner::Gone));
    let services = found.services.len();
    let parts: Vec<String> = [
        (of_services, "of a service"),
        (standalone, "of no service"),
        (gone, "gone"),
        (services, "services found by their short names"),
    ]
    .into_iter()
    .filter(|(number, _)| *number > 0)
    .map(|(number, what)| format!("{number} {what}"))
    .collect();
    tracing::info!(
        of_services,
        standalone,
        gone,
        services,
        "found out about tasks that retirement notices name: {}",
        parts.join(", ")
    );
}

impl Job {
    /// The next part of what is open. Where no cluster is known, nothing can be asked: the account
    /// and Region of the fleet are the only ones that are spoken with.
    fn of(notices: &Notices, fleet: &Fleet, mapping: &Mapping) -> Self {
        let clusters: Vec<_> = fleet.clusters().map(|(cluster, _)| cluster.clone()).collect();
        let Some(home) = clusters.first().cloned() else { return Self::default() };
        let at_home = |notice: &&Notice| {
            *notice.key.account == *home.account() && *notice.region == *home.region()
        };
        let open: Vec<_> = notices.unmapped().filter(at_home).collect();
        let mut job = Self { clusters, ..Self::default() };
        job.found.services = find_services(&open, fleet);

        let mut wanted = BTreeMap::new();
        for notice in &open {
            for (id, task) in notice.tasks.iter().filter(|(_, task)| task.is_unmapped()) {
                let cluster: &mut Option<&Arc<str>> = wanted.entry(*id).or_default();
                *cluster = cluster.or(task.cluster.as_ref());
            }
        }
        job.found.tasks = find_tasks(&mut wanted, fleet);
        wanted.retain(|id, cluster| cluster.is_some() || !mapping.aside.contains_key(id));

        let later = mapping.after.map_or(Unbounded, Excluded);
        let rotated = wanted.range((later, Unbounded)).chain(wanted.iter()).take(wanted.len());
        for (id, cluster) in rotated.take(IDS_MAX) {
            job.last = Some(*id);
            match cluster {
                None => job.unnamed.push(*id),
                Some(name) => {
                    let cluster = ClusterKey::new(home.region(), home.account(), name);
                    job.named.entry(cluster).or_default().push(*id);
                }
            }
        }
        job.pages = job.pages_of(&open, notices);
        job
    }

    /// The pages that anything found or asked for can change.
    fn pages_of(&self, open: &[&Notice], notices: &Notices) -> Vec<NoticePage> {
        let asked = self.named.values().flatten().chain(&self.unnamed);
        let ids: BTreeSet<_> = asked.chain(self.found.tasks.keys()).collect();
        let leaves_open = |page: &&NoticePage| {
            page.entities.iter().any(|affected| match &affected.entity {
                Entity::Task { id, owner: None, .. } => ids.contains(id),
                Entity::ShortService(name) => self.found.services.contains_key(name),
                Entity::Service(..) | Entity::Task { .. } => false,
            })
        };
        let pages = open.iter().flat_map(|notice| notices.pages_of(&notice.key));
        pages.filter(leaves_open).cloned().collect()
    }

    async fn carry_out(mut self, effects: &Effects, dry_run: bool) -> Mapped {
        let mut problem = self.ask_named(effects).await;
        problem = self.ask_everywhere(effects).await.or(problem);
        let mut mapped =
            Mapped { pages: Vec::new(), found: self.found, problem, aside: self.aside };
        for page in self.pages.iter().filter_map(|page| page.with(&mapped.found)) {
            if !dry_run && let Err(error) = effects.store.save_page(&page).await {
                mapped.problem = Some(error.to_string());
                break;
            }
            mapped.pages.push(page);
        }
        mapped
    }

    /// Asks about each task where it is said to be. What is wrong with one cluster concerns no
    /// other one.
    async fn ask_named(&mut self, effects: &Effects) -> Option<String> {
        let mut problem = None;
        for (cluster, ids) in std::mem::take(&mut self.named) {
            let owners = effects.ecs.task_owners(&cluster, &ids, Priority::Look).await;
            problem = problem.or(owners.problem);
            self.found_in(&cluster, owners.found);
        }
        problem.as_ref().map(ToString::to_string)
    }

    /// Asks one cluster after another: those that are watched, then all others of the account. A task
    /// is gone only when every one of them has answered.
    async fn ask_everywhere(&mut self, effects: &Effects) -> Option<String> {
        let mut open = std::mem::take(&mut self.unnamed);
        let watched = std::mem::take(&mut self.clusters);
        if let Some(problem) = self.ask_each(effects, &watched, &mut open).await {
            return Some(problem.to_string());
        }
        if open.is_empty() {
            return None;
        }
        let unfinished = match effects.ecs.list_clusters(Priority::Look).await {
            Ok(mut others) => {
                others.retain(|cluster| !watched.contains(cluster));
                if others.len() > OTHERS_MAX {
                    let clusters = others.len();
                    self.aside = open;
                    return Some(format!(
                        "some tasks are in none of the clusters that are watched, and the {clusters} \
                         others are too many to ask"
                    ));
                }
                self.ask_each(effects, &others, &mut open).await
            }
            Err(problem) => Some(problem),
        };
        match unfinished {
            None => self.found.tasks.extend(open.into_iter().map(|id| (id, (None, Owner::Gone)))),
            Some(ref problem) if problem.class == ProblemClass::Denied => self.aside = open,
            Some(_) => {}
        }
        unfinished.map(|problem| {
            format!("some tasks are in none of the clusters that are watched: {problem}")
        })
    }

    /// Asks each of these clusters for the tasks that are `open` until then.
    async fn ask_each<'a>(
        &mut self,
        effects: &Effects,
        clusters: impl IntoIterator<Item = &'a ClusterKey>,
        open: &mut Vec<TaskId>,
    ) -> Option<Problem> {
        let mut problem = None;
        for cluster in clusters {
            if open.is_empty() {
                break;
            }
            let owners = effects.ecs.task_owners(cluster, open, Priority::Look).await;
            problem = problem.or(owners.problem);
            let here = owners.found.into_iter().filter(|(_, owner)| *owner != Owner::Gone);
            self.found_in(cluster, here);
            open.retain(|id| !self.found.tasks.contains_key(id));
        }
        problem
    }

    fn found_in(
        &mut self,
        cluster: &ClusterKey,
        owners: impl IntoIterator<Item = (TaskId, Owner)>,
    ) {
        let name: Arc<str> = cluster.name().into();
        let found = owners.into_iter().map(|(id, owner)| (id, (Some(name.clone()), owner)));
        self.found.tasks.extend(found);
    }
}

/// Takes out of `wanted` the tasks that were seen to be a service's.
fn find_tasks<T>(
    wanted: &mut BTreeMap<TaskId, T>,
    fleet: &Fleet,
) -> BTreeMap<TaskId, (Option<Arc<str>>, Owner)> {
    let mut found = BTreeMap::new();
    for service in fleet.services() {
        for task in service.tasks.iter().flat_map(|tasks| &tasks.tasks) {
            if wanted.remove(&task.id).is_some() {
                let owner = Owner::Service(service.key.name().into());
                found.insert(task.id, (Some(service.key.cluster().name().into()), owner));
            }
        }
    }
    found
}

/// The clusters of services that were named by the short form of their ARN, which only services from
/// before 2021 have: where exactly one such service is known, and none that may be one.
fn find_services(open: &[&Notice], fleet: &Fleet) -> BTreeMap<Arc<str>, Arc<str>> {
    let named = open.iter().flat_map(|notice| &notice.short_services);
    let named = named.filter(|(_, resolved)| !**resolved);
    let wanted: BTreeMap<&str, _> = named.map(|(name, _)| (&**name, name)).collect();
    let all_listed = fleet.clusters().all(|(_, view)| view.complete_at.is_some());
    if wanted.is_empty() || !all_listed {
        return BTreeMap::new();
    }
    let mut candidates: BTreeMap<&Arc<str>, Vec<&Service>> = BTreeMap::new();
    for service in fleet.services().filter(|service| is_short(service) != Some(false)) {
        if let Some(name) = wanted.get(service.key.name()) {
            candidates.entry(*name).or_default().push(service);
        }
    }
    let sure = candidates.into_iter().filter_map(|(name, services)| match services[..] {
        [one] if is_short(one) == Some(true) => {
            Some((name.clone(), one.key.cluster().name().into()))
        }
        _ => None,
    });
    sure.collect()
}

/// Whether a service's own ARN does not name its cluster; not known of one that was never described.
fn is_short(service: &Service) -> Option<bool> {
    let arn = &service.description.as_ref()?.arn;
    let name = arn.rsplit_once(":service/").map(|(_, path)| path);
    Some(name == Some(service.key.name()))
}
