//! Steps, carried out: store, call, store. Nothing here decides.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;

use crate::aws::{ChangeError, CodeDeploy, Ecs};
use crate::clock::{Clock, Time, elapsed};
use crate::lease::Leadership;
use crate::plan::code_deploy::description;
use crate::plan::evidence::Evidence;
use crate::plan::fleet::Problem;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Attempt, AttemptId, Call, Record};
use crate::plan::rescue::{Rescue, RescueAnswer};
use crate::plan::step::{RollBack, Start, StartCall};
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
    /// What a call rested on had grown old before it could be sent, or the configuration had
    /// changed: it was not sent.
    TooLate,
    /// ECS was told to roll the rollout back, and the record says what it answered; or, with the
    /// problem, nobody knows whether it heard.
    AskedToRollBack(Option<Problem>),
    /// What became of an attempt was saved; there was nothing else to do.
    Saved,
    /// What became of retirement notices was saved.
    Followed,
    /// The store did not take the record. Nothing was sent, and the record is as it was.
    NotStored(StoreError),
}

/// Whether what was planned under one configuration, in one term of the lease, may still be sent.
#[derive(Clone, Debug)]
pub struct Permit {
    valid: Arc<AtomicBool>,
    leadership: Leadership,
}

impl Permit {
    /// A permit for as long as this replica leads.
    pub fn granted(leadership: &Leadership) -> Self {
        Self { valid: Arc::new(AtomicBool::new(true)), leadership: leadership.clone() }
    }

    /// Nothing may be sent.
    pub fn refused(leadership: &Leadership) -> Self {
        let permit = Self::granted(leadership);
        permit.withdraw();
        permit
    }

    /// From now on no call with this permit is sent, not even one that waits already.
    pub fn withdraw(&self) {
        self.valid.store(false, Ordering::Relaxed);
    }

    /// Whether a call may leave at this moment.
    fn holds(&self) -> bool {
        self.valid.load(Ordering::Relaxed) && self.leadership.may_call()
    }
}

/// Where effects go.
#[derive(Clone, Debug)]
pub struct Effects {
    pub ecs: Ecs,
    pub store: Arc<dyn Store>,
    pub clock: Clock,
    pub leadership: Leadership,
}

/// The attempt that a start makes. From here on the slot is taken.
///
/// `call_timeout` is how long an answer to its call is waited for.
pub fn attempt(start: &Start, call_timeout: Duration, now: Time) -> Attempt {
    Attempt {
        id: attempt_id(now),
        service: start.service.clone(),
        policy: start.policy.clone(),
        cause: start.cause,
        intent_at: now,
        call_ends_by: start.send_by.max(now) + delta(call_timeout),
        deadline: now + delta(start.rollout_timeout),
        moved_at: None,
        rescue: None,
        code_deploy: match &start.call {
            StartCall::ForceNewDeployment => None,
            StartCall::CreateDeployment(call) => Some(call.target.clone()),
        },
        before: start.before.clone(),
        call: Call::Unknown,
    }
}

/// Sends one call: token first, then the stored intent, then the call, then its answer.
///
/// `record` holds the attempt already. Each wait may have made the start too late, so time and
/// permit are looked at after the token was had and again as the request leaves.
pub async fn start(effects: Effects, mut record: Record, start: Start, permit: Permit) -> Stepped {
    let Start { service, send_by, call, .. } = start;
    let clock = effects.clock.clone();
    let may_send = move || clock.now() < send_by && permit.holds();
    // A start that has grown old leaves the queue without a token: taking one would leave those
    // behind it too late as well, and with enough of them nothing would ever be sent.
    let patience = elapsed(effects.clock.now(), send_by);
    let token = tokio::time::timeout(patience, acquire_token(&effects, &call)).await;
    // From here on the lease is not given up before the answer, or the end of waiting for it.
    let _calling = effects.leadership.begin_call();
    if token.is_err() || !may_send() {
        record.abandon();
        return Stepped { service, record, end: StepEnd::TooLate };
    }
    if let Err(error) = effects.store.save(&service, &record).await {
        record.abandon();
        return Stepped { service, record, end: StepEnd::NotStored(error) };
    }
    match send(&effects, &record, &service, &call, may_send).await {
        Ok(accepted) => {
            record.accept(accepted);
            saved(&effects, service, record, StepEnd::Accepted).await
        }
        Err(ChangeError::NotSent) => {
            record.abandon();
            saved(&effects, service, record, StepEnd::TooLate).await
        }
        Err(ChangeError::Answer(problem)) if problem.class.proves_nothing_happened() => {
            record.refuse(problem.clone(), effects.clock.now());
            saved(&effects, service, record, StepEnd::Refused(problem)).await
        }
        Err(ChangeError::Answer(problem)) => {
            Stepped { service, record, end: StepEnd::Unknown(problem) }
        }
    }
}

