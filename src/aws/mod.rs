//! Amazon ECS as this program sees it, and the ways in which AWS tells of events: SDK types stop
//! here.
//!
//! Owns paging, batching, the API budget, timeouts and retries, and the classes of errors. Produces
//! the types of [`crate::plan::fleet`]. It must never decide anything about a service: it reads
//! what is asked for, says when, and says what is missing.

mod attempt;
mod budget;
mod bus;
mod calls;
mod client;
mod code_deploy;
mod connect;
mod dynamodb;
mod ec2;
mod ecs;
mod error;
mod health;
mod last_check;
mod metrics;
mod observe;
mod operation;
mod pool;
mod queue;
mod surroundings;
#[cfg(test)]
mod testing;

pub use budget::{Category, Limit, Priority};
pub use bus::{BusEntry, EntryOutcome, EventBus};
pub use client::Ecs;
pub use code_deploy::{CodeDeploy, Created};
pub use connect::{ConnectOptions, connect, load_sdk_config, sdk_config_in_process};
pub use dynamodb::{
    Attribute, Attributes, Condition, Cursor, ItemKey, Page, Table, TableShape, WriteResult,
};
pub use ecs::{ResolvedClusters, Started, TaskOwners};
pub use health::{Health, HealthEntity, HealthError, HealthEvent};
pub use last_check::ChangeError;
pub use metrics::AwsMetrics;
pub use observe::Observer;
pub use operation::{Api, Operation};
pub use queue::{Queue, QueueMessage};
pub use surroundings::Surveyor;
