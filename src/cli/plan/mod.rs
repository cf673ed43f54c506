//! `ecs-refresh plan`: look once, and print what would be done about every service, and why not.

mod retirements;
mod table;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::args::{Format, ViewArgs};
use super::connection::to_ecs;
use super::exit::Exit;
use super::look::{look, print, remembered};
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
    let ecs = match to_ecs(&settings, &clock, &Metrics::new()).await {
        Ok(ecs) => ecs,
        Err(exit) => return exit,
    };
    let (ledger, problem) = match remembered(&settings).await {
        Ok(ledger) => (ledger, None),
        Err(error) => (Ledger::default(), Some(without_ledger(&error))),
    };
    let mut seen = match look(settings.policies, ecs, &ledger, &clock).await {
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
