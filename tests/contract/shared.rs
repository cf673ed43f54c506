//! What a store must do that several replicas share, each by a handle of its own.

use std::sync::Arc;

use ecs_refresh::plan::ledger::Record;
use ecs_refresh::plan::notice::NoticePage;
use ecs_refresh::store::{LeaseStore, Store, StoreError};

use super::fixture::{evidence, lease, ledger, page, page_about, pages, record, service};

/// Two handles on the same items.
type Two = [Arc<dyn Store>; 2];

/// Runs every clause over pairs of handles that `empty` makes, each pair on items of its own.
pub async fn check_shared<F: Future<Output = Two>>(empty: impl Fn() -> F) {
    what_one_saves_the_other_loads(empty().await).await;
    a_record_that_somebody_else_wrote_is_not_replaced(empty().await).await;
    a_record_that_somebody_else_made_is_not_replaced(empty().await).await;
    a_record_that_somebody_else_removed_is_not_made_anew(empty().await).await;
    a_record_that_was_removed_and_made_anew_is_another(empty().await).await;
    a_record_that_somebody_else_wrote_is_not_removed(empty().await).await;
    what_is_gone_already_can_be_removed(empty().await).await;
    a_page_that_somebody_else_wrote_is_not_replaced(empty().await).await;
    of_writes_that_race_one_wins(empty().await).await;
    history_is_shared(empty().await).await;
    a_lease_that_nobody_ever_held_is_none(empty().await).await;
    a_lease_goes_from_hand_to_hand(empty().await).await;
    of_replicas_that_want_the_lease_one_gets_it(empty().await).await;
}

#[track_caller]
fn is_conflict<T: std::fmt::Debug>(answer: Result<T, StoreError>, names: &str) {
    let error = answer.unwrap_err();
    assert!(matches!(error, StoreError::Conflict { .. }), "{error}");
    assert!(error.to_string().contains(names), "{error}");
}

async fn what_one_saves_the_other_loads([one, other]: Two) {
    one.save(&service("api"), &record("first")).await.unwrap();
    one.save_page(&page_about("a", "api")).await.unwrap();
    let mut expected = ledger([(service("api"), record("first"))]);
    expected.notices.insert(page_about("a", "api"));
    assert_eq!(other.load().await.unwrap(), expected);
    other.save(&service("api"), &record("second")).await.unwrap();
    expected.records.insert(service("api"), record("second"));
    assert_eq!(one.load().await.unwrap(), expected);
}

async fn a_record_that_somebody_else_wrote_is_not_replaced([one, other]: Two) {
    one.save(&service("api"), &record("first")).await.unwrap();
    other.load().await.unwrap();
    one.save(&service("api"), &record("second")).await.unwrap();
    for _ in 0..2 {
        is_conflict(other.save(&service("api"), &record("third")).await, "prd/api");
    }
    one.save(&service("api"), &record("fourth")).await.unwrap();
    let expected = ledger([(service("api"), record("fourth"))]);
    assert_eq!(other.load().await.unwrap(), expected);
    other.save(&service("api"), &record("fifth")).await.unwrap();
    is_conflict(one.save(&service("api"), &record("sixth")).await, "prd/api");
    assert_eq!(one.load().await.unwrap(), ledger([(service("api"), record("fifth"))]));
}

async fn a_record_that_somebody_else_made_is_not_replaced([one, other]: Two) {
    other.load().await.unwrap();
    one.save(&service("api"), &record("first")).await.unwrap();
    is_conflict(other.save(&service("api"), &record("second")).await, "prd/api");
    is_conflict(other.remove(&service("api")).await, "prd/api");
    other.save(&service("web"), &record("second")).await.unwrap();
    assert_eq!(one.load().await.unwrap().records.len(), 2);
}

async fn a_record_that_somebody_else_removed_is_not_made_anew([one, other]: Two) {
    one.save(&service("api"), &record("first")).await.unwrap();
    other.load().await.unwrap();
    one.remove(&service("api")).await.unwrap();
    is_conflict(other.save(&service("api"), &record("second")).await, "prd/api");
    other.load().await.unwrap();
    other.save(&service("api"), &record("second")).await.unwrap();
}

async fn a_record_that_was_removed_and_made_anew_is_another([one, other]: Two) {
    one.save(&service("api"), &record("first")).await.unwrap();
    other.load().await.unwrap();
    one.remove(&service("api")).await.unwrap();
    one.save(&service("api"), &record("first")).await.unwrap();
    is_conflict(other.save(&service("api"), &record("second")).await, "prd/api");
}

async fn a_record_that_somebody_else_wrote_is_not_removed([one, other]: Two) {
    one.save(&service("api"), &Record::default()).await.unwrap();
    other.load().await.unwrap();
    one.save(&service("api"), &record("second")).await.unwrap();
    is_conflict(other.remove(&service("api")).await, "prd/api");
    assert_eq!(one.load().await.unwrap(), ledger([(service("api"), record("second"))]));
}

