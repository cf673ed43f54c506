//! `ecs-refresh store`: moves a ledger from one kind of store to another.

mod import;
mod lead;

pub use import::import;

use super::args::ConfigArgs;
use super::connection::Connection;
use super::exit::Exit;
use super::look::{finished, print, remembered};
use crate::aws::Table;
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::settings::{self, Settings, StoreKind};
use crate::store::Contents;

/// Prints everything that the store keeps, without changing it.
pub async fn export(args: ConfigArgs, clock: Clock) -> Exit {
    let settings = match load(&args) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let contents = match read(&settings, &clock).await {
        Ok(contents) => contents,
        Err(exit) => return exit,
    };
    let exit = print(|out| contents.write(out));
    if matches!(exit, Exit::Fine) {
        eprintln!("exported: {}", contents.tally());
    }
    exit
}

async fn read(settings: &Settings, clock: &Clock) -> Result<Contents, Exit> {
    let table = table(settings, clock).await?;
    let cannot = |error| Exit::cannot(format!("the store cannot be read: {error}"));
    // In this order: what ends in between is in the history, and followed to its end again.
    let ledger = remembered(settings, table.clone()).await.map_err(cannot)?;
    let history = finished(settings, table, None).await.map_err(cannot)?;
    Ok(Contents { ledger, history })
}

fn load(args: &ConfigArgs) -> Result<Settings, Exit> {
    settings::load(&args.sources()?).map_err(Exit::no)
}

/// The table, if the ledger is in one. A file needs no AWS.
pub async fn table(settings: &Settings, clock: &Clock) -> Result<Option<Table>, Exit> {
    match settings.store.kind {
        StoreKind::File => Ok(None),
        StoreKind::DynamoDb => {
            let connection = Connection::new(settings, clock, &Metrics::new()).await?;
            Ok(connection.table(settings))
        }
    }
}
