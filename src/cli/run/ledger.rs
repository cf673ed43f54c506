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
    let ledger = load(&store, now).await?;
    let open = ledger.records.values().filter(|record| record.open.is_some()).count();
    let notices = ledger.notices.iter().count();
    tracing::info!(
        path = %path.display(),
        records = ledger.records.len(),
        open,
        notices,
        "ledger {} opened: {open} attempts are under way, {notices} retirement notices are known",
        path.display()
    );
    Ok((Arc::new(store), ledger))
}

/// What the store remembers and may still have an effect; the rest is removed from it.
async fn load(store: &dyn Store, now: Time) -> Result<Ledger, StoreError> {
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::plan::key::{ClusterKey, ServiceKey};
    use crate::plan::ledger::Record;
    use crate::plan::notice::{EventKey, EventStatus, NoticePage, PageKey, Retirement, TaskSample};

    #[tokio::test(start_paused = true)]
    async fn what_has_no_effect_any_more_leaves_the_store() {
        let received_at = Time::UNIX_EPOCH;
        let event = EventKey { account: "123456789012".into(), arn: "arn:1".into() };
        let retirement = Retirement {
            event: Some(event.clone()),
            noticed_at: received_at,
            before: TaskSample::default(),
            raised: None,
            ended: None,
        };
        let page = NoticePage {
            key: PageKey { event, communication: "c".into(), part: 0 },
            region: "eu-central-1".into(),
            code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
            status: EventStatus::Closed,
            deadline: None,
            published_at: received_at,
            updated_at: received_at,
            received_at,
            entities: Vec::new(),
            not_understood: Vec::new(),
        };
        let cluster = ClusterKey::new("eu-central-1", "123456789012", "prd");
        let record = Record { retirements: vec![retirement], ..Record::default() };
        let store = MemoryStore::default();
        store.save_page(&page).await.unwrap();
        store.save(&ServiceKey::new(&cluster, "api"), &record).await.unwrap();
        for (days, left) in [(89, 1), (91, 0)] {
            let ledger = load(&store, received_at + TimeDelta::days(days)).await.unwrap();
            assert_eq!(ledger.records.len(), left, "{days} days");
            assert_eq!(ledger.notices.pages().count(), left, "{days} days");
            assert_eq!(store.load().await.unwrap(), ledger, "{days} days");
        }
    }
}
