//! What a notice says, put together from its pages.

use super::*;

/// The one notice of these pages, in this order and in the other.
fn derived(pages: &[NoticePage]) -> Notice {
    let forwards = notices(pages.iter().cloned());
    let backwards = notices(pages.iter().rev().cloned());
    assert_eq!(forwards, backwards);
    let mut at_once = Notices::default();
    at_once.extend(pages.iter().cloned());
    assert_eq!(forwards, at_once);
    only(&forwards).clone()
}

fn with(change: impl FnOnce(&mut NoticePage), mut page: NoticePage) -> NoticePage {
    change(&mut page);
    page
}

fn services(notice: &Notice) -> Vec<(String, bool)> {
    notice.services.iter().map(|(key, resolved)| (key.to_string(), *resolved)).collect()
}

#[test]
fn what_was_said_last_counts() {
    let first = page("a", 0, &[(service("api"), false), (service("web"), false)]);
    let update = with(
        |page| {
            page.status = EventStatus::Closed;
            page.deadline = None;
        },
        page("b", 24, &[(service("api"), true)]),
    );
    let notice = derived(&[first.clone(), update]);
    assert_eq!(services(&notice), [("prd/api".to_owned(), true), ("prd/web".to_owned(), false)]);
    assert_eq!(notice.status, EventStatus::Closed);
    assert_eq!(notice.deadline, first.deadline, "an update that names none takes none back");
    assert_eq!((notice.cutoff, notice.received_at), (at(0), at(0)));
}

#[test]
fn of_two_communications_of_one_second_the_more_urgent_counts() {
    let variant = |communication, resolved, status, deadline| {
        let page = page(communication, 0, &[(service("api"), resolved)]);
        NoticePage { status, deadline, ..page }
    };
    let over = (true, EventStatus::Closed, None);
    let far = (true, EventStatus::Upcoming, Some(at(200)));
    let near = (false, EventStatus::Open, Some(at(100)));
    for ((a, b), (resolved, status, deadline)) in [
        ((over.clone(), far.clone()), far.clone()),
        ((over.clone(), near.clone()), near.clone()),
        ((near.clone(), far.clone()), near.clone()),
        ((far.clone(), near.clone()), near.clone()),
    ] {
        let notice = derived(&[variant("a", a.0, a.1, a.2), variant("b", b.0, b.1, b.2)]);
        assert_eq!(services(&notice), [("prd/api".to_owned(), resolved)]);
        assert_eq!((notice.status, notice.deadline), (status, deadline));
    }
}

#[test]
fn a_task_is_its_services_matter_once_that_is_known() {
    let first = page("a", 0, &[(task(1, Some("prd"), None), false)]);
    let notice = derived(std::slice::from_ref(&first));
    assert_eq!((notice.services.len(), notice.tasks.len()), (0, 1));
    let mapped = page("a", 0, &[(task(1, Some("prd"), Some(of_service("api"))), false)]);
    let notice = derived(std::slice::from_ref(&mapped));
    assert_eq!(services(&notice), [("prd/api".to_owned(), false)]);
    assert!(notice.tasks.is_empty());

    // An update names the same task, and does not know what was found out.
    let update = page("b", 24, &[(task(1, Some("prd"), None), false)]);
    let notices = notices([mapped, update]);
    assert_eq!(services(only(&notices)), [("prd/api".to_owned(), false)]);
    assert_eq!(notices.unmapped().count(), 0);
}

#[test]
fn that_one_task_is_done_with_says_nothing_about_its_service() {
    let owned = task(1, Some("prd"), Some(of_service("api")));
    let notice = derived(&[page("a", 0, &[(owned.clone(), true)])]);
    assert_eq!(services(&notice), [("prd/api".to_owned(), false)]);
    let named = page("b", -24, &[(service("api"), true)]);
    let notice = derived(&[page("a", 0, &[(owned, false)]), named]);
    assert_eq!(services(&notice), [("prd/api".to_owned(), true)]);
}

#[test]
fn a_notice_is_unmapped_as_long_as_something_has_to_be_found_out() {
    let short = Entity::ShortService("api".into());
    for (entity, resolved, status, unmapped) in [
        (task(1, None, None), false, EventStatus::Upcoming, true),
        (task(1, None, None), false, EventStatus::Other("odd".into()), true),
        (task(1, None, None), true, EventStatus::Upcoming, false),
        (task(1, None, None), false, EventStatus::Closed, false),
        (task(1, None, Some(Owner::Gone)), false, EventStatus::Open, false),
        (short.clone(), false, EventStatus::Open, true),
        (short, true, EventStatus::Open, false),
        (service("api"), false, EventStatus::Open, false),
    ] {
        let mut notices =
            notices([NoticePage { status, ..page("a", 0, &[(entity.clone(), resolved)]) }]);
        assert_eq!(notices.unmapped().count() == 1, unmapped, "{entity:?} {resolved}");
        notices.remove(&page("a", 0, &[]).key);
        assert_eq!(notices, Notices::default());
    }
}

#[test]
fn a_service_leads_to_every_notice_that_names_it() {
    let other = with(
        |page| page.key.event.arn = "arn:aws:health:event/2".into(),
        page("a", 0, &[(service("api"), false)]),
    );
    let mut notices = notices([page("a", 0, &[(service("api"), false)]), other.clone()]);
    let key = only(&super::notices([other.clone()])).services.keys().next().unwrap().clone();
    assert_eq!(notices.about(&key).all().count(), 2);
    notices.remove(&other.key);
    assert_eq!(notices.about(&key).all().count(), 1);
    assert_eq!(notices.pages_of(&other.key.event).count(), 0);
}

#[test]
fn a_key_has_a_path_that_no_other_key_has() {
    let key = |account: &str, arn: &str, communication: &str, part| PageKey {
        event: EventKey { account: account.into(), arn: arn.into() },
        communication: communication.into(),
        part,
    };
    let keys = [
        key("1", "arn/0/b", "a", 0),
        key("1", "b", "a/0/arn", 0),
        key("1", "b", "a%2F0%2Farn", 0),
        key("1", "a", "0", 0),
        key("1/0", "a", "", 0),
        key("1", "a", "0", 1),
    ];
    let paths: std::collections::BTreeSet<_> = keys.iter().map(PageKey::to_path).collect();
    assert_eq!(paths.len(), keys.len(), "{paths:?}");
    assert_eq!(key("1", "arn:a/b", "c-1", 2).to_path(), "1/c-1/2/arn:a/b");
}

#[test]
fn a_publication_that_cannot_be_believed_neither_satisfies_nor_repeats_for_ever() {
    // Received at hour 1,000.
    for (published, cutoff) in
        [(999, 999), (1_000, 1_000), (1_001, 1_000), (90_000, 1_000), (0, 328)]
    {
        let page = with(|page| page.received_at = at(1_000), page("a", published, &[]));
        assert_eq!(derived(&[page]).cutoff, at(cutoff), "{published}");
    }
}
