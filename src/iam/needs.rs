//! What one configuration needs.

use std::collections::BTreeSet;

use super::demand::{asks_for, enabled, hears};
use super::document::Document;
use super::feature::Feature;
use super::grant::{Action, GRANTS};
use super::values::{Pair, Values, distinct, distinct_pairs};
use super::wildcard::translate;
use crate::aws::Operation;
use crate::plan::policy::{OnFailure, Policy};
use crate::plan::selector::Pattern;
use crate::settings::{Settings, StoreKind, queue_region};

/// More ARNs than this fit into no policy of a role.
const PATTERNS_MAX: usize = 200;

/// Where the configuration is used; what is absent may be anything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub partition: Option<String>,
    pub region: Option<String>,
    pub account: Option<String>,
}

/// The tag that opts services in to being refreshed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub key: String,
    pub value: String,
}

/// What a configuration needs, and what has to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needs {
    pub features: Vec<Feature>,
    pub document: Document,
    /// Where more is allowed than the configuration asks for, and why.
    pub warnings: Vec<String>,
}

impl Needs {
    /// What `settings` need in `scope`. With a tag, refreshing is allowed for services that have it.
    pub fn of(settings: &Settings, scope: &Scope, tag: Option<&Tag>) -> Self {
        let features = features(settings, tag.is_some());
        let mut warnings = Vec::new();
        let values = values(settings, scope, tag, &mut warnings);
        let dry_run = settings.policies.dry_run;
        if tag.is_some() && !dry_run {
            warnings.extend(untagged(&features));
        }
        let is_needed = |feature| features.contains(&feature);
        let grants = GRANTS
            .iter()
            .filter(|grant| is_needed(grant.feature) && (grant.in_dry_run || !dry_run));
        let asked = |action| match action {
            Action::Of(operation) => asks_for(settings, operation),
            Action::Within(_) => true,
        };
        let document = Document::of(grants, &values, &asked);
        Self { features, document, warnings }
    }
}

/// What the tag does not limit: only the call that refreshes a service of ECS is about what has it.
fn untagged(features: &[Feature]) -> Option<String> {
    let others = [
        (Feature::Rollback, "ecs:StopServiceDeployment"),
        (Feature::CodeDeploy, "codedeploy:CreateDeployment"),
    ];
    let others = others.into_iter().filter(|(feature, _)| features.contains(feature));
    let others: Vec<&str> = others.map(|(_, action)| action).collect();
    let limited = format!("the tag limits ecs:UpdateService, and not {}", others.join(" and "));
    (!others.is_empty()).then_some(limited)
}

fn features(settings: &Settings, is_tagged: bool) -> Vec<Feature> {
    let rolls_back = enabled(settings).any(|policy| policy.on_failure == OnFailure::Rollback);
    let is_needed = |feature: &Feature| match feature {
        Feature::Observe => true,
        Feature::Preflight => Operation::ALL.iter().any(|operation| {
            Feature::of(*operation) == Feature::Preflight && asks_for(settings, *operation)
        }),
        Feature::Refresh => !is_tagged,
        Feature::RefreshTagged => is_tagged,
        Feature::Rollback => rolls_back,
        Feature::CodeDeploy => enabled(settings).any(|policy| policy.code_deploy),
        Feature::Events => settings.events.queue_url.is_some(),
        Feature::Health => settings.health.poll,
        Feature::Announce => settings.announce.event_bus.is_some(),
        Feature::StoreDynamoDb => settings.store.kind == StoreKind::DynamoDb,
    };
    Feature::ALL.iter().copied().filter(is_needed).collect()
}

fn values(
    settings: &Settings,
    scope: &Scope,
    tag: Option<&Tag>,
    warnings: &mut Vec<String>,
) -> Values {
    let region = scope.region.clone().or_else(|| settings.aws.region.clone());
    let partition = scope.partition.clone().or_else(|| region.as_deref().map(partition_of));
    let any = |known: Option<String>| known.unwrap_or_else(|| "*".to_owned());
    let (partition, region) = (any(partition), any(region));
    let account = any(scope.account.clone());
    let arn = |service: &str, resource: &str| {
        format!("arn:{partition}:{service}:{region}:{account}:{resource}")
    };
    let events = &settings.events;
    let queue = events.queue_url.as_ref().map(|url| queue_arn(url, &partition, &region));
    let bus = settings.announce.event_bus.as_ref().map(|bus| match bus.starts_with("arn:") {
        true => bus.clone(),
        false => arn("events", &format!("event-bus/{bus}")),
    });
    let table = settings.store.table.as_ref().map(|name| arn("dynamodb", &format!("table/{name}")));
    let texts = [
        ("${queue_arn}", queue),
        ("${event_bus_arn}", bus),
        ("${table_arn}", table),
        ("${tag_key}", tag.map(|tag| tag.key.clone())),
        ("${tag_value}", tag.map(|tag| tag.value.clone())),
        ("${partition}", Some(partition.clone())),
        ("${region}", Some(region.clone())),
        ("${account}", Some(account.clone())),
    ];
    let clusters = clusters(settings, warnings);
    let noticed = if hears(settings) { vec!["*".to_owned()] } else { clusters.clone() };
    let services = services(settings, warnings);
    Values {
        texts: texts.into_iter().filter_map(|(name, text)| Some((name, text?))).collect(),
        services,
        clusters,
        noticed,
    }
}

