//! What every store must do with the evidence of finished attempts.

use std::sync::Arc;

use ecs_refresh::plan::evidence::{Evidence, TaskList};
use ecs_refresh::plan::fleet::TaskId;
use ecs_refresh::plan::key::ServiceKey;
use ecs_refresh::plan::ledger::Ledger;
use ecs_refresh::store::{Retention, Store, StoreError};

use super::fixture::{at, evidence, record, service};

pub async fn check<F: Future<Output = Arc<dyn Store>>>(empty: impl Fn() -> F) {
    nothing_was_finished_at_first(empty().await).await;
    history_is_told_from_the_newest_on(empty().await).await;
    what_is_appended_twice_is_kept_once(empty().await).await;
    the_oldest_makes_room_for_the_newest(empty().await).await;
    numbers_that_begin_anew_are_kept(empty().await).await;
    history_is_no_part_of_the_ledger(empty().await).await;
    absurd_evidence_is_refused(empty().await).await;
}

/// The attempts in the history, as service and number.
async fn told(store: &dyn Store, of: Option<&ServiceKey>, since: Option<i64>) -> Vec<String> {
    let history = store.history(of, since.map(|hours| at(hours * 3_600))).await.unwrap();
    let name = |one: &Evidence| format!("{} {}", one.finished.attempt.service.name(), one.number);
    history.iter().map(name).collect()
}

async fn append(store: &dyn Store, name: &str, number: u64, hours: i64) -> Evidence {
    let one = evidence(&service(name), number, hours);
    store.append(&one).await.unwrap();
    one
}

async fn nothing_was_finished_at_first(store: Arc<dyn Store>) {
    assert_eq!(store.history(None, None).await.unwrap(), []);
    assert_eq!(store.history(Some(&service("api")), None).await.unwrap(), []);
}

async fn history_is_told_from_the_newest_on(store: Arc<dyn Store>) {
    for (name, number, hours) in [("web", 0, 2), ("api", 1, 3), ("api", 0, 1), ("夜間", 0, 4)] {
        append(&*store, name, number, hours).await;
    }
    let (api, none) = (service("api"), service("ap"));
    assert_eq!(told(&*store, None, None).await, ["夜間 0", "api 1", "web 0", "api 0"]);
    assert_eq!(told(&*store, Some(&api), None).await, ["api 1", "api 0"]);
    assert_eq!(told(&*store, Some(&none), None).await, [""; 0]);
    assert_eq!(told(&*store, None, Some(2)).await, ["夜間 0", "api 1", "web 0"]);
    assert_eq!(told(&*store, Some(&api), Some(2)).await, ["api 1"]);
    let whole = store.history(Some(&service("web")), None).await.unwrap();
    assert_eq!(whole, [evidence(&service("web"), 0, 2)]);
}

async fn what_is_appended_twice_is_kept_once(store: Arc<dyn Store>) {
    for _ in 0..2 {
        append(&*store, "api", 0, 1).await;
    }
    assert_eq!(told(&*store, None, None).await, ["api 0"]);
}

async fn the_oldest_makes_room_for_the_newest(store: Arc<dyn Store>) {
    let kept = u64::from(Retention::default().attempts);
    for number in 0..kept + 2 {
        append(&*store, "api", number, number as i64).await;
    }
    // It is appended again, by somebody who never heard that it was: what has its place stays.
    append(&*store, "api", 1, 1).await;
    let told = told(&*store, Some(&service("api")), None).await;
    assert_eq!(told.len() as u64, kept);
    assert_eq!(told.first(), Some(&format!("api {}", kept + 1)));
    assert_eq!(told.last(), Some(&"api 2".to_owned()));
}

async fn numbers_that_begin_anew_are_kept(store: Arc<dyn Store>) {
    append(&*store, "api", 7, 1).await;
    append(&*store, "api", 57, 2).await;
    append(&*store, "api", 7, 3).await;
    let history = store.history(None, None).await.unwrap();
    assert_eq!(history, [evidence(&service("api"), 7, 3)]);
}

async fn history_is_no_part_of_the_ledger(store: Arc<dyn Store>) {
    append(&*store, "api", 0, 1).await;
    assert_eq!(store.load().await.unwrap(), Ledger::default());
    store.save(&service("api"), &record("first")).await.unwrap();
    store.remove(&service("api")).await.unwrap();
    assert_eq!(told(&*store, None, None).await, ["api 0"], "it outlives the record");
}

async fn absurd_evidence_is_refused(store: Arc<dyn Store>) {
    let tasks = vec![(TaskId::plain(1), Some(at(0))); 50_000];
    let before = TaskList { count: 50_000, tasks };
    let huge = Evidence { before, ..evidence(&service("api"), 0, 1) };
    let error = store.append(&huge).await.unwrap_err();
    assert!(matches!(error, StoreError::EvidenceTooLarge { .. }), "{error}");
    assert_eq!(store.history(None, None).await.unwrap(), []);
}
