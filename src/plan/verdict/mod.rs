//! Verdicts, and the reasons for them: one vocabulary for `plan`, the API, the logs and the metrics.

mod note;
mod rescue;
mod retirement;
mod sentence;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use note::Note;
pub use rescue::RescueState;
pub use retirement::{LeftToAws, Prospect, RetirementAhead};

use super::deadline::Deadline;
use super::diagnosis::Finding;
use super::fleet::{DeploymentId, Problem};
use super::key::ServiceKey;
use super::ledger::{AttemptId, Cause, Outcome};
use super::preflight::Check;
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
    /// How long a refresh may take; `None` while it is not due, or one is under way.
    pub deadline: Option<Box<Deadline>>,
    /// When the policy's next window opens in which something may start.
    pub next_window: Option<ZonedTime>,
    /// What holds up its rollout, or made its last refresh fail where that matters still.
    pub finding: Option<Box<Finding>>,
    /// The unsatisfied retirement notice about it whose deadline comes first.
    pub retirement: Option<Box<RetirementAhead>>,
}

/// The sentence for people: the reason, what the last refresh failed of, and what AWS is about to do.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)?;
        // The note of a rollout says it already.
        let said = matches!(self.reason, Reason::OurRollout { .. });
        match self.finding.as_deref() {
            None | Some(Finding::Unknown { .. }) => {}
            Some(_) if said => {}
            Some(finding) => write!(f, "; {}", finding.summary())?,
        }
        self.retirement.as_ref().map_or(Ok(()), |retirement| write!(f, "; {retirement}"))
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
    /// The daemon's own service is refreshed after all others, and alone.
    OwnService,
}

/// What keeps a deployment group of CodeDeploy busy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Busy {
    /// A deployment of CodeDeploy.
    Deployment(Arc<str>),
    /// A refresh of ours, of that service or of another one of the group.
    Refresh(ServiceKey),
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
    /// Our refresh timed out, and `on_failure` has it rolled back.
    OurRescue { attempt: AttemptId, state: RescueState },
    /// Nobody knows yet whether the call of our refresh was accepted.
    CallUnknown { attempt: AttemptId, operation: &'static str },
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
    /// CodeDeploy deploys it, and nobody asked for a refresh by CodeDeploy.
    CodeDeployOptIn,
    /// CodeDeploy deploys it, and cannot be told to deploy what runs.
    CodeDeployUnfit { why: Arc<str> },
    /// Its deployment group could not be read for now.
    CodeDeployUnread { problem: Problem },
    /// A check before the refresh says that it would break something, or get nowhere.
    Preflight(Box<Check>),
    /// CodeDeploy makes one deployment of a group at a time.
    CodeDeployBusy { group: Arc<str>, by: Busy },
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
        Self("code_deploy_opt_in"),
        Self("code_deploy_unfit"),
        Self("code_deploy_unread"),
        Self("code_deploy_busy"),
        Self("keeps_failing"),
        Self("policy_stopped"),
        Self("call_refused"),
        Self("preflight_task_definition"),
        Self("preflight_image_exists"),
        Self("preflight_image_kept"),
        Self("preflight_image_drift"),
        Self("preflight_can_move"),
        Self("preflight_drain"),
        Self("preflight_fits_window"),
        Self("preflight_steady"),
        Self("preflight_room"),
        Self("preflight_alarms"),
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
            | Self::OurRescue { .. }
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
            | Self::CodeDeployUnread { .. }
            | Self::CodeDeployBusy { .. }
            | Self::NotObservedYet => VerdictKind::Wait,
            Self::Preflight(check) if check.until.is_some() => VerdictKind::Wait,
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
            | Self::CodeDeployOptIn
            | Self::CodeDeployUnfit { .. }
            | Self::KeepsFailing { .. }
            | Self::PolicyStopped { .. }
            | Self::Preflight(_)
            | Self::CallRefused { .. } => VerdictKind::Hold,
        }
    }

    /// What holds up our rollout, where that is not as it should be.
    pub fn finding(&self) -> Option<Finding> {
        match self {
            Self::OurRollout { note, .. } => note.as_ref()?.finding(),
            _ => None,
        }
    }

    /// Whether it is about a refresh of ours that failed.
    pub fn is_about_failure(&self) -> bool {
        matches!(
            self,
            Self::LeftRolling { .. } | Self::FailedInThisSpan { .. } | Self::KeepsFailing { .. }
        )
    }

    /// The attempt of ours that the reason is about.
    pub fn attempt(&self) -> Option<&AttemptId> {
        match self {
            Self::OurRollout { attempt, .. }
            | Self::OurRollback { attempt }
            | Self::OurRescue { attempt, .. }
            | Self::CallUnknown { attempt, .. }
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
            Self::OurRollback { .. } | Self::OurRescue { .. } => "our_rollback",
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
            Self::CodeDeployOptIn => "code_deploy_opt_in",
            Self::CodeDeployUnfit { .. } => "code_deploy_unfit",
            Self::CodeDeployUnread { .. } => "code_deploy_unread",
            Self::CodeDeployBusy { .. } => "code_deploy_busy",
            Self::KeepsFailing { .. } => "keeps_failing",
            Self::PolicyStopped { .. } => "policy_stopped",
            Self::CallRefused { .. } => "call_refused",
            Self::Preflight(check) => check.name.reason_label(),
        }
    }
}
