//! Verdicts, and the reasons for them: one vocabulary for `plan`, the API, the logs and the metrics.

mod note;
mod retirement;
mod sentence;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use note::Note;
pub use retirement::{LeftToAws, Prospect, RetirementAhead};

use super::fleet::{DeploymentId, Problem};
use super::ledger::{AttemptId, Cause, Outcome};
use super::words::ZonedTime;
use crate::clock::Time;
use crate::metrics::Label;

/// The decision about one service now.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The policy that the service belongs to: the first in file order that selects it.
    pub policy: Arc<str>,
    /// Other policies that select it too, in file order.
    pub also_selected_by: Vec<Arc<str>>,
    pub reason: Reason,
    /// When its oldest task that should be running was created, where that is known.
    pub oldest_created_at: Option<Time>,
    /// Why and since when it is due; `None` while it is not.
    pub due: Option<Due>,
    /// When the policy's next window opens in which something may start.
    pub next_window: Option<ZonedTime>,
    /// The unsatisfied retirement notice about it whose deadline comes first.
    pub retirement: Option<Box<RetirementAhead>>,
}

/// The sentence for people: the reason, and what AWS is about to do.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.retirement {
            None => self.reason.fmt(f),
            Some(retirement) => write!(f, "{}; {retirement}", self.reason),
        }
    }
}

/// That a service is due, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub cause: Cause,
    pub since: Time,
}

/// The five kinds of verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VerdictKind {
    /// Nothing to do.
    Fresh,
    /// It is refreshed now.
    Refresh,
    /// A rollout is in progress, whoever started it.
    Rolling,
    /// It is due, and will be refreshed by itself later.
    Wait,
    /// It is not refreshed until something outside changes.
    Hold,
}

impl Label for VerdictKind {
    const ALL: &'static [Self] =
        &[Self::Fresh, Self::Refresh, Self::Rolling, Self::Wait, Self::Hold];

    fn label(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Refresh => "refresh",
            Self::Rolling => "rolling",
            Self::Wait => "wait",
            Self::Hold => "hold",
        }
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Fresh => "Fresh",
            Self::Refresh => "Refresh",
            Self::Rolling => "Rolling",
            Self::Wait => "Wait",
            Self::Hold => "Hold",
        })
    }
}

/// Which limit keeps a service waiting for its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// The policy's `concurrency`.
    Concurrency(u32),
    /// The daemon's `max_in_flight`.
    MaxInFlight(u32),
    /// The daemon's `max_tasks_in_flight`.
    MaxTasksInFlight(u32),
}

/// Why a service has the verdict that it has. Its text is a sentence for people, its
/// [label](Reason::label) the metric label.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// No task is too old, nor will be before the next window opens.
    NotDue { age: Duration, limit: Option<Duration> },
    /// The desired count is 0.
    NothingToReplace,
    /// It is old, but was deployed since the window opened: once per window is enough.
    DeployedThisWindow { age: Duration },
    /// It is due, and its turn.
    Due { cause: Cause, age: Option<Duration>, dry_run: bool },
    /// Our refresh is rolling out.
    OurRollout {
        attempt: AttemptId,
        new_running: u32,
        desired: u32,
        old_running: u32,
        deadline: Time,
        /// What it waits for, beyond its tasks.
        note: Option<Note>,
    },
    /// Our refresh failed, and ECS goes back to the deployment before.
    OurRollback { attempt: AttemptId },
    /// Nobody knows yet whether the call of our refresh was accepted.
    CallUnknown { attempt: AttemptId },
    /// Our refresh is under way, and cannot be seen now.
    OurRolloutUnseen { attempt: AttemptId, problem: Option<Problem> },
    /// Our refresh has ended (`None`: was never accepted), and that is being recorded.
    Judged { attempt: AttemptId, outcome: Option<Outcome>, dry_run: bool },
    /// A rollout that we did not start, or do not remember.
    SomebodysRollout { deployment: DeploymentId },
    /// The rollout of our last refresh goes on after we gave it up.
    LeftRolling { deployment: DeploymentId, outcome: Outcome },
    /// Due, outside the windows.
    WindowClosed { opens: Option<ZonedTime> },
    /// Due, within a freeze.
    Frozen { until: ZonedTime, why: Option<Arc<str>> },
    /// Due, and others go first.
    Turn { limit: Limit },
    /// Due, in the pause after an outcome.
    Settling { until: ZonedTime },
    /// Fewer tasks run than desired, or some are pending.
    NotSteady { running: u32, desired: u32, pending: u32 },
    /// The last deployment is done, and tasks of one before it are still there.
    OldTasksLinger { deployments: u32 },
    /// Its refresh failed since the span began: it is not tried twice in one.
    FailedInThisSpan { outcome: Outcome, again: Option<ZonedTime> },
    /// Its tasks have not been listed, or not since it was deployed.
    NotObservedYet,
    /// Its policy is not enabled.
    PolicyDisabled,
    /// Its owner holds it by the tag [`crate::plan::HOLD_TAG`].
    HoldTag { value: String },
    /// The service that this daemon runs as.
    OwnService,
    /// Running tasks have no `createdAt`.
    AgeUnknown { tasks: u32 },
    /// Not all of its tasks could be read.
    PartialView,
    /// It could not be described.
    Unreadable { problem: Problem },
    /// Its PRIMARY deployment has failed.
    FailedPrimary { deployment: DeploymentId },
    /// ECS reports something that this version does not know.
    StateNotUnderstood { what: &'static str, value: Arc<str> },
    /// Its deployments stop at a hook that waits for a person.
    PauseHook { stage: Arc<str> },
    /// Its owner's own tool makes its task sets, and ECS refuses to.
    ExternalController,
    /// It is deployed in a way that this version does not follow.
    UnsupportedKind { kind: &'static str },
    /// Too many of its refreshes in a row failed on the same PRIMARY.
    KeepsFailing { times: u32, last: Outcome },
    /// Too many refreshes of its policy failed since the span began.
    PolicyStopped { failures: u32, again: Option<ZonedTime> },
    /// AWS refused the last call, which proves that nothing was started.
    CallRefused { problem: Problem, retry_at: ZonedTime },
}

/// The labels of the reasons that keep a service from being refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Block(&'static str);

impl Label for Block {
    const ALL: &'static [Self] = &[
        Self("window_closed"),
        Self("frozen"),
        Self("turn"),
        Self("settling"),
        Self("not_steady"),
        Self("old_tasks_linger"),
        Self("failed_in_this_span"),
        Self("not_observed_yet"),
        Self("policy_disabled"),
        Self("hold_tag"),
        Self("own_service"),
        Self("age_unknown"),
        Self("partial_view"),
        Self("unreadable"),
        Self("failed_primary"),
        Self("state_not_understood"),
        Self("pause_hook"),
        Self("external_controller"),
        Self("unsupported_kind"),
        Self("keeps_failing"),
        Self("policy_stopped"),
        Self("call_refused"),
    ];

    fn label(self) -> &'static str {
        self.0
    }
}

