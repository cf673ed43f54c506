//! Putting everything into a file at once.

use super::{FileStore, NOTICES, RECORDS, history, record};
use crate::plan::key::ServiceKey;
use crate::store::{Contents, StoreError};

impl FileStore {
    /// Saves everything in one transaction: all of it, or nothing.
    ///
    /// # Errors
    /// When an item is larger than a store takes, or nothing could be saved.
    pub async fn fill(&self, contents: &Contents) -> Result<(), StoreError> {
        let (mut records, mut pages, mut attempts) = (Vec::new(), Vec::new(), Vec::new());
        for (service, record) in &contents.ledger.records {
            records.push((ServiceKey::to_path(service), record::encode(service, record)?));
        }
        for page in contents.ledger.notices.pages() {
            pages.push((page.key.to_path(), record::encode_page(page)?));
        }
        for one in contents.history_by_service().values().flatten() {
            let place = history::Place::of(one, self.retention);
            attempts.push((place, record::encode_evidence(one)?));
        }
        self.write(move |writing| {
            for (table, items) in [(RECORDS, &records), (NOTICES, &pages)] {
                let mut table = writing.open_table(table)?;
                for (key, bytes) in items {
                    table.insert(key.as_str(), bytes.as_slice())?;
                }
            }
            for (place, bytes) in &attempts {
                history::append(writing, place, bytes)?;
            }
            Ok(())
        })
        .await
    }
}
