//! What services refer to: things beside ECS's services and tasks, as they were last read.
//!
//! The plan says what it wants to know; it is read in batches, kept for a while, and never waited for
//! longer than it takes to answer. What could not be read is known as a problem, and whoever decides
//! has to do without.

mod capacity;
mod code_deploy;
mod image;
mod target_group;
mod task_definition;
mod want;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;

pub use capacity::{Alarm, FargateQuota, Market, Subnet, TargetHealth};
pub use code_deploy::{CodeDeployGroup, Revision, S3Revision};
pub use image::{
    Image, ImageId, ImageKind, ImageName, ImageSeen, ImageStatus, Lifecycle, LifecycleAction,
    LifecycleLimit, LifecycleRule, PullThrough, Repository, TagSelection,
};
pub use target_group::TargetGroup;
pub use task_definition::{ContainerImage, TaskDefinition};
pub use want::{Tier, Want};

use super::fleet::{DeploymentId, Problem, ProblemClass, Protected};
use super::key::ServiceKey;
use crate::clock::Time;

/// What can be read once is asked for again after this when it could not be read.
const FAILED_KEPT: TimeDelta = TimeDelta::minutes(10);

/// What came of reading something.
#[derive(Clone, Debug, PartialEq)]
pub struct Known<T> {
    pub read_at: Time,
    pub value: Result<T, Problem>,
}

impl<T> Known<T> {
    /// Whether it is as good as read now. No time is waited out that lies ahead.
    pub(super) fn is_current(&self, now: Time, kept: TimeDelta) -> bool {
        is_current(self.read_at, now, if self.value.is_ok() { kept } else { FAILED_KEPT })
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

fn is_current(read_at: Time, now: Time, kept: TimeDelta) -> bool {
    let age = now - read_at;
    age >= TimeDelta::zero() && age < kept
}

/// Everything that is known of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Surroundings {
    pub task_definitions: BTreeMap<Arc<str>, Known<TaskDefinition>>,
    pub target_groups: BTreeMap<Arc<str>, Known<TargetGroup>>,
    pub target_health: BTreeMap<Arc<str>, Known<TargetHealth>>,
    /// By the service, with the deployment that it was asked by.
    pub code_deploy_groups: BTreeMap<ServiceKey, (DeploymentId, Known<CodeDeployGroup>)>,
    pub images: BTreeMap<ImageId, Known<ImageSeen>>,
    pub lifecycles: BTreeMap<Repository, Known<Lifecycle>>,
    pub pull_through: Option<Known<PullThrough>>,
    pub alarms: BTreeMap<Arc<str>, Known<Alarm>>,
    pub quotas: BTreeMap<Market, Known<FargateQuota>>,
    pub subnets: BTreeMap<Arc<str>, Known<Subnet>>,
    /// Tasks of a service that are protected from being stopped.
    pub protections: BTreeMap<ServiceKey, Known<Vec<Protected>>>,
    /// What could not be read again though it had been: when that was tried last. What was known of
    /// it stays.
    pub tried_in_vain: BTreeMap<Want, Time>,
}

impl Surroundings {
    /// Whether `want` is known well enough not to be asked for now, for that purpose.
    pub fn knows(&self, want: &Want, tier: Tier, now: Time) -> bool {
        let tried = |at: &Time| is_current(*at, now, want.failed_kept());
        if self.tried_in_vain.get(want).is_some_and(tried) {
            return true;
        }
        let busy = match want {
            Want::CodeDeployGroup(service, deployment) => self
                .code_deploy_group(service, deployment)
                .and_then(|known| known.value.as_ref().ok())
                .is_some_and(|group| group.under_way.is_some()),
            _ => false,
        };
        let kept = if busy { Want::BUSY_KEPT } else { want.kept(tier) };
        self.reading(want).is_some_and(|(read_at, is_ok)| {
            is_current(read_at, now, if is_ok { kept } else { want.failed_kept() })
        })
    }

    /// When it was asked for last, where an answer is known that was good once. What failed is asked for
    /// again in its own time.
    pub fn asked_at(&self, want: &Want) -> Option<Time> {
        let (read_at, _) = self.reading(want).filter(|(_, is_ok)| *is_ok)?;
        Some(self.tried_in_vain.get(want).copied().unwrap_or(read_at).max(read_at))
    }

    /// When it was read last.
    pub fn read_at(&self, want: &Want) -> Option<Time> {
        self.reading(want).map(|(read_at, _)| read_at)
    }

