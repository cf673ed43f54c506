//! All notices, derived from their pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Affected, Entity, EventKey, EventStatus, NoticePage, Owner, PageKey};
use crate::clock::Time;
use crate::plan::fleet::TaskId;
use crate::plan::key::{ClusterKey, ServiceKey};

/// Everything that AWS said about retirements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notices {
    pages: BTreeMap<PageKey, NoticePage>,
    notices: BTreeMap<EventKey, Notice>,
    by_service: BTreeMap<ServiceKey, BTreeSet<EventKey>>,
}

/// One notice, put together from the pages that came.
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

impl Notices {
    /// Takes in a page; one with the same key is replaced. The order in which pages come makes no
    /// difference.
    pub fn insert(&mut self, page: NoticePage) {
        let event = page.key.event.clone();
        self.pages.insert(page.key.clone(), page);
        self.derive(&event);
    }

    /// Forgets a page.
    pub fn remove(&mut self, key: &PageKey) {
        self.pages.remove(key);
        self.derive(&key.event);
    }

    /// Every page, in the order of the keys.
    pub fn pages(&self) -> impl Iterator<Item = &NoticePage> {
        self.pages.values()
    }

    pub fn page(&self, key: &PageKey) -> Option<&NoticePage> {
        self.pages.get(key)
    }

    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Every notice, in the order of the keys.
    pub fn iter(&self) -> impl Iterator<Item = &Notice> {
        self.notices.values()
    }

    pub fn notice(&self, key: &EventKey) -> Option<&Notice> {
        self.notices.get(key)
    }

    /// The notices that name a service.
    pub fn of_service(&self, service: &ServiceKey) -> impl Iterator<Item = &Notice> {
        self.by_service.get(service).into_iter().flatten().filter_map(|key| self.notices.get(key))
    }

    /// Puts one notice together again from its pages.
    fn derive(&mut self, event: &EventKey) {
        if let Some(before) = self.notices.remove(event) {
            for service in before.services.keys() {
                if let Some(events) = self.by_service.get_mut(service) {
                    events.remove(event);
                    if events.is_empty() {
                        self.by_service.remove(service);
                    }
                }
            }
        }
        let mut pages: Vec<&NoticePage> =
            self.pages.values().filter(|page| page.key.event == *event).collect();
        // What was said last comes last, so that it wins.
        pages.sort_by_key(|page| page.updated_at);
        let Some(notice) = Notice::of(&pages) else { return };
        for service in notice.services.keys() {
            self.by_service.entry(service.clone()).or_default().insert(event.clone());
        }
        self.notices.insert(event.clone(), notice);
    }
}

impl Notice {
    /// Whether anything may still have to be done: AWS has not closed it.
    pub fn is_open(&self) -> bool {
        self.status != EventStatus::Closed
    }

    /// The notice that these pages make, the newest last.
    fn of(pages: &[&NoticePage]) -> Option<Self> {
        let newest = pages.last()?;
        let mut notice = Self {
            key: newest.key.event.clone(),
            region: newest.region.clone(),
            code: newest.code.clone(),
            status: newest.status.clone(),
            deadline: pages.iter().rev().find_map(|page| page.deadline),
            cutoff: pages.iter().map(|page| page.published_at).min()?,
            received_at: pages.iter().map(|page| page.received_at).min()?,
            services: BTreeMap::new(),
            short_services: BTreeMap::new(),
            tasks: BTreeMap::new(),
            not_understood: BTreeSet::new(),
        };
        for page in pages {
            for affected in &page.entities {
                notice.add(affected);
            }
            notice.not_understood.extend(page.not_understood.iter().cloned());
        }
        Some(notice)
    }

    fn add(&mut self, affected: &Affected) {
        let resolved = affected.resolved;
        match &affected.entity {
            Entity::Service(cluster, name) => self.add_service(cluster, name, resolved),
            Entity::ShortService(name) => {
                self.short_services.insert(name.clone(), resolved);
            }
            // A task that a service started is that service's matter, which replaces it. That one
            // task of it is done with says nothing about the others.
            Entity::Task { cluster: Some(cluster), owner: Some(Owner::Service(name)), .. } => {
                let key = self.service(cluster, name);
                self.services.entry(key).or_insert(false);
            }
            Entity::Task { cluster, id, owner } => {
                let task =
                    AffectedTask { cluster: cluster.clone(), resolved, owner: owner.clone() };
                self.tasks.insert(*id, task);
            }
        }
    }

    fn add_service(&mut self, cluster: &str, name: &str, resolved: bool) {
        let key = self.service(cluster, name);
        self.services.insert(key, resolved);
    }

    fn service(&self, cluster: &str, name: &str) -> ServiceKey {
        ServiceKey::new(&ClusterKey::new(&self.region, &self.key.account, cluster), name)
    }
}
