//! Which policy a service belongs to.

use std::sync::Arc;

use super::fleet::{Description, Launch, Service};
use super::key::ClusterKey;
use super::policy::{Policies, Policy};

/// The policy that owns a service, and those that select it too.
#[derive(Debug)]
pub struct Owner<'a> {
    pub policy: &'a Policy,
    /// The position of `policy` in file order.
    pub index: usize,
    /// Names of later policies that also select the service.
    pub also: Vec<Arc<str>>,
}

/// The policies that select anything in one cluster, in file order: the cluster's patterns are
/// matched once instead of once per service.
#[derive(Debug)]
pub struct ClusterSelection<'a> {
    policies: Vec<(usize, &'a Policy)>,
}

impl<'a> ClusterSelection<'a> {
    /// The policies of `policies` whose cluster patterns match.
    pub fn of(policies: &'a Policies, cluster: &ClusterKey) -> Self {
        let policies = policies
            .policies
            .iter()
            .enumerate()
            .filter(|(_, policy)| policy.selector.matches_cluster(cluster.name()))
            .collect();
        Self { policies }
    }

    /// Who owns `service`: the first policy in file order that selects it. `None` when no policy
    /// does, or when it is not a Fargate service.
    ///
    /// Of a service that could never be read only the name is known. It belongs to the first policy
    /// whose names match, so that it is reported and not passed over in silence.
    pub fn owner(&self, service: &Service) -> Option<Owner<'a>> {
        let description = service.description.as_ref();
        if description.is_some_and(|description| !is_fargate(description, service)) {
            return None;
        }
        let mut selecting = self.policies.iter().filter(|(_, policy)| {
            policy.selector.matches_name(service.key.name())
                && description.is_none_or(|seen| policy.selector.matches_tags(&seen.tags))
        });
        let (index, policy) = *selecting.next()?;
        Some(Owner {
            policy,
            index,
            also: selecting.map(|(_, other)| other.name.clone()).collect(),
        })
    }
}

/// Whether the service's tasks run on Fargate. Where the service does not say, they do if it has
/// tasks among those that were listed, since only Fargate tasks are. Until they were all listed it
/// is not passed over in silence.
fn is_fargate(description: &Description, service: &Service) -> bool {
    match description.launch {
        Launch::Fargate => true,
        Launch::Elsewhere => false,
        Launch::Unstated => {
            service.tasks.as_ref().is_none_or(|tasks| !tasks.complete || !tasks.tasks.is_empty())
        }
    }
}
