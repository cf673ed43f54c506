use chrono::DateTime;
use proptest::prelude::*;

use super::super::lifecycle::{Fate, fate, selects};
use super::super::reference::{Reference, is_sha256};
use super::super::{drift, exists, kept};
use super::fixture::{an_image, case, prefixed};
use crate::clock::Time;
use crate::plan::surroundings::{
    Image, ImageSeen, Lifecycle, LifecycleAction, LifecycleLimit, LifecycleRule, TagSelection,
};

fn any_time() -> impl Strategy<Value = Time> {
    let end = |time: Time| time.timestamp();
    let anywhere = (end(Time::MIN_UTC)..=end(Time::MAX_UTC))
        .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap_or(Time::MAX_UTC));
    prop_oneof![anywhere, Just(Time::MIN_UTC), Just(Time::MAX_UTC)]
}

fn any_days() -> impl Strategy<Value = u32> {
    prop_oneof![0..400_u32, any::<u32>()]
}

fn any_rule() -> impl Strategy<Value = LifecycleRule> {
    let selects = prop_oneof![
        Just(TagSelection::Any),
        Just(TagSelection::Untagged),
        Just(prefixed(&["1"])),
        Just(TagSelection::Unknown("new".to_owned())),
        "[*a-c]{0,6}".prop_map(|pattern| TagSelection::Tagged {
            prefixes: Vec::new(),
            patterns: vec![pattern]
        }),
    ];
    let limit = prop_oneof![
        any_days().prop_map(LifecycleLimit::CountMoreThan),
        any_days().prop_map(LifecycleLimit::SincePushedDays),
        any_days().prop_map(LifecycleLimit::SincePulledDays),
        Just(LifecycleLimit::Archived),
        Just(LifecycleLimit::Unknown("new".to_owned())),
    ];
    let action = prop_oneof![
        Just(LifecycleAction::Expire),
        Just(LifecycleAction::Archive),
        Just(LifecycleAction::Unknown),
    ];
    let counted = proptest::option::of(proptest::collection::vec(any_time(), 0..5));
    (any::<u32>(), selects, limit, action, counted).prop_map(
        |(priority, selects, limit, action, counted)| LifecycleRule {
            priority,
            selects,
            limit,
            action,
            counted,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_read_in_some_way(text in ".{0,80}") {
        Reference::read(&text);
        is_sha256(&text);
    }

    #[test]
    fn what_looks_like_a_reference_is_read_in_some_way(text in "[a-zA-Z0-9.:/@_-]{0,80}") {
        if let Reference::Ecr(image) = Reference::read(&text) {
            prop_assert_eq!(image.account.len(), 12);
            prop_assert!(text.contains(image.repository) && text.contains(image.region));
        }
    }

    #[test]
    fn a_pattern_matches_whatever_its_wildcards_stand_for(
        parts in proptest::collection::vec("[ab]{0,3}", 1..5),
        fill in "[ab]{0,3}",
    ) {
        let selection =
            TagSelection::Tagged { prefixes: Vec::new(), patterns: vec![parts.join("*")] };
        prop_assert!(selects(&selection, &[parts.join(&fill).into()]));
    }

    #[test]
    fn no_rule_and_no_time_is_too_strange(
        rules in proptest::collection::vec(any_rule(), 0..4),
        pushed_at in proptest::option::of(any_time()),
        last_pulled_at in proptest::option::of(any_time()),
        now in any_time(),
    ) {
        let image = Image { pushed_at, last_pulled_at, ..an_image('a') };
        if let Fate::Goes(going) = fate(&Lifecycle { rules: rules.clone() }, &image, now) {
            prop_assert!(rules.contains(going.rule));
        }
        let service = case().container("web", "api:1").runs("web", 'b').lifecycle("api", &rules);
        let service = service.seen("api:1", ImageSeen::There(image.clone()));
        let service = service.seen("api@b", ImageSeen::There(image));
        for find in [exists::find, kept::find, drift::find] {
            prop_assert!(!service.find(find).sentence.is_empty());
        }
    }
}
