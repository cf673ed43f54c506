//! What can go wrong with the table, told to the person who can put it right.

use crate::aws::{ItemKey, Table, TableShape};
use crate::plan::fleet::{Problem, ProblemClass};
use crate::store::StoreError;

use super::layout::EXPIRES_AT;

/// Why a table cannot be used. Every message says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TableError {
    #[error(
        "there is no DynamoDB table {table} in {region}; this makes it:\n{create}\nor set \
         store.table and the Region to those of the table to use"
    )]
    Missing { table: String, region: String, create: String },

    #[error("the DynamoDB table {table} is {status}: wait until it is ACTIVE")]
    NotReady { table: String, status: String },

    #[error(
        "the DynamoDB table {table} has the wrong keys: {found}, where pk (S) as hash key and sk \
         (S) as range key are needed. Keys cannot be changed: set store.table to a table of its \
         own, which this makes:\n{create}"
    )]
    WrongKeys { table: String, found: String, create: String },

    #[error("there is no ledger in the DynamoDB table {table} yet")]
    Empty { table: String },

    #[error(
        "the ledger in the DynamoDB table {table} was written by a newer ecs-refresh (format \
         {found}, this version knows {known}); it was left as it is. Run the newer version, or set \
         store.table to an empty table: only the memory of attempts, and of retirement notices that \
         came through the queue, is lost"
    )]
    Newer { table: String, found: i64, known: i64 },

    #[error(
        "what is in the DynamoDB table {table} is no ledger or is damaged ({detail}); it was left \
         as it is. Restore the table, or set store.table to an empty one: only the memory of \
         attempts, and of retirement notices that came through the queue, is lost"
    )]
    Damaged { table: String, detail: String },

    #[error("the DynamoDB table {table} cannot be used: {problem}{advice}")]
    Unusable { table: String, problem: Problem, advice: &'static str },
}

impl TableError {
    /// What an answer of AWS about the table means.
    pub fn from_problem(table: &Table, problem: Problem) -> StoreError {
        let advice = match problem.class {
            ProblemClass::NotFound => return Self::missing(table),
            ProblemClass::Throttled => {
                "; give it on-demand capacity (PAY_PER_REQUEST), or more of its own"
            }
            // The message says already what to do, or only AWS's own words can.
            ProblemClass::Denied
            | ProblemClass::Credentials
            | ProblemClass::Invalid
            | ProblemClass::Timeout
            | ProblemClass::Network
            | ProblemClass::Server => "",
        };
        Self::Unusable { table: table.name().to_owned(), problem, advice }.into()
    }

    pub fn missing(table: &Table) -> StoreError {
        Self::Missing {
            table: table.name().to_owned(),
            region: table.region().to_owned(),
            create: create_command(table),
        }
        .into()
    }

    pub fn wrong_keys(table: &Table, shape: &TableShape) -> StoreError {
        let kinds = [" as hash key", " as range key"];
        let found = shape
            .keys
            .iter()
            .zip(kinds)
            .map(|((name, kind), role)| format!("{name} ({kind}){role}"));
        Self::WrongKeys {
            table: table.name().to_owned(),
            found: found.collect::<Vec<_>>().join(" and "),
            create: create_command(table),
        }
        .into()
    }

    pub fn damaged(table: &Table, detail: String) -> StoreError {
        Self::Damaged { table: table.name().to_owned(), detail }.into()
    }
}

/// The command that makes the table as it is needed.
fn create_command(table: &Table) -> String {
    let (name, region) = (table.name(), table.region());
    let (pk, sk) = (ItemKey::PK, ItemKey::SK);
    format!(
        "aws dynamodb create-table --region {region} --table-name {name} --attribute-definitions \
         AttributeName={pk},AttributeType=S AttributeName={sk},AttributeType=S --key-schema \
         AttributeName={pk},KeyType=HASH AttributeName={sk},KeyType=RANGE --billing-mode \
         PAY_PER_REQUEST && aws dynamodb wait table-exists --region {region} --table-name {name} \
         && {}",
        expiry_command(table)
    )
}

/// The command that lets DynamoDB delete old history.
pub fn expiry_command(table: &Table) -> String {
    let (name, region) = (table.name(), table.region());
    format!(
        "aws dynamodb update-time-to-live --region {region} --table-name {name} \
         --time-to-live-specification Enabled=true,AttributeName={EXPIRES_AT}"
    )
}
