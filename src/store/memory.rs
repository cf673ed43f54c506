//! A ledger that lasts as long as the process: for the demo, a refresh by hand, and tests on
//! virtual time.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Answer, Store, StoreError, record};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};

/// Keeps the stored form, so that it takes, refuses and gives back what the durable stores do.
#[derive(Debug, Default)]
pub struct MemoryStore {
    items: Mutex<BTreeMap<String, Vec<u8>>>,
}

impl MemoryStore {
    fn items(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        // Nothing that holds the lock leaves the map half changed.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Answer<'_, Ledger> {
        let read: Result<_, _> =
            self.items().iter().map(|(path, bytes)| record::decode(path, bytes)).collect();
        let ledger = read
            .map(|records| Ledger { records })
            .map_err(|detail| StoreError::Damaged { path: "the ledger in memory".into(), detail });
        Box::pin(ready(ledger))
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        let saved = record::encode(service, record).map(|bytes| {
            self.items().insert(service.to_path(), bytes);
        });
        Box::pin(ready(saved))
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        self.items().remove(&service.to_path());
        Box::pin(ready(Ok(())))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::contract;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_memory_store_keeps_the_contract() {
        contract::check(|| async { Arc::new(MemoryStore::default()) as Arc<dyn Store> }).await;
    }
}
