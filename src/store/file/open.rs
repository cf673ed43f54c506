//! Opening the file: everything that could be wrong with it is found before it is changed.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use redb::backends::FileBackend;
use redb::{Database, ReadOnlyDatabase, ReadTransaction, ReadableDatabase};

use super::trial::TrialBackend;
use super::{FORMAT, FORMAT_KEY, FORMAT_MIN, META, RECORDS, builder, commit, error_at, read_all};
use crate::store::StoreError;

/// The largest file that is looked into. A fleet of 5,000 services takes some 10 MB, and with fifty
/// finished attempts of each some 500 MB; anything near this is not a ledger, and reading it would
/// only delay saying so.
const FILE_BYTES_MAX: u64 = 1 << 32;

/// Opens or creates the ledger at `path` for writing.
pub fn open(path: &Path) -> Result<Database, StoreError> {
    let at = |error: redb::Error| error_at(path, error);
    let file = open_file(path)?;
    let is_new = length(path, &file)? == 0;
    if !is_new {
        check(path, file)?;
    }
    let backend = FileBackend::new(open_file(path)?).map_err(|error| at(error.into()))?;
    let database = builder().create_with_backend(backend).map_err(|error| at(error.into()))?;
    prepare(&database).map_err(at)?;
    if is_new {
        sync_directory(path).map_err(|source| StoreError::from_io(path, source))?;
    }
    Ok(database)
}

/// Opens the ledger at `path` for reading, beside a daemon or without one.
pub fn open_read_only(path: &Path) -> Result<ReadOnlyDatabase, StoreError> {
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => StoreError::Absent { path: path.to_owned() },
        _ => StoreError::from_io(path, source),
    })?;
    if length(path, &file)? == 0 {
        return Err(StoreError::Absent { path: path.to_owned() });
    }
    let backend = FileBackend::new(file).map_err(|error| error_at(path, error.into()))?;
    builder().open_read_only_with_backend(backend).map_err(|error| error_at(path, error.into()))
}

/// Refuses a format that this version does not know.
pub fn check_format(path: &Path, reading: &ReadTransaction) -> Result<(), StoreError> {
    let at = |error: redb::Error| error_at(path, error);
    let meta = reading.open_table(META).map_err(|error| at(error.into()))?;
    match meta.get(FORMAT_KEY).map_err(|error| at(error.into()))?.map(|found| found.value()) {
        Some(FORMAT_MIN..=FORMAT) => Ok(()),
        Some(found) => Err(StoreError::Newer { path: path.to_owned(), found, known: FORMAT }),
        None => Err(StoreError::Damaged {
            path: path.to_owned(),
            detail: "it does not say its format".to_owned(),
        }),
    }
}

fn open_file(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(
        |source| match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                StoreError::NoDirectory { directory: directory_of(path).to_owned() }
            }
            _ => StoreError::from_io(path, source),
        },
    )
}

/// How long the file is; an error for what is no plain file, or too long to be looked into.
fn length(path: &Path, file: &File) -> Result<u64, StoreError> {
    let metadata = file.metadata().map_err(|source| StoreError::from_io(path, source))?;
    if !metadata.is_file() {
        return Err(StoreError::NotAFile { path: path.to_owned() });
    }
    if metadata.len() > FILE_BYTES_MAX {
        let detail = format!("it has {} bytes", metadata.len());
        return Err(StoreError::Damaged { path: path.to_owned(), detail });
    }
    Ok(metadata.len())
}

/// Opens, repairs, verifies and reads everything on trial; the file is not changed.
fn check(path: &Path, file: File) -> Result<(), StoreError> {
    let at = |error: redb::Error| error_at(path, error);
    let backend = FileBackend::new(file).map_err(|error| at(error.into()))?;
    let trial = TrialBackend::new(backend).map_err(|source| StoreError::from_io(path, source))?;
    let database = builder()
        .set_check_integrity_on_open(true)
        .create_with_backend(trial)
        .map_err(|error| at(error.into()))?;
    let reading = database.begin_read().map_err(|error| at(error.into()))?;
    if is_blank(&reading).map_err(at)? {
        return Ok(());
    }
    check_format(path, &reading)?;
    read_all(path, &reading).map(|_| ())
}

/// Whether nothing was ever put in: the process that made the file ended at once.
fn is_blank(reading: &ReadTransaction) -> Result<bool, redb::Error> {
    Ok(reading.list_tables()?.next().is_none() && reading.list_multimap_tables()?.next().is_none())
}

/// Makes the tables that every version has, if there are none, and marks a file of an older version
/// as one of this: what is saved from now on the older one would misread. The tables for notices
/// and history are made as the first of them is saved, so that files from before there were any need
/// no other treatment.
fn prepare(database: &Database) -> Result<(), redb::Error> {
    let reading = database.begin_read()?;
    if !is_blank(&reading)? {
        let found = reading.open_table(META)?.get(FORMAT_KEY)?.map(|found| found.value());
        if found == Some(FORMAT) {
            return Ok(());
        }
    }
    commit(database, |writing| {
        writing.open_table(META)?.insert(FORMAT_KEY, FORMAT)?;
        writing.open_table(RECORDS)?;
        Ok(())
    })
}

/// Makes the file's name as durable as its content.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(directory_of(path))?.sync_all()
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
