//! What is durably remembered: open attempts, and what became of the last ones.
//!
//! What is remembered of refreshes can be lost without harm to the fleet: the rules that keep a service
//! from being refreshed twice in a window rest on what ECS says. The ledger adds whose attempt it was
//! and what became of it. Retirement notices cannot: AWS may not say them again.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::code_deploy::Target;
use super::diagnosis::Finding;
use super::due::shift;
use super::fleet::{DeploymentId, Problem, TaskId, packed};
use super::key::ServiceKey;
use super::moments;
use super::notice::{Notices, Retirement};
use super::rescue::{Rescue, RescueAnswer};
use crate::clock::{Time, elapsed};
use crate::metrics::Label;

/// Names one attempt: the time of its intent and a random part, so that ids sort by time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptId(pub Arc<str>);

impl fmt::Display for AttemptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One refresh of one service, from intent to outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub id: AttemptId,
    pub service: ServiceKey,
    /// The name of the policy that it counts for.
    pub policy: Arc<str>,
    pub cause: Cause,
    /// When the intent was formed. The call is sent after it, or never.
    pub intent_at: Time,
    /// After this moment the call can no longer be on its way: it was answered, it timed out, or it
    /// was never sent.
    pub call_ends_by: Time,
    /// When the rollout is given up if it has not ended.
    pub deadline: Time,
    /// When production traffic had moved: from then on it takes no slot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_at: Option<Time>,
    /// Where CodeDeploy makes its deployment; absent where ECS does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_deploy: Option<Target>,
    /// The service as it was before.
    pub before: Before,
    pub call: Call,
    /// That ECS was told, or was about to be told, to roll it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescue: Option<Rescue>,
}

/// What the service was before the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Before {
    pub primary: DeploymentId,
    pub task_definition: Arc<str>,
    pub desired_count: u32,
    /// The tasks that should have been running.
    #[serde(with = "packed")]
    pub tasks: Vec<TaskId>,
    /// How many they were; it stays when which ones is no longer kept.
    #[serde(default)]
    pub task_count: u32,
    /// When each of them was created, in the same order.
    #[serde(default, with = "moments", skip_serializing_if = "Vec::is_empty")]
    pub created_at: Vec<Option<Time>>,
    /// When the oldest of them was created.
    pub oldest_created_at: Option<Time>,
}

/// What is known of the one mutating call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Call {
    /// It may or may not have been sent or accepted. This is stored before it is sent.
    Unknown,
    /// It was accepted, by its answer or by what was observed later.
    Accepted {
        deployment: DeploymentId,
        /// When ECS created the deployment.
        created_at: Time,
        /// When we learnt of it: readings begun before prove nothing.
        known_at: Time,
        /// The service deployment's ARN, where the answer gave it.
        service_deployment: Option<Arc<str>>,
    },
}

/// Why a service is refreshed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Age,
    Retirement,
    Manual,
}

impl Label for Cause {
    const ALL: &'static [Self] = &[Self::Age, Self::Retirement, Self::Manual];

    fn label(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::Retirement => "retirement",
            Self::Manual => "manual",
        }
    }
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Proven from one complete look at deployments and tasks.
    Succeeded,
    /// ECS went back to the deployment before.
    RolledBack,
    /// ECS gave up, or nobody can tell what became of it.
    Failed,
    /// Somebody else's newer deployment took over, or the service went away.
    Superseded,
    /// The deadline passed first.
    TimedOut,
}

impl Outcome {
    /// Whether it counts against the policy's `max_failures`.
    pub fn is_failure(self) -> bool {
        matches!(self, Self::RolledBack | Self::Failed | Self::TimedOut)
    }
}

impl Label for Outcome {
    const ALL: &'static [Self] =
        &[Self::Succeeded, Self::RolledBack, Self::Failed, Self::Superseded, Self::TimedOut];

    fn label(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::RolledBack => "rolled_back",
            Self::Failed => "failed",
            Self::Superseded => "superseded",
            Self::TimedOut => "timed_out",
        }
    }
}

/// A finished attempt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    pub attempt: Attempt,
    pub outcome: Outcome,
    pub finished_at: Time,
    /// What the outcome rests on, in words.
    pub diagnosis: String,
    /// What a failure seems to come from. Absent from records of before it was kept, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Finding>,
    /// The PRIMARY deployment when it ended, where it was seen.
    pub primary: Option<DeploymentId>,
}

impl Finished {
    /// From intent to outcome.
    pub fn duration(&self) -> Duration {
        elapsed(self.attempt.intent_at, self.finished_at)
    }
}

/// What is remembered of one service.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The attempt under way.
    pub open: Option<Attempt>,
    /// The last attempt that ended.
    pub last: Option<Finished>,
    /// How many attempts in a row ended in failure on an unchanged PRIMARY.
    pub failures_in_a_row: u32,
    /// How many attempts have ended, as far as it is remembered.
    #[serde(default)]
    pub ended: u64,
    /// Calls that were refused, since the last one that was not.
    pub refused: Option<Refused>,
    /// What became of the retirement notices about it, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retirements: Vec<Retirement>,
}

/// The answer that kept an attempt from starting, and how often in a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refused {
    pub problem: Problem,
    pub times: u32,
    /// Not tried again before this.
    pub retry_at: Time,
}

/// Everything remembered: one record per service, so that every change is one item.
///
/// What counts against a policy's `max_failures`, when it last saw an outcome and how long its
/// refreshes take is all derived from the records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub records: BTreeMap<ServiceKey, Record>,
    pub notices: Notices,
}

