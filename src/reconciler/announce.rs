//! What the loop announces: beginnings and ends of attempts, holds that are news, and services that
//! AWS says it retires tasks of.

use std::collections::BTreeSet;

use super::Reconciler;
use super::observe;
use crate::announce::{Announcement, Noticed};
use crate::plan::Plan;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Attempt, Call, Finished};
use crate::plan::notice::{EventKey, NoticePage};

impl Reconciler {
    /// A refresh was accepted.
    pub(super) fn announce_started(&self, attempt: &Attempt) {
        let arn = self.arn(&attempt.service);
        self.announcer.announce(Announcement::started(attempt, arn, self.now()));
    }

    /// An attempt has its outcome.
    pub(super) fn announce_finished(&self, finished: &Finished) {
        let attempt = &finished.attempt;
        let (arn, new_tasks) = (self.arn(&attempt.service), self.new_tasks(attempt));
        self.announcer.announce(Announcement::finished(finished, arn, new_tasks, self.now()));
    }

    /// The holds that are new in `plan`. Whoever asks for a refresh by hand is told directly.
    pub(super) fn announce_holds(&mut self, plan: &Plan) {
        if self.announcer.is_silent() || self.policies.by_hand.is_some() {
            return;
        }
        for held in self.holds.news(&self.plan, plan) {
            let arn = self.arn(held.service);
            self.announcer.announce(Announcement::held(&held, arn, plan.now));
        }
    }

    /// Takes in pages that are stored, new ones or such as say more now, and announces each service
    /// that their notices did not name before.
    pub(super) fn extend_notices(&mut self, pages: Vec<NoticePage>) {
        let events: BTreeSet<EventKey> = pages.iter().map(|page| page.key.event.clone()).collect();
        let before = self.named(&events);
        self.ledger.notices.extend(pages);
        for (event, service) in self.named(&events).difference(&before) {
            self.announce_noticed(event, service);
        }
    }

    /// The services that something may still have to be done about.
    fn named(&self, events: &BTreeSet<EventKey>) -> BTreeSet<(EventKey, ServiceKey)> {
        let open = events.iter().filter_map(|event| self.ledger.notices.notice(event));
        open.filter(|notice| notice.is_open())
            .flat_map(|notice| {
                let services = notice.services.iter().filter(|(_, resolved)| !**resolved);
                services.map(|(service, _)| (notice.key.clone(), service.clone()))
            })
            .collect()
    }

    fn announce_noticed(&self, event: &EventKey, service: &ServiceKey) {
        let Some(notice) = self.ledger.notices.notice(event) else { return };
        let policy = self.plan.verdict(service).map(|verdict| &verdict.policy);
        let unmanaged = policy.is_none() && self.is_unmanaged(service);
        let noticed = Noticed { service, notice, policy, unmanaged };
        self.announcer.announce(Announcement::noticed(&noticed, self.arn(service), self.now()));
    }

    /// Whether a service without a verdict is known to belong to no policy, and not only not looked
    /// at yet.
    fn is_unmanaged(&self, service: &ServiceKey) -> bool {
        let seen = self.fleet.service(service).and_then(|seen| seen.description.as_ref());
        seen.is_some() || !observe::select(&self.policies, service.cluster())
    }

    /// The service's ARN as ECS writes it.
    fn arn(&self, service: &ServiceKey) -> Option<&str> {
        Some(&*self.fleet.service(service)?.description.as_ref()?.arn)
    }

    /// How many tasks of the attempt's own deployment run, as long as ECS lists it.
    fn new_tasks(&self, attempt: &Attempt) -> Option<u32> {
        let Call::Accepted { deployment, known_at, .. } = &attempt.call else { return None };
        let seen = self.fleet.service(&attempt.service)?.description.as_ref()?;
        let since = seen.described_at >= *known_at;
        seen.deployment(deployment).filter(|_| since).map(|ours| ours.running_count)
    }
}
