//! Our deployment is no longer PRIMARY: was it rolled back, or did somebody else deploy?
//!
//! The task definition does not tell, because a forced deployment keeps it. Only the service
//! deployments do.

use std::ops::RangeInclusive;

use chrono::TimeDelta;

use super::{Case, Judgement, MAY_BE_STALE, Ours, call, stages};
use crate::clock::Time;
use crate::plan::due::shift;
use crate::plan::fleet::{ProblemClass, ServiceDeployment, ServiceDeploymentStatus as Status};
use crate::plan::ledger::{Call, Outcome};
use crate::plan::step::Depth;
use crate::plan::verdict::Reason;

/// A service deployment and the deployment that it made differ by no more than this in age.
pub const SAME_MOMENT: TimeDelta = TimeDelta::seconds(60);

/// Judges an accepted attempt by its service deployment.
///
/// While ECS is busy with it there is nothing to gather: where it stands tells enough.
pub fn judge(case: &Case<'_>, ours: &Ours<'_>) -> Judgement {
    match stages::status(case, ours).filter(|_| !case.overdue()) {
        Some(status) if status.is_being_taken_back() => {
            let reason = Reason::OurRollback { attempt: case.attempt.id.clone() };
            return case.going(reason, Depth::Progress);
        }
        Some(Status::Pending | Status::InProgress | Status::Unknown(_)) => {
            return case.going(case.under_way(), Depth::Progress);
        }
        _ => {}
    }
    with_service_deployments(case, |listed| match find_ours(listed, ours) {
        Some(found) => by_status(case, found, listed),
        None if case.description.described_at < shift(ours.created_at, MAY_BE_STALE) => {
            case.going(case.under_way(), case.post_mortem_depth())
        }
        None => cannot_tell(case, "ECS does not list its service deployment"),
    })
}

/// Judges an attempt whose call was never answered, long after: the service deployment that was
/// made while the call was under way is ours. Without one, the call was not accepted.
pub fn judge_unknown(case: &Case<'_>) -> Judgement {
    with_service_deployments(case, |listed| {
        let mut made_then = made_then(case, listed);
        match (made_then.next(), made_then.next()) {
            (Some(found), None) => by_status(case, found, listed),
            (None, _) if !call::no_longer_stale(case) => {
                case.going(case.under_way(), case.post_mortem_depth())
            }
            (None, _) => Judgement::Abandon,
            (Some(_), Some(_)) => {
                cannot_tell(case, "several deployments were made while its call was under way")
            }
        }
    })
}

/// Adopts the PRIMARY as the answer to a call, given the one service deployment that was made with
/// it, unless service deployments tell that ECS took back what the call made: then the PRIMARY is
/// the rollback, of the same task definition and about as old. Where they cannot be asked for, the
/// times have to do.
pub fn unless_rolled_back(
    case: &Case<'_>,
    adopt: impl FnOnce(Option<&ServiceDeployment>) -> Judgement,
) -> Judgement {
    let Some(found) = case.post_mortem() else {
        return case.going_deeper(case.under_way(), case.post_mortem_depth());
    };
    let Ok(listed) = &found.deployments else { return adopt(None) };
    if made_then(case, listed).any(|listed| listed.status.is_rollback()) {
        return judge_unknown(case);
    }
    let mut made_then = made_then(case, listed);
    adopt(made_then.next().filter(|_| made_then.next().is_none()))
}

/// The PRIMARY from before the call shows that it was not accepted, but not where traffic is shifted:
/// a deployment that was taken back since has left the PRIMARY as it was. A second call would start a
/// second deployment, so the service deployments are asked, if they can be.
pub fn abandon_unless_made(case: &Case<'_>) -> Judgement {
    let Some(found) = case.post_mortem() else {
        return case.going_deeper(case.under_way(), case.post_mortem_depth());
    };
    match &found.deployments {
        Ok(listed) if made_then(case, listed).next().is_some() => judge_unknown(case),
        Ok(_) => Judgement::Abandon,
        Err(problem) if passes(problem.class) && !case.overdue() => {
            case.going(case.under_way(), case.post_mortem_depth())
        }
        Err(_) => Judgement::Abandon,
    }
}

/// When the call can have made a deployment, by AWS's clock.
pub fn call_span(case: &Case<'_>) -> RangeInclusive<Time> {
    let attempt = case.attempt;
    shift(attempt.intent_at, -SAME_MOMENT)..=shift(attempt.call_ends_by, MAY_BE_STALE)
}

fn made_then<'a>(
    case: &Case<'_>,
    listed: &'a [ServiceDeployment],
) -> impl Iterator<Item = &'a ServiceDeployment> {
    let span = call_span(case);
    listed.iter().filter(move |listed| {
        listed.created_at.is_some_and(|created_at| span.contains(&created_at))
    })
}

