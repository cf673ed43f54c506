//! `deploymentConfiguration`: what makes a rollout more than replacing tasks.

use std::time::Duration;

use aws_sdk_ecs::types::{
    self as wire, DeploymentLifecycleHookTargetType as Target, DeploymentStrategy,
    ServiceRevisionCleanup,
};

use crate::plan::fleet::{Cleanup, Hook, Staging};

/// The wait for a PAUSE hook that does not say (Amazon ECS API reference,
/// DeploymentLifecycleHookTimeoutConfiguration).
const PAUSE_TIMEOUT: Duration = Duration::from_secs(1_440 * 60);

/// How long alarms are watched after a rolling deployment where the configuration does not say: ECS
/// derives it from the alarms, and says that it is less than five minutes (Amazon ECS developer
/// guide, "How CloudWatch alarms detect Amazon ECS deployment failures").
const ALARM_BAKE: Duration = Duration::from_secs(5 * 60);

/// What the service's configuration adds to a plain rolling deployment; `None`: nothing.
pub(super) fn staging(service: &wire::Service) -> Option<Box<Staging>> {
    let configuration = service.deployment_configuration()?;
    let staged = !matches!(configuration.strategy(), None | Some(DeploymentStrategy::Rolling));
    let watched = configuration.alarms().is_some_and(|alarms| alarms.enable());
    let bake = configuration.bake_time_in_minutes().map(minutes);
    let staging = Staging {
        bake: match (staged, watched) {
            (true, _) => bake.unwrap_or_default(),
            (false, true) => bake.unwrap_or(ALARM_BAKE),
            (false, false) => Duration::ZERO,
        },
        steps: steps(configuration),
        hooks: configuration.lifecycle_hooks().iter().map(hook).collect(),
        early_success: configuration.early_success_criteria().and_then(cleanup),
    };
    (staged || staging != Staging::default()).then(|| Box::new(staging))
}

/// There is no pause after the last step (Amazon ECS API reference, LinearConfiguration).
fn steps(configuration: &wire::DeploymentConfiguration) -> Duration {
    match configuration.strategy() {
        Some(DeploymentStrategy::Linear) => {
            let linear = configuration.linear_configuration();
            let percent = linear.and_then(|linear| linear.step_percent()).unwrap_or(10.0);
            let bake = linear.and_then(|linear| linear.step_bake_time_in_minutes()).unwrap_or(6);
            let steps = (100.0 / percent.clamp(1.0, 100.0)).ceil() as u32;
            minutes(bake).saturating_mul(steps.saturating_sub(1))
        }
        Some(DeploymentStrategy::Canary) => {
            let canary = configuration.canary_configuration();
            minutes(canary.and_then(|canary| canary.canary_bake_time_in_minutes()).unwrap_or(10))
        }
        _ => Duration::ZERO,
    }
}

fn hook(hook: &wire::DeploymentLifecycleHook) -> Hook {
    let pauses = hook.target_type() == Some(&Target::Pause);
    let stated = hook.timeout_configuration().and_then(|timeout| timeout.timeout_in_minutes());
    Hook {
        stages: hook.lifecycle_stages().iter().map(|stage| stage.as_str().into()).collect(),
        pauses,
        timeout: match (stated, pauses) {
            (Some(stated), _) => minutes(stated),
            (None, true) => PAUSE_TIMEOUT,
            (None, false) => Duration::ZERO,
        },
    }
}

fn cleanup(criteria: &wire::DeploymentEarlySuccessCriteria) -> Option<Cleanup> {
    if !criteria.enable() {
        return None;
    }
    Some(match criteria.source_service_revision_cleanup() {
        None | Some(ServiceRevisionCleanup::Blocking) => Cleanup::Blocking,
        Some(ServiceRevisionCleanup::Deferred) => Cleanup::Deferred,
        Some(other) => Cleanup::Unknown(other.as_str().into()),
    })
}

fn minutes(count: i32) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0) * 60)
}
