//! One notice, put together from the pages that came.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Entity, EventKey, EventStatus, NoticePage, Owner};
use crate::clock::Time;
use crate::plan::fleet::TaskId;
use crate::plan::key::{ClusterKey, ServiceKey};

/// What AWS says about one retirement, all communications together.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    pub key: EventKey,
    pub region: Arc<str>,
    pub code: Arc<str>,
    /// Of the newest communication.
    pub status: EventStatus,
    /// When AWS begins to replace the tasks, by the newest communication that says.
    pub deadline: Option<Time>,
    /// The earliest publication time known: tasks launched later run on the new revision.
    pub cutoff: Time,
    /// When its first page was taken in.
    pub received_at: Time,
    /// The services, and whether AWS says that nothing is left to do about them.
    pub services: BTreeMap<ServiceKey, bool>,
    /// Services whose cluster was not named.
    pub short_services: BTreeMap<Arc<str>, bool>,
    /// The tasks that are no service's, or not known to be one's.
    pub tasks: BTreeMap<TaskId, AffectedTask>,
    /// What was not understood, with its raw text.
    pub not_understood: BTreeSet<String>,
}

/// A task that a notice names.
#[derive(Clone, Debug, PartialEq)]
pub struct AffectedTask {
    pub cluster: Option<Arc<str>>,
    pub resolved: bool,
    /// Absent until it was found out.
    pub owner: Option<Owner>,
}

impl AffectedTask {
    /// Whether it has to be found out whose it is. Of one that is done with, it does not matter.
    pub fn is_unmapped(&self) -> bool {
        self.owner.is_none() && !self.resolved
    }
}

impl Notice {
    /// Whether anything may still have to be done: AWS has not closed it.
    pub fn is_open(&self) -> bool {
        self.status != EventStatus::Closed
    }

    /// Whether it names something of which more has to be found out before anything can be done.
    pub(super) fn is_unmapped(&self) -> bool {
        self.is_open()
            && (self.tasks.values().any(AffectedTask::is_unmapped)
                || self.short_services.values().any(|resolved| !resolved))
    }

    /// The notice that these pages of one event make, in whatever order they are.
    ///
    /// What was said last wins. Where two communications are of the same second, nobody knows which
    /// was the last: the one that asks for more, or for it sooner, wins.
    pub(super) fn of(pages: &[&NoticePage]) -> Option<Self> {
        let newest = pages.iter().max_by_key(|page| (page.updated_at, &page.region, &page.code))?;
        let status = pages.iter().max_by_key(|page| (page.updated_at, page.status.weight()))?;
        let said = pages.iter().filter_map(|page| Some((page.updated_at, Reverse(page.deadline?))));
        let mut entities = Entities::default();
        pages.iter().for_each(|page| entities.hear(page));
        let texts = pages.iter().flat_map(|page| &page.not_understood);
        let key = &newest.key.event;
        Some(Self {
            key: key.clone(),
            region: newest.region.clone(),
            code: newest.code.clone(),
            status: status.status.clone(),
            deadline: said.max().map(|(_, Reverse(deadline))| deadline),
            cutoff: pages.iter().map(|page| page.cutoff()).min()?,
            received_at: pages.iter().map(|page| page.received_at).min()?,
            services: entities.services(&key.account),
            short_services: entities.short_services(),
            tasks: entities.other_tasks(),
            not_understood: texts.cloned().collect(),
        })
    }
}

/// What the pages say about each entity. A notice for a large fleet names many thousands, again in
/// every communication: nothing is copied before it is known what stays.
#[derive(Default)]
struct Entities<'a> {
    /// By name, cluster and Region: names differ most.
    services: BTreeMap<(&'a str, &'a str, &'a str), Standing>,
    short_services: BTreeMap<&'a Arc<str>, Standing>,
    tasks: BTreeMap<TaskId, (Standing, Whose<'a>)>,
}

/// What was said last about an entity.
#[derive(Clone, Copy)]
struct Standing {
    at: Time,
    resolved: bool,
}

impl Standing {
    fn hear(&mut self, other: Self) {
        if other.at > self.at {
            *self = other;
        } else if other.at == self.at {
            self.resolved &= other.resolved;
        }
    }
}

/// What a page knows about whose a task is: what is greater is known better, or was said later. A
/// later communication names the task again, and does not know what was found out before.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Whose<'a> {
    weight: u8,
    at: Time,
    cluster: Option<&'a Arc<str>>,
    owner: Option<&'a Owner>,
    region: &'a str,
}

impl<'a> Entities<'a> {
    fn hear(&mut self, page: &'a NoticePage) {
        let (at, region) = (page.updated_at, &*page.region);
        for affected in &page.entities {
            let standing = Standing { at, resolved: affected.resolved };
            let known = match &affected.entity {
                Entity::Service(cluster, name) => {
                    self.services.entry((name, cluster, region)).or_insert(standing)
                }
                Entity::ShortService(name) => self.short_services.entry(name).or_insert(standing),
                Entity::Task { cluster, id, owner } => {
                    let (cluster, owner) = (cluster.as_ref(), owner.as_ref());
                    let weight = match owner {
                        None => u8::from(cluster.is_some()),
                        Some(Owner::Gone) => 2,
                        Some(Owner::Standalone { .. }) => 3,
                        Some(Owner::Service(_)) => 4,
                    };
                    let whose = Whose { weight, at, cluster, owner, region };
                    let (standing, known) = self.tasks.entry(*id).or_insert((standing, whose));
                    *known = whose.max(*known);
                    standing
                }
            };
            known.hear(standing);
        }
    }

    /// The services that were named, and those whose tasks were.
    fn services(&self, account: &str) -> BTreeMap<ServiceKey, bool> {
        let mut services: BTreeMap<_, bool> =
            self.services.iter().map(|(key, standing)| (*key, standing.resolved)).collect();
        // A task that a service started is that service's matter, which replaces it. That one task
        // of it is done with says nothing about the others.
        for key in self.tasks.values().filter_map(|(_, whose)| whose.service()) {
            services.entry(key).or_insert(false);
        }
        let mut clusters: BTreeMap<(&str, &str), ClusterKey> = BTreeMap::new();
        let keyed = services.into_iter().map(|((name, cluster, region), resolved)| {
            let cluster = clusters
                .entry((region, cluster))
                .or_insert_with(|| ClusterKey::new(region, account, cluster));
            (ServiceKey::new(cluster, name), resolved)
        });
        keyed.collect()
    }

    fn short_services(&self) -> BTreeMap<Arc<str>, bool> {
        let named = self.short_services.iter();
        named.map(|(name, standing)| (Arc::clone(name), standing.resolved)).collect()
    }

    fn other_tasks(&self) -> BTreeMap<TaskId, AffectedTask> {
        let tasks = self.tasks.iter().filter(|(_, (_, whose))| whose.service().is_none());
        let tasks = tasks.map(|(id, (standing, whose))| {
            let (cluster, owner) = (whose.cluster.cloned(), whose.owner.cloned());
            (*id, AffectedTask { cluster, resolved: standing.resolved, owner })
        });
        tasks.collect()
    }
}

impl<'a> Whose<'a> {
    /// Name, cluster and Region of the service that started the task, if one did.
    fn service(&self) -> Option<(&'a str, &'a str, &'a str)> {
        match (self.owner, self.cluster) {
            (Some(Owner::Service(name)), Some(cluster)) => Some((name, cluster, self.region)),
            _ => None,
        }
    }
}
