use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{READS, fleet_of};
use crate::aws::testing::{ARN, cluster, epoch, service, service_json, task_json};
use crate::plan::fleet::{
    ClusterLook, Controller, Launch, ProblemClass, Reading, RolloutState, Strategy, TaskId,
    TaskStatus,
};

fn by_name(look: &ClusterLook) -> BTreeMap<&str, &Reading> {
    look.services.iter().map(|(key, reading)| (key.name(), reading)).collect()
}

fn failure(reading: &Reading) -> Option<ProblemClass> {
    match reading {
        Reading::Failed(problem) => Some(problem.class),
        Reading::Described(_) | Reading::Gone(_) => None,
    }
}

fn tasks_seen(look: &ClusterLook) -> usize {
    look.tasks.as_ref().unwrap().by_service.values().map(Vec::len).sum()
}

#[tokio::test(start_paused = true)]
async fn a_cold_look_makes_no_more_calls_than_pages_and_batches() {
    for (services, tasks, calls) in [
        (0, 0, [1, 0, 1, 0]),
        (1, 1, [1, 1, 1, 1]),
        (100, 100, [1, 10, 1, 1]),
        (101, 250, [2, 11, 3, 3]),
        (205, 301, [3, 21, 4, 4]),
    ] {
        let (_, aws, observer) = fleet_of(services, tasks).await;
        let look = observer.look_cluster(&cluster()).await;
        assert_eq!(aws.take_counts(READS), calls, "{services} services, {tasks} tasks");
        assert!(look.complete && look.problem.is_none());
        assert_eq!(look.services.len(), services);
        assert_eq!(tasks_seen(&look), tasks);
        assert!(look.tasks.as_ref().unwrap().complete);
        assert_eq!(look.begun_at, epoch());
    }
}

#[tokio::test(start_paused = true)]
async fn short_pages_still_make_full_batches() {
    let (fleet, aws, observer) = fleet_of(45, 200).await;
    fleet.lock().unwrap().page = 15;
    let look = observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [3, 5, 14, 2]);
    assert_eq!((look.services.len(), tasks_seen(&look)), (45, 200));
}

