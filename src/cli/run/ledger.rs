//! Opening the ledger for the daemon.

use std::sync::Arc;
use std::time::Duration;

use crate::aws::Table;
use crate::cli::connection::Connection;
use crate::cli::look::{remembered, retention};
use crate::clock::{Clock, Time};
use crate::plan::ledger::Ledger;
use crate::progress::Progress;
use crate::reconciler::load;
use crate::settings::Settings;
use crate::store::{DynamoStore, FileStore, MemoryStore, Store, StoreError};

/// The first pause before a store is tried again. It doubles up to the longest.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Opens the store as [`open`] does, again and again while AWS cannot be reached: in a container, network
/// and credentials may come after the process. Each try is progress, as a restart would not help.
///
/// # Errors
/// When the store cannot be opened or read, and waiting would not change that.
pub async fn open_in_time(
    settings: &Settings,
    connection: &Connection,
    clock: &Clock,
    progress: &Progress,
) -> Result<(Arc<dyn Store>, Ledger), StoreError> {
    let mut pause = PAUSE_MIN;
    loop {
        match open(settings, connection.table(settings), clock.now()).await {
            Err(error) if error.may_pass() => {
                tracing::warn!("{error}; tried again in {} s", pause.as_secs());
                progress.made(clock.now());
                tokio::time::sleep(pause).await;
                pause = PAUSE_MAX.min(pause * 2);
            }
            opened => return opened,
        }
    }
}

/// Opens the store, in `table` or else in its file, and loads what it remembers. A dry run writes no
/// store: it reads the ledger if there is one, and remembers nothing itself.
///
/// # Errors
/// When the store cannot be opened or read.
async fn open(
    settings: &Settings,
    table: Option<Table>,
    now: Time,
) -> Result<(Arc<dyn Store>, Ledger), StoreError> {
    if settings.policies.dry_run {
        let ledger = remembered(settings, table).await.unwrap_or_else(|error| {
            tracing::info!("dry run without the ledger: {error}");
            Ledger::default()
        });
        return Ok((Arc::new(MemoryStore::default()), ledger));
    }
    let retention = retention(settings);
    let path = &settings.store.path;
    let (store, name): (Arc<dyn Store>, _) = match table {
        Some(table) => {
            let name = format!("in the DynamoDB table {}", table.name());
            (Arc::new(DynamoStore::open(table, retention).await?), name)
        }
        None => {
            let store = FileStore::open(path).await?.keeping(retention, now).await;
            (Arc::new(store), path.display().to_string())
        }
    };
    // Where replicas share it, whoever is to act reads it then.
    if store.lease().is_some() {
        tracing::info!("the ledger is {name}: this replica waits for the lease");
        return Ok((store, Ledger::default()));
    }
    let ledger = load(&*store, now).await?;
    let open = ledger.records.values().filter(|record| record.open.is_some()).count();
    let notices = ledger.notices.iter().count();
    tracing::info!(
        records = ledger.records.len(),
        open,
        notices,
        "ledger {name} opened: {open} attempts are under way, {notices} retirement notices are known"
    );
    Ok((store, ledger))
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
