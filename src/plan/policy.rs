//! What to refresh, when, how fast and how old: parsed, and valid by construction.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::key::ServiceKey;
use super::preflight::{Name, PreflightRule};
use super::schedule::Schedule;
use super::selector::Selector;

/// Every policy, in file order, and the limits that hold for all of them together.
#[derive(Clone, Debug)]
pub struct Policies {
    pub policies: Vec<Policy>,
    pub limits: Limits,
    /// Everything but the effects: nothing is called, nothing is stored.
    pub dry_run: bool,
    /// Only this one service, now: a refresh by hand.
    pub by_hand: Option<ByHand>,
}

/// A refresh that a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByHand {
    pub service: ServiceKey,
    /// Whether a freeze does not stop it.
    pub despite_freeze: bool,
    /// Checks that it does not mind.
    pub despite: BTreeSet<Name>,
}

/// Limits over all policies together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Refreshes between intent and outcome.
    pub max_in_flight: u32,
    /// Desired tasks of the services under way.
    pub max_tasks_in_flight: u32,
}

/// One `[[policy]]`.
#[derive(Clone, Debug)]
pub struct Policy {
    pub name: Arc<str>,
    /// Off: its services are watched and reported, never refreshed.
    pub enabled: bool,
    pub selector: Selector,
    /// Windows, freezes and the zone that they are meant in.
    pub schedule: Schedule,
    /// The age at which a task makes its service due; `None`: age never does.
    pub max_task_age: Option<Duration>,
    /// Refreshes of this policy between intent and outcome. At least 1.
    pub concurrency: u32,
    /// The pause between an outcome and the policy's next start.
    pub settle: Duration,
    /// From intent to giving up.
    pub rollout_timeout: RolloutTimeout,
    /// Failed refreshes in one span before the policy stops. At least 1.
    pub max_failures: u32,
    /// Whether a service may be refreshed whose deployments stop at a hook that waits for a person.
    pub allow_pause: bool,
    /// Whether services that CodeDeploy deploys are refreshed, by a deployment of CodeDeploy.
    pub code_deploy: bool,
    /// What is done about a rollout of ours that timed out.
    pub on_failure: OnFailure,
    /// What is done about retirement notices.
    pub retirement: RetirementRule,
    /// What is made of the checks before a refresh.
    pub preflight: PreflightRule,
}

/// `rollout_timeout` of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RolloutTimeout {
    /// As long as the service's own settings make a rollout take, with a floor.
    Auto,
    /// So long, and what the stages of the service's deployments take.
    Fixed(Duration),
}

/// `on_failure` of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnFailure {
    /// Nothing: people decide.
    Leave,
    /// ECS is told to roll it back, once.
    Rollback,
}

/// `retirement` of a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetirementRule {
    pub mode: RetirementMode,
    /// How long before the deadline the service's tasks should have been replaced.
    pub margin: Duration,
}

impl Default for RetirementRule {
    fn default() -> Self {
        Self { mode: RetirementMode::BeforeDeadline, margin: Duration::from_secs(86_400) }
    }
}

/// When a service may be refreshed because of a retirement notice. Freezes stop all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetirementMode {
    /// In windows only.
    WindowOnly,
    /// In windows, and outside of them from deadline - margin on.
    BeforeDeadline,
    /// At once.
    Immediately,
    /// Never: notices are shown, and AWS replaces the tasks.
    Ignore,
}
