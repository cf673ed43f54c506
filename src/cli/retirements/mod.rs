//! `ecs-refresh retirements`: every retirement notice that is known, how it stands, and what shows
//! that.
//!
//! What AWS said and what became of it is in the ledger; one look makes the states current. Without
//! the ledger there is no answer, and without the look an old one: both exit with 2.

mod document;
mod evidence;
mod known;
mod text;
pub mod words;

#[cfg(test)]
mod tests;

use super::args::{Format, ViewArgs};
use super::connection::Connection;
use super::exit::Exit;
use super::look::{print, remembered};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::plan::ledger::Ledger;
use crate::settings::{self, Settings, StoreKind};
use known::{Known, Sources};

/// Looks once and prints.
pub async fn retirements(args: ViewArgs, clock: Clock) -> Exit {
    let sources = match args.config.sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let settings = match settings::load(&sources) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    let connection = connect(&settings, &clock).await;
    let ledger = match remember(&settings, &connection).await {
        Ok(ledger) => ledger,
        Err(why) => {
            return Exit::cannot(format!(
                "notices are in the ledger, which cannot be read here: {why}; a running daemon \
                 shows them at /api/v1/status too"
            ));
        }
    };
    let ecs = connection.map(|connection| connection.ecs(&settings));
    let known = Known::new(settings.policies.clone(), ecs, ledger, Sources::of(&settings), &clock);
    let known = known.await;
    let printed = print(|out| match args.format {
        Format::Text => text::write(&known, out),
        Format::Json => document::write(&known, out),
    });
    match (printed, known.unseen) {
        (Exit::Fine, Some(problem)) => {
            Exit::cannot(format!("AWS could not be asked, so states are as remembered: {problem}"))
        }
        (printed, _) => printed,
    }
}

/// The ledger. Where it is a file, no AWS is needed for it.
async fn remember(
    settings: &Settings,
    connection: &Result<Connection, String>,
) -> Result<Ledger, String> {
    let table = match connection {
        Ok(connection) => connection.table(settings),
        Err(_) if settings.store.kind == StoreKind::File => None,
        Err(why) => return Err(why.clone()),
    };
    remembered(settings, table).await.map_err(|error| error.to_string())
}

async fn connect(settings: &Settings, clock: &Clock) -> Result<Connection, String> {
    Connection::new(settings, clock, &Metrics::new()).await.map_err(|exit| match exit {
        Exit::Cannot(why) | Exit::No(Some(why)) => why,
        Exit::Fine | Exit::No(None) => String::new(),
    })
}
