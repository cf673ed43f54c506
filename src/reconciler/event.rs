//! What can happen to the loop: one closed list.

use std::sync::Arc;
use std::time::Duration;

use super::execute::Stepped;
use super::observe::ClustersSeen;
use crate::plan::fleet::{ClusterLook, ServiceLook};
use crate::plan::key::ServiceKey;
use crate::plan::policy::Policies;

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
    /// The configuration was read again.
    Reload(Reload),
    /// Start nothing more, finish what is being sent, and end.
    Shutdown,
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
