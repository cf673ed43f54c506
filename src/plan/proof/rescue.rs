//! A rollout of ours whose time is up: it is given up, or rolled back as `on_failure` says.
//!
//! ECS is told to roll back once at most, and only what is provably ours and still going. From the
//! intent on, the request is in the attempt, and what became of it is read from service deployments:
//! no crash, lost answer or restart sends it again.

use chrono::TimeDelta;

use super::vanished::{SAME_MOMENT, newer_exists};
use super::{Case, Judgement, MAY_BE_STALE, Ours, pace, rolling, stages};
use crate::plan::diagnosis::explain;
use crate::plan::due::shift;
use crate::plan::fleet::{
    Controller, PostMortem, ServiceDeployment, ServiceDeploymentStatus as Status,
};
use crate::plan::ledger::Outcome;
use crate::plan::rescue::{Remedy, Rescue, RescueAnswer};
use crate::plan::step::RollBack;
use crate::plan::verdict::{Reason, RescueState};

/// The request rests on evidence that was gathered less long ago than this. It names our own service
/// deployment and can hit nobody else's, so that it need not be as fresh as a start.
const FRESH_ENOUGH: TimeDelta = TimeDelta::seconds(60);

/// A rollback is followed for as long as its rollout was given, and for no less time than this.
const FOLLOWED_MIN: TimeDelta = TimeDelta::minutes(60);

/// A rollback is followed no longer than this: the rollout may have been given weeks for a person or
/// for protected tasks, which a rollback does not wait for.
const FOLLOWED_MAX: TimeDelta = TimeDelta::hours(24);

/// How often a rollback is looked at. It replaces or moves tasks as a rollout does, and each look
/// gathers all evidence.
const POLL_ROLLBACK: TimeDelta = TimeDelta::seconds(30);

/// What becomes of a rollout that was seen to be late, by `why`, in evidence of which nothing is
/// missing.
pub fn time_is_up(case: &Case<'_>, ours: &Ours<'_>, found: &PostMortem, why: &str) -> Judgement {
    let left = |reason: &str| {
        case.finish(Outcome::TimedOut, &format!("{why}; it was not rolled back: {reason}"))
    };
    match case.remedy {
        // There is one request, and it did not help.
        _ if case.attempt.rescue.is_some() => return case.finish(Outcome::TimedOut, why),
        Remedy::Leave => return case.finish(Outcome::TimedOut, why),
        Remedy::LeaveTo(reason) => return left(reason),
        Remedy::RollBack => {}
    }
    let service_deployment = match to_roll_back(case, ours, found) {
        Ok(found) => found.arn.clone(),
        Err(reason) => return left(&reason),
    };
    let send_by = shift(found.asked_at, FRESH_ENOUGH);
    if case.now >= send_by {
        return case.going_deeper(case.under_way(), case.post_mortem_depth());
    }
    let clues = case.clues();
    let finding = clues.find();
    let given = case.attempt.deadline - case.attempt.intent_at;
    Judgement::RollBack(RollBack {
        service: case.attempt.service.clone(),
        attempt: case.attempt.id.clone(),
        service_deployment,
        why: explain(why, &finding, &clues),
        finding,
        send_by,
        deadline: shift(case.now, given.clamp(FOLLOWED_MIN, FOLLOWED_MAX)),
    })
}

/// Our service deployment, if all that ECS says agrees that it is ours, the newest, and under way; in
/// words, what does not.
fn to_roll_back<'a>(
    case: &Case<'_>,
    ours: &Ours<'_>,
    found: &'a PostMortem,
) -> Result<&'a ServiceDeployment, String> {
    if case.description.controller != Controller::Ecs {
        return Err("ECS does not deploy the service itself".to_owned());
    }
    let listed = match &found.deployments {
        Ok(listed) => listed,
        Err(problem) => return Err(format!("its service deployment cannot be read: {problem}")),
    };
    // The description that shows our deployment as PRIMARY names the service deployment behind it.
    let current = case.description.current_service_deployment.as_deref();
    let Some(arn) = ours.service_deployment.or(current) else {
        return Err("ECS does not say which service deployment is its own".to_owned());
    };
    let Some(found) = listed.iter().find(|listed| *listed.arn == *arn) else {
        return Err("ECS does not list its service deployment".to_owned());
    };
    let same_moment = found
        .created_at
        .is_some_and(|created_at| (created_at - ours.created_at).abs() <= SAME_MOMENT);
    let is_current = current.is_none_or(|current| current == arn);
    if !same_moment || !is_current || newer_exists(case, found, listed) {
        return Err("ECS's answers do not agree on its service deployment".to_owned());
    }
    if stages::cleans_up(case) {
        return Err("production traffic has moved, and ECS is stopping the old tasks".to_owned());
    }
    match &found.status {
        Status::Pending | Status::InProgress => Ok(found),
        Status::Successful => Err("ECS calls its service deployment successful".to_owned()),
        Status::StopRequested | Status::Stopped => {
            Err("its service deployment is stopped already".to_owned())
        }
        Status::RollbackRequested
        | Status::RollbackInProgress
        | Status::RollbackSuccessful
        | Status::RollbackFailed => Err("ECS rolls it back already".to_owned()),
        Status::Unknown(status) => {
            Err(format!("its service deployment is {status:?}, which this version does not know"))
        }
    }
}

