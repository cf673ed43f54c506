//! What should happen next: steps to execute and looks to take.

use std::sync::Arc;
use std::time::Duration;

use super::code_deploy::Target;
use super::diagnosis::Finding;
use super::fleet::DeploymentId;
use super::key::ServiceKey;
use super::ledger::{AttemptId, Before, Call, Cause, Outcome};
use super::notice::Retirement;
use super::surroundings::S3Revision;
use crate::clock::Time;

/// An effect that the plan asks for. No choice is left to whoever executes it.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Store the intent, then send one call.
    Start(Start),
    /// A deployment was observed that is the answer to a call whose outcome was unknown.
    Adopt { service: ServiceKey, attempt: AttemptId, call: Call },
    /// It waits for something that has an end of its own, and gets time until then.
    Extend { service: ServiceKey, attempt: AttemptId, deadline: Time },
    /// Production traffic has moved: the attempt frees its slot, and is given up then.
    MoveOn { service: ServiceKey, attempt: AttemptId, deadline: Time },
    /// Store that ECS is told to roll the attempt's deployment back, then tell it, once.
    RollBack(RollBack),
    /// The attempt has ended.
    Finish {
        service: ServiceKey,
        attempt: AttemptId,
        outcome: Outcome,
        diagnosis: String,
        finding: Option<Finding>,
        primary: Option<DeploymentId>,
    },
    /// What became of the retirement notices about it is remembered.
    Follow { service: ServiceKey, retirements: Vec<Retirement> },
    /// The call was not accepted: the attempt never was. A new try passes the whole plan again.
    Abandon { service: ServiceKey, attempt: AttemptId },
}

impl Step {
    /// The service that the step is about. At most one step is taken about a service at a time.
    pub fn service(&self) -> &ServiceKey {
        match self {
            Self::Start(start) => &start.service,
            Self::RollBack(back) => &back.service,
            Self::Adopt { service, .. }
            | Self::Extend { service, .. }
            | Self::MoveOn { service, .. }
            | Self::Finish { service, .. }
            | Self::Follow { service, .. }
            | Self::Abandon { service, .. } => service,
        }
    }
}

/// A refresh that may start now.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    pub service: ServiceKey,
    pub policy: Arc<str>,
    pub cause: Cause,
    pub before: Before,
    pub call: StartCall,
    /// The call may be sent before this instant and not at it or after: the view that it rests on grows
    /// stale, the window closes, a freeze begins.
    pub send_by: Time,
    /// From intent to giving up.
    pub rollout_timeout: Duration,
}

/// A rollout of ours that timed out and is to be rolled back.
#[derive(Clone, Debug, PartialEq)]
pub struct RollBack {
    pub service: ServiceKey,
    pub attempt: AttemptId,
    /// The ARN of the attempt's own service deployment: nobody else's is ever named.
    pub service_deployment: Arc<str>,
    /// What was seen when the time was up, in words.
    pub why: String,
    /// What it seemed to suffer from.
    pub finding: Finding,
    /// The call may be sent before this instant and not at it or after: the view that it rests on
    /// grows stale.
    pub send_by: Time,
    /// When following the rollback is given up.
    pub deadline: Time,
}

/// The one call by which a refresh begins.
#[derive(Clone, Debug, PartialEq)]
pub enum StartCall {
    /// `UpdateService` of ECS.
    ForceNewDeployment,
    /// `CreateDeployment` of CodeDeploy.
    CreateDeployment(Box<CreateDeployment>),
}

/// A deployment that CodeDeploy is to make.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateDeployment {
    pub target: Target,
    pub revision: SentRevision,
}

/// What it is made of.
#[derive(Clone, Debug, PartialEq)]
pub enum SentRevision {
    /// The text of an AppSpec.
    AppSpec(Arc<str>),
    S3(S3Revision),
}

/// A look at one service that the plan needs in order to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub service: ServiceKey,
    pub depth: Depth,
    /// Not before this.
    pub at: Time,
}

/// How much a look at a service reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// DescribeServices, at once.
    Describe,
    /// DescribeServices, together with everything else that is followed.
    Follow,
    /// Then where its service deployment stands.
    Progress,
    /// Then its tasks, each described anew.
    Tasks,
    /// Then also its stopped tasks.
    Stopped,
    /// Then also its service deployments since this time, its stopped tasks and its events.
    PostMortem { since: Time },
}
