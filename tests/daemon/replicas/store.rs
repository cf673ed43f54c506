//! A replica's store, behind its gate.

use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex};

use ecs_refresh::clock::Time;
use ecs_refresh::plan::evidence::Evidence;
use ecs_refresh::plan::key::ServiceKey;
use ecs_refresh::plan::ledger::{Ledger, Record};
use ecs_refresh::plan::notice::{NoticePage, PageKey};
use ecs_refresh::store::{Answer, Lease, LeaseStore, Store, StoreError};
use tokio::time::Instant;

use super::gate::{CUT_OFF_AFTER, Gate, Side};

/// Who held the lease from when on, as it was written.
pub type LeaseLog = Arc<Mutex<Vec<(Instant, Lease)>>>;

#[derive(Debug)]
pub struct GatedStore {
    pub store: Arc<dyn Store>,
    pub gate: Arc<Gate>,
    pub leases: LeaseLog,
    /// Accesses, by what they are.
    pub log: Arc<Mutex<Vec<&'static str>>>,
}

impl GatedStore {
    async fn pass<T>(
        &self,
        what: &'static str,
        access: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let side = if what.ends_with("_lease") { Side::Lease } else { Side::Store };
        if !self.gate.point(side, &format!("before {what}")).await {
            return self.unreachable().await;
        }
        self.log.lock().unwrap().push(what);
        let answer = access.await;
        // Whoever is cut off by then hears nothing of what was done.
        if !self.gate.point(side, &format!("after {what}")).await {
            return self.unreachable().await;
        }
        answer
    }

    async fn unreachable<T>(&self) -> Result<T, StoreError> {
        tokio::time::sleep(CUT_OFF_AFTER).await;
        self.gate.awake().await;
        let source = io::Error::new(io::ErrorKind::TimedOut, "cut off");
        Err(StoreError::Io { path: "the shared store".into(), source })
    }

    fn leases(&self) -> &dyn LeaseStore {
        self.store.lease().expect("the store is shared")
    }
}

impl Store for GatedStore {
    fn load(&self) -> Answer<'_, Ledger> {
        Box::pin(self.pass("load", self.store.load()))
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        Box::pin(self.pass("save", async { self.store.save(service, record).await }))
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        Box::pin(self.pass("remove", async { self.store.remove(service).await }))
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        Box::pin(self.pass("save_page", async { self.store.save_page(page).await }))
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        Box::pin(self.pass("remove_page", async { self.store.remove_page(page).await }))
    }

    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()> {
        Box::pin(self.pass("append", async { self.store.append(evidence).await }))
    }

    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>> {
        self.store.history(service, since)
    }

    fn is_outdated(&self) -> bool {
        self.store.is_outdated()
    }

    fn lease(&self) -> Option<&dyn LeaseStore> {
        Some(self)
    }
}

impl LeaseStore for GatedStore {
    fn read_lease(&self) -> Answer<'_, Option<Lease>> {
        Box::pin(self.pass("read_lease", async { self.leases().read_lease().await }))
    }

    fn replace_lease<'a>(
        &'a self,
        expected: Option<&'a Lease>,
        next: &'a Lease,
    ) -> Answer<'a, bool> {
        Box::pin(self.pass("replace_lease", async move {
            let done = self.leases().replace_lease(expected, next).await?;
            if done {
                self.leases.lock().unwrap().push((Instant::now(), next.clone()));
            }
            Ok(done)
        }))
    }
}
