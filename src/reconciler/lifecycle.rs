//! Running the loop, beginning looks and steps, and ending.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::mpsc;

use super::event::{Event, Trigger};
use super::execute::{self, StepEnd, Stepped};
use super::observe::find_clusters;
use super::queue::DueLook;
use super::{LoopError, Reconciler};
use crate::clock::{Time, elapsed};
use crate::plan::code_deploy::Followed;
use crate::plan::evidence::Evidence;
use crate::plan::fleet::Fleet;
use crate::plan::key::ServiceKey;
use crate::plan::step::{Depth, Step};

/// A clock that is kept in step by small corrections may go back by less than this.
const CLOCK_JITTER: TimeDelta = TimeDelta::seconds(1);

impl Reconciler {
    /// Runs until the shutdown is asked for, then lets what is being sent end within `grace`.
    /// Attempts that are under way stay in the ledger, and the next start goes on with them.
    ///
    /// # Errors
    /// When a task of the loop panicked.
    pub async fn run(
        mut self,
        mut triggers: mpsc::Receiver<Trigger>,
        grace: Duration,
    ) -> Result<(), LoopError> {
        self.turn();
        while !self.draining {
            let event = self.next(&mut triggers).await?;
            self.take(event);
        }
        let drained = tokio::time::timeout(grace, self.drain()).await;
        if drained.is_err() {
            tracing::warn!(
                "some calls were not answered within the shutdown grace; the next start resolves them"
            );
        }
        self.tasks.shutdown().await;
        Ok(())
    }

    /// Waits for the steps that are under way.
    async fn drain(&mut self) {
        while !self.stepping.is_empty() {
            match self.tasks.join_next().await {
                Some(Ok(event)) => self.take(event),
                Some(Err(error)) => {
                    tracing::error!(%error, "a part of the reconciler ended unexpectedly");
                }
                None => return,
            }
        }
    }

    /// A clock that was set back makes every reading one from the future, which no newer one would
    /// replace: the fleet is forgotten and looked at again.
    pub(super) fn notice_clock(&mut self) {
        let (now, planned_at) = (self.now(), self.plan.now);
        if planned_at <= now + CLOCK_JITTER {
            return;
        }
        tracing::warn!(
            "the clock went back from {planned_at} to {now}: the fleet is looked at again"
        );
        let own = self.fleet.own().cloned();
        self.fleet = Fleet::default();
        self.fleet.set_own(own, self.effects.leadership.is_elected());
        self.queue.make_all_due(now);
        self.postponed.clear();
    }

    /// Begins the steps of the newest plan, one per service at a time. Whether any was begun.
    pub(super) fn begin_steps(&mut self, now: Time) -> bool {
        let plan = Arc::clone(&self.plan);
        let mut begun = false;
        for step in &plan.steps {
            let service = step.service();
            let busy = self.stepping.contains(service) || self.postponed.contains_key(service);
            let calls = matches!(step, Step::Start(_) | Step::RollBack(_));
            if busy || (self.draining && calls) {
                continue;
            }
            self.begin_step(step, now);
            // Only an intent changes what is known before its step ends: a start takes a slot.
            begun |= calls;
        }
        begun
    }

    fn begin_step(&mut self, step: &Step, now: Time) {
        let service = step.service().clone();
        let before = self.ledger.records.get(&service).cloned().unwrap_or_default();
        let mut after = before.clone();
        match step {
            Step::Start(start) => {
                after.begin(execute::attempt(start, self.effects.leadership.call_timeout(), now));
                self.ledger.records.insert(service.clone(), after.clone());
                let (effects, permit) = (self.effects.clone(), self.permit.clone());
                let sending = execute::start(effects, after, start.clone(), permit);
                return self.step_task(service, sending);
            }
            Step::RollBack(back) => {
                after.ask_rollback(
                    execute::rescue(back, self.effects.leadership.call_timeout(), now),
                    back.deadline,
                );
                self.ledger.records.insert(service.clone(), after.clone());
                let effects = self.effects.clone();
                let records = (before, after);
                let sending =
                    execute::roll_back(effects, back.clone(), records, self.permit.clone());
                return self.step_task(service, sending);
            }
            Step::Adopt { call, .. } => after.accept(call.clone()),
            Step::Finish { outcome, diagnosis, finding, primary, .. } => {
                after.finish(*outcome, diagnosis.clone(), primary.clone(), now);
                after.explain(finding.clone());
                let evidence = Evidence::of(&after, self.fleet.service(&service));
                after.forget_tasks();
                let (effects, records) = (self.effects.clone(), (before, after));
                let finishing = execute::finish(effects, service.clone(), records, evidence);
                return self.step_task(service, finishing);
            }
            Step::Extend { deadline, .. } => after.extend(*deadline),
            Step::MoveOn { deadline, .. } => after.move_on(*deadline, now),
            Step::Follow { retirements, .. } => after.retirements = retirements.clone(),
            Step::Abandon { .. } => after.abandon(),
        }
        let end = match step {
            Step::Follow { .. } => StepEnd::Followed,
            _ => StepEnd::Saved,
        };
        let saving = execute::save(self.effects.clone(), service.clone(), (before, after), end);
        self.step_task(service, saving);
    }

    fn step_task(
        &mut self,
        service: ServiceKey,
        step: impl Future<Output = Stepped> + Send + 'static,
    ) {
        self.stepping.insert(service);
        self.tasks.spawn(async move { Event::Stepped(Box::new(step.await)) });
    }

    /// The deployments of CodeDeploy that attempts about these services made, or may have made.
    fn followed(&self, asked: &[(ServiceKey, Depth)]) -> BTreeMap<ServiceKey, Followed> {
        let of = |(service, _): &(ServiceKey, Depth)| {
            let attempt = self.ledger.records.get(service)?.open.as_ref()?;
            Some((service.clone(), attempt.followed()?))
        };
        asked.iter().filter_map(of).collect()
    }

    /// Begins the looks that are due.
    pub(super) fn begin_looks(&mut self) {
        let now = self.now();
        let touched = self.queue.take_touched(now, self.effects.ecs.api_share());
        for look in self.queue.take_due(now).into_iter().chain(touched) {
            let (observer, ecs) = (Arc::clone(&self.observer), self.effects.ecs.clone());
            let (clock, policies) = (self.effects.clock.clone(), Arc::clone(&self.policies));
            match look {
                DueLook::ListClusters => self.tasks.spawn(async move {
                    let seen = find_clusters(ecs, &policies, clock.now()).await;
                    Event::Clusters { seen, policies }
                }),
                DueLook::Cluster(cluster) => self.tasks.spawn(async move {
                    let begun_at = clock.now();
                    let look = Box::new(observer.look_cluster(&cluster).await);
                    Event::Cluster { look, took: elapsed(begun_at, clock.now()) }
                }),
                DueLook::Services(asked) => {
                    let followed = self.followed(&asked);
                    self.tasks.spawn(async move {
                        let looks = observer.look_services_following(&asked, &followed).await;
                        let asked = asked.into_iter().map(|(key, _)| key).collect();
                        Event::Services { asked, looks }
                    })
                }
                DueLook::Touched(services) => self.tasks.spawn(async move {
                    let looks = observer.look_woken(&services).await;
                    Event::Services { asked: services, looks }
                }),
            };
        }
    }
}
