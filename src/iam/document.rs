//! A policy as IAM takes it, with the reason of each statement beside it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::feature::Feature;
use super::grant::{Action, CLUSTER, Condition, EVENT_SOURCE, GRANTS, Grant};
use super::values::Values;

/// AWS IAM user guide, IAM and AWS STS quotas: all inline policies of a role together, without white
/// space.
pub const ROLE_POLICY_CHARS_MAX: usize = 10_240;

/// The language's version, which is not about this document.
const VERSION: &str = "2012-10-17";

/// One policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Document {
    version: &'static str,
    #[serde(rename = "Statement")]
    pub statements: Vec<Statement>,
}

/// One statement. Every one of them allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    pub sid: &'static str,
    effect: &'static str,
    #[serde(rename = "Action")]
    pub actions: Vec<String>,
    #[serde(rename = "Resource")]
    pub resources: Vec<String>,
    /// Operators, each with its keys and what they are compared with.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<&'static str, BTreeMap<String, Vec<String>>>,
    /// What it is for. IAM has no place for it.
    #[serde(skip)]
    pub why: &'static str,
}

impl Document {
    /// The policy of one feature with placeholders.
    pub(super) fn template(feature: Feature) -> Self {
        let grants = GRANTS.iter().filter(|grant| grant.feature == feature);
        Self::of(grants, &Values::placeholders(), &|_| true)
    }

    /// The policy of these grants, as far as their actions are `asked` for. One that allows nothing, or
    /// is about nothing, is left out.
    pub(super) fn of<'a>(
        grants: impl Iterator<Item = &'a Grant>,
        values: &Values,
        asked: &dyn Fn(Action) -> bool,
    ) -> Self {
        let statements = grants.map(|grant| Statement::of(grant, values, asked));
        let says_something = |statement: &Statement| {
            !statement.resources.is_empty() && !statement.actions.is_empty()
        };
        let statements = statements.filter(says_something);
        Self { version: VERSION, statements: statements.collect() }
    }

    /// As it is written into a file.
    ///
    /// # Errors
    /// Texts always have a form in JSON, so this should not happen.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self).map(|json| json + "\n")
    }

    /// Its size as IAM counts it, or a little more: white space inside of texts counts here.
    pub fn chars(&self) -> usize {
        serde_json::to_string(self).map_or(0, |json| json.chars().count())
    }
}

impl Statement {
    fn of(grant: &Grant, values: &Values, asked: &dyn Fn(Action) -> bool) -> Self {
        let actions = grant.actions.iter().filter(|action| asked(**action));
        let resources: Vec<_> = grant.resources.iter().flat_map(|one| values.expand(one)).collect();
        Self {
            sid: grant.sid,
            effect: "Allow",
            actions: actions.map(|action| action.name()).collect(),
            resources,
            condition: condition(grant.condition, values),
            why: grant.why,
        }
    }
}

fn condition(
    condition: Option<Condition>,
    values: &Values,
) -> BTreeMap<&'static str, BTreeMap<String, Vec<String>>> {
    let (operator, key, compared) = match condition {
        None => return BTreeMap::new(),
        Some(Condition::Clusters) => ("ArnLike", "ecs:cluster", CLUSTER),
        Some(Condition::Tagged) => ("StringEquals", "aws:ResourceTag/${tag_key}", "${tag_value}"),
        Some(Condition::OwnEvents) => ("StringEquals", "events:source", EVENT_SOURCE),
    };
    let key = values.expand(key).into_iter();
    BTreeMap::from([(operator, key.map(|key| (key, values.expand(compared))).collect())])
}
