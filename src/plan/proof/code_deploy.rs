//! A deployment of ours that CodeDeploy makes.
//!
//! Which deployment is ours is told by its id, and of a call that was never answered by the
//! description that names the attempt: nothing else is described so. What became of it is told by its
//! status and that of its rollback; that every task was replaced, by the tasks.

use chrono::TimeDelta;

use super::call::no_longer_stale;
use super::pace::{self, next_on_the_clock};
use super::rolling::{Proof, prove, tasks_tried};
use super::{Case, Judgement, MAY_BE_STALE, Ours, SOON};
use crate::clock::Time;
use crate::plan::code_deploy::{Target, passes};
use crate::plan::due::{add, shift};
use crate::plan::fleet::{
    CodeDeployDeployment, CodeDeployProgress, CodeDeployStatus as Status, Controller, DeploymentId,
    Problem, ProblemClass,
};
use crate::plan::ledger::{Call, Outcome};
use crate::plan::step::Depth;
use crate::plan::verdict::{Note, Reason};

/// How often a deployment is looked at that waits for a person, or for old tasks to be stopped.
const POLL_WAITING: TimeDelta = TimeDelta::seconds(30);

/// One attempt, where CodeDeploy makes its deployment, and what CodeDeploy said of it.
struct Followed<'a> {
    case: &'a Case<'a>,
    target: &'a Target,
    seen: &'a CodeDeployProgress,
    ours: &'a CodeDeployDeployment,
}

/// Judges an attempt whose service is not deployed any more by what it was begun with. Whoever changed
/// that deployed it anew.
pub fn controller_changed(case: &Case<'_>) -> Option<Judgement> {
    let now = match &case.description.controller {
        Controller::CodeDeploy => "CODE_DEPLOY",
        Controller::Ecs => "ECS",
        Controller::External => "EXTERNAL",
        Controller::Unknown(other) => other,
    };
    let as_begun = case.attempt.code_deploy.is_some() == (now == "CODE_DEPLOY");
    let since = case.description.described_at >= case.attempt.intent_at;
    (since && !as_begun).then(|| {
        let why = format!("the service's deployment controller was changed to {now} meanwhile");
        case.finish(Outcome::Superseded, &why)
    })
}

/// Judges an open attempt by what CodeDeploy says of its deployment.
pub fn judge(case: &Case<'_>, target: &Target) -> Judgement {
    match &case.attempt.call {
        Call::Unknown => resolve(case),
        Call::Accepted { deployment, known_at, .. } => {
            let seen = case.service.code_deploy.as_deref();
            match seen.filter(|seen| seen.asked_at >= *known_at) {
                Some(seen) => follow(case, target, seen, deployment, *known_at),
                None => deeper(case, case.rollout(Some(deployment)), Depth::Progress),
            }
        }
    }
}

/// Resolves a call that was never answered: the deployment that is described as this attempt's is the
/// answer to it. It is never sent again.
fn resolve(case: &Case<'_>) -> Judgement {
    let attempt = case.attempt;
    let over = attempt.call_ends_by.max(attempt.intent_at);
    if case.description.described_at < over {
        return Judgement::Going { reason: case.under_way(), depth: Depth::Describe, at: over };
    }
    let seen = case.service.code_deploy.as_deref();
    let Some(seen) = seen.filter(|seen| seen.asked_at >= case.description.described_at) else {
        return deeper(case, case.under_way(), Depth::Progress);
    };
    match &seen.deployment {
        Ok(Some(found)) => Judgement::Adopt(Call::Accepted {
            deployment: found.id.clone(),
            created_at: found.created_at.unwrap_or(attempt.intent_at),
            known_at: seen.asked_at,
            service_deployment: None,
        }),
        Ok(None) if no_longer_stale(case) => Judgement::Abandon,
        Ok(None) => going(case, case.under_way(), Depth::Progress),
        Err(problem) => unreadable(case, problem),
    }
}

fn follow(
    case: &Case<'_>,
    target: &Target,
    seen: &CodeDeployProgress,
    deployment: &DeploymentId,
    known_at: Time,
) -> Judgement {
    let gone = |why: &str| {
        if case.description.described_at < shift(known_at, MAY_BE_STALE) {
            return going(case, case.rollout(Some(deployment)), Depth::Progress);
        }
        let why = format!("CodeDeploy does not know its deployment {deployment} any more: {why}");
        case.finish(Outcome::Failed, &why)
    };
    let ours = match &seen.deployment {
        Ok(Some(ours)) => ours,
        Ok(None) => return gone("it is not there"),
        Err(problem) if problem.class == ProblemClass::NotFound => return gone(&problem.message),
        Err(problem) => return unreadable(case, problem),
    };
    let followed = Followed { case, target, seen, ours };
    match ours.status {
        Status::Succeeded => followed.done(),
        Status::Failed | Status::Stopped => followed.ended_badly(),
        Status::Ready => followed.ready(),
        _ => followed.under_way(),
    }
}

