use std::sync::Arc;

use super::super::lifecycle::{Fate, Going, fate, selects};
use super::fixture::{ago, an_image, prefixed, rule};
use crate::plan::surroundings::{
    Image, Lifecycle, LifecycleAction, LifecycleLimit, LifecycleRule, TagSelection,
};
use crate::plan::tests::fixture::{NOW, at};

fn tags(tags: &[&str]) -> Box<[Arc<str>]> {
    tags.iter().map(|tag| (*tag).into()).collect()
}

fn patterns(patterns: &[&str]) -> TagSelection {
    let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    TagSelection::Tagged { prefixes: Vec::new(), patterns }
}

#[test]
fn a_rule_is_about_images_by_their_tags() {
    for (selection, of, expected) in [
        (TagSelection::Any, &[][..], true),
        (TagSelection::Any, &["1"], true),
        (TagSelection::Untagged, &[], true),
        (TagSelection::Untagged, &["1"], false),
        (prefixed(&["prod"]), &["prod-1"], true),
        (prefixed(&["prod"]), &["a", "prod"], true),
        (prefixed(&["prod"]), &["preprod"], false),
        (prefixed(&["prod"]), &[], false),
        (prefixed(&["alpha", "beta"]), &["alpha-1"], false),
        (prefixed(&["alpha", "beta"]), &["alpha-1", "beta-1"], true),
        (patterns(&["*"]), &["1"], true),
        (patterns(&["prod"]), &["prod-1"], false),
        (patterns(&["prod*"]), &["prod"], true),
        (patterns(&["*prod"]), &["pre-prod"], true),
        (patterns(&["*prod*"]), &["a-prod-1"], true),
        (patterns(&["a*b*c"]), &["a-b-c"], true),
        (patterns(&["a*b*c"]), &["a-c-b"], false),
        (patterns(&["a*a"]), &["a"], false),
        (patterns(&["*a*a"]), &["aa"], true),
        (patterns(&["v[0-9]*"]), &["v1"], false),
        (patterns(&["a*", "*z"]), &["a1", "1z"], true),
        (patterns(&["a*", "*z"]), &["a1"], false),
        (TagSelection::Unknown("new".to_owned()), &["1"], false),
    ] {
        assert_eq!(selects(&selection, &tags(of)), expected, "{selection:?} {of:?}");
    }
}

/// When which rule acts on an image that was pushed nine days ago, `tags` its only ones.
fn goes(rules: &[LifecycleRule], of: &[&str]) -> Option<(u32, String)> {
    let image = Image { tags: tags(of), ..an_image('a') };
    match fate(&Lifecycle { rules: rules.to_vec() }, &image, at(NOW)) {
        Fate::Stays => None,
        Fate::Goes(Going { rule, at }) => Some((rule.priority, at.to_rfc3339())),
        Fate::Unknown { rule, why } => Some((rule.priority, why)),
    }
}

fn pushed(days: u32) -> LifecycleLimit {
    LifecycleLimit::SincePushedDays(days)
}

#[test]
fn the_first_rule_that_is_about_an_image_decides() {
    let keep = rule(1, prefixed(&["keep"]), pushed(9_999));
    let any = rule(2, TagSelection::Any, pushed(10));
    let rules = [keep, any];
    assert_eq!(goes(&rules, &["1"]), Some((2, "2026-11-19T03:10:00+00:00".to_owned())));
    assert_eq!(goes(&rules, &["1", "keep-1"]).unwrap().0, 1);
    assert_eq!(goes(&[], &["1"]), None);
}

#[test]
fn rules_about_the_archive_are_not_about_what_can_be_pulled() {
    let archived = rule(1, TagSelection::Any, LifecycleLimit::Archived);
    assert_eq!(goes(std::slice::from_ref(&archived), &["1"]), None);
    assert_eq!(goes(&[archived, rule(2, TagSelection::Any, pushed(9))], &["1"]).unwrap().0, 2);
}

#[test]
fn an_image_that_was_never_pulled_counts_from_its_push() {
    let pulled = |last_pulled_at| {
        let rules = vec![rule(1, TagSelection::Any, LifecycleLimit::SincePulledDays(30))];
        let image = Image { last_pulled_at, ..an_image('a') };
        let lifecycle = Lifecycle { rules };
        let Fate::Goes(going) = fate(&lifecycle, &image, at(NOW)) else { panic!("it goes") };
        going.at.to_rfc3339()
    };
    assert_eq!(pulled(None), "2026-12-09T03:10:00+00:00");
    assert_eq!(pulled(Some(ago("1d"))), "2026-12-17T03:10:00+00:00");
}

#[test]
fn pushes_are_expected_as_they_came() {
    let counts = |kept: u32, ages: &[&str]| {
        let counted = Some(ages.iter().map(|age| ago(age)).collect());
        let limit = LifecycleLimit::CountMoreThan(kept);
        let rules = [LifecycleRule { counted, ..rule(1, TagSelection::Any, limit) }];
        goes(&rules, &["1"]).map(|(_, at)| at)
    };
    let ages = ["1d", "2d", "3d", "9d"];
    // Three are newer: it is the fourth.
    assert_eq!(counts(3, &ages).as_deref(), Some("2026-11-18T03:10:00+00:00"));
    assert_eq!(counts(4, &ages).as_deref(), Some("2026-11-19T03:10:00+00:00"));
    assert_eq!(counts(6, &ages).as_deref(), Some("2026-11-21T03:10:00+00:00"));
    assert_eq!(counts(8, &ages), None);
    assert_eq!(counts(10, &[]), None);
}

#[test]
fn what_cannot_be_told_is_said_in_words() {
    for (strange, why) in [
        (rule(1, TagSelection::Unknown("semver".to_owned()), pushed(1)), "semver"),
        (
            rule(1, TagSelection::Any, LifecycleLimit::Unknown("sinceFullMoon".to_owned())),
            "sinceFullMoon",
        ),
        (
            rule(1, TagSelection::Any, LifecycleLimit::CountMoreThan(10)),
            "it counts images, and these were not listed",
        ),
        (
            LifecycleRule {
                action: LifecycleAction::Unknown,
                ..rule(1, TagSelection::Any, pushed(1))
            },
            "what it does is not known",
        ),
    ] {
        let rules = [strange, rule(2, TagSelection::Any, pushed(9_999))];
        assert_eq!(goes(&rules, &["1"]), Some((1, why.to_owned())));
    }
    let image = Image { pushed_at: None, ..an_image('a') };
    let rules = vec![rule(1, TagSelection::Any, pushed(1))];
    let lifecycle = Lifecycle { rules: rules.clone() };
    let unknown = fate(&lifecycle, &image, at(NOW));
    let why = "when the image was pushed is not known".to_owned();
    assert_eq!(unknown, Fate::Unknown { rule: &rules[0], why });
}
