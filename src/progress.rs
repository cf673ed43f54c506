//! Whether the daemon makes progress.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::clock::{Time, elapsed};

/// The daemon fails its health check after so many resyncs without any progress.
const RESYNCS_WITHOUT_PROGRESS: u32 = 3;

/// When something was last observed, answered or finished. Shared by everything that makes
/// progress; cheap to clone.
#[derive(Clone, Debug)]
pub struct Progress {
    at_milliseconds: Arc<AtomicI64>,
}

impl Progress {
    /// Progress as of `now`.
    pub fn new(now: Time) -> Self {
        Self { at_milliseconds: Arc::new(AtomicI64::new(now.timestamp_millis())) }
    }

    /// Something was observed, answered or finished.
    pub fn made(&self, now: Time) {
        self.at_milliseconds.fetch_max(now.timestamp_millis(), Ordering::Relaxed);
    }

    /// How long ago that was.
    pub fn age(&self, now: Time) -> Duration {
        let at = self.at_milliseconds.load(Ordering::Relaxed);
        Time::from_timestamp_millis(at).map_or(Duration::ZERO, |at| elapsed(at, now))
    }

    /// Whether the daemon counts as alive. An AWS that answers with errors is progress: a restart
    /// would not help.
    pub fn is_healthy(&self, now: Time, resync: Duration) -> bool {
        self.age(now) <= resync * RESYNCS_WITHOUT_PROGRESS
    }
}
