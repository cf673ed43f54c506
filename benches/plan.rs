//! How long one plan takes: it is made anew on every event, over the whole fleet.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use chrono::TimeDelta;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ecs_refresh::clock::Time;
use ecs_refresh::plan::fleet::{
    ClusterLook, ClusterTasks, Controller, Deployment, DeploymentId, Description, Fleet, Launch,
    Percents, Reading, RolloutState, Strategy, Task, TaskId, TaskStatus,
};
use ecs_refresh::plan::key::{ClusterKey, ServiceKey};
use ecs_refresh::plan::ledger::{
    Attempt, AttemptId, Before, Call, Cause, Finished, Ledger, Outcome, Record,
};
use ecs_refresh::plan::notice::{
    Affected, Entity, EventKey, EventStatus, NoticePage, PageKey, Retirement, TaskSample,
};
use ecs_refresh::plan::plan;
use ecs_refresh::plan::policy::{
    Limits, OnFailure, Policies, Policy, RetirementRule, RolloutTimeout,
};
use ecs_refresh::plan::schedule::{CronWindow, Freeze, Schedule, Windows};
use ecs_refresh::plan::selector::{Pattern, Selector};

/// Ten minutes past three in the morning in Tokyo.
const NOW: i64 = 1_794_852_600;
const CLUSTERS: usize = 20;
const TASKS: u128 = 10;
const POLICIES: usize = 20;
/// Every so many services have a refresh under way, and every so many had one.
const OPEN_EVERY: usize = 1_000;
const LAST_EVERY: usize = 3;

const TEAMS: [&str; 10] = [
    "checkout", "catalog", "search", "identity", "payments", "shipping", "media", "growth", "risk",
    "platform",
];
const ROLES: [&str; 5] = ["api", "worker", "web", "consumer", "scheduler"];

fn now() -> Time {
    Time::from_timestamp(NOW, 0).unwrap_or_default()
}

/// Twenty policies as a platform team writes them: the last takes what is left.
fn policies() -> Policies {
    let pattern = |text: &str| Pattern::new(text).expect("a pattern");
    let policy = |number: usize| {
        let team = TEAMS[number % TEAMS.len()];
        let names = match number {
            _ if number + 1 == POLICIES => vec![],
            _ if number < TEAMS.len() => {
                vec![pattern(&format!("{team}-*-api-*")), pattern(&format!("{team}-web-*"))]
            }
            _ => vec![pattern(&format!("{team}-*"))],
        };
        let tags = match number % 3 {
            2 => BTreeMap::from([("refresh".to_owned(), "weekly".to_owned())]),
            _ => BTreeMap::new(),
        };
        let clusters = vec![pattern("prd-*"), pattern("shared-{blue,green}")];
        Policy {
            name: format!("{team}-{number}").into(),
            enabled: number != 7,
            selector: Selector::new(clusters, names, vec![pattern("*-batch")], tags),
            schedule: schedule(number),
            max_task_age: Some(Duration::from_secs(7 * 86_400)),
            concurrency: 5,
            settle: Duration::ZERO,
            rollout_timeout: RolloutTimeout::Fixed(Duration::from_secs(3_600)),
            max_failures: 3,
            allow_pause: false,
            code_deploy: false,
            on_failure: OnFailure::Leave,
            retirement: RetirementRule::default(),
            preflight: Default::default(),
        }
    };
    Policies {
        policies: (0..POLICIES).map(policy).collect(),
        limits: Limits { max_in_flight: 40, max_tasks_in_flight: 1_000 },
        dry_run: false,
        by_hand: None,
    }
}

fn schedule(number: usize) -> Schedule {
    let zone = [chrono_tz::Asia::Tokyo, chrono_tz::Europe::Berlin, chrono_tz::UTC][number % 3];
    let window = |cron, hours: u64| CronWindow::new(cron, Duration::from_secs(hours * 3_600));
    let windows = match number % 4 {
        0 => Windows::Always,
        1 => Windows::Cron(vec![window("0 3 * * *", 2).expect("a window")]),
        2 => Windows::Cron(vec![window("0 19 * * MON-FRI", 8).expect("a window")]),
        _ => Windows::Cron(vec![
            window("0 3 * * SUN#1", 4).expect("a window"),
            window("30 1 * * *", 1).expect("a window"),
        ]),
    };
    let moment = |text: &str| text.parse().expect("a day");
    let year_end = Freeze::new(zone, moment("2026-12-28"), moment("2027-01-05"), None);
    Schedule::new(zone, windows, vec![year_end.expect("a freeze")]).expect("a schedule")
}

