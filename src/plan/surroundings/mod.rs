//! What services refer to: things beside ECS's services and tasks, as they were last read.
//!
//! The plan says what it wants to know; it is read in batches, kept for a while, and never waited for
//! longer than it takes to answer. What could not be read is known as a problem, and whoever decides
//! has to do without.

mod code_deploy;
mod target_group;
mod task_definition;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

pub use code_deploy::{CodeDeployGroup, Revision, S3Revision};
pub use target_group::TargetGroup;
pub use task_definition::TaskDefinition;

use super::fleet::{DeploymentId, Problem, ProblemClass};
use super::key::ServiceKey;
use crate::clock::Time;

/// What can be read once is asked for again after this when it could not be read.
const FAILED_KEPT: TimeDelta = TimeDelta::minutes(10);

/// Something that the plan wants to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Want {
    /// A task definition by its full ARN. One revision never changes but in its status.
    TaskDefinition(Arc<str>),
    /// A target group by its ARN.
    TargetGroup(Arc<str>),
    /// Where CodeDeploy deploys a service, told by a deployment that made its PRIMARY task set.
    CodeDeployGroup(ServiceKey, DeploymentId),
}

/// What came of reading something.
#[derive(Clone, Debug, PartialEq)]
pub struct Known<T> {
    pub read_at: Time,
    pub value: Result<T, Problem>,
}

impl<T> Known<T> {
    /// Whether it is as good as read now. No time is waited out that lies ahead.
    pub(super) fn is_current(&self, now: Time, kept: TimeDelta) -> bool {
        let kept = if self.value.is_ok() { kept } else { FAILED_KEPT };
        let age = now - self.read_at;
        age >= TimeDelta::zero() && age < kept
    }

    /// Whether it says less than what was known before: AWS gave no answer about it.
    fn outlived_by(&self, before: &Self) -> bool {
        let no_answer = |problem: &Problem| match problem.class {
            ProblemClass::Throttled
            | ProblemClass::Server
            | ProblemClass::Timeout
            | ProblemClass::Network
            | ProblemClass::Credentials => true,
            ProblemClass::Denied | ProblemClass::NotFound | ProblemClass::Invalid => false,
        };
        before.value.is_ok() && self.value.as_ref().is_err_and(no_answer)
    }
}

/// Everything that is known of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    pub task_definitions: BTreeMap<Arc<str>, Known<TaskDefinition>>,
    pub target_groups: BTreeMap<Arc<str>, Known<TargetGroup>>,
    /// By the service, with the deployment that it was asked by.
    pub code_deploy_groups: BTreeMap<ServiceKey, (DeploymentId, Known<CodeDeployGroup>)>,
    /// What could not be read again though it had been: when that was tried last. What was known of
    /// it stays.
    pub tried_in_vain: BTreeMap<Want, Time>,
}

impl Surroundings {
    /// How long a task definition is kept: it may become INACTIVE.
    pub const TASK_DEFINITION_KEPT: TimeDelta = TimeDelta::hours(24);
    pub const TARGET_GROUP_KEPT: TimeDelta = TimeDelta::hours(1);
    pub const CODE_DEPLOY_GROUP_KEPT: TimeDelta = TimeDelta::hours(1);
    /// How long it is believed that a group has a deployment under way.
    const BUSY_KEPT: TimeDelta = TimeDelta::minutes(1);

    /// Whether `want` is known well enough not to be asked for now.
    pub fn knows(&self, want: &Want, now: Time) -> bool {
        let tried = |at: &Time| (TimeDelta::zero()..FAILED_KEPT).contains(&(now - *at));
        if self.tried_in_vain.get(want).is_some_and(tried) {
            return true;
        }
        match want {
            Want::TaskDefinition(arn) => self
                .task_definitions
                .get(arn)
                .is_some_and(|known| known.is_current(now, Self::TASK_DEFINITION_KEPT)),
            Want::TargetGroup(arn) => self
                .target_groups
                .get(arn)
                .is_some_and(|known| known.is_current(now, Self::TARGET_GROUP_KEPT)),
            Want::CodeDeployGroup(service, deployment) => {
                self.code_deploy_group(service, deployment).is_some_and(|known| {
                    let busy = known.value.as_ref().is_ok_and(|group| group.under_way.is_some());
                    let kept = if busy { Self::BUSY_KEPT } else { Self::CODE_DEPLOY_GROUP_KEPT };
                    known.is_current(now, kept)
                })
            }
        }
    }

    /// Where CodeDeploy deploys a service whose PRIMARY task set that deployment made.
    pub fn code_deploy_group(
        &self,
        service: &ServiceKey,
        deployment: &DeploymentId,
    ) -> Option<&Known<CodeDeployGroup>> {
        let (asked_by, known) = self.code_deploy_groups.get(service)?;
        (asked_by == deployment).then_some(known)
    }

    /// Those of `wants` that have to be read.
    pub fn unknown(&self, wants: &BTreeSet<Want>, now: Time) -> BTreeSet<Want> {
        wants.iter().filter(|want| !self.knows(want, now)).cloned().collect()
    }

    /// Why parts of it could not be read.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        let definitions = self.task_definitions.values().map(|known| known.value.as_ref().err());
        let groups = self.target_groups.values().map(|known| known.value.as_ref().err());
        let deployed = self.code_deploy_groups.values();
        let deployed = deployed.map(|(_, known)| known.value.as_ref().err());
        definitions.chain(groups).chain(deployed).flatten()
    }

    /// Takes in what was read; newer readings win because there is one pass at a time. But an API that
    /// does not answer for a while says nothing against what it answered before.
    pub fn absorb(&mut self, read: Surroundings) {
        let tried = &mut self.tried_in_vain;
        let definitions = &mut self.task_definitions;
        take_in(definitions, read.task_definitions, tried, Want::TaskDefinition);
        take_in(&mut self.target_groups, read.target_groups, tried, Want::TargetGroup);
        self.code_deploy_groups.extend(read.code_deploy_groups);
        self.tried_in_vain.extend(read.tried_in_vain);
    }

    /// Drops what nobody has asked for in a long time: definitions of deployments long gone.
    pub fn prune(&mut self, now: Time) {
        let recent = |read_at: Time| now - read_at < TimeDelta::days(2);
        self.task_definitions.retain(|_, known| recent(known.read_at));
        self.target_groups.retain(|_, known| recent(known.read_at));
        self.code_deploy_groups.retain(|_, (_, known)| recent(known.read_at));
        self.tried_in_vain.retain(|_, tried_at| recent(*tried_at));
    }
}

fn take_in<T>(
    known: &mut BTreeMap<Arc<str>, Known<T>>,
    read: BTreeMap<Arc<str>, Known<T>>,
    tried_in_vain: &mut BTreeMap<Want, Time>,
    want: fn(Arc<str>) -> Want,
) {
    for (arn, now_known) in read {
        if known.get(&arn).is_some_and(|before| now_known.outlived_by(before)) {
            tried_in_vain.insert(want(arn), now_known.read_at);
        } else {
            tried_in_vain.remove(&want(arn.clone()));
            known.insert(arn, now_known);
        }
    }
}
