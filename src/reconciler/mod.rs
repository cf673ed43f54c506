//! Observe, plan, execute, for ever.

pub mod status;
