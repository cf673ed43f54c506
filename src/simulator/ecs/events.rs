//! The texts of service events, as ECS writes them.
//!
//! The documentation spells them `service (NAME) ...`; services really report `(service NAME)`.

use super::service::Service;
use super::task::StopCause;

/// `(service NAME) REST`.
pub(crate) fn about(service: &Service, rest: &str) -> String {
    format!("(service {}) {rest}", service.spec.name)
}

pub(crate) fn steady(service: &Service) -> String {
    about(service, "has reached a steady state.")
}

pub(crate) fn started(service: &Service, tasks: &[u128]) -> String {
    about(service, &format!("has started {} tasks: {}.", tasks.len(), task_list(tasks)))
}

pub(crate) fn stopped_running(service: &Service, tasks: &[u128]) -> String {
    about(service, &format!("has stopped {} running tasks: {}.", tasks.len(), task_list(tasks)))
}

pub(crate) fn stopped_pending(service: &Service, count: usize) -> String {
    about(service, &format!("stopped {count} pending tasks."))
}

pub(crate) fn draining_connections(service: &Service, count: usize) -> String {
    about(service, &format!("has begun draining connections on {count} tasks."))
}

pub(crate) fn failed_health_checks(service: &Service, task: u128) -> String {
    let what = match &service.target_group {
        None => "failed container health checks.".to_owned(),
        Some(arn) => format!(
            "(port 8080) is unhealthy in (target-group {arn}) due to (reason Health checks failed with \
             these codes: [503])."
        ),
    };
    about(service, &format!("(task {task:032x}) {what}"))
}

pub(crate) fn completed(service: &Service, deployment: &str) -> String {
    about(service, &format!("(deployment {deployment}) deployment completed."))
}

pub(crate) fn failed(service: &Service, deployment: &str, what: &str) -> String {
    about(service, &format!("(deployment {deployment}) deployment failed: {what}"))
}

pub(crate) fn held_by_protection(service: &Service, deployment: &str, tasks: u32) -> String {
    about(
        service,
        &format!(
            "was unable to reach steady state because (taskSet {deployment}) was unable to scale \
             in due to (reason {tasks} tasks under protection)"
        ),
    )
}

pub(crate) fn rolling_back(service: &Service, deployment: &str) -> String {
    about(service, &format!("rolling back to deployment {deployment}."))
}

pub(crate) fn stuck(service: &Service) -> String {
    about(
        service,
        "was unable to stop or start tasks during a deployment because of the service deployment \
         configuration. Update the minimumHealthyPercent or maximumPercent value and try again.",
    )
}

/// Why a task stops that the scheduler takes away for a deployment.
pub(crate) fn scaled_by(deployment: &str) -> StopCause {
    StopCause {
        code: "ServiceSchedulerInitiated",
        reason: format!("Scaling activity initiated by (deployment {deployment})"),
    }
}

fn task_list(tasks: &[u128]) -> String {
    let named: Vec<String> = tasks.iter().map(|id| format!("(task {id:032x})")).collect();
    named.join(" ")
}
