//! All notices, derived from their pages.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::about::{About, Named};
use super::superseded::superseded;
use super::{EventKey, Notice, NoticePage, PageKey};
use crate::clock::Time;
use crate::plan::due::shift;
use crate::plan::key::ServiceKey;

/// Notices that are over are kept for so long after their last page: as long as the records of what
/// became of them.
const PAGES_KEPT: TimeDelta = TimeDelta::days(90);

/// So many pages of one notice are kept, unless more of them are needed to know what it says. A
/// fleet of 5,000 services that is told of every day for a month stays below it.
pub(super) const PAGES_MAX: usize = 400;

/// Everything that AWS said about retirements.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notices {
    pages: BTreeMap<PageKey, NoticePage>,
    notices: BTreeMap<EventKey, Notice>,
    by_service: BTreeMap<ServiceKey, Named>,
    /// The notices of which more has to be found out.
    unmapped: BTreeSet<EventKey>,
}

impl Notices {
    /// Takes in a page; one with the same key is replaced. The order in which pages come makes no
    /// difference.
    pub fn insert(&mut self, page: NoticePage) {
        self.extend([page]);
    }

    /// Forgets a page.
    pub fn remove(&mut self, key: &PageKey) {
        self.pages.remove(key);
        self.derive(&key.event);
    }

    /// Drops the pages that can have no effect any more, and names them: those of notices that are
    /// long over, and of those that are told of again and again what was said anew since.
    pub fn prune(&mut self, now: Time) -> Vec<PageKey> {
        let mut dropped = Vec::new();
        for notice in self.notices.values() {
            let pages: Vec<_> = self.pages_of(&notice.key).collect();
            let received_at = pages.iter().map(|page| page.received_at).max();
            let is_old = received_at.is_none_or(|at| shift(at, PAGES_KEPT) < now);
            if is_old && is_over(notice, now) {
                dropped.extend(pages.iter().map(|page| page.key.clone()));
            } else {
                dropped.extend(superseded(&pages, PAGES_MAX));
            }
        }
        for key in &dropped {
            self.pages.remove(key);
        }
        let events: BTreeSet<_> = dropped.iter().map(|key| key.event.clone()).collect();
        events.iter().for_each(|event| self.derive(event));
        dropped
    }

    /// Every page, in the order of the keys.
    pub fn pages(&self) -> impl Iterator<Item = &NoticePage> {
        self.pages.values()
    }

    /// The pages of one notice, in the order of the keys.
    pub fn pages_of(&self, event: &EventKey) -> impl Iterator<Item = &NoticePage> {
        let first = PageKey { event: event.clone(), communication: "".into(), part: 0 };
        self.pages.range(first..).map(|(_, page)| page).take_while(|page| page.key.event == *event)
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

    /// The notices about one service.
    pub fn about(&self, service: &ServiceKey) -> About<'_> {
        About { notices: self, named: self.by_service.get(service) }
    }

    /// Those about each service that any names, in the order of the keys.
    pub fn by_service(&self) -> impl Iterator<Item = (&ServiceKey, About<'_>)> {
        let named = self.by_service.iter();
        named.map(|(service, named)| (service, About { notices: self, named: Some(named) }))
    }

    /// Those about a service that none names.
    pub fn about_none(&self) -> About<'_> {
        About { notices: self, named: None }
    }

    /// The open notices that name a task whose owner, or a service whose cluster, is not known yet.
    pub fn unmapped(&self) -> impl Iterator<Item = &Notice> {
        self.unmapped.iter().filter_map(|key| self.notices.get(key))
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
        self.unmapped.remove(event);
        let pages: Vec<_> = self.pages_of(event).collect();
        let Some(notice) = Notice::of(&pages) else { return };
        for (service, resolved) in &notice.services {
            self.by_service.entry(service.clone()).or_default().insert(event.clone(), *resolved);
        }
        if notice.is_unmapped() {
            self.unmapped.insert(event.clone());
        }
        self.notices.insert(event.clone(), notice);
    }
}

/// Takes in many pages at once, which is quicker than one after another.
impl Extend<NoticePage> for Notices {
    fn extend<T: IntoIterator<Item = NoticePage>>(&mut self, pages: T) {
        let mut events = BTreeSet::new();
        for page in pages {
            if !events.contains(&page.key.event) {
                events.insert(page.key.event.clone());
            }
            self.pages.insert(page.key.clone(), page);
        }
        events.iter().for_each(|event| self.derive(event));
    }
}

/// Whether nothing will come of a notice any more, unless AWS says something new.
fn is_over(notice: &Notice, now: Time) -> bool {
    !notice.is_open() || notice.deadline.is_none_or(|deadline| deadline < now)
}
