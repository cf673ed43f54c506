//! The near end of the queue: takes announcements without ever waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::announcement::{Announcement, Kind};
use super::metrics::{AnnounceMetrics, Sending};
use super::outbox::Outbox;

/// So many beginnings, outcomes and holds wait at most: those of many hours, or one flood.
pub(super) const QUEUE_MAX: usize = 1_000;

/// So many services under a notice wait at most: all of a large Region, named at once. Each takes
/// about one kilobyte as it waits, so together they take 10 MB for the minute or so until they are
/// sent; the queue allocates nothing before.
pub(super) const NOTICED_MAX: usize = 10_000;

/// Takes announcements; cheap to clone.
#[derive(Clone, Debug)]
pub struct Announcer {
    line: Option<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    /// What happens, which is sent before
    outcomes: Entrance,
    /// what AWS says about many services at once.
    noticed: Entrance,
    metrics: AnnounceMetrics,
    muted: Arc<AtomicBool>,
}

/// The near end of one of the two queues.
#[derive(Clone, Debug)]
struct Entrance {
    queue: mpsc::Sender<Announcement>,
    /// Whether the last announcement found the queue full: that is said once.
    full: Arc<AtomicBool>,
}

impl Entrance {
    fn new(len_max: usize) -> (Self, mpsc::Receiver<Announcement>) {
        let (queue, exit) = mpsc::channel(len_max);
        (Self { queue, full: Arc::default() }, exit)
    }

    /// Whether there was room for it.
    fn take(&self, announcement: Announcement) -> bool {
        let dropped = self.queue.try_send(announcement).is_err();
        if !self.full.swap(dropped, Ordering::Relaxed) && dropped {
            tracing::warn!("too many announcements wait to be sent: new ones are dropped");
        }
        !dropped
    }
}

impl Announcer {
    /// An announcer that tells nobody.
    pub fn silent() -> Self {
        Self { line: None }
    }

    /// An announcer, and what sends its announcements as long as it is run.
    pub fn new(metrics: AnnounceMetrics) -> (Self, Outbox) {
        let (outcomes, first) = Entrance::new(QUEUE_MAX);
        let (noticed, then) = Entrance::new(NOTICED_MAX);
        let muted = Arc::new(AtomicBool::new(false));
        let outbox = Outbox::new((first, then), metrics.clone(), Arc::clone(&muted));
        let line = Line { outcomes, noticed, metrics, muted };
        (Self { line: Some(line) }, outbox)
    }

    /// Whether announcing would tell nobody, so that there is no need to.
    pub fn is_silent(&self) -> bool {
        self.line.as_ref().is_none_or(|line| line.muted.load(Ordering::Relaxed))
    }

    /// From now on nothing is announced, and what waits is dropped; or, no longer so.
    pub fn set_muted(&self, muted: bool) {
        if let Some(line) = &self.line {
            line.muted.store(muted, Ordering::Relaxed);
        }
    }

    /// Announces. When too many wait already it is dropped, and counted.
    pub fn announce(&self, announcement: Announcement) {
        let Some(line) = self.line.as_ref().filter(|_| !self.is_silent()) else { return };
        let kind = announcement.kind();
        let entrance = match kind {
            Kind::Started | Kind::Finished | Kind::Held => &line.outcomes,
            Kind::Noticed => &line.noticed,
        };
        if !entrance.take(announcement) {
            line.metrics.count(kind, Sending::Dropped);
        }
    }
}
