//! Asking the AWS Health API for retirements: for those whose notices came to no queue, or before
//! there was one.
//!
//! The same facts as the queue's, told to the loop in the same way: a communication that it knows
//! already changes nothing.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot, watch};

use super::backoff::Backoff;
use super::batch::FragmentLog;
use super::listed::pages;
use super::metrics::EventMetrics;
use super::notice;
use crate::aws::{Health, HealthError};
use crate::clock::{Clock, Time};
use crate::events::RetirementPage;
use crate::reconciler::{Receipt, Trigger};

/// AWS gives days of notice: an hour more is none lost.
const INTERVAL: Duration = Duration::from_secs(3_600);

/// After the first failure, and at most.
const WAITS: (Duration, Duration) = (Duration::from_secs(60), INTERVAL);

/// The first time, closed events are asked for that changed within this. AWS retires at most 14
/// days after it says so: the tasks of an older one are gone.
const CLOSED_WITHIN: TimeDelta = TimeDelta::days(14);

/// Later, events closed since the last time. Answers may be a little behind.
const OVERLAP: TimeDelta = TimeDelta::hours(1);

/// Asks every hour.
#[derive(Debug)]
pub struct HealthPoll {
    health: Health,
    codes: Vec<String>,
    /// Whose entities are those for which AWS does not say it.
    account: Option<String>,
    clock: Clock,
    triggers: mpsc::Sender<Trigger>,
    paused: watch::Receiver<bool>,
    fragments: FragmentLog,
}

/// Why the notices were not taken in.
#[derive(Debug)]
enum Failure {
    /// It will not be otherwise next time.
    NotSubscribed(String),
    Later(String),
    LoopEnded,
}

impl HealthPoll {
    /// Asks for events of these type codes. `account` is the daemon's own, where it is known. While
    /// `paused` it is not asked: nobody would store what it says.
    pub fn new(
        health: Health,
        codes: Vec<String>,
        account: Option<String>,
        clock: Clock,
        triggers: mpsc::Sender<Trigger>,
        paused: watch::Receiver<bool>,
        metrics: EventMetrics,
    ) -> Self {
        let fragments = FragmentLog::new(metrics);
        Self { health, codes, account, clock, triggers, paused, fragments }
    }

    /// Asks at once and then every hour, until the loop has ended or the account turns out to have
    /// no access to the API.
    pub async fn run(mut self) {
        let mut backoff = Backoff::new(WAITS.0, WAITS.1);
        let mut closed_since = self.clock.now() - CLOSED_WITHIN;
        let mut told: Option<String> = None;
        loop {
            if self.paused.wait_for(|paused| !paused).await.is_err() {
                return;
            }
            let begun_at = self.clock.now();
            let wait = match self.poll(closed_since).await {
                Ok(notices) => {
                    if told.take().is_some() {
                        tracing::info!("AWS Health answers again");
                    }
                    tracing::debug!(notices, "AWS Health was asked for retirements");
                    backoff.reset();
                    closed_since = begun_at - OVERLAP;
                    INTERVAL
                }
                Err(Failure::Later(why)) => {
                    if told.as_ref() != Some(&why) {
                        tracing::warn!("AWS Health could not be asked for retirements: {why}");
                    }
                    told = Some(why);
                    backoff.wait()
                }
                Err(Failure::NotSubscribed(why)) => {
                    tracing::warn!(
                        "AWS Health is not asked any more: the account has no support plan that \
                         includes its API; give the daemon a queue instead, or set [health] poll \
                         = false: {why}"
                    );
                    return;
                }
                Err(Failure::LoopEnded) => return,
            };
            tokio::time::sleep(wait).await;
        }
    }

    /// Asks once, and waits until everything is durable. How many pages there were.
    async fn poll(&mut self, closed_since: Time) -> Result<usize, Failure> {
        let events = self.health.events(&self.codes, closed_since).await?;
        let account = self.account.as_deref();
        let pages: Vec<RetirementPage> =
            events.into_iter().flat_map(|event| pages(event, account)).collect();
        let count = pages.len();
        for page in pages {
            self.fragments.note(&page);
            self.tell(page).await?;
        }
        Ok(count)
    }

    /// Tells the loop of one page at a time: they are few.
    async fn tell(&self, page: RetirementPage) -> Result<(), Failure> {
        let event = page.event_arn.clone();
        let pages = notice::parts(page, self.clock.now());
        let (answer, answered) = oneshot::channel();
        let sent = self.triggers.send(Trigger::Notice { pages, answer }).await;
        sent.map_err(|_| Failure::LoopEnded)?;
        match answered.await.map_err(|_| Failure::LoopEnded)? {
            Receipt::Stored => Ok(()),
            Receipt::Foreign(why) => {
                tracing::debug!(event, "a retirement notice was ignored: {why}");
                Ok(())
            }
            Receipt::NotStored(why) => {
                Err(Failure::Later(format!("a notice was not stored: {why}")))
            }
        }
    }
}

impl From<HealthError> for Failure {
    fn from(error: HealthError) -> Self {
        match error {
            HealthError::NotSubscribed(problem) => Self::NotSubscribed(problem.to_string()),
            HealthError::Other(problem) => Self::Later(problem.to_string()),
        }
    }
}