fn service_key(clusters: &[ClusterKey], number: usize) -> ServiceKey {
    let team = TEAMS[number % TEAMS.len()];
    let role = ROLES[number / TEAMS.len() % ROLES.len()];
    let name = format!("{team}-{}-{role}-{number}", ["orders", "core", "edge"][number % 3]);
    ServiceKey::new(&clusters[number % CLUSTERS], &name)
}

fn clusters() -> Vec<ClusterKey> {
    let cluster = |number| {
        ClusterKey::new("ap-northeast-1", "123456789012", &format!("prd-application-{number}"))
    };
    (0..CLUSTERS).map(cluster).collect()
}

fn deployment(number: usize, primary: bool) -> Deployment {
    let created_at = Some(now() - TimeDelta::hours(2 + number as i64 % 240));
    Deployment {
        id: DeploymentId::new(&format!("ecs-svc/{:019}", number * 2 + usize::from(primary))),
        primary,
        rollout: if number % 50 == 3 { RolloutState::InProgress } else { RolloutState::Completed },
        task_definition: format!(
            "arn:aws:ecs:ap-northeast-1:123456789012:task-definition/a:{number}"
        )
        .into(),
        created_at,
        updated_at: created_at,
        desired_count: 10,
        running_count: 10,
        pending_count: 0,
        failed_tasks: 0,
    }
}

fn description(number: usize, key: &ServiceKey) -> Description {
    let mut tags = BTreeMap::from([
        ("team".to_owned(), TEAMS[number % TEAMS.len()].to_owned()),
        ("environment".to_owned(), "production".to_owned()),
    ]);
    if number.is_multiple_of(2) {
        tags.insert("refresh".to_owned(), "weekly".to_owned());
    }
    Description {
        described_at: now() - TimeDelta::seconds(number as i64 / 240 % 12),
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
        desired_count: 10,
        running_count: 10,
        pending_count: 0,
        platform_version: None,
        deployments: vec![deployment(number, true)],
        rolls_back: true,
        tags,
        current_service_deployment: None,
    }
}

fn tasks(number: usize) -> Vec<Task> {
    let created_at = Some(now() - TimeDelta::hours(1 + number as i64 % 240));
    let id = |task| TaskId::plain((number as u128) << 32 | task);
    let task = |task| Task { id: id(task), created_at, status: TaskStatus::Running };
    (0..TASKS).map(task).collect()
}

fn fleet(services: usize) -> Fleet {
    let clusters = clusters();
    let mut fleet = Fleet::default();
    for (index, cluster) in clusters.iter().enumerate() {
        let mut readings = Vec::new();
        let mut by_service = BTreeMap::new();
        for number in (index..services).step_by(CLUSTERS) {
            let key = service_key(&clusters, number);
            readings.push((key.clone(), Reading::Described(description(number, &key))));
            by_service.insert(key, tasks(number));
        }
        fleet.absorb_cluster(ClusterLook {
            cluster: cluster.clone(),
            begun_at: now() - TimeDelta::seconds(60),
            services: readings,
            complete: true,
            tasks: Some(ClusterTasks {
                listed_at: now(),
                complete: true,
                by_service,
                running: BTreeMap::new(),
            }),
            problem: None,
        });
    }
    fleet
}

fn attempt(key: &ServiceKey, number: usize) -> Attempt {
    let intent_at = now() - TimeDelta::minutes(5);
    let deployment = deployment(number, true);
    Attempt {
        id: AttemptId(format!("20261118T031000-{number}").into()),
        service: key.clone(),
        policy: format!("{}-{}", TEAMS[number % TEAMS.len()], number % TEAMS.len()).into(),
        cause: Cause::Age,
        intent_at,
        call_ends_by: intent_at + TimeDelta::seconds(30),
        deadline: intent_at + TimeDelta::hours(1),
        moved_at: None,
        rescue: None,
        code_deploy: None,
        before: Before {
            primary: DeploymentId::new("ecs-svc/1"),
            task_definition: deployment.task_definition,
            desired_count: 10,
            task_count: 0,
            created_at: Vec::new(),
            tasks: tasks(number).into_iter().map(|task| task.id).collect(),
            oldest_created_at: Some(now() - TimeDelta::days(8)),
        },
        call: Call::Accepted {
            deployment: deployment.id,
            created_at: intent_at,
            known_at: intent_at,
            service_deployment: None,
        },
    }
}

