//! The plan: a verdict for every service, the steps to take and the looks that are missing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::admission::{Candidate, InFlight};
use super::deadline::deadline;
use super::fleet::{Fleet, Service};
use super::gate::{Asked, Gate, Gated};
use super::key::ServiceKey;
use super::ledger::{Attempt, Cause, Ledger, Record};
use super::notice::{About, Pending};
use super::notice_plan::{NoticePlan, notice_plans};
use super::outlook::Outlook;
use super::pace::{PolicyPlan, policy_plans};
use super::policy::Policies;
use super::proof::{Evidence, Judgement, call_unknown, judge};
use super::rescue::Remedy;
use super::selection::{ClusterSelection, Owner};
use super::standing::Standing;
use super::step::{Look, Step};
use super::surroundings::Want;
use super::verdict::{Due, Reason, RescueState, Verdict};
use crate::clock::Time;

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
    /// What has to be read of what services refer to. Empty when all of it is known.
    pub wants: BTreeSet<Want>,
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
            wants: BTreeSet::new(),
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
        wants: BTreeSet::new(),
        following: BTreeSet::new(),
    };
    planner.judge_services(ledger);
    planner.judge_unknown_services(ledger);
    planner.admit(ledger);
    let in_flight = InFlight::of(ledger);
    planner.judge_risks(&in_flight);
    let policy_plans = policy_plans(&standings, &in_flight, &planner.verdicts, now);
    let Planner { verdicts, steps, looks, wake_at, wants, .. } = planner;
    let notices = notice_plans(policies, fleet, ledger, &verdicts, now);
    Plan { now, verdicts, steps, looks, policies: policy_plans, wake_at, wants, notices }
}

