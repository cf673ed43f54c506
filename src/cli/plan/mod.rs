//! `ecs-refresh plan`: look once, and print what would be done about every service, and why not.

mod retirements;
mod table;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::args::{Format, ViewArgs};
use super::connection::Connection;
use super::exit::Exit;
use super::look::{look_closely, print, remembered};
use super::survey::Survey;
use crate::clock::Clock;
use crate::http::write_document;
use crate::metrics::Metrics;
use crate::plan::ledger::Ledger;
use crate::settings;

/// Looks once and prints.
pub async fn plan(args: ViewArgs, clock: Clock) -> Exit {
    let sources = match args.config.sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let settings = match settings::load(&sources) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    let connection = match Connection::new(&settings, &clock, &Metrics::new()).await {
        Ok(connection) => connection,
        Err(exit) => return exit,
    };
    let ecs = connection.ecs(&settings);
    let (ledger, problem) = match remembered(&settings, connection.table(&settings)).await {
        Ok(ledger) => (ledger, None),
        Err(error) => (Ledger::default(), Some(without_ledger(&error))),
    };
    let mut seen =
        match look_closely(settings.policies, ecs, &ledger, &clock, Survey::brief()).await {
            Ok(seen) => seen,
            Err(problem) => return Exit::cannot(problem),
        };
    if let Some(problem) = problem {
        Arc::make_mut(&mut seen.problems).insert(0, problem);
    }
    print(|out| match args.format {
        Format::Text => table::write(&seen, out),
        Format::Json => write_document(&seen, clock.now(), out),
    })
}

fn without_ledger(error: &crate::store::StoreError) -> String {
    format!("without the ledger, so past attempts and retirement notices are not known: {error}")
}
