//! What the checks of a fleet cost.

use std::collections::BTreeMap;
use std::time::Duration;

use ecs_refresh::plan::preflight::Outcome as Result;
use ecs_refresh::simulator::{ServiceSpec, Simulator};

use super::YOUNG;
use crate::harness::{Daemon, MINUTE, clock, policies, simulator, weekly};

const SERVICES: usize = 1_000;
const REPOSITORIES: usize = 200;
const TARGET_GROUPS: usize = 400;

/// Every fifth service has the repository in common, with another tag each.
fn fleet(sim: &Simulator) {
    for number in 0..SERVICES {
        let (repository, tag) = (number % REPOSITORIES, number / REPOSITORIES);
        let repository = format!("team/r{repository:03}");
        let tag = format!("v{tag}");
        sim.push_image(&repository, &tag);
        let image = sim.image_reference(&format!("{repository}:{tag}"));
        let spec = ServiceSpec::new("prd", &format!("s{number:04}")).task_age(YOUNG);
        let balanced = number < TARGET_GROUPS;
        let delay = if balanced { Duration::from_secs(30) } else { Duration::ZERO };
        sim.add_service(spec.image("app", &image).deregistration_delay(delay));
    }
}

/// What was called of what only the checks call, since the log was emptied last.
fn calls(sim: &Simulator) -> BTreeMap<&'static str, usize> {
    let operations = [
        "DescribeTaskDefinition",
        "DescribeImages",
        "BatchGetImage",
        "GetLifecyclePolicy",
        "DescribePullThroughCacheRules",
        "DescribeTargetGroups",
        "DescribeTargetGroupAttributes",
        "DescribeTargetHealth",
        "DescribeSubnets",
        "GetServiceQuota",
        "GetMetricData",
        "DescribeAlarms",
        "GetTaskProtection",
    ];
    operations.into_iter().map(|operation| (operation, sim.count(operation))).collect()
}

#[tokio::test(start_paused = true)]
async fn the_checks_of_a_thousand_services_read_each_thing_once() {
    let clock = clock();
    let sim = simulator(&clock);
    fleet(&sim);
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(3 * MINUTE).await;
    let cold = calls(&sim);
    println!("until all was read, in 3 minutes: {cold:#?}");
    let report = daemon.status.borrow().preflight.clone();
    assert_eq!(report.services.len(), SERVICES);
    let worst = report.services.iter().map(|(_, preflight)| preflight.outcome()).max();
    assert!(worst <= Some(Result::Warn), "{:?}", report.services[0]);
    assert_eq!(cold["DescribeTaskDefinition"], SERVICES, "one for each revision");
    assert_eq!(cold["GetLifecyclePolicy"], REPOSITORIES);
    assert_eq!(cold["DescribeTargetGroups"], TARGET_GROUPS / 20);
    assert_eq!(cold["DescribeTargetGroupAttributes"], TARGET_GROUPS);
    assert_eq!(cold["DescribeTargetHealth"], TARGET_GROUPS);
    assert_eq!(cold["BatchGetImage"], 0, "it would count as a pull");
    assert_eq!(cold["GetTaskProtection"], 0, "nothing is about to start");
    sim.clear_calls();
    daemon.run_for(10 * MINUTE).await;
    let steady = calls(&sim);
    println!("in ten minutes after that: {steady:#?}");
    // A look each minute, five images of a repository in one call.
    let looks = 10;
    assert!(steady["DescribeImages"] <= (looks + 1) * REPOSITORIES, "{steady:?}");
    assert!(steady["DescribeImages"] >= (looks - 2) * REPOSITORIES, "{steady:?}");
    for (operation, count) in &steady {
        let often = ["DescribeImages", "DescribeSubnets"].contains(operation);
        assert!(often || *count == 0, "{operation}: {count}");
    }
    assert!(steady["DescribeSubnets"] <= 1);
}

#[tokio::test(start_paused = true)]
async fn images_that_are_missing_cost_one_search_and_then_one_call_each() {
    let clock = clock();
    let sim = simulator(&clock);
    for number in 0..100 {
        let tag = format!("v{number}");
        sim.push_image("team/all", &tag);
        let image = sim.image_reference(&format!("team/all:{tag}"));
        let spec = ServiceSpec::new("prd", &format!("s{number:04}")).task_age(YOUNG);
        sim.add_service(spec.image("app", &image));
    }
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(2 * MINUTE).await;
    sim.clear_calls();
    for tag in ["v3", "v50", "v99"] {
        sim.delete_image("team/all", tag);
    }
    daemon.run_for(MINUTE).await;
    let search = sim.count("DescribeImages");
    println!("the search for three of 200 images that are gone: {search} calls");
    // Three tags and three digests, each found in as many halvings as a batch of 100 takes.
    assert!(search <= 2 + 6 * 2 * 7, "{search}");
    let held = daemon.status.borrow().preflight.clone();
    let held = held.services.iter().filter(|(_, one)| one.outcome() == Result::Hold);
    assert_eq!(held.count(), 3);
    sim.clear_calls();
    daemon.run_for(5 * MINUTE).await;
    let after = sim.count("DescribeImages");
    println!("in five minutes after that: {after} calls");
    assert!(after <= 6 * (2 + 6), "{after}");
}
