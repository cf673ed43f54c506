//! Opening the table: everything that could be wrong with it is found before it is changed.

use super::error::{TableError, expiry_command};
use super::layout::{EXPIRES_AT, FORMAT, format_key, number};
use crate::aws::{Attribute, Attributes, Condition, ItemKey, Table};
use crate::store::StoreError;

/// The version of what is in the table. It goes up when an older version could misread it.
const FORMAT_NOW: i64 = 2;

/// The oldest version that can be read.
const FORMAT_MIN: i64 = 1;

/// Makes sure that the table is there, has the keys that are needed, and can be read by this
/// version; it then says this version's format, so that no older one misreads what is saved.
pub async fn open(table: &Table) -> Result<(), StoreError> {
    check_keys(table).await?;
    warn_without_expiry(table).await;
    // Whoever was faster wrote what is written here, or a newer format, which is seen in the second
    // round.
    for _ in 0..2 {
        let found = format(table).await?;
        if found == Some(FORMAT_NOW) {
            return Ok(());
        }
        let condition = match found {
            Some(found) => Condition::Has(vec![(FORMAT, Some(Attribute::Number(found)))]),
            None => Condition::Absent,
        };
        let now = Attributes::from([(FORMAT.to_owned(), Attribute::Number(FORMAT_NOW))]);
        let written = table.put(&format_key(), &now, &condition).await;
        written.map_err(|problem| TableError::from_problem(table, problem))?;
        if let Some(found) = found {
            tracing::info!(
                found,
                now = FORMAT_NOW,
                "the ledger in the DynamoDB table {} was of format {found}, and is of {FORMAT_NOW} now",
                table.name()
            );
        }
    }
    format(table).await.map(|_| ())
}

/// Makes sure that there is a ledger that this version can read, and changes nothing.
pub async fn check(table: &Table) -> Result<(), StoreError> {
    check_keys(table).await?;
    match format(table).await? {
        Some(_) => Ok(()),
        None => Err(TableError::Empty { table: table.name().to_owned() }.into()),
    }
}

async fn check_keys(table: &Table) -> Result<(), StoreError> {
    let shape = table.describe().await;
    let shape = shape.map_err(|problem| TableError::from_problem(table, problem))?;
    // It can be used while it is changed.
    if !matches!(shape.status.as_str(), "ACTIVE" | "UPDATING") {
        let (table, status) = (table.name().to_owned(), shape.status);
        return Err(TableError::NotReady { table, status }.into());
    }
    let needed = [ItemKey::PK, ItemKey::SK].map(|name| (name.to_owned(), "S".to_owned()));
    match shape.keys == needed {
        true => Ok(()),
        false => Err(TableError::wrong_keys(table, &shape)),
    }
}

/// Without it nothing is wrong, but old history of services that are gone stays for ever.
async fn warn_without_expiry(table: &Table) {
    let name = table.name();
    match table.expiry_attribute().await {
        Ok(Some(attribute)) if attribute == EXPIRES_AT => {}
        Ok(Some(other)) => tracing::warn!(
            "items of the DynamoDB table {name} expire by {other:?} and not by {EXPIRES_AT:?}: old \
             history stays for ever"
        ),
        Ok(None) => tracing::warn!(
            "items of the DynamoDB table {name} do not expire: old history stays for ever. This \
             changes it: {}",
            expiry_command(table)
        ),
        Err(problem) => tracing::warn!(
            "whether items of the DynamoDB table {name} expire is not known: {problem}"
        ),
    }
}

/// The format that the table says, if it says one.
async fn format(table: &Table) -> Result<Option<i64>, StoreError> {
    let found = table.get(&format_key()).await;
    let found = found.map_err(|problem| TableError::from_problem(table, problem))?;
    let Some(item) = found else { return Ok(None) };
    match number(&item, FORMAT) {
        Some(found) if found > FORMAT_NOW => {
            let table = table.name().to_owned();
            Err(TableError::Newer { table, found, known: FORMAT_NOW }.into())
        }
        Some(found) if found >= FORMAT_MIN => Ok(Some(found)),
        _ => Err(TableError::damaged(table, "it does not say its format".to_owned())),
    }
}
