//! Listings come in pages of AWS's sizes, each entry exactly once.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::support::*;
use crate::simulator::{ServiceSpec, Simulator};

async fn pages(sim: &Simulator, operation: &str, member: &str, input: Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut input = input;
    loop {
        let answer = ok(sim, operation, input.clone()).await;
        let page = answer[member].as_array().unwrap();
        found.push(page.iter().map(|arn| arn.as_str().unwrap().to_owned()).collect());
        match answer.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return found,
        }
    }
}

fn fleet(services: u32, tasks: u32) -> Simulator {
    let sim = simulator();
    for number in 0..services {
        sim.add_service(ServiceSpec::new("prd", &format!("api-{number:03}")).desired(tasks));
    }
    sim
}

#[tokio::test(start_paused = true)]
async fn every_listing_has_its_own_page_size() {
    let sim = fleet(25, 9);
    let cases = [
        ("ListServices", "serviceArns", json!({ "cluster": "prd" }), vec![10, 10, 5]),
        ("ListServices", "serviceArns", json!({ "cluster": "prd", "maxResults": 100 }), vec![25]),
        ("ListTasks", "taskArns", json!({ "cluster": "prd" }), vec![100, 100, 25]),
        ("ListTasks", "taskArns", json!({ "cluster": "prd", "serviceName": "api-003" }), vec![9]),
        ("ListTaskDefinitions", "taskDefinitionArns", json!({ "maxResults": 20 }), vec![20, 5]),
        ("ListClusters", "clusterArns", json!({}), vec![1]),
    ];
    for (operation, member, input, sizes) in cases {
        let pages = pages(&sim, operation, member, input).await;
        assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), sizes, "{operation}");
        let distinct: BTreeSet<&String> = pages.iter().flatten().collect();
        assert_eq!(distinct.len(), sizes.iter().sum::<usize>(), "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn more_than_a_call_may_take_is_refused() {
    let sim = fleet(1, 1);
    let names = |count: usize| vec!["api-000"; count];
    let cases = [
        ("ListServices", json!({ "cluster": "prd", "maxResults": 101 })),
        ("ListServices", json!({ "cluster": "prd", "maxResults": 0 })),
        ("ListServices", json!({ "cluster": "prd", "nextToken": "made up" })),
        ("DescribeServices", json!({ "cluster": "prd", "services": names(11) })),
        ("DescribeTasks", json!({ "cluster": "prd", "tasks": names(101) })),
        ("DescribeTasks", json!({ "cluster": "prd", "tasks": [] })),
        ("ListTasks", json!({ "cluster": "prd", "startedBy": "me", "family": "api" })),
    ];
    for (operation, input) in cases {
        let answer = call(&sim, operation, input).await;
        assert_eq!(
            (answer.status, answer.code()),
            (400, "InvalidParameterException"),
            "{operation}"
        );
    }
    let answer = call(&sim, "DescribeTasks", json!({ "cluster": "prd", "tasks": [] })).await;
    assert_eq!(answer.message(), "Tasks cannot be empty.");
}

#[tokio::test(start_paused = true)]
async fn a_page_stays_whole_when_entries_vanish_between_pages() {
    let sim = fleet(25, 1);
    let input = json!({ "cluster": "prd" });
    let first = ok(&sim, "ListServices", input).await;
    sim.delete_service("prd", "api-009");
    sim.delete_service("prd", "api-010");
    pass(60).await;
    let input = json!({ "cluster": "prd", "nextToken": first["nextToken"] });
    let second = ok(&sim, "ListServices", input).await;
    assert!(second["serviceArns"][0].as_str().unwrap().ends_with("/api-011"));
}

#[tokio::test(start_paused = true)]
async fn tasks_are_listed_by_what_is_asked() {
    let sim = fleet(2, 2);
    let started_by = sim.service("prd", "api-000").primary().unwrap().id.clone();
    let cases = [
        (json!({ "cluster": "prd", "startedBy": started_by }), 2),
        (json!({ "cluster": "prd", "family": "api-001" }), 2),
        (json!({ "cluster": "prd", "launchType": "EC2" }), 0),
        (json!({ "cluster": "prd", "desiredStatus": "PENDING" }), 0),
        (json!({ "cluster": "prd", "desiredStatus": "STOPPED" }), 0),
    ];
    for (input, count) in cases {
        let listed = ok(&sim, "ListTasks", input.clone()).await;
        assert_eq!(listed["taskArns"].as_array().unwrap().len(), count, "{input}");
    }
    sim.kill_task("prd", "api-000");
    let input = json!({ "cluster": "prd", "desiredStatus": "STOPPED" });
    assert_eq!(ok(&sim, "ListTasks", input).await["taskArns"].as_array().unwrap().len(), 1);
}
