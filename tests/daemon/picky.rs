//! A store that does not take every page of a notice.

use std::sync::atomic::{AtomicBool, Ordering};

use ecs_refresh::clock::Time;
use ecs_refresh::plan::evidence::Evidence;
use ecs_refresh::plan::key::ServiceKey;
use ecs_refresh::plan::ledger::{Ledger, Record};
use ecs_refresh::plan::notice::{NoticePage, PageKey};
use ecs_refresh::store::{Answer, MemoryStore, Store, StoreError};

#[derive(Debug)]
pub struct PickyStore {
    inner: MemoryStore,
    refuses: fn(&NoticePage) -> bool,
    healed: AtomicBool,
}

impl PickyStore {
    /// Refuses the pages that `refuses` says, until it is healed.
    pub fn new(refuses: fn(&NoticePage) -> bool) -> Self {
        Self { inner: MemoryStore::default(), refuses, healed: AtomicBool::new(false) }
    }

    /// From now on it takes everything.
    pub fn heal(&self) {
        self.healed.store(true, Ordering::Relaxed);
    }
}

impl Store for PickyStore {
    fn load(&self) -> Answer<'_, Ledger> {
        self.inner.load()
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        self.inner.save(service, record)
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        self.inner.remove(service)
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        if !self.healed.load(Ordering::Relaxed) && (self.refuses)(page) {
            let error = StoreError::PageTooLarge { page: page.key.to_path(), bytes: 1 };
            return Box::pin(std::future::ready(Err(error)));
        }
        self.inner.save_page(page)
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        self.inner.remove_page(page)
    }

    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()> {
        self.inner.append(evidence)
    }

    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>> {
        self.inner.history(service, since)
    }
}
