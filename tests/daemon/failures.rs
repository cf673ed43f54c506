//! What failed and refused refreshes lead to.

use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;

use ecs_refresh::clock::Time;
use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::plan::policy::Policy;
use ecs_refresh::plan::schedule::{CronWindow, Schedule, Windows};
use ecs_refresh::simulator::{Behaviour, Fault, FaultRule, ServiceSpec, Simulator};

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, simulator, updates, weekly,
};

fn old(name: &str) -> ServiceSpec {
    ServiceSpec::new("prd", name).task_age(8 * DAY)
}

fn broken() -> Behaviour {
    Behaviour::CannotStart { reason: "CannotPullContainerError: no such image".to_owned() }
}

/// Is rolled back every time; the oldest, so that it comes first.
fn failing(name: &str) -> ServiceSpec {
    let spec = ServiceSpec::new("prd", name).task_age(9 * DAY).desired(3);
    spec.circuit_breaker(true, true).next_revision(broken())
}

/// Each night from 3 to 5, UTC; every service in every window.
fn every_night() -> Policy {
    let window = CronWindow::new("0 3 * * *", 2 * HOUR).unwrap();
    let schedule = Schedule::new(Tz::UTC, Windows::Cron(vec![window]), Vec::new()).unwrap();
    Policy { schedule, max_task_age: Some(Duration::ZERO), ..weekly() }
}

fn sent_to(sim: &Simulator, service: &str) -> Vec<Time> {
    let resource = format!("prd/{service}");
    let calls = updates(sim).into_iter().filter(|call| call.resources.contains(&resource));
    calls.map(|call| call.at.into()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_failure_stops_the_policy_until_its_next_window() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(failing("bad"));
    sim.add_service(old("good"));
    let setup = Setup::new(policies([every_night()])).resync(HOUR / 4);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(6 * HOUR).await;
    assert_eq!(daemon.last("bad").unwrap().outcome, Outcome::RolledBack);
    assert_eq!(sim.started_deployments("prd", "bad"), 1);
    assert_eq!(sim.started_deployments("prd", "good"), 0);
    let stopped = "Hold: policy stopped: 1 failed since its span began; tried again from \
                   Tue 2026-11-24 03:00 UTC";
    assert_eq!(daemon.says("good"), stopped);
    // In the next window services that failed come last.
    daemon.run_for(DAY).await;
    assert_eq!(daemon.last("good").unwrap().outcome, Outcome::Succeeded);
    assert_eq!(sim.started_deployments("prd", "bad"), 2);
    assert!(sent_to(&sim, "good")[0] < sent_to(&sim, "bad")[1]);
}

#[tokio::test(start_paused = true)]
async fn failures_count_for_a_day_where_no_window_bounds_them() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(failing("bad"));
    sim.add_service(old("good"));
    let policy = Policy { max_task_age: Some(7 * DAY), ..weekly() };
    let mut daemon = Setup::new(policies([policy])).resync(HOUR).start(&sim, &clock).await;
    daemon.run_for(23 * HOUR).await;
    let failed_at = daemon.last("bad").unwrap().finished_at;
    assert!(daemon.says("good").starts_with("Hold: policy stopped: 1 failed"));
    assert_eq!(sim.count("UpdateService"), 1);
    daemon.run_for(2 * HOUR).await;
    let begun = sent_to(&sim, "good")[0] - failed_at;
    assert!(begun >= TimeDelta::days(1) && begun < TimeDelta::minutes(24 * 60 + 2), "{begun}");
}

#[tokio::test(start_paused = true)]
async fn more_failures_may_be_allowed_and_a_failed_service_waits_for_its_next_window() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(failing("bad"));
    sim.add_service(old("good"));
    let policy = Policy { max_failures: 2, ..every_night() };
    let setup = Setup::new(policies([policy])).resync(HOUR / 4);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(5 * HOUR).await;
    assert_eq!(daemon.last("good").unwrap().outcome, Outcome::Succeeded);
    assert_eq!(sim.started_deployments("prd", "bad"), 1);
    let says = daemon.says("bad");
    // ECS's own account, its PRIMARY, says already that it is not tried again in this window.
    assert!(!says.starts_with("Refresh") && !says.starts_with("Rolling"), "{says}");
}

#[tokio::test(start_paused = true)]
async fn three_failures_in_a_row_hold_a_service_until_somebody_deploys_it() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(failing("bad"));
    let setup = Setup::new(policies([every_night()])).resync(3 * HOUR);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(6 * DAY).await;
    assert_eq!(sim.started_deployments("prd", "bad"), 3, "{}", daemon.says("bad"));
    let says = daemon.says("bad");
    assert!(
        says.starts_with("Hold: 3 refreshes in a row failed (the last: rolled_back)"),
        "{says}"
    );
    sim.set_behaviour("prd", "bad", Behaviour::Healthy);
    daemon.run_for(DAY).await;
    assert_eq!(sim.started_deployments("prd", "bad"), 3, "not even when it would work now");
    sim.deploy("prd", "bad", true);
    daemon.run_for(DAY).await;
    assert_eq!(sim.started_deployments("prd", "bad"), 4);
    assert_eq!(daemon.last("bad").unwrap().outcome, Outcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn a_failed_primary_is_held_until_it_is_deployed_anew() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("bad").desired(3).circuit_breaker(true, false).next_revision(broken()));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(HOUR).await;
    assert_eq!(daemon.last("bad").unwrap().outcome, Outcome::Failed);
    assert!(daemon.says("bad").starts_with("Hold: its PRIMARY deployment"));
    assert_eq!(sim.started_deployments("prd", "bad"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_is_no_failure_and_is_repeated_with_growing_pauses() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "denied").task_age(9 * DAY));
    for number in 0..3 {
        sim.add_service(old(&format!("s{number}")));
    }
    sim.inject(FaultRule::new("UpdateService", Fault::AccessDenied).on("prd/denied"));
    let setup = Setup::new(policies([weekly()])).resync(10 * MINUTE);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(MINUTE / 2).await;
    let says = daemon.says("denied");
    assert!(says.starts_with("Hold: UpdateService: AccessDeniedException"), "{says}");
    assert!(says.contains("allow the IAM action ecs:UpdateService; tried again"), "{says}");
    daemon.run_for(6 * HOUR).await;
    let calls = sent_to(&sim, "denied");
    let pauses: Vec<i64> = calls.windows(2).map(|pair| (pair[1] - pair[0]).num_seconds()).collect();
    let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60];
    assert_eq!(pauses.len(), expected.len(), "{pauses:?}");
    for (pause, minutes) in pauses.iter().zip(expected) {
        let late = pause - minutes * 60;
        // The only slot may be taken by another refresh of the policy at that moment.
        assert!((0..150).contains(&late), "{pauses:?}");
    }
    for number in 0..3 {
        let name = format!("s{number}");
        assert_eq!(daemon.ended(&name).outcome, Outcome::Succeeded);
    }
    assert!(daemon.last("denied").is_none(), "a refusal is no outcome");
    sim.heal();
    daemon.run_for(2 * HOUR).await;
    assert_eq!(daemon.last("denied").unwrap().outcome, Outcome::Succeeded);
}