/// Keeps the evidence of an attempt that has ended, and saves the record that says so. In this order a
/// crash in between loses nothing: the attempt is judged again, and takes the same place in the history.
pub async fn finish(
    effects: Effects,
    service: ServiceKey,
    records: (Record, Record),
    evidence: Option<Evidence>,
) -> Stepped {
    // The history is for people: without it the outcome stands.
    if let Some(evidence) = evidence
        && let Err(error) = effects.store.append(&evidence).await
    {
        tracing::warn!(%service, %error, "the history of {service} misses an attempt: {error}");
    }
    save(effects, service, records, StepEnd::Saved).await
}

/// What is remembered of a request to roll back, before it is sent.
pub fn rescue(back: &RollBack, call_timeout: Duration, now: Time) -> Rescue {
    Rescue {
        asked_at: now,
        call_ends_by: back.send_by.max(now) + delta(call_timeout),
        service_deployment: back.service_deployment.clone(),
        why: back.why.clone(),
        finding: Some(back.finding.clone()),
        answer: RescueAnswer::Unknown,
    }
}

/// Sends one StopServiceDeployment, in the order of [`start`]: token, stored intent, call, answer.
///
/// `record` is the one before and the one that holds the intent. A request that was not sent leaves
/// the one before, and the plan decides anew.
pub async fn roll_back(
    effects: Effects,
    back: RollBack,
    (before, mut record): (Record, Record),
    permit: Permit,
) -> Stepped {
    let RollBack { service, service_deployment, send_by, .. } = back;
    let clock = effects.clock.clone();
    let may_send = move || clock.now() < send_by && permit.holds();
    let patience = elapsed(effects.clock.now(), send_by);
    let call_timeout = effects.leadership.call_timeout();
    let token = tokio::time::timeout(patience, effects.ecs.acquire_stop_token()).await;
    // As with a start, the lease is not given up before the answer.
    let _calling = effects.leadership.begin_call();
    if token.is_err() || !may_send() {
        return Stepped { service, record: before, end: StepEnd::TooLate };
    }
    if let Err(error) = effects.store.save(&service, &record).await {
        return Stepped { service, record: before, end: StepEnd::NotStored(error) };
    }
    let sent = effects.ecs.roll_back(&service_deployment, call_timeout, may_send).await;
    let answer = match sent {
        Ok(()) => RescueAnswer::Accepted,
        Err(ChangeError::NotSent) => {
            return saved(&effects, service, before, StepEnd::TooLate).await;
        }
        Err(ChangeError::Answer(problem)) if problem.class.proves_nothing_happened() => {
            RescueAnswer::Refused { problem }
        }
        Err(ChangeError::Answer(problem)) => {
            return Stepped { service, record, end: StepEnd::AskedToRollBack(Some(problem)) };
        }
    };
    record.answer_rollback(answer);
    saved(&effects, service, record, StepEnd::AskedToRollBack(None)).await
}

/// Waits for the right to send the call. CodeDeploy has no token bucket that is known.
async fn acquire_token(effects: &Effects, call: &StartCall) {
    match call {
        StartCall::ForceNewDeployment => effects.ecs.acquire_update_token().await,
        StartCall::CreateDeployment(_) => {}
    }
}

/// Sends the call, and says what was accepted.
async fn send(
    effects: &Effects,
    record: &Record,
    service: &ServiceKey,
    call: &StartCall,
    may_send: impl Fn() -> bool + Send + Sync + 'static,
) -> Result<Call, ChangeError> {
    let timeout = effects.leadership.call_timeout();
    match (call, &record.open) {
        (StartCall::CreateDeployment(call), Some(attempt)) => {
            let code_deploy = CodeDeploy::beside(&effects.ecs);
            let words = description(&attempt.id);
            let created = code_deploy.create_deployment(call, &words, timeout, may_send).await?;
            Ok(Call::Accepted {
                created_at: created.sent_at,
                deployment: created.deployment,
                known_at: effects.clock.now(),
                service_deployment: None,
            })
        }
        _ => {
            let started = effects.ecs.force_new_deployment(service, timeout, may_send).await?;
            Ok(Call::Accepted {
                created_at: started.deployment.created_at.unwrap_or(started.sent_at),
                deployment: started.deployment.id,
                known_at: effects.clock.now(),
                service_deployment: started.service_deployment,
            })
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
        tracing::warn!(%service, %error, "the answer to a call could not be stored: {error}");
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
