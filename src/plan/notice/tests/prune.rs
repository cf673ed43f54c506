//! Which pages are dropped.

use super::*;
use crate::plan::notice::notices::PAGES_MAX;
use crate::plan::notice::superseded::superseded;

#[test]
fn pages_of_a_notice_that_is_long_over_are_dropped() {
    let first = page("a", 0, &[(service("api"), false)]);
    let last = page("b", 48, &[(service("api"), false)]);
    let closed = NoticePage { status: EventStatus::Closed, deadline: Some(Time::MAX_UTC), ..last };
    let last = |deadline| NoticePage { deadline, ..page("b", 48, &[]) };
    let quiet = 90 * 24;
    for (last, hours, dropped) in [
        // The last page came in hour 48.
        (last(Some(at(168))), quiet + 48, 0),
        (last(Some(at(168))), quiet + 49, 2),
        (last(Some(at(quiet + 100))), quiet + 49, 0),
        (last(Some(at(quiet + 100))), quiet + 101, 2),
        (last(None), quiet + 48, 0),
        (closed.clone(), quiet + 48, 0),
        (closed, quiet + 49, 2),
    ] {
        let mut notices = notices([first.clone(), last.clone()]);
        let gone = notices.prune(at(hours));
        assert_eq!(gone.len(), dropped, "{last:?} after {hours} hours");
        assert_eq!(notices.is_empty(), dropped > 0);
        assert_eq!(notices.iter().count(), usize::from(dropped == 0));
    }
    let mut neither = notices([
        NoticePage { deadline: None, ..page("a", 0, &[]) },
        NoticePage { deadline: None, ..page("b", 48, &[]) },
    ]);
    assert_eq!(neither.prune(at(quiet + 49)).len(), 2, "no deadline at all");
}

/// So many updates, a day apart, each in so many pages of one service.
fn updates(count: i64, pages: u32) -> Vec<NoticePage> {
    let paged = |day: i64| {
        (0..pages).map(move |part| {
            let mut page =
                page(&format!("u{day}"), day * 24, &[(service(&part.to_string()), false)]);
            page.key.part = part;
            page
        })
    };
    (0..count).flat_map(paged).collect()
}

#[test]
fn of_many_updates_the_first_and_the_last_tell_all() {
    let mut all = notices(updates(50, 13));
    let before = only(&all).clone();
    let dropped = all.prune(at(50 * 24));
    assert_eq!(dropped.len(), 50 * 13 - PAGES_MAX);
    assert_eq!((only(&all), all.pages().count()), (&before, PAGES_MAX));
    assert!(all.prune(at(50 * 24)).is_empty());

    let pages = updates(50, 13);
    let pages: Vec<_> = pages.iter().collect();
    assert_eq!(superseded(&pages, 0).len(), 49 * 13 - 1, "one holds the cutoff");
}

#[test]
fn a_page_that_alone_says_something_is_kept() {
    let newest = || page("z", 24, &[(service("api"), false)]);
    let older = || page("a", 1, &[(service("api"), false)]);
    let kept: [fn(&mut NoticePage); 7] = [
        |page| page.entities[0].entity = service("web"),
        |page| page.entities[0].entity = task(1, None, None),
        |page| page.entities[0].entity = Entity::ShortService("api".into()),
        |page| page.not_understood.push("odd".to_owned()),
        |page| page.published_at = at(-1),
        |page| page.received_at = at(-1),
        |page| page.updated_at = at(24),
    ];
    for (nth, change) in kept.into_iter().enumerate() {
        let (first, mut middle, last) = (page("0", 0, &[]), older(), newest());
        assert_eq!(superseded(&[&first, &middle, &last], 0), [middle.key.clone()]);
        change(&mut middle);
        let dropped = superseded(&[&first, &middle, &last], 0);
        assert!(!dropped.contains(&middle.key), "change {nth}");
    }
}

#[test]
fn a_page_that_alone_knows_whose_a_task_is_is_kept() {
    let named = |communication, hours, owner| {
        page(communication, hours, &[(task(1, Some("prd"), owner), false)])
    };
    let (first, mapped) = (page("0", 0, &[]), named("a", 1, Some(of_service("api"))));
    let unmapped = named("b", 2, None);
    assert!(superseded(&[&first, &mapped, &unmapped], 0).is_empty());
    let again = named("c", 3, Some(of_service("api")));
    assert_eq!(superseded(&[&first, &mapped, &again], 0), [mapped.key]);
}
