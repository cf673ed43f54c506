//! One service against its policy: fresh, blocked, or a candidate for a refresh. Limits over
//! several services come after this.

use super::code_deploy;
use super::due::{Age, age, deployed_already, due_by_age};
use super::fleet::{Controller, Deployment, Description, RolloutState, Service, Strategy, Tasks};
use super::ledger::{Call, Cause, FAILURES_IN_A_ROW, Finished, Record};
use super::notice::Pending;
use super::outlook::late_from;
use super::policy::RetirementMode;
use super::standing::Standing;
use super::surroundings::{CodeDeployGroup, Known};
use super::verdict::{Due, Reason};
use super::words::ZonedTime;
use crate::clock::{Time, elapsed};

/// The tag by which a service's owner holds it, with the tag's value as the reason.
pub const HOLD_TAG: &str = "ecs-refresh:hold";

/// What may be asked of one service beyond its policy: a refresh by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nothing: the policy decides.
    ByPolicy,
    /// A refresh now. It needs no age and no window and is not stopped by earlier failures.
    ByHand { despite_freeze: bool },
}

/// What the gate says of a service.
#[derive(Debug)]
pub struct Gated {
    pub oldest_created_at: Option<Time>,
    pub due: Option<Due>,
    /// `None`: it may be refreshed as far as it alone is concerned.
    pub blocked: Option<Reason>,
    /// Whether it may start though no window is open.
    pub outside_window: bool,
}

/// Everything that the gate looks at.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    pub standing: &'a Standing<'a>,
    pub service: &'a Service,
    pub record: Option<&'a Record>,
    /// The unsatisfied notice about it, if there is one.
    pub pending: Option<&'a Pending<'a>>,
    /// Where CodeDeploy deploys it, where it does and that was read.
    pub group: Option<&'a Known<CodeDeployGroup>>,
    /// Whether it is the daemon's own, which nobody would take over.
    pub is_own: bool,
    pub asked: Asked,
    pub now: Time,
}

