//! What every store must do: one suite that runs over all kinds.
//!
//! The unit tests of the crate run it over the stores that need nothing, and `independent` over
//! those that are asked over a network.

mod fixture;
mod history;
mod shared;

use std::sync::Arc;

use ecs_refresh::plan::fleet::TaskId;
use ecs_refresh::plan::key::{ClusterKey, ServiceKey};
use ecs_refresh::plan::ledger::{Ledger, Record};
use ecs_refresh::plan::notice::{
    Ended, EndedBy, Entity, EventKey, EventStatus, NoticePage, Owner, Retirement, TaskSample,
};
use ecs_refresh::store::{RECORD_BYTES_MAX, Store, StoreError};

pub use fixture::*;
pub use shared::check_shared;

/// Runs every clause over stores that `empty` makes.
pub async fn check<F: Future<Output = Arc<dyn Store>>>(empty: impl Fn() -> F) {
    nothing_is_remembered_at_first(empty().await).await;
    what_is_saved_is_loaded(empty().await).await;
    a_later_save_replaces_the_whole_record(empty().await).await;
    what_is_removed_is_gone(empty().await).await;
    names_in_every_script_survive(empty().await).await;
    the_order_of_saves_does_not_matter(empty().await, empty().await).await;
    services_of_the_same_name_are_kept_apart(empty().await).await;
    an_absurd_record_is_refused_and_harms_nothing(empty().await).await;
    saves_that_run_together_all_count(empty().await).await;
    what_became_of_notices_is_kept_with_the_record(empty().await).await;
    pages_are_kept_beside_records(empty().await).await;
    a_page_says_after_a_load_what_it_said_before(empty().await).await;
    a_later_save_replaces_the_whole_page(empty().await).await;
    a_page_that_is_removed_is_gone(empty().await).await;
    pages_of_like_names_are_kept_apart(empty().await).await;
    the_order_in_which_pages_are_saved_does_not_matter(empty().await, empty().await).await;
    an_absurd_page_is_refused_and_harms_nothing(empty().await).await;
    pages_that_are_saved_together_all_count(empty().await).await;
    history::check(empty).await;
}

async fn nothing_is_remembered_at_first(store: Arc<dyn Store>) {
    assert_eq!(store.load().await.unwrap(), Ledger::default());
}

async fn what_is_saved_is_loaded(store: Arc<dyn Store>) {
    store.save(&service("api"), &record("first")).await.unwrap();
    store.save(&service("web"), &Record::default()).await.unwrap();
    let expected = ledger([(service("api"), record("first")), (service("web"), Record::default())]);
    assert_eq!(store.load().await.unwrap(), expected);
}

async fn a_later_save_replaces_the_whole_record(store: Arc<dyn Store>) {
    store.save(&service("api"), &record_with_tasks("first", 500)).await.unwrap();
    store.save(&service("api"), &Record::default()).await.unwrap();
    assert_eq!(store.load().await.unwrap(), ledger([(service("api"), Record::default())]));
}

async fn what_is_removed_is_gone(store: Arc<dyn Store>) {
    store.save(&service("api"), &record("first")).await.unwrap();
    store.save(&service("web"), &record("second")).await.unwrap();
    store.remove(&service("api")).await.unwrap();
    store.remove(&service("never-saved")).await.unwrap();
    assert_eq!(store.load().await.unwrap(), ledger([(service("web"), record("second"))]));
    store.save(&service("api"), &record("third")).await.unwrap();
    assert_eq!(store.load().await.unwrap().records.len(), 2);
}

async fn names_in_every_script_survive(store: Arc<dyn Store>) {
    let key = service("夜間-更新 \u{1f504}\u{0}\"\\");
    store.save(&key, &record("原因: \u{1f4a5} \"引用\" \\ \n\u{0}")).await.unwrap();
    let expected = ledger([(key, record("原因: \u{1f4a5} \"引用\" \\ \n\u{0}"))]);
    assert_eq!(store.load().await.unwrap(), expected);
}

