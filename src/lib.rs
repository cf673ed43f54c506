//! `ecs-refresh`: a reconciler that keeps the tasks of Amazon ECS services on Fargate fresh.
//!
//! The library exists for the binary and its tests; ARCHITECTURE.md is the map.

#![forbid(unsafe_code)]

/// The suite in `tests/contract` calls the crate by its name, here and in `tests/independent`.
#[cfg(test)]
extern crate self as ecs_refresh;

pub mod announce;
pub mod aws;
pub mod cli;
pub mod clock;
pub mod events;
pub mod http;
pub mod iam;
pub mod lease;
pub mod metrics;
pub mod plan;
pub mod progress;
pub mod reconciler;
pub mod settings;
pub mod simulator;
pub mod store;
pub mod telemetry;
pub mod triggers;
