//! Lifecycle hooks: what a deployment waits for at its stages.
//!
//! Source: Amazon ECS API reference, DeploymentLifecycleHook and DeploymentLifecycleHookDetail.

use std::time::Duration;

use super::stage::Stage;
use crate::simulator::identity::Ids;
use crate::simulator::moment::Moment;

/// A function that says nothing else takes this long.
const FUNCTION_TIME: Duration = Duration::from_secs(10);
const FUNCTION_ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:check";
const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/hooks";
/// `timeoutInMinutes` by default.
const TIMEOUT_MINUTES: u32 = 1440;

/// What happens when nobody resolves a hook in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookAction {
    /// The deployment goes on.
    Continue,
    /// The deployment is rolled back; the default.
    Rollback,
}

impl HookAction {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [HookAction::Continue, HookAction::Rollback].into_iter().find(|a| a.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            HookAction::Continue => "CONTINUE",
            HookAction::Rollback => "ROLLBACK",
        }
    }
}

/// What a hook does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// `AWS_LAMBDA`: a function that answers after a while; without one it never does.
    Function { arn: String, role: String, answers_after: Option<Duration>, fails: bool },
    /// `PAUSE`: somebody has to say how to go on.
    Pause,
}

impl Target {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Target::Function { .. } => "AWS_LAMBDA",
            Target::Pause => "PAUSE",
        }
    }

    /// A function of this ARN that succeeds soon.
    pub(crate) fn function(arn: &str, role: &str) -> Self {
        let (arn, role) = (arn.to_owned(), role.to_owned());
        Target::Function { arn, role, answers_after: Some(FUNCTION_TIME), fails: false }
    }
}

/// An entry of `lifecycleHooks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    pub(crate) target: Target,
    pub(crate) stages: Vec<Stage>,
    pub(crate) timeout_minutes: Option<u32>,
    pub(crate) timeout_action: Option<HookAction>,
}

impl Hook {
    /// A Lambda function that succeeds ten seconds after it is called at a stage, e.g.
    /// `POST_SCALE_UP`.
    ///
    /// # Panics
    /// When hooks are not possible at that stage.
    pub fn lambda(stage: &str) -> Self {
        Hook::new(Target::function(FUNCTION_ARN, ROLE_ARN)).also_at(stage)
    }

    /// A pause at a stage until somebody continues the deployment.
    ///
    /// # Panics
    /// When pauses are not possible at that stage.
    pub fn pause(stage: &str) -> Self {
        Hook::new(Target::Pause).also_at(stage)
    }

    /// Lets the hook act at one more stage.
    ///
    /// # Panics
    /// When it cannot act at that stage.
    pub fn also_at(mut self, stage: &str) -> Self {
        match Stage::parse(stage).filter(|stage| self.fits(*stage)) {
            Some(stage) => self.stages.push(stage),
            None => panic!("no {} hook is possible at {stage}", self.target.kind()),
        }
        self
    }

    /// How long the function takes.
    pub fn takes(mut self, time: Duration) -> Self {
        if let Target::Function { answers_after, .. } = &mut self.target {
            *answers_after = Some(time);
        }
        self
    }

    /// The function never answers.
    pub fn hangs(mut self) -> Self {
        if let Target::Function { answers_after, .. } = &mut self.target {
            *answers_after = None;
        }
        self
    }

    /// The function fails.
    pub fn fails(mut self) -> Self {
        if let Target::Function { fails, .. } = &mut self.target {
            *fails = true;
        }
        self
    }

    /// What happens, and after how many minutes, when the hook is not resolved.
    pub fn timeout(mut self, minutes: u32, action: HookAction) -> Self {
        (self.timeout_minutes, self.timeout_action) = (Some(minutes), Some(action));
        self
    }

    pub(crate) fn new(target: Target) -> Self {
        Hook { target, stages: Vec::new(), timeout_minutes: None, timeout_action: None }
    }

    /// Whether the hook may act at a stage.
    pub(crate) fn fits(&self, stage: Stage) -> bool {
        match self.target {
            Target::Function { .. } => stage.takes_hooks(),
            Target::Pause => stage.takes_pauses(),
        }
    }
}

/// `status` of a hook that acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookStatus {
    AwaitingAction,
    InProgress,
    Succeeded,
    Failed,
    TimedOut,
}

impl HookStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            HookStatus::AwaitingAction => "AWAITING_ACTION",
            HookStatus::InProgress => "IN_PROGRESS",
            HookStatus::Succeeded => "SUCCEEDED",
            HookStatus::Failed => "FAILED",
            HookStatus::TimedOut => "TIMED_OUT",
        }
    }
}

/// A hook that acts, or has acted, in one deployment.
#[derive(Debug, Clone)]
pub(crate) struct HookRun {
    pub(crate) id: String,
    pub(crate) target: Target,
    pub(crate) status: HookStatus,
    answers_at: Option<Moment>,
    pub(crate) expires_at: Moment,
    pub(crate) timeout_action: HookAction,
}

impl HookRun {
    pub(crate) fn start(hook: &Hook, now: Moment, ids: &mut Ids) -> Self {
        let (status, answers_after) = match &hook.target {
            Target::Pause => (HookStatus::AwaitingAction, None),
            Target::Function { answers_after, .. } => (HookStatus::InProgress, *answers_after),
        };
        let timeout =
            Duration::from_secs(60 * u64::from(hook.timeout_minutes.unwrap_or(TIMEOUT_MINUTES)));
        HookRun {
            id: ids.uuid(),
            target: hook.target.clone(),
            status,
            answers_at: answers_after.map(|span| now + span),
            expires_at: now + timeout,
            timeout_action: hook.timeout_action.unwrap_or(HookAction::Rollback),
        }
    }

    /// Whether it is not resolved yet.
    pub(crate) fn open(&self) -> bool {
        matches!(self.status, HookStatus::AwaitingAction | HookStatus::InProgress)
    }

    /// Whether it demands a rollback.
    pub(crate) fn failed(&self) -> bool {
        match self.status {
            HookStatus::Failed => true,
            HookStatus::TimedOut => self.timeout_action == HookAction::Rollback,
            _ => false,
        }
    }

    /// When it is resolved if nobody does anything.
    pub(crate) fn due(&self) -> Option<Moment> {
        self.open().then(|| self.answers_at.map_or(self.expires_at, |at| at.min(self.expires_at)))
    }

    /// Lets it be resolved when that is due.
    pub(crate) fn step(&mut self, now: Moment) {
        if self.due().is_none_or(|due| due > now) {
            return;
        }
        let answered = self.answers_at.is_some_and(|at| at <= self.expires_at);
        let fails = matches!(self.target, Target::Function { fails: true, .. });
        self.status = match (answered, fails) {
            (false, _) => HookStatus::TimedOut,
            (true, true) => HookStatus::Failed,
            (true, false) => HookStatus::Succeeded,
        };
    }
}