async fn the_order_of_saves_does_not_matter(one: Arc<dyn Store>, other: Arc<dyn Store>) {
    let names = ["m", "a", "z", "b"];
    for name in names {
        one.save(&service(name), &record(name)).await.unwrap();
    }
    for name in names.iter().rev() {
        other.save(&service(name), &record(name)).await.unwrap();
    }
    assert_eq!(one.load().await.unwrap(), other.load().await.unwrap());
}

async fn services_of_the_same_name_are_kept_apart(store: Arc<dyn Store>) {
    let mut expected = Ledger::default();
    for (region, account, cluster) in [
        ("eu-west-1", "111111111111", "prd"),
        ("eu-west-1", "222222222222", "prd"),
        ("us-east-1", "111111111111", "prd"),
        ("eu-west-1", "111111111111", "stg"),
    ] {
        let key = ServiceKey::new(&ClusterKey::new(region, account, cluster), "api");
        let kept = record(&key.to_path());
        store.save(&key, &kept).await.unwrap();
        expected.records.insert(key, kept);
    }
    assert_eq!(store.load().await.unwrap(), expected);
}

async fn an_absurd_record_is_refused_and_harms_nothing(store: Arc<dyn Store>) {
    store.save(&service("api"), &record("first")).await.unwrap();
    let error = store.save(&service("api"), &record_with_tasks("huge", 50_000)).await.unwrap_err();
    assert!(matches!(error, StoreError::RecordTooLarge { .. }), "{error}");
    assert_eq!(store.load().await.unwrap(), ledger([(service("api"), record("first"))]));
}

async fn saves_that_run_together_all_count(store: Arc<dyn Store>) {
    let saves = (0..20).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.save(&service(&format!("s{n}")), &record("x")).await })
    });
    for save in saves.collect::<Vec<_>>() {
        save.await.unwrap().unwrap();
    }
    assert_eq!(store.load().await.unwrap().records.len(), 20);
}

async fn what_became_of_notices_is_kept_with_the_record(store: Arc<dyn Store>) {
    let unheard = Retirement { event: None, raised: None, ended: None, ..retirements(1).remove(0) };
    let ended_by = |by| {
        let ended = Ended { by, at: at(9), after: TaskSample::default() };
        Retirement { ended: Some(ended), ..unheard.clone() }
    };
    let mut list = retirements(2);
    list.extend([EndedBy::Refresh, EndedBy::Deploy, EndedBy::Aws].map(ended_by));
    list.push(unheard);
    let kept = Record { retirements: list, ..record("first") };
    store.save(&service("api"), &kept).await.unwrap();
    assert_eq!(store.load().await.unwrap(), ledger([(service("api"), kept)]));
}

async fn pages_are_kept_beside_records(store: Arc<dyn Store>) {
    store.save_page(&page_about("a", "api")).await.unwrap();
    store.save(&service("api"), &record("first")).await.unwrap();
    store.save_page(&page_about("b", "web")).await.unwrap();
    store.remove(&service("web")).await.unwrap();
    let mut expected = ledger([(service("api"), record("first"))]);
    expected.notices.extend([page_about("a", "api"), page_about("b", "web")]);
    assert_eq!(store.load().await.unwrap(), expected);
    assert_eq!(expected.notices.about(&service("web")).all().count(), 1);
}

async fn a_page_says_after_a_load_what_it_said_before(store: Arc<dyn Store>) {
    let id = TaskId::parse("1db59a02-7e07-415e-bc75-54ce82874dd0").unwrap();
    let odd: Arc<str> = "夜間 \u{1f504}\u{0}\"\\\n".into();
    let owners = [
        None,
        Some(Owner::Gone),
        Some(Owner::Service("api".into())),
        Some(Owner::Standalone { started_by: None, group: None }),
        Some(Owner::Standalone { started_by: Some(odd.clone()), group: Some(odd.clone()) }),
    ];
    let tasks = owners.into_iter().flat_map(|owner| {
        [None, Some("prd".into())].map(|cluster| Entity::Task { cluster, id, owner: owner.clone() })
    });
    let mut entities: Vec<_> = tasks.collect();
    entities.push(Entity::ShortService(odd.clone()));
    entities.push(Entity::Service(odd.clone(), odd.clone()));
    let mut kept = pages([]);
    for (n, status) in (0..).zip([
        EventStatus::Upcoming,
        EventStatus::Open,
        EventStatus::Closed,
        EventStatus::Other(odd.clone()),
    ]) {
        let mut one = page(&odd, entities.clone());
        (one.key.part, one.status) = (n, status);
        one.deadline = one.deadline.filter(|_| n > 0);
        one.entities[0].resolved = false;
        store.save_page(&one).await.unwrap();
        kept.notices.insert(one);
    }
    assert_eq!(store.load().await.unwrap(), kept);
}

