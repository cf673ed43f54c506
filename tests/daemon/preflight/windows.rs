//! Refreshes that fit their window, or do not, or may.

use std::time::Duration;

use ecs_refresh::plan::ledger::Outcome as Ended;
use ecs_refresh::plan::policy::{Policy, RolloutTimeout};
use ecs_refresh::plan::preflight::{Name, Outcome};
use ecs_refresh::plan::schedule::{CronWindow, Schedule, Windows};
use ecs_refresh::simulator::{Fault, FaultRule, ServiceSpec};

use super::{OLD, assert_says, nightly};
use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, clock_from, policies, simulator, weekly,
};

/// Ten minutes before a window opens.
const BEFORE: &str = "2026-11-23T02:50:00Z";

/// No refresh here is given up.
fn patient(policy: Policy) -> Policy {
    Policy { rollout_timeout: RolloutTimeout::Fixed(6 * HOUR), ..policy }
}

/// Windows of so many minutes, at three in the morning of every day.
fn short(minutes: u32) -> Policy {
    let windows = Windows::Cron(vec![CronWindow::new("0 3 * * *", minutes * MINUTE).unwrap()]);
    let schedule = Schedule::new(chrono_tz::UTC, windows, Vec::new()).unwrap();
    patient(Policy { schedule, ..weekly() })
}

/// A service that takes an hour and five minutes by its settings: two minutes to start, two and a half
/// of checks, an hour of draining and half a minute to stop.
fn slow(age: Duration) -> ServiceSpec {
    ServiceSpec::new("prd", "api").desired(2).task_age(age).deregistration_delay(HOUR)
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_the_rest_of_the_night_starts_the_next() {
    let clock = clock_from("2026-11-23T04:30:00Z");
    let sim = simulator(&clock);
    sim.add_service(slow(OLD));
    let mut daemon = Daemon::start(&sim, &clock, policies([patient(nightly())])).await;
    daemon.run_for(5 * MINUTE).await;
    let says = daemon.says("api");
    assert!(says.starts_with("Wait: it takes about 1h 5m by its settings, and 2"), "{says}");
    assert!(says.ends_with("next try Tue 2026-11-24 03:00 UTC"), "{says}");
    daemon.run_for(22 * HOUR).await;
    assert_eq!(sim.count("UpdateService"), 0, "{}", daemon.says("api"));
    daemon.run_for(30 * MINUTE).await;
    assert_eq!(sim.count("UpdateService"), 1, "{}", daemon.says("api"));
    daemon.run_for(2 * HOUR).await;
    assert_eq!(daemon.ended("api").outcome, Ended::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn what_took_too_long_once_and_fits_by_its_settings_is_refreshed_with_a_warning() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api").desired(2).task_age(OLD));
    let daily = patient(Policy { max_task_age: Some(DAY), ..nightly() });
    let setup = Setup::new(policies([daily])).resync(10 * MINUTE);
    let mut daemon = setup.start(&sim, &clock).await;
    // A task is at work until half past five, and the rollout waits for it.
    let until = clock.now() + 5 * HOUR + 30 * MINUTE;
    sim.protect_task("prd", "api", until.into());
    daemon.run_for(6 * HOUR).await;
    let first = daemon.ended("api");
    assert_eq!(first.outcome, Ended::Succeeded);
    assert!(first.duration() > 2 * HOUR, "{:?}", first.duration());
    daemon.run_for(20 * HOUR).await;
    let parts = ["by its settings", "the last one took 2h ", "more than 2h"];
    assert_says(&daemon, "api", Name::FitsWindow, Outcome::Warn, &parts);
    daemon.run_for(2 * HOUR + 30 * MINUTE).await;
    assert_eq!(sim.count("UpdateService"), 2, "{}", daemon.says("api"));
    let second = daemon.ended("api");
    assert!(second.duration() < HOUR, "{:?}", second.duration());
    assert_says(&daemon, "api", Name::FitsWindow, Outcome::Pass, &["as the last one did"]);
}

#[tokio::test(start_paused = true)]
async fn target_groups_that_may_not_be_read_do_not_hold() {
    for (denied, starts) in [(true, 1), (false, 0)] {
        let clock = clock_from(BEFORE);
        let sim = simulator(&clock);
        sim.add_service(slow(OLD));
        if denied {
            sim.inject(FaultRule::new("DescribeTargetGroups", Fault::AccessDenied));
        }
        // AWS's defaults alone would take ten minutes.
        let mut daemon = Daemon::start(&sim, &clock, policies([short(8)])).await;
        daemon.run_for(5 * MINUTE).await;
        let (outcome, part) = match denied {
            true => (Outcome::Unknown, "allow elasticloadbalancing:DescribeTargetGroups"),
            false => (Outcome::Hold, "no window within a year is open for more than 8m"),
        };
        assert_says(&daemon, "api", Name::FitsWindow, outcome, &[part]);
        daemon.run_for(20 * MINUTE).await;
        assert_eq!(sim.count("UpdateService"), starts, "{}", daemon.says("api"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_that_leaves_hardly_a_minute_is_held_and_taken_as_it_opens() {
    for (minutes, starts) in [(64, 0), (65, 1), (66, 1), (67, 1)] {
        let clock = clock_from(BEFORE);
        let sim = simulator(&clock);
        sim.add_service(slow(OLD));
        let mut daemon = Daemon::start(&sim, &clock, policies([short(minutes)])).await;
        daemon.run_for(5 * MINUTE).await;
        let before = if minutes < 67 { Outcome::Hold } else { Outcome::Pass };
        assert_says(&daemon, "api", Name::FitsWindow, before, &["it takes about 1h 5m"]);
        daemon.run_for(20 * MINUTE).await;
        assert_eq!(sim.count("UpdateService"), starts, "{minutes}: {}", daemon.says("api"));
    }
}
