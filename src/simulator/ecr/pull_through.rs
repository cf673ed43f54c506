//! The pull through cache: repositories that fill themselves from another registry when they are pulled
//! from.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecr;
use super::api::{PAGE_DEFAULT, PAGE_MAX};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;
use crate::simulator::paging::Page;

/// A rule with this prefix is for all repositories.
const ROOT: &str = "ROOT";

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    upstream: String,
    created_at: Moment,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeRules {
    ecr_repository_prefixes: Option<Vec<String>>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

impl Ecr {
    pub(crate) fn add_rule(&mut self, prefix: &str, upstream: &str, now: Moment) {
        let rule = Rule { upstream: upstream.to_owned(), created_at: now };
        self.rules.insert(prefix.to_owned(), rule);
    }

    /// Whether a rule is for a repository.
    pub(super) fn is_cached(&self, repository: &str) -> bool {
        self.rules.keys().any(|prefix| {
            let rest = repository.strip_prefix(prefix.as_str());
            prefix == ROOT || rest.is_some_and(|rest| rest.starts_with('/'))
        })
    }

    pub(super) fn describe_rules(&self, input: &DescribeRules) -> Result<Value, ApiError> {
        let asked = input.ecr_repository_prefixes.as_deref().unwrap_or_default();
        if let Some(unknown) = asked.iter().find(|prefix| !self.rules.contains_key(*prefix)) {
            let message = format!(
                "The pull through cache rule for ecr repository prefix '{unknown}' does not exist in \
                 the registry with id '{}'",
                self.identity.account
            );
            return Err(ApiError::client("PullThroughCacheRuleNotFoundException", message));
        }
        let token = input.next_token.as_deref();
        let page = Page::parse(token, input.max_results, PAGE_DEFAULT, PAGE_MAX)?;
        let rules = self.rules.iter().filter(|(prefix, _)| {
            (asked.is_empty() || asked.contains(prefix))
                && page.after.as_ref().is_none_or(|after| *prefix > after)
        });
        let (rules, next_token) = page.take(rules, |(prefix, _)| (*prefix).clone());
        let shape = |(prefix, rule): (&String, &Rule)| {
            json!({
                "ecrRepositoryPrefix": prefix,
                "upstreamRegistryUrl": rule.upstream,
                "upstreamRepositoryPrefix": ROOT,
                "registryId": self.identity.account,
                "createdAt": rule.created_at.to_json(),
                "updatedAt": rule.created_at.to_json(),
            })
        };
        let rules: Vec<Value> = rules.into_iter().map(shape).collect();
        Ok(json!({ "pullThroughCacheRules": rules, "nextToken": next_token }))
    }
}
