//! The deployment circuit breaker: when it trips.
//!
//! Source: Amazon ECS Developer Guide, "How the Amazon ECS deployment circuit breaker detects
//! failures". The default threshold is half of the desired count, but at least 3 and at most 200.

use super::configuration::{Breaker, Threshold};
use super::deployment::RolloutState;
use super::failure::{self, Failure};
use super::service::{Service, ServiceStatus};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

const THRESHOLD_MIN: u32 = 3;
const THRESHOLD_MAX: u32 = 200;
const DEFAULT: Threshold = Threshold::BoundedPercent(50);

/// How many failures a deployment may have. The latest desired count is used.
pub(crate) fn threshold(breaker: Option<Breaker>, desired: u32) -> u32 {
    let percent_of_desired = |percent: u32| {
        let failures = (u64::from(desired) * u64::from(percent)).div_ceil(100);
        u32::try_from(failures).unwrap_or(u32::MAX)
    };
    match breaker.and_then(|breaker| breaker.threshold).unwrap_or(DEFAULT) {
        Threshold::BoundedPercent(percent) => {
            percent_of_desired(percent).clamp(THRESHOLD_MIN, THRESHOLD_MAX)
        }
        // Nothing trips before anything has failed.
        Threshold::UnboundedPercent(percent) => percent_of_desired(percent).max(1),
        Threshold::Count(count) => count.max(1),
    }
}

/// Fails the PRIMARY when it has failed too often. Returns whether it did.
pub(crate) fn check(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let Some(breaker) = service.spec.breaker.filter(|breaker| breaker.enable) else { return false };
    let limit = threshold(Some(breaker), service.desired);
    let active = service.status == ServiceStatus::Active && service.controlled_by_ecs();
    let Some(primary) = service.deployments.first() else { return false };
    if !active || primary.state != RolloutState::InProgress || primary.failed_tasks < limit {
        return false;
    }
    failure::fail(service, Failure::Breaker, breaker.rollback, now, ids);
    true
}
