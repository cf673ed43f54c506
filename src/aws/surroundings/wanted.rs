//! What is wanted, by its kind.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::plan::fleet::TaskId;
use crate::plan::key::ServiceKey;
use crate::plan::surroundings::{ImageId, Market, Repository, Want};

/// The wants of a pass, sorted into what each API is asked for. Those about deployment groups are not
/// among it.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) task_definitions: Vec<Arc<str>>,
    pub(super) target_groups: Vec<Arc<str>>,
    pub(super) target_health: Vec<Arc<str>>,
    pub(super) images: Vec<ImageId>,
    pub(super) lifecycles: Vec<Repository>,
    pub(super) pull_through: bool,
    pub(super) alarms: Vec<Arc<str>>,
    pub(super) quotas: Vec<Market>,
    pub(super) subnets: Vec<Arc<str>>,
    pub(super) protections: Vec<(ServiceKey, Arc<[TaskId]>)>,
}

impl Wanted {
    pub(super) fn of(wants: &BTreeSet<Want>) -> Self {
        let mut wanted = Self::default();
        for want in wants {
            match want {
                Want::TaskDefinition(arn) => wanted.task_definitions.push(arn.clone()),
                Want::TargetGroup(arn) => wanted.target_groups.push(arn.clone()),
                Want::TargetHealth(arn) => wanted.target_health.push(arn.clone()),
                Want::Image(id) => wanted.images.push(id.clone()),
                Want::Lifecycle(repository) => wanted.lifecycles.push(repository.clone()),
                Want::PullThrough => wanted.pull_through = true,
                Want::Alarm(name) => wanted.alarms.push(name.clone()),
                Want::FargateQuota(market) => wanted.quotas.push(*market),
                Want::Subnet(id) => wanted.subnets.push(id.clone()),
                Want::Protection(service, tasks) => {
                    wanted.protections.push((service.clone(), tasks.clone()));
                }
                Want::CodeDeployGroup(..) => {}
            }
        }
        wanted
    }
}
