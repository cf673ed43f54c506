//! The lease in the table: one item, replaced by conditional writes.

use super::DynamoStore;
use super::error::TableError;
use super::layout::{BODY, HOLDER, REVISION, lease_key, text};
use crate::aws::{Attribute, Attributes, Condition, WriteResult};
use crate::store::{Answer, Lease, LeaseStore, StoreError};

impl LeaseStore for DynamoStore {
    fn read_lease(&self) -> Answer<'_, Option<Lease>> {
        Box::pin(async {
            let found = self.table.get(&lease_key()).await;
            let found = found.map_err(|problem| TableError::from_problem(&self.table, problem))?;
            found.map(|item| self.decode(&item)).transpose()
        })
    }

    fn replace_lease<'a>(
        &'a self,
        expected: Option<&'a Lease>,
        next: &'a Lease,
    ) -> Answer<'a, bool> {
        let (store, condition, next) = (self.clone(), condition(expected), next.clone());
        Box::pin(super::carried_out(async move {
            let attributes = attributes(&next);
            match store.table.put(&lease_key(), &attributes, &condition).await {
                Ok(WriteResult::Done) => Ok(true),
                Ok(WriteResult::Refused(None)) => Ok(false),
                // It was sent twice, and the first reply was lost.
                Ok(WriteResult::Refused(Some(there))) => Ok(store.decode(&there)? == next),
                Err(problem) => Err(TableError::from_problem(&store.table, problem)),
            }
        }))
    }
}

impl DynamoStore {
    fn decode(&self, item: &Attributes) -> Result<Lease, StoreError> {
        let body = text(item, BODY).unwrap_or_default();
        serde_json::from_str(body).map_err(|error| {
            TableError::damaged(&self.table, format!("the lease cannot be read: {error}"))
        })
    }
}

/// No two writes of a holder have the same revision, and no two holders the same name.
fn condition(expected: Option<&Lease>) -> Condition {
    match expected {
        None => Condition::Absent,
        Some(lease) => {
            let holder = lease.holder.as_ref().map(|holder| Attribute::Text((**holder).to_owned()));
            Condition::Has(vec![(REVISION, Some(revision(lease))), (HOLDER, holder)])
        }
    }
}

fn attributes(lease: &Lease) -> Attributes {
    let body = serde_json::to_string(lease).expect("names and numbers are always JSON");
    let mut attributes = Attributes::from([
        (BODY.to_owned(), Attribute::Text(body)),
        (REVISION.to_owned(), revision(lease)),
    ]);
    if let Some(holder) = &lease.holder {
        attributes.insert(HOLDER.to_owned(), Attribute::Text((**holder).to_owned()));
    }
    attributes
}

fn revision(lease: &Lease) -> Attribute {
    Attribute::Number(i64::try_from(lease.revision).unwrap_or(i64::MAX))
}
