//! The daemon's own code with the real AWS SDK against the simulated ECS, on virtual time: weeks of
//! policy time in milliseconds.

mod announce;
mod clock;
mod cost;
mod crashes;
mod failures;
mod faults;
mod harness;
mod health;
mod kinds;
mod mapping;
mod outcomes;
mod queue;
mod reload;
mod retirement;
mod strange;
mod weeks;
