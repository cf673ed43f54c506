//! The history in the file: a ring of places for each service.

use std::path::Path;

use redb::{ReadTransaction, ReadableTable, Table, WriteTransaction};
use serde::Deserialize;

use super::{HISTORY, error_at};
use crate::clock::Time;
use crate::plan::evidence::Evidence;
use crate::store::{Retention, StoreError, record};

/// Where an attempt belongs.
pub struct Place {
    /// The service's path.
    service: String,
    number: u64,
    ended_at: Time,
    /// What ended before this makes room for it, beside what is in its place.
    cutoff: Time,
}

impl Place {
    pub fn of(evidence: &Evidence, retention: Retention) -> Self {
        let ended_at = evidence.finished.finished_at;
        Self {
            service: evidence.finished.attempt.service.to_path(),
            number: retention.place(evidence),
            ended_at,
            cutoff: retention.cutoff(ended_at),
        }
    }
}

/// When an attempt ended, which is all that is read of most.
#[derive(Deserialize)]
struct Dated {
    finished: DatedFinished,
}

#[derive(Deserialize)]
struct DatedFinished {
    finished_at: Time,
}

/// What cannot be read is of no time: it is not kept.
fn ended_at(bytes: &[u8]) -> Time {
    let dated = serde_json::from_slice::<Dated>(bytes);
    dated.map_or(Time::MIN_UTC, |dated| dated.finished.finished_at)
}

/// Puts the bytes of an attempt into its place, unless a newer one is there.
pub fn append(writing: &WriteTransaction, place: &Place, bytes: &[u8]) -> Result<(), redb::Error> {
    let mut table = writing.open_table(HISTORY)?;
    let service = place.service.as_str();
    drop_of(&mut table, (service, 0)..=(service, u64::MAX), place.cutoff)?;
    let key = (service, place.number);
    let there = table.get(key)?.map(|bytes| ended_at(bytes.value()));
    if there.is_none_or(|there| there <= place.ended_at) {
        table.insert(key, bytes)?;
    }
    Ok(())
}

/// Drops what ended before `cutoff`, of all services.
pub fn drop_before(writing: &WriteTransaction, cutoff: Time) -> Result<(), redb::Error> {
    drop_of(&mut writing.open_table(HISTORY)?, ("", 0).., cutoff)
}

fn drop_of<'a>(
    table: &mut Table<'_, (&'static str, u64), &'static [u8]>,
    range: impl std::ops::RangeBounds<(&'a str, u64)> + 'a,
    cutoff: Time,
) -> Result<(), redb::Error> {
    Ok(table.retain_in(range, |_, bytes| ended_at(bytes) >= cutoff)?)
}

/// Every attempt that is kept, of one service or of all, in any order.
pub fn read(
    path: &Path,
    reading: &ReadTransaction,
    service: Option<&str>,
) -> Result<Vec<Evidence>, StoreError> {
    let at = |error: redb::Error| error_at(path, error);
    let table = match reading.open_table(HISTORY) {
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        table => table.map_err(|error| at(error.into()))?,
    };
    let items = match service {
        Some(service) => table.range((service, 0)..=(service, u64::MAX)),
        None => table.iter(),
    };
    let mut found = Vec::new();
    for item in items.map_err(|error| at(error.into()))? {
        let (key, bytes) = item.map_err(|error| at(error.into()))?;
        let (service, _) = key.value();
        let evidence = record::decode_evidence(service, bytes.value())
            .map_err(|detail| StoreError::Damaged { path: path.to_owned(), detail })?;
        found.push(evidence);
    }
    Ok(found)
}
