//! Whether a call of unknown outcome was accepted.

use super::{Case, Judgement, MAY_BE_STALE, vanished};
use crate::plan::fleet::Deployment;
use crate::plan::ledger::{Call, Outcome};
use crate::plan::step::Depth;
use crate::plan::verdict::Reason;

/// Resolves an attempt whose call may or may not have been sent and accepted, by comparing
/// deployment ids: never by sending again.
pub fn resolve(case: &Case<'_>) -> Judgement {
    let attempt = case.attempt;
    let unknown = || Reason::CallUnknown { attempt: attempt.id.clone() };
    let Some(primary) = case.description.primary() else {
        return case.going(unknown(), Depth::Describe);
    };
    if case.description.described_at < attempt.intent_at {
        return case.going_deeper(unknown(), Depth::Describe);
    }
    if primary.id == attempt.before.primary {
        let settled = attempt.call_ends_by + MAY_BE_STALE;
        if case.description.described_at >= settled {
            return Judgement::Abandon;
        }
        return case.going(unknown(), Depth::Describe);
    }
    if primary.task_definition != attempt.before.task_definition {
        return case
            .finish(Outcome::Superseded, "a deployment of another task definition took over");
    }
    match primary.created_at {
        Some(created_at) if could_be_ours(case, primary) => Judgement::Adopt(Call::Accepted {
            deployment: primary.id.clone(),
            created_at,
            known_at: case.description.described_at,
            service_deployment: None,
        }),
        _ => vanished::judge_unknown(case),
    }
}

/// Whether the new PRIMARY can be the answer to our call. One that was made long after the call can
/// have ended is a rollback of ours, or somebody else's: adopting it would report a rollback as a
/// success.
fn could_be_ours(case: &Case<'_>, primary: &Deployment) -> bool {
    let made_in_time = primary
        .created_at
        .is_some_and(|created_at| created_at <= case.attempt.call_ends_by + MAY_BE_STALE);
    let no_third = case
        .description
        .deployments
        .iter()
        .all(|other| other.id == primary.id || other.id == case.attempt.before.primary);
    made_in_time && no_third
}
