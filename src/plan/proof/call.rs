//! Whether a call of unknown outcome was accepted.

use super::{Case, Judgement, MAY_BE_STALE, vanished};
use crate::plan::due::shift;
use crate::plan::fleet::{Deployment, ServiceDeployment, Strategy};
use crate::plan::ledger::{Call, Outcome};
use crate::plan::step::Depth;

/// Resolves an attempt whose call may or may not have been sent and accepted, by comparing
/// deployment ids: never by sending again.
pub fn resolve(case: &Case<'_>) -> Judgement {
    let attempt = case.attempt;
    // Whatever is seen while the call can still be on its way may be overtaken by it.
    let over = attempt.call_ends_by.max(attempt.intent_at);
    if case.description.described_at < over {
        return Judgement::Going { reason: case.under_way(), depth: Depth::Follow, at: over };
    }
    let Some(primary) = case.description.primary() else {
        return case.going(case.under_way(), Depth::Follow);
    };
    if primary.id == attempt.before.primary {
        return match case.description.strategy {
            _ if !no_longer_stale(case) => case.going(case.under_way(), Depth::Follow),
            Strategy::Rolling => Judgement::Abandon,
            _ => vanished::abandon_unless_made(case),
        };
    }
    if primary.task_definition != attempt.before.task_definition {
        return case
            .finish(Outcome::Superseded, "a deployment of another task definition took over");
    }
    match primary.created_at {
        Some(created_at) if could_be_ours(case, primary) => {
            vanished::unless_rolled_back(case, |listed| {
                Judgement::Adopt(Call::Accepted {
                    deployment: primary.id.clone(),
                    created_at,
                    known_at: case.description.described_at,
                    service_deployment: listed.map(|listed: &ServiceDeployment| listed.arn.clone()),
                })
            })
        }
        _ => vanished::judge_unknown(case),
    }
}

/// Whether the call ended so long before the reading that what is not seen did not happen.
pub fn no_longer_stale(case: &Case<'_>) -> bool {
    case.description.described_at >= shift(case.attempt.call_ends_by, MAY_BE_STALE)
}

/// Whether the new PRIMARY can be the answer to our call. One that was made before the intent or
/// long after the call can have ended is a rollback of ours, or somebody else's: adopting it would
/// report a rollback as a success.
fn could_be_ours(case: &Case<'_>, primary: &Deployment) -> bool {
    let made_in_time = primary
        .created_at
        .is_some_and(|created_at| vanished::call_span(case).contains(&created_at));
    let no_third = case
        .description
        .deployments
        .iter()
        .all(|other| other.id == primary.id || other.id == case.attempt.before.primary);
    made_in_time && no_third
}
