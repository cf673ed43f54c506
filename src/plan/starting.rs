//! What a start rests on: how the service is before it, and how long its rollout may take.

use std::time::Duration;

use super::fleet::{Description, Service};
use super::gate::task_ids;
use super::ledger::Before;
use super::policy::Policy;

/// The longest that a staged deployment may take (Amazon ECS developer guide, "Amazon ECS blue/green
/// deployments").
const STAGES_MAX: Duration = Duration::from_secs(30 * 86_400);

/// Stages take their time, up to what ECS allows a deployment.
pub fn rollout_timeout(policy: &Policy, description: &Description) -> Duration {
    let stages = description.staging.as_ref().map(|staging| staging.takes()).unwrap_or_default();
    policy.rollout_timeout.saturating_add(stages.min(STAGES_MAX))
}

/// Whether the PRIMARY changed since the tasks were listed: whoever deployed has replaced them. A
/// listing that is newer than the description is never outdated, however AWS's clock and ours
/// differ.
pub fn tasks_outdated(service: &Service, description: &Description) -> bool {
    let changed_at = description.primary().and_then(|p| p.updated_at.max(p.created_at));
    service.tasks.as_ref().is_some_and(|tasks| {
        tasks.listed_at < description.described_at
            && changed_at.is_some_and(|changed_at| changed_at >= tasks.listed_at)
    })
}

pub fn before(service: &Service, description: &Description) -> Option<Before> {
    let primary = description.primary()?;
    let tasks = service.tasks.as_ref();
    Some(Before {
        primary: primary.id.clone(),
        task_definition: primary.task_definition.clone(),
        desired_count: description.desired_count,
        tasks: task_ids(tasks),
        oldest_created_at: tasks
            .and_then(|tasks| tasks.tasks.iter().filter_map(|task| task.created_at).min()),
    })
}
