//! The plan: a verdict for every service, the steps to take and the looks that are missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::TimeDelta;

use super::admission::{Candidate, InFlight, admit};
use super::due::shift;
use super::fleet::{Fleet, Service};
use super::gate::{Asked, Gate, Gated};
use super::key::ServiceKey;
use super::ledger::{Attempt, Cause, Ledger, Record};
use super::notice::{About, Pending};
use super::notice_plan::{NoticePlan, notice_plans};
use super::outlook::Outlook;
use super::pace::{PolicyPlan, policy_plans};
use super::policy::Policies;
use super::proof::{Evidence, Judgement, judge};
use super::selection::{ClusterSelection, Owner};
use super::standing::Standing;
use super::starting::{before, rollout_timeout, tasks_outdated};
use super::step::{Depth, Look, Start, Step};
use super::verdict::{Due, Reason, Verdict};
use crate::clock::Time;

/// A start rests on a reading that began less long ago than this.
const FRESH_ENOUGH: TimeDelta = TimeDelta::seconds(5);

/// What should happen, and why not more.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The instant that the plan was made for.
    pub now: Time,
    /// Every known service that a policy selects or that has an open attempt, in the order of the
    /// keys.
    pub verdicts: Vec<(ServiceKey, Verdict)>,
    /// At most one per service. Empty in a dry run.
    pub steps: Vec<Step>,
    /// What must be looked at again, and when.
    pub looks: Vec<Look>,
    /// In file order.
    pub policies: Vec<PolicyPlan>,
    /// When the plan changes by itself at the latest, though nothing new is seen: a pause ends.
    /// Openings of windows are not among it.
    pub wake_at: Option<Time>,
    /// Every notice that is remembered, in the order of the keys.
    pub notices: Vec<NoticePlan>,
}

impl Plan {
    /// The plan of a fleet of which nothing is known.
    pub fn empty(now: Time) -> Self {
        Self {
            now,
            verdicts: Vec::new(),
            steps: Vec::new(),
            looks: Vec::new(),
            policies: Vec::new(),
            wake_at: None,
            notices: Vec::new(),
        }
    }

    /// The verdict about one service.
    pub fn verdict(&self, service: &ServiceKey) -> Option<&Verdict> {
        let found = self.verdicts.binary_search_by(|(key, _)| key.cmp(service)).ok()?;
        Some(&self.verdicts[found].1)
    }
}

/// Decides about every service, from what was seen, what is remembered and what the policies say.
///
/// Total and pure: the same arguments always make the same plan, and there is no argument that it
/// has no answer for.
pub fn plan(policies: &Policies, fleet: &Fleet, ledger: &Ledger, now: Time) -> Plan {
    let standings = Standing::of_all(policies, ledger, now);
    let until = ledger.notices.iter().filter_map(|notice| notice.deadline).max();
    let outlook = |standing| Outlook::new(standing, now, until.unwrap_or(now));
    let outlooks: Vec<_> = standings.iter().map(outlook).collect();
    let mut planner = Planner {
        policies,
        fleet,
        standings: &standings,
        outlooks: &outlooks,
        now,
        verdicts: Vec::with_capacity(fleet.services().size_hint().0),
        candidates: Vec::new(),
        steps: Vec::new(),
        looks: Vec::new(),
        wake_at: None,
        following: BTreeSet::new(),
    };
    planner.judge_services(ledger);
    planner.judge_unknown_services(ledger);
    planner.admit(ledger);
    let in_flight = InFlight::of(ledger);
    planner.judge_risks(&in_flight);
    let policy_plans = policy_plans(&standings, &in_flight, &planner.verdicts, now);
    let Planner { verdicts, steps, looks, wake_at, .. } = planner;
    let notices = notice_plans(policies, fleet, ledger, &verdicts, now);
    Plan { now, verdicts, steps, looks, policies: policy_plans, wake_at, notices }
}

pub(super) struct Planner<'a> {
    pub(super) policies: &'a Policies,
    pub(super) fleet: &'a Fleet,
    pub(super) standings: &'a [Standing<'a>],
    pub(super) outlooks: &'a [Outlook<'a>],
    pub(super) now: Time,
    pub(super) verdicts: Vec<(ServiceKey, Verdict)>,
    candidates: Vec<Candidate>,
    steps: Vec<Step>,
    pub(super) looks: Vec<Look>,
    pub(super) wake_at: Option<Time>,
    /// Services with a step that remembers what became of a notice.
    pub(super) following: BTreeSet<ServiceKey>,
}

