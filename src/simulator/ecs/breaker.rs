//! The deployment circuit breaker: when it trips, and the rollback that may follow.
//!
//! Source: Amazon ECS Developer Guide, "How the Amazon ECS deployment circuit breaker detects
//! failures". The default threshold is half of the desired count, but at least 3 and at most 200.

use super::deployment::{Progress, Rollback, RolloutState, deployment_name};
use super::service::{Service, ServiceStatus};
use super::state_changes::News;
use super::{events, scheduler};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

const THRESHOLD_MIN: u32 = 3;
const THRESHOLD_MAX: u32 = 200;
/// What a service deployment gives as the reason for its failure.
const REASON: &str = "Service deployment rolled back because of circuit breaker.";
const REASON_WITHOUT_ROLLBACK: &str =
    "Service deployment stopped because of circuit breaker: tasks failed to start.";

/// How many failures in a row a deployment may have. The latest desired count is used.
pub(crate) fn threshold(desired: u32) -> u32 {
    desired.div_ceil(2).clamp(THRESHOLD_MIN, THRESHOLD_MAX)
}

/// Fails the PRIMARY when it has failed too often. Returns whether it did.
pub(crate) fn check(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let Some(breaker) = service.spec.breaker.filter(|breaker| breaker.enable) else { return false };
    let limit = threshold(service.desired);
    let active = service.status == ServiceStatus::Active && service.controlled_by_ecs();
    let Some(primary) = service.deployments.first_mut() else { return false };
    if !active || primary.state != RolloutState::InProgress || primary.failed_tasks < limit {
        return false;
    }
    primary.fail(now);
    let (failed, failed_tasks) = (primary.name(), primary.failed_tasks);
    let news = News::Failed { deployment: primary.id, reason: primary.reason.clone() };
    let was_rollback = primary.rolls_back_to.is_some();
    service.news.push(news);
    service.report(events::failed(service, &failed), now, ids);
    if let Some(open) = service.history.last_mut().filter(|record| record.open()) {
        open.failed_tasks = failed_tasks;
    }
    let target = service.last_completed.clone().filter(|_| breaker.rollback && !was_rollback);
    match target {
        Some(target) => {
            if let Some(open) = service.history.last_mut() {
                open.progress = Progress::RollingBack;
                open.reason = Some(REASON.to_owned());
                open.rollback = Some(Rollback {
                    started_at: now,
                    reason: REASON.to_owned(),
                    restores: target.id,
                });
            }
            let name = deployment_name(target.id);
            service.report(events::rolling_back(service, &name), now, ids);
            scheduler::start_deployment(service, target.revision, Some(target.id), now, ids);
        }
        None => end_without_rollback(service, now),
    }
    true
}

fn end_without_rollback(service: &mut Service, now: Moment) {
    let Some(open) = service.history.last_mut() else { return };
    match open.progress {
        Progress::RollingBack => open.finish(Progress::RollbackFailed, now),
        _ => open.stop(REASON_WITHOUT_ROLLBACK, now),
    }
}
