use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use tokio::time::Instant;

use super::{READS, fleet_of};
use crate::aws::Priority;
use crate::aws::testing::{ARN, Reply, cluster, epoch, service, task_json};
use crate::plan::fleet::{
    ProblemClass, Reading, ServiceDeploymentStatus, StoppedContainer, TaskId,
};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::step::Depth;

/// These services, all as deeply.
fn asked(keys: &[ServiceKey], depth: Depth) -> Vec<(ServiceKey, Depth)> {
    keys.iter().map(|key| (key.clone(), depth)).collect()
}

#[tokio::test(start_paused = true)]
async fn services_are_described_ten_per_call_and_cluster_in_the_order_of_their_keys() {
    let (_, aws, observer) = fleet_of(30, 0).await;
    let other = ClusterKey::new("eu-west-1", "123456789012", "dev");
    let mut keys: Vec<_> = (0..15).rev().map(|n| service(&format!("svc-{n:04}"))).collect();
    keys.push(ServiceKey::new(&other, "svc-0001"));
    keys.push(service("svc-0001"));
    let looks = observer.look_services(&asked(&keys, Depth::Describe)).await;
    assert_eq!(aws.take_counts(READS), [0, 3, 0, 0]);
    keys.sort();
    keys.dedup();
    assert_eq!(looks.iter().map(|look| look.key.clone()).collect::<Vec<_>>(), keys);
    assert!(looks.iter().all(|look| look.tasks.is_none() && look.post_mortem.is_none()));
    assert!(observer.look_services(&asked(&[], Depth::Tasks)).await.is_empty());
    assert!(aws.take_calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_inactive_or_not_answered_about_is_told_apart() {
    let (fleet, aws, observer) = fleet_of(3, 0).await;
    fleet.lock().unwrap().services.get_mut("svc-0001").unwrap()["status"] = json!("INACTIVE");
    let keys = ["svc-0000", "svc-0001", "nobody"].map(service);
    let looks = observer.look_services(&asked(&keys, Depth::Tasks)).await;
    let by_name: BTreeMap<_, _> = looks.iter().map(|look| (look.key.name(), look)).collect();
    assert!(matches!(by_name["svc-0001"].reading, Reading::Gone(at) if at == epoch()));
    assert!(matches!(by_name["nobody"].reading, Reading::Gone(_)));
    assert!(matches!(by_name["svc-0000"].reading, Reading::Described(_)));
    // Only what is there has tasks to list.
    assert_eq!(aws.take_counts(READS), [0, 1, 1, 0]);

    aws.answer(|_| Reply::ok(json!({ "services": [], "failures": [] })));
    let looks = observer.look_services(&asked(&keys[..1], Depth::Describe)).await;
    assert!(
        matches!(&looks[0].reading, Reading::Failed(p) if p.class == ProblemClass::Server),
        "{:?}",
        looks[0].reading
    );

    aws.answer(|_| Reply::error("ClusterNotFoundException", "Cluster not found."));
    let looks = observer.look_services(&asked(&keys[..1], Depth::Describe)).await;
    assert!(matches!(looks[0].reading, Reading::Gone(_)));
}

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_after_their_service_and_all_described_anew() {
    let (_, aws, observer) = fleet_of(2, 250).await;
    observer.look_cluster(&cluster()).await;
    aws.take_calls();
    let looks = observer.look_services(&asked(&[service("svc-0000")], Depth::Tasks)).await;
    let calls = aws.take_calls();
    let names: Vec<_> = calls.iter().map(|call| call.operation.as_str()).collect();
    let expected = ["DescribeServices", "ListTasks", "ListTasks", "DescribeTasks", "DescribeTasks"];
    assert_eq!(names, expected);
    assert_eq!(calls[1].text("serviceName"), "svc-0000");
    assert!(calls[1].body["launchType"].is_null());
    let tasks = looks[0].tasks.as_ref().unwrap();
    assert!(tasks.complete);
    assert_eq!(tasks.tasks.len(), 125);
    assert!(tasks.tasks.is_sorted_by_key(|task| task.id));
    let Reading::Described(description) = &looks[0].reading else { panic!() };
    assert!(tasks.listed_at > description.described_at);
}

#[tokio::test(start_paused = true)]
async fn readings_are_dated_when_their_call_was_sent_and_not_before_it_had_its_token() {
    let (_, aws, observer) = fleet_of(1, 1).await;
    for _ in 0..120 {
        observer.ecs.budget.debit(crate::aws::Category::ServiceRead);
    }
    let begun = Instant::now();
    let looks = observer.look_services(&asked(&[service("svc-0000")], Depth::Tasks)).await;
    let calls = aws.take_calls();
    let Reading::Described(description) = &looks[0].reading else { panic!() };
    let sent_after = |n: usize| calls[n].at - begun;
    assert!(sent_after(0).as_millis() >= 1000);
    assert_eq!((description.described_at - epoch()).to_std().unwrap(), sent_after(0));
    let listed_at = looks[0].tasks.as_ref().unwrap().listed_at;
    assert_eq!((listed_at - epoch()).to_std().unwrap(), sent_after(1));
}

#[tokio::test(start_paused = true)]
async fn urgent_looks_go_before_a_look_at_a_cluster() {
    let (_, _, observer) = fleet_of(3000, 0).await;
    let observer = Arc::new(observer);
    let whole = tokio::spawn({
        let observer = Arc::clone(&observer);
        async move { observer.look_cluster(&cluster()).await }
    });
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    let begun = Instant::now();
    observer.look_services(&asked(&[service("svc-0007")], Depth::Describe)).await;
    assert!(begun.elapsed().as_millis() <= 150, "{:?}", begun.elapsed());
    assert!(!whole.is_finished());
    assert!(whole.await.unwrap().complete);
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_listing_of_tasks_says_so() {
    let (fleet, aws, observer) = fleet_of(1, 5).await;
    fleet.lock().unwrap().failing.insert("DescribeTasks", "AccessDeniedException");
    let looks = observer.look_services(&asked(&[service("svc-0000")], Depth::Tasks)).await;
    assert!(!looks[0].tasks.as_ref().unwrap().complete);
    fleet.lock().unwrap().failing = [("ListTasks", "AccessDeniedException")].into();
    let looks = observer.look_services(&asked(&[service("svc-0000")], Depth::Tasks)).await;
    let unlisted = looks[0].tasks.as_ref().unwrap();
    assert_eq!((unlisted.complete, unlisted.tasks.len()), (false, 0));
    assert!(matches!(looks[0].reading, Reading::Described(_)));
    aws.take_calls();
    // A task of the list that the answer passes over in silence.
    let rest = Arc::clone(&fleet);
    aws.answer(move |call| match call.operation.as_str() {
        "DescribeTasks" => Reply::ok(json!({ "tasks": [task_json(0, "svc-0000")] })),
        _ => {
            rest.lock().unwrap().failing.clear();
            rest.lock().unwrap().answer(call)
        }
    });
    let looks = observer.look_services(&asked(&[service("svc-0000")], Depth::Tasks)).await;
    let tasks = looks[0].tasks.as_ref().unwrap();
    assert_eq!((tasks.complete, tasks.tasks.len()), (false, 1));
}

#[tokio::test(start_paused = true)]
async fn a_post_mortem_gathers_deployments_stopped_tasks_and_events() {
    let (fleet, aws, observer) = fleet_of(1, 2).await;
    {
        let mut fleet = fleet.lock().unwrap();
        for id in 100..115 {
            let mut task = task_json(id, "svc-0000");
            task["lastStatus"] = json!("STOPPED");
            task["desiredStatus"] = json!("STOPPED");
            task["stoppedAt"] = json!(1_799_999_891.0 + id as f64);
            task["stopCode"] = json!("TaskFailedToStart");
            task["stoppedReason"] = json!("CannotPullContainerError ".repeat(50));
            task["containers"] = json!([
                { "name": "web", "exitCode": 137, "reason": "OutOfMemoryError: killed" },
                { "name": "log", "lastStatus": "STOPPED" },
            ]);
            fleet.tasks.insert(id, task);
        }
        let event =
            |n: i64| json!({ "message": format!("event {n}"), "createdAt": 1_799_999_975 + n });
        fleet.services.get_mut("svc-0000").unwrap()["events"] = (0..30).map(event).collect();
    }
    let rest = Arc::clone(&fleet);
    aws.answer(move |call| match (call.operation.as_str(), call.text("nextToken")) {
        ("ListServiceDeployments", "") => Reply::ok(json!({
            "serviceDeployments": [
                { "serviceDeploymentArn": format!("{ARN}:service-deployment/prd/svc-0000/a"),
                  "status": "ROLLBACK_SUCCESSFUL", "createdAt": 1_799_999_999.0,
                  "statusReason": "why ".repeat(200) },
            ],
            "nextToken": "2",
        })),
        ("ListServiceDeployments", _) => Reply::ok(json!({
            "serviceDeployments": [
                { "status": "LEVITATING", "createdAt": 1_800_000_010.0 },
            ],
        })),
        _ => rest.lock().unwrap().answer(call),
    });
    let depth = Depth::PostMortem { since: epoch() };
    let looks = observer.look_services(&asked(&[service("svc-0000")], depth)).await;
    let calls = aws.take_calls();
    let asked = calls.iter().find(|call| call.operation == "ListServiceDeployments").unwrap();
    assert_eq!(asked.text("service"), "svc-0000");
    assert_eq!(asked.body["createdAt"]["after"].as_f64(), Some(1_800_000_000.0));

    assert_eq!(looks[0].tasks.as_ref().unwrap().tasks.len(), 2);
    let found = looks[0].post_mortem.as_ref().unwrap();
    let deployments = found.deployments.as_ref().unwrap();
    assert_eq!(deployments[0].status, ServiceDeploymentStatus::Unknown("LEVITATING".into()));
    assert_eq!(deployments[1].status, ServiceDeploymentStatus::RollbackSuccessful);
    assert_eq!(deployments[1].reason.as_ref().unwrap().chars().count(), 300);
    // What happened before `since` is about other deployments.
    assert_eq!(found.stopped.len(), 6);
    assert_eq!(found.stopped[0].id, TaskId::plain(114));
    assert_eq!(found.stopped[0].code.as_deref(), Some("TaskFailedToStart"));
    assert_eq!(found.stopped[0].reason.as_ref().unwrap().chars().count(), 300);
    assert_eq!(found.stopped[0].started_by.as_ref().unwrap().as_str(), "ecs-svc/100");
    let web = StoppedContainer {
        name: "web".to_owned(),
        exit_code: Some(137),
        reason: Some("OutOfMemoryError: killed".to_owned()),
    };
    assert_eq!(found.stopped[0].containers, [web], "the other one tells nothing");
    assert_eq!(found.events.len(), 5);
    assert_eq!(found.events[0].message, "event 29");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_know_service_deployments_leaves_the_rest_intact() {
    let (fleet, aws, observer) = fleet_of(1, 2).await;
    for reply in [
        || Reply::Page(500, "<!doctype html><title>500 Internal Server Error</title>"),
        || Reply::error("UnknownOperationException", "no such operation"),
    ] {
        let rest = Arc::clone(&fleet);
        aws.answer(move |call| match call.operation.as_str() {
            "ListServiceDeployments" => reply(),
            _ => rest.lock().unwrap().answer(call),
        });
        let depth = Depth::PostMortem { since: epoch() };
        let looks = observer.look_services(&asked(&[service("svc-0000")], depth)).await;
        let found = looks[0].post_mortem.as_ref().unwrap();
        let problem = found.deployments.as_ref().unwrap_err();
        assert_eq!(problem.operation, "ListServiceDeployments");
        assert!(looks[0].tasks.as_ref().unwrap().complete);
    }
}

#[tokio::test(start_paused = true)]
async fn a_history_without_end_is_no_evidence() {
    let (_, aws, observer) = fleet_of(1, 0).await;
    aws.answer(|_| {
        let one = json!({ "status": "STOPPED", "createdAt": 1 });
        Reply::ok(json!({ "serviceDeployments": vec![one; 100], "nextToken": "more" }))
    });
    let key = service("svc-0000");
    let sent = observer.ecs.list_service_deployments(&key, epoch(), Priority::Urgent).await;
    assert!(sent.result.unwrap_err().message.contains("more than 500"));
    assert_eq!(aws.take_counts(["ListServiceDeployments"]), [5]);
}
