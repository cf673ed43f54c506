//! What others are told: outcomes as EventBridge events.
//!
//! Owns what an announcement says, the bounded queue to EventBridge, and the sending with its
//! retries. Must not decide what is worth telling, and must never hold up whoever tells it.
//! Announcements are a courtesy: one may get lost, and one may come twice. The ledger, the metrics
//! and the API are what to rely on.

mod announcement;
mod announcer;
mod detail;
mod metrics;
mod outbox;

#[cfg(test)]
mod tests;

pub use announcement::{Announcement, Kind, SOURCE};
pub use announcer::Announcer;
pub use detail::{Held, Noticed};
pub use metrics::AnnounceMetrics;
pub use outbox::Outbox;
