//! Deployments that pass through stages: how they are configured, and where one stands.

use std::sync::Arc;
use std::time::Duration;

use super::ServiceDeploymentStatus;
use crate::clock::Time;

/// What makes a service's rollout more than replacing tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staging {
    /// How long both revisions run after production traffic has moved, or alarms are watched after
    /// a rolling deployment.
    pub bake: Duration,
    /// All pauses between steps of traffic together.
    pub steps: Duration,
    pub hooks: Vec<Hook>,
    /// The deployment counts as successful before the service is stable, and old tasks are cleaned
    /// up like this.
    pub early_success: Option<Cleanup>,
}

/// One of `lifecycleHooks`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// The lifecycle stages that it belongs to, as ECS writes them.
    pub stages: Vec<Arc<str>>,
    /// It waits for a person.
    pub pauses: bool,
    /// How long ECS waits for it.
    pub timeout: Duration,
}

/// What becomes of the old tasks after an early success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cleanup {
    /// ECS waits for them.
    Blocking,
    /// ECS goes on trying for two weeks, after it has called the deployment successful.
    Deferred,
    Unknown(Arc<str>),
}

impl Staging {
    /// How long all hooks together may take, as far as they say it. A function without a timeout of its
    /// own mostly answers in seconds: it gets its time when it is seen to need it, not in advance.
    pub fn hooks_take(&self) -> Duration {
        let hooks = self.hooks.iter().map(|hook| {
            let stages = u32::try_from(hook.stages.len().max(1)).unwrap_or(u32::MAX);
            hook.timeout.saturating_mul(stages)
        });
        hooks.fold(Duration::ZERO, Duration::saturating_add)
    }

    /// The stage at which a hook waits for a person, if one does.
    pub fn pauses_at(&self) -> Option<Arc<str>> {
        let hook = self.hooks.iter().find(|hook| hook.pauses)?;
        Some(hook.stages.first().cloned().unwrap_or_else(|| "an unnamed stage".into()))
    }
}

/// Where a service deployment stands, as DescribeServiceDeployments tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// When it was asked for.
    pub asked_at: Time,
    /// The service deployment's ARN.
    pub arn: Arc<str>,
    pub status: ServiceDeploymentStatus,
    /// The lifecycle stage as ECS writes it; absent where there are no stages.
    pub stage: Option<Arc<str>>,
    /// When it was first seen in this stage.
    pub stage_since: Time,
    /// Hooks that are not done.
    pub hooks: Vec<HookProgress>,
    /// The percentage of production traffic that the new revision is to get.
    pub traffic_percent: Option<u8>,
}

/// A hook of the stage under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookProgress {
    /// It waits for a person.
    pub pauses: bool,
    /// `AWAITING_ACTION`, `IN_PROGRESS` or another status that is not an end.
    pub status: Arc<str>,
    /// When ECS acts by itself.
    pub expires_at: Option<Time>,
}

impl Progress {
    /// Whether production traffic has moved to the new revision.
    pub fn traffic_has_moved(&self) -> bool {
        matches!(
            self.stage.as_deref(),
            Some("POST_PRODUCTION_TRAFFIC_SHIFT" | "BAKE_TIME" | "CLEAN_UP")
        ) && self.traffic_percent.is_none_or(|percent| percent >= 100)
    }

    /// The hook that waits for a person now.
    pub fn waits_for(&self) -> Option<&HookProgress> {
        self.hooks.iter().find(|hook| &*hook.status == "AWAITING_ACTION")
    }
}

/// An old task that its application keeps from being stopped (Amazon ECS developer guide, "Protect
/// your Amazon ECS tasks from being terminated by scale-in events").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protected {
    pub task: super::TaskId,
    pub until: Time,
}
