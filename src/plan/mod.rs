//! Every decision, and the reason for it.
//!
//! This module is pure: it does no IO, is not async, reads no clock and cannot fail. What it needs
//! to know comes in as arguments, what should happen goes out as a value.

mod admission;
pub mod code_deploy;
pub mod deadline;
pub mod diagnosis;
mod due;
pub mod evidence;
pub mod fleet;
mod gate;
pub mod key;
pub mod ledger;
mod moments;
pub mod notice;
mod notice_plan;
mod outlook;
mod pace;
mod planner;
pub mod policy;
pub mod preflight;
mod proof;
pub mod rescue;
mod retirements;
mod retiring;
pub mod schedule;
mod selection;
pub mod selector;
mod standing;
mod start_call;
mod starting;
pub mod step;
pub mod surroundings;
#[cfg(test)]
mod tests;
pub mod verdict;
pub mod words;

pub use gate::HOLD_TAG;
pub use notice_plan::{AffectedService, NoticePlan, RetirementState};
pub use pace::PolicyPlan;
pub use planner::{Plan, plan};
pub use retiring::{LooseTask, Retiree, Retiring, TaskState};
