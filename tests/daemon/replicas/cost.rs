//! What the store is asked for.

use std::collections::BTreeMap;

use ecs_refresh::plan::policy::Policy;
use ecs_refresh::simulator::ServiceSpec;

use super::stage::Stage;
use super::stories::{SECOND, run, wave};
use crate::harness::{DAY, HOUR, MINUTE, clock, policies, simulator, weekly};

/// The accesses since the last time, by what they are.
fn accesses(stage: &Stage) -> BTreeMap<&'static str, usize> {
    let mut counts = BTreeMap::new();
    for what in std::mem::take(&mut *stage.accesses.lock().unwrap()) {
        *counts.entry(what).or_default() += 1;
    }
    counts
}

/// A fleet in which nothing is to be done costs a write per third of a lease, and a read per second and
/// waiting replica.
#[tokio::test(start_paused = true)]
async fn an_idle_fleet_costs_little() {
    let mut stage = wave(0, 1);
    stage.sim.add_service(ServiceSpec::new("prd", "api").desired(2));
    let _replicas = [stage.replica(0).await, stage.replica(0).await, stage.replica(0).await];
    run(&stage, 0, 1, MINUTE).await;
    accesses(&stage);
    run(&stage, 0, 1, HOUR).await;
    let counts = accesses(&stage);
    println!("an hour of an idle fleet, three replicas and a lease of 20 s: {counts:?}");
    assert_eq!(counts.keys().collect::<Vec<_>>(), [&"read_lease", &"replace_lease"]);
    assert!(counts["replace_lease"] <= 3600 * 3 / 20 + 1, "{counts:?}");
    assert!(counts["read_lease"] <= 2 * 3600 + 2, "{counts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wave_of_a_thousand_refreshes_writes_at_most_four_items_each() {
    let clock = clock();
    let sim = simulator(&clock);
    for number in 0..1_000 {
        let spec = ServiceSpec::new("prd", &format!("s{number:04}")).desired(1).task_age(8 * DAY);
        sim.add_service(spec.start_time(SECOND).healthy_after(SECOND).stop_time(SECOND));
    }
    let policies = policies([Policy { concurrency: 20, ..weekly() }]);
    let mut stage = Stage::new(sim, clock, policies);
    stage.setup.resync = 10 * MINUTE;
    let _replica = stage.replica(0).await;
    tokio::time::sleep(3 * HOUR).await;
    let done = stage.outcomes().await;
    assert_eq!(done, BTreeMap::from([("succeeded".to_owned(), 1_000)]));
    let counts = accesses(&stage);
    println!("a wave of 1,000 refreshes: {counts:?}");
    assert!(counts["save"] + counts["append"] <= 4 * 1_000, "{counts:?}");
    assert_eq!(counts["load"], 1, "{counts:?}");
}