impl Followed<'_> {
    /// It goes on. When its task set is PRIMARY, production traffic has moved, and what is left is to
    /// stop the old tasks.
    fn under_way(&self) -> Judgement {
        let case = self.case;
        let deadline = case.attempt.deadline;
        if self.is_primary() && case.attempt.moved_at.is_none() {
            return Judgement::MoveOn { reason: self.reason(), deadline };
        }
        if case.now < deadline {
            return going(case, self.reason(), Depth::Progress);
        }
        let status = self.ours.status.as_str();
        self.late(&format!("CodeDeploy still has {} as {status}", self.ours.id))
    }

    /// It waits for a person, for as long as its group says; then CodeDeploy stops it. Whatever was
    /// to come has its time after that.
    fn ready(&self) -> Judgement {
        let until = self.ready_until();
        let deadline = until.map(|until| add(until, self.target.takes));
        match deadline.filter(|deadline| *deadline > self.case.attempt.deadline) {
            Some(deadline) => Judgement::Extend { reason: self.reason(), deadline },
            None => self.under_way(),
        }
    }

    fn ready_until(&self) -> Option<Time> {
        self.target.ready_wait.map(|wait| add(self.seen.status_since, wait))
    }

    /// CodeDeploy calls it done: the tasks have to show it.
    fn done(&self) -> Judgement {
        let case = self.case;
        let primary = case.description.primary();
        let Some(primary) = primary.filter(|primary| primary.id == self.ours.id) else {
            return self.done_but_not_primary();
        };
        if primary.task_definition != case.attempt.before.task_definition {
            let why = format!("its AppSpec made it deploy {}", primary.task_definition);
            return case.finish(Outcome::Failed, &why);
        }
        let Some(created_at) = primary.created_at.or(self.ours.created_at) else {
            return self.late("its task set has no createdAt");
        };
        let reason = self.reason();
        let ours = Ours { deployment: &primary.id, created_at, service_deployment: None };
        match prove(case, &ours) {
            Proof::Proven => {
                let why =
                    format!("every task was replaced, and CodeDeploy calls {} done", primary.id);
                case.finish(Outcome::Succeeded, &why)
            }
            Proof::TasksNotRead if case.overdue() => self.late(UNPROVEN),
            Proof::TasksNotRead if tasks_tried(case) => going(case, reason, Depth::Tasks),
            Proof::TasksNotRead => deeper(case, reason, Depth::Tasks),
            Proof::OldTasksRemain(_) | Proof::NotYet if case.now < case.attempt.deadline => {
                going(case, reason, Depth::Tasks)
            }
            Proof::OldTasksRemain(_) | Proof::NotYet => self.late(UNPROVEN),
        }
    }

    /// Done, and another task set is PRIMARY: that of a newer deployment, or the description is old.
    fn done_but_not_primary(&self) -> Judgement {
        let case = self.case;
        if self.others_deployed() {
            return case
                .finish(Outcome::Superseded, "it was done when a newer deployment took over");
        }
        if self.is_recent(self.ours) {
            return going(case, self.reason(), Depth::Progress);
        }
        let why =
            format!("CodeDeploy calls {} done, and its task set is not PRIMARY", self.ours.id);
        case.finish(Outcome::Failed, &why)
    }

    /// It failed, or somebody stopped it: did CodeDeploy go back, and did somebody deploy since?
    fn ended_badly(&self) -> Judgement {
        let case = self.case;
        if case.post_mortem().is_none() {
            return deeper(case, self.rolling_back(), case.post_mortem_depth());
        }
        if let Some(id) = &self.ours.rollback {
            return self.taken_back(id);
        }
        if self.target.rolls_back && self.is_recent(self.ours) && !case.overdue() {
            return going(case, self.rolling_back(), case.post_mortem_depth());
        }
        let is_stopped = self.ours.status == Status::Stopped;
        let taken_over = self.others_deployed() || self.seen.newer == Some(true);
        if is_stopped && taken_over {
            return case.finish(
                Outcome::Superseded,
                "it was stopped, and somebody else's newer deployment took over",
            );
        }
        let (id, error) = (&self.ours.id, self.error());
        let why = match is_stopped {
            true => format!("{id} was stopped in CodeDeploy{error}"),
            false => format!("CodeDeploy gave up on {id}{error}"),
        };
        case.finish(Outcome::Failed, &why)
    }

    fn taken_back(&self, id: &DeploymentId) -> Judgement {
        let (case, error) = (self.case, self.error());
        let rollback = self.seen.rollback.as_ref().filter(|rollback| rollback.id == *id);
        let going = || going(case, self.rolling_back(), case.post_mortem_depth());
        match rollback.map(|rollback| (&rollback.status, rollback)) {
            // The PRIMARY that it leaves behind is to be known.
            Some((Status::Succeeded, rollback))
                if self.is_primary() && self.is_recent(rollback) =>
            {
                going()
            }
            Some((Status::Succeeded, _)) => {
                let why = format!("CodeDeploy rolled {} back by {id}{error}", self.ours.id);
                case.finish(Outcome::RolledBack, &why)
            }
            Some((Status::Failed | Status::Stopped, _)) => {
                let why = format!("{} failed, and so did its rollback {id}{error}", self.ours.id);
                case.finish(Outcome::Failed, &why)
            }
            _ if case.overdue() => {
                let why = format!("CodeDeploy is still rolling {} back{error}", self.ours.id);
                case.finish(Outcome::RolledBack, &why)
            }
            _ => going(),
        }
    }

    /// The time is up: it is given up, after a close look.
    fn late(&self, why: &str) -> Judgement {
        let case = self.case;
        let asked_since = self.seen.asked_at >= case.attempt.deadline;
        match case.post_mortem() {
            Some(_) if case.overdue() && asked_since => {
                case.finish(Outcome::TimedOut, &format!("{why}, and the time is up"))
            }
            Some(_) => going(case, self.reason(), case.post_mortem_depth()),
            None => deeper(case, self.reason(), case.post_mortem_depth()),
        }
    }

    fn is_primary(&self) -> bool {
        self.case.description.primary().is_some_and(|primary| primary.id == self.ours.id)
    }

    /// Whether a task set is there that is neither ours, nor from before, nor made to go back.
    fn others_deployed(&self) -> bool {
        let known = |id: &DeploymentId| {
            *id == self.ours.id
                || *id == self.case.attempt.before.primary
                || self.ours.rollback.as_ref() == Some(id)
        };
        self.case.description.deployments.iter().any(|found| !known(&found.id))
    }

    /// Whether it ended so shortly before the description that a reading may still be of before.
    fn is_recent(&self, ended: &CodeDeployDeployment) -> bool {
        let since = ended.completed_at.unwrap_or(self.seen.status_since);
        self.case.description.described_at < shift(since, MAY_BE_STALE)
    }

    fn rolling_back(&self) -> Reason {
        Reason::OurRollback { attempt: self.case.attempt.id.clone() }
    }

    fn error(&self) -> String {
        self.ours.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default()
    }

    /// How far it is, and what it waits for.
    fn reason(&self) -> Reason {
        let id = &self.ours.id;
        let mut reason = self.case.rollout(Some(id));
        if let Reason::OurRollout { old_running, note, .. } = &mut reason {
            *note = Some(match &self.ours.status {
                Status::Ready => Note::Ready { deployment: id.clone(), until: self.ready_until() },
                _ if self.is_primary() && *old_running > 0 => {
                    Note::OldTasksLinger { tasks: *old_running }
                }
                status => {
                    Note::CodeDeploy { deployment: id.clone(), status: status.as_str().into() }
                }
            });
        }
        reason
    }
}

