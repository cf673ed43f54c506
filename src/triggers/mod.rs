//! What comes from outside: reasons to look sooner than the resync would, and facts that the loop
//! is told of. Losing every reason costs latency only; a fact is acknowledged only after the loop
//! has said that it is durable.

pub mod alarm;
mod backoff;
mod batch;
pub mod health;
mod listed;
mod metrics;
mod notice;
pub mod queue;
mod recent;

pub use metrics::{EventKind, EventMetrics};
