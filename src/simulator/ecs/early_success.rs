//! When a rolling deployment is complete, also before all is done.
//!
//! Source: Amazon ECS Developer Guide, "Complete Amazon ECS rolling deployments early with early
//! success criteria". What is left to be started or stopped then goes on as ordinary scaling.

use super::configuration::Cleanup;
use super::service::Service;
use super::task::Task;

/// Whether the PRIMARY has all it needs to be complete. A rollback needs everything.
pub(crate) fn reached(service: &Service) -> bool {
    let Some(primary) = service.deployments.first() else { return false };
    let alone = service.deployments.len() == 1;
    let healthy = service.count(Some(primary.id), |task| task.active() && task.healthy);
    match service.spec.early_success.filter(|_| primary.rolls_back_to.is_none()) {
        Some(criteria) => {
            let enough = u64::from(service.desired) * u64::from(criteria.healthy_percent);
            let cleaned_up = alone || criteria.cleanup == Cleanup::Deferred;
            u64::from(healthy) >= enough.div_ceil(100) && cleaned_up
        }
        None => alone && settled(service),
    }
}

/// Whether the PRIMARY has exactly the tasks that it should have, all healthy.
pub(crate) fn settled(service: &Service) -> bool {
    let Some(primary) = service.deployments.first() else { return false };
    let id = Some(primary.id);
    let desired = service.desired;
    service.count(id, |task| task.active() && task.healthy) == desired
        && service.count(id, Task::active) == desired
}
