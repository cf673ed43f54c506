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
use crate::plan::notice::{
    Affected, Ended, EndedBy, Entity, EventKey, EventStatus, NoticePage, Owner, PageKey, Raised,
    Retirement, TaskSample,
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
    what_became_of_notices_is_kept_with_the_record(empty().await).await;
    pages_are_kept_beside_records(empty().await).await;
    a_page_says_after_a_load_what_it_said_before(empty().await).await;
    a_later_save_replaces_the_whole_page(empty().await).await;
    a_page_that_is_removed_is_gone(empty().await).await;
    pages_of_like_names_are_kept_apart(empty().await).await;
    the_order_in_which_pages_are_saved_does_not_matter(empty().await, empty().await).await;
    an_absurd_page_is_refused_and_harms_nothing(empty().await).await;
    pages_that_are_saved_together_all_count(empty().await).await;
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
        moved_at: None,
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

/// What became of `count` notices with very long names, each with as many tasks as are named.
pub fn retirements(count: usize) -> Vec<Retirement> {
    let sample = |from: u128| TaskSample {
        count: 5_000,
        tasks: (0..TaskSample::TASKS_MAX as u128)
            .map(|n| (TaskId::plain(u128::MAX - from - n), at(7)))
            .collect(),
    };
    let retirement = |n: usize| Retirement {
        event: Some(EventKey {
            account: "123456789012".into(),
            // The longest that AWS Health gives (AWS Health API reference, Event).
            arn: format!("{:x<1600}", format!("arn:aws:health:ap-northeast-1::event/{n}/")).into(),
        }),
        noticed_at: at(0),
        before: sample(0),
        raised: Some(Raised { cutoff: at(1), task: TaskId::plain(u128::MAX), stopped_at: at(2) }),
        ended: Some(Ended { by: EndedBy::ScaledToZero, at: at(3), after: sample(1_000) }),
    };
    (0..count).map(retirement).collect()
}

/// A page that names these entities, in a communication of this name.
pub fn page(communication: &str, entities: Vec<Entity>) -> NoticePage {
    NoticePage {
        key: PageKey {
            event: EventKey {
                account: "123456789012".into(),
                arn: "arn:aws:health:ap-northeast-1::event/ECS/RETIREMENT/1".into(),
            },
            communication: communication.into(),
            part: 0,
        },
        region: "ap-northeast-1".into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Upcoming,
        deadline: Some(at(604_800)),
        published_at: at(0),
        updated_at: at(1),
        received_at: at(2),
        entities: entities.into_iter().map(|entity| Affected { entity, resolved: true }).collect(),
        not_understood: vec!["detail.endTime: \"Sonntag\"".to_owned()],
    }
}

/// A page of that name about one service.
pub fn page_about(communication: &str, service: &str) -> NoticePage {
    page(communication, vec![Entity::Service("prd".into(), service.into())])
}

/// The ledger that consists of these pages.
fn pages<const N: usize>(pages: [NoticePage; N]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.notices.extend(pages);
    ledger
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
    let text = "x".repeat(super::RECORD_BYTES_MAX);
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
