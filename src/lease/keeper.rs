//! Claims the lease, renews it, and gives it up at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::elector::{Elector, What};
use super::leadership::{Leadership, View};
use crate::clock::Clock;
use crate::store::{Lease, LeaseStore, Store, StoreError};

/// How long the store is waited for when the lease is given up: after it others have to wait for its
/// end.
const VACATE_TIMEOUT: Duration = Duration::from_secs(2);

/// Keeps one replica's lease.
#[derive(Debug)]
pub struct Keeper {
    store: Arc<dyn Store>,
    clock: Clock,
    elector: Elector,
    duration: Duration,
    leadership: Leadership,
    term: u64,
    problem: Option<String>,
}

impl Keeper {
    /// A keeper of the lease in `store` for the replica `me`, which nobody else may be called.
    pub fn new(
        store: Arc<dyn Store>,
        me: Arc<str>,
        duration: Duration,
        clock: Clock,
    ) -> (Self, Leadership) {
        let leadership = Leadership::elected(duration);
        let keeper = Self {
            store,
            clock,
            elector: Elector::new(me, duration, Instant::now()),
            duration,
            leadership: leadership.clone(),
            term: 0,
            problem: None,
        };
        (keeper, leadership)
    }

    /// Keeps the lease until it is to be given up, and gives it up.
    pub async fn run(mut self) {
        let leadership = self.leadership.clone();
        let asked = async move { leadership.resigned().await };
        let mut asked = std::pin::pin!(asked);
        loop {
            let next = self.elector.next(self.clock.now());
            // That it has run out is shown at that moment.
            let ends_at = self.elector.held_until().filter(|until| *until > Instant::now());
            let wake_at = ends_at.map_or(next.at, |until| until.min(next.at));
            tokio::select! {
                biased;
                () = &mut asked => break,
                () = tokio::time::sleep_until(wake_at) => {}
            }
            // An access that was begun is finished, so that it is known what became of it.
            if next.at <= Instant::now() {
                self.access(next.what).await;
            }
            self.tell();
        }
        self.give_up().await;
    }

    async fn access(&mut self, what: What) {
        let sent_at = Instant::now();
        let timeout = self.duration / 3;
        match what {
            What::Read => {
                let read = lease_of(&*self.store).read_lease();
                match tokio::time::timeout(timeout, read).await {
                    Ok(Ok(lease)) => {
                        self.problem = None;
                        self.elector.read(lease, Instant::now());
                    }
                    failed => self.failed(None, why(failed)),
                }
            }
            What::Replace { expected, next } => {
                let replace = lease_of(&*self.store).replace_lease(expected.as_ref(), &next);
                match tokio::time::timeout(timeout, replace).await {
                    Ok(Ok(done)) => {
                        self.problem = None;
                        self.elector.replaced(next, sent_at, done, Instant::now());
                    }
                    failed => self.failed(Some((next, sent_at)), why(failed)),
                }
            }
        }
    }

    fn failed(&mut self, sent: Option<(Lease, Instant)>, why: String) {
        if self.problem.is_none() {
            tracing::warn!("the lease cannot be kept, it is tried again: {why}");
        }
        self.problem = Some(why);
        self.elector.failed(sent, Instant::now());
    }

    /// Says who acts now, and lets calls go until the lease ends.
    fn tell(&mut self) {
        let until = self.elector.held_until().filter(|until| *until > Instant::now());
        self.leadership.set_held_until(until);
        let was = self.leadership.watch().borrow().leading;
        let leading = until.is_some();
        if leading && !was {
            self.term += 1;
        }
        let lease = self.elector.lease().filter(|lease| lease.holder.is_some());
        self.leadership.show(View {
            leading,
            term: self.term,
            holder: lease.and_then(|lease| lease.holder.clone()),
            since: lease.map(|lease| lease.acquired_at),
            problem: self.problem.clone(),
        });
    }

    /// Lets another replica have the lease at once. Where that fails, it has to wait for its end.
    async fn give_up(self) {
        self.leadership.set_held_until(None);
        if let Some((expected, next)) = self.elector.vacated(self.clock.now()) {
            let replace = lease_of(&*self.store).replace_lease(Some(&expected), &next);
            match tokio::time::timeout(VACATE_TIMEOUT, replace).await {
                Ok(Ok(true)) => tracing::info!("the lease is given up: another replica may act"),
                Ok(Ok(false)) => {}
                failed => tracing::warn!(
                    "the lease could not be given up, others wait for its end: {}",
                    why(failed)
                ),
            }
        }
        let view = self.leadership.watch().borrow().clone();
        self.leadership.show(View { leading: false, holder: None, since: None, ..view });
    }
}

fn lease_of(store: &dyn Store) -> &dyn LeaseStore {
    store.lease().expect("a keeper is made for a store with a lease")
}

fn why<T>(failed: Result<Result<T, StoreError>, tokio::time::error::Elapsed>) -> String {
    match failed {
        Ok(Err(error)) => error.to_string(),
        _ => "the store did not answer in time".to_owned(),
    }
}
