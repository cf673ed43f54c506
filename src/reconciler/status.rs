//! What the loop shows of itself: the current plan, and whether it makes progress.
//!
//! The presentation of it, over HTTP and as metrics, is elsewhere; nothing here calls back.

use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Time;
use crate::plan::Plan;
use crate::plan::fleet::Problem;
use crate::plan::key::ClusterKey;
use crate::plan::policy::Policies;
use crate::plan::preflight::Report;
pub use crate::progress::Progress;

/// This program's version.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// One state of the daemon, complete in itself.
#[derive(Clone, Debug)]
pub struct Status {
    pub plan: Arc<Plan>,
    pub policies: Arc<Policies>,
    pub clusters: Arc<Vec<ClusterStatus>>,
    pub readiness: Readiness,
    /// What is wrong with the observation as a whole, in sentences: clusters that do not exist,
    /// a listing that is denied.
    pub problems: Arc<Vec<String>>,
    /// When the newest look at a whole cluster ended.
    pub last_look_at: Option<Time>,
    /// Whether the newest reading of the configuration was valid.
    pub config_valid: bool,
    /// Whether this replica makes the mutating calls.
    pub leader: bool,
    /// Who holds the lease that says so; absent where none is needed.
    pub lease: Option<LeaseStatus>,
    /// What the checks say of services that are due within days.
    pub preflight: Arc<Report>,
}

/// The lease, as this replica saw it last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseStatus {
    /// The replica that acts, if one does.
    pub holder: Option<Arc<str>>,
    /// Since when it holds the lease, by its own clock.
    pub since: Option<Time>,
    /// Why the lease could not be read or renewed the last time, in words.
    pub problem: Option<String>,
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
    /// What is wrong with reading the queue of events. Work that needs no notice goes on without it.
    pub events: Option<String>,
}

impl Readiness {
    /// Whether nothing is missing.
    pub fn is_ready(&self) -> bool {
        self.configuration && self.store && self.first_look
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
            problems: Arc::default(),
            last_look_at: None,
            config_valid: false,
            leader: false,
            lease: None,
            preflight: Arc::default(),
        }
    }
}
