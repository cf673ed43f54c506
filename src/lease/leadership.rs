//! What the rest of the program knows of the lease: whether it may act now.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::clock::Time;

/// How long an answer to a mutating call is waited for, where no lease makes it shorter.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// Who acts, for people and for the loop.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Whether this replica acts.
    pub leading: bool,
    /// Goes up whenever this replica begins to act anew: others may have acted in between.
    pub term: u64,
    /// The replica that acts; absent where no lease is needed, or nobody holds it.
    pub holder: Option<Arc<str>>,
    /// Since when, by that replica's clock.
    pub since: Option<Time>,
    /// What keeps the lease from being read or renewed.
    pub problem: Option<String>,
}

/// Tells whether this replica may act; cheap to clone.
#[derive(Clone)]
pub struct Leadership {
    inner: Arc<Inner>,
}

struct Inner {
    /// Absent: this process is the only one that can act.
    lease: Option<Mutex<Option<Instant>>>,
    call_timeout: Duration,
    calls: AtomicUsize,
    idle: Notify,
    resigns: Notify,
    view: watch::Sender<View>,
}

impl fmt::Debug for Leadership {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leadership").field("view", &*self.inner.view.borrow()).finish()
    }
}

impl Leadership {
    /// Of a process that nobody else can stand in for: it holds the file, or keeps nothing.
    pub fn always() -> Self {
        Self::new(None, CALL_TIMEOUT, View { leading: true, term: 1, ..View::default() })
    }

    /// Of a replica that does not hold the lease of `duration` yet.
    pub fn elected(duration: Duration) -> Self {
        // It is renewed every third of its duration, so that half of it is left at any time.
        Self::new(Some(Mutex::new(None)), CALL_TIMEOUT.min(duration / 2), View::default())
    }

    fn new(lease: Option<Mutex<Option<Instant>>>, call_timeout: Duration, view: View) -> Self {
        let (calls, idle, resigns) = (AtomicUsize::new(0), Notify::new(), Notify::new());
        let view = watch::Sender::new(view);
        Self { inner: Arc::new(Inner { lease, call_timeout, calls, idle, resigns, view }) }
    }

    /// Whether there is a lease at all.
    pub fn is_elected(&self) -> bool {
        self.inner.lease.is_some()
    }

    /// How long an answer to a mutating call may be waited for.
    pub fn call_timeout(&self) -> Duration {
        self.inner.call_timeout
    }

    /// Whether a mutating call may leave now: whatever becomes of it, it is over before the lease is.
    pub fn may_call(&self) -> bool {
        let Some(held_until) = &self.inner.lease else { return true };
        let held_until = *held_until.lock().unwrap_or_else(PoisonError::into_inner);
        held_until.is_some_and(|until| Instant::now() + self.inner.call_timeout <= until)
    }

    /// Notes that a mutating call is under way until what is returned is dropped: the lease is not given
    /// up meanwhile.
    #[must_use]
    pub fn begin_call(&self) -> Calling {
        self.inner.calls.fetch_add(1, Ordering::SeqCst);
        Calling { inner: Arc::clone(&self.inner) }
    }

    /// Lets another replica act, as soon as no mutating call is under way. None may begin any more.
    pub fn resign(&self) {
        self.inner.resigns.notify_one();
    }

    /// Waits until this replica has resigned and no mutating call is under way.
    pub(super) async fn resigned(&self) {
        self.inner.resigns.notified().await;
        loop {
            let idle = self.inner.idle.notified();
            if self.inner.calls.load(Ordering::SeqCst) == 0 {
                return;
            }
            idle.await;
        }
    }

    /// Who acts, now and whenever that changes.
    pub fn watch(&self) -> watch::Receiver<View> {
        self.inner.view.subscribe()
    }

    /// Takes in until when the lease is held.
    pub(super) fn set_held_until(&self, until: Option<Instant>) {
        if let Some(held_until) = &self.inner.lease {
            *held_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        }
    }

    /// Shows who acts, if it is news.
    pub(super) fn show(&self, view: View) {
        self.inner.view.send_if_modified(|known| {
            let news = *known != view;
            *known = view;
            news
        });
    }
}

/// A mutating call that is under way.
#[derive(Debug)]
pub struct Calling {
    inner: Arc<Inner>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Drop for Calling {
    fn drop(&mut self) {
        if self.inner.calls.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.inner.idle.notify_waiters();
        }
    }
}
