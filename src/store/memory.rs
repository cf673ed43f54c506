//! A ledger that lasts as long as the process: for the demo, a refresh by hand, and tests on
//! virtual time.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{Answer, Store, StoreError, record};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::{NoticePage, PageKey};

/// Keeps the stored form, so that it takes, refuses and gives back what the durable stores do.
#[derive(Debug, Default)]
pub struct MemoryStore {
    items: Mutex<Items>,
}

#[derive(Debug, Default)]
struct Items {
    records: BTreeMap<String, Vec<u8>>,
    pages: BTreeMap<String, Vec<u8>>,
}

impl MemoryStore {
    fn items(&self) -> MutexGuard<'_, Items> {
        // Nothing that holds the lock leaves the map half changed.
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for MemoryStore {
    fn load(&self) -> Answer<'_, Ledger> {
        let ledger = self
            .items()
            .read()
            .map_err(|detail| StoreError::Damaged { path: "the ledger in memory".into(), detail });
        Box::pin(ready(ledger))
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        let saved = record::encode(service, record).map(|bytes| {
            self.items().records.insert(service.to_path(), bytes);
        });
        Box::pin(ready(saved))
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        self.items().records.remove(&service.to_path());
        Box::pin(ready(Ok(())))
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        let saved = record::encode_page(page).map(|bytes| {
            self.items().pages.insert(page.key.to_path(), bytes);
        });
        Box::pin(ready(saved))
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        self.items().pages.remove(&page.to_path());
        Box::pin(ready(Ok(())))
    }
}

impl Items {
    fn read(&self) -> Result<Ledger, String> {
        let mut ledger = Ledger::default();
        for (path, bytes) in &self.records {
            let (service, record) = record::decode(path, bytes)?;
            ledger.records.insert(service, record);
        }
        let pages = self.pages.iter().map(|(path, bytes)| record::decode_page(path, bytes));
        ledger.notices.extend(pages.collect::<Result<Vec<_>, _>>()?);
        Ok(ledger)
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
