//! The checks within the plan: between what a service says for itself and who goes first.

use std::collections::BTreeSet;

use super::{Name, Subject};
use crate::clock::{Time, elapsed};
use crate::plan::fleet::Service;
use crate::plan::gate::{Asked, Gated};
use crate::plan::ledger::{Outcome, Record};
use crate::plan::planner::Planner;
use crate::plan::policy::Policies;
use crate::plan::standing::Standing;
use crate::plan::surroundings::{Surroundings, Tier};
use crate::plan::verdict::Reason;

/// Nothing that a person does not mind.
static NONE: BTreeSet<Name> = BTreeSet::new();

/// What the checks of a service look at; `None` while it was not described.
pub(in crate::plan) fn subject<'a>(
    policies: &'a Policies,
    service: &'a Service,
    standing: &'a Standing<'a>,
    record: Option<&Record>,
    known: &'a Surroundings,
    now: Time,
) -> Option<Subject<'a>> {
    let last = record.and_then(|record| record.last.as_ref());
    let proven = last.filter(|last| last.outcome == Outcome::Succeeded);
    let took = proven.map(|last| {
        let moved_at = last.attempt.moved_at.unwrap_or(last.finished_at);
        elapsed(last.attempt.intent_at, moved_at)
    });
    let by_hand = policies.by_hand.as_ref().filter(|by_hand| by_hand.service == service.key);
    Some(Subject {
        service,
        description: service.description.as_ref()?,
        standing,
        known,
        tier: Tier::Ahead,
        in_window: by_hand.is_none(),
        took,
        despite: by_hand.map_or(&NONE, |by_hand| &by_hand.despite),
        now,
    })
}

impl Planner<'_> {
    /// What a check says against a refresh that is due. Windows that are shut hide nothing that has to be
    /// seen to before they open.
    pub(in crate::plan) fn preflight(
        &self,
        service: &Service,
        standing: &Standing<'_>,
        record: Option<&Record>,
        gated: &Gated,
        asked: Asked,
    ) -> Option<Reason> {
        let waits = matches!(gated.blocked, None | Some(Reason::WindowClosed { .. }));
        gated.due.filter(|_| waits)?;
        let known = self.fleet.surroundings();
        let subject = subject(self.policies, service, standing, record, known, self.now)?;
        let in_window = asked == Asked::ByPolicy && !gated.outside_window;
        let subject = Subject { tier: Tier::Start, in_window, ..subject };
        subject.held(gated.blocked.is_none()).map(|check| Reason::Preflight(Box::new(check)))
    }
}
