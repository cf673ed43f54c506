//! The lease: which replica may act. After the pattern of Kubernetes leader election.
//!
//! A lease is one item that is replaced by conditional writes. Whether it has run out is never told by
//! comparing two machines' clocks: a replica that wants it watches it unchanged for its whole duration
//! by its own clock first.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Answer;
use crate::clock::Time;

/// Who may act, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The replica that holds it; absent when the last holder gave it up.
    pub holder: Option<Arc<str>>,
    /// Since when that replica holds it, by its clock: for people.
    pub acquired_at: Time,
    /// When it was renewed last, by the holder's clock: for people.
    pub renewed_at: Time,
    /// For how long it holds from a renewal on.
    pub duration: Duration,
    /// How often it went to another holder.
    pub transitions: u64,
    /// Goes up with every write: two writes are never the same.
    pub revision: u64,
}

/// Where a lease is kept.
pub trait LeaseStore: std::fmt::Debug + Send + Sync {
    /// The lease as it is now: a consistent read. `None`: nobody ever held it.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read_lease(&self) -> Answer<'_, Option<Lease>>;

    /// Puts `next` in the place of `expected` (`None`: of nothing), and tells whether it did: `false`
    /// when another one is there. A write whose reply was lost and that is found there counts as done.
    ///
    /// # Errors
    /// When nobody knows whether it was written.
    fn replace_lease<'a>(
        &'a self,
        expected: Option<&'a Lease>,
        next: &'a Lease,
    ) -> Answer<'a, bool>;
}
