//! What can happen to the loop: one closed list.

use std::sync::Arc;
use std::time::Duration;

use super::execute::Stepped;
use super::mapping::Mapped;
use super::observe::ClustersSeen;
use tokio::sync::oneshot;

use crate::lease::View;
use crate::plan::fleet::{ClusterLook, Problem, ServiceLook};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::Ledger;
use crate::plan::notice::NoticePage;
use crate::plan::policy::Policies;
use crate::plan::surroundings::Surroundings;
use crate::store::StoreError;

/// Something to take in, after which the plan is made anew.
#[derive(Debug)]
pub enum Event {
    /// Which clusters there are for these policies.
    Clusters { seen: ClustersSeen, policies: Arc<Policies> },
    /// A look at a cluster has ended.
    Cluster { look: Box<ClusterLook>, took: Duration },
    /// A look at some services has ended.
    Services { asked: Vec<ServiceKey>, looks: Vec<ServiceLook> },
    /// A step has ended.
    Stepped(Box<Stepped>),
    /// Pages of a notice were stored, or, in words, why not.
    Noticed { pages: Vec<NoticePage>, stored: Result<(), String> },
    /// It was found out whose tasks some notices name.
    Mapped(Box<Mapped>),
    /// Who acts has changed.
    Lease(View),
    /// The ledger was read, in this term of the lease.
    Loaded { term: u64, ledger: Box<Result<Ledger, StoreError>> },
    /// What services refer to was read.
    Surveyed(Box<Surroundings>),
    /// Something outside the loop.
    Trigger(Trigger),
    /// It is time to look at something, or a pause has ended.
    Due,
}

/// What the outside tells the loop. The reason of a wake-up is for people only: nothing branches
/// on it.
#[derive(Debug)]
pub enum Trigger {
    /// Decide now instead of later.
    Wake { reason: String },
    /// Something happened to these services: look at them soon.
    Woken { services: Vec<ServiceKey> },
    /// Pages of a retirement notice: a fact. Only when the answer says so are they durable, and the
    /// message that brought them may be deleted.
    Notice { pages: Vec<NoticePage>, answer: oneshot::Sender<Receipt> },
    /// How reading the queue goes: what is wrong with it, or nothing.
    Queue(Option<Problem>),
    /// The configuration was read again.
    Reload(Reload),
    /// Start nothing more, finish what is being sent, and end.
    Shutdown,
}

/// What became of the pages of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// They are durable, now or from an earlier delivery.
    Stored,
    /// They concern another account or Region, as it says: nothing was kept.
    Foreign(String),
    /// The store did not take them: they must come again.
    NotStored(String),
}

/// A new configuration.
#[derive(Debug)]
pub enum Reload {
    Valid {
        policies: Policies,
        resync: Duration,
        api_share: f64,
    },
    /// It has problems, and the old one stays in force.
    Invalid,
}
