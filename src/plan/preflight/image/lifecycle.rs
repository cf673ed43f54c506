//! What a repository's lifecycle policy will do with an image, and when (Amazon ECR user guide,
//! "Lifecycle policies": evaluation rules).
//!
//! Amazon ECR acts within a day after a rule's limit is passed. Who runs the image is nothing to it.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::plan::due::shift;
use crate::plan::surroundings::{
    Image, Lifecycle, LifecycleAction, LifecycleLimit, LifecycleRule, TagSelection,
};

/// What becomes of an image that is ACTIVE.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Fate<'a> {
    /// No rule acts on it, as far as can be foreseen.
    Stays,
    Goes(Going<'a>),
    /// It cannot be told, because of this rule.
    Unknown {
        rule: &'a LifecycleRule,
        why: String,
    },
}

/// A rule that is going to act on an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Going<'a> {
    pub rule: &'a LifecycleRule,
    /// When its limit is passed, or was.
    pub at: Time,
}

/// Whether a rule is about an image with these tags. A selection that is not known selects nothing.
pub fn selects(selection: &TagSelection, tags: &[Arc<str>]) -> bool {
    match selection {
        TagSelection::Any => true,
        TagSelection::Untagged => tags.is_empty(),
        TagSelection::Tagged { prefixes, patterns } => {
            !tags.is_empty()
                && prefixes.iter().all(|prefix| tags.iter().any(|tag| tag.starts_with(prefix)))
                && patterns.iter().all(|pattern| tags.iter().any(|tag| matches(pattern, tag)))
        }
        TagSelection::Unknown(_) => false,
    }
}

/// What becomes of `image`. The first rule that is about it decides: no later one may act on it, even
/// where the first one never does.
pub(super) fn fate<'a>(lifecycle: &'a Lifecycle, image: &Image, now: Time) -> Fate<'a> {
    let active = lifecycle.rules.iter().filter(|rule| rule.limit != LifecycleLimit::Archived);
    for rule in active {
        if let TagSelection::Unknown(why) = &rule.selects {
            return Fate::Unknown { rule, why: why.clone() };
        }
        if selects(&rule.selects, &image.tags) {
            return by_rule(rule, image, now);
        }
    }
    Fate::Stays
}

fn by_rule<'a>(rule: &'a LifecycleRule, image: &Image, now: Time) -> Fate<'a> {
    let unknown = |why: &str| Fate::Unknown { rule, why: why.to_owned() };
    if rule.action == LifecycleAction::Unknown {
        return unknown("what it does is not known");
    }
    let Some(pushed_at) = image.pushed_at else {
        return unknown("when the image was pushed is not known");
    };
    let at = match &rule.limit {
        LifecycleLimit::SincePushedDays(days) => Some(days_after(pushed_at, *days)),
        // An image that was never pulled counts as pulled when it was pushed.
        LifecycleLimit::SincePulledDays(days) => {
            Some(days_after(image.last_pulled_at.unwrap_or(pushed_at), *days))
        }
        LifecycleLimit::CountMoreThan(images) => match &rule.counted {
            Some(counted) => outnumbered_at(counted, *images, pushed_at, now),
            None => return unknown("it counts images, and these were not listed"),
        },
        LifecycleLimit::Archived => None,
        LifecycleLimit::Unknown(why) => return unknown(why),
    };
    at.map_or(Fate::Stays, |at| Fate::Goes(Going { rule, at }))
}

/// When so many newer images are there that one pushed at `pushed_at` is not kept, if they go on
/// coming as they came: the future is taken for the mirror image of the past.
fn outnumbered_at(counted: &[Time], kept: u32, pushed_at: Time, now: Time) -> Option<Time> {
    let newer = counted.iter().filter(|at| **at > pushed_at).count();
    let kept = usize::try_from(kept).unwrap_or(usize::MAX);
    let Some(last_missing) = kept.saturating_sub(newer).checked_sub(1) else { return Some(now) };
    let mirrored = counted.get(last_missing)?;
    Some(shift(now, now.signed_duration_since(*mirrored)).max(now))
}

fn days_after(at: Time, days: u32) -> Time {
    shift(at, TimeDelta::days(i64::from(days)))
}

/// Whether a pattern, whose only wildcard is `*`, matches the whole of a tag.
fn matches(pattern: &str, tag: &str) -> bool {
    let Some((prefix, rest)) = pattern.split_once('*') else { return pattern == tag };
    let Some(mut tag) = tag.strip_prefix(prefix) else { return false };
    let (inner, suffix) = rest.rsplit_once('*').unwrap_or(("", rest));
    // What stands between wildcards may as well be found as early as possible.
    for part in inner.split('*') {
        let Some(at) = tag.find(part) else { return false };
        tag = &tag[at + part.len()..];
    }
    tag.ends_with(suffix)
}
