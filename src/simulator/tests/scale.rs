//! Determinism, and the sizes that the simulator must bear.

use serde_json::{Value, json};

use super::support::*;
use crate::simulator::{Behaviour, ServiceSpec, ServiceView, Simulator};

/// A busy hour; `looks` more calls than needed are strewn over it.
async fn busy_hour(looks: u64) -> (Simulator, Vec<ServiceView>) {
    let sim = simulator();
    for number in 0..5 {
        let spec = ServiceSpec::new("prd", &format!("api-{number}")).desired(3);
        sim.add_service(spec.circuit_breaker(true, number % 2 == 0));
    }
    sim.set_behaviour("prd", "api-1", Behaviour::NeverHealthy);
    sim.set_behaviour("prd", "api-2", Behaviour::CannotStart { reason: "none".to_owned() });
    for minute in 0..60 {
        if minute % 10 == 0 {
            sim.deploy("prd", &format!("api-{}", minute / 10 % 5), false);
        }
        if minute % 7 == 0 {
            sim.kill_task("prd", "api-4");
        }
        for _ in 0..looks {
            ok(&sim, "ListTasks", json!({ "cluster": "prd" })).await;
            sim.service("prd", "api-1");
            tokio::time::advance(std::time::Duration::from_secs(60 / looks)).await;
        }
        if looks == 0 {
            pass(60).await;
        }
    }
    let views = (0..5).map(|number| sim.service("prd", &format!("api-{number}"))).collect();
    (sim, views)
}

#[tokio::test(start_paused = true)]
async fn the_same_calls_give_the_same_answers_however_often_anybody_looks() {
    let mut answers: Vec<(Vec<ServiceView>, Value)> = Vec::new();
    for looks in [0, 0, 1, 20] {
        let (sim, views) = busy_hour(looks).await;
        let services: Vec<String> = (0..5).map(|number| format!("api-{number}")).collect();
        let input = json!({ "cluster": "prd", "services": services });
        answers.push((views, ok(&sim, "DescribeServices", input).await));
    }
    for window in answers.windows(2) {
        assert_eq!(window[0], window[1]);
    }
}

#[tokio::test(start_paused = true)]
async fn five_thousand_services_are_no_burden() {
    let sim = simulator();
    for number in 0..5000 {
        sim.add_service(ServiceSpec::new("prd", &format!("api-{number:04}")).desired(10));
    }
    let mut input = json!({ "cluster": "prd" });
    let mut listed = 0;
    loop {
        let page = ok(&sim, "ListTasks", input.clone()).await;
        listed += page["taskArns"].as_array().unwrap().len();
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!((listed, sim.count("ListTasks")), (50_000, 500));
    for number in 0..100 {
        sim.deploy("prd", &format!("api-{number:04}"), false);
    }
    pass(28 * 86_400).await;
    assert_eq!(sim.service("prd", "api-0099").primary().unwrap().rollout_state, "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn deployments_come_in_no_particular_order() {
    let sim = with_service(|s| s.next_revision(Behaviour::StaysPending));
    force(&sim).await;
    let mut first = std::collections::BTreeSet::new();
    for _ in 0..40 {
        pass(1).await;
        first.insert(describe(&sim).await["deployments"][0]["status"].to_string());
    }
    assert_eq!(first.len(), 2);
}
