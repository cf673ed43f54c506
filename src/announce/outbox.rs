//! The far end of the queue: sends what was announced, as a task of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::announcement::Announcement;
use super::metrics::{AnnounceMetrics, Sending};
use crate::aws::{BusEntry, EntryOutcome, EventBus};
use crate::metrics::Label;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::words;

/// How long an announcement waits for others to share its call.
const FILL_WAIT: Duration = Duration::from_secs(1);

/// The pauses between the tries. Together they outlast most of a minute.
const RETRY_PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(4),
    Duration::from_secs(15),
    Duration::from_secs(30),
];

/// Sends announcements as long as it is [run](Outbox::run).
#[derive(Debug)]
pub struct Outbox {
    /// What is in this queue goes first
    first: mpsc::Receiver<Announcement>,
    /// and what is in this one waits for it.
    then: mpsc::Receiver<Announcement>,
    metrics: AnnounceMetrics,
    muted: Arc<AtomicBool>,
    /// What did not fit into the last call any more.
    left_over: Option<Announcement>,
}

/// What EventBridge did not take and may take later, and why.
struct Unsent {
    announcements: Vec<Announcement>,
    problem: Problem,
}

impl Outbox {
    pub(super) fn new(
        (first, then): (mpsc::Receiver<Announcement>, mpsc::Receiver<Announcement>),
        metrics: AnnounceMetrics,
        muted: Arc<AtomicBool>,
    ) -> Self {
        Self { first, then, metrics, muted, left_over: None }
    }

    /// Sends until every announcer is gone and nothing is left. One call at a time: there are few.
    pub async fn run(mut self, bus: EventBus) {
        while let Some(batch) = self.next_batch().await {
            self.deliver(&bus, batch).await;
        }
    }

    /// What goes into one call: as many as it takes, or as come within a moment.
    async fn next_batch(&mut self) -> Option<Vec<Announcement>> {
        let first = match self.left_over.take() {
            Some(first) => first,
            None => self.next().await?,
        };
        let ends_at = Instant::now() + FILL_WAIT;
        let mut bytes = first.entry().size();
        let mut batch = vec![first];
        while batch.len() < EventBus::ENTRIES_MAX {
            let Ok(Some(next)) = tokio::time::timeout_at(ends_at, self.next()).await else {
                break;
            };
            bytes += next.entry().size();
            if bytes > EventBus::BYTES_MAX {
                self.left_over = Some(next);
                break;
            }
            batch.push(next);
        }
        Some(batch)
    }

    /// The next one that waits; none when every announcer is gone.
    async fn next(&mut self) -> Option<Announcement> {
        tokio::select! {
            biased;
            Some(next) = self.first.recv() => Some(next),
            Some(next) = self.then.recv() => Some(next),
            else => None,
        }
    }

    /// Sends, and tries again what may be taken later.
    async fn deliver(&self, bus: &EventBus, mut batch: Vec<Announcement>) {
        let mut pauses = RETRY_PAUSES.into_iter();
        loop {
            if self.muted.load(Ordering::Relaxed) {
                return self.count(&batch, Sending::Dropped);
            }
            let Some(unsent) = self.send_once(bus, batch).await else { return };
            let Some(pause) = pauses.next() else {
                return self.give_up(bus, &unsent);
            };
            tokio::time::sleep(pause).await;
            batch = unsent.announcements;
        }
    }

    /// One call.
    async fn send_once(&self, bus: &EventBus, batch: Vec<Announcement>) -> Option<Unsent> {
        let entries: Vec<BusEntry> = batch.iter().map(|one| one.entry().clone()).collect();
        let outcomes = match bus.put(&entries).await {
            Ok(outcomes) => outcomes,
            Err(problem) => vec![EntryOutcome::Refused(problem); batch.len()],
        };
        let (mut later, mut never): (Option<Unsent>, Option<Unsent>) = (None, None);
        for (announcement, outcome) in batch.into_iter().zip(outcomes) {
            let problem = match outcome {
                EntryOutcome::Taken { .. } => {
                    self.metrics.count(announcement.kind(), Sending::Sent);
                    continue;
                }
                EntryOutcome::Refused(problem) => problem,
            };
            let unsent = if may_pass(problem.class) { &mut later } else { &mut never };
            let unsent =
                unsent.get_or_insert_with(|| Unsent { announcements: Vec::new(), problem });
            unsent.announcements.push(announcement);
        }
        if let Some(unsent) = never {
            self.give_up(bus, &unsent);
        }
        later
    }

    fn give_up(&self, bus: &EventBus, unsent: &Unsent) {
        let Unsent { announcements, problem } = unsent;
        tracing::warn!(
            class = problem.class.label(),
            "{} could not be put on event bus {}: {problem}",
            words::count(announcements.len() as u64, "announcement"),
            bus.name()
        );
        self.count(announcements, Sending::Failed);
    }

    fn count(&self, announcements: &[Announcement], sending: Sending) {
        for announcement in announcements {
            self.metrics.count(announcement.kind(), sending);
        }
    }
}

/// Whether another try may go better.
fn may_pass(class: ProblemClass) -> bool {
    match class {
        ProblemClass::Throttled
        | ProblemClass::Credentials
        | ProblemClass::Server
        | ProblemClass::Timeout
        | ProblemClass::Network => true,
        ProblemClass::Denied | ProblemClass::NotFound | ProblemClass::Invalid => false,
    }
}
