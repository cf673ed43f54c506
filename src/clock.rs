//! The one place that tells the time.
//!
//! Everything else takes the time as an argument or asks a [`Clock`] at the edge. The SDK, the
//! daemon and the simulator share one clock, so that whole weeks run in milliseconds on paused
//! tokio time.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use chrono::{DateTime, Utc};

/// A point in time as every part of the project sees it: UTC, to the nanosecond.
pub type Time = DateTime<Utc>;

/// Tells the wall-clock time; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clock {
    source: SharedTimeSource,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self { source: SharedTimeSource::new(SystemClock) }
    }

    /// Time that starts at `epoch` and passes as tokio's does. On a paused runtime it stands still
    /// until every task waits, and then jumps: virtual time.
    pub fn tokio_from(epoch: Time) -> Self {
        let started = tokio::time::Instant::now();
        Self { source: SharedTimeSource::new(TokioClock { epoch: epoch.into(), started }) }
    }

    /// The time that `source` tells.
    pub fn from_source(source: SharedTimeSource) -> Self {
        Self { source }
    }

    /// The current time.
    pub fn now(&self) -> Time {
        self.source.now().into()
    }

    /// The same clock in the form that the AWS SDK takes.
    pub fn time_source(&self) -> SharedTimeSource {
        self.source.clone()
    }
}

/// How long it is from `earlier` to `later`; zero when the order is the other way round.
pub fn elapsed(earlier: Time, later: Time) -> Duration {
    (later - earlier).to_std().unwrap_or(Duration::ZERO)
}

#[derive(Debug)]
struct SystemClock;

impl TimeSource for SystemClock {
    fn now(&self) -> SystemTime {
        #[allow(clippy::disallowed_methods, reason = "the one legal clock read")]
        SystemTime::now()
    }
}

#[derive(Debug)]
struct TokioClock {
    epoch: SystemTime,
    started: tokio::time::Instant,
}

impl TimeSource for TokioClock {
    fn now(&self) -> SystemTime {
        self.epoch + self.started.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn virtual_time_passes_as_tokio_time_does() {
        let epoch = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let clock = Clock::tokio_from(epoch);
        tokio::time::sleep(Duration::from_secs(86_400)).await;
        assert_eq!(elapsed(epoch, clock.now()), Duration::from_secs(86_400));
    }

    #[test]
    fn time_that_runs_backwards_has_not_elapsed() {
        let epoch = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        assert_eq!(elapsed(epoch, epoch - chrono::TimeDelta::seconds(5)), Duration::ZERO);
    }
}
