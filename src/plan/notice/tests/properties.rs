//! What holds for every set of pages.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::plan::notice::superseded::superseded;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_in_which_pages_come_makes_no_difference(
        (pages, shuffled) in pages().prop_flat_map(|pages| (Just(pages.clone()), Just(pages).prop_shuffle())),
    ) {
        let expected = notices(pages.clone());
        prop_assert_eq!(&notices(shuffled.clone()), &expected);
        let mut at_once = Notices::default();
        at_once.extend(shuffled);
        prop_assert_eq!(&at_once, &expected);
    }

    #[test]
    fn which_communication_has_which_name_makes_no_difference(pages in pages()) {
        let renamed = pages.iter().rev().zip(0..).map(|(page, nth)| {
            let communication = format!("{nth}").into();
            let key = PageKey { communication, ..page.key.clone() };
            NoticePage { key, ..page.clone() }
        });
        let renamed = notices(renamed);
        let expected = notices(pages);
        prop_assert_eq!(renamed.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
    }

    #[test]
    fn dropping_superseded_pages_changes_nothing(pages in pages(), kept_max in 0..6_usize) {
        let mut notices = notices(pages);
        let before: Vec<_> = notices.iter().cloned().collect();
        for notice in &before {
            let pages: Vec<_> = notices.pages_of(&notice.key).collect();
            let dropped = superseded(&pages, kept_max);
            prop_assert!(pages.len() - dropped.len() >= kept_max.min(pages.len()));
            dropped.iter().for_each(|key| notices.remove(key));
        }
        prop_assert_eq!(notices.iter().cloned().collect::<Vec<_>>(), before);
    }

    #[test]
    fn what_was_removed_leaves_no_trace(pages in pages(), extra in pages()) {
        let mut both = notices(pages.iter().chain(&extra).cloned());
        for page in &extra {
            both.remove(&page.key);
        }
        let left = pages.into_iter().filter(|page| extra.iter().all(|other| other.key != page.key));
        prop_assert_eq!(both, notices(left));
    }

    #[test]
    fn what_is_found_out_leaves_nothing_to_find_out(pages in pages()) {
        let mut notices = notices(pages);
        let mut found = Findings::default();
        for notice in notices.unmapped() {
            found.tasks.extend(notice.tasks.keys().map(|id| (*id, (None, Owner::Gone))));
            let short = notice.short_services.keys();
            found.services.extend(short.map(|name| (name.clone(), "prd".into())));
        }
        let mapped: Vec<_> = notices.pages().filter_map(|page| page.with(&found)).collect();
        notices.extend(mapped);
        prop_assert_eq!(notices.unmapped().count(), 0);
        for page in notices.pages() {
            prop_assert_eq!(page.with(&found), None);
        }
    }
}

/// Pages of two events and few moments, so that ties and repetitions are common.
fn pages() -> impl Strategy<Value = Vec<NoticePage>> {
    let keyed = vec(one_page(), 0..12).prop_map(|pages| {
        let keyed: BTreeMap<_, _> =
            pages.into_iter().map(|page| (page.key.clone(), page)).collect();
        keyed.into_values().collect::<Vec<_>>()
    });
    keyed.prop_shuffle()
}

fn one_page() -> impl Strategy<Value = NoticePage> {
    let entities = vec((entity(), any::<bool>()), 0..4);
    let times = (0..4_i64, 0..4_i64, 0..4_i64, option::of(100..103_i64));
    let names = (0..2_u32, 0..12_u32, select(vec!["eu-central-1", "us-east-1"]));
    let texts = vec(select(vec!["odd".to_owned(), "strange".to_owned()]), 0..2);
    (entities, times, names, status(), texts).prop_map(
        |(entities, (published, updated, received, deadline), names, status, not_understood)| {
            let (event, communication, region) = names;
            let mut page = page(&format!("c{communication}"), updated, &entities);
            page.key.event.arn = format!("arn:{event}").into();
            let (published_at, received_at) = (at(published), at(received));
            let (region, deadline) = (region.into(), deadline.map(at));
            NoticePage {
                region,
                status,
                published_at,
                received_at,
                deadline,
                not_understood,
                ..page
            }
        },
    )
}

fn status() -> impl Strategy<Value = EventStatus> {
    let (upcoming, open, closed) = (EventStatus::Upcoming, EventStatus::Open, EventStatus::Closed);
    select(vec![
        upcoming,
        open,
        closed,
        EventStatus::Other("x".into()),
        EventStatus::Other("y".into()),
    ])
}

fn entity() -> impl Strategy<Value = Entity> {
    let name = || select(vec!["api", "web"]);
    let cluster = || select(vec!["prd", "stg"]);
    let owners = vec![
        None,
        Some(Owner::Gone),
        Some(standalone()),
        Some(of_service("api")),
        Some(of_service("job")),
    ];
    prop_oneof![
        (cluster(), name())
            .prop_map(|(cluster, name)| Entity::Service(cluster.into(), name.into())),
        name().prop_map(|name| Entity::ShortService(name.into())),
        (0..3_u128, option::of(cluster()), select(owners))
            .prop_map(|(id, cluster, owner)| task(id, cluster, owner)),
    ]
}