pub(super) struct Planner<'a> {
    pub(super) policies: &'a Policies,
    pub(super) fleet: &'a Fleet,
    pub(super) standings: &'a [Standing<'a>],
    pub(super) outlooks: &'a [Outlook<'a>],
    pub(super) now: Time,
    pub(super) verdicts: Vec<(ServiceKey, Verdict)>,
    pub(super) candidates: Vec<Candidate>,
    steps: Vec<Step>,
    pub(super) looks: Vec<Look>,
    pub(super) wake_at: Option<Time>,
    /// What is not known yet of what services refer to.
    pub(super) wants: BTreeSet<Want>,
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
            is_own: self.is_own(&service.key) && !self.fleet.hands_over(),
            group: self.code_deploy_group(service),
            asked,
            now: self.now,
        };
        let mut gated = gate.decide();
        if let Some(reason) = self.preflight(service, standing, record, &gated, asked) {
            gated.blocked = Some(reason);
        }
        self.wake_for(gated.blocked.as_ref());
        if gated.due.is_some() {
            self.want_code_deploy_group(service);
        }
        if gated.blocked.is_none() {
            self.add_candidate(service, &owner, record, &gated, pending.as_ref());
        }
        // The admission decides about candidates below; until then they wait for their turn.
        let reason = gated.blocked.unwrap_or(Reason::NotObservedYet);
        let (timeout, known) = (owner.policy.rollout_timeout, self.fleet.surroundings());
        let due_as = gated.due.and(service.description.as_ref());
        let failed =
            record.and_then(|record| record.last.as_ref()).filter(|_| reason.is_about_failure());
        let verdict = Verdict {
            finding: failed.and_then(|last| last.finding.clone()).map(Box::new),
            policy: owner.policy.name.clone(),
            also_selected_by: owner.also,
            reason,
            oldest_created_at: gated.oldest_created_at,
            due: gated.due,
            deadline: due_as.map(|seen| Box::new(deadline(timeout, seen, known))),
            next_window: standing.next_opening(),
            retirement: pending.map(|pending| self.ahead(owner.index, &pending)),
        };
        self.wake_for_retirement(verdict.retirement.as_deref());
        self.verdicts.push((service.key.clone(), verdict));
        self.follow(service, about, record);
    }

    fn is_own(&self, service: &ServiceKey) -> bool {
        self.fleet.own() == Some(service)
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
            is_own: self.is_own(&service.key),
            verdict: self.verdicts.len(),
            policy: owner.index,
            desired_count: service.description.as_ref().map_or(0, |seen| seen.desired_count),
            failed_last: last.is_some_and(|last| last.outcome.is_failure()),
            deadline: pending.filter(|_| by_retirement).and_then(|pending| pending.notice.deadline),
            oldest_created_at: gated.oldest_created_at,
            group: self
                .code_deploy_group(service)
                .and_then(|known| known.value.as_ref().ok())
                .map(super::code_deploy::name),
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
        let gone_at = self.fleet.gone_at(&attempt.service);
        let remedy = Remedy::of(self.policies, attempt, service, owner.is_some());
        let evidence = Evidence { service, gone_at, remedy };
        let judgement = judge(attempt, evidence, self.now);
        let dry_run = self.policies.dry_run;
        let judged = |outcome| Reason::Judged { attempt: attempt.id.clone(), outcome, dry_run };
        let (service_key, id) = (attempt.service.clone(), attempt.id.clone());
        let found = match &judgement {
            Judgement::Finish { finding, .. } => finding.clone(),
            Judgement::Going { reason, .. }
            | Judgement::Extend { reason, .. }
            | Judgement::MoveOn { reason, .. } => reason.finding(),
            Judgement::RollBack(back) => Some(back.finding.clone()),
            Judgement::Adopt(_) | Judgement::Abandon => None,
        };
        let reason = match judgement {
            Judgement::Going { reason, depth, at } => {
                self.looks.push(Look { service: service_key, depth, at });
                reason
            }
            Judgement::Adopt(call) => {
                self.step(Step::Adopt { service: service_key, attempt: id, call });
                call_unknown(attempt)
            }
            Judgement::Extend { reason, deadline } => {
                self.step(Step::Extend { service: service_key, attempt: id, deadline });
                reason
            }
            Judgement::MoveOn { reason, deadline } => {
                self.step(Step::MoveOn { service: service_key, attempt: id, deadline });
                reason
            }
            Judgement::RollBack(back) => {
                self.step(Step::RollBack(back));
                Reason::OurRescue { attempt: id, state: RescueState::Asking { dry_run } }
            }
            Judgement::Abandon => {
                self.step(Step::Abandon { service: service_key, attempt: id });
                judged(None)
            }
            Judgement::Finish { outcome, diagnosis, finding, primary } => {
                let (service, attempt) = (service_key, id);
                self.step(Step::Finish { service, attempt, outcome, diagnosis, finding, primary });
                judged(Some(outcome))
            }
        };
        let pending = seen.and_then(|(service, about)| Self::pending(service, about, record));
        let verdict = Verdict {
            finding: found.map(Box::new),
            policy: attempt.policy.clone(),
            also_selected_by: also_selected_by.unwrap_or_default(),
            reason,
            oldest_created_at: attempt.before.oldest_created_at,
            due: Some(Due { cause: attempt.cause, since: attempt.intent_at }),
            deadline: None,
            next_window: None,
            retirement: owner.zip(pending).map(|(owner, pending)| self.ahead(owner, &pending)),
        };
        self.verdicts.push((attempt.service.clone(), verdict));
    }

    pub(super) fn step(&mut self, step: Step) {
        if !self.policies.dry_run {
            self.steps.push(step);
        }
    }

    /// A pause that ends by itself changes the plan.
    pub(super) fn wake_for(&mut self, blocked: Option<&Reason>) {
        let at = match blocked {
            Some(Reason::Settling { until }) => until.time(),
            Some(Reason::CallRefused { retry_at, .. }) => retry_at.time(),
            _ => return,
        };
        self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
    }
}
