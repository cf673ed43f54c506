//! Putting everything into a store that is empty.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Contents;
use crate::plan::evidence::Evidence;
use crate::plan::key::ServiceKey;
use crate::store::{Store, StoreError};

/// So many services or pages are written at a time: a store over a network answers each by itself.
const AT_A_TIME: usize = 16;

impl Contents {
    /// Everything that is in `store`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn of(store: &dyn Store) -> Result<Self, StoreError> {
        // In this order: what ends in between is in the history, and followed to its end again.
        let ledger = store.load().await?;
        let history = store.history(None, None).await?;
        Ok(Self { ledger, history })
    }

    /// Saves everything in `store`, which has been loaded and is empty.
    ///
    /// # Errors
    /// When something could not be saved: whatever else was, stays.
    pub async fn fill(self, store: &Arc<dyn Store>) -> Result<(), StoreError> {
        let history = self.history_by_service();
        let mut writes = JoinSet::new();
        for (_, attempts) in history {
            let store = Arc::clone(store);
            room(&mut writes).await?;
            writes.spawn(async move {
                for one in &attempts {
                    store.append(one).await?;
                }
                Ok(())
            });
        }
        for page in self.ledger.notices.pages() {
            let (store, page) = (Arc::clone(store), page.clone());
            room(&mut writes).await?;
            writes.spawn(async move { store.save_page(&page).await });
        }
        for (service, record) in self.ledger.records {
            let store = Arc::clone(store);
            room(&mut writes).await?;
            writes.spawn(async move { store.save(&service, &record).await });
        }
        while !writes.is_empty() {
            one_ended(&mut writes).await?;
        }
        Ok(())
    }

    /// Each service's attempts, the oldest first: that is how they come into the places of a ring.
    pub(in crate::store) fn history_by_service(&self) -> BTreeMap<ServiceKey, Vec<Evidence>> {
        let mut history: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for one in &self.history {
            history.entry(one.finished.attempt.service.clone()).or_default().push(one.clone());
        }
        for attempts in history.values_mut() {
            attempts.sort_by_key(|one| one.finished.finished_at);
        }
        history
    }
}

type Writes = JoinSet<Result<(), StoreError>>;

/// Waits until one write more may begin.
async fn room(writes: &mut Writes) -> Result<(), StoreError> {
    match writes.len() < AT_A_TIME {
        true => Ok(()),
        false => one_ended(writes).await,
    }
}

async fn one_ended(writes: &mut Writes) -> Result<(), StoreError> {
    match writes.join_next().await {
        Some(Ok(written)) => written,
        Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
        None => Ok(()),
    }
}
