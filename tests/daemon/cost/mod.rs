//! What a look costs, in calls and in time.

mod following;

use std::collections::BTreeMap;
use std::time::Duration;

use ecs_refresh::plan::policy::{Policies, Policy};
use ecs_refresh::simulator::{Options, Outcome, ServiceSpec, Simulator};

use crate::harness::{HOUR, MINUTE, Setup, clock, policies, selector, simulator, weekly};

const SECOND: Duration = Duration::from_secs(1);

/// AWS's token buckets for service reads and for task reads: at once, and per second.
const BURST: u32 = 100;
const PER_SECOND: u32 = 20;

/// How often each operation was called since the log was emptied last.
fn calls(sim: &Simulator) -> BTreeMap<&'static str, usize> {
    let operations = [
        "ListClusters",
        "DescribeClusters",
        "ListServices",
        "DescribeServices",
        "ListTasks",
        "DescribeTasks",
        "ListServiceDeployments",
        "UpdateService",
    ];
    let counted = operations.into_iter().map(|operation| (operation, sim.count(operation)));
    counted.filter(|(_, count)| *count > 0).collect()
}

/// How long the buckets need for so many calls, however fast they are answered.
fn ideal(calls: usize) -> Duration {
    let calls = u32::try_from(calls).unwrap();
    SECOND * calls.saturating_sub(BURST) / PER_SECOND
}

fn all_clusters() -> Policies {
    policies([Policy { selector: selector(&["c-*"], &[]), ..weekly() }])
}

#[tokio::test(start_paused = true)]
async fn a_look_at_five_thousand_services_costs_full_pages_and_what_the_buckets_allow() {
    let clock = clock();
    let options =
        Options { latency: Duration::from_millis(50), throttling: true, ..Options::default() };
    let sim = Simulator::new(clock.time_source(), options);
    for number in 0..5_000 {
        let spec = ServiceSpec::new(&format!("c-{}", number % 5), &format!("s{number:04}"));
        sim.add_service(spec.desired(10));
    }
    let begun = clock.now();
    let mut daemon = Setup::new(all_clusters()).resync(10 * MINUTE).start(&sim, &clock).await;
    daemon.run_for(5 * MINUTE).await;
    let looked_at = daemon.status.borrow().last_look_at.unwrap();
    let cold = BTreeMap::from([
        ("ListClusters", 1),
        ("ListServices", 5 * 10),
        ("DescribeServices", 5 * 100),
        ("ListTasks", 5 * 100),
        ("DescribeTasks", 5 * 100),
    ]);
    assert_eq!(calls(&sim), cold);
    let took = (looked_at - begun).to_std().unwrap();
    let ideal = ideal(1_000).max(ideal(550));
    println!("a cold look took {took:?}, and the buckets allow {ideal:?}");
    assert!(took < ideal.mul_f64(1.05), "{took:?} instead of {ideal:?}");
    assert!(daemon.status.borrow().readiness.is_ready());
    assert_eq!(daemon.reconciler.plan().verdicts.len(), 5_000);

    sim.clear_calls();
    daemon.run_for(10 * MINUTE).await;
    let mut warm = cold;
    warm.remove("DescribeTasks");
    assert_eq!(calls(&sim), warm);
    let throttled = Outcome::Error("ThrottlingException".to_owned());
    assert!(sim.calls().iter().all(|call| call.outcome != throttled));
}

#[tokio::test(start_paused = true)]
async fn part_pages_round_up_by_cluster() {
    let clock = clock();
    let sim = simulator(&clock);
    for (cluster, services) in [("c-1", 101), ("c-2", 9)] {
        for number in 0..services {
            let spec = ServiceSpec::new(cluster, &format!("s{number:03}"));
            sim.add_service(spec.desired(if number == 0 { 2 } else { 1 }));
        }
    }
    sim.add_cluster("c-3");
    let mut daemon = Setup::new(all_clusters()).resync(HOUR).start(&sim, &clock).await;
    daemon.run_for(MINUTE).await;
    // The empty cluster still costs a page of services and one of tasks.
    let cold = BTreeMap::from([
        ("ListClusters", 1),
        ("ListServices", 2 + 1 + 1),
        ("DescribeServices", 11 + 1),
        ("ListTasks", 2 + 1 + 1),
        ("DescribeTasks", 2 + 1),
    ]);
    assert_eq!(calls(&sim), cold);
}
