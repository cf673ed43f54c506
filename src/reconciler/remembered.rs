//! Reading what is remembered.

use crate::clock::Time;
use crate::plan::ledger::Ledger;
use crate::store::{Store, StoreError};

/// What the store remembers and may still have an effect; the rest is removed from it. For whoever may
/// act: nobody else removes anything.
///
/// # Errors
/// When the store cannot be read, or what is to be removed from it cannot be.
pub async fn load(store: &dyn Store, now: Time) -> Result<Ledger, StoreError> {
    let mut ledger = store.load().await?;
    // First the notices: what became of one is kept as long as it is.
    for page in ledger.notices.prune(now) {
        store.remove_page(&page).await?;
    }
    for service in ledger.prune(now) {
        store.remove(&service).await?;
    }
    Ok(ledger)
}
