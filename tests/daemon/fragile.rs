//! Daemons that are killed at a chosen moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use ecs_refresh::clock::{Clock, Time};
use ecs_refresh::plan::evidence::Evidence;
use ecs_refresh::plan::key::ServiceKey;
use ecs_refresh::plan::ledger::Record;
use ecs_refresh::plan::notice::{NoticePage, PageKey};
use ecs_refresh::simulator::Simulator;
use ecs_refresh::store::{Answer, Store};

use crate::harness::{MINUTE, Setup};

/// Where the daemon is killed.
#[derive(Clone, Copy, Debug)]
pub enum Kill {
    AfterEvents(usize),
    AfterTime(Duration),
    /// When the record was stored so often, before anything follows from it.
    AfterSaves(usize),
    /// When the record is to be stored for that time: it is not.
    BeforeSave(usize),
}

/// Runs a daemon until it is killed. Whether that came before the refresh of `api` had ended.
pub async fn run_and_kill(setup: &Setup, kill: Kill, sim: &Simulator, clock: &Clock) -> bool {
    let fragile = Arc::new(FragileStore::new(Arc::clone(&setup.store), kill));
    let mut daemon = setup.clone().store(fragile.clone()).start(sim, clock).await;
    match kill {
        Kill::AfterEvents(count) => {
            let taken = daemon.run_events(count, 20 * MINUTE).await;
            taken == count && daemon.last("api").is_none()
        }
        Kill::AfterTime(time) => {
            daemon.run_for(time).await;
            daemon.last("api").is_none()
        }
        Kill::AfterSaves(_) | Kill::BeforeSave(_) => tokio::select! {
            biased;
            () = fragile.broken.notified() => true,
            () = daemon.run_until_ended("api", 20 * MINUTE) => false,
        },
    }
}

/// A store that hangs at a chosen save, before or after it.
#[derive(Debug)]
pub struct FragileStore {
    inner: Arc<dyn Store>,
    kill: Kill,
    saves: AtomicUsize,
    broken: Notify,
}

impl FragileStore {
    pub fn new(inner: Arc<dyn Store>, kill: Kill) -> Self {
        Self { inner, kill, saves: AtomicUsize::new(0), broken: Notify::new() }
    }
}

impl Store for FragileStore {
    fn load(&self) -> Answer<'_, ecs_refresh::plan::ledger::Ledger> {
        self.inner.load()
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        Box::pin(async move {
            let save = 1 + self.saves.fetch_add(1, Ordering::Relaxed);
            if matches!(self.kill, Kill::BeforeSave(at) if at == save) {
                self.broken.notify_one();
                return std::future::pending().await;
            }
            let saved = self.inner.save(service, record).await;
            if matches!(self.kill, Kill::AfterSaves(at) if at == save) {
                self.broken.notify_one();
                return std::future::pending().await;
            }
            saved
        })
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        self.inner.remove(service)
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        self.inner.save_page(page)
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        self.inner.remove_page(page)
    }

    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()> {
        self.inner.append(evidence)
    }

    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>> {
        self.inner.history(service, since)
    }
}
