//! What the clauses save: records and pages in which every field says something.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use ecs_refresh::clock::Time;
use ecs_refresh::plan::diagnosis::Finding;
use ecs_refresh::plan::evidence::{Evidence, TaskList};
use ecs_refresh::plan::fleet::{DeploymentId, Problem, ProblemClass, TaskId};
use ecs_refresh::plan::key::{ClusterKey, ServiceKey};
use ecs_refresh::plan::ledger::{
    Attempt, AttemptId, Before, Call, Cause, Finished, Ledger, Outcome, Record, Refused,
};
use ecs_refresh::plan::notice::{
    Affected, Ended, EndedBy, Entity, EventKey, EventStatus, NoticePage, PageKey, Raised,
    Retirement, TaskSample,
};
use ecs_refresh::plan::rescue::{Rescue, RescueAnswer};
use ecs_refresh::store::Lease;

pub fn service(name: &str) -> ServiceKey {
    ServiceKey::new(&ClusterKey::new("ap-northeast-1", "123456789012", "prd"), name)
}

pub fn at(seconds: i64) -> Time {
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
        code_deploy: None,
        rescue: Some(Rescue {
            asked_at: at(3_600),
            call_ends_by: at(3_690),
            service_deployment: "arn:aws:ecs:ap-northeast-1:123456789012:service-deployment/a/b/c"
                .into(),
            why: format!("{mark}: 0 of 2 tasks were running"),
            finding: None,
            answer: RescueAnswer::Accepted,
        }),
        before: Before {
            primary: DeploymentId::new("ecs-svc/1234567890123456789"),
            task_definition: "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/a:7".into(),
            desired_count: tasks,
            task_count: 0,
            created_at: Vec::new(),
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
            finding: Some(Finding::Throttled { said: mark.to_owned() }),
            primary: Some(DeploymentId::new("ecs-svc/1234567890123456789")),
        }),
        failures_in_a_row: 2,
        ended: 7,
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
pub fn pages<const N: usize>(pages: [NoticePage; N]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.notices.extend(pages);
    ledger
}

/// The ledger that consists of these records.
pub fn ledger<const N: usize>(records: [(ServiceKey, Record); N]) -> Ledger {
    Ledger { records: BTreeMap::from(records), ..Ledger::default() }
}

/// What is kept of the `number`th attempt of a service, which ended `hours` after the first one.
pub fn evidence(service: &ServiceKey, number: u64, hours: i64) -> Evidence {
    let record = record(&format!("{number} of {service}"));
    let mut finished = record.last.expect("a full record has one");
    finished.attempt.service = service.clone();
    finished.attempt.id = AttemptId(format!("{number}").into());
    finished.finished_at = at(hours * 3_600);
    let list = |from: u128| TaskList {
        count: 3,
        tasks: vec![(TaskId::plain(from), Some(at(7))), (TaskId::plain(from + 1), None)],
    };
    let image_digests = BTreeMap::from([("web".into(), "sha256:1f3a".into())]);
    Evidence::new(number, finished, list(1), list(100), image_digests)
}

/// A lease that was written so often.
pub fn lease(holder: Option<&str>, revision: u64) -> Lease {
    Lease {
        holder: holder.map(Into::into),
        acquired_at: at(0),
        renewed_at: at(1),
        duration: Duration::from_secs(20),
        transitions: 3,
        revision,
    }
}
