//! Starting what was admitted, and what a start rests on.

use chrono::TimeDelta;

use super::admission::{Candidate, admit};
use super::due::shift;
use super::fleet::{Description, Service};
use super::gate::task_ids;
use super::ledger::{Before, Cause, Ledger};
use super::planner::Planner;
use super::step::{Depth, Look, Start, Step};
use super::verdict::Reason;
use crate::clock::Time;

/// A start rests on a reading that began less long ago than this.
const FRESH_ENOUGH: TimeDelta = TimeDelta::seconds(5);

/// Whether the PRIMARY changed since the tasks were listed: whoever deployed has replaced them. A
/// listing that is newer than the description is never outdated, however AWS's clock and ours
/// differ.
fn tasks_outdated(service: &Service, description: &Description) -> bool {
    let changed_at = description.primary().and_then(|p| p.updated_at.max(p.created_at));
    service.tasks.as_ref().is_some_and(|tasks| {
        tasks.listed_at < description.described_at
            && changed_at.is_some_and(|changed_at| changed_at >= tasks.listed_at)
    })
}

fn before(service: &Service, description: &Description) -> Option<Before> {
    let primary = description.primary()?;
    let tasks = service.tasks.as_ref();
    Some(Before {
        primary: primary.id.clone(),
        task_definition: primary.task_definition.clone(),
        desired_count: description.desired_count,
        task_count: tasks.map_or(0, |seen| u32::try_from(seen.tasks.len()).unwrap_or(u32::MAX)),
        tasks: task_ids(tasks),
        created_at: tasks.iter().flat_map(|seen| &seen.tasks).map(|task| task.created_at).collect(),
        oldest_created_at: tasks
            .and_then(|tasks| tasks.tasks.iter().filter_map(|task| task.created_at).min()),
    })
}

impl Planner<'_> {
    pub(super) fn admit(&mut self, ledger: &Ledger) {
        let candidates = std::mem::take(&mut self.candidates);
        let admitted = if self.policies.by_hand.is_some() {
            candidates.into_iter().map(|candidate| (candidate, None)).collect()
        } else {
            let own = self.fleet.own();
            admit(candidates, self.standings, (ledger, own), self.policies.limits, self.now)
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
        let Some(service) = self.fleet.service(&candidate.service) else { return };
        let standing = &self.standings[candidate.policy];
        let awaits_survey = self.awaits_survey(service, standing);
        // What is to be remembered of it comes first: a service is in one step at a time.
        let following = self.following.contains(&candidate.service);
        if self.policies.dry_run || following || awaits_survey {
            return;
        }
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
        let Some(deadline) = &self.verdicts[candidate.verdict].1.deadline else { return };
        let timeout = deadline.total;
        let Some((call, rollout_timeout)) = self.start_call(service, description, timeout) else {
            return;
        };
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
            call,
            send_by: window_closes.min(shift(description.described_at, FRESH_ENOUGH)),
            rollout_timeout,
        }));
    }
}
