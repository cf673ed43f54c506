//! How long it takes to look at a fleet within a share of the API budget.

use std::io::{self, Write};
use std::time::Duration;

use crate::plan::words;
use crate::settings::Daemon;

/// Amazon ECS API reference, request throttling: service resource reads and cluster resource reads
/// each have a bucket of 100 tokens that gets 20 a second.
const BURST: f64 = 100.0;
const PER_SECOND: f64 = 20.0;

/// Amazon ECS API reference: the largest pages that the operations take.
const LIST_PAGE: u32 = 100;
const DESCRIBE_SERVICES_PAGE: u32 = 10;
const TASKS_PAGE: u32 = 100;

/// A small, a middling and a large fleet.
const FLEETS: [u32; 3] = [30, 500, 5000];

const TASKS_PER_SERVICE: u32 = 10;

/// How long a look takes: the first one, which describes every task, and one in the steady state,
/// when the buckets have no reserve.
struct Look {
    cold: Duration,
    warm: Duration,
}

impl Look {
    /// At `services` of one cluster, whose calls draw on two buckets at once.
    fn at(services: u32, share: f64) -> Self {
        let tasks = services * TASKS_PER_SERVICE;
        let about_services =
            services.div_ceil(LIST_PAGE) + services.div_ceil(DESCRIBE_SERVICES_PAGE);
        let list_tasks = tasks.div_ceil(TASKS_PAGE);
        let describe_tasks = tasks.div_ceil(TASKS_PAGE);
        let seconds = |calls: u32, reserve: f64| {
            let waits = (f64::from(calls) - reserve * share).max(0.0);
            Duration::from_secs_f64((waits / (PER_SECOND * share)).min(MOST_SECONDS).ceil())
        };
        Self {
            cold: seconds(about_services.max(list_tasks + describe_tasks), BURST),
            warm: seconds(about_services.max(list_tasks), 0.0),
        }
    }
}

/// A share near nothing makes for ever of any look; a year will do.
const MOST_SECONDS: f64 = 365.0 * 86_400.0;

/// Writes how long a look takes at fleets of three sizes.
pub fn describe(daemon: &Daemon, out: &mut dyn Write) -> io::Result<()> {
    let (share, resync) = (daemon.api_share, words::Span(daemon.resync));
    writeln!(out, "\na look at the fleet takes about (api_share {share}, resync {resync})")?;
    for services in FLEETS {
        let look = Look::at(services, daemon.api_share);
        let (cold, warm) = (words::Span(look.cold), words::Span(look.warm));
        let tasks = services * TASKS_PER_SERVICE;
        write!(out, "  {services:>5} services, {tasks:>6} tasks: {cold} at first, then {warm}")?;
        let late = look.warm > daemon.resync;
        writeln!(out, "{}", if late { ", which is longer than resync" } else { "" })?;
    }
    Ok(())
}

/// A resync that even a small fleet is not looked at in.
pub fn warning(daemon: &Daemon) -> Option<String> {
    let services = FLEETS[0];
    let look = Look::at(services, daemon.api_share);
    (look.warm > daemon.resync).then(|| {
        format!(
            "daemon.resync is {}, but at api_share {} a look at {services} services takes {}",
            words::Span(daemon.resync),
            daemon.api_share,
            words::Span(look.warm)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_takes_what_the_scarcer_bucket_allows() {
        for (services, share, cold, warm) in [
            // 500 and 500 calls about tasks less a reserve of 100; 550 about services.
            (5000, 1.0, 45, 28),
            (5000, 0.25, 195, 110),
            (500, 0.25, 15, 11),
            (30, 1.0, 0, 1),
            (30, 0.0000000001, MOST_SECONDS as u64, MOST_SECONDS as u64),
        ] {
            let look = Look::at(services, share);
            assert_eq!(look.cold.as_secs(), cold, "cold, {services} at {share}");
            assert_eq!(look.warm.as_secs(), warm, "warm, {services} at {share}");
        }
    }
}