/// What is said of a deployment that CodeDeploy calls done.
const UNPROVEN: &str = "CodeDeploy reports the deployment as done, but its tasks do not show it";

/// CodeDeploy cannot be asked. It is waited for, as permissions come back too.
fn unreadable(case: &Case<'_>, problem: &Problem) -> Judgement {
    if case.overdue() && !passes(problem.class) {
        return case
            .finish(Outcome::Failed, &format!("it cannot be told what became of it: {problem}"));
    }
    let (attempt, problem) = (case.attempt.id.clone(), Some(problem.clone()));
    going(case, Reason::OurRolloutUnseen { attempt, problem }, Depth::Progress)
}

/// It goes on, and is looked at at the pace of what it waits for.
fn going(case: &Case<'_>, reason: Reason, depth: Depth) -> Judgement {
    let waits = matches!(
        reason,
        Reason::OurRollout { note: Some(Note::Ready { .. } | Note::OldTasksLinger { .. }), .. }
    );
    let pause = if waits && depth == Depth::Progress { POLL_WAITING } else { pace::USUAL };
    let at = next_on_the_clock(case.description.described_at, pause);
    Judgement::Going { reason, depth, at }
}

/// It goes on, and wants to know more than the newest look told, unless that was tried already.
fn deeper(case: &Case<'_>, reason: Reason, depth: Depth) -> Judgement {
    let asked_at = case.service.code_deploy.as_ref().map(|seen| seen.asked_at);
    let tried = depth == Depth::Progress && asked_at >= Some(case.description.described_at);
    let pause = if tried { pace::USUAL } else { SOON };
    Judgement::Going { reason, depth, at: shift(case.description.described_at, pause) }
}
