//! What every store must do: one suite that runs over all kinds.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta};

use super::{Store, StoreError};
use crate::clock::Time;
use crate::plan::fleet::{DeploymentId, Problem, ProblemClass, TaskId};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{
    Attempt, AttemptId, Before, Call, Cause, Finished, Ledger, Outcome, Record, Refused,
};

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
}

pub fn service(name: &str) -> ServiceKey {
    ServiceKey::new(&ClusterKey::new("ap-northeast-1", "123456789012", "prd"), name)
}

fn at(seconds: i64) -> Time {
    DateTime::from_timestamp(1_800_000_000, 123_456_789).unwrap() + TimeDelta::seconds(seconds)
}

/// A record in which every field says something, with `tasks` tasks in each of its two attempts.
pub fn record_with_tasks(mark: &str, tasks: u32) -> Record {
    let attempt = |call: Call| Attempt {
        id: AttemptId(format!("20270115T080000Z-{mark}").into()),
        service: service("api"),
        policy: "nightly".into(),
        cause: Cause::Retirement,
        intent_at: at(0),
        call_ends_by: at(30),
        deadline: at(3_600),
        before: Before {
            primary: DeploymentId::new("ecs-svc/1234567890123456789"),
            task_definition: "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/a:7".into(),
            desired_count: tasks,
            tasks: (0..tasks).map(|n| TaskId::plain(u128::MAX - u128::from(n))).collect(),
            oldest_created_at: Some(at(-86_400)),
        },
        call,
    };
    let accepted = Call::Accepted {
        deployment: DeploymentId::new("ecs-svc/9876543210987654321"),
        created_at: at(1),
        known_at: at(2),
        service_deployment: None,
    };
    Record {
        open: Some(attempt(Call::Unknown)),
        last: Some(Finished {
            attempt: attempt(accepted),
            outcome: Outcome::RolledBack,
            finished_at: at(900),
            diagnosis: format!("{mark}: the circuit breaker went back"),
            primary: Some(DeploymentId::new("ecs-svc/1234567890123456789")),
        }),
        failures_in_a_row: 2,
        refused: Some(Refused {
            problem: Problem {
                operation: "UpdateService".to_owned(),
                class: ProblemClass::Throttled,
                message: "Rate exceeded".to_owned(),
                at: at(5),
            },
            times: 3,
            retry_at: at(300),
        }),
        retirements: Vec::new(),
    }
}

/// A full record that differs from others by its `mark`.
pub fn record(mark: &str) -> Record {
    record_with_tasks(mark, 2)
}

/// The ledger that consists of these records.
pub fn ledger<const N: usize>(records: [(ServiceKey, Record); N]) -> Ledger {
    Ledger { records: BTreeMap::from(records), ..Ledger::default() }
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
