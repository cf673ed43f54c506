//! `ecs-refresh history`: the refreshes that have ended, from the ledger alone.
//!
//! What is in a file needs no AWS, and is read beside a running daemon.

mod document;
mod text;

#[cfg(test)]
mod tests;

use super::args::{Format, HistoryArgs, ServiceName};
use super::connection::Connection;
use super::exit::Exit;
use super::look::{finished, print};
use crate::clock::{Clock, Time};
use crate::metrics::Metrics;
use crate::plan::evidence::Evidence;
use crate::plan::words::Span;
use crate::settings::{self, Settings, StoreKind};

/// What is printed.
#[derive(Debug)]
struct Told {
    now: Time,
    since: Option<Time>,
    /// The service that was asked for: of it more is told.
    service: Option<ServiceName>,
    /// The newest first.
    attempts: Vec<Evidence>,
}

/// Reads and prints.
pub async fn history(args: HistoryArgs, clock: Clock) -> Exit {
    let HistoryArgs { service, view, since } = args;
    let sources = match view.config.sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let settings = match settings::load(&sources) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    let now = clock.now();
    let since = since.map(|since| since.time(now));
    let attempts = match read(&settings, since, &clock).await {
        Ok(attempts) => attempts,
        Err(exit) => return exit,
    };
    let told = Told::new(attempts, service, since, now);
    if told.attempts.is_empty() {
        eprintln!("{}", told.nothing(&settings));
    }
    print(|out| match view.format {
        Format::Text => text::write(&told, out),
        Format::Json => document::write(&told, out),
    })
}

async fn read(
    settings: &Settings,
    since: Option<Time>,
    clock: &Clock,
) -> Result<Vec<Evidence>, Exit> {
    let table = match settings.store.kind {
        StoreKind::File => None,
        StoreKind::DynamoDb => {
            Connection::new(settings, clock, &Metrics::new()).await?.table(settings)
        }
    };
    let read = finished(settings, table, since).await;
    read.map_err(|error| Exit::cannot(format!("the history cannot be read: {error}")))
}

impl Told {
    fn new(
        mut attempts: Vec<Evidence>,
        service: Option<ServiceName>,
        since: Option<Time>,
        now: Time,
    ) -> Self {
        if let Some(name) = &service {
            attempts.retain(|one| name.is(&one.finished.attempt.service));
        }
        Self { now, since, service, attempts }
    }

    /// That there is nothing, and how far back there could be something.
    fn nothing(&self, settings: &Settings) -> String {
        let of = self
            .service
            .as_ref()
            .map_or_else(String::new, |name| format!(" of {}/{}", name.cluster, name.service));
        let since = self.since.map_or_else(String::new, |since| {
            format!(" since {}", since.format("%Y-%m-%dT%H:%M:%SZ"))
        });
        format!(
            "no refresh{of} is known to have ended{since}; the last {} of each service are kept, for {}",
            settings.store.history_kept,
            Span(settings.store.history_max_age)
        )
    }
}
