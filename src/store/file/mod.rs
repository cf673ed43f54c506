//! The ledger in one file, for one replica.
//!
//! redb keeps the file whole through crashes and power cuts. This module adds who may open it, what
//! is refused rather than overwritten, and that a disk which was full for a while does no lasting
//! harm.

mod fill;
mod history;
mod open;
mod trial;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use redb::{
    Builder, ConcurrencyMode, Database, Durability, ReadTransaction, ReadableDatabase,
    ReadableTable, TableDefinition, WriteTransaction,
};

use super::{Answer, Retention, Store, StoreError, record};
use crate::clock::Time;
use crate::plan::evidence::Evidence;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::{NoticePage, PageKey};

/// The version of what is in the file. It goes up when an older version could misread it. A file of
/// an older one is read as it is, and says the newer version once it was opened for writing.
pub(super) const FORMAT: u64 = 2;

/// The oldest version that can be read.
pub(super) const FORMAT_MIN: u64 = 1;

/// The one entry of [`META`].
const FORMAT_KEY: &str = "format";

const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");

/// JSON by the path of the service's key.
const RECORDS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("records");

/// JSON of the pages of notices, by the path of their keys. Absent in files from before there were
/// any.
const NOTICES: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("notices");

/// JSON of the evidence of finished attempts, by the path of the service's key and the place in its
/// ring. Absent until the first is appended.
const HISTORY: TableDefinition<'_, (&str, u64), &[u8]> = TableDefinition::new("history");

/// Pages that redb keeps in memory. The ledger is read once; what is left are single writes.
const CACHE_BYTES: usize = 1024 * 1024;

type Opener = dyn Fn() -> Result<Database, StoreError> + Send + Sync;

/// A ledger in a file that this process alone may write.
#[derive(Debug)]
pub struct FileStore {
    file: Arc<LedgerFile>,
    retention: Retention,
}

impl FileStore {
    /// Opens the ledger at `path`, or starts an empty one if there is no such file.
    ///
    /// # Errors
    /// When another process has it open, when it cannot be read and written, and when it is
    /// damaged, from a newer version or not a ledger; it is then left byte for byte as it was.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let at = path.to_owned();
        Self::with(path, move || open::open(&at)).await
    }

    /// What the file at `path` holds, without changing it, also while a daemon writes it.
    ///
    /// # Errors
    /// [`StoreError::Absent`] and [`StoreError::Unclean`] where there is nothing to read yet, and
    /// everything that [`FileStore::open`] may say.
    pub async fn load_read_only(path: &Path) -> Result<Ledger, StoreError> {
        Self::read_only(path, read_all).await
    }

    /// The history in the file at `path`, as [`Store::history`] tells it of all services, without
    /// changing the file, also while a daemon writes it.
    ///
    /// # Errors
    /// As [`FileStore::load_read_only`].
    pub async fn history_read_only(
        path: &Path,
        retention: Retention,
        since: Option<Time>,
    ) -> Result<Vec<Evidence>, StoreError> {
        let read = |path: &Path, reading: &ReadTransaction| history::read(path, reading, None);
        Ok(retention.tell(Self::read_only(path, read).await?, since))
    }

    async fn read_only<T: Send + 'static>(
        path: &Path,
        read: impl FnOnce(&Path, &ReadTransaction) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let at = path.to_owned();
        blocking(path.to_owned(), move || {
            let database = open::open_read_only(&at)?;
            let reading = database.begin_read().map_err(|error| error_at(&at, error.into()))?;
            open::check_format(&at, &reading)?;
            read(&at, &reading)
        })
        .await
    }

    /// A store over whatever `opener` opens, now and again after each failure.
    async fn with(
        path: &Path,
        opener: impl Fn() -> Result<Database, StoreError> + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let file = Arc::new(LedgerFile {
            path: path.to_owned(),
            opener: Box::new(opener),
            database: Mutex::new(None),
        });
        let opened = Arc::clone(&file);
        blocking(path.to_owned(), move || opened.with_database(|_| Ok(()))).await?;
        Ok(Self { file, retention: Retention::default() })
    }

    /// The same store, which keeps so much history from now on. What is older at `now` is dropped,
    /// if it can be: a full disk should not keep a ledger from being read.
    #[must_use]
    pub async fn keeping(self, retention: Retention, now: Time) -> Self {
        let cutoff = retention.cutoff(now);
        let dropped = self.write(move |writing| history::drop_before(writing, cutoff)).await;
        if let Err(error) = dropped {
            tracing::warn!(%error, "history that is too old could not be dropped: {error}");
        }
        Self { retention, ..self }
    }

    fn write<'a>(
        &self,
        change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error> + Send + 'static,
    ) -> Answer<'a, ()> {
        let file = Arc::clone(&self.file);
        Box::pin(blocking(file.path.clone(), move || {
            file.with_database(|database| {
                commit(database, change).map_err(|error| error_at(&file.path, error))
            })
        }))
    }
}

