//! What became of an open attempt.
//!
//! The judgement rests on observations alone. Readings that began before we knew of our deployment
//! prove nothing, partial ones prove nothing, and texts never decide: they only explain.

mod call;
mod diagnosis;
mod rolling;
mod stages;
mod vanished;

use chrono::TimeDelta;

use super::due::shift;
use super::fleet::{DeploymentId, Description, ProblemClass, Service};
use super::ledger::{Attempt, Call, Outcome};
use super::step::Depth;
use super::verdict::Reason;
use crate::clock::Time;

/// How often a rollout is looked at.
const POLL: TimeDelta = TimeDelta::seconds(10);

/// How soon a look that only described a service is followed by one that reads more.
const SOON: TimeDelta = TimeDelta::seconds(2);

/// ECS is eventually consistent: for so long after a change a reading may still show the state
/// before it.
const MAY_BE_STALE: TimeDelta = TimeDelta::seconds(120);

/// An attempt about which not enough can be read is given up so long after its deadline.
const GIVEN_UP: TimeDelta = TimeDelta::hours(24);

/// What there is to say of an open attempt now.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// It goes on; look again at that depth, not before that time.
    Going { reason: Reason, depth: Depth, at: Time },
    /// It goes on, and needs more time: what it waits for has an end of its own.
    Extend { reason: Reason, deadline: Time },
    /// It goes on without a slot: production traffic has moved.
    MoveOn { reason: Reason, deadline: Time },
    /// The call was accepted after all: this is its deployment.
    Adopt(Call),
    /// The call was not accepted.
    Abandon,
    /// It has ended.
    Finish { outcome: Outcome, diagnosis: String, primary: Option<DeploymentId> },
}

/// What is known of the attempted service.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub service: Option<&'a Service>,
    /// When it was seen to be gone, if it was.
    pub gone_at: Option<Time>,
}

/// Judges one open attempt.
pub fn judge(attempt: &Attempt, evidence: Evidence<'_>, now: Time) -> Judgement {
    let judgement = judge_by_evidence(attempt, evidence, now);
    match judgement {
        Judgement::Going { reason, .. } if given_up(attempt, now) => Judgement::Finish {
            outcome: Outcome::Failed,
            diagnosis: format!("cannot tell what became of it; last: {reason}"),
            primary: evidence
                .service
                .and_then(|service| service.description.as_ref()?.primary())
                .map(|primary| primary.id.clone()),
        },
        judgement => judgement,
    }
}

/// Long past its deadline, or begun by a clock that was far ahead: no reading from now on would
/// count as newer than the intent, and the attempt would keep its slot for ever.
fn given_up(attempt: &Attempt, now: Time) -> bool {
    now >= shift(attempt.deadline, GIVEN_UP) || attempt.intent_at >= shift(now, GIVEN_UP)
}

fn judge_by_evidence(attempt: &Attempt, evidence: Evidence<'_>, now: Time) -> Judgement {
    if evidence.gone_at.is_some_and(|gone_at| gone_at >= attempt.intent_at) {
        return superseded("the service was deleted");
    }
    let Some(service) = evidence.service else { return unseen(attempt, None, now) };
    if let Some(problem) = &service.problem
        && problem.class == ProblemClass::NotFound
        && problem.at >= attempt.intent_at
    {
        return superseded(&format!("the service is no longer there ({problem})"));
    }
    let Some(description) = service.description.as_ref().filter(|_| service.problem.is_none())
    else {
        return unseen(attempt, Some(service), now);
    };
    let case = Case { attempt, service, description, now };
    match &attempt.call {
        Call::Unknown => call::resolve(&case),
        Call::Accepted { deployment, created_at, known_at, service_deployment } => {
            if description.described_at < *known_at {
                return case.going(case.rollout(None), Depth::Describe);
            }
            let ours =
                Ours { created_at: *created_at, service_deployment: service_deployment.as_deref() };
            match description.primary().filter(|primary| primary.id == *deployment) {
                Some(primary) => rolling::judge(&case, &ours, primary),
                None if still_stale(&case, *known_at) => {
                    case.going(case.rollout(None), Depth::Describe)
                }
                None => vanished::judge(&case, &ours),
            }
        }
    }
}

/// One attempt and a good reading of its service.
#[derive(Clone, Copy, Debug)]
struct Case<'a> {
    attempt: &'a Attempt,
    service: &'a Service,
    description: &'a Description,
    now: Time,
}

/// The deployment that our call made.
#[derive(Clone, Copy, Debug)]
struct Ours<'a> {
    created_at: Time,
    service_deployment: Option<&'a str>,
}

impl Case<'_> {
    fn going(&self, reason: Reason, depth: Depth) -> Judgement {
        let pause = stages::poll(self);
        Judgement::Going { reason, depth, at: shift(self.description.described_at, pause) }
    }

    /// Goes on, and wants to know more than the newest look told.
    fn going_deeper(&self, reason: Reason, depth: Depth) -> Judgement {
        Judgement::Going { reason, depth, at: shift(self.description.described_at, SOON) }
    }

    fn finish(&self, outcome: Outcome, why: &str) -> Judgement {
        Judgement::Finish {
            outcome,
            diagnosis: diagnosis::explain(why, outcome, self.service),
            primary: self.description.primary().map(|primary| primary.id.clone()),
        }
    }

    /// The evidence for a bad end, if it was gathered no earlier than the description was.
    fn post_mortem(&self) -> Option<&super::fleet::PostMortem> {
        let found = self.service.post_mortem.as_ref()?;
        (found.asked_at >= self.description.described_at).then_some(found)
    }

    /// The depth of a look that gathers that evidence.
    fn post_mortem_depth(&self) -> Depth {
        Depth::PostMortem { since: shift(self.attempt.intent_at, -MAY_BE_STALE) }
    }

    /// That it goes on, before anything of it was seen.
    fn under_way(&self) -> Reason {
        match self.attempt.call {
            Call::Unknown => Reason::CallUnknown { attempt: self.attempt.id.clone() },
            Call::Accepted { .. } => self.rollout(None),
        }
    }

    fn overdue(&self) -> bool {
        self.description.described_at >= self.attempt.deadline
    }

    fn rollout(&self, ours: Option<&DeploymentId>) -> Reason {
        let running = |is_ours: bool| {
            let counts = self.description.deployments.iter();
            counts
                .filter(|deployment| (Some(&deployment.id) == ours) == is_ours)
                .map(|deployment| deployment.running_count)
                .sum()
        };
        Reason::OurRollout {
            attempt: self.attempt.id.clone(),
            new_running: running(true),
            desired: self.description.desired_count,
            old_running: running(false),
            deadline: self.attempt.deadline,
            note: stages::note(self),
        }
    }
}

/// Whether a reading that still shows the PRIMARY from before the call, or none, may simply be old.
fn still_stale(case: &Case<'_>, known_at: Time) -> bool {
    let unchanged =
        case.description.primary().is_none_or(|primary| primary.id == case.attempt.before.primary);
    unchanged && case.description.described_at - known_at < MAY_BE_STALE
}

fn superseded(why: &str) -> Judgement {
    Judgement::Finish { outcome: Outcome::Superseded, diagnosis: why.to_owned(), primary: None }
}

fn unseen(attempt: &Attempt, service: Option<&Service>, now: Time) -> Judgement {
    let problem = service.and_then(|service| service.problem.clone());
    let at = problem.as_ref().map_or(now, |problem| shift(problem.at, POLL));
    let reason = Reason::OurRolloutUnseen { attempt: attempt.id.clone(), problem };
    Judgement::Going { reason, depth: Depth::Describe, at }
}
