//! What becomes of open attempts, by what is seen of them.

pub mod fixture;

mod accepted;
mod going;
mod in_plan;
mod pace;
mod remedy;
mod rescue;
mod stages;
mod still;
mod succeeded;
mod timed_out;
mod unknown;
mod vanished;
