//! `ecs-refresh store import FILE`: into a store that is empty, and only the whole of it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use super::lead::Lead;
use super::{load, table};
use crate::cli::args::ImportArgs;
use crate::cli::exit::Exit;
use crate::cli::look::retention;
use crate::clock::Clock;
use crate::settings::Settings;
use crate::store::{Contents, DynamoStore, FileStore, Store, StoreError, Tally};

/// Reads the whole file first, and then saves what is in it.
pub async fn import(args: ImportArgs, clock: Clock) -> Exit {
    match try_import(&args, &clock).await {
        Ok(tally) => {
            eprintln!("imported: {tally}");
            Exit::Fine
        }
        Err(exit) => exit,
    }
}

async fn try_import(args: &ImportArgs, clock: &Clock) -> Result<Tally, Exit> {
    let settings = load(&args.config)?;
    if settings.policies.dry_run {
        return Err(Exit::no("nothing is imported: the configuration says dry_run = true"));
    }
    let contents = read(&args.file)?;
    let tally = contents.tally();
    match table(&settings, clock).await? {
        None => into_file(contents, &settings, clock).await?,
        Some(table) => {
            let store = DynamoStore::open(table, retention(&settings)).await;
            let store: Arc<dyn Store> = Arc::new(store.map_err(cannot_open)?);
            into_shared(contents, store, &settings, clock).await?;
        }
    }
    Ok(tally)
}

/// What is in the file, if all of it is understood.
fn read(path: &Path) -> Result<Contents, Exit> {
    let cannot = |error| Exit::cannot(format!("{} cannot be read: {error}", path.display()));
    let mut input = BufReader::new(File::open(path).map_err(cannot)?);
    let read = Contents::read(&mut input).map_err(cannot)?;
    read.map_err(|problems| {
        let problems: Vec<String> =
            problems.iter().map(|problem| format!("{}: {problem}", path.display())).collect();
        Exit::no(format!("{}\nnothing was imported", problems.join("\n")))
    })
}

/// While the file is open nobody else can write it.
async fn into_file(contents: Contents, settings: &Settings, clock: &Clock) -> Result<(), Exit> {
    let store = FileStore::open(&settings.store.path).await.map_err(cannot_open)?;
    let store = store.keeping(retention(settings), clock.now()).await;
    let advice = format!("move {} aside", settings.store.path.display());
    check_empty(&store, &advice).await?;
    let filled = store.fill(&contents).await;
    filled.map_err(|error| Exit::cannot(format!("nothing was imported: {error}")))
}

/// Whoever shares the store is kept off it by the lease.
async fn into_shared(
    contents: Contents,
    store: Arc<dyn Store>,
    settings: &Settings,
    clock: &Clock,
) -> Result<(), Exit> {
    let lead = Lead::take(&store, settings.store.lease_duration, clock).await?;
    let filled = fill(contents, &store, &lead).await;
    lead.give_up().await;
    filled
}

async fn fill(contents: Contents, store: &Arc<dyn Store>, lead: &Lead) -> Result<(), Exit> {
    let advice = "set store.table to another table";
    check_empty(&**store, advice).await?;
    let why = tokio::select! {
        biased;
        () = lead.lost() => "the lease was lost".to_owned(),
        filled = contents.fill(store) => match filled {
            Ok(()) => return Ok(()),
            Err(error) => error.to_string(),
        },
    };
    Err(Exit::cannot(format!(
        "only a part was imported: {why}; make the table anew, or {advice}, and import again"
    )))
}

async fn check_empty(store: &dyn Store, advice: &str) -> Result<(), Exit> {
    let there = Contents::of(store).await.map_err(cannot_open)?.tally();
    match there == Tally::default() {
        true => Ok(()),
        false => Err(Exit::no(format!(
            "nothing was imported: the store is not empty, it has {there}; {advice} and import again"
        ))),
    }
}

fn cannot_open(error: StoreError) -> Exit {
    Exit::cannot(format!("the store cannot be used: {error}"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Time;
    use crate::plan::key::{ClusterKey, ServiceKey};
    use crate::plan::ledger::Record;
    use crate::settings::{self, Overrides, Sources};
    use crate::store::{Lease, LeaseStore, MemoryStore};

    const DURATION: Duration = Duration::from_secs(20);

    fn settings(directory: &Path) -> Settings {
        let path = directory.join("refresh.toml");
        std::fs::write(&path, "[store]\npath = \"unused.redb\"\n").unwrap();
        let (environment, flags) = (Vec::new().into_iter().collect(), Overrides::default());
        let inline = None;
        let sources =
            Sources { path: Some(path), inline, environment, flags, policies_optional: true };
        settings::load(&sources).unwrap()
    }

    fn service() -> ServiceKey {
        ServiceKey::new(&ClusterKey::new("eu-west-1", "123456789012", "prd"), "api")
    }

    fn contents() -> Contents {
        let mut contents = Contents::default();
        contents.ledger.records.insert(service(), Record::default());
        contents
    }

    fn lease(holder: Option<&str>, revision: u64) -> Lease {
        Lease {
            holder: holder.map(Into::into),
            acquired_at: Time::UNIX_EPOCH,
            renewed_at: Time::UNIX_EPOCH,
            duration: DURATION,
            transitions: 1,
            revision,
        }
    }

    /// What comes of an import into `store`.
    async fn imported(store: &MemoryStore) -> Result<(), Exit> {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::tokio_from(Time::UNIX_EPOCH);
        let store: Arc<dyn Store> = Arc::new(store.share());
        into_shared(contents(), store, &settings(directory.path()), &clock).await
    }

    fn said(ended: Result<(), Exit>) -> String {
        match ended {
            Err(Exit::No(Some(why))) => why,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_store_is_filled_under_its_lease_which_is_given_up() {
        for left in [None, Some(lease(None, 7)), Some(lease(Some("crashed"), 7))] {
            let store = MemoryStore::default();
            if let Some(left) = &left {
                assert!(store.replace_lease(None, left).await.unwrap());
            }
            imported(&store).await.unwrap();
            assert_eq!(Contents::of(&store).await.unwrap(), contents(), "{left:?}");
            let lease = store.read_lease().await.unwrap().unwrap();
            assert_eq!(lease.holder, None, "others need not wait");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn beside_a_replica_that_acts_nothing_is_imported() {
        let store = MemoryStore::default();
        let daemon = store.share();
        let renewing = async {
            let mut held = lease(Some("daemon-1"), 1);
            assert!(daemon.replace_lease(None, &held).await.unwrap());
            loop {
                tokio::time::sleep(DURATION / 3).await;
                let next = Lease { revision: held.revision + 1, ..held.clone() };
                assert!(daemon.replace_lease(Some(&held), &next).await.unwrap());
                held = next;
            }
        };
        let ended = tokio::select! {
            biased;
            () = renewing => unreachable!("it renews for ever"),
            ended = imported(&store) => ended,
        };
        let why = said(ended);
        assert!(why.contains("daemon-1 holds the lease") && why.contains("stop"), "{why}");
        assert_eq!(Contents::of(&store).await.unwrap(), Contents::default());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_empty_is_left_as_it_is() {
        let store = MemoryStore::default();
        let record = Record { ended: 3, ..Record::default() };
        store.save(&service(), &record).await.unwrap();
        let why = said(imported(&store).await);
        assert!(
            why.contains("not empty, it has 1 records") && why.contains("store.table"),
            "{why}"
        );
        assert_eq!(store.load().await.unwrap().records[&service()], record);
    }
}