/// Follows an attempt whose rollback was asked for, or may have been.
pub fn follow(case: &Case<'_>, ours: &Ours<'_>, rescue: &Rescue) -> Judgement {
    let Some(found) = case.post_mortem().filter(|_| is_after(case, rescue)) else {
        return going(case, rescue);
    };
    let listed = match &found.deployments {
        Ok(listed) => listed,
        Err(problem) if case.overdue() => {
            let what = format!("timed out; what became of its rollback cannot be read: {problem}");
            return end(case, rescue, Outcome::TimedOut, &what);
        }
        Err(_) => return going(case, rescue),
    };
    let is_ours = |listed: &&ServiceDeployment| listed.arn == rescue.service_deployment;
    match listed.iter().find(is_ours) {
        Some(found) => by_status(case, ours, rescue, found, listed),
        None if case.overdue() => {
            let what = "timed out, and ECS does not list the rollback asked for";
            end(case, rescue, Outcome::TimedOut, what)
        }
        None => going(case, rescue),
    }
}

fn by_status(
    case: &Case<'_>,
    ours: &Ours<'_>,
    rescue: &Rescue,
    found: &ServiceDeployment,
    listed: &[ServiceDeployment],
) -> Judgement {
    let superseded = newer_exists(case, found, listed);
    let ends = |outcome, what: &str| match superseded {
        true => case.finish(
            Outcome::Superseded,
            "it timed out, and somebody else's newer deployment took over from its rollback",
        ),
        false => end(case, rescue, outcome, what),
    };
    let is_primary =
        case.description.primary().is_some_and(|primary| primary.id == *ours.deployment);
    match (&found.status, &rescue.answer) {
        // The description is older than the status: which deployment is PRIMARY now is remembered.
        (Status::RollbackSuccessful, _) if is_primary && !case.overdue() => going(case, rescue),
        (Status::RollbackSuccessful, RescueAnswer::Refused { problem }) => {
            let what = format!("timed out, and was rolled back, but not by us: {problem}");
            end(case, rescue, Outcome::RolledBack, &what)
        }
        (Status::RollbackSuccessful, _) => {
            let what = "timed out, and was rolled back as on_failure says";
            end(case, rescue, Outcome::RolledBack, what)
        }
        // One that a newer deployment interrupts may have no other end.
        (Status::RollbackFailed, _) => ends(Outcome::Failed, "timed out, and its rollback failed"),
        (Status::Successful, _) => became_steady(case, ours),
        (Status::Stopped, _) => {
            ends(Outcome::Failed, "timed out, and ECS stopped it without rolling it back")
        }
        (Status::Pending | Status::InProgress, RescueAnswer::Refused { problem })
            if is_settled(case, rescue) =>
        {
            ends(Outcome::TimedOut, &format!("timed out, and its rollback was refused: {problem}"))
        }
        (Status::Pending | Status::InProgress, RescueAnswer::Unknown)
            if is_settled(case, rescue) =>
        {
            let what = "timed out; its rollback was to be asked for, and ECS does not roll it back";
            ends(Outcome::TimedOut, what)
        }
        _ if case.overdue() => {
            ends(Outcome::TimedOut, "timed out, and the rollback asked for has not ended")
        }
        _ => going(case, rescue),
    }
}

/// It was done before the request arrived. Only its tasks prove a success, as ever.
fn became_steady(case: &Case<'_>, ours: &Ours<'_>) -> Judgement {
    match case.description.primary().filter(|primary| primary.id == *ours.deployment) {
        Some(primary) => rolling::judge(case, ours, primary),
        None => case.finish(Outcome::Superseded, "it was done when a newer deployment took over"),
    }
}

/// It ends with what was seen when the time was up: tasks that stopped since say nothing of why.
fn end(case: &Case<'_>, rescue: &Rescue, outcome: Outcome, what: &str) -> Judgement {
    Judgement::Finish {
        outcome,
        diagnosis: format!("{what}; {}", rescue.why),
        finding: rescue.finding.clone().filter(|_| outcome.is_failure()),
        primary: case.description.primary().map(|primary| primary.id.clone()),
    }
}

/// Whether what was read began after the intent, so that it can show what became of it.
fn is_after(case: &Case<'_>, rescue: &Rescue) -> bool {
    case.description.described_at >= rescue.asked_at
}

/// Whether the request has ended so long before the reading that what is not seen did not happen.
fn is_settled(case: &Case<'_>, rescue: &Rescue) -> bool {
    case.description.described_at >= shift(rescue.call_ends_by, MAY_BE_STALE)
}

/// It goes on. The next look is counted from the last that gathered evidence: those that only
/// describe the service make it neither sooner nor later.
fn going(case: &Case<'_>, rescue: &Rescue) -> Judgement {
    let state = match &rescue.answer {
        RescueAnswer::Unknown => RescueState::Unknown,
        RescueAnswer::Accepted => RescueState::Going { deadline: case.attempt.deadline },
        RescueAnswer::Refused { problem } => RescueState::Refused { problem: problem.clone() },
    };
    let gathered_at = case.service.post_mortem.as_ref().map(|found| found.asked_at);
    let at = match gathered_at.filter(|at| *at >= rescue.asked_at) {
        Some(at) => shift(at, POLL_ROLLBACK),
        None => pace::next_try(rescue.asked_at),
    };
    let reason = Reason::OurRescue { attempt: case.attempt.id.clone(), state };
    Judgement::Going { reason, depth: case.post_mortem_depth(), at }
}
