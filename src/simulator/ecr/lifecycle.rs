//! Lifecycle policies: which images Amazon ECR expires or archives, within a day, on its own.
//!
//! Source: Amazon ECR User Guide, "Automate the cleanup of images by using lifecycle policies".

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use super::Ecr;
use super::repository::{Image, Repository};
use crate::simulator::moment::Moment;

const DAY: Duration = Duration::from_secs(86_400);

#[derive(Debug, Deserialize)]
struct Policy {
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    rule_priority: u32,
    selection: Selection,
    action: Action,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Selection {
    tag_status: String,
    #[serde(default)]
    tag_prefix_list: Vec<String>,
    #[serde(default)]
    tag_pattern_list: Vec<String>,
    storage_class: Option<String>,
    count_type: String,
    count_number: u32,
}

#[derive(Debug, Deserialize)]
struct Action {
    #[serde(rename = "type")]
    kind: String,
}

/// What an action does to the images with these digests.
struct Doomed {
    expire: BTreeSet<String>,
    archive: BTreeSet<String>,
}

impl Ecr {
    /// Sets the policy of a repository.
    ///
    /// # Errors
    /// Why the policy or the repository will not do.
    pub(crate) fn set_policy(&mut self, repository: &str, text: &str) -> Result<(), String> {
        Policy::read(text)?;
        let missing = self.repository_not_found(repository).message;
        self.repositories.get_mut(repository).ok_or(missing)?.policy = Some(text.to_owned());
        Ok(())
    }

    /// Does what the policy of a repository says, if it has one. Returns whether the repository is there.
    pub(crate) fn apply_policy(&mut self, repository: &str, now: Moment) -> bool {
        let Some(repository) = self.repositories.get_mut(repository) else { return false };
        let text = repository.policy.clone();
        let Some(policy) = text.and_then(|text| Policy::read(&text).ok()) else { return true };
        repository.evaluated_at = Some(now);
        let doomed = policy.doomed(repository, now);
        for digest in &doomed.archive {
            if let Some(image) = repository.find_mut(digest) {
                image.archive(now);
            }
        }
        repository.images.retain(|image| !doomed.expire.contains(&image.digest));
        true
    }
}

impl Policy {
    fn read(text: &str) -> Result<Policy, String> {
        let mut policy: Policy = serde_json::from_str(text).map_err(|error| error.to_string())?;
        policy.rules.sort_by_key(|rule| rule.rule_priority);
        policy.rules.iter().try_for_each(Rule::check)?;
        Ok(policy)
    }

    /// An image belongs to the first rule whose tags it has, and to no later one.
    fn doomed(&self, repository: &Repository, now: Moment) -> Doomed {
        let mut doomed = Doomed { expire: BTreeSet::new(), archive: BTreeSet::new() };
        let mut taken = BTreeSet::new();
        for rule in &self.rules {
            let found = repository.images.iter().filter(|image| rule.selection.names(image, now));
            // What an index names stays as long as the index, and goes the next time.
            let mut found: Vec<&Image> =
                found.filter(|image| !repository.is_part(&image.digest)).collect();
            // The newest are kept; of those pushed at one instant the last.
            found.reverse();
            found.sort_by_key(|image| std::cmp::Reverse(image.pushed_at));
            for (position, image) in found.into_iter().enumerate() {
                if rule.selection.counts(position, image, now) && !taken.contains(&image.digest) {
                    let into = match rule.action.kind.as_str() {
                        "expire" => &mut doomed.expire,
                        _ => &mut doomed.archive,
                    };
                    into.insert(image.digest.clone());
                }
                taken.insert(image.digest.clone());
            }
        }
        doomed
    }
}

impl Rule {
    fn check(&self) -> Result<(), String> {
        let selection = &self.selection;
        let known = |what: &str, value: &str, all: &[&str]| match all.contains(&value) {
            true => Ok(()),
            false => Err(format!("{what} must be one of {all:?}, not {value}")),
        };
        known("tagStatus", &selection.tag_status, &["tagged", "untagged", "any"])?;
        known("action.type", &self.action.kind, &["expire", "transition"])?;
        let counts = ["imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"];
        known("countType", &selection.count_type, &counts)
    }
}

impl Selection {
    /// Whether an image has the tags, and is where the rule looks.
    fn names(&self, image: &Image, now: Moment) -> bool {
        let archived = image.status(now) != "ACTIVE";
        let wants_archived = self.storage_class.as_deref() == Some("archive");
        let has = |fits: &dyn Fn(&str) -> bool| image.tags.iter().any(|tag| fits(tag));
        let tags = match self.tag_status.as_str() {
            "any" => true,
            "untagged" => image.tags.is_empty(),
            // Every entry of a list needs a tag of its own.
            _ => {
                !image.tags.is_empty()
                    && self.tag_prefix_list.iter().all(|p| has(&|tag| tag.starts_with(p.as_str())))
                    && self.tag_pattern_list.iter().all(|p| has(&|tag| fits(p, tag)))
            }
        };
        tags && archived == wants_archived
    }

    /// Whether an image is too many or too old; `position` counts from the newest.
    fn counts(&self, position: usize, image: &Image, now: Moment) -> bool {
        let since = |at: Moment| now.since(at) > DAY * self.count_number;
        match self.count_type.as_str() {
            "imageCountMoreThan" => position >= self.count_number as usize,
            "sinceImagePushed" => since(image.pushed_at),
            _ => since(image.pulled_at.unwrap_or(image.pushed_at)),
        }
    }
}

/// Whether a tag fits a pattern, in which `*` stands for any text.
fn fits(pattern: &str, tag: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == tag,
        Some((start, rest)) => tag.strip_prefix(start).is_some_and(|tail| {
            let ends = tail.char_indices().map(|(at, _)| at).chain([tail.len()]);
            ends.into_iter().any(|at| fits(rest, &tail[at..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, tag, expected) in [
            ("v1", "v1", true),
            ("v1", "v10", false),
            ("v*", "v", true),
            ("*", "", true),
            ("v*-rc*", "v1.2-rc3", true),
            ("v*-rc", "v1.2-rc3", false),
            ("*prod", "my-prod", true),
        ] {
            assert_eq!(fits(pattern, tag), expected, "{pattern} {tag}");
        }
    }
}
