//! A small fleet with one service of every kind of verdict, planned by the real plan.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use tokio::sync::watch;

use crate::clock::Time;
use crate::plan::fleet::{
    ClusterLook, ClusterTasks, Controller, Deployment, DeploymentId, Description, Fleet, Launch,
    Percents, Problem, ProblemClass, Reading, RolloutState, Strategy, Task, TaskId, TaskStatus,
};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{Attempt, AttemptId, Before, Call, Cause, Finished, Ledger, Outcome};
use crate::plan::notice::{
    Affected, Entity, EventKey, EventStatus, NoticePage, Notices, Owner, PageKey,
};
use crate::plan::plan;
use crate::plan::policy::{Limits, OnFailure, Policies, Policy, RetirementRule, RolloutTimeout};
use crate::plan::schedule::{CronWindow, Schedule, Windows};
use crate::plan::selector::{Pattern, Selector};
use crate::reconciler::status::{ClusterStatus, Readiness, Status, StatusReceiver};

/// Monday, 10:00 in Tokyo.
pub fn now() -> Time {
    "2026-11-30T01:00:00Z".parse::<DateTime<chrono::Utc>>().unwrap()
}

/// A policy `name` over `cluster`; `windows` are opened by cron in Tokyo for two hours, or always.
pub fn policy(name: &str, cluster: &str, names: &str, cron: Option<&str>, days: u64) -> Policy {
    let pattern = |text| vec![Pattern::new(text).unwrap()];
    let windows = match cron {
        Some(cron) => {
            Windows::Cron(vec![CronWindow::new(cron, Duration::from_secs(7_200)).unwrap()])
        }
        None => Windows::Always,
    };
    Policy {
        name: name.into(),
        enabled: true,
        selector: Selector::new(pattern(cluster), pattern(names), Vec::new(), BTreeMap::new()),
        schedule: Schedule::new(chrono_tz::Asia::Tokyo, windows, Vec::new()).unwrap(),
        max_task_age: Some(Duration::from_secs(days * 86_400)),
        concurrency: 2,
        settle: Duration::ZERO,
        rollout_timeout: RolloutTimeout::Fixed(Duration::from_secs(3_600)),
        max_failures: 1,
        allow_pause: false,
        code_deploy: false,
        on_failure: OnFailure::Leave,
        retirement: RetirementRule::default(),
        preflight: Default::default(),
    }
}

/// `nightly` over `prd/api-*`, `anytime` over the rest of `prd`, `watched` (disabled, without a
/// maximum age) over `dev`.
pub fn policies() -> Policies {
    let watched =
        Policy { enabled: false, max_task_age: None, ..policy("watched", "dev", "*", None, 1) };
    Policies {
        policies: vec![
            policy("nightly", "prd", "api-*", Some("0 3 * * *"), 7),
            policy("anytime", "prd", "*", None, 1),
            watched,
        ],
        limits: Limits { max_in_flight: 20, max_tasks_in_flight: 500 },
        dry_run: false,
        by_hand: None,
    }
}

pub fn cluster(name: &str) -> ClusterKey {
    ClusterKey::new("ap-northeast-1", "123456789012", name)
}

/// A steady service with one task, as old as its deployment.
fn description(key: &ServiceKey, created_at: Time) -> Description {
    let primary = Deployment {
        id: DeploymentId::new("ecs-svc/1"),
        primary: true,
        rollout: RolloutState::Completed,
        task_definition: "app:1".into(),
        created_at: Some(created_at),
        updated_at: Some(created_at),
        desired_count: 1,
        running_count: 1,
        pending_count: 0,
        failed_tasks: 0,
    };
    Description {
        described_at: now(),
        arn: format!("arn:aws:ecs:ap-northeast-1:123456789012:service/{key}").into(),
        launch: Launch::Fargate,
        controller: Controller::Ecs,
        strategy: Strategy::Rolling,
        spot: false,
        staging: None,
        percents: Some(Percents::DEFAULT),
        health_check_grace_seconds: 0,
        target_groups: Box::default(),
        subnets: Box::default(),
        desired_count: 1,
        running_count: 1,
        pending_count: 0,
        platform_version: None,
        deployments: vec![primary],
        rolls_back: true,
        tags: BTreeMap::new(),
        current_service_deployment: None,
    }
}

/// A complete look at a cluster of services, each with the age of its one task.
pub fn look(cluster: &ClusterKey, services: &[(&str, TimeDelta)]) -> ClusterLook {
    let mut readings = Vec::new();
    let mut by_service = BTreeMap::new();
    for (number, (name, age)) in (1..).zip(services) {
        let key = ServiceKey::new(cluster, name);
        let created_at = now() - *age;
        let status = TaskStatus::Running;
        let task = Task { id: TaskId::plain(number), created_at: Some(created_at), status };
        by_service.insert(key.clone(), vec![task]);
        readings.push((key.clone(), Reading::Described(description(&key, created_at))));
    }
    ClusterLook {
        cluster: cluster.clone(),
        begun_at: now(),
        services: readings,
        complete: true,
        tasks: Some(ClusterTasks {
            listed_at: now(),
            complete: true,
            by_service,
            running: BTreeMap::new(),
        }),
        problem: None,
    }
}

/// Fresh `prd/api-new`, waiting `prd/api-old`, due `prd/batch`, rolling `prd/worker`, held
/// `dev/tool`.
pub fn fleet() -> Fleet {
    let mut fleet = Fleet::default();
    let days = TimeDelta::days;
    fleet.absorb_cluster(look(
        &cluster("prd"),
        &[("api-new", days(1)), ("api-old", days(8)), ("batch", days(2)), ("worker", days(3))],
    ));
    fleet.absorb_cluster(look(&cluster("dev"), &[("tool", days(30))]));
    fleet
}

