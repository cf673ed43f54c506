//! Whether this replica acts. Who does not, observes and shows; who begins to, reads the ledger first,
//! because others may have written it.

use std::sync::Arc;

use super::event::Event;
use super::execute::Permit;
use super::remembered::load;
use super::status::LeaseStatus;
use super::{Reconciler, STORE_PAUSE};
use crate::clock::Time;
use crate::lease::View;
use crate::plan::ledger::Ledger;
use crate::plan::notice::NoticePage;
use crate::store::StoreError;

/// A replica that does not act looks so much more rarely, and uses so much less of the API share: that
/// is for all replicas together.
const STANDBY_SLOWER: u32 = 10;

/// What this replica may do.
#[derive(Debug)]
pub(super) struct Role {
    leading: bool,
    /// In which term of the lease the ledger was read; what is known is as good as what is stored.
    loaded_in: Option<u64>,
    term: u64,
    loading: bool,
    /// The ledger could not be read, and is not read again before this.
    retry_at: Option<Time>,
    /// Pages that were stored while the ledger was being read, which may not have seen them.
    stored_meanwhile: Vec<NoticePage>,
    /// Writes of notices that are under way.
    writes: usize,
}

impl Role {
    /// Of a replica with the ledger as it was read when `view` was had.
    pub(super) fn new(view: &View) -> Self {
        Self {
            leading: view.leading,
            loaded_in: view.leading.then_some(view.term),
            term: view.term,
            loading: false,
            retry_at: None,
            stored_meanwhile: Vec::new(),
            writes: 0,
        }
    }

    /// Whether it may act on what it knows.
    pub(super) fn acts(&self) -> bool {
        self.leading && self.loaded_in == Some(self.term)
    }

    /// Whether it leads, and may be about to.
    pub(super) fn leads(&self) -> bool {
        self.leading
    }

    pub(super) fn write_begins(&mut self) {
        self.writes += 1;
    }

    pub(super) fn write_ended(&mut self) {
        self.writes = self.writes.saturating_sub(1);
    }

    pub(super) fn stored(&mut self, pages: &[NoticePage]) {
        if self.loading {
            self.stored_meanwhile.extend_from_slice(pages);
        }
    }

    /// When it wants to be asked again.
    pub(super) fn next_at(&self) -> Option<Time> {
        self.retry_at.filter(|_| self.leading && !self.acts())
    }
}

impl Reconciler {
    /// Takes in who acts now.
    pub(super) fn apply_view(&mut self, view: &View) {
        let began = view.leading && (!self.role.leading || self.role.term != view.term);
        if began {
            self.permit.withdraw();
            self.permit = Permit::granted(&self.effects.leadership);
            self.role.retry_at = None;
            tracing::info!(term = view.term, "this replica leads: it reads the ledger");
        }
        if !view.leading && self.role.leading {
            self.permit.withdraw();
            // What it does not look at any more it does not speak of.
            self.preflight = Arc::default();
            self.checked_at = None;
            let holder = view.holder.as_deref().unwrap_or("nobody");
            tracing::warn!(
                "this replica leads no longer, nothing more is sent; the lease: {holder}"
            );
        }
        self.role.leading = view.leading;
        self.role.term = view.term;
        self.set_pace();
        self.mute();
    }

    /// Where what is stored turned out to be newer than what is known, it is read again before anything
    /// else is done.
    pub(super) fn notice_others(&mut self) {
        if self.role.acts() && self.effects.store.is_outdated() {
            tracing::info!("somebody else wrote to the ledger: it is read again");
            self.role.loaded_in = None;
        }
    }

    /// Begins to read the ledger, when this replica leads and does not know it. Whatever it was writing
    /// has ended by then.
    pub(super) fn begin_loading(&mut self) {
        let now = self.now();
        let waits = self.role.retry_at.is_some_and(|at| at > now && at <= now + STORE_PAUSE);
        let busy = !self.stepping.is_empty() || self.role.writes > 0 || self.mapping.is_under_way();
        if self.role.acts() || !self.role.leading || self.role.loading || waits || busy {
            return;
        }
        self.role.loading = true;
        let (store, term) = (Arc::clone(&self.effects.store), self.role.term);
        self.tasks.spawn(async move {
            let ledger = load(&*store, now).await;
            Event::Loaded { term, ledger: Box::new(ledger) }
        });
    }

    pub(super) fn apply_loaded(&mut self, term: u64, ledger: Result<Ledger, StoreError>) {
        let now = self.now();
        self.progress.made(now);
        self.role.loading = false;
        let meanwhile = std::mem::take(&mut self.role.stored_meanwhile);
        if !self.role.leading || self.role.term != term {
            return;
        }
        match ledger {
            Err(error) => {
                tracing::error!(%error, "the ledger could not be read, nothing is started: {error}");
                self.role.retry_at = Some(now + STORE_PAUSE);
            }
            Ok(ledger) => {
                self.ledger = ledger;
                self.role.loaded_in = Some(term);
                self.role.retry_at = None;
                self.extend_notices(meanwhile);
                let open = self.ledger.records.values().filter(|record| record.open.is_some());
                tracing::info!(
                    services = self.ledger.records.len(),
                    under_way = open.count(),
                    "the ledger is read: this replica acts"
                );
                self.queue.clusters_no_later_than(now);
                self.mute();
            }
        }
    }

    /// The share of the API is for all replicas together: who does not act takes little of it.
    pub(super) fn set_pace(&mut self) {
        let (share, resync) = match self.role.leading {
            true => (self.api_share, self.configured_resync),
            false => {
                let slower = f64::from(STANDBY_SLOWER);
                (self.api_share / slower, self.configured_resync.saturating_mul(STANDBY_SLOWER))
            }
        };
        self.effects.ecs.set_api_share(share);
        self.resync = resync;
        self.queue.clusters_no_later_than(self.now() + self.resync());
    }

    /// What is shown of the lease, where there is one.
    pub(super) fn lease_status(&self) -> Option<LeaseStatus> {
        let View { holder, since, problem, .. } = self.view.borrow().clone();
        let is_elected = self.effects.leadership.is_elected();
        is_elected.then_some(LeaseStatus { holder, since, problem })
    }

    /// Others are told by whoever acts.
    pub(super) fn mute(&self) {
        self.announcer.set_muted(self.policies.dry_run || !self.role.acts());
    }
}