impl Ledger {
    /// Drops the records that can have no effect any more, and names them: of services that may
    /// long be gone. What became of a notice is kept as long as the notice, so notices are pruned
    /// first.
    pub fn prune(&mut self, now: Time) -> Vec<ServiceKey> {
        let notices = &self.notices;
        let (old, kept) = std::mem::take(&mut self.records)
            .into_iter()
            .partition(|(_, record)| record.is_obsolete(now, notices));
        self.records = kept;
        old.into_keys().collect()
    }
}

/// A service is held after so many failed attempts in a row.
pub const FAILURES_IN_A_ROW: u32 = 3;

/// A record that holds nothing back is kept for so long.
const RECORD_KEPT: TimeDelta = TimeDelta::days(90);

/// The shortest pause after a refused call; it doubles with every further one.
const REFUSED_PAUSE_MIN: TimeDelta = TimeDelta::minutes(1);

/// The longest pause after a refused call.
const REFUSED_PAUSE_MAX: TimeDelta = TimeDelta::hours(1);

impl Refused {
    /// Whether the call is not to be repeated yet. No pause is longer than the longest, whatever a
    /// clock that was ahead wrote down.
    pub fn holds(&self, now: Time) -> bool {
        self.retry_at > now && self.retry_at <= shift(now, REFUSED_PAUSE_MAX)
    }
}

/// The transitions of a record. Each is stored as a whole, before or after the effect that it
/// belongs to.
impl Record {
    /// Whether it is old and keeps nothing from happening: no attempt is open, the service is not
    /// held for failing again and again, and no notice is left that it belongs to.
    fn is_obsolete(&self, now: Time, notices: &Notices) -> bool {
        let ended_at = self.last.as_ref().map(|last| last.finished_at);
        let refused_at = self.refused.as_ref().map(|refused| refused.problem.at);
        let retired_at = self.retirements.iter().map(Retirement::last_at).max();
        let mut events = self.retirements.iter().filter_map(|one| one.event.as_ref());
        self.open.is_none()
            && self.failures_in_a_row < FAILURES_IN_A_ROW
            && ended_at
                .max(refused_at)
                .max(retired_at)
                .is_none_or(|at| shift(at, RECORD_KEPT) < now)
            && events.all(|event| notices.notice(event).is_none())
    }

    /// Intent: from here on the call may have been sent.
    pub fn begin(&mut self, attempt: Attempt) {
        self.open = Some(attempt);
    }

    /// The call was accepted.
    pub fn accept(&mut self, call: Call) {
        self.refused = None;
        if let Some(open) = &mut self.open {
            open.call = call;
        }
    }

    /// It is given more time: what it waits for has an end of its own.
    pub fn extend(&mut self, deadline: Time) {
        if let Some(open) = &mut self.open {
            open.deadline = open.deadline.max(deadline);
        }
    }

    /// Production traffic has moved.
    pub fn move_on(&mut self, deadline: Time, now: Time) {
        self.extend(deadline);
        if let Some(open) = &mut self.open {
            open.moved_at.get_or_insert(now);
        }
    }

    /// Intent: from here on ECS may have been told to roll the attempt's deployment back. It is
    /// followed until `deadline`, and takes a slot: production traffic moves once more.
    pub fn ask_rollback(&mut self, rescue: Rescue, deadline: Time) {
        self.extend(deadline);
        if let Some(open) = &mut self.open {
            open.moved_at = None;
            open.rescue.get_or_insert(rescue);
        }
    }

    /// ECS has answered the request to roll back.
    pub fn answer_rollback(&mut self, answer: RescueAnswer) {
        if let Some(rescue) = self.open.as_mut().and_then(|open| open.rescue.as_mut()) {
            rescue.answer = answer;
        }
    }

    /// The attempt never was: its call was not sent, or not accepted.
    pub fn abandon(&mut self) {
        self.open = None;
    }

    /// The call was refused: no failure, but not to be repeated at once.
    pub fn refuse(&mut self, problem: Problem, now: Time) {
        self.open = None;
        let times = self.refused.as_ref().map_or(0, |refused| refused.times);
        let pause = REFUSED_PAUSE_MIN * 2_i32.pow(times.min(6));
        let retry_at = shift(now, pause.min(REFUSED_PAUSE_MAX));
        self.refused = Some(Refused { problem, times: times.saturating_add(1), retry_at });
    }

    /// The attempt has ended.
    pub fn finish(
        &mut self,
        outcome: Outcome,
        diagnosis: String,
        primary: Option<DeploymentId>,
        now: Time,
    ) {
        let Some(attempt) = self.open.take() else { return };
        let unchanged = self
            .last
            .as_ref()
            .is_some_and(|last| last.primary.as_ref() == Some(&attempt.before.primary));
        self.failures_in_a_row = match (outcome.is_failure(), unchanged) {
            (true, true) => self.failures_in_a_row.saturating_add(1),
            (true, false) => 1,
            (false, _) => 0,
        };
        self.refused = None;
        self.ended = self.ended.saturating_add(1);
        let finding = None;
        self.last =
            Some(Finished { attempt, outcome, finished_at: now, diagnosis, finding, primary });
    }

    /// Its history tells which tasks the last attempt replaced: nothing else needs them.
    pub fn forget_tasks(&mut self) {
        if let Some(last) = &mut self.last {
            let before = &mut last.attempt.before;
            (before.tasks, before.created_at) = (Vec::new(), Vec::new());
        }
    }

    /// What the attempt that has just ended seems to have failed of.
    pub fn explain(&mut self, finding: Option<Finding>) {
        if let Some(last) = &mut self.last {
            last.finding = finding;
        }
    }
}
