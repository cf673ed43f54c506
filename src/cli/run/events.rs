//! Listening to what AWS tells: the queue of events and the AWS Health API, wired.

use std::future::Future;

use tokio::sync::{mpsc, watch};

use crate::aws::{Health, Queue};
use crate::cli::connection::Connection;
use crate::clock::Clock;
use crate::lease::View;
use crate::metrics::Metrics;
use crate::reconciler::Trigger;
use crate::settings::Settings;
use crate::triggers::EventMetrics;
use crate::triggers::health::HealthPoll;
use crate::triggers::queue::QueueWatch;

/// What listening rests on.
pub struct Listening<'a> {
    pub settings: &'a Settings,
    pub connection: &'a Connection,
    pub metrics: &'a Metrics,
    pub clock: &'a Clock,
    /// The daemon's own account, where it is known.
    pub account: Option<String>,
}

impl Listening<'_> {
    /// Listens to what the settings name, for ever. In a dry run, and while another replica acts, nothing is
    /// asked for.
    pub fn begin(
        self,
        triggers: &mpsc::Sender<Trigger>,
        dry_run: watch::Receiver<bool>,
        view: watch::Receiver<View>,
    ) -> impl Future<Output = ()> + use<> {
        let Self { settings, connection, metrics, clock, account } = self;
        let events = EventMetrics::register(metrics);
        let (pausing, paused) = watch::channel(true);
        let codes = &settings.events.retirement_codes;
        let queue = settings.events.queue_url.as_ref().map(|url| {
            tracing::info!("events are read from {url}");
            let queue = Queue::new(&connection.sdk, url, clock.clone(), connection.metrics.clone());
            let (codes, triggers) = (codes.clone(), triggers.clone());
            let families = (events.clone(), metrics);
            QueueWatch::new(queue, codes, clock.clone(), triggers, paused.clone(), families)
        });
        let health = settings.health.poll.then(|| {
            let health = Health::new(&connection.sdk, clock.clone(), connection.metrics.clone());
            let (codes, triggers) = (codes.clone(), triggers.clone());
            HealthPoll::new(health, codes, account, clock.clone(), triggers, paused, events)
        });
        async move {
            let reading = async {
                if let Some(queue) = queue {
                    queue.run().await;
                }
            };
            let asking = async {
                if let Some(health) = health {
                    health.run().await;
                }
            };
            tokio::join!(biased; pause(pausing, dry_run, view), reading, asking);
            // That there is nothing to listen to ends nothing else.
            std::future::pending().await
        }
    }
}

/// Says whether listening is paused, for as long as the daemon runs.
async fn pause(
    paused: watch::Sender<bool>,
    mut dry_run: watch::Receiver<bool>,
    mut view: watch::Receiver<View>,
) {
    loop {
        let now = *dry_run.borrow_and_update() || !view.borrow_and_update().leading;
        paused.send_if_modified(|was| std::mem::replace(was, now) != now);
        let changed = tokio::select! {
            biased;
            changed = dry_run.changed() => changed,
            changed = view.changed() => changed,
        };
        if changed.is_err() {
            return;
        }
    }
}
