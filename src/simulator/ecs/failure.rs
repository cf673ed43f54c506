//! What ends a deployment before it is complete, and what follows from it.

use super::deployment::{Progress, Rollback, deployment_name};
use super::service::Service;
use super::state_changes::News;
use super::{events, scheduler, staged};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

/// Why a deployment fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The circuit breaker tripped.
    Breaker,
    /// A CloudWatch alarm of the service went off.
    Alarm,
    /// A lifecycle hook failed, timed out or was answered with a rollback.
    Hook,
    /// A stage or the whole took longer than ECS allows.
    TimedOut,
    /// Somebody stopped it.
    Stopped,
}

impl Failure {
    /// What `rolloutStateReason` begins with.
    fn cause(self) -> &'static str {
        match self {
            Failure::Breaker => "ECS deployment circuit breaker",
            Failure::Alarm => "ECS deployment alarm detection",
            Failure::Hook => "ECS deployment lifecycle hook",
            Failure::TimedOut => "ECS deployment time limit",
            Failure::Stopped => "ECS deployment stopped by request",
        }
    }

    /// What happened, as in `deployment failed: tasks failed to start.`
    fn what(self) -> &'static str {
        match self {
            Failure::Breaker => "tasks failed to start.",
            Failure::Alarm => "alarm detected.",
            Failure::Hook => "hook execution failure(s) detected.",
            Failure::TimedOut => "lifecycle stage timed out.",
            Failure::Stopped => "stopped by user.",
        }
    }

    /// The `rolloutStateReason` of what fails.
    pub(crate) fn reason(self) -> String {
        format!("{}: {}", self.cause(), self.what())
    }

    /// The `rolloutStateReason` of what takes its place.
    pub(crate) fn rolling_back(self, target: u64) -> String {
        format!("{}: rolling back to deploymentId {}.", self.cause(), deployment_name(target))
    }

    /// The `statusReason` of the service deployment.
    fn status_reason(self, rolls_back: bool) -> String {
        let because = match self {
            Failure::Breaker => "circuit breaker",
            Failure::Alarm => "alarm",
            Failure::Hook => "lifecycle hook",
            Failure::TimedOut => "time limit",
            Failure::Stopped => "user request",
        };
        if rolls_back {
            return format!("Service deployment rolled back because of {because}.");
        }
        format!("Service deployment stopped because of {because}: {}", self.what())
    }
}

/// Fails the PRIMARY, and with it the open service deployment. One that shifts traffic always
/// goes back; a rolling one only when that is asked for, and only to what was once completed.
pub(crate) fn fail(
    service: &mut Service,
    failure: Failure,
    rollback: bool,
    now: Moment,
    ids: &mut Ids,
) {
    let staged = staged::is_open(service);
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.fail(failure.reason(), now);
    let (failed, failed_tasks) = (primary.name(), primary.failed_tasks);
    let news = News::Failed { deployment: primary.id, reason: primary.reason.clone() };
    let was_rollback = primary.rolls_back_to.is_some();
    service.news.push(news);
    service.report(events::failed(service, &failed, failure.what()), now, ids);
    if let Some(open) =
        service.history.last_mut().filter(|record| record.progress == Progress::Running)
    {
        open.failed_tasks = failed_tasks;
        open.failure = Some(failure);
    }
    if staged {
        staged::turn_back(service, failure, now, ids);
        return;
    }
    let target = service.last_completed.clone().filter(|_| rollback && !was_rollback);
    let Some(target) = target else {
        end_without_rollback(service, failure, now);
        return;
    };
    note_rollback(service, failure, target.id, now);
    let name = deployment_name(target.id);
    service.report(events::rolling_back(service, &name), now, ids);
    let back = Some((target.id, failure.rolling_back(target.id)));
    scheduler::start_deployment(service, target.revision, back, now, ids);
}

/// Stops the PRIMARY where it stands, and with it the open service deployment: nothing is taken back.
pub(crate) fn abort(service: &mut Service, now: Moment, ids: &mut Ids) {
    let failure = Failure::Stopped;
    let Some(primary) = service.deployments.first_mut() else { return };
    primary.fail(failure.reason(), now);
    let name = primary.name();
    let news = News::Failed { deployment: primary.id, reason: primary.reason.clone() };
    service.news.push(news);
    service.report(events::failed(service, &name, failure.what()), now, ids);
    end_without_rollback(service, failure, now);
}

/// Writes into the open service deployment that it is rolled back.
pub(crate) fn note_rollback(service: &mut Service, failure: Failure, restores: u64, now: Moment) {
    let Some(open) = service.history.last_mut() else { return };
    let reason = failure.status_reason(true);
    open.progress = Progress::RollingBack;
    open.reason = Some(reason.clone());
    let requested = failure == Failure::Stopped;
    open.rollback = Some(Rollback { started_at: now, reason, restores, requested });
}

fn end_without_rollback(service: &mut Service, failure: Failure, now: Moment) {
    let Some(open) = service.history.last_mut() else { return };
    match open.progress {
        Progress::RollingBack => open.finish(Progress::RollbackFailed, now),
        _ => open.stop(&failure.status_reason(false), now),
    }
}