impl Reason {
    /// The kind of verdict that this reason makes.
    pub fn kind(&self) -> VerdictKind {
        match self {
            Self::NotDue { .. } | Self::NothingToReplace | Self::DeployedThisWindow { .. } => {
                VerdictKind::Fresh
            }
            Self::Due { .. } => VerdictKind::Refresh,
            Self::OurRollout { .. }
            | Self::OurRollback { .. }
            | Self::CallUnknown { .. }
            | Self::OurRolloutUnseen { .. }
            | Self::Judged { .. }
            | Self::SomebodysRollout { .. }
            | Self::LeftRolling { .. } => VerdictKind::Rolling,
            Self::WindowClosed { .. }
            | Self::Frozen { .. }
            | Self::Turn { .. }
            | Self::Settling { .. }
            | Self::NotSteady { .. }
            | Self::OldTasksLinger { .. }
            | Self::FailedInThisSpan { .. }
            | Self::NotObservedYet => VerdictKind::Wait,
            Self::PolicyDisabled
            | Self::HoldTag { .. }
            | Self::OwnService
            | Self::AgeUnknown { .. }
            | Self::PartialView
            | Self::Unreadable { .. }
            | Self::FailedPrimary { .. }
            | Self::StateNotUnderstood { .. }
            | Self::PauseHook { .. }
            | Self::ExternalController
            | Self::UnsupportedKind { .. }
            | Self::KeepsFailing { .. }
            | Self::PolicyStopped { .. }
            | Self::CallRefused { .. } => VerdictKind::Hold,
        }
    }

    /// The attempt of ours that the reason is about.
    pub fn attempt(&self) -> Option<&AttemptId> {
        match self {
            Self::OurRollout { attempt, .. }
            | Self::OurRollback { attempt }
            | Self::CallUnknown { attempt }
            | Self::OurRolloutUnseen { attempt, .. }
            | Self::Judged { attempt, .. } => Some(attempt),
            _ => None,
        }
    }

    /// The reason in one word of lower case, as the metrics and the API have it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotDue { .. } => "not_due",
            Self::NothingToReplace => "nothing_to_replace",
            Self::DeployedThisWindow { .. } => "deployed_this_window",
            Self::Due { .. } => "due",
            Self::OurRollout { .. } => "our_rollout",
            Self::OurRollback { .. } => "our_rollback",
            Self::CallUnknown { .. } => "call_unknown",
            Self::OurRolloutUnseen { .. } => "our_rollout_unseen",
            Self::Judged { .. } => "judged",
            Self::SomebodysRollout { .. } => "somebodys_rollout",
            Self::LeftRolling { .. } => "left_rolling",
            Self::WindowClosed { .. } => "window_closed",
            Self::Frozen { .. } => "frozen",
            Self::Turn { .. } => "turn",
            Self::Settling { .. } => "settling",
            Self::NotSteady { .. } => "not_steady",
            Self::OldTasksLinger { .. } => "old_tasks_linger",
            Self::FailedInThisSpan { .. } => "failed_in_this_span",
            Self::NotObservedYet => "not_observed_yet",
            Self::PolicyDisabled => "policy_disabled",
            Self::HoldTag { .. } => "hold_tag",
            Self::OwnService => "own_service",
            Self::AgeUnknown { .. } => "age_unknown",
            Self::PartialView => "partial_view",
            Self::Unreadable { .. } => "unreadable",
            Self::FailedPrimary { .. } => "failed_primary",
            Self::StateNotUnderstood { .. } => "state_not_understood",
            Self::PauseHook { .. } => "pause_hook",
            Self::ExternalController => "external_controller",
            Self::UnsupportedKind { .. } => "unsupported_kind",
            Self::KeepsFailing { .. } => "keeps_failing",
            Self::PolicyStopped { .. } => "policy_stopped",
            Self::CallRefused { .. } => "call_refused",
        }
    }
}
