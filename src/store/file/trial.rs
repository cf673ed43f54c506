//! A file that can be opened, repaired and read through without being changed.
//!
//! redb marks and repairs a file as it opens it, and finds out only later that it cannot be
//! trusted. So a file is first opened through this backend, which keeps every write to itself.

use std::collections::BTreeMap;
use std::io;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};

const PAGE: u64 = 4096;

/// Reads from the file, writes into memory; locks are the file's own.
#[derive(Debug)]
pub struct TrialBackend {
    file: FileBackend,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    /// How long the file would be.
    len: u64,
    /// How much of the file would still be what it was: what was cut off does not come back.
    original: u64,
    /// Pages that would differ, by number.
    pages: BTreeMap<u64, Vec<u8>>,
}

impl TrialBackend {
    /// A trial of what is in `file` now.
    pub fn new(file: FileBackend) -> io::Result<Self> {
        let len = file.len()?;
        let written = Mutex::new(Written { len, original: len, pages: BTreeMap::new() });
        Ok(Self { file, written })
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page as it would be.
    fn page(&self, written: &Written, number: u64) -> io::Result<Vec<u8>> {
        if let Some(page) = written.pages.get(&number) {
            return Ok(page.clone());
        }
        let mut page = vec![0; PAGE as usize];
        let there = written.original.saturating_sub(number * PAGE).min(PAGE) as usize;
        self.file.read(number * PAGE, &mut page[..there])?;
        Ok(page)
    }
}

/// The parts of `offset..offset + len` by page: its number, where in it, and where in the whole.
fn parts(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let within = (at % PAGE) as usize;
        let take = (len - done).min(PAGE as usize - within);
        let whole = done..done + take;
        done += take;
        (take > 0).then_some((at / PAGE, within, whole))
    })
}

impl StorageBackend for TrialBackend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.written().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let written = self.written();
        if offset.saturating_add(out.len() as u64) > written.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        for (number, within, whole) in parts(offset, out.len()) {
            let page = self.page(&written, number)?;
            let take = whole.len();
            out[whole].copy_from_slice(&page[within..within + take]);
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut written = self.written();
        if len < written.len {
            let cut = written.original.min(len);
            written.original = cut;
            written.pages.split_off(&len.div_ceil(PAGE));
            if let Some(page) = written.pages.get_mut(&(len / PAGE)) {
                page[(len % PAGE) as usize..].fill(0);
            }
        }
        written.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut written = self.written();
        for (number, within, whole) in parts(offset, data.len()) {
            let mut page = self.page(&written, number)?;
            page[within..within + whole.len()].copy_from_slice(&data[whole]);
            written.pages.insert(number, page);
        }
        written.len = written.len.max(offset + data.len() as u64);
        Ok(())
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial_of(content: &[u8]) -> (tempfile::NamedTempFile, TrialBackend) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let backend = FileBackend::new(file.reopen().unwrap()).unwrap();
        (file, TrialBackend::new(backend).unwrap())
    }

    fn read(trial: &TrialBackend, offset: u64, len: usize) -> Vec<u8> {
        let mut out = vec![0xee; len];
        trial.read(offset, &mut out).unwrap();
        out
    }

    #[test]
    fn writes_are_seen_and_the_file_stays_as_it_is() {
        let (file, trial) = trial_of(&[1; 10_000]);
        trial.write(4_000, &[2; 5_000]).unwrap();
        trial.write(12_000, &[3; 10]).unwrap();
        assert_eq!(read(&trial, 3_999, 2), [1, 2]);
        assert_eq!(read(&trial, 8_999, 2), [2, 1]);
        assert_eq!(read(&trial, 9_999, 2), [1, 0]);
        assert_eq!(read(&trial, 12_009, 1), [3]);
        assert_eq!(trial.len().unwrap(), 12_010);
        assert!(trial.read(12_009, &mut [0; 2]).is_err());
        assert_eq!(std::fs::read(file.path()).unwrap(), [1; 10_000]);
    }

    #[test]
    fn what_was_cut_off_comes_back_as_zeros() {
        let (_file, trial) = trial_of(&[1; 10_000]);
        trial.write(5_000, &[2; 1]).unwrap();
        trial.set_len(4_999).unwrap();
        trial.set_len(10_000).unwrap();
        assert_eq!(read(&trial, 4_998, 4), [1, 0, 0, 0]);
        assert_eq!(read(&trial, 9_000, 2), [0, 0]);
    }
}
