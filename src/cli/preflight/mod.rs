//! `ecs-refresh preflight`: look once, and print what would break if what is due were refreshed.

mod text;

use std::sync::Arc;

use super::args::{Format, PreflightArgs};
use super::connection::Connection;
use super::exit::Exit;
use super::look::{look_closely, print, remembered};
use super::survey::Survey;
use crate::clock::Clock;
use crate::http::write_preflight;
use crate::metrics::Metrics;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::Ledger;
use crate::plan::preflight::Outcome;
use crate::settings;

/// Looks once and prints. The answer is no when a refresh would be held.
pub async fn preflight(args: PreflightArgs, clock: Clock) -> Exit {
    let sources = match args.view.config.sources() {
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
    let service = args.service.as_ref();
    let is_asked = |key: &ServiceKey| {
        service.is_some_and(|asked| {
            asked.service == key.name() && asked.cluster == key.cluster().name()
        })
    };
    let asked: Option<&dyn Fn(&ServiceKey) -> bool> = service.map(|_| &is_asked as _);
    let survey = Survey::complete(asked);
    let mut seen = match look_closely(settings.policies, ecs, &ledger, &clock, survey).await {
        Ok(seen) => seen,
        Err(problem) => return Exit::cannot(problem),
    };
    if let Some(problem) = problem {
        Arc::make_mut(&mut seen.problems).insert(0, problem);
    }
    let checked: Vec<_> = seen.preflight.services.iter().collect();
    if let Some(service) = service.filter(|_| checked.is_empty()) {
        return Exit::no(format!(
            "no policy selects {}/{} on Fargate, or there is nothing to refresh in it now; \
             `ecs-refresh plan` says what is known of it",
            service.cluster, service.service
        ));
    }
    let held = checked.iter().any(|(_, preflight)| preflight.outcome() == Outcome::Hold);
    let printed = print(|out| match args.view.format {
        Format::Text => text::write(&seen, &checked, out),
        Format::Json => write_preflight(&checked, clock.now(), out),
    });
    match printed {
        Exit::Fine if held => Exit::No(None),
        exit => exit,
    }
}

fn without_ledger(error: &crate::store::StoreError) -> String {
    format!(
        "without the ledger, so it is not known what retirements make due, and what the last refreshes \
         took: {error}"
    )
}
