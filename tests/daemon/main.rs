//! The daemon's own code with the real AWS SDK against the simulated ECS, on virtual time: weeks of
//! policy time in milliseconds.

mod announce;
mod clock;
mod code_deploy;
mod cost;
mod crashes;
mod deadlines;
mod diagnosis;
mod evidence;
mod failures;
mod faults;
mod fragile;
mod harness;
mod health;
mod kinds;
mod mapping;
mod outcomes;
mod picky;
mod preflight;
mod queue;
mod reload;
mod replicas;
mod rescue;
mod retirement;
mod strange;
mod surveys;
mod weeks;
