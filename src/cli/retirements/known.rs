//! What is known of retirements: the ledger, and one look.

use crate::aws::Ecs;
use crate::cli::look::{look, unseen};
use crate::clock::{Clock, Time};
use crate::plan::NoticePlan;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::Ledger;
use crate::plan::notice::{EventKey, EventStatus, Retirement};
use crate::plan::policy::Policies;
use crate::plan::step::Step;
use crate::reconciler::status::Status;
use crate::settings::Settings;

/// Everything that is printed.
#[derive(Debug)]
pub struct Known {
    pub now: Time,
    pub status: Status,
    pub ledger: Ledger,
    pub sources: Sources,
    /// Why there was no look, if there was none.
    pub unseen: Option<String>,
}

/// Where notices come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    pub queue_url: Option<String>,
    pub health: bool,
}

impl Sources {
    /// What the configuration says.
    pub fn of(settings: &Settings) -> Self {
        Self { queue_url: settings.events.queue_url.clone(), health: settings.health.poll }
    }
}

impl Known {
    /// Looks once, unless there is nothing to look for or nobody to ask.
    pub async fn new(
        mut policies: Policies,
        ecs: Result<Ecs, String>,
        ledger: Ledger,
        sources: Sources,
        clock: &Clock,
    ) -> Self {
        // In a dry run the plan would not say what is to be remembered. Nothing executes this one.
        policies.dry_run = false;
        let now = clock.now();
        let seen = if ledger.notices.is_empty() {
            Ok(unseen(policies, &ledger, now))
        } else {
            match ecs {
                Ok(ecs) => look(policies.clone(), ecs, &ledger, clock)
                    .await
                    .map_err(|problem| (policies, problem.to_string())),
                Err(problem) => Err((policies, problem)),
            }
        };
        let (status, problem) = match seen {
            Ok(status) => (status, None),
            Err((policies, problem)) => (unseen(policies, &ledger, now), Some(problem)),
        };
        let ledger = followed(ledger, &status);
        Self { now: status.plan.now, status, ledger, sources, unseen: problem }
    }

    /// The notices, the earliest deadline first, those without one after them and those that are
    /// over at the end.
    pub fn notices(&self) -> Vec<&NoticePlan> {
        let mut notices: Vec<&NoticePlan> = self.status.plan.notices.iter().collect();
        notices.sort_by_key(|notice| {
            let over = notice.status == EventStatus::Closed;
            (over, notice.deadline.is_none(), notice.deadline)
        });
        notices
    }

    /// What is remembered of a notice for one service.
    pub fn evidence(&self, event: &EventKey, service: &ServiceKey) -> Option<&Retirement> {
        let record = self.ledger.records.get(service)?;
        record.retirements.iter().find(|known| known.event.as_ref() == Some(event))
    }

    /// Evidence that belongs to no notice that is known: retirements that were only observed, and
    /// those whose notice is long over.
    pub fn unannounced(&self) -> impl Iterator<Item = (&ServiceKey, &Retirement)> {
        let records = self.ledger.records.iter();
        let all =
            records.flat_map(|(key, record)| record.retirements.iter().map(move |r| (key, r)));
        all.filter(|(_, known)| {
            known.event.as_ref().is_none_or(|event| self.ledger.notices.notice(event).is_none())
        })
    }

    /// The policy that selects a service, where it was seen.
    pub fn policy(&self, service: &ServiceKey) -> Option<&str> {
        self.status.plan.verdict(service).map(|verdict| &*verdict.policy)
    }
}

/// The ledger with what the look has shown, as the daemon will remember it.
fn followed(mut ledger: Ledger, status: &Status) -> Ledger {
    for step in &status.plan.steps {
        if let Step::Follow { service, retirements } = step {
            let record = ledger.records.entry(service.clone()).or_default();
            record.retirements.clone_from(retirements);
        }
    }
    ledger
}
