//! Each policy as a whole: what is due, and how much of it fits into the window.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::admission::InFlight;
use super::key::ServiceKey;
use super::standing::Standing;
use super::verdict::{Verdict, VerdictKind};
use super::words::ZonedTime;
use crate::clock::{Time, elapsed};

/// One policy in the plan.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyPlan {
    pub name: Arc<str>,
    pub enabled: bool,
    /// Until when something may start, if it may now.
    pub open_until: Option<ZonedTime>,
    /// When something may start next.
    pub next_window: Option<ZonedTime>,
    /// How many services it owns, by kind of verdict.
    pub services: BTreeMap<VerdictKind, u32>,
    /// Services that are due and not being refreshed yet.
    pub due: u32,
    pub in_flight: u32,
    /// The mean duration of its last proven refreshes; `None` before the first.
    pub pace: Option<Duration>,
    /// How many of the due ones can start in the window that is open, or else in the next, at that
    /// pace; `None` while no pace is known or no window is.
    pub fits: Option<u32>,
}

/// Sums the verdicts up by policy.
pub fn policy_plans(
    standings: &[Standing<'_>],
    in_flight: &InFlight,
    verdicts: &[(ServiceKey, Verdict)],
    now: Time,
) -> Vec<PolicyPlan> {
    let mut plans: Vec<PolicyPlan> =
        standings.iter().map(|standing| empty(standing, in_flight)).collect();
    for (_, verdict) in verdicts {
        // Names of policies in force are shared; those of attempts were read from the ledger.
        let shared = plans.iter().position(|plan| Arc::ptr_eq(&plan.name, &verdict.policy));
        let found = shared.or_else(|| plans.iter().position(|plan| plan.name == verdict.policy));
        let Some(plan) = found.map(|position| &mut plans[position]) else { continue };
        let kind = verdict.reason.kind();
        *plan.services.entry(kind).or_default() += 1;
        plan.due += u32::from(verdict.due.is_some() && kind != VerdictKind::Rolling);
    }
    for (plan, standing) in plans.iter_mut().zip(standings) {
        plan.fits = fits(standing, plan.due, now);
    }
    plans
}

fn empty(standing: &Standing<'_>, in_flight: &InFlight) -> PolicyPlan {
    let policy = standing.policy;
    PolicyPlan {
        name: policy.name.clone(),
        enabled: policy.enabled,
        open_until: standing.view.allowed_until.map(|until| standing.zoned(until)),
        next_window: standing.next_opening(),
        services: BTreeMap::new(),
        due: 0,
        in_flight: in_flight.by_policy.get(&policy.name).copied().unwrap_or(0),
        pace: standing.pace(),
        fits: None,
    }
}

/// A refresh must start in the window and may end after it: each slot starts one more for every
/// full or begun pace that is left.
fn fits(standing: &Standing<'_>, due: u32, now: Time) -> Option<u32> {
    let round = standing.pace()?.saturating_add(standing.policy.settle);
    let left = match (standing.view.allowed_until, &standing.view.next) {
        (Some(until), _) => elapsed(now, until),
        (None, Some(next)) => elapsed(next.opens, next.closes),
        (None, None) => return Some(0),
    };
    let rounds = left.as_secs().div_ceil(round.as_secs().max(1));
    let starts = rounds.saturating_mul(u64::from(standing.policy.concurrency));
    Some(due.min(u32::try_from(starts).unwrap_or(u32::MAX)))
}
