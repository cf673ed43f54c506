//! The lease of a shared store, for as long as something is put into it.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::cli::exit::Exit;
use crate::clock::Clock;
use crate::lease::{Keeper, Leadership};
use crate::store::{Lease, Store};

/// How often it is looked whether somebody renews the lease.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The lease, held.
pub struct Lead {
    leadership: Leadership,
    keeping: JoinHandle<()>,
}

impl Lead {
    /// Takes the lease, as soon as nobody has it. One that was left behind is waited for.
    pub async fn take(
        store: &Arc<dyn Store>,
        duration: Duration,
        clock: &Clock,
    ) -> Result<Self, Exit> {
        let first = read(&**store).await?;
        let me: Arc<str> = format!("import-{:08x}", fastrand::u32(..)).into();
        let (keeper, leadership) =
            Keeper::new(Arc::clone(store), Arc::clone(&me), duration, clock.clone());
        let lead = Self { leadership, keeping: tokio::spawn(keeper.run()) };
        if first.as_ref().is_some_and(|lease| lease.holder.is_some()) {
            eprintln!("waiting until it is certain that nobody holds the lease");
        }
        match lead.wait(&**store, first.as_ref(), &me, duration).await {
            Ok(()) => Ok(lead),
            Err(exit) => {
                lead.give_up().await;
                Err(exit)
            }
        }
    }

    /// Waits until it is held, and no longer than it can take if nobody renews it.
    async fn wait(
        &self,
        store: &dyn Store,
        first: Option<&Lease>,
        me: &Arc<str>,
        duration: Duration,
    ) -> Result<(), Exit> {
        let held_for = first.map_or(duration, |lease| lease.duration.max(duration));
        let looks = (2 * held_for).as_secs() + 5;
        let mut view = self.leadership.watch();
        for _ in 0..looks {
            let leads = tokio::time::timeout(LOOK_EVERY, view.wait_for(|view| view.leading)).await;
            if let Ok(Ok(_)) = leads {
                return Ok(());
            }
            let now = read(store).await?;
            let holder = now.as_ref().and_then(|lease| lease.holder.as_ref());
            if let Some(holder) = holder.filter(|holder| *holder != me)
                && now.as_ref() != first
            {
                return Err(Exit::no(format!(
                    "nothing was imported: the replica {holder} holds the lease; stop every daemon \
                     that uses the store first"
                )));
            }
        }
        let problem = view.borrow().problem.clone().unwrap_or_default();
        Err(Exit::cannot(format!("nothing was imported: the lease cannot be had {problem}")))
    }

    /// Waits until it is not held any more.
    pub async fn lost(&self) {
        let mut view = self.leadership.watch();
        // Where nothing keeps it any more it is lost, too.
        let _lost = view.wait_for(|view| !view.leading).await.is_ok();
    }

    /// Lets others have it at once.
    pub async fn give_up(self) {
        self.leadership.resign();
        if let Err(error) = self.keeping.await {
            tracing::warn!("the lease was not given up, others have to wait for its end: {error}");
        }
    }
}

async fn read(store: &dyn Store) -> Result<Option<Lease>, Exit> {
    match store.lease() {
        Some(lease) => lease.read_lease().await.map_err(Exit::cannot),
        None => Ok(None),
    }
}
