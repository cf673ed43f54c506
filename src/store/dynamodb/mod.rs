//! The ledger in a DynamoDB table, for several replicas.
//!
//! Every change is one conditional write of one item, of which DynamoDB does none by half. This
//! module adds which item is which, what a refused write means, and what a table must be like.

mod error;
mod layout;
mod lease;
mod open;
mod writes;

use std::sync::Arc;

pub use error::TableError;

use self::layout::{BODY, ENDED_AT, EXPIRES_AT, HISTORY, NOTICES, PATH, RECORDS, text};
use self::writes::{Known, State};
use super::{Answer, LeaseStore, Retention, Store, StoreError, record};
use crate::aws::{Attribute, Attributes, Condition, ItemKey, Table};
use crate::clock::Time;
use crate::plan::evidence::Evidence;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::{NoticePage, PageKey};

/// So many pages of 1 MB are read at most. A ledger of 5,000 services takes some ten, their whole
/// history some five hundred; anything near this is not what was written here.
const PAGES_MAX: usize = 10_000;

/// A ledger in a table that other replicas may write too. A clone is the same handle.
#[derive(Clone, Debug)]
pub struct DynamoStore {
    table: Table,
    known: Arc<Known>,
    retention: Retention,
}

/// Which items are read.
#[derive(Clone, Copy)]
enum Which<'a> {
    /// Of this hash key, every write that was answered included.
    Now(&'a str),
    /// Of this hash key, the writes of the last second perhaps not included.
    Lately(&'a str),
    /// Of all hash keys that begin so, as lately.
    Beginning(&'a str),
}

impl DynamoStore {
    /// Opens the ledger in `table`, or starts an empty one if the table holds none.
    ///
    /// # Errors
    /// When there is no such table, when it has other keys, cannot be read and written, or holds what
    /// a newer version wrote; it is then left as it was.
    pub async fn open(table: Table, retention: Retention) -> Result<Self, StoreError> {
        open::open(&table).await?;
        Ok(Self { table, known: Arc::default(), retention })
    }

    /// What the table holds, without changing it.
    ///
    /// # Errors
    /// When there is no ledger in it, and everything that [`DynamoStore::open`] may say.
    pub async fn load_read_only(table: Table) -> Result<Ledger, StoreError> {
        open::check(&table).await?;
        Self { table, known: Arc::default(), retention: Retention::default() }.load_all().await
    }

    /// The history in the table, as [`Store::history`] tells it of all services, without changing
    /// anything.
    ///
    /// # Errors
    /// As [`DynamoStore::load_read_only`].
    pub async fn history_read_only(
        table: Table,
        retention: Retention,
        since: Option<Time>,
    ) -> Result<Vec<Evidence>, StoreError> {
        open::check(&table).await?;
        Self { table, known: Arc::default(), retention }.history(None, since).await
    }

    async fn load_all(&self) -> Result<Ledger, StoreError> {
        let mut ledger = Ledger::default();
        let mut known = Vec::new();
        for item in self.read_all(Which::Now(RECORDS)).await? {
            let path = text(&item, ItemKey::SK).unwrap_or_default();
            let (service, record) = record::decode(path, self.body(&item)?)
                .map_err(|detail| TableError::damaged(&self.table, detail))?;
            known.push((layout::record_key(path), State::of(&item)));
            ledger.records.insert(service, record);
        }
        let mut pages = Vec::new();
        for item in self.read_all(Which::Now(NOTICES)).await? {
            let path = text(&item, PATH).unwrap_or_default();
            let page = record::decode_page(path, self.body(&item)?)
                .map_err(|detail| TableError::damaged(&self.table, detail))?;
            known.push((layout::page_key(path), State::of(&item)));
            pages.push(page);
        }
        ledger.notices.extend(pages);
        self.known.replace(known);
        Ok(ledger)
    }

    /// The items of all pages.
    async fn read_all(&self, which: Which<'_>) -> Result<Vec<Attributes>, StoreError> {
        let mut items = Vec::new();
        let mut from = None;
        for _ in 0..PAGES_MAX {
            let page = match which {
                Which::Now(pk) => self.table.query(pk, true, from).await,
                Which::Lately(pk) => self.table.query(pk, false, from).await,
                Which::Beginning(prefix) => self.table.scan(prefix, from).await,
            };
            let page = page.map_err(|problem| TableError::from_problem(&self.table, problem))?;
            items.extend(page.items);
            from = page.next;
            if from.is_none() {
                return Ok(items);
            }
        }
        Err(TableError::damaged(&self.table, format!("it has more than {PAGES_MAX} pages")))
    }

    fn body<'a>(&self, item: &'a Attributes) -> Result<&'a [u8], StoreError> {
        let body = text(item, BODY).map(str::as_bytes);
        body.ok_or_else(|| {
            let key = text(item, ItemKey::SK).unwrap_or_default();
            TableError::damaged(&self.table, format!("the item {key:?} has no {BODY}"))
        })
    }

    /// Replaces one item, also when nobody waits for the answer any more.
    fn put<'a>(&self, key: ItemKey, attributes: Attributes, name: String) -> Answer<'a, ()> {
        let (table, slot) = (self.table.clone(), self.known.slot(&key));
        Box::pin(carried_out(
            async move { writes::put(&table, &key, slot, attributes, name).await },
        ))
    }

    fn take<'a>(&self, key: ItemKey, name: String) -> Answer<'a, ()> {
        let (table, slot) = (self.table.clone(), self.known.slot(&key));
        Box::pin(carried_out(async move { writes::remove(&table, &key, slot, name).await }))
    }
}

