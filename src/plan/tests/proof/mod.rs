//! What becomes of open attempts, by what is seen of them.

mod fixture;

mod accepted;
mod going;
mod in_plan;
mod stages;
mod succeeded;
mod timed_out;
mod unknown;
mod vanished;
