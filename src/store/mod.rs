//! Durable memory: where the ledger is kept.
//!
//! This module owns durability, the versions of what it wrote, and who may write. It does not
//! interpret the ledger: a record or a page is bytes with a name.

mod error;
mod file;
mod memory;
mod record;

#[cfg(test)]
mod contract;

use std::fmt;
use std::pin::Pin;

pub use error::StoreError;
pub use file::FileStore;
pub use memory::MemoryStore;
pub use record::RECORD_BYTES_MAX;

use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::{NoticePage, PageKey};

/// What an operation of a store will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A durable ledger: one record per service, and the pages of retirement notices.
///
/// Every change is one item, so that a store which can only write single items atomically serves
/// as well as one with transactions. An operation that was started is carried out even when its
/// future is dropped; whether it was is then unknown, as it is after an error.
pub trait Store: fmt::Debug + Send + Sync {
    /// Everything that was saved and not removed.
    ///
    /// # Errors
    /// When the store cannot be read, or holds what this version does not understand. A part is
    /// never passed off as the whole.
    fn load(&self) -> Answer<'_, Ledger>;

    /// Replaces the record of one service: wholly or not at all, and durably once it answers.
    ///
    /// # Errors
    /// When the record is larger than [`RECORD_BYTES_MAX`], or may not have become durable.
    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()>;

    /// Forgets one service. It is no error if nothing was remembered of it.
    ///
    /// # Errors
    /// When the removal may not have become durable.
    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()>;

    /// Replaces one page of a notice: wholly or not at all, and durably once it answers.
    ///
    /// # Errors
    /// When the page is larger than [`RECORD_BYTES_MAX`], or may not have become durable.
    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()>;

    /// Forgets one page. It is no error if it was not there.
    ///
    /// # Errors
    /// When the removal may not have become durable.
    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()>;
}
