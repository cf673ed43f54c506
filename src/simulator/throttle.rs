//! The token buckets by which Amazon ECS limits API calls per account and Region.
//!
//! Source: Amazon ECS API reference, "Request throttling for the Amazon ECS API".

use std::collections::BTreeMap;

use super::moment::Moment;

/// A category of operations that share a bucket: name, burst, refill per second, operations.
type Category = (&'static str, f64, f64, &'static [&'static str]);

/// StopServiceDeployment and ContinueServiceDeployment are in none of AWS's categories.
const CATEGORIES: &[Category] = &[
    ("service modify", 50.0, 5.0, &["CreateService", "DeleteService", "UpdateService"]),
    ("service read", 100.0, 20.0, &["DescribeServices", "ListServices"]),
    ("service deployment", 50.0, 20.0, &["DescribeServiceDeployments", "ListServiceDeployments"]),
    ("service revision", 50.0, 20.0, &["DescribeServiceRevisions"]),
    ("cluster resource read", 100.0, 20.0, &["DescribeTasks", "ListTasks"]),
    ("task protection", 200.0, 80.0, &["GetTaskProtection", "UpdateTaskProtection"]),
    ("cluster resource modify", 100.0, 40.0, &["StopTask"]),
    ("cluster read", 50.0, 20.0, &["DescribeClusters", "ListClusters"]),
    ("cluster modify", 20.0, 1.0, &["CreateCluster", "DeleteCluster"]),
    ("task definition read", 50.0, 20.0, &["DescribeTaskDefinition", "ListTaskDefinitions"]),
    ("task definition modify", 20.0, 1.0, &["RegisterTaskDefinition", "DeregisterTaskDefinition"]),
    ("tag read", 50.0, 20.0, &["ListTagsForResource"]),
    ("tag modify", 20.0, 10.0, &["TagResource", "UntagResource"]),
];

/// The buckets of the account. A bucket is full until its first use.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    buckets: BTreeMap<&'static str, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    tokens: f64,
    filled_at: Moment,
}

impl Throttle {
    /// Takes a token for an operation; `false` when its bucket is empty. Operations in no
    /// category pass.
    pub(crate) fn admit(&mut self, operation: &str, now: Moment) -> bool {
        let Some((name, burst, per_second, _)) =
            CATEGORIES.iter().find(|(_, _, _, operations)| operations.contains(&operation))
        else {
            return true;
        };
        let bucket = self.buckets.entry(name).or_insert(Bucket { tokens: *burst, filled_at: now });
        let refill = now.since(bucket.filled_at).as_secs_f64() * per_second;
        bucket.tokens = (bucket.tokens + refill).min(*burst);
        bucket.filled_at = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}
