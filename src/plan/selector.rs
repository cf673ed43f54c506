//! Which services a policy is about: clusters and names by pattern, tags by value.
//!
//! Matching runs for every service and policy on every event, so patterns without or with one `*`
//! at an end are compared as text; only the others need a matcher.

use std::collections::BTreeMap;

use globset::{Glob, GlobMatcher};
use thiserror::Error;

/// Why a pattern is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PatternError {
    #[error("an empty pattern matches nothing")]
    Empty,
    #[error("{0:?} is an ARN; names are compared, not ARNs")]
    Arn(String),
    #[error("{character:?} can be in no name of ECS")]
    Character { character: char },
    #[error("not a pattern: {0}")]
    Syntax(String),
}

impl PatternError {
    /// What to write instead, where that can be said.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Empty => Some("\"*\" matches every name".to_owned()),
            Self::Arn(arn) => Some(format!("write {:?}", arn.rsplit('/').next().unwrap_or("*"))),
            // Amazon ECS API reference, CreateCluster and CreateService.
            Self::Character { .. } => Some(
                "names have letters, digits, \"-\" and \"_\"; patterns add *, ?, [a-c] and {a,b}"
                    .to_owned(),
            ),
            Self::Syntax(_) => None,
        }
    }
}

/// A pattern over names of clusters or services.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    matcher: Matcher,
}

/// What makes a name a pattern.
const WILDCARDS: [char; 8] = ['*', '?', '[', ']', '{', '}', ',', '!'];

#[derive(Clone, Debug)]
enum Matcher {
    Any,
    Literal,
    Prefix(String),
    Suffix(String),
    /// Matching is on the path of every plan, and most names differ from a pattern in what comes
    /// before its first wildcard, which is compared in a tenth of the time.
    Glob {
        prefix: String,
        glob: GlobMatcher,
    },
}

impl Pattern {
    /// Reads a glob: `*`, `?`, `[a-c]`, `{a,b}`.
    ///
    /// # Errors
    /// When it is malformed or could match no name that ECS allows.
    pub fn new(text: &str) -> Result<Self, PatternError> {
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.starts_with("arn:") {
            return Err(PatternError::Arn(text.to_owned()));
        }
        let is_known = |c: char| c.is_ascii_alphanumeric() || "-_*?[]{},!".contains(c);
        if let Some(character) = text.chars().find(|c| !is_known(*c)) {
            return Err(PatternError::Character { character });
        }
        // Outside of their brackets these are letters like others, which no name has.
        let needs = [(',', '{'), ('!', '['), (']', '[')];
        let stray =
            |(inner, opening): &(char, char)| text.contains(*inner) && !text.contains(*opening);
        if let Some((character, _)) = needs.into_iter().find(stray) {
            return Err(PatternError::Character { character });
        }
        // Also where no matcher is needed: `a]` and the like are refused alike.
        let glob =
            Glob::new(text).map_err(|error| PatternError::Syntax(error.kind().to_string()))?;
        let matcher = match (text.strip_suffix('*'), text.strip_prefix('*')) {
            (Some(""), _) => Matcher::Any,
            (Some(prefix), _) if !is_glob(prefix) => Matcher::Prefix(prefix.to_owned()),
            (_, Some(suffix)) if !is_glob(suffix) => Matcher::Suffix(suffix.to_owned()),
            _ if !is_glob(text) => Matcher::Literal,
            _ => {
                let prefix = text.split(WILDCARDS).next().unwrap_or_default().to_owned();
                Matcher::Glob { prefix, glob: glob.compile_matcher() }
            }
        };
        Ok(Self { text: text.to_owned(), matcher })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the pattern is about `name`.
    pub fn matches(&self, name: &str) -> bool {
        match &self.matcher {
            Matcher::Any => true,
            Matcher::Literal => self.text == name,
            Matcher::Prefix(prefix) => name.starts_with(prefix.as_str()),
            Matcher::Suffix(suffix) => name.ends_with(suffix.as_str()),
            Matcher::Glob { prefix, glob } => name.starts_with(prefix) && glob.is_match(name),
        }
    }

    /// Whether it stands for one name.
    pub fn is_literal(&self) -> bool {
        matches!(self.matcher, Matcher::Literal)
    }
}

fn is_glob(text: &str) -> bool {
    text.contains(WILDCARDS)
}

/// The services of a policy.
#[derive(Clone, Debug)]
pub struct Selector {
    clusters: Vec<Pattern>,
    names: Vec<Pattern>,
    exclude: Vec<Pattern>,
    tags: BTreeMap<String, String>,
}

impl Selector {
    /// Services in a cluster that one of `clusters` matches, by a name that one of `names` matches
    /// (none: any name) and none of `exclude` does, with all of `tags` (`"*"`: any value).
    pub fn new(
        clusters: Vec<Pattern>,
        names: Vec<Pattern>,
        exclude: Vec<Pattern>,
        tags: BTreeMap<String, String>,
    ) -> Self {
        Self { clusters, names, exclude, tags }
    }

