//! A ledger that lasts as long as the process: for the demo, a refresh by hand, and tests on
//! virtual time, of one replica or of several.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Answer, Lease, LeaseStore, Retention, Store, StoreError, record};
use crate::clock::Time;
use crate::plan::evidence::Evidence;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::{NoticePage, PageKey};

/// Keeps the stored form, so that it takes, refuses and gives back what the durable stores do.
#[derive(Debug, Default)]
pub struct MemoryStore {
    items: Arc<Mutex<Items>>,
    /// By which write this handle knows what is there.
    known: Mutex<BTreeMap<Name, u64>>,
    /// Whether it met somebody else's write since it was loaded.
    is_outdated: AtomicBool,
}

/// What one item is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Record(String),
    Page(String),
}

#[derive(Debug, Default)]
struct Items {
    items: BTreeMap<Name, Item>,
    /// By service and place in its ring.
    history: BTreeMap<(String, u64), Evidence>,
    lease: Option<Lease>,
    /// How much was ever written: no two writes have the same number.
    writes: u64,
    /// Whether there is more than one handle.
    is_shared: bool,
}

#[derive(Debug)]
struct Item {
    bytes: Vec<u8>,
    write: u64,
}

impl MemoryStore {
    /// Another handle on the same items, as another replica has it: it knows nothing of them until
    /// it loads. From now on all handles have the lease.
    #[must_use]
    pub fn share(&self) -> Self {
        self.items().is_shared = true;
        Self { items: Arc::clone(&self.items), ..Self::default() }
    }

    fn items(&self) -> MutexGuard<'_, Items> {
        // Nothing that holds the lock leaves the map half changed.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<Name, u64>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, name: Name, bytes: Vec<u8>) -> Result<(), StoreError> {
        let (mut items, mut known) = (self.items(), self.known());
        if items.items.get(&name).map(|item| item.write) != known.get(&name).copied() {
            self.is_outdated.store(true, Ordering::Relaxed);
            return Err(StoreError::Conflict { item: name.to_string() });
        }
        items.writes += 1;
        let write = items.writes;
        known.insert(name.clone(), write);
        items.items.insert(name, Item { bytes, write });
        Ok(())
    }

    fn take(&self, name: &Name) -> Result<(), StoreError> {
        let (mut items, mut known) = (self.items(), self.known());
        let there = items.items.get(name).map(|item| item.write);
        if there.is_some() && there != known.get(name).copied() {
            self.is_outdated.store(true, Ordering::Relaxed);
            return Err(StoreError::Conflict { item: name.to_string() });
        }
        items.items.remove(name);
        known.remove(name);
        Ok(())
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Answer<'_, Ledger> {
        let items = self.items();
        let ledger = items
            .read()
            .map_err(|detail| StoreError::Damaged { path: "the ledger in memory".into(), detail });
        if ledger.is_ok() {
            let writes = items.items.iter().map(|(name, item)| (name.clone(), item.write));
            *self.known() = writes.collect();
            self.is_outdated.store(false, Ordering::Relaxed);
        }
        Box::pin(ready(ledger))
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        let bytes = record::encode(service, record);
        let saved = bytes.and_then(|bytes| self.put(Name::Record(service.to_path()), bytes));
        Box::pin(ready(saved))
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        Box::pin(ready(self.take(&Name::Record(service.to_path()))))
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        let bytes = record::encode_page(page);
        let saved = bytes.and_then(|bytes| self.put(Name::Page(page.key.to_path()), bytes));
        Box::pin(ready(saved))
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        Box::pin(ready(self.take(&Name::Page(page.to_path()))))
    }

    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()> {
        let kept = record::encode_evidence(evidence).map(|_| {
            let retention = Retention::default();
            let ended_at = evidence.finished.finished_at;
            let path = evidence.finished.attempt.service.to_path();
            let history = &mut self.items().history;
            history.retain(|(service, _), one| {
                *service != path || one.finished.finished_at >= retention.cutoff(ended_at)
            });
            let place = (path, retention.place(evidence));
            if history.get(&place).is_none_or(|there| there.finished.finished_at <= ended_at) {
                history.insert(place, evidence.clone());
            }
        });
        Box::pin(ready(kept))
    }

    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>> {
        let items = self.items();
        let all = items.history.values();
        let of = |one: &&Evidence| service.is_none_or(|key| one.finished.attempt.service == *key);
        let found = all.filter(of).cloned().collect();
        Box::pin(ready(Ok(Retention::default().tell(found, since))))
    }

    fn is_outdated(&self) -> bool {
        self.is_outdated.load(Ordering::Relaxed)
    }

    fn lease(&self) -> Option<&dyn LeaseStore> {
        let is_shared = self.items().is_shared;
        is_shared.then_some(self)
    }
}

impl LeaseStore for MemoryStore {
    fn read_lease(&self) -> Answer<'_, Option<Lease>> {
        Box::pin(ready(Ok(self.items().lease.clone())))
    }

    fn replace_lease<'a>(
        &'a self,
        expected: Option<&'a Lease>,
        next: &'a Lease,
    ) -> Answer<'a, bool> {
        let there = &mut self.items().lease;
        let is_done = there.as_ref() == expected || there.as_ref() == Some(next);
        if is_done {
            *there = Some(next.clone());
        }
        Box::pin(ready(Ok(is_done)))
    }
}

impl Items {
    fn read(&self) -> Result<Ledger, String> {
        let mut ledger = Ledger::default();
        let mut pages = Vec::new();
        for (name, item) in &self.items {
            match name {
                Name::Record(path) => {
                    let (service, record) = record::decode(path, &item.bytes)?;
                    ledger.records.insert(service, record);
                }
                Name::Page(path) => pages.push(record::decode_page(path, &item.bytes)?),
            }
        }
        ledger.notices.extend(pages);
        Ok(ledger)
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Record(path) => write!(f, "the record of {path}"),
            Self::Page(path) => write!(f, "the retirement notice {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_memory_store_keeps_the_contract() {
        contract::check(|| async { Arc::new(MemoryStore::default()) as Arc<dyn Store> }).await;
        assert!(MemoryStore::default().lease().is_none(), "one process has no rivals");
    }

    #[tokio::test(start_paused = true)]
    async fn handles_that_share_the_memory_store_keep_the_contract() {
        let two = || async {
            let one = MemoryStore::default();
            let other = one.share();
            [Arc::new(one) as Arc<dyn Store>, Arc::new(other)]
        };
        contract::check_shared(two).await;
        contract::check(|| async { two().await[1].clone() }).await;
    }
}
