//! Why a rollout fails, times out or stands still: a closed set of findings, each with a sentence and
//! what to do about it.
//!
//! Most of it is read out of texts that AWS writes for people and may change at any time. So nothing
//! decides on a finding: it explains an outcome that was reached without it.

mod clues;
mod explain;
mod finding;
mod signs;
#[cfg(test)]
mod tests;
mod texts;

pub use clues::Clues;
pub use explain::explain;
pub use finding::Finding;
