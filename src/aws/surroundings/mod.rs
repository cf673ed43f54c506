//! Reads what services refer to, in batches as large as each API allows.
//!
//! Whoever wants to know waits for the answer, so a pass takes a bounded time: what has no answer by then is
//! a problem, like everything else that could not be read. What was not even asked for counts as read long
//! ago, and is asked for in the next pass.

mod alarms;
mod bisecting;
mod code_deploy;
mod images;
mod lifecycles;
mod missing;
mod pass;
mod policy_text;
mod protections;
mod pull_through;
mod quotas;
mod registry;
mod subnets;
mod target_groups;
mod target_health;
mod task_definitions;
mod wanted;

use std::collections::BTreeSet;

use self::images::Images;
use self::pass::{Asker, Pass};
use self::quotas::Quotas;
use self::registry::Registry;
use self::target_groups::TargetGroups;
use self::wanted::Wanted;
use super::budget::Priority;
use super::client::Ecs;
use crate::plan::surroundings::{Surroundings, Want};

/// Reads what the plan wants to know beside ECS's services and tasks. Cheap to clone; clones share what
/// they remember.
#[derive(Clone, Debug)]
pub struct Surveyor {
    ecs: Ecs,
    asker: Asker,
    target_groups: TargetGroups,
    registry: Registry,
    images: Images,
    metrics: aws_sdk_cloudwatch::Client,
    quotas: Quotas,
}

impl Surveyor {
    pub fn new(ecs: Ecs) -> Self {
        let registry = Registry::new(&ecs);
        let metrics = aws_sdk_cloudwatch::Client::new(ecs.sdk());
        Self {
            asker: Asker::new(&ecs),
            target_groups: TargetGroups::new(&ecs),
            images: Images::new(registry.clone()),
            registry,
            quotas: Quotas::new(&ecs, metrics.clone()),
            metrics,
            ecs,
        }
    }

    /// Reads all of `wants`, going before or after whoever else draws from the same buckets. It never
    /// fails: what could not be read is in the answer as a problem, and every want has an answer.
    pub async fn survey(&self, wants: &BTreeSet<Want>, priority: Priority) -> Surroundings {
        let (pass, wanted) = (Pass::begin(priority), Wanted::of(wants));
        let balancers = self.target_groups.client();
        let pull_through = async {
            match wanted.pull_through {
                true => Some(pull_through::read(&self.registry, pass).await),
                false => None,
            }
        };
        let mut by_code_deploy = Surroundings::default();
        let read = tokio::join!(
            biased;
            task_definitions::read(&self.ecs, &wanted.task_definitions, pass),
            self.target_groups.read(&wanted.target_groups, pass),
            target_health::read(balancers, &self.asker, &wanted.target_health, pass),
            self.images.read(&wanted.images, pass),
            lifecycles::read(&self.registry, &wanted.lifecycles, pass),
            pull_through,
            alarms::read(&self.metrics, &self.asker, &wanted.alarms, pass),
            self.quotas.read(&wanted.quotas, pass),
            subnets::read(&self.ecs, &wanted.subnets, pass),
            protections::read(&self.ecs, &wanted.protections, pass),
            code_deploy::survey(&self.ecs, wants, &mut by_code_deploy),
        );
        Surroundings {
            task_definitions: read.0,
            target_groups: read.1,
            target_health: read.2,
            images: read.3,
            lifecycles: read.4,
            pull_through: read.5,
            alarms: read.6,
            quotas: read.7,
            subnets: read.8,
            protections: read.9,
            ..by_code_deploy
        }
    }
}

#[cfg(test)]
mod tests;
