//! Who goes first, and how many at once: one ordered pass over the candidates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::code_deploy::Target;
use super::ledger::{Attempt, Ledger};
use super::policy::Limits;
use super::standing::Standing;
use super::verdict::{Busy, Limit, Reason};
use crate::clock::Time;
use crate::plan::key::ServiceKey;

/// A service that may be refreshed as far as it alone is concerned.
#[derive(Debug)]
pub struct Candidate {
    pub service: ServiceKey,
    /// Whether it is the daemon's own: it goes last, and alone.
    pub is_own: bool,
    /// The position of the verdict that the admission decides.
    pub verdict: usize,
    /// The position of its policy in file order.
    pub policy: usize,
    pub desired_count: u32,
    /// Whether its last attempt failed: such services come after all others.
    pub failed_last: bool,
    /// The deadline of the retirement that makes it due.
    pub deadline: Option<Time>,
    pub oldest_created_at: Option<Time>,
    /// The deployment group of CodeDeploy that it is deployed by.
    pub group: Option<Arc<str>>,
}

/// Decides for each candidate whether it may start now; the reason says why not.
///
/// A policy starts nothing while it settles or while its concurrency is used up, and the others go
/// on. When a limit over all policies is reached, nobody behind gets past, so that a service with
/// many tasks is not passed by small ones for ever. The daemon's own service waits until nothing else
/// wants to start or is under way, and while it is under way nothing else starts: what is refreshed then
/// is the one who refreshes. What CodeDeploy keeps waiting stops nobody else.
pub fn admit(
    mut candidates: Vec<Candidate>,
    standings: &[Standing<'_>],
    (ledger, own): (&Ledger, Option<&ServiceKey>),
    limits: Limits,
    now: Time,
) -> Vec<(Candidate, Option<Reason>)> {
    candidates.sort_by(|a, b| {
        let order = |c: &Candidate| {
            let oldest = c.oldest_created_at.unwrap_or(Time::MIN_UTC);
            (c.is_own, c.failed_last, c.deadline.unwrap_or(Time::MAX_UTC), oldest)
        };
        order(a).cmp(&order(b)).then_with(|| a.service.cmp(&b.service))
    });
    let mut used = InFlight::of(ledger);
    let own_record = own.and_then(|own| ledger.records.get(own));
    let own_under_way = own_record.is_some_and(|record| record.open.is_some());
    let own_turn = || Some(Reason::Turn { limit: Limit::OwnService });
    let mut full = own_turn().filter(|_| own_under_way);
    let others = candidates.iter().any(|candidate| !candidate.is_own);
    // What stops one candidate of a policy stops all behind it.
    let mut stopped: Vec<Option<Reason>> = vec![None; standings.len()];
    candidates
        .into_iter()
        .map(|candidate| {
            if candidate.is_own && (others || used.refreshes > 0) {
                return (candidate, own_turn());
            }
            if let Some(busy) = used.busy(candidate.group.as_ref()) {
                return (candidate, Some(busy));
            }
            let (standing, stopped) =
                (&standings[candidate.policy], &mut stopped[candidate.policy]);
            if stopped.is_none() {
                *stopped =
                    used.policy_limit(standing, now).or_else(|| full.clone()).or_else(|| {
                        full = used.overall_limit(candidate.desired_count, limits);
                        full.clone()
                    });
                if stopped.is_none() {
                    used.add(&standing.policy.name, candidate.desired_count);
                    let group = candidate.group.iter().cloned();
                    used.groups.extend(group.map(|group| (group, candidate.service.clone())));
                }
            }
            (candidate, stopped.clone())
        })
        .collect()
}

/// What is between intent and outcome.
#[derive(Debug, Default)]
pub struct InFlight {
    pub by_policy: BTreeMap<Arc<str>, u32>,
    refreshes: u32,
    tasks: u32,
    /// Deployment groups of CodeDeploy, and for which service they are busy.
    groups: BTreeMap<Arc<str>, ServiceKey>,
}

/// Old tasks may linger for weeks after production traffic has moved.
fn takes_a_slot(attempt: &&Attempt) -> bool {
    attempt.moved_at.is_none()
}

impl InFlight {
    /// Counts the open attempts whose traffic has not moved yet, also those of policies and services that are no longer there.
    pub fn of(ledger: &Ledger) -> Self {
        let mut used = Self::default();
        // A group is busy until its deployment is over, wherever traffic goes.
        for attempt in ledger.records.values().filter_map(|record| record.open.as_ref()) {
            let group = attempt.code_deploy.iter().map(Target::name);
            used.groups.extend(group.map(|group| (group, attempt.service.clone())));
        }
        for Attempt { policy, before, .. } in
            ledger.records.values().filter_map(|record| record.open.as_ref()).filter(takes_a_slot)
        {
            used.add(policy, before.desired_count);
        }
        used
    }

    /// That CodeDeploy deploys by this group already.
    fn busy(&self, group: Option<&Arc<str>>) -> Option<Reason> {
        let (group, service) = self.groups.get_key_value(group?)?;
        let by = Busy::Refresh(service.clone());
        Some(Reason::CodeDeployBusy { group: group.clone(), by })
    }

    fn add(&mut self, policy: &Arc<str>, desired_count: u32) {
        *self.by_policy.entry(policy.clone()).or_default() += 1;
        self.refreshes += 1;
        self.tasks = self.tasks.saturating_add(desired_count);
    }

    fn policy_limit(&self, standing: &Standing<'_>, now: Time) -> Option<Reason> {
        if let Some(until) = standing.settles_until(now) {
            return Some(Reason::Settling { until: standing.zoned(until) });
        }
        let concurrency = standing.policy.concurrency;
        let used = self.by_policy.get(&standing.policy.name).copied().unwrap_or(0);
        (used >= concurrency).then_some(Reason::Turn { limit: Limit::Concurrency(concurrency) })
    }

    /// A service with more tasks than `max_tasks_in_flight` goes alone rather than never.
    fn overall_limit(&self, desired_count: u32, limits: Limits) -> Option<Reason> {
        if self.refreshes >= limits.max_in_flight {
            return Some(Reason::Turn { limit: Limit::MaxInFlight(limits.max_in_flight) });
        }
        let fits = self.tasks.saturating_add(desired_count) <= limits.max_tasks_in_flight;
        (!fits && self.refreshes > 0)
            .then_some(Reason::Turn { limit: Limit::MaxTasksInFlight(limits.max_tasks_in_flight) })
    }
}
