//! What the loop shows of itself: the current plan, and whether it makes progress.
//!
//! The presentation of it, over HTTP and as metrics, is elsewhere; nothing here calls back.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::{Time, elapsed};
use crate::plan::Plan;
use crate::plan::fleet::Problem;
use crate::plan::key::ClusterKey;
use crate::plan::policy::Policies;

/// The daemon fails its health check after so many resyncs without any progress.
const RESYNCS_WITHOUT_PROGRESS: u32 = 3;

/// One state of the daemon, complete in itself.
#[derive(Clone, Debug)]
pub struct Status {
    pub plan: Arc<Plan>,
    pub policies: Arc<Policies>,
    pub clusters: Arc<Vec<ClusterStatus>>,
    pub readiness: Readiness,
    /// When the newest look at a whole cluster ended.
    pub last_look_at: Option<Time>,
    /// Whether the newest reading of the configuration was valid.
    pub config_valid: bool,
    /// Whether this replica makes the mutating calls.
    pub leader: bool,
}

/// How a cluster was last seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ClusterStatus {
    pub cluster: ClusterKey,
    /// When the newest complete look at it began.
    pub complete_at: Option<Time>,
    pub problem: Option<Problem>,
}

/// What is there and what is missing before the daemon can do its work.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    pub configuration: bool,
    pub store: bool,
    pub first_look: bool,
    /// Why something is missing, in words, where that is known.
    pub why: Option<String>,
}

impl Readiness {
    /// Whether nothing is missing.
    pub fn is_ready(&self) -> bool {
        self.configuration && self.store && self.first_look
    }
}

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

/// Where the newest [`Status`] is to be had.
pub type StatusReceiver = watch::Receiver<Status>;

impl Status {
    /// The state before anything was read.
    pub fn starting(now: Time, policies: Arc<Policies>) -> Self {
        Self {
            plan: Arc::new(Plan::empty(now)),
            policies,
            clusters: Arc::default(),
            readiness: Readiness::default(),
            last_look_at: None,
            config_valid: false,
            leader: false,
        }
    }
}
