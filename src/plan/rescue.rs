//! What may be done about a rollout of ours that timed out, and what is remembered of doing it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::diagnosis::Finding;
use super::fleet::{Problem, Service};
use super::gate::HOLD_TAG;
use super::ledger::Attempt;
use super::policy::{OnFailure, Policies};
use crate::clock::Time;

/// The one request to ECS to roll back a rollout that timed out. It is stored before it is sent, and
/// from then on only observed: there is no second one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rescue {
    pub asked_at: Time,
    /// After this moment the request can no longer be on its way.
    pub call_ends_by: Time,
    /// The ARN of the attempt's own service deployment, which the request names.
    pub service_deployment: Arc<str>,
    /// What was seen when the time was up, in words: later the tasks that tell of it are gone.
    pub why: String,
    /// What it seemed to suffer from then.
    #[serde(default)]
    pub finding: Option<Finding>,
    pub answer: RescueAnswer,
}

/// What ECS answered to the request to roll back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RescueAnswer {
    /// It may or may not have been sent or accepted.
    Unknown,
    Accepted,
    /// ECS refused, which proves that the request changed nothing.
    Refused {
        problem: Problem,
    },
}

impl RescueAnswer {
    /// In one word, for those who are told of it.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Accepted => "accepted",
            Self::Refused { .. } => "refused",
        }
    }
}

/// What may be done about an attempt whose time is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing, which is what its policy says, or there is none any more that says anything.
    Leave,
    /// Nothing, though its policy says to roll back: somebody wants the service to be left alone.
    LeaveTo(&'static str),
    /// ECS may be told to roll it back.
    RollBack,
}

impl Remedy {
    /// What `policies` say now about an attempt at `service`, which one of them selects or none does.
    /// Windows and freezes are about starts: what was started in time is taken back at any time.
    pub fn of(
        policies: &Policies,
        attempt: &Attempt,
        service: Option<&Service>,
        is_selected: bool,
    ) -> Self {
        let policy = policies.policies.iter().find(|policy| policy.name == attempt.policy);
        let Some(policy) = policy.filter(|policy| policy.on_failure == OnFailure::Rollback) else {
            return Self::Leave;
        };
        let tags = service.and_then(|service| service.description.as_ref()).map(|seen| &seen.tags);
        if !policy.enabled && policies.by_hand.is_none() {
            Self::LeaveTo("its policy is disabled now")
        } else if !is_selected {
            Self::LeaveTo("no policy selects the service any more")
        } else if tags.is_some_and(|tags| tags.contains_key(HOLD_TAG)) {
            Self::LeaveTo("the service is held by its tag ecs-refresh:hold")
        } else {
            Self::RollBack
        }
    }
}