impl Gate<'_> {
    /// The service's standing before any limit. The order of the questions is the order in which
    /// the answers matter to a reader: what no waiting can change comes first.
    pub fn decide(&self) -> Gated {
        let age = self.age();
        let oldest_created_at = match age {
            Age::Oldest(at) => Some(at),
            Age::NoTasks | Age::Unknown(_) | Age::Partial | Age::NotListed => None,
        };
        let blocked = |reason, due| Gated {
            oldest_created_at,
            due,
            blocked: Some(reason),
            outside_window: false,
        };
        if let Some(reason) = self.held_by_people() {
            return blocked(reason, None);
        }
        let description = match self.readable() {
            Ok(description) => description,
            Err(reason) => return blocked(reason, None),
        };
        let unfit = || self.unfit(description).or_else(|| self.pauses(description));
        if let Some(reason) = unfit().or_else(|| self.moving(description)) {
            return blocked(reason, None);
        }
        let due = match self.due(description, age) {
            Ok(due) => due,
            Err(reason) => return blocked(reason, None),
        };
        if let Some(reason) = self.failed_itself(description, due) {
            return blocked(reason, Some(due));
        }
        if let Some(reason) = self.deployed_already(description, age, due) {
            return blocked(reason, None);
        }
        let allow_pause = self.standing.policy.allow_pause || self.asked != Asked::ByPolicy;
        let reason = self
            .group
            .and_then(|group| code_deploy::unfit(group, allow_pause))
            .or_else(|| self.stopped(due))
            .or_else(|| unsteady(description))
            .or_else(|| self.shut(due))
            .or_else(|| self.group.and_then(code_deploy::waits));
        let outside_window = self.may_start_outside(due);
        Gated { oldest_created_at, due: Some(due), blocked: reason, outside_window }
    }

    /// The age of its tasks. A listing from before its PRIMARY deployment was made tells nothing of
    /// the tasks that run now.
    fn age(&self) -> Age {
        let deployed_at =
            self.service.description.as_ref().and_then(|seen| seen.primary()?.created_at);
        let tasks = self.service.tasks.as_ref();
        age(tasks.filter(|tasks| deployed_at.is_none_or(|made_at| made_at <= tasks.listed_at)))
    }

    fn held_by_people(&self) -> Option<Reason> {
        if self.is_own {
            return Some(Reason::OwnService);
        }
        if !self.standing.policy.enabled && self.asked == Asked::ByPolicy {
            return Some(Reason::PolicyDisabled);
        }
        let value = self.service.description.as_ref()?.tags.get(HOLD_TAG)?;
        Some(Reason::HoldTag { value: value.clone() })
    }

    fn readable(&self) -> Result<&Description, Reason> {
        if let Some(problem) = &self.service.problem {
            return Err(Reason::Unreadable { problem: problem.clone() });
        }
        self.service.description.as_ref().ok_or(Reason::NotObservedYet)
    }

    fn due(&self, description: &Description, age: Age) -> Result<Due, Reason> {
        if let Asked::ByHand { .. } = self.asked {
            return match age {
                Age::Partial => Err(Reason::PartialView),
                Age::NotListed => Err(Reason::NotObservedYet),
                Age::Oldest(_) | Age::NoTasks | Age::Unknown(_) => {
                    Ok(Due { cause: Cause::Manual, since: self.now })
                }
            };
        }
        match age {
            Age::Oldest(oldest) => self.due_by_retirement(description, oldest).map_or_else(
                || due_by_age(self.standing.policy, &self.standing.view, oldest, self.now),
                Ok,
            ),
            Age::Unknown(tasks) => Err(Reason::AgeUnknown { tasks }),
            Age::Partial => Err(Reason::PartialView),
            Age::NotListed => Err(Reason::NotObservedYet),
            Age::NoTasks if description.running_count > 0 => Err(Reason::PartialView),
            Age::NoTasks => Err(not_steady(description)),
        }
    }

    /// Whether a retirement makes it due: a task runs that is to be retired, and nobody has deployed
    /// since AWS said so. After a deployment the tasks from before are on their way out already.
    fn due_by_retirement(&self, description: &Description, oldest: Time) -> Option<Due> {
        let pending = self.pending.filter(|pending| oldest <= pending.cutoff)?;
        let deployed_at = description.primary()?.created_at?;
        let ignored = self.standing.policy.retirement.mode == RetirementMode::Ignore;
        (deployed_at <= pending.cutoff && !ignored)
            .then_some(Due { cause: Cause::Retirement, since: pending.cutoff })
    }

    /// From when on a retirement lets it start outside of windows, if that moment has come.
    fn late_since(&self, due: Due) -> Option<Time> {
        let deadline = self.pending.filter(|_| due.cause == Cause::Retirement)?.notice.deadline?;
        let rule = self.standing.policy.retirement;
        let late_from = late_from(deadline, rule.margin);
        (rule.mode == RetirementMode::BeforeDeadline && late_from <= self.now).then_some(late_from)
    }

    /// Failed attempts of this service. They are asked for before what ECS says of its PRIMARY:
    /// a rollback makes a young PRIMARY too, and its service is not fresh.
    fn failed_itself(&self, description: &Description, due: Due) -> Option<Reason> {
        let Asked::ByPolicy = self.asked else { return None };
        let record = self.record?;
        let last = record.last.as_ref().filter(|last| last.outcome.is_failure())?;
        let unchanged = last.primary.as_ref() == description.primary().map(|primary| &primary.id);
        if record.failures_in_a_row >= FAILURES_IN_A_ROW && unchanged {
            let times = record.failures_in_a_row;
            return Some(Reason::KeepsFailing { times, last: last.outcome });
        }
        let counts = self.standing.in_this_span(last.finished_at, self.now)
            && self.late_since(due).is_none_or(|since| last.finished_at >= since);
        counts.then(|| Reason::FailedInThisSpan {
            outcome: last.outcome,
            again: self.span_ends(self.standing.span_ends(last.finished_at), due),
        })
    }

    /// When a span ends that a failure counts in: by itself, or because a deadline comes near.
    fn span_ends(&self, ends: Option<ZonedTime>, due: Due) -> Option<ZonedTime> {
        let rule = self.standing.policy.retirement;
        let late_from = self
            .pending
            .filter(|_| due.cause == Cause::Retirement)
            .and_then(|pending| pending.notice.deadline)
            .filter(|_| rule.mode == RetirementMode::BeforeDeadline)
            .map(|deadline| late_from(deadline, rule.margin))
            .filter(|late_from| *late_from > self.now)
            .map(|late_from| self.standing.zoned(late_from));
        [ends, late_from].into_iter().flatten().min_by_key(ZonedTime::time)
    }

    /// Whether it was deployed in this window. What a retirement makes due was not deployed since.
    fn deployed_already(&self, description: &Description, age: Age, due: Due) -> Option<Reason> {
        if due.cause == Cause::Retirement {
            return None;
        }
        let (Asked::ByPolicy, Age::Oldest(oldest)) = (self.asked, age) else { return None };
        let Standing { policy, view, .. } = self.standing;
        let last = self.record.and_then(|record| record.last.as_ref());
        deployed_already(policy, view, description, last, elapsed(oldest, self.now), self.now)
    }

    /// What keeps the policy, or a call about this service, from being tried now.
    fn stopped(&self, due: Due) -> Option<Reason> {
        let Asked::ByPolicy = self.asked else { return None };
        if let Some((failures, again)) = self.standing.stopped(self.late_since(due)) {
            return Some(Reason::PolicyStopped { failures, again: self.span_ends(again, due) });
        }
        let refused = self.record?.refused.as_ref()?;
        refused.holds(self.now).then(|| Reason::CallRefused {
            problem: refused.problem.clone(),
            retry_at: self.standing.zoned(refused.retry_at),
        })
    }

    /// A hook that would wait for a person, where nobody asked for it.
    fn pauses(&self, description: &Description) -> Option<Reason> {
        let stage = description.staging.as_ref()?.pauses_at()?;
        let allowed = self.standing.policy.allow_pause || self.asked != Asked::ByPolicy;
        (!allowed).then_some(Reason::PauseHook { stage })
    }

    /// A rollout in progress, whoever started it, or the remains of one.
    fn moving(&self, description: &Description) -> Option<Reason> {
        let Some(primary) = description.primary() else {
            return Some(Reason::StateNotUnderstood {
                what: "a service whose PRIMARY deployment is",
                value: "absent".into(),
            });
        };
        let others = description.deployments.iter().filter(|other| other.id != primary.id).count();
        match &primary.rollout {
            RolloutState::InProgress => return Some(self.rolling(description, primary)),
            RolloutState::Failed => {
                return Some(Reason::FailedPrimary { deployment: primary.id.clone() });
            }
            RolloutState::Unknown(value) => {
                return Some(Reason::StateNotUnderstood {
                    what: "rollout state",
                    value: value.clone(),
                });
            }
            RolloutState::Absent if others > 0 => return Some(self.rolling(description, primary)),
            RolloutState::Absent | RolloutState::Completed => {}
        }
        (others > 0).then(|| Reason::OldTasksLinger {
            deployments: u32::try_from(others).unwrap_or(u32::MAX),
        })
    }

    /// Whose rollout it is: ours may go on after it was given up. A task set of CodeDeploy becomes
    /// PRIMARY only when production traffic moves.
    fn rolling(&self, description: &Description, primary: &Deployment) -> Reason {
        let by_code_deploy = description.controller == Controller::CodeDeploy;
        let newest = description.newest().filter(|_| by_code_deploy).unwrap_or(primary);
        let deployment = newest.id.clone();
        let last = self.record.and_then(|record| record.last.as_ref());
        let is_ours = |last: &&Finished| {
            let made = match &last.attempt.call {
                Call::Accepted { deployment, .. } => Some(deployment),
                Call::Unknown => None,
            };
            last.primary.as_ref() == Some(&deployment) || made == Some(&deployment)
        };
        match last.filter(is_ours) {
            Some(last) => Reason::LeftRolling { outcome: last.outcome, deployment },
            None => Reason::SomebodysRollout { deployment },
        }
    }

    /// What keeps a service from ever being refreshed by us as it is.
    fn unfit(&self, description: &Description) -> Option<Reason> {
        let unknown = |what, value: &std::sync::Arc<str>| {
            Some(Reason::StateNotUnderstood { what, value: value.clone() })
        };
        let opted_in = self.standing.policy.code_deploy || self.asked != Asked::ByPolicy;
        match &description.controller {
            Controller::Ecs => {}
            Controller::CodeDeploy if opted_in => {}
            Controller::CodeDeploy => return Some(Reason::CodeDeployOptIn),
            Controller::External => return Some(Reason::ExternalController),
            Controller::Unknown(value) => return unknown("deployment controller", value),
        }
        match &description.strategy {
            Strategy::Rolling | Strategy::BlueGreen | Strategy::Linear | Strategy::Canary => {}
            Strategy::Unknown(value) => return unknown("deployment strategy", value),
        }
        (description.desired_count == 0).then_some(Reason::NothingToReplace)
    }

    /// Freezes and windows.
    fn shut(&self, due: Due) -> Option<Reason> {
        let view = &self.standing.view;
        if let Some(freeze) = &view.freeze
            && self.asked != (Asked::ByHand { despite_freeze: true })
        {
            let until = self.standing.zoned(freeze.until);
            return Some(Reason::Frozen { until, why: freeze.why.clone() });
        }
        let by_policy = self.asked == Asked::ByPolicy;
        (by_policy && view.allowed_until.is_none() && !self.may_start_outside(due))
            .then(|| Reason::WindowClosed { opens: self.standing.next_opening() })
    }

    /// Whether a retirement lets it start though no window is open.
    fn may_start_outside(&self, due: Due) -> bool {
        let at_once = self.standing.policy.retirement.mode == RetirementMode::Immediately;
        due.cause == Cause::Retirement && (at_once || self.late_since(due).is_some())
    }
}

fn unsteady(description: &Description) -> Option<Reason> {
    let steady =
        description.running_count >= description.desired_count && description.pending_count == 0;
    (!steady).then(|| not_steady(description))
}

fn not_steady(description: &Description) -> Reason {
    Reason::NotSteady {
        running: description.running_count,
        desired: description.desired_count,
        pending: description.pending_count,
    }
}

/// The ids of the listed tasks that should be running.
pub fn task_ids(tasks: Option<&Tasks>) -> Vec<super::fleet::TaskId> {
    tasks.map(|tasks| tasks.tasks.iter().map(|task| task.id).collect()).unwrap_or_default()
}
