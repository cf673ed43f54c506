//! The near end of the queue: takes announcements without ever waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::announcement::Announcement;
use super::metrics::{AnnounceMetrics, Sending};
use super::outbox::Outbox;

/// So many announcements wait at most: the outcomes of many hours, or one flood.
pub(super) const QUEUE_MAX: usize = 1_000;

/// Takes announcements; cheap to clone.
#[derive(Clone, Debug)]
pub struct Announcer {
    line: Option<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    queue: mpsc::Sender<Announcement>,
    metrics: AnnounceMetrics,
    muted: Arc<AtomicBool>,
    /// Whether the last announcement found the queue full: that is said once.
    full: Arc<AtomicBool>,
}

impl Announcer {
    /// An announcer that tells nobody.
    pub fn silent() -> Self {
        Self { line: None }
    }

    /// An announcer, and what sends its announcements as long as it is run.
    pub fn new(metrics: AnnounceMetrics) -> (Self, Outbox) {
        let (sender, queue) = mpsc::channel(QUEUE_MAX);
        let muted = Arc::new(AtomicBool::new(false));
        let outbox = Outbox::new(queue, metrics.clone(), Arc::clone(&muted));
        let line = Line { queue: sender, metrics, muted, full: Arc::default() };
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
        let dropped = line.queue.try_send(announcement).is_err();
        if dropped {
            line.metrics.count(kind, Sending::Dropped);
        }
        if !line.full.swap(dropped, Ordering::Relaxed) && dropped {
            tracing::warn!("too many announcements wait to be sent: new ones are dropped");
        }
    }
}
