//! ListClusters and DescribeClusters: which clusters there are, and in which account.

use std::collections::{BTreeMap, BTreeSet};

use super::{MISSING, PAGE_MAX, PAGES_MAX, last_part};
use crate::aws::budget::Priority;
use crate::aws::client::{Ecs, Page, Sent};
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::key::ClusterKey;

/// The most clusters that DescribeClusters answers about in one call.
const DESCRIBE_CLUSTERS_MAX: usize = 100;

/// What became of a list of cluster names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResolvedClusters {
    pub found: BTreeSet<ClusterKey>,
    /// Names that no active cluster of this account and region has.
    pub missing: BTreeSet<String>,
    /// Names that the identity may not ask about.
    pub denied: BTreeMap<String, Problem>,
}

impl Ecs {
    /// Every cluster of the account in the region, all pages.
    ///
    /// # Errors
    /// When any page could not be read: a part of the list would look like clusters gone.
    pub async fn list_clusters(&self, priority: Priority) -> Result<BTreeSet<ClusterKey>, Problem> {
        let mut clusters = BTreeSet::new();
        let mut token = None;
        for _ in 0..PAGES_MAX {
            let page = self.list_clusters_page(token, priority).await.result?;
            clusters.extend(page.items);
            token = page.next;
            if token.is_none() {
                return Ok(clusters);
            }
        }
        Err(unusable(Operation::ListClusters, self.clock().now(), "the listing does not end"))
    }

    /// The keys of the clusters with these names. This is how the account becomes known without
    /// ListClusters.
    ///
    /// # Errors
    /// When AWS could not be asked, or may not be asked about any of them.
    pub async fn resolve_clusters(
        &self,
        names: &BTreeSet<String>,
        priority: Priority,
    ) -> Result<ResolvedClusters, Problem> {
        let names: Vec<_> = names.iter().cloned().collect();
        let mut resolved = ResolvedClusters::default();
        for batch in names.chunks(DESCRIBE_CLUSTERS_MAX) {
            match self.describe_clusters(batch, priority, &mut resolved).await {
                // One cluster that may not be read costs the whole call.
                Err(problem) if problem.class == ProblemClass::Denied => {
                    self.describe_clusters_alone(batch, priority, &mut resolved).await?;
                }
                other => other?,
            }
        }
        match resolved.denied.values().next() {
            Some(problem) if resolved.denied.len() == names.len() => Err(problem.clone()),
            _ => Ok(resolved),
        }
    }

    async fn list_clusters_page(
        &self,
        token: Option<String>,
        priority: Priority,
    ) -> Sent<Page<ClusterKey>> {
        let operation = Operation::ListClusters;
        let sent = self
            .read(operation, priority, |client, attempts| {
                client
                    .list_clusters()
                    .max_results(PAGE_MAX)
                    .set_next_token(token)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        sent.and_then(|at, output| {
            let arns = output.cluster_arns.unwrap_or_default();
            let keys: Option<_> = arns.iter().map(|arn| ClusterKey::from_arn(arn)).collect();
            let items =
                keys.ok_or_else(|| unusable(operation, at, "a cluster ARN cannot be read"))?;
            Ok(Page::new(items, output.next_token))
        })
    }

    async fn describe_clusters(
        &self,
        names: &[String],
        priority: Priority,
        resolved: &mut ResolvedClusters,
    ) -> Result<(), Problem> {
        let sent = self
            .read(Operation::DescribeClusters, priority, |client, attempts| {
                client
                    .describe_clusters()
                    .set_clusters(Some(names.to_vec()))
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let output = sent.result?;
        for failure in output.failures() {
            if failure.reason() != Some(MISSING) {
                let words = failure.reason().unwrap_or("a failure without a reason");
                return Err(unusable(Operation::DescribeClusters, sent.at, words));
            }
            resolved.missing.extend(failure.arn().map(|arn| last_part(arn).to_owned()));
        }
        let active = output.clusters().iter().filter(|cluster| cluster.status() == Some("ACTIVE"));
        let found: BTreeSet<_> =
            active.filter_map(|cluster| ClusterKey::from_arn(cluster.cluster_arn()?)).collect();
        let is_found = |name: &str| found.iter().any(|key| key.name() == name);
        resolved.missing.extend(names.iter().filter(|name| !is_found(name)).cloned());
        resolved.found.extend(found);
        Ok(())
    }

    async fn describe_clusters_alone(
        &self,
        names: &[String],
        priority: Priority,
        resolved: &mut ResolvedClusters,
    ) -> Result<(), Problem> {
        for name in names {
            let alone = std::slice::from_ref(name);
            match self.describe_clusters(alone, priority, resolved).await {
                Err(problem) if problem.class == ProblemClass::Denied => {
                    resolved.denied.insert(name.clone(), problem);
                }
                other => other?,
            }
        }
        Ok(())
    }
}