fn ledger(services: usize) -> Ledger {
    let clusters = clusters();
    let record = |number: usize| {
        let key = service_key(&clusters, number);
        let open = number.is_multiple_of(OPEN_EVERY).then(|| attempt(&key, number));
        let last = number.is_multiple_of(LAST_EVERY).then(|| Finished {
            attempt: attempt(&key, number),
            outcome: Outcome::Succeeded,
            finished_at: now() - TimeDelta::days(6),
            diagnosis: "every task was replaced".to_owned(),
            finding: None,
            primary: None,
        });
        let record = Record { open, last, ..Record::default() };
        (record != Record::default()).then_some((key, record))
    };
    Ledger { records: (0..services).filter_map(record).collect(), ..Ledger::default() }
}

/// Twenty policies that all start at night, each for a different length of time.
fn nightly() -> Policies {
    let mut policies = policies();
    for (number, policy) in policies.policies.iter_mut().enumerate() {
        let zone = [chrono_tz::Asia::Tokyo, chrono_tz::Europe::Berlin][number % 2];
        let length = Duration::from_secs(3_600 * (1 + number as u64 % 5));
        let window = CronWindow::new("0 3 * * *", length).expect("a window");
        let windows = Windows::Cron(vec![window]);
        policy.schedule = Schedule::new(zone, windows, Vec::new()).expect("a schedule");
    }
    policies
}

fn event() -> EventKey {
    EventKey { account: "123456789012".into(), arn: "arn:aws:health:1".into() }
}

/// The pages of a notice over all services, told so many times. No task is newer.
fn pages(services: usize, times: i64) -> impl Iterator<Item = NoticePage> {
    let clusters = clusters();
    (0..times).map(move |time| {
        let told_at = now() - TimeDelta::minutes(times - time);
        let entity = |number| {
            let key = service_key(&clusters, number);
            let entity = Entity::Service(key.cluster().name().into(), key.name().into());
            Affected { entity, resolved: false }
        };
        let communication = format!("{time}").into();
        NoticePage {
            key: PageKey { event: event(), communication, part: 0 },
            region: "ap-northeast-1".into(),
            code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
            status: EventStatus::Upcoming,
            deadline: Some(now() + TimeDelta::days(7)),
            published_at: told_at,
            updated_at: told_at,
            received_at: told_at,
            entities: (0..services).map(entity).collect(),
            not_understood: Vec::new(),
        }
    })
}

/// A ledger that knows of the notice, and that nothing came of it yet.
fn noticed(services: usize, times: i64) -> Ledger {
    let mut ledger = ledger(services);
    ledger.notices.extend(pages(services, times));
    let clusters = clusters();
    for number in 0..services {
        let record = ledger.records.entry(service_key(&clusters, number)).or_default();
        record.retirements.push(Retirement {
            event: Some(event()),
            noticed_at: now() - TimeDelta::hours(1),
            before: TaskSample::default(),
            raised: None,
            ended: None,
        });
    }
    ledger
}

/// One notice over the whole fleet, of which every task is old enough to be retired.
fn bench_notice(criterion: &mut Criterion) {
    const SERVICES: usize = 5_000;
    let (policies, fleet) = (nightly(), fleet(SERVICES));
    let mut group = criterion.benchmark_group("plan-noticed");
    for (name, ledger) in [
        ("without", ledger(SERVICES)),
        ("once", noticed(SERVICES, 1)),
        ("14-times", noticed(SERVICES, 14)),
    ] {
        let made = plan(&policies, &fleet, &ledger, now());
        assert_eq!(made.verdicts.len(), SERVICES);
        let retiring = made.retiring().managed.len();
        assert_eq!(retiring, if name == "without" { 0 } else { SERVICES });
        group.bench_function(name, |bencher| {
            bencher.iter(|| black_box(plan(&policies, &fleet, &ledger, now())));
        });
    }
    group.finish();
}

fn bench(criterion: &mut Criterion) {
    let policies = policies();
    let mut group = criterion.benchmark_group("plan");
    for services in [10_000, 20_000] {
        let (fleet, ledger) = (fleet(services), ledger(services));
        let made = plan(&policies, &fleet, &ledger, now());
        assert_eq!(made.verdicts.len(), services);
        assert!(!made.steps.is_empty() && !made.looks.is_empty());
        group.bench_function(BenchmarkId::from_parameter(services), |bencher| {
            bencher.iter(|| black_box(plan(&policies, &fleet, &ledger, now())));
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50).measurement_time(Duration::from_secs(5));
    targets = bench, bench_notice
}
criterion_main!(benches);