    /// When it was read, and whether it could be.
    fn reading(&self, want: &Want) -> Option<(Time, bool)> {
        fn of<T>(known: Option<&Known<T>>) -> Option<(Time, bool)> {
            known.map(|known| (known.read_at, known.value.is_ok()))
        }
        match want {
            Want::TaskDefinition(arn) => of(self.task_definitions.get(arn)),
            Want::TargetGroup(arn) => of(self.target_groups.get(arn)),
            Want::TargetHealth(arn) => of(self.target_health.get(arn)),
            Want::Image(id) => of(self.images.get(id)),
            Want::Lifecycle(repository) => of(self.lifecycles.get(repository)),
            Want::PullThrough => of(self.pull_through.as_ref()),
            Want::Alarm(name) => of(self.alarms.get(name)),
            Want::FargateQuota(market) => of(self.quotas.get(market)),
            Want::Subnet(id) => of(self.subnets.get(id)),
            Want::Protection(service, _) => of(self.protections.get(service)),
            Want::CodeDeployGroup(service, deployment) => {
                of(self.code_deploy_group(service, deployment))
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
    pub fn unknown(&self, wants: &BTreeSet<Want>, tier: Tier, now: Time) -> BTreeSet<Want> {
        wants.iter().filter(|want| !self.knows(want, tier, now)).cloned().collect()
    }

    /// Why parts of it could not be read.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        fn of<'a, T: 'a>(
            known: impl Iterator<Item = &'a Known<T>>,
        ) -> impl Iterator<Item = &'a Problem> {
            // What was not even asked for is no problem.
            let asked = known.filter(|known| known.read_at > Time::MIN_UTC);
            asked.filter_map(|known| known.value.as_ref().err())
        }
        of(self.task_definitions.values())
            .chain(of(self.target_groups.values()))
            .chain(of(self.target_health.values()))
            .chain(of(self.code_deploy_groups.values().map(|(_, known)| known)))
            .chain(of(self.images.values()))
            .chain(of(self.lifecycles.values()))
            .chain(of(self.pull_through.iter()))
            .chain(of(self.alarms.values()))
            .chain(of(self.quotas.values()))
            .chain(of(self.subnets.values()))
            .chain(of(self.protections.values()))
    }

    /// Takes in what was read; newer readings win because there is one pass at a time. But an API that
    /// does not answer for a while says nothing against what it answered before.
    pub fn absorb(&mut self, read: Surroundings) {
        let tried = &mut self.tried_in_vain;
        let definitions = &mut self.task_definitions;
        take_in(definitions, read.task_definitions, tried, Want::TaskDefinition);
        take_in(&mut self.target_groups, read.target_groups, tried, Want::TargetGroup);
        take_in(&mut self.lifecycles, read.lifecycles, tried, Want::Lifecycle);
        take_in(&mut self.images, read.images, tried, Want::Image);
        // How these stand is not what it was a while ago.
        self.target_health.extend(read.target_health);
        if let Some(rules) = read.pull_through {
            match &self.pull_through {
                Some(before) if rules.outlived_by(before) => {
                    _ = tried.insert(Want::PullThrough, rules.read_at);
                }
                _ => self.pull_through = Some(rules),
            }
        }
        self.alarms.extend(read.alarms);
        self.quotas.extend(read.quotas);
        self.subnets.extend(read.subnets);
        self.protections.extend(read.protections);
        self.code_deploy_groups.extend(read.code_deploy_groups);
        self.tried_in_vain.extend(read.tried_in_vain);
    }

    /// Drops what nobody has asked for in a long time. Task definitions are read once and for all, so
    /// those stay that are `in_use`.
    pub fn prune(&mut self, in_use: &BTreeSet<Arc<str>>, now: Time) {
        let recent = |read_at: Time| now - read_at < TimeDelta::days(2);
        self.task_definitions.retain(|arn, known| recent(known.read_at) || in_use.contains(arn));
        self.target_groups.retain(|_, known| recent(known.read_at));
        self.target_health.retain(|_, known| recent(known.read_at));
        self.code_deploy_groups.retain(|_, (_, known)| recent(known.read_at));
        self.images.retain(|_, known| recent(known.read_at));
        self.lifecycles.retain(|_, known| recent(known.read_at));
        self.alarms.retain(|_, known| recent(known.read_at));
        self.subnets.retain(|_, known| recent(known.read_at));
        self.protections.retain(|_, known| recent(known.read_at));
        self.tried_in_vain.retain(|_, tried_at| recent(*tried_at));
    }
}

fn take_in<K: Ord + Clone, T>(
    known: &mut BTreeMap<K, Known<T>>,
    read: BTreeMap<K, Known<T>>,
    tried_in_vain: &mut BTreeMap<Want, Time>,
    want: fn(K) -> Want,
) {
    for (key, now_known) in read {
        if known.get(&key).is_some_and(|before| now_known.outlived_by(before)) {
            tried_in_vain.insert(want(key), now_known.read_at);
        } else {
            tried_in_vain.remove(&want(key.clone()));
            known.insert(key, now_known);
        }
    }
}