    /// Whether services of this cluster may be meant.
    pub fn matches_cluster(&self, cluster: &str) -> bool {
        self.clusters.iter().any(|pattern| pattern.matches(cluster))
    }

    /// Whether services of this name may be meant.
    pub fn matches_name(&self, name: &str) -> bool {
        (self.names.is_empty() || self.names.iter().any(|pattern| pattern.matches(name)))
            && !self.exclude.iter().any(|pattern| pattern.matches(name))
    }

    /// Whether a service with these tags may be meant.
    pub fn matches_tags(&self, tags: &BTreeMap<String, String>) -> bool {
        self.tags.iter().all(|(key, wanted)| {
            tags.get(key).is_some_and(|value| wanted == ANY_VALUE || value == wanted)
        })
    }

    /// The patterns over clusters.
    pub fn clusters(&self) -> &[Pattern] {
        &self.clusters
    }

    /// The patterns over names; none: any name.
    pub fn names(&self) -> &[Pattern] {
        &self.names
    }

    /// The patterns that leave services out.
    pub fn exclude(&self) -> &[Pattern] {
        &self.exclude
    }

    /// The tags that a service must have.
    pub fn tags(&self) -> &BTreeMap<String, String> {
        &self.tags
    }
}

/// Stands for any value of a tag.
const ANY_VALUE: &str = "*";

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::new(text).unwrap()).collect()
    }

    fn tags(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("api", "api", true),
            ("api", "api-2", false),
            ("*", "", true),
            ("prd-*", "prd-", true),
            ("prd-*", "stg-prd-1", false),
            ("*-api", "prd-api", true),
            ("*-api", "prd-api-2", false),
            ("*api*", "prd-api-2", true),
            ("prd-?", "prd-1", true),
            ("prd-?", "prd-12", false),
            ("prd-[a-c]", "prd-b", true),
            ("prd-[!a-c]", "prd-b", false),
            ("{prd,stg}-api", "stg-api", true),
            ("{prd,stg}-*", "dev-api", false),
            ("API", "api", false),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_could_match_nothing_is_refused() {
        assert_eq!(Pattern::new("").unwrap_err(), PatternError::Empty);
        let arn = Pattern::new("arn:aws:ecs:eu-west-1:123456789012:cluster/prd").unwrap_err();
        assert_eq!(arn.hint().as_deref(), Some("write \"prd\""));
        for (text, character) in [("prd/api", '/'), ("api,web", ','), ("!api", '!'), ("a]", ']')] {
            assert_eq!(Pattern::new(text).unwrap_err(), PatternError::Character { character });
        }
        for wrong in ["prd-[a", "{prd", "prd-[z-a]"] {
            assert!(matches!(Pattern::new(wrong), Err(PatternError::Syntax(_))), "{wrong}");
        }
    }

    #[test]
    fn without_names_every_name_is_meant_and_exclude_wins() {
        let selector = Selector::new(patterns(&["prd"]), vec![], patterns(&["*-batch"]), tags(&[]));
        assert!(selector.matches_name("api"));
        assert!(!selector.matches_name("api-batch"));
        let named = Selector::new(
            patterns(&["prd"]),
            patterns(&["api-*"]),
            patterns(&["api-batch"]),
            tags(&[]),
        );
        assert!(named.matches_name("api-1"));
        assert!(!named.matches_name("web"));
        assert!(!named.matches_name("api-batch"));
        assert!(named.matches_cluster("prd"));
        assert!(!named.matches_cluster("prd-2"));
    }

    #[test]
    fn all_tags_must_be_there_and_a_star_is_any_value() {
        let wanted = tags(&[("refresh", "weekly"), ("team", "*")]);
        let selector = Selector::new(patterns(&["*"]), vec![], vec![], wanted);
        assert!(selector.matches_tags(&tags(&[("refresh", "weekly"), ("team", "a"), ("x", "y")])));
        assert!(!selector.matches_tags(&tags(&[("refresh", "weekly")])));
        assert!(!selector.matches_tags(&tags(&[("refresh", "daily"), ("team", "a")])));
    }
}
