//! Opening the ledger for the daemon.

use std::sync::Arc;

use crate::clock::Time;
use crate::plan::ledger::Ledger;
use crate::settings::Settings;
use crate::store::{FileStore, MemoryStore, Store, StoreError};

/// Opens the store and loads what it remembers. A dry run writes no store: it reads the ledger if
/// there is one, and remembers nothing itself.
///
/// # Errors
/// When the store cannot be opened or read.
pub async fn open(settings: &Settings, now: Time) -> Result<(Arc<dyn Store>, Ledger), StoreError> {
    let path = &settings.store.path;
    if settings.policies.dry_run {
        let ledger = FileStore::load_read_only(path).await.unwrap_or_else(|error| {
            tracing::info!("dry run without the ledger: {error}");
            Ledger::default()
        });
        return Ok((Arc::new(MemoryStore::default()), ledger));
    }
    let store = FileStore::open(path).await?;
    let mut ledger = store.load().await?;
    for service in ledger.prune(now) {
        store.remove(&service).await?;
    }
    let open = ledger.records.values().filter(|record| record.open.is_some()).count();
    tracing::info!(
        path = %path.display(),
        records = ledger.records.len(),
        open,
        "ledger {} opened: {} attempts are under way", path.display(), open
    );
    Ok((Arc::new(store), ledger))
}
