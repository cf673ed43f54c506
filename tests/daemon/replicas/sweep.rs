//! A kill, and a sleep, at every point of one refresh: before and after each access to the store and
//! each call.

use std::time::Duration;

use ecs_refresh::simulator::{Options, ServiceSpec, Simulator};

use super::gate::{Fate, Gate};
use super::stage::Stage;
use crate::harness::{DAY, MINUTE, clock, policies, weekly};

const SECOND: Duration = Duration::from_secs(1);

fn stage() -> Stage {
    let clock = clock();
    let options = Options { latency: SECOND / 5, ..Options::default() };
    let sim = Simulator::new(clock.time_source(), options);
    let api = ServiceSpec::new("prd", "api").desired(2).task_age(8 * DAY);
    sim.add_service(api.start_time(5 * SECOND).healthy_after(5 * SECOND).stop_time(SECOND));
    let mut stage = Stage::new(sim, clock, policies([weekly()]));
    stage.setup.resync = 10 * MINUTE;
    stage
}

/// The points that one refresh has, in order.
async fn points() -> Vec<String> {
    let mut stage = stage();
    let one = stage.replica(0).await;
    tokio::time::sleep(3 * MINUTE).await;
    assert_eq!(stage.sim.started_deployments("prd", "api"), 1);
    one.gate.passed()
}

async fn play(at: usize, what: &str, fate: Fate) {
    let how = format!("{fate:?} at point {at}, {what}");
    let mut stage = stage();
    let one = stage.replica_behind(Gate::new().fate(at, fate), 0).await;
    let two = stage.replica(0).await;
    tokio::time::sleep(12 * MINUTE).await;
    let end = stage.outcome("api").await;
    assert_eq!(stage.sim.started_deployments("prd", "api"), 1, "{how}");
    assert_eq!(end.as_deref(), Some("succeeded"), "{how}");
    assert!(one.leads() || two.leads(), "{how}");
    stage.assert_fenced(&how);
}

async fn sweep(fate: Fate) {
    let points = points().await;
    let (saves, calls) = (count(&points, "after save"), count(&points, "after UpdateService"));
    println!("{} points, {saves} writes of the record, {calls} mutating call", points.len());
    assert!(saves >= 3 && calls == 1, "{points:?}");
    for (at, what) in points.iter().enumerate() {
        play(at, what, fate).await;
    }
}

fn count(points: &[String], what: &str) -> usize {
    points.iter().filter(|point| *point == what).count()
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_point_leaves_one_refresh() {
    sweep(Fate::Dies).await;
}

#[tokio::test(start_paused = true)]
async fn a_sleep_of_minutes_at_any_point_leaves_one_refresh() {
    sweep(Fate::SleepsFor(2 * MINUTE)).await;
}

#[tokio::test(start_paused = true)]
async fn a_short_sleep_at_any_point_leaves_one_refresh() {
    sweep(Fate::SleepsFor(12 * SECOND)).await;
}