/// The service deployment that made our deployment.
pub fn find_ours<'a>(
    listed: &'a [ServiceDeployment],
    ours: &Ours<'_>,
) -> Option<&'a ServiceDeployment> {
    let known = ours.service_deployment.and_then(|arn| listed.iter().find(|d| &*d.arn == arn));
    known.or_else(|| {
        listed
            .iter()
            .filter_map(|d| Some((d, (d.created_at? - ours.created_at).abs())))
            .filter(|(_, apart)| *apart <= SAME_MOMENT)
            .min_by_key(|(_, apart)| *apart)
            .map(|(found, _)| found)
    })
}

fn with_service_deployments(
    case: &Case<'_>,
    decide: impl FnOnce(&[ServiceDeployment]) -> Judgement,
) -> Judgement {
    let Some(found) = case.post_mortem() else {
        return case.going_deeper(case.under_way(), case.post_mortem_depth());
    };
    match &found.deployments {
        Ok(listed) => decide(listed),
        // It is worth asking again, at the pace of a rollout.
        Err(problem) if passes(problem.class) && !case.overdue() => {
            case.going(case.rollout(None), case.post_mortem_depth())
        }
        Err(problem) => cannot_tell(case, &problem.to_string()),
    }
}

/// Whether a failure to ask is likely to be over soon.
fn passes(class: ProblemClass) -> bool {
    match class {
        ProblemClass::Throttled
        | ProblemClass::Server
        | ProblemClass::Timeout
        | ProblemClass::Network
        | ProblemClass::Credentials => true,
        ProblemClass::Denied | ProblemClass::NotFound | ProblemClass::Invalid => false,
    }
}

/// What the status of our service deployment says of an attempt whose deployment is no longer
/// PRIMARY, or about to be replaced.
pub fn by_status(
    case: &Case<'_>,
    found: &ServiceDeployment,
    listed: &[ServiceDeployment],
) -> Judgement {
    match &found.status {
        Status::RollbackSuccessful => {
            case.finish(Outcome::RolledBack, "ECS rolled the deployment back")
        }
        Status::RollbackFailed => {
            case.finish(Outcome::Failed, "the deployment failed, and so did its rollback")
        }
        Status::RollbackRequested | Status::RollbackInProgress if case.overdue() => {
            case.finish(Outcome::RolledBack, "ECS is still rolling the deployment back")
        }
        Status::RollbackRequested | Status::RollbackInProgress => case.going(
            Reason::OurRollback { attempt: case.attempt.id.clone() },
            depth_while_busy(case, found),
        ),
        Status::Successful => {
            case.finish(Outcome::Superseded, "it was done when a newer deployment took over")
        }
        Status::StopRequested if !newer_exists(case, found, listed) && !case.overdue() => {
            case.going(case.under_way(), case.post_mortem_depth())
        }
        Status::Stopped | Status::StopRequested if !newer_exists(case, found, listed) => {
            case.finish(Outcome::Failed, "the deployment was stopped, and no newer one replaced it")
        }
        Status::Stopped | Status::StopRequested => {
            case.finish(Outcome::Superseded, "somebody else's newer deployment took over")
        }
        Status::Pending | Status::InProgress | Status::Unknown(_) if !case.overdue() => {
            case.going_slowly(case.under_way(), depth_while_busy(case, found))
        }
        Status::Pending | Status::InProgress | Status::Unknown(_) => {
            cannot_tell(case, "another deployment is PRIMARY, and ECS does not say why")
        }
    }
}

/// How much is read of a service deployment that ECS is busy with: where it stands, if that can be
/// asked for by its name.
fn depth_while_busy(case: &Case<'_>, found: &ServiceDeployment) -> Depth {
    let named = match &case.attempt.call {
        Call::Accepted { service_deployment, .. } => service_deployment.as_ref(),
        Call::Unknown => None,
    };
    let current = case.description.current_service_deployment.as_ref();
    if named == Some(&found.arn) && current == named {
        Depth::Progress
    } else {
        case.post_mortem_depth()
    }
}

/// Whether somebody deployed after `found`.
pub fn newer_exists(
    case: &Case<'_>,
    found: &ServiceDeployment,
    listed: &[ServiceDeployment],
) -> bool {
    let other_definition = case
        .description
        .primary()
        .is_some_and(|primary| primary.task_definition != case.attempt.before.task_definition);
    other_definition
        || listed
            .iter()
            .any(|listed| listed.arn != found.arn && listed.created_at > found.created_at)
}

/// Another task definition on PRIMARY is somebody else's whatever else is unknown; the rest is
/// reported as failed, because nothing unproven is called a success.
fn cannot_tell(case: &Case<'_>, why: &str) -> Judgement {
    let other_definition = case
        .description
        .primary()
        .is_some_and(|primary| primary.task_definition != case.attempt.before.task_definition);
    if other_definition {
        return case
            .finish(Outcome::Superseded, "a deployment of another task definition took over");
    }
    case.finish(
        Outcome::Failed,
        &format!("another deployment is PRIMARY and it cannot be told whose: {why}"),
    )
}
