//! The simulator's own instant: milliseconds since the Unix epoch.
//!
//! It is `Copy`, ordered, and prints as the epoch seconds with fraction that AWS JSON uses.

use std::ops::Add;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// An instant of the simulated world, in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

impl Moment {
    /// The instant `age` before this one, not before the epoch.
    pub(crate) fn minus(self, age: Duration) -> Self {
        Moment(self.0.saturating_sub(milliseconds(age)))
    }

    /// The time passed since `earlier`; zero when `earlier` is later.
    pub(crate) fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The timestamp as AWS JSON writes it: epoch seconds with a fraction.
    pub(crate) fn to_json(self) -> Value {
        json!(self.epoch_seconds())
    }

    /// The instant that a request names in epoch seconds; one before the epoch is the epoch.
    pub(crate) fn from_epoch_seconds(seconds: f64) -> Self {
        Moment((seconds * 1000.0).round() as u64)
    }

    pub(crate) fn epoch_seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// The timestamp as EventBridge writes it, in UTC.
    pub(crate) fn to_rfc3339(self) -> String {
        DateTime::<Utc>::from(self.to_system_time()).to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    pub(crate) fn milliseconds(self) -> u64 {
        self.0
    }

    pub(crate) fn to_system_time(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0)
    }
}

impl From<SystemTime> for Moment {
    fn from(time: SystemTime) -> Self {
        Moment(milliseconds(time.duration_since(UNIX_EPOCH).unwrap_or_default()))
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;

    fn add(self, span: Duration) -> Moment {
        Moment(self.0.saturating_add(milliseconds(span)))
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
