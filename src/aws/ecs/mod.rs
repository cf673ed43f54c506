//! The operations of the Amazon ECS API, one file per group. Each function is one call and turns
//! its answer into our own types.

mod clusters;
mod convert;
mod deployments;
mod describe;
mod owners;
mod progress;
mod protection;
mod services;
mod staging;
mod stop;
mod task_sets;
mod tasks;
mod update;

pub use clusters::ResolvedClusters;
pub use owners::TaskOwners;
pub(super) use progress::DESCRIBE_DEPLOYMENTS_MAX;
pub(super) use protection::PROTECTION_MAX;
pub(super) use services::{DESCRIBE_SERVICES_MAX, ServiceReading};
pub(super) use tasks::{DESCRIBE_TASKS_MAX, DescribedTasks, ListTasks, SeenTask};
pub use update::Started;

/// The longest page that ListClusters, ListServices, ListTasks and ListServiceDeployments give
/// (Amazon ECS API reference). ListServices gives ten when not asked for more.
const PAGE_MAX: i32 = 100;

/// The most pages that are read of one listing: a hundred thousand names, twenty times what one
/// cluster may hold. A server that never ends its listing must not hold a look for ever.
pub(super) const PAGES_MAX: usize = 1000;

/// The reason of a failure that says that the thing is not there.
const MISSING: &str = "MISSING";

/// The last part of an ARN, or of a name that is none.
fn last_part(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

#[cfg(test)]
mod tests;
