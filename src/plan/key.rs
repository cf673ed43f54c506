//! The names of clusters and services: the parts of their ARNs.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

/// Names one ECS cluster among all regions and accounts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterKey(Arc<ClusterParts>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct ClusterParts {
    region: String,
    account: String,
    name: String,
}

impl ClusterKey {
    /// The cluster `name` of `account` in `region`.
    pub fn new(region: &str, account: &str, name: &str) -> Self {
        Self(Arc::new(ClusterParts {
            region: region.to_owned(),
            account: account.to_owned(),
            name: name.to_owned(),
        }))
    }

    /// Reads `arn:aws:ecs:REGION:ACCOUNT:cluster/NAME` in any partition; `None` for anything else.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let (region, account, resource) = split_ecs_arn(arn)?;
        let name = resource.strip_prefix("cluster/")?;
        is_plain(name).then(|| Self::new(region, account, name))
    }

    /// The region's code, such as `ap-northeast-1`.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// The twelve digits of the account.
    pub fn account(&self) -> &str {
        &self.0.account
    }

    /// The cluster's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

/// Every plan compares the keys of the whole fleet, and most of them share their parts.
impl Ord for ClusterKey {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for ClusterKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ClusterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Names one ECS service among all regions and accounts. Cheap to clone; ordered by region,
/// account, cluster and name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceKey(Arc<ServiceParts>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct ServiceParts {
    cluster: ClusterKey,
    name: String,
}

impl ServiceKey {
    /// The service `name` in `cluster`.
    pub fn new(cluster: &ClusterKey, name: &str) -> Self {
        Self(Arc::new(ServiceParts { cluster: cluster.clone(), name: name.to_owned() }))
    }

    /// Reads a service's ARN: `...:service/CLUSTER/NAME`, or the short form `...:service/NAME` of
    /// services from before 2021, which leaves the cluster to the caller.
    pub fn from_arn(arn: &str, cluster: &ClusterKey) -> Option<Self> {
        let (_, _, resource) = split_ecs_arn(arn)?;
        let path = resource.strip_prefix("service/")?;
        let name = match path.split_once('/') {
            Some((within, name)) if within == cluster.name() => name,
            Some(_) => return None,
            None => path,
        };
        is_plain(name).then(|| Self::new(cluster, name))
    }

    /// The cluster that the service belongs to.
    pub fn cluster(&self) -> &ClusterKey {
        &self.0.cluster
    }

    /// The service's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The form that the ledger stores: `REGION/ACCOUNT/CLUSTER/NAME`.
    pub fn to_path(&self) -> String {
        let cluster = self.cluster();
        format!("{}/{}/{}/{}", cluster.region(), cluster.account(), cluster.name(), self.name())
    }

    /// Reads what [`ServiceKey::to_path`] wrote.
    pub fn from_path(path: &str) -> Option<Self> {
        let mut parts = path.split('/');
        let (region, account, cluster, name) =
            (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        parts.next().is_none().then(|| Self::new(&ClusterKey::new(region, account, cluster), name))
    }
}

impl Ord for ServiceKey {
    fn cmp(&self, other: &Self) -> Ordering {
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for ServiceKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster().name(), self.name())
    }
}

impl serde::Serialize for ServiceKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_path())
    }
}

impl<'de> serde::Deserialize<'de> for ServiceKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let path = String::deserialize(deserializer)?;
        Self::from_path(&path)
            .ok_or_else(|| serde::de::Error::custom(format!("{path:?} is not a service's path")))
    }
}

/// Region, account and resource of an ECS ARN of any partition.
fn split_ecs_arn(arn: &str) -> Option<(&str, &str, &str)> {
    let mut parts = arn.splitn(6, ':');
    let (scheme, _partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, resource) = (parts.next()?, parts.next()?, parts.next()?);
    (scheme == "arn" && service == "ecs").then_some((region, account, resource))
}

/// Whether a name has no part separators in it, so that a path can be read back.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.contains(['/', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_both_forms_of_its_arn() {
        let cluster = ClusterKey::new("eu-west-1", "123456789012", "prd");
        let key = ServiceKey::new(&cluster, "api");
        let long = "arn:aws:ecs:eu-west-1:123456789012:service/prd/api";
        let short = "arn:aws:ecs:eu-west-1:123456789012:service/api";
        assert_eq!(ServiceKey::from_arn(long, &cluster), Some(key.clone()));
        assert_eq!(ServiceKey::from_arn(short, &cluster), Some(key.clone()));
        assert_eq!(ServiceKey::from_path(&key.to_path()), Some(key));
    }

    #[test]
    fn what_is_not_an_arn_of_the_kind_is_refused() {
        let cluster = ClusterKey::new("eu-west-1", "123456789012", "prd");
        for arn in [
            "",
            "api",
            "arn:aws:ecs:eu-west-1:123456789012:cluster/prd",
            "arn:aws:ecs:eu-west-1:123456789012:service/other/api",
            "arn:aws:sqs:eu-west-1:123456789012:service/prd/api",
        ] {
            assert_eq!(ServiceKey::from_arn(arn, &cluster), None, "{arn}");
        }
    }
}
