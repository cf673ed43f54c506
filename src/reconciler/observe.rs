//! Which clusters there are to look at.

use std::collections::BTreeSet;

use crate::aws::{Ecs, Priority};
use crate::clock::Time;
use crate::plan::fleet::Problem;
use crate::plan::key::ClusterKey;
use crate::plan::policy::Policies;

/// What the policies say about clusters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterNames {
    /// Names without any pattern.
    names: BTreeSet<String>,
    /// Whether some policy has a pattern, so that all clusters must be listed.
    patterns: bool,
}

/// The clusters that the policies select.
#[derive(Clone, Debug)]
pub struct ClustersSeen {
    /// When the first call was sent.
    pub begun_at: Time,
    /// The selected clusters; absent when they could not be found out.
    pub found: Option<BTreeSet<ClusterKey>>,
    /// Names of clusters that do not exist or cannot be asked about, and why.
    pub missing: Vec<(String, String)>,
    pub problem: Option<Problem>,
}

impl ClusterNames {
    /// What `policies` say.
    pub fn of(policies: &Policies) -> Self {
        let mut wanted = Self { names: BTreeSet::new(), patterns: false };
        for pattern in policies.policies.iter().flat_map(|policy| policy.selector.clusters()) {
            match pattern.is_literal() {
                true => _ = wanted.names.insert(pattern.text().to_owned()),
                false => wanted.patterns = true,
            }
        }
        wanted
    }
}

/// Finds the clusters that the policies select: one listing where patterns are used, else one
/// description per hundred names.
pub async fn find_clusters(ecs: Ecs, policies: &Policies, begun_at: Time) -> ClustersSeen {
    let wanted = ClusterNames::of(policies);
    let mut seen = ClustersSeen { begun_at, found: None, missing: Vec::new(), problem: None };
    let existing = if wanted.patterns {
        ecs.list_clusters(Priority::Look).await.inspect(|listed| {
            let known: BTreeSet<&str> = listed.iter().map(ClusterKey::name).collect();
            seen.missing = wanted
                .names
                .iter()
                .filter(|name| !known.contains(name.as_str()))
                .map(|name| (name.clone(), "there is no such cluster".to_owned()))
                .collect();
        })
    } else {
        ecs.resolve_clusters(&wanted.names, Priority::Look).await.map(|resolved| {
            let absent = resolved
                .missing
                .into_iter()
                .map(|name| (name, "there is no such cluster".to_owned()));
            let denied =
                resolved.denied.into_iter().map(|(name, problem)| (name, problem.to_string()));
            seen.missing = absent.chain(denied).collect();
            resolved.found
        })
    };
    match existing {
        Ok(existing) => {
            let selected = existing.into_iter().filter(|cluster| select(policies, cluster));
            seen.found = Some(selected.collect());
        }
        Err(problem) => seen.problem = Some(problem),
    }
    seen
}

/// Whether any policy may select services of this cluster.
pub(super) fn select(policies: &Policies, cluster: &ClusterKey) -> bool {
    policies.policies.iter().any(|policy| policy.selector.matches_cluster(cluster.name()))
}
