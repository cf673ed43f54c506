//! How the observation of clusters as a whole is going.

use std::collections::{BTreeMap, BTreeSet};

use super::observe::ClustersSeen;
use super::status::ClusterStatus;
use crate::plan::fleet::{ClusterLook, Fleet};
use crate::plan::key::ClusterKey;

/// What is known of the clusters besides their services.
#[derive(Debug, Default)]
pub struct Clusters {
    /// Whether they were ever found out.
    listed: bool,
    listing_problem: Option<String>,
    missing: BTreeMap<String, String>,
    looked_at: BTreeSet<ClusterKey>,
    /// Whether any look ever was complete.
    seen_one: bool,
}

impl Clusters {
    /// Takes in which clusters there are. Whether anything about it changed.
    pub fn listed(&mut self, seen: &ClustersSeen) -> bool {
        let before = self.problems();
        self.listing_problem = seen.problem.as_ref().map(ToString::to_string);
        if let Some(found) = &seen.found {
            self.listed = true;
            self.missing = seen.missing.iter().cloned().collect();
            self.looked_at.retain(|cluster| found.contains(cluster));
            if found.is_empty() && self.missing.is_empty() {
                self.listing_problem = Some("no cluster matches the policies' patterns".to_owned());
            }
        }
        before != self.problems()
    }

    /// Takes in that a look at a cluster has ended, however it went.
    pub fn looked_at(&mut self, look: &ClusterLook) {
        self.looked_at.insert(look.cluster.clone());
        self.seen_one |= look.complete;
    }

    /// Whether every cluster there is was looked at, and anything could be seen. A cluster that
    /// may not be read does not keep the others from being refreshed.
    pub fn all_looked_at(&self, fleet: &Fleet) -> bool {
        let mut clusters = fleet.clusters();
        let nothing_there = fleet.clusters().next().is_none();
        self.listed
            && (self.seen_one || nothing_there)
            && clusters.all(|(cluster, _)| self.looked_at.contains(cluster))
    }

    /// What is wrong, in sentences.
    pub fn problems(&self) -> Vec<String> {
        let missing = self.missing.iter().map(|(name, why)| format!("cluster {name}: {why}"));
        self.listing_problem.clone().into_iter().chain(missing).collect()
    }
}

/// How each cluster was last seen.
pub fn statuses(fleet: &Fleet) -> Vec<ClusterStatus> {
    fleet
        .clusters()
        .map(|(cluster, view)| ClusterStatus {
            cluster: cluster.clone(),
            complete_at: view.complete_at,
            problem: view.problem.clone(),
        })
        .collect()
}
