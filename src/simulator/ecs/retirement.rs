//! Retirements: AWS replaces tasks on infrastructure that it takes away, under their own
//! deployment, whatever the service's owner does.
//!
//! Source: Amazon ECS Developer Guide, "Task retirement and maintenance for AWS Fargate on Amazon
//! ECS": from a date on the tasks are replaced within the service's percentages; where no
//! replacement can be had, they stop all the same.

use std::time::Duration;

use super::service::Service;
use super::task::{StopCause, Task};
use super::{events, scheduler};
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

/// When AWS stops waiting for replacements; its notices end two days after they start.
const PATIENCE: Duration = Duration::from_secs(2 * 86_400);
const REASON: &str =
    "ECS is performing maintenance on the underlying infrastructure hosting the task";

/// The tasks of a service that AWS takes away, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Retirement {
    /// Tasks created at this instant or before are retired.
    pub(crate) cutoff: Moment,
    /// When AWS begins.
    pub(crate) at: Moment,
}

impl Retirement {
    fn concerns(&self, task: &Task) -> bool {
        task.active() && task.created_at.is_some_and(|created_at| created_at <= self.cutoff)
    }

    /// When something is to be done that nothing else causes.
    pub(crate) fn due(&self) -> [Moment; 2] {
        [self.at, self.at + PATIENCE]
    }
}

/// Whether a task is one that AWS is taking away.
pub(crate) fn is_retired(service: &Service, task: &Task, now: Moment) -> bool {
    service.retirements.iter().any(|retirement| retirement.at <= now && retirement.concerns(task))
}

/// Stops retired tasks as the bounds allow. Returns whether it stopped any.
pub(crate) fn retire(service: &mut Service, now: Moment, ids: &mut Ids) -> bool {
    let tasks = &service.tasks;
    service.retirements.retain(|retirement| {
        retirement.at > now || tasks.values().any(|task| retirement.concerns(task))
    });
    let overdue = |task: &Task| {
        let mut late = service.retirements.iter().filter(|r| r.at + PATIENCE <= now);
        service.standalone.is_some() || late.any(|retirement| retirement.concerns(task))
    };
    let mut retired: Vec<&Task> =
        service.tasks.values().filter(|task| is_retired(service, task, now)).collect();
    retired.sort_by_key(|task| (task.healthy, task.sequence));
    let mut spare = scheduler::spare(service);
    let mut doomed = Vec::new();
    for task in retired {
        if !task.healthy || overdue(task) {
            doomed.push(task.id);
        } else if spare > 0 {
            spare -= 1;
            doomed.push(task.id);
        }
    }
    stop_for_maintenance(service, &doomed, now, ids);
    !doomed.is_empty()
}

/// Stops tasks for maintenance. Their deployments still want as many.
pub(crate) fn stop_for_maintenance(
    service: &mut Service,
    doomed: &[u128],
    now: Moment,
    ids: &mut Ids,
) {
    // What stopCode a task that no service keeps gets is not documented.
    let cause = match &service.standalone {
        Some(_) => StopCause { code: "TerminationNotice", reason: REASON.to_owned() },
        None => StopCause {
            code: "ServiceSchedulerInitiated",
            reason: format!("Service {}: {REASON}", service.spec.name),
        },
    };
    for id in doomed {
        service.stop_task(*id, cause.clone(), now);
    }
    if !doomed.is_empty() {
        service.report(events::stopped_running(service, doomed), now, ids);
    }
}