/// The clusters that are looked at: those of every policy.
fn clusters(settings: &Settings, warnings: &mut Vec<String>) -> Vec<String> {
    let policies = settings.policies.policies.iter();
    let found: BTreeSet<String> = policies
        .flat_map(|policy| in_iam(policy, "clusters", policy.selector.clusters(), warnings))
        .collect();
    if found.len() > PATTERNS_MAX {
        let count = found.len();
        warnings.push(format!("{count} clusters fit into no policy, so every cluster is allowed"));
        return vec!["*".to_owned()];
    }
    distinct(found)
}

/// What may be refreshed, by cluster and name. IAM cannot leave out what `exclude` does, and only one tag
/// is made a condition.
fn services(settings: &Settings, warnings: &mut Vec<String>) -> Vec<Pair> {
    let mut found = BTreeSet::new();
    let mut whole_clusters = BTreeSet::new();
    for policy in enabled(settings) {
        let selector = &policy.selector;
        // What there is to say of the clusters has been said.
        let clusters = in_iam(policy, "clusters", selector.clusters(), &mut Vec::new());
        let names = match selector.names() {
            [] => vec!["*".to_owned()],
            names => in_iam(policy, "names", names, warnings),
        };
        for cluster in clusters {
            if found.len() <= PATTERNS_MAX {
                found.extend(names.iter().map(|name| (cluster.clone(), name.clone())));
            }
            whole_clusters.insert(cluster);
        }
    }
    if found.len() <= PATTERNS_MAX {
        return distinct_pairs(found);
    }
    warnings.push(
        "the names of so many services fit into no policy, so every service of the clusters is \
         allowed"
            .to_owned(),
    );
    match whole_clusters.len() > PATTERNS_MAX {
        true => vec![("*".to_owned(), "*".to_owned())],
        false => distinct_pairs(whole_clusters.into_iter().map(|name| (name, "*".to_owned()))),
    }
}

/// Patterns of a policy in IAM's words.
fn in_iam(
    policy: &Policy,
    key: &str,
    patterns: &[Pattern],
    warnings: &mut Vec<String>,
) -> Vec<String> {
    let mut found = BTreeSet::new();
    for pattern in patterns {
        let translated = translate(pattern);
        if translated.is_wider {
            warnings.push(format!(
                "policy \"{}\": {key}: IAM cannot say {:?}, so {} is allowed",
                policy.name,
                pattern.text(),
                translated.patterns.join(", ")
            ));
        }
        found.extend(translated.patterns);
    }
    found.into_iter().collect()
}

/// The ARN of the queue at a URL of the form `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn queue_arn(url: &str, partition: &str, region: &str) -> String {
    let mut path = url.rsplit('/');
    let (name, account) = (path.next().unwrap_or("*"), path.next().unwrap_or("*"));
    let region = queue_region(url).unwrap_or_else(|| region.to_owned());
    let partition = if partition == "*" { partition_of(&region) } else { partition.to_owned() };
    format!("arn:{partition}:sqs:{region}:{account}:{name}")
}

/// The partition of a Region (AWS SDKs, `partitions.json`, which tells them apart by these beginnings).
fn partition_of(region: &str) -> String {
    let partition = match region.split('-').collect::<Vec<_>>()[..] {
        ["*"] => "*",
        ["cn", ..] => "aws-cn",
        ["us", "gov", ..] => "aws-us-gov",
        ["us", "iso", ..] => "aws-iso",
        ["us", "isob", ..] => "aws-iso-b",
        ["us", "isof", ..] => "aws-iso-f",
        ["eu", "isoe", ..] => "aws-iso-e",
        ["eusc", ..] => "aws-eusc",
        _ => "aws",
    };
    partition.to_owned()
}
