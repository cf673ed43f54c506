//! What became of an open attempt.
//!
//! The judgement rests on observations alone. Readings that began before we knew of our deployment
//! prove nothing, partial ones prove nothing, and texts never decide: they only explain.

mod call;
mod code_deploy;
mod pace;
mod rescue;
mod rolling;
mod stages;
mod still;
mod vanished;

use chrono::TimeDelta;

use super::diagnosis::{Clues, Finding, explain};
use super::due::shift;
use super::fleet::{DeploymentId, Description, ProblemClass, Service};
use super::ledger::{Attempt, Call, Outcome};
use super::rescue::Remedy;
use super::step::{Depth, RollBack};
use super::verdict::Reason;
use crate::clock::Time;

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
    /// It has ended. Every failure has a finding.
    Finish {
        outcome: Outcome,
        diagnosis: String,
        finding: Option<Finding>,
        primary: Option<DeploymentId>,
    },
    /// Its time is up, and ECS is to be told to roll it back.
    RollBack(RollBack),
}

/// What is known of the attempted service.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub service: Option<&'a Service>,
    /// When it was seen to be gone, if it was.
    pub gone_at: Option<Time>,
    /// What may be done when its time is up.
    pub remedy: Remedy,
}

/// Judges one open attempt.
pub fn judge(attempt: &Attempt, evidence: Evidence<'_>, now: Time) -> Judgement {
    let judgement = judge_by_evidence(attempt, evidence, now);
    match judgement {
        Judgement::Going { reason, .. } if given_up(attempt, now) => Judgement::Finish {
            outcome: Outcome::Failed,
            diagnosis: format!("cannot tell what became of it; last: {reason}"),
            finding: Some(Finding::Unknown { said: Vec::new() }),
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
    let begun_at = attempt.rescue.as_ref().map_or(attempt.intent_at, |rescue| rescue.asked_at);
    now >= shift(attempt.deadline, GIVEN_UP)
        || attempt.intent_at.max(begun_at) >= shift(now, GIVEN_UP)
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
    let case = Case { attempt, service, description, remedy: evidence.remedy, now };
    if let Some(ended) = code_deploy::controller_changed(&case) {
        return ended;
    }
    if let Some(target) = &attempt.code_deploy {
        return code_deploy::judge(&case, target);
    }
    match &attempt.call {
        Call::Unknown => call::resolve(&case),
        Call::Accepted { deployment, created_at, known_at, service_deployment } => {
            if description.described_at < *known_at {
                return case.going(case.rollout(None), stages::depth(&case));
            }
            let service_deployment = service_deployment.as_deref();
            let ours = Ours { deployment, created_at: *created_at, service_deployment };
            if let Some(rescue) = &attempt.rescue {
                return rescue::follow(&case, &ours, rescue);
            }
            match description.primary().filter(|primary| primary.id == *deployment) {
                Some(primary) => rolling::judge(&case, &ours, primary),
                None if still_stale(&case, *known_at) && !stages::was_taken_back(&case, &ours) => {
                    case.going(case.rollout(None), stages::depth(&case))
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
    remedy: Remedy,
    now: Time,
}

/// The deployment that our call made.
#[derive(Clone, Copy, Debug)]
struct Ours<'a> {
    deployment: &'a DeploymentId,
    created_at: Time,
    service_deployment: Option<&'a str>,
}

impl Case<'_> {
    fn going(&self, reason: Reason, depth: Depth) -> Judgement {
        Judgement::Going { reason, depth, at: pace::next_look(self) }
    }

    /// Goes on, and nothing is known that could bring it to an end.
    fn going_slowly(&self, reason: Reason, depth: Depth) -> Judgement {
        Judgement::Going { reason, depth, at: pace::next_slow_look(self) }
    }

    /// Goes on, and wants to know more than the newest look told.
    fn going_deeper(&self, reason: Reason, depth: Depth) -> Judgement {
        Judgement::Going { reason, depth, at: shift(self.description.described_at, SOON) }
    }

    fn finish(&self, outcome: Outcome, why: &str) -> Judgement {
        let clues = self.clues();
        let finding = outcome.is_failure().then(|| clues.find());
        Judgement::Finish {
            outcome,
            diagnosis: finding
                .as_ref()
                .map_or_else(|| why.to_owned(), |finding| explain(why, finding, &clues)),
            finding,
            primary: self.description.primary().map(|primary| primary.id.clone()),
        }
    }

    fn clues(&self) -> Clues<'_> {
        Clues { attempt: self.attempt, service: self.service, now: self.now }
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
            Call::Unknown => call_unknown(self.attempt),
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

/// That nobody knows yet whether its call was accepted.
pub fn call_unknown(attempt: &Attempt) -> Reason {
    let operation =
        if attempt.code_deploy.is_some() { "CreateDeployment" } else { "UpdateService" };
    Reason::CallUnknown { attempt: attempt.id.clone(), operation }
}

/// Whether a reading that still shows the PRIMARY from before the call, or none, may simply be old.
fn still_stale(case: &Case<'_>, known_at: Time) -> bool {
    let unchanged =
        case.description.primary().is_none_or(|primary| primary.id == case.attempt.before.primary);
    unchanged && case.description.described_at - known_at < MAY_BE_STALE
}

fn superseded(why: &str) -> Judgement {
    let (outcome, diagnosis) = (Outcome::Superseded, why.to_owned());
    Judgement::Finish { outcome, diagnosis, finding: None, primary: None }
}

fn unseen(attempt: &Attempt, service: Option<&Service>, now: Time) -> Judgement {
    let problem = service.and_then(|service| service.problem.clone());
    let at = problem.as_ref().map_or(now, |problem| pace::next_try(problem.at));
    let reason = Reason::OurRolloutUnseen { attempt: attempt.id.clone(), problem };
    Judgement::Going { reason, depth: Depth::Follow, at }
}
