//! Reasons to look sooner than the resync would. Losing every one of them costs latency only.

pub mod alarm;