impl Store for FileStore {
    fn load(&self) -> Answer<'_, Ledger> {
        let file = Arc::clone(&self.file);
        Box::pin(blocking(file.path.clone(), move || {
            file.with_database(|database| {
                let reading =
                    database.begin_read().map_err(|error| error_at(&file.path, error.into()))?;
                read_all(&file.path, &reading)
            })
        }))
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        let key = service.to_path();
        match record::encode(service, record) {
            Ok(bytes) => self.write(move |writing| {
                writing.open_table(RECORDS)?.insert(key.as_str(), bytes.as_slice())?;
                Ok(())
            }),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        let key = service.to_path();
        self.write(move |writing| {
            writing.open_table(RECORDS)?.remove(key.as_str())?;
            Ok(())
        })
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        let key = page.key.to_path();
        match record::encode_page(page) {
            Ok(bytes) => self.write(move |writing| {
                writing.open_table(NOTICES)?.insert(key.as_str(), bytes.as_slice())?;
                Ok(())
            }),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        let key = page.to_path();
        self.write(move |writing| {
            writing.open_table(NOTICES)?.remove(key.as_str())?;
            Ok(())
        })
    }

    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()> {
        match record::encode_evidence(evidence) {
            Ok(bytes) => {
                let place = history::Place::of(evidence, self.retention);
                self.write(move |writing| history::append(writing, &place, &bytes))
            }
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>> {
        let (file, retention) = (Arc::clone(&self.file), self.retention);
        let service = service.map(ServiceKey::to_path);
        Box::pin(blocking(file.path.clone(), move || {
            file.with_database(|database| {
                let reading =
                    database.begin_read().map_err(|error| error_at(&file.path, error.into()))?;
                let found = history::read(&file.path, &reading, service.as_deref())?;
                Ok(retention.tell(found, since))
            })
        }))
    }
}

/// The file, and the database while it is known to be sound.
struct LedgerFile {
    path: PathBuf,
    opener: Box<Opener>,
    /// Absent after a failure: redb refuses a database that met an IO error until it was opened
    /// again, which also checks what the failure left behind.
    database: Mutex<Option<Database>>,
}

impl LedgerFile {
    fn with_database<T>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        // While work is done the slot is empty, so a panic leaves nothing unsound in it.
        let mut slot = self.database.lock().unwrap_or_else(PoisonError::into_inner);
        let database = match slot.take() {
            Some(database) => database,
            None => (self.opener)()?,
        };
        let done = work(&database)?;
        *slot = Some(database);
        Ok(done)
    }
}

impl fmt::Debug for LedgerFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LedgerFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// How every handle opens the file: one writer, and readers beside it.
fn builder() -> Builder {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_concurrency_mode(ConcurrencyMode::SingleWriter);
    builder
}

/// One change, on the disk when it returns.
fn commit(
    database: &Database,
    change: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let mut writing = database.begin_write()?;
    writing.set_durability(Durability::Immediate)?;
    change(&writing)?;
    Ok(writing.commit()?)
}

fn read_all(path: &Path, reading: &ReadTransaction) -> Result<Ledger, StoreError> {
    let at = |error: redb::Error| error_at(path, error);
    let table = reading.open_table(RECORDS).map_err(|error| at(error.into()))?;
    let mut ledger = Ledger::default();
    for item in table.iter().map_err(|error| at(error.into()))? {
        let (key, bytes) = item.map_err(|error| at(error.into()))?;
        let (service, record) = record::decode(key.value(), bytes.value())
            .map_err(|detail| StoreError::Damaged { path: path.to_owned(), detail })?;
        ledger.records.insert(service, record);
    }
    read_pages(path, reading, &mut ledger)?;
    Ok(ledger)
}

fn read_pages(
    path: &Path,
    reading: &ReadTransaction,
    ledger: &mut Ledger,
) -> Result<(), StoreError> {
    let at = |error: redb::Error| error_at(path, error);
    let table = match reading.open_table(NOTICES) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(()),
        table => table.map_err(|error| at(error.into()))?,
    };
    let mut pages = Vec::new();
    for item in table.iter().map_err(|error| at(error.into()))? {
        let (key, bytes) = item.map_err(|error| at(error.into()))?;
        let page = record::decode_page(key.value(), bytes.value())
            .map_err(|detail| StoreError::Damaged { path: path.to_owned(), detail })?;
        pages.push(page);
    }
    ledger.notices.extend(pages);
    Ok(())
}

/// What redb says about the file at `path`, for people.
fn error_at(path: &Path, error: redb::Error) -> StoreError {
    let path = path.to_owned();
    match error {
        // Another protocol generation is another version of this program beside this one.
        redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => {
            StoreError::InUse { path }
        }
        redb::Error::RepairAborted => StoreError::Unclean { path },
        redb::Error::Io(source) => StoreError::from_io(&path, source),
        redb::Error::Corrupted(detail) => StoreError::Damaged { path, detail },
        redb::Error::UpgradeRequired(_)
        | redb::Error::TableTypeMismatch { .. }
        | redb::Error::TableIsMultimap(_)
        | redb::Error::TableDoesNotExist(_)
        | redb::Error::TypeDefinitionChanged { .. } => {
            StoreError::Damaged { path, detail: error.to_string() }
        }
        other => StoreError::Io { path, source: std::io::Error::other(other) },
    }
}

/// Runs file IO off the one thread that everything else runs on.
async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // redb panics on some files that it did not write.
        Err(panic) => Err(StoreError::Damaged { path, detail: panic.to_string() }),
    }
}