impl Store for DynamoStore {
    fn load(&self) -> Answer<'_, Ledger> {
        Box::pin(self.load_all())
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        match record::encode(service, record) {
            Ok(bytes) => {
                let path = service.to_path();
                self.put(layout::record_key(&path), body(bytes), record_name(&path))
            }
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        let path = service.to_path();
        self.take(layout::record_key(&path), record_name(&path))
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        match record::encode_page(page) {
            Ok(bytes) => {
                let path = page.key.to_path();
                let mut attributes = body(bytes);
                attributes.insert(PATH.to_owned(), Attribute::Text(path.clone()));
                self.put(layout::page_key(&path), attributes, page_name(&path))
            }
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        let path = page.to_path();
        self.take(layout::page_key(&path), page_name(&path))
    }

    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()> {
        let bytes = match record::encode_evidence(evidence) {
            Ok(bytes) => bytes,
            Err(error) => return Box::pin(std::future::ready(Err(error))),
        };
        let ended_at = evidence.finished.finished_at;
        let expires_at = self.retention.expires_at(ended_at);
        let mut attributes = body(bytes);
        for (name, number) in
            [(ENDED_AT, ended_at.timestamp_millis()), (EXPIRES_AT, expires_at.timestamp())]
        {
            attributes.insert(name.to_owned(), Attribute::Number(number));
        }
        let path = evidence.finished.attempt.service.to_path();
        // In the order of their numbers, also for people who look into the table.
        let place = format!("{:010}", self.retention.place(evidence));
        let key = ItemKey::new(&layout::history_of(&path), &place);
        let table = self.table.clone();
        Box::pin(carried_out(async move {
            // Where a newer one has the place, this one has left it already.
            let condition = Condition::AtMost(ENDED_AT, ended_at.timestamp_millis());
            let written = table.put(&key, &attributes, &condition).await;
            written.map(|_| ()).map_err(|problem| TableError::from_problem(&table, problem))
        }))
    }

    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>> {
        Box::pin(async move {
            let pk = service.map(|service| layout::history_of(&service.to_path()));
            let which = pk.as_deref().map_or(Which::Beginning(HISTORY), Which::Lately);
            let items = self.read_all(which).await?;
            let decode = |item: &Attributes| {
                let pk = text(item, ItemKey::PK).unwrap_or_default();
                let path = pk.strip_prefix(HISTORY).unwrap_or_default();
                record::decode_evidence(path, self.body(item)?)
                    .map_err(|detail| TableError::damaged(&self.table, detail))
            };
            let found = items.iter().map(decode).collect::<Result<Vec<_>, StoreError>>()?;
            Ok(self.retention.tell(found, since))
        })
    }

    fn lease(&self) -> Option<&dyn LeaseStore> {
        Some(self)
    }
}

fn body(bytes: Vec<u8>) -> Attributes {
    let text = String::from_utf8(bytes).expect("JSON is UTF-8");
    Attributes::from([(BODY.to_owned(), Attribute::Text(text))])
}

fn record_name(path: &str) -> String {
    format!("the record of {path}")
}

fn page_name(path: &str) -> String {
    format!("the retirement notice {path}")
}

/// Carries work out to its end, also when its answer is not waited for any more.
async fn carried_out<T: Send + 'static>(
    work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime ends, and whoever waits with it.
            Err(_) => std::future::pending().await,
        },
    }
}
