//! Steps, carried out: store, call, store. Nothing here decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;

use crate::aws::{Ecs, UPDATE_TIMEOUT, UpdateError};
use crate::clock::{Clock, Time, elapsed};
use crate::plan::fleet::Problem;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Attempt, AttemptId, Call, Record};
use crate::plan::step::Start;
use crate::store::{Store, StoreError};

/// What became of a step.
#[derive(Debug)]
pub struct Stepped {
    pub service: ServiceKey,
    /// The record as it is now.
    pub record: Record,
    pub end: StepEnd,
}

/// How a step ended.
#[derive(Debug)]
pub enum StepEnd {
    /// The call was accepted.
    Accepted,
    /// The call was refused, which proves that nothing happened.
    Refused(Problem),
    /// Nobody knows whether the call was accepted: observing will tell.
    Unknown(Problem),
    /// What the start rested on had grown old before the call could be sent, or the configuration
    /// had changed: it was not sent.
    TooLate,
    /// What became of an attempt was saved; there was nothing else to do.
    Saved,
    /// What became of retirement notices was saved.
    Followed,
    /// The store did not take the record. Nothing was sent, and the record is as it was.
    NotStored(StoreError),
}

/// Whether starts that were planned under one configuration may still be sent.
#[derive(Clone, Debug)]
pub struct Permit(Arc<AtomicBool>);

impl Permit {
    pub fn granted() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// From now on no start with this permit is sent, not even one that waits already.
    pub fn withdraw(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    fn holds(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Where effects go.
#[derive(Clone, Debug)]
pub struct Effects {
    pub ecs: Ecs,
    pub store: Arc<dyn Store>,
    pub clock: Clock,
}

/// The attempt that a start makes. From here on the slot is taken.
pub fn attempt(start: &Start, now: Time) -> Attempt {
    Attempt {
        id: attempt_id(now),
        service: start.service.clone(),
        policy: start.policy.clone(),
        cause: start.cause,
        intent_at: now,
        call_ends_by: start.send_by.max(now) + delta(UPDATE_TIMEOUT),
        deadline: now + delta(start.rollout_timeout),
        moved_at: None,
        before: start.before.clone(),
        call: Call::Unknown,
    }
}

/// Sends one UpdateService: token first, then the stored intent, then the call, then its answer.
///
/// `record` holds the attempt already. Each wait may have made the start too late, so time and
/// permit are looked at after the token was had and again as the request leaves.
pub async fn start(
    effects: Effects,
    service: ServiceKey,
    mut record: Record,
    send_by: Time,
    permit: Permit,
) -> Stepped {
    let clock = effects.clock.clone();
    let may_send = move || clock.now() < send_by && permit.holds();
    // A start that has grown old leaves the queue without a token: taking one would leave those
    // behind it too late as well, and with enough of them nothing would ever be sent.
    let patience = elapsed(effects.clock.now(), send_by);
    let token = tokio::time::timeout(patience, effects.ecs.acquire_update_token()).await;
    if token.is_err() || !may_send() {
        record.abandon();
        return Stepped { service, record, end: StepEnd::TooLate };
    }
    if let Err(error) = effects.store.save(&service, &record).await {
        record.abandon();
        return Stepped { service, record, end: StepEnd::NotStored(error) };
    }
    match effects.ecs.force_new_deployment(&service, may_send).await {
        Ok(started) => {
            let now = effects.clock.now();
            record.accept(Call::Accepted {
                created_at: started.deployment.created_at.unwrap_or(started.sent_at),
                deployment: started.deployment.id,
                known_at: now,
                service_deployment: started.service_deployment,
            });
            saved(&effects, service, record, StepEnd::Accepted).await
        }
        Err(UpdateError::NotSent) => {
            record.abandon();
            saved(&effects, service, record, StepEnd::TooLate).await
        }
        Err(UpdateError::Answer(problem)) if problem.class.proves_nothing_happened() => {
            record.refuse(problem.clone(), effects.clock.now());
            saved(&effects, service, record, StepEnd::Refused(problem)).await
        }
        Err(UpdateError::Answer(problem)) => {
            Stepped { service, record, end: StepEnd::Unknown(problem) }
        }
    }
}

/// Saves the record that a step without a call has made. It ends as `end` when that went well.
pub async fn save(
    effects: Effects,
    service: ServiceKey,
    (before, after): (Record, Record),
    end: StepEnd,
) -> Stepped {
    match effects.store.save(&service, &after).await {
        Ok(()) => Stepped { service, record: after, end },
        Err(error) => Stepped { service, record: before, end: StepEnd::NotStored(error) },
    }
}

/// After the call its answer is saved. Should that fail, what is stored says "unknown", which a
/// restart resolves by observing; this run goes on with what it knows.
async fn saved(effects: &Effects, service: ServiceKey, record: Record, end: StepEnd) -> Stepped {
    if let Err(error) = effects.store.save(&service, &record).await {
        tracing::warn!(%service, %error, "the answer of UpdateService could not be stored: {error}");
    }
    Stepped { service, record, end }
}

/// The time of the intent in milliseconds, and twelve hexadecimal digits at random.
fn attempt_id(now: Time) -> AttemptId {
    let random = fastrand::u64(..) >> 16;
    AttemptId(format!("{}-{random:012x}", now.timestamp_millis()).into())
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