/// A refresh of `prd/worker` that was just begun.
pub fn attempt() -> Attempt {
    Attempt {
        id: AttemptId("20261130T005930Z-1".into()),
        service: ServiceKey::new(&cluster("prd"), "worker"),
        policy: "anytime".into(),
        cause: Cause::Age,
        intent_at: now() - TimeDelta::seconds(30),
        call_ends_by: now() + TimeDelta::seconds(30),
        deadline: now() + TimeDelta::hours(1),
        moved_at: None,
        rescue: None,
        code_deploy: None,
        before: Before {
            primary: DeploymentId::new("ecs-svc/1"),
            task_definition: "app:1".into(),
            desired_count: 1,
            task_count: 0,
            created_at: Vec::new(),
            tasks: Vec::new(),
            oldest_created_at: Some(now() - TimeDelta::days(3)),
        },
        call: Call::Unknown,
    }
}

/// The same refresh, ended 90 seconds after its intent.
pub fn finished(outcome: Outcome) -> Finished {
    let attempt = attempt();
    let finished_at = attempt.intent_at + TimeDelta::seconds(90);
    let diagnosis = String::new();
    Finished { attempt, outcome, finished_at, diagnosis, finding: None, primary: None }
}

/// A page about tasks that were launched up to 36 hours ago.
pub fn page(event: &str, deadline: Option<Time>, entities: &[Entity]) -> NoticePage {
    let arn = "arn:aws:health:ap-northeast-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT";
    let event = EventKey { account: "123456789012".into(), arn: format!("{arn}/{event}").into() };
    let affected = |entity: &Entity| Affected { entity: entity.clone(), resolved: false };
    NoticePage {
        key: PageKey { event, communication: "1".into(), part: 0 },
        region: "ap-northeast-1".into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Upcoming,
        deadline,
        published_at: now() - TimeDelta::hours(36),
        updated_at: now() - TimeDelta::hours(36),
        received_at: now() - TimeDelta::hours(35),
        entities: entities.iter().map(affected).collect(),
        not_understood: Vec::new(),
    }
}

pub fn service(cluster: &str, name: &str) -> Entity {
    Entity::Service(cluster.into(), name.into())
}

/// Task number `id` of `cluster`, with what was found out about it.
pub fn task(cluster: &str, id: u128, owner: Option<Owner>) -> Entity {
    Entity::Task { cluster: Some(cluster.into()), id: TaskId::plain(id), owner }
}

pub fn standalone(started_by: Option<&str>, group: Option<&str>) -> Option<Owner> {
    let text = |text: &str| text.into();
    Some(Owner::Standalone { started_by: started_by.map(text), group: group.map(text) })
}

/// Four notices: `first` in four days and `second` in six, one without a date, and one that is over.
pub fn notices() -> Notices {
    let days = |days| Some(now() + TimeDelta::days(days));
    let prd = ["api-new", "api-old", "worker"].map(|name| service("prd", name));
    let mut first = [&prd[..], &[service("dev", "tool"), service("stg", "legacy")]].concat();
    first.extend([
        task("jobs", 1, standalone(Some("nightly-import"), Some("family:import"))),
        task("jobs", 2, standalone(None, None)),
        task("jobs", 3, Some(Owner::Gone)),
        Entity::Task { cluster: None, id: TaskId::plain(4), owner: None },
    ]);
    let second = [service("prd", "api-old"), service("stg", "legacy"), service("stg", "other")];
    let undated = [service("prd", "batch"), Entity::ShortService("shadow".into())];
    let mut notices = Notices::default();
    notices.insert(page("first", days(4), &first));
    notices.insert(page("second", days(6), &second));
    let not_understood = vec!["eventDescription: on some day".to_owned()];
    notices.insert(NoticePage { not_understood, ..page("undated", None, &undated) });
    let over = page("over", days(1), &[service("stg", "old"), task("jobs", 5, None)]);
    notices.insert(NoticePage { status: EventStatus::Closed, ..over });
    notices
}

/// What the daemon knows of `fleet` under `policies`.
pub fn status_of(policies: Policies, fleet: &Fleet) -> Status {
    status_remembering(policies, fleet, Ledger::default())
}

/// The same, with more in its ledger.
pub fn status_remembering(policies: Policies, fleet: &Fleet, mut ledger: Ledger) -> Status {
    let attempt = attempt();
    ledger.records.entry(attempt.service.clone()).or_default().begin(attempt);
    let clusters = fleet.clusters().map(|(cluster, view)| ClusterStatus {
        cluster: cluster.clone(),
        complete_at: view.complete_at,
        problem: (cluster.name() == "dev").then(|| Problem {
            operation: "ListTasks".to_owned(),
            class: ProblemClass::Denied,
            message: "not allowed".to_owned(),
            at: now(),
        }),
    });
    Status {
        lease: None,
        preflight: Default::default(),
        plan: Arc::new(plan(&policies, fleet, &ledger, now())),
        clusters: Arc::new(clusters.collect()),
        policies: Arc::new(policies),
        problems: Default::default(),
        readiness: Readiness {
            configuration: true,
            store: true,
            first_look: true,
            why: None,
            events: None,
        },
        last_look_at: Some(now()),
        config_valid: true,
        leader: true,
    }
}

/// The whole of it.
pub fn status() -> Status {
    status_of(policies(), &fleet())
}

/// The whole of it, with retirements ahead.
pub fn status_with_notices() -> Status {
    let ledger = Ledger { notices: notices(), ..Ledger::default() };
    status_remembering(policies(), &fleet(), ledger)
}

/// A receiver of one status for ever.
pub fn receiver(status: Status) -> StatusReceiver {
    watch::channel(status).1
}
