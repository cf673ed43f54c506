//! Durable memory: where the ledger is kept.
//!
//! This module owns durability, the versions of what it wrote, and who may write. It does not
//! interpret the ledger: a record or a page is bytes with a name.

mod dynamodb;
mod error;
mod file;
mod lease;
mod memory;
mod record;
mod retention;
mod transfer;

#[cfg(test)]
#[path = "../../tests/contract/mod.rs"]
mod contract;

use std::fmt;
use std::pin::Pin;

pub use dynamodb::{DynamoStore, TableError};
pub use error::StoreError;
pub use file::FileStore;
pub use lease::{Lease, LeaseStore};
pub use memory::MemoryStore;
pub use record::RECORD_BYTES_MAX;
pub use retention::Retention;
pub use transfer::{Contents, Tally};

use crate::clock::Time;
use crate::plan::evidence::Evidence;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::{NoticePage, PageKey};

/// What an operation of a store will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A durable ledger: one record per service, and the pages of retirement notices. Beside it, and no
/// part of what is loaded, the history of finished attempts.
///
/// Every change is one item, so that a store which can only write single items atomically serves
/// as well as one with transactions. An operation that was started is carried out even when its
/// future is dropped; whether it was is then unknown, as it is after an error.
///
/// A store is used by a handle. Several replicas may have one each on the same items: a handle
/// replaces and removes only what is as it knows it, from its last load or its own writes, and
/// fails with [`StoreError::Conflict`] otherwise, until it loads again. Where one process owns the
/// store there is nobody to be in conflict with.
pub trait Store: fmt::Debug + Send + Sync {
    /// Whether a write has met somebody else's since the last load: what is known is out of date.
    fn is_outdated(&self) -> bool {
        false
    }

    /// Everything that was saved and not removed.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what this version does not understand. A part is
    /// never passed off as the whole.
    fn load(&self) -> Answer<'_, Ledger>;

    /// Replaces the record of one service: wholly or not at all, and durably once it answers.
    ///
    /// # Errors
    /// When the record is larger than [`RECORD_BYTES_MAX`], when another handle wrote it since, or
    /// when it may not have become durable.
    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()>;

    /// Forgets one service. It is no error if nothing was remembered of it.
    ///
    /// # Errors
    /// When another handle wrote it since, or when the removal may not have become durable.
    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()>;

    /// Replaces one page of a notice: wholly or not at all, and durably once it answers.
    ///
    /// # Errors
    /// When the page is larger than [`RECORD_BYTES_MAX`], when another handle wrote it since, or
    /// when it may not have become durable.
    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()>;

    /// Forgets one page. It is no error if it was not there.
    ///
    /// # Errors
    /// When another handle wrote it since, or when the removal may not have become durable.
    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()>;

    /// Adds a finished attempt to its service's history, where it takes the place of the oldest one
    /// as [`Retention`] says. To append it again changes nothing.
    ///
    /// # Errors
    /// When it is larger than [`RECORD_BYTES_MAX`], or may not have become durable.
    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()>;

    /// The finished attempts, the newest first: of one service or of all, and those that ended at
    /// `since` or later. It may take long: no look waits for it.
    ///
    /// # Errors
    /// When not all of it can be read.
    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>>;

    /// The lease of the replicas that share this store; none where one process owns it.
    fn lease(&self) -> Option<&dyn LeaseStore> {
        None
    }
}
