//! Which holds are news.
//!
//! A hold is told when it begins, not as long as it lasts, and not what its owner decided before
//! this program was started. What comes and goes is told once in a while, and what holds a whole
//! fleet is not told service by service: people stop reading what floods them.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::announce::Held;
use crate::clock::Time;
use crate::plan::Plan;
use crate::plan::fleet::ProblemClass;
use crate::plan::key::ServiceKey;
use crate::plan::verdict::{Reason, VerdictKind};

/// A hold that often heals by itself must last so long before it is told. So must one that was
/// there already when its service was first seen: a daemon that is started again and again does not
/// tell it each time.
const PATIENCE: TimeDelta = TimeDelta::minutes(5);

/// A service that is held again for the same reason is told again after this: what happens every
/// night is told every night.
const AGAIN_AFTER: TimeDelta = TimeDelta::hours(20);

/// So many services of one policy are told within that time as held for the same reason.
const SERVICES_MAX: usize = 10;

/// What is held, and what was told of it.
#[derive(Debug, Default)]
pub struct Holds {
    held: BTreeMap<ServiceKey, Holding>,
    /// When it was told, by policy and reason.
    told: BTreeMap<(Arc<str>, &'static str), BTreeMap<ServiceKey, Time>>,
}

/// A service that was held at the newest plan.
#[derive(Debug)]
struct Holding {
    reason: &'static str,
    /// When it is to be told; never, or not again, when absent.
    tell_at: Option<Time>,
}

impl Holds {
    /// The holds that are to be told now that `plan` follows `before`.
    pub fn news<'a>(&mut self, before: &Plan, plan: &'a Plan) -> Vec<Held<'a>> {
        let now = plan.now;
        let mut known = std::mem::take(&mut self.held);
        let mut counts: BTreeMap<(&Arc<str>, &'static str), u32> = BTreeMap::new();
        let mut news: Vec<Held<'a>> = Vec::new();
        for (service, verdict) in &plan.verdicts {
            let Some(patience) = patience(&verdict.reason) else { continue };
            let reason = verdict.reason.label();
            *counts.entry((&verdict.policy, reason)).or_default() += 1;
            let known = known.remove(service).filter(|known| known.reason == reason);
            let mut holding = known.unwrap_or_else(|| Holding {
                reason,
                tell_at: match was_free(before, service) {
                    true => Some(now + patience),
                    false if is_decided(&verdict.reason) => None,
                    false => Some(now + PATIENCE),
                },
            });
            if holding.tell_at.is_some_and(|at| at <= now) {
                holding.tell_at = None;
                news.push(Held { service, verdict, services: 1 });
            }
            self.held.insert(service.clone(), holding);
        }
        self.forget(now);
        news.retain(|held| self.tell(held, now));
        for held in &mut news {
            let key = (&held.verdict.policy, held.verdict.reason.label());
            held.services = counts.get(&key).copied().unwrap_or(1);
        }
        news
    }

    /// Whether it may be told, which is remembered then.
    fn tell(&mut self, held: &Held<'_>, now: Time) -> bool {
        let Held { service, verdict, .. } = held;
        let key = (verdict.policy.clone(), verdict.reason.label());
        let told = self.told.entry(key).or_default();
        let services_max = match verdict.reason {
            // One reason for all of them.
            Reason::PolicyStopped { .. } => 1,
            _ => SERVICES_MAX,
        };
        let news = !told.contains_key(*service) && told.len() < services_max;
        if news {
            told.insert((*service).clone(), now);
        }
        news
    }

    /// Forgets what was told long ago, and what a clock that was ahead wrote down.
    fn forget(&mut self, now: Time) {
        for told in self.told.values_mut() {
            told.retain(|_, at| *at <= now && now - *at < AGAIN_AFTER);
        }
        self.told.retain(|_, told| !told.is_empty());
    }
}

/// Whether the service was seen and not held.
fn was_free(plan: &Plan, service: &ServiceKey) -> bool {
    plan.verdict(service).is_some_and(|verdict| {
        let seen = !matches!(verdict.reason, Reason::NotObservedYet);
        seen && verdict.reason.kind() != VerdictKind::Hold
    })
}

/// Whether the hold follows from how somebody set up the service, which stays so over restarts.
fn is_decided(reason: &Reason) -> bool {
    matches!(reason, Reason::HoldTag { .. } | Reason::CodeDeployOptIn)
}

/// How long a hold must last to be told; `None` for what is no hold, or nobody's news.
fn patience(reason: &Reason) -> Option<TimeDelta> {
    match reason {
        _ if reason.kind() != VerdictKind::Hold => None,
        // The configuration says so, and whoever wrote it knows.
        Reason::PolicyDisabled | Reason::OwnService => None,
        Reason::AgeUnknown { .. } | Reason::PartialView | Reason::Unreadable { .. } => {
            Some(PATIENCE)
        }
        Reason::CallRefused { problem, .. } if problem.class == ProblemClass::Throttled => {
            Some(PATIENCE)
        }
        _ => Some(TimeDelta::zero()),
    }
}

#[cfg(test)]
mod tests;
