//! Taking in what happened.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::event::{Event, Reload, Trigger};
use super::execute::{Permit, StepEnd, Stepped};
use super::observe::{self, ClustersSeen};
use super::{Reconciler, STORE_PAUSE};
use crate::plan::fleet::ClusterLook;
use crate::plan::key::{ClusterKey, ServiceKey};

impl Reconciler {
    /// Takes in one event. Nothing is decided here.
    pub(super) fn apply(&mut self, event: Event) {
        let now = self.now();
        match event {
            // A reload asks anew: what older policies select says nothing any more.
            Event::Clusters { seen, policies } if Arc::ptr_eq(&policies, &self.policies) => {
                self.apply_clusters(seen);
            }
            Event::Clusters { .. } => self.progress.made(now),
            Event::Cluster { look, took } => self.apply_cluster(*look, took),
            Event::Services { asked, looks } => {
                self.queue.services_done(&asked);
                for look in looks.into_iter().filter(|look| look.reading.at() <= now) {
                    self.fleet.absorb_service(look);
                }
                self.progress.made(now);
            }
            Event::Stepped(stepped) => {
                self.apply_step(*stepped);
                self.progress.made(now);
            }
            Event::Trigger(Trigger::Wake { reason }) => tracing::debug!(%reason, "woken"),
            Event::Trigger(Trigger::Woken { services }) => {
                let watched =
                    |service: &ServiceKey| self.fleet.cluster(service.cluster()).is_some();
                self.queue.touch(services.into_iter().filter(watched));
            }
            Event::Trigger(Trigger::Notice { pages, answer }) => self.take_in(pages, answer),
            Event::Trigger(Trigger::Queue(problem)) => self.queue_problem = problem,
            Event::Noticed { pages, stored } => self.apply_noticed(pages, stored),
            Event::Mapped(mapped) => self.apply_mapped(*mapped),
            Event::Lease(view) => self.apply_view(&view),
            Event::Loaded { term, ledger } => self.apply_loaded(term, *ledger),
            Event::Surveyed(read) => self.apply_surveyed(*read),
            Event::Trigger(Trigger::Reload(reload)) => self.apply_reload(reload),
            Event::Trigger(Trigger::Shutdown) => {
                self.permit.withdraw();
                self.draining = true;
                self.effects.leadership.resign();
            }
            // Who does not act has little to look at, and its loop goes on all the same.
            Event::Due if !self.role.leads() => self.progress.made(now),
            Event::Due => {}
        }
        self.postponed.retain(|_, until| *until > now);
    }

    fn apply_clusters(&mut self, seen: ClustersSeen) {
        let now = self.now();
        self.progress.made(now);
        if let Some(found) = &seen.found {
            let watched = found.iter().cloned().chain(self.clusters_left_behind()).collect();
            self.fleet.absorb_clusters(&watched, seen.begun_at);
            self.queue.keep_clusters_of(&self.fleet, now);
            self.drop_foreign();
        }
        if self.clusters.listed(&seen) {
            self.report_clusters();
        }
        let begun_at = seen.begun_at.clamp(now - self.resync(), now);
        self.queue.list_clusters_at(begun_at + self.resync());
    }

    /// Clusters that the policies no longer select and in which an attempt is still open: it is
    /// followed to its end.
    fn clusters_left_behind(&self) -> impl Iterator<Item = ClusterKey> {
        let open = self.ledger.records.values().filter_map(|record| record.open.as_ref());
        open.map(|attempt| attempt.service.cluster().clone())
            .filter(|cluster| !observe::select(&self.policies, cluster))
    }

    fn apply_cluster(&mut self, look: ClusterLook, took: Duration) {
        let now = self.now();
        let (cluster, begun_at) = (look.cluster.clone(), look.begun_at);
        // Begun before the clock was set back: its times are another clock's.
        let from_the_future = begun_at > now;
        self.progress.made(now);
        self.outcomes.look_ended(took);
        self.report_look(&look, took);
        self.clusters.looked_at(&look);
        if self.fleet.cluster(&cluster).is_some() && !from_the_future {
            self.fleet.absorb_cluster(look);
            // What came of images since the last look is told at this one.
            self.checked_at = None;
        }
        self.last_look_at = Some(now);
        let next_at = if from_the_future { now } else { begun_at + self.resync() };
        self.queue.cluster_at(&cluster, next_at.max(now));
        self.queue.keep_clusters_of(&self.fleet, now);
    }

    fn apply_step(&mut self, stepped: Stepped) {
        let now = self.now();
        self.report_step(&stepped);
        let Stepped { service, record, end } = stepped;
        self.stepping.remove(&service);
        if let StepEnd::NotStored(_) = end {
            self.postponed.insert(service.clone(), now + STORE_PAUSE);
        }
        if record.open.is_none() && record.last.is_some() {
            self.fleet.drop_post_mortem(&service);
        }
        self.ledger.records.insert(service, record);
    }

    fn apply_reload(&mut self, reload: Reload) {
        let now = self.now();
        match reload {
            Reload::Invalid => self.config_valid = false,
            Reload::Valid { policies, resync, api_share } => {
                self.config_valid = true;
                self.permit.withdraw();
                self.permit = match self.role.leads() {
                    true => Permit::granted(&self.effects.leadership),
                    false => Permit::refused(&self.effects.leadership),
                };
                self.outcomes.ensure_policies(&policies);
                self.outcomes.retain(&policies);
                self.policies = Arc::new(policies);
                self.configured_resync = resync;
                self.api_share = api_share;
                self.set_pace();
                self.mute();
                self.queue.list_clusters_at(now);
                self.queue.clusters_no_later_than(now + self.resync());
            }
        }
    }

    pub(super) fn resync(&self) -> TimeDelta {
        TimeDelta::from_std(self.resync).unwrap_or(TimeDelta::MAX)
    }
}