async fn a_later_save_replaces_the_whole_page(store: Arc<dyn Store>) {
    store.save_page(&page_about("a", "api")).await.unwrap();
    let later = NoticePage { not_understood: Vec::new(), ..page("a", Vec::new()) };
    store.save_page(&later).await.unwrap();
    assert_eq!(store.load().await.unwrap(), pages([later]));
}

async fn a_page_that_is_removed_is_gone(store: Arc<dyn Store>) {
    store.remove_page(&page_about("never-saved", "api").key).await.unwrap();
    store.save_page(&page_about("a", "api")).await.unwrap();
    store.save_page(&page_about("b", "web")).await.unwrap();
    store.remove_page(&page_about("a", "api").key).await.unwrap();
    assert_eq!(store.load().await.unwrap(), pages([page_about("b", "web")]));
    store.save_page(&page_about("a", "job")).await.unwrap();
    assert_eq!(store.load().await.unwrap().notices.pages().count(), 2);
}

async fn pages_of_like_names_are_kept_apart(store: Arc<dyn Store>) {
    let mut expected = Ledger::default();
    for (account, arn, communication, part) in [
        ("111111111111", "arn:1", "c-1", 0),
        ("222222222222", "arn:1", "c-1", 0),
        ("111111111111", "arn:2", "c-1", 0),
        ("111111111111", "arn:1", "c-2", 0),
        ("111111111111", "arn:1", "c-1", 1),
        ("111111111111", "0/arn:1", "c-1/1", 0),
        ("111111111111", "arn:1", "c-1/1/0", 0),
    ] {
        let mut one = page_about(communication, "api");
        one.key.event = EventKey { account: account.into(), arn: arn.into() };
        one.key.part = part;
        store.save_page(&one).await.unwrap();
        expected.notices.insert(one);
    }
    assert_eq!(expected.notices.pages().count(), 7);
    assert_eq!(store.load().await.unwrap(), expected);
}

async fn the_order_in_which_pages_are_saved_does_not_matter(
    one: Arc<dyn Store>,
    other: Arc<dyn Store>,
) {
    let names = ["m", "a", "z", "b"];
    for name in names {
        one.save_page(&page_about(name, "api")).await.unwrap();
    }
    for name in names.iter().rev() {
        other.save_page(&page_about(name, "api")).await.unwrap();
    }
    assert_eq!(one.load().await.unwrap(), other.load().await.unwrap());
}

async fn an_absurd_page_is_refused_and_harms_nothing(store: Arc<dyn Store>) {
    store.save_page(&page_about("a", "api")).await.unwrap();
    let text = "x".repeat(RECORD_BYTES_MAX);
    let huge = NoticePage { not_understood: vec![text], ..page_about("a", "api") };
    let error = store.save_page(&huge).await.unwrap_err();
    assert!(matches!(error, StoreError::PageTooLarge { .. }), "{error}");
    assert_eq!(store.load().await.unwrap(), pages([page_about("a", "api")]));
}

async fn pages_that_are_saved_together_all_count(store: Arc<dyn Store>) {
    let saves = (0..20).map(|n| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.save_page(&page_about(&format!("c{n}"), "api")).await })
    });
    for save in saves.collect::<Vec<_>>() {
        save.await.unwrap().unwrap();
    }
    assert_eq!(store.load().await.unwrap().notices.pages().count(), 20);
}