impl<'a> Planner<'a> {
    /// Services and records are both in the order of their keys, so they are walked side by side.
    fn judge_services(&mut self, ledger: &'a Ledger) {
        let mut records = ledger.records.iter().peekable();
        let mut notices = ledger.notices.by_service().peekable();
        let mut selection: Option<(&super::key::ClusterKey, ClusterSelection<'a>)> = None;
        for service in self.fleet.services() {
            while records.next_if(|(key, _)| **key < service.key).is_some() {}
            let record = records.next_if(|(key, _)| **key == service.key).map(|(_, record)| record);
            while notices.next_if(|(key, _)| **key < service.key).is_some() {}
            let about = notices.next_if(|(key, _)| **key == service.key).map(|(_, about)| about);
            let about = about.unwrap_or_else(|| ledger.notices.about_none());
            let cluster = service.key.cluster();
            let in_cluster = match &selection {
                Some((known, selection)) if *known == cluster => selection,
                _ => {
                    let of_cluster = ClusterSelection::of(self.policies, cluster);
                    &selection.insert((cluster, of_cluster)).1
                }
            };
            let owner = in_cluster.owner(service);
            self.judge_service(service, owner, about, record);
        }
    }

    fn judge_service(
        &mut self,
        service: &Service,
        owner: Option<Owner<'_>>,
        about: About<'a>,
        record: Option<&Record>,
    ) {
        if let Some(attempt) = record.and_then(|record| record.open.as_ref()) {
            let (index, also) = owner.map(|owner| (owner.index, owner.also)).unzip();
            return self.judge_attempt(attempt, Some((service, about)), record, (index, also));
        }
        let Some(owner) = owner else { return };
        let asked = match &self.policies.by_hand {
            None => Asked::ByPolicy,
            Some(by_hand) if by_hand.service == service.key => {
                Asked::ByHand { despite_freeze: by_hand.despite_freeze }
            }
            Some(_) => return,
        };
        let standing = &self.standings[owner.index];
        let pending = Self::pending(service, about, record);
        let gate = Gate {
            standing,
            service,
            record,
            pending: pending.as_ref(),
            is_own: self.fleet.own() == Some(&service.key),
            asked,
            now: self.now,
        };
        let gated = gate.decide();
        self.wake_for(gated.blocked.as_ref());
        if gated.blocked.is_none() {
            self.add_candidate(service, &owner, record, &gated, pending.as_ref());
        }
        // The admission decides about candidates below; until then they wait for their turn.
        let reason = gated.blocked.unwrap_or(Reason::NotObservedYet);
        let verdict = Verdict {
            policy: owner.policy.name.clone(),
            also_selected_by: owner.also,
            reason,
            oldest_created_at: gated.oldest_created_at,
            due: gated.due,
            next_window: standing.next_opening(),
            retirement: pending.map(|pending| self.ahead(owner.index, &pending)),
        };
        self.wake_for_retirement(verdict.retirement.as_deref());
        self.verdicts.push((service.key.clone(), verdict));
        self.follow(service, about, record);
    }

    fn add_candidate(
        &mut self,
        service: &Service,
        owner: &Owner<'_>,
        record: Option<&Record>,
        gated: &Gated,
        pending: Option<&Pending<'_>>,
    ) {
        let by_retirement = gated.due.is_some_and(|due| due.cause == Cause::Retirement);
        let last = record.and_then(|record| record.last.as_ref());
        let candidate = Candidate {
            service: service.key.clone(),
            verdict: self.verdicts.len(),
            policy: owner.index,
            desired_count: service.description.as_ref().map_or(0, |seen| seen.desired_count),
            failed_last: last.is_some_and(|last| last.outcome.is_failure()),
            deadline: pending.filter(|_| by_retirement).and_then(|pending| pending.notice.deadline),
            oldest_created_at: gated.oldest_created_at,
        };
        self.candidates.push(candidate);
    }

    /// Open attempts of services that were not seen, or are gone.
    fn judge_unknown_services(&mut self, ledger: &Ledger) {
        let known = self.verdicts.len();
        for (key, record) in &ledger.records {
            if let Some(attempt) = &record.open
                && self.fleet.service(key).is_none()
            {
                self.judge_attempt(attempt, None, Some(record), (None, None));
            }
        }
        if self.verdicts.len() > known {
            self.sort_verdicts();
        }
    }

    fn sort_verdicts(&mut self) {
        let mut order: Vec<usize> = (0..self.verdicts.len()).collect();
        order.sort_by(|a, b| self.verdicts[*a].0.cmp(&self.verdicts[*b].0));
        let mut place = vec![0; order.len()];
        for (to, from) in order.iter().enumerate() {
            place[*from] = to;
        }
        for candidate in &mut self.candidates {
            candidate.verdict = place[candidate.verdict];
        }
        self.verdicts.sort_by(|(a, _), (b, _)| a.cmp(b));
    }

    fn judge_attempt(
        &mut self,
        attempt: &Attempt,
        seen: Option<(&Service, About<'a>)>,
        record: Option<&Record>,
        (owner, also_selected_by): (Option<usize>, Option<Vec<Arc<str>>>),
    ) {
        let service = seen.map(|(service, _)| service);
        let evidence = Evidence { service, gone_at: self.fleet.gone_at(&attempt.service) };
        let judgement = judge(attempt, evidence, self.now);
        let dry_run = self.policies.dry_run;
        let judged = |outcome| Reason::Judged { attempt: attempt.id.clone(), outcome, dry_run };
        let (service_key, id) = (attempt.service.clone(), attempt.id.clone());
        let reason = match judgement {
            Judgement::Going { reason, depth, at } => {
                self.looks.push(Look { service: service_key, depth, at });
                reason
            }
            Judgement::Adopt(call) => {
                self.step(Step::Adopt { service: service_key, attempt: id.clone(), call });
                Reason::CallUnknown { attempt: id }
            }
            Judgement::Extend { reason, deadline } => {
                self.step(Step::Extend { service: service_key, attempt: id, deadline });
                reason
            }
            Judgement::MoveOn { reason, deadline } => {
                self.step(Step::MoveOn { service: service_key, attempt: id, deadline });
                reason
            }
            Judgement::Abandon => {
                self.step(Step::Abandon { service: service_key, attempt: id });
                judged(None)
            }
            Judgement::Finish { outcome, diagnosis, primary } => {
                let service = service_key;
                self.step(Step::Finish { service, attempt: id, outcome, diagnosis, primary });
                judged(Some(outcome))
            }
        };
        let pending = seen.and_then(|(service, about)| Self::pending(service, about, record));
        let verdict = Verdict {
            policy: attempt.policy.clone(),
            also_selected_by: also_selected_by.unwrap_or_default(),
            reason,
            oldest_created_at: attempt.before.oldest_created_at,
            due: Some(Due { cause: attempt.cause, since: attempt.intent_at }),
            next_window: None,
            retirement: owner.zip(pending).map(|(owner, pending)| self.ahead(owner, &pending)),
        };
        self.verdicts.push((attempt.service.clone(), verdict));
    }

    fn admit(&mut self, ledger: &Ledger) {
        let candidates = std::mem::take(&mut self.candidates);
        let admitted = if self.policies.by_hand.is_some() {
            candidates.into_iter().map(|candidate| (candidate, None)).collect()
        } else {
            admit(candidates, self.standings, ledger, self.policies.limits, self.now)
        };
        for (candidate, blocked) in admitted {
            self.wake_for(blocked.as_ref());
            let verdict = &mut self.verdicts[candidate.verdict].1;
            let (cause, oldest) = (verdict.due.map(|due| due.cause), verdict.oldest_created_at);
            let Some(cause) = cause else { continue };
            let age = oldest.map(|oldest| crate::clock::elapsed(oldest, self.now));
            let admitted = blocked.is_none();
            verdict.reason =
                blocked.unwrap_or(Reason::Due { cause, age, dry_run: self.policies.dry_run });
            if admitted {
                self.start(&candidate, cause);
            }
        }
    }

    /// Starts what was seen recently enough, and asks for a look at the rest.
    fn start(&mut self, candidate: &Candidate, cause: Cause) {
        // What is to be remembered of it comes first: a service is in one step at a time.
        let following = self.following.contains(&candidate.service);
        if self.policies.dry_run || following {
            return;
        }
        let Some(service) = self.fleet.service(&candidate.service) else { return };
        let Some(description) = &service.description else { return };
        let age = self.now - description.described_at;
        if age >= FRESH_ENOUGH || age < TimeDelta::zero() {
            let look = Look { service: service.key.clone(), depth: Depth::Describe, at: self.now };
            return self.looks.push(look);
        }
        if tasks_outdated(service, description) {
            let look = Look { service: service.key.clone(), depth: Depth::Tasks, at: self.now };
            return self.looks.push(look);
        }
        let Some(before) = before(service, description) else { return };
        let standing = &self.standings[candidate.policy];
        let view = &standing.view;
        let window_closes = match (&self.policies.by_hand, cause) {
            (Some(_), _) => Time::MAX_UTC,
            (None, Cause::Retirement) => {
                view.allowed_until.or(view.unfrozen_until).unwrap_or(self.now)
            }
            (None, Cause::Age | Cause::Manual) => view.allowed_until.unwrap_or(self.now),
        };
        self.step(Step::Start(Start {
            service: service.key.clone(),
            policy: standing.policy.name.clone(),
            cause,
            before,
            send_by: window_closes.min(shift(description.described_at, FRESH_ENOUGH)),
            rollout_timeout: rollout_timeout(standing.policy, description),
        }));
    }

    pub(super) fn step(&mut self, step: Step) {
        if !self.policies.dry_run {
            self.steps.push(step);
        }
    }

    /// A pause that ends by itself changes the plan.
    fn wake_for(&mut self, blocked: Option<&Reason>) {
        let at = match blocked {
            Some(Reason::Settling { until }) => until.time(),
            Some(Reason::CallRefused { retry_at, .. }) => retry_at.time(),
            _ => return,
        };
        self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
    }
}
