//! What verdicts say of retirements, and whether all that is due fits before the deadlines.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::admission::InFlight;
use super::due::{Age, age, shift};
use super::fleet::Service;
use super::ledger::Record;
use super::notice::{About, Pending, pending, track};
use super::planner::Planner;
use super::standing::Standing;
use super::step::{Depth, Look, Step};
use super::verdict::{LeftToAws, Prospect, RetirementAhead, Verdict, VerdictKind};
use crate::clock::Time;

/// The stopped tasks of one service are asked for no more often than this. ECS shows them for an
/// hour.
const STOPPED_PAUSE: TimeDelta = TimeDelta::minutes(20);

impl<'a> Planner<'a> {
    /// The notice that asks for a refresh of the service, if one does.
    pub(super) fn pending(
        service: &Service,
        about: About<'a>,
        record: Option<&Record>,
    ) -> Option<Pending<'a>> {
        about.asking().next()?;
        let oldest = match age(service.tasks.as_ref()) {
            Age::Oldest(oldest) => Some(oldest),
            Age::NoTasks | Age::Unknown(_) | Age::Partial | Age::NotListed => None,
        };
        pending(about, record, oldest)
    }

    /// Remembers what became of notices, and asks for the tasks that stopped when some were replaced
    /// without a deployment: AWS may have retired them.
    pub(super) fn follow(&mut self, service: &Service, about: About<'_>, record: Option<&Record>) {
        if let Some(retirements) = track(about, service, record, self.now) {
            self.following.insert(service.key.clone());
            self.step(Step::Follow { service: service.key.clone(), retirements });
        }
        if let Some(replaced_at) = service.replaced_at {
            let asked_at = service.stopped.as_ref().map(|stopped| stopped.asked_at);
            let at = asked_at.map_or(replaced_at, |at| shift(at, STOPPED_PAUSE).max(replaced_at));
            let look = Look { service: service.key.clone(), depth: Depth::Stopped, at };
            self.looks.push(look);
        }
    }

    /// A notice changes the plan when a deadline comes near.
    pub(super) fn wake_for_retirement(&mut self, retirement: Option<&RetirementAhead>) {
        let Some(retirement) = retirement else { return };
        let outside = match retirement.prospect {
            Prospect::Outside { from } => Some(from.time()),
            _ => None,
        };
        let deadline = retirement.deadline.map(|deadline| deadline.time());
        for at in [outside, deadline].into_iter().flatten().filter(|at| *at > self.now) {
            self.wake_at = Some(self.wake_at.map_or(at, |known| known.min(at)));
        }
    }

    /// What the policy at `owner` makes of a notice. Whether it is at risk is judged over all
    /// services together, later.
    pub(super) fn ahead(&self, owner: usize, pending: &Pending<'_>) -> Box<RetirementAhead> {
        let deadline = pending.notice.deadline;
        Box::new(RetirementAhead {
            event: pending.notice.key.clone(),
            cutoff: pending.cutoff,
            deadline: deadline.map(|deadline| self.standings[owner].zoned(deadline)),
            missed: deadline.is_some_and(|deadline| deadline <= self.now),
            reopened: pending.reopened,
            prospect: self.outlooks[owner].prospect(deadline),
            at_risk: false,
        })
    }

    /// Marks what will hardly be done before its deadline: what the policy or a hold keeps from
    /// being done at all, and what comes too late in the queue at the pace seen so far.
    pub(super) fn judge_risks(&mut self, in_flight: &InFlight) {
        if self.verdicts.iter().all(|(_, verdict)| verdict.retirement.is_none()) {
            return;
        }
        let standings = self.standings.iter().enumerate();
        let by_name: BTreeMap<&str, usize> =
            standings.map(|(index, standing)| (&*standing.policy.name, index)).collect();
        let mut queues: Vec<Vec<Queued>> = self.standings.iter().map(|_| Vec::new()).collect();
        for (position, (_, verdict)) in self.verdicts.iter_mut().enumerate() {
            if verdict.retirement.is_some()
                && let Some(index) = by_name.get(&*verdict.policy)
            {
                queues[*index].extend(judge_alone(position, verdict));
            }
        }
        let overall = Standing::overall_pace(self.standings);
        for (index, (standing, mut queue)) in self.standings.iter().zip(queues).enumerate() {
            let name = &standing.policy.name;
            let under_way = in_flight.by_policy.get(name).copied().unwrap_or(0);
            let pace = standing.pace().or(overall);
            let at_once = self.policies.limits.max_in_flight;
            queue.sort();
            let outlook = &self.outlooks[index];
            // A notice names many services, which all have its deadline.
            let mut counted: Option<(Time, u64)> = None;
            for (place, queued) in (u64::from(under_way)..).zip(&queue) {
                let starts = match counted {
                    Some((deadline, starts)) if deadline == queued.deadline => starts,
                    _ => outlook.starts_before(queued.deadline, pace, at_once),
                };
                counted = Some((queued.deadline, starts));
                if let Some(retirement) = &mut self.verdicts[queued.position].1.retirement {
                    retirement.at_risk = place >= starts;
                }
            }
        }
    }
}

/// A service that waits for its turn before a deadline, in the order in which they come.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Queued {
    deadline: Time,
    oldest_created_at: Option<Time>,
    position: usize,
}

/// Judges what needs no other service to be known; `Some` for what takes its turn.
fn judge_alone(position: usize, verdict: &mut Verdict) -> Option<Queued> {
    let kind = verdict.reason.kind();
    let oldest_created_at = verdict.oldest_created_at;
    let retirement = verdict.retirement.as_deref_mut()?;
    let deadline = retirement.deadline?.time();
    if retirement.prospect == Prospect::LeftToAws(LeftToAws::Ignored) {
        return None;
    }
    let hopeless = matches!(retirement.prospect, Prospect::LeftToAws(_));
    retirement.at_risk = hopeless || retirement.missed || kind == VerdictKind::Hold;
    (!retirement.at_risk && kind != VerdictKind::Rolling).then_some(Queued {
        deadline,
        oldest_created_at,
        position,
    })
}
