//! Reading the queue that EventBridge feeds, for ever.
//!
//! A retirement notice is a fact: its message is deleted only after the loop has said that the
//! notice is durable. An event of ECS is a reason to look, and its message is deleted at once,
//! because losing it costs latency only. What is not understood stays for the queue's redrive
//! policy. Whatever is wrong with the queue stops nothing else.

use std::time::Duration;

use prometheus::IntGauge;
use tokio::sync::{mpsc, oneshot, watch};

use super::backoff::Backoff;
use super::batch::{Batch, Reader};
use super::metrics::{EventKind, EventMetrics, register_queue_up};
use crate::aws::{Queue, QueueMessage};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::plan::fleet::Problem;
use crate::reconciler::{Receipt, Trigger};

/// After the first failure of a reading, and at most.
const WAITS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// After a receive that let nothing be deleted: one whose messages all stay, or an empty answer of
/// a queue that does not hold it back.
const PAUSE: Duration = Duration::from_secs(1);

/// Reads one queue.
#[derive(Debug)]
pub struct QueueWatch {
    queue: Queue,
    clock: Clock,
    triggers: mpsc::Sender<Trigger>,
    paused: watch::Receiver<bool>,
    reader: Reader,
    metrics: EventMetrics,
    state: State,
}

/// The loop is gone, and with it every reason to read.
struct LoopEnded;

impl QueueWatch {
    /// Reads `queue` for events of ECS and for notices of these event type `codes`. While `paused`
    /// it is not read at all: receiving alone counts towards the queue's redrive policy.
    pub fn new(
        queue: Queue,
        codes: Vec<String>,
        clock: Clock,
        triggers: mpsc::Sender<Trigger>,
        paused: watch::Receiver<bool>,
        (events, metrics): (EventMetrics, &Metrics),
    ) -> Self {
        Self {
            queue,
            clock,
            triggers,
            paused,
            reader: Reader::new(codes, events.clone()),
            metrics: events,
            state: State::new(register_queue_up(metrics)),
        }
    }

    /// Reads until the loop has ended.
    pub async fn run(mut self) {
        // The only error is that nobody listens any more.
        let _ = self.read_on().await;
    }

    async fn read_on(&mut self) -> Result<(), LoopEnded> {
        let mut backoff = Backoff::new(WAITS.0, WAITS.1);
        loop {
            self.until_wanted().await?;
            match self.queue.receive().await {
                Ok(messages) => {
                    backoff.reset();
                    self.state.receiving = None;
                    self.tell().await?;
                    if self.take(messages).await? == 0 {
                        tokio::time::sleep(PAUSE).await;
                    }
                }
                Err(problem) => {
                    self.state.receiving = Some(problem);
                    self.tell().await?;
                    tokio::time::sleep(backoff.wait()).await;
                }
            }
        }
    }

    /// Waits while the queue must not be read.
    async fn until_wanted(&mut self) -> Result<(), LoopEnded> {
        if !*self.paused.borrow_and_update() {
            return Ok(());
        }
        tracing::info!(
            queue = self.queue.url(),
            "the queue is not read here, and its messages wait: this is a dry run, or another replica \
             acts"
        );
        tokio::select! {
            biased;
            wanted = self.paused.wait_for(|paused| !paused) => {
                wanted.map_err(|_| LoopEnded)?;
            }
            () = self.triggers.closed() => return Err(LoopEnded),
        }
        tracing::info!(queue = self.queue.url(), "the queue is read again");
        Ok(())
    }

    /// Takes in what one receive brought. How many messages were deleted.
    async fn take(&mut self, messages: Vec<QueueMessage>) -> Result<usize, LoopEnded> {
        if self.is_paused() {
            // The pause began during the long poll. They come again.
            return Ok(0);
        }
        let Batch { notices, woken, served } = self.reader.read(messages, self.clock.now());
        let mut waiting = Vec::with_capacity(notices.len());
        for (receipt, pages) in notices {
            let (answer, answered) = oneshot::channel();
            self.send(Trigger::Notice { pages, answer }).await?;
            waiting.push((receipt, answered));
        }
        if !woken.is_empty() {
            self.send(Trigger::Woken { services: woken.into_iter().collect() }).await?;
        }
        let mut deleted = self.delete(&served).await?;
        let mut stored = Vec::with_capacity(waiting.len());
        for (receipt, answered) in waiting {
            // Without an answer nothing is known to be stored.
            let answer = answered.await.map_err(|_| LoopEnded)?;
            if self.is_done_with(answer) {
                stored.push(receipt);
            }
        }
        deleted += self.delete(&stored).await?;
        Ok(deleted)
    }

    /// Whether the message that brought a notice may go.
    fn is_done_with(&self, receipt: Receipt) -> bool {
        let (kind, done) = match receipt {
            Receipt::Stored => (EventKind::Retirement, true),
            Receipt::Foreign(why) => {
                tracing::info!("a retirement notice was ignored: {why}");
                (EventKind::Foreign, true)
            }
            Receipt::NotStored(why) => {
                tracing::warn!("a retirement notice was not stored and comes again: {why}");
                (EventKind::NotStored, false)
            }
        };
        self.metrics.received(kind);
        done
    }

    /// Deletes messages, unless that must not be done any more. How many.
    async fn delete(&mut self, receipts: &[String]) -> Result<usize, LoopEnded> {
        if receipts.is_empty() || self.is_paused() {
            return Ok(0);
        }
        let result = self.queue.delete(receipts).await;
        let deleted = if result.is_ok() { receipts.len() } else { 0 };
        self.state.deleting = result.err();
        self.tell().await?;
        Ok(deleted)
    }

    fn is_paused(&self) -> bool {
        *self.paused.borrow()
    }

    /// Tells the loop how it goes, if that has changed.
    async fn tell(&mut self) -> Result<(), LoopEnded> {
        match self.state.news() {
            Some(problem) => self.send(Trigger::Queue(problem)).await,
            None => Ok(()),
        }
    }

    async fn send(&self, trigger: Trigger) -> Result<(), LoopEnded> {
        self.triggers.send(trigger).await.map_err(|_| LoopEnded)
    }
}

/// How reading goes.
#[derive(Debug)]
struct State {
    receiving: Option<Problem>,
    deleting: Option<Problem>,
    /// What was told last.
    told: Option<Problem>,
    up: IntGauge,
}

impl State {
    fn new(up: IntGauge) -> Self {
        Self { receiving: None, deleting: None, told: None, up }
    }

    /// What is wrong now, if that is not what was told last.
    fn news(&mut self) -> Option<Option<Problem>> {
        let now = self.receiving.as_ref().or(self.deleting.as_ref());
        self.up.set(i64::from(now.is_none()));
        let same = match (now, &self.told) {
            (None, None) => true,
            (Some(now), Some(told)) => now.class == told.class && now.message == told.message,
            _ => false,
        };
        if same {
            return None;
        }
        match now {
            Some(problem) => tracing::warn!("the queue of events: {problem}"),
            None => tracing::info!("the queue of events is read again"),
        }
        self.told = now.cloned();
        Some(self.told.clone())
    }
}