#[tokio::test(start_paused = true)]
async fn a_cold_look_at_five_thousand_services_takes_what_the_buckets_allow() {
    let (_, aws, observer) = fleet_of(5000, 50_000).await;
    let begun = Instant::now();
    let look = observer.look_cluster(&cluster()).await;
    let took = begun.elapsed();
    assert_eq!(aws.take_counts(READS), [50, 500, 500, 500]);
    assert_eq!((look.services.len(), tasks_seen(&look)), (5000, 50_000));
    // A thousand task calls: a hundred at once, then twenty per second.
    assert!((45.0..45.0 * 1.05).contains(&took.as_secs_f64()), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn descriptions_run_behind_listings_and_tasks_beside_services() {
    let (_, aws, observer) = fleet_of(300, 300).await;
    let begun = Instant::now();
    observer.look_cluster(&cluster()).await;
    // Three pages of each one after the other; what they name is described meanwhile.
    assert!(begun.elapsed() <= Duration::from_millis(400), "{:?}", begun.elapsed());
    let calls = aws.take_calls();
    let first = |name| calls.iter().position(|call| call.operation == name).unwrap();
    let last = |name| calls.iter().rposition(|call| call.operation == name).unwrap();
    assert!(first("DescribeServices") < last("ListServices"));
    assert!(first("DescribeTasks") < last("ListTasks"));
    assert_eq!(calls[first("ListTasks")].at, calls[first("ListServices")].at);
    assert_eq!(calls[first("ListTasks")].body["launchType"], "FARGATE");
}

#[tokio::test(start_paused = true)]
async fn a_warm_look_describes_only_tasks_that_are_new_or_not_there_yet() {
    let (fleet, aws, observer) = fleet_of(10, 200).await;
    {
        let mut fleet = fleet.lock().unwrap();
        fleet.tasks.get_mut(&7).unwrap()["lastStatus"] = json!("PENDING");
        fleet.tasks.get_mut(&8).unwrap()["createdAt"] = json!(null);
        fleet.tasks.get_mut(&9).unwrap()["startedBy"] = json!("a person");
    }
    let look = observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 1, 2, 2]);
    assert_eq!(tasks_seen(&look), 199);

    observer.look_cluster(&cluster()).await;
    let calls = aws.take_calls();
    let described: Vec<_> = calls.iter().filter(|c| c.operation == "DescribeTasks").collect();
    assert_eq!(described.len(), 1);
    assert_eq!(described[0].texts("tasks"), [format!("{:032x}", 7), format!("{:032x}", 8)]);

    {
        let mut fleet = fleet.lock().unwrap();
        fleet.tasks.get_mut(&7).unwrap()["lastStatus"] = json!("RUNNING");
        fleet.tasks.get_mut(&8).unwrap()["createdAt"] = json!(1_799_000_000.0);
    }
    observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 1, 2, 1]);
    let look = observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 1, 2, 0]);
    assert_eq!(tasks_seen(&look), 199);
    assert!(look.tasks.unwrap().complete);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_are_gone_are_forgotten() {
    let (fleet, aws, observer) = fleet_of(1, 3).await;
    observer.look_cluster(&cluster()).await;
    let gone = fleet.lock().unwrap().tasks.remove(&1).unwrap();
    assert_eq!(tasks_seen(&observer.look_cluster(&cluster()).await), 2);
    aws.take_calls();
    fleet.lock().unwrap().tasks.insert(1, gone);
    assert_eq!(tasks_seen(&observer.look_cluster(&cluster()).await), 3);
    assert_eq!(aws.take_counts(READS), [1, 1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn tasks_are_seen_as_they_are() {
    let (fleet, _, observer) = fleet_of(2, 0).await;
    {
        let mut fleet = fleet.lock().unwrap();
        for id in 0..6 {
            fleet.tasks.insert(id, task_json(id, "svc-0000"));
        }
        fleet.tasks.get_mut(&1).unwrap()["lastStatus"] = json!("ACTIVATING");
        fleet.tasks.get_mut(&2).unwrap()["lastStatus"] = json!("TELEPORTING");
        fleet.tasks.get_mut(&3).unwrap()["desiredStatus"] = json!("STOPPED");
        fleet.tasks.get_mut(&4).unwrap()["group"] = json!("family:x");
        fleet.tasks.get_mut(&5).unwrap()["startedBy"] = json!("runner");
    }
    let look = observer.look_cluster(&cluster()).await;
    let tasks = &look.tasks.unwrap().by_service[&service("svc-0000")];
    let mut seen: Vec<_> = tasks.iter().map(|task| (task.id, task.status)).collect();
    seen.sort_unstable_by_key(|(id, _)| *id);
    assert_eq!(
        seen,
        [
            (TaskId::plain(0), TaskStatus::Running),
            (TaskId::plain(1), TaskStatus::Starting),
            (TaskId::plain(2), TaskStatus::Other),
        ]
    );
    assert_eq!(tasks[0].created_at.unwrap().timestamp(), 1_799_000_050);
}

#[tokio::test(start_paused = true)]
async fn one_denied_service_hides_no_other_and_is_asked_about_alone_and_hourly() {
    let (fleet, aws, observer) = fleet_of(20, 0).await;
    fleet.lock().unwrap().denied.insert("svc-0003".to_owned());
    let look = observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 2 + 10, 1, 0]);
    for (name, reading) in by_name(&look) {
        let expected = (name == "svc-0003").then_some(ProblemClass::Denied);
        assert_eq!(failure(reading), expected, "{name}");
    }
    assert!(look.complete && look.problem.is_none());

    let look = observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 2, 1, 0]);
    assert_eq!(failure(by_name(&look)["svc-0003"]), Some(ProblemClass::Denied));

    tokio::time::sleep(Duration::from_secs(3601)).await;
    observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 3, 1, 0]);

    fleet.lock().unwrap().denied.clear();
    tokio::time::sleep(Duration::from_secs(3601)).await;
    let look = observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 3, 1, 0]);
    assert!(matches!(by_name(&look)["svc-0003"], Reading::Described(_)));
    observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [1, 2, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_aws_refuses_costs_only_itself() {
    let (fleet, _, observer) = fleet_of(10, 0).await;
    fleet.lock().unwrap().odd.insert("svc-0004".to_owned());
    let look = observer.look_cluster(&cluster()).await;
    let failed: Vec<_> =
        by_name(&look).into_iter().filter_map(|(n, r)| Some((n, failure(r)?))).collect();
    assert_eq!(failed, [("svc-0004", ProblemClass::Invalid)]);
    assert_eq!(look.problem.unwrap().class, ProblemClass::Invalid);
}

#[tokio::test(start_paused = true)]
async fn a_look_that_fails_in_part_says_so() {
    for (operation, complete, services, tasks_complete) in [
        ("ListServices", false, 0, Some(true)),
        ("DescribeServices", true, 5, Some(true)),
        ("ListTasks", true, 5, None),
        ("DescribeTasks", true, 5, Some(false)),
    ] {
        let (fleet, _, observer) = fleet_of(5, 5).await;
        fleet.lock().unwrap().failing.insert(operation, "AccessDeniedException");
        let look = observer.look_cluster(&cluster()).await;
        assert_eq!(look.complete, complete, "{operation}");
        assert_eq!(look.services.len(), services, "{operation}");
        assert_eq!(look.tasks.map(|tasks| tasks.complete), tasks_complete, "{operation}");
        let told = look.problem.map(|problem| problem.operation);
        // That each service is denied is said by each service.
        let expected = (operation != "DescribeServices").then(|| operation.to_owned());
        assert_eq!(told, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_listing_that_breaks_off_is_not_complete_and_forgets_nothing() {
    let (fleet, aws, observer) = fleet_of(150, 150).await;
    observer.look_cluster(&cluster()).await;
    aws.take_calls();
    let broken = std::sync::Arc::clone(&fleet);
    aws.answer(move |call| {
        let mut fleet = broken.lock().unwrap();
        let second = !call.text("nextToken").is_empty();
        fleet.failing = match call.operation.as_str() {
            "ListServices" | "ListTasks" if second => {
                [("ListServices", "ThrottlingException"), ("ListTasks", "ThrottlingException")]
                    .into()
            }
            _ => BTreeMap::new(),
        };
        fleet.answer(call)
    });
    let look = observer.look_cluster(&cluster()).await;
    assert!(!look.complete);
    assert_eq!((look.services.len(), tasks_seen(&look)), (100, 100));
    assert!(!look.tasks.unwrap().complete);
    assert_eq!(look.problem.unwrap().class, ProblemClass::Throttled);
    aws.take_calls();
    aws.answer(move |call| {
        fleet.lock().unwrap().failing.clear();
        fleet.lock().unwrap().answer(call)
    });
    let look = observer.look_cluster(&cluster()).await;
    assert_eq!(aws.take_counts(READS), [2, 15, 2, 0]);
    assert_eq!(tasks_seen(&look), 150);
}

/// Services with members that are absent, unusual or unknown.
fn odd_services() -> [(&'static str, Value); 4] {
    let mut odd = service_json("odd");
    odd["serviceArn"] = json!(format!("{ARN}:service/odd"));
    odd["launchType"] = json!("ORBIT");
    odd["deploymentController"]["type"] = json!("ROBOT");
    odd["deploymentConfiguration"]["strategy"] = json!("SIDEWAYS");
    odd["deployments"][0]["rolloutState"] = json!("PERHAPS");
    odd["deployments"][0]["status"] = json!("SECONDARY");
    let mut spot = service_json("spot");
    spot["launchType"] = json!(null);
    spot["deploymentController"] = json!(null);
    spot["capacityProviderStrategy"] =
        json!([{ "capacityProvider": "FARGATE" }, { "capacityProvider": "FARGATE_SPOT" }]);
    spot["deploymentConfiguration"] = json!({
        "strategy": "CANARY", "alarms": { "alarmNames": [], "enable": true, "rollback": true }
    });
    let mut mixed = service_json("mixed");
    mixed["launchType"] = json!(null);
    mixed["capacityProviderStrategy"] =
        json!([{ "capacityProvider": "FARGATE" }, { "capacityProvider": "gpu" }]);
    let mut bare = service_json("bare");
    bare["launchType"] = json!(null);
    bare["deployments"][0]["rolloutState"] = json!(null);
    bare["deploymentConfiguration"] =
        json!({ "deploymentCircuitBreaker": { "enable": true, "rollback": false } });
    [("odd", odd), ("spot", spot), ("mixed", mixed), ("bare", bare)]
}

#[tokio::test(start_paused = true)]
async fn services_are_read_as_they_are() {
    let (fleet, _, observer) = fleet_of(0, 0).await;
    let mut draining = service_json("draining");
    draining["status"] = json!("DRAINING");
    let all = odd_services().into_iter().chain([("draining", draining)]);
    fleet.lock().unwrap().services = all.map(|(name, json)| (name.to_owned(), json)).collect();

    let look = observer.look_cluster(&cluster()).await;
    let readings = by_name(&look);
    assert!(matches!(readings["draining"], Reading::Gone(_)));
    let described = |name: &str| match readings[name] {
        Reading::Described(description) => description,
        other => panic!("{name}: {other:?}"),
    };
    for (name, launch, controller, strategy, rollout, rolls_back) in [
        (
            "odd",
            Launch::Elsewhere,
            Controller::Unknown("ROBOT".into()),
            Strategy::Unknown("SIDEWAYS".into()),
            RolloutState::Unknown("PERHAPS".into()),
            false,
        ),
        ("spot", Launch::Fargate, Controller::Ecs, Strategy::Canary, RolloutState::Completed, true),
        (
            "mixed",
            Launch::Elsewhere,
            Controller::Ecs,
            Strategy::Rolling,
            RolloutState::Completed,
            false,
        ),
        ("bare", Launch::Unstated, Controller::Ecs, Strategy::Rolling, RolloutState::Absent, false),
    ] {
        let seen = described(name);
        assert_eq!(seen.launch, launch, "{name}");
        assert_eq!(seen.controller, controller, "{name}");
        assert_eq!(seen.strategy, strategy, "{name}");
        assert_eq!(seen.deployments[0].rollout, rollout, "{name}");
        assert_eq!(seen.rolls_back, rolls_back, "{name}");
        assert_eq!(seen.tags["refresh"], "weekly");
        assert!(seen.described_at >= look.begun_at);
    }
    assert!(described("odd").primary().is_none());
    assert_eq!(&*described("odd").arn, format!("{ARN}:service/odd"));
}