async fn what_is_gone_already_can_be_removed([one, other]: Two) {
    one.save(&service("api"), &record("first")).await.unwrap();
    one.save_page(&page_about("a", "api")).await.unwrap();
    other.load().await.unwrap();
    for store in [one, other] {
        store.remove(&service("api")).await.unwrap();
        store.remove_page(&page_about("a", "api").key).await.unwrap();
    }
}

async fn a_page_that_somebody_else_wrote_is_not_replaced([one, other]: Two) {
    one.save_page(&page_about("a", "api")).await.unwrap();
    is_conflict(other.save_page(&page("a", Vec::new())).await, "event/ECS/RETIREMENT/1");
    other.load().await.unwrap();
    let later = NoticePage { not_understood: Vec::new(), ..page_about("a", "api") };
    one.save_page(&later).await.unwrap();
    is_conflict(other.save_page(&page_about("a", "api")).await, "event/ECS/RETIREMENT/1");
    is_conflict(other.remove_page(&later.key).await, "event/ECS/RETIREMENT/1");
    assert_eq!(other.load().await.unwrap(), pages([later.clone()]));
    other.remove_page(&later.key).await.unwrap();
    assert_eq!(one.load().await.unwrap(), pages([]));
}

async fn of_writes_that_race_one_wins([one, other]: Two) {
    for round in 0..10 {
        one.load().await.unwrap();
        other.load().await.unwrap();
        let (mine, theirs) = (record(&format!("mine {round}")), record(&format!("theirs {round}")));
        let key = service("api");
        let (a, b) = tokio::join!(one.save(&key, &mine), other.save(&key, &theirs));
        assert!(a.is_ok() != b.is_ok(), "round {round}: {a:?} {b:?}");
        let won = if a.is_ok() { mine } else { theirs };
        is_conflict(a.and(b), "prd/api");
        assert_eq!(one.load().await.unwrap().records[&key], won, "round {round}");
    }
}

async fn history_is_shared([one, other]: Two) {
    let finished = evidence(&service("api"), 3, 1);
    one.append(&finished).await.unwrap();
    other.append(&finished).await.unwrap();
    assert_eq!(other.history(None, None).await.unwrap(), [finished]);
}

/// The lease that comes with a store.
fn lease_of(store: &Arc<dyn Store>) -> &dyn LeaseStore {
    store.lease().expect("a store that is shared has a lease")
}

async fn a_lease_that_nobody_ever_held_is_none([one, _]: Two) {
    assert_eq!(lease_of(&one).read_lease().await.unwrap(), None);
    let held = lease(Some("a"), 1);
    assert!(!lease_of(&one).replace_lease(Some(&held), &lease(Some("a"), 2)).await.unwrap());
    assert_eq!(lease_of(&one).read_lease().await.unwrap(), None);
}

async fn a_lease_goes_from_hand_to_hand([one, other]: Two) {
    let (one, other) = (lease_of(&one), lease_of(&other));
    let (first, second) = (lease(Some("夜間 \u{1f504}\"\\"), 1), lease(None, 2));
    let third = lease(Some("b"), 3);
    assert!(one.replace_lease(None, &first).await.unwrap());
    assert_eq!(other.read_lease().await.unwrap(), Some(first.clone()));
    assert!(!other.replace_lease(None, &third).await.unwrap(), "there is one");
    assert!(one.replace_lease(Some(&first), &second).await.unwrap());
    assert!(!other.replace_lease(Some(&first), &third).await.unwrap(), "it is another by now");
    assert!(other.replace_lease(Some(&second), &third).await.unwrap());
    assert_eq!(one.read_lease().await.unwrap(), Some(third.clone()));
    // Whoever does not know what became of a write may ask for it again.
    assert!(other.replace_lease(Some(&second), &third).await.unwrap());
    let same_number = lease(Some("a"), 3);
    assert!(!one.replace_lease(Some(&same_number), &lease(Some("a"), 4)).await.unwrap());
}

async fn of_replicas_that_want_the_lease_one_gets_it([one, other]: Two) {
    let (one, other) = (lease_of(&one), lease_of(&other));
    let mut held: Option<ecs_refresh::store::Lease> = None;
    for revision in 1..=10 {
        let (mine, theirs) = (lease(Some("a"), revision), lease(Some("b"), revision));
        let (a, b) = tokio::join!(
            one.replace_lease(held.as_ref(), &mine),
            other.replace_lease(held.as_ref(), &theirs),
        );
        let (a, b) = (a.unwrap(), b.unwrap());
        assert!(a != b, "revision {revision}: {a} {b}");
        held = Some(if a { mine } else { theirs });
        assert_eq!(one.read_lease().await.unwrap(), held);
    }
}
