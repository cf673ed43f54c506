//! What stands for the placeholders of a grant.

use std::collections::BTreeSet;

use super::wildcard::covers;

/// Clusters and services as IAM patterns.
pub type Pair = (String, String);

/// The values of one policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values {
    /// Each placeholder that stands for one text, and the text.
    pub texts: Vec<(&'static str, String)>,
    /// The clusters that are looked at.
    pub clusters: Vec<String>,
    /// The services that are refreshed, by cluster.
    pub services: Vec<Pair>,
    /// Where tasks are asked about that a notice names.
    pub noticed: Vec<String>,
}

const CLUSTERS: &str = "${clusters}";
const SERVICES: &str = "${services}";
const NOTICED: &str = "${noticed}";

impl Values {
    /// The placeholders themselves, for whoever fills them in later.
    pub fn placeholders() -> Self {
        Self {
            texts: Vec::new(),
            clusters: vec![CLUSTERS.to_owned()],
            services: vec![(CLUSTERS.to_owned(), SERVICES.to_owned())],
            noticed: vec![NOTICED.to_owned()],
        }
    }

    /// Everything that a pattern with placeholders stands for, in order and without repetitions.
    pub fn expand(&self, pattern: &str) -> Vec<String> {
        let patterns: Vec<String> = if pattern.contains(SERVICES) {
            let of = |(cluster, service): &Pair| {
                pattern.replace(CLUSTERS, cluster).replace(SERVICES, service)
            };
            self.services.iter().map(of).collect()
        } else if pattern.contains(CLUSTERS) {
            self.clusters.iter().map(|cluster| pattern.replace(CLUSTERS, cluster)).collect()
        } else {
            self.noticed.iter().map(|cluster| pattern.replace(NOTICED, cluster)).collect()
        };
        let filled: BTreeSet<String> =
            patterns.into_iter().map(|pattern| shorten(self.fill(pattern))).collect();
        filled.into_iter().collect()
    }

    fn fill(&self, pattern: String) -> String {
        self.texts.iter().fold(pattern, |text, (name, value)| text.replace(name, value))
    }
}

/// `service/*/*` as `service/*`, which also stands for services whose ARN is of the old form without
/// their cluster.
fn shorten(mut pattern: String) -> String {
    while pattern.ends_with("/*/*") {
        pattern.truncate(pattern.len() - "/*".len());
    }
    pattern
}

/// The patterns without those that another one stands for already, in order.
pub fn distinct(patterns: impl IntoIterator<Item = String>) -> Vec<String> {
    let pairs = patterns.into_iter().map(|pattern| (pattern, String::new()));
    distinct_pairs(pairs).into_iter().map(|(pattern, _)| pattern).collect()
}

/// The same of pairs.
pub fn distinct_pairs(pairs: impl IntoIterator<Item = Pair>) -> Vec<Pair> {
    let mut kept: Vec<Pair> = Vec::new();
    let stands_for =
        |wide: &Pair, narrow: &Pair| covers(&wide.0, &narrow.0) && covers(&wide.1, &narrow.1);
    for pair in pairs.into_iter().collect::<BTreeSet<_>>() {
        if !kept.iter().any(|wide| stands_for(wide, &pair)) {
            kept.retain(|narrow| !stands_for(&pair, narrow));
            kept.push(pair);
        }
    }
    kept
}
