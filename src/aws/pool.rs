//! Calls under way at the same time, bounded. Whoever drops the pool aborts them.

use std::future::Future;

use tokio::task::{JoinError, JoinSet};

/// At most `limit` futures at work; their results come in the order in which they end.
pub(super) struct Pool<T> {
    running: JoinSet<T>,
    limit: usize,
}

impl<T: Send + 'static> Pool<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { running: JoinSet::new(), limit }
    }

    /// Starts `work`. When the pool is full, waits for one result first and returns it.
    pub(super) async fn start(
        &mut self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        let done = if self.running.len() >= self.limit { self.next().await } else { None };
        self.running.spawn(work);
        done
    }

    /// The next result; `None` when nothing is under way.
    pub(super) async fn next(&mut self) -> Option<T> {
        match self.running.join_next().await? {
            Ok(result) => Some(result),
            Err(failure) => interrupted(failure).await,
        }
    }
}

/// A panic goes on in the caller. Otherwise the runtime is shutting down, and the caller with it.
async fn interrupted<T>(failure: JoinError) -> T {
    match failure.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => std::future::pending().await,
    }
}
