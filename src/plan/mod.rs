//! Every decision, and the reason for it.
//!
//! This module is pure: it does no IO, is not async, reads no clock and cannot fail. What it needs
//! to know comes in as arguments, what should happen goes out as a value.

pub mod fleet;
pub mod key;
pub mod ledger;
