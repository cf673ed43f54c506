//! What would break is found before the refresh, and days ahead.

mod alarms;
mod checks;
mod cost;
mod images;
mod unknown;
mod windows;

use std::time::Duration;

use ecs_refresh::plan::policy::Policy;
use ecs_refresh::plan::preflight::{Action, Check, Name, Outcome};
use ecs_refresh::plan::schedule::{CronWindow, Schedule, Windows};
use ecs_refresh::simulator::{ServiceSpec, Simulator};

use crate::harness::{Daemon, HOUR, MINUTE, service, weekly};

/// In the Region of the simulated account, whatever its default is.
const REPOSITORY: &str = "shop/api";

/// Windows of two hours, at three in the morning of every day.
fn nightly() -> Policy {
    let windows = Windows::Cron(vec![CronWindow::new("0 3 * * *", 2 * HOUR).unwrap()]);
    let schedule = Schedule::new(chrono_tz::UTC, windows, Vec::new()).unwrap();
    Policy { name: "nightly".into(), schedule, ..weekly() }
}

/// A policy that makes this of a check.
fn making(policy: Policy, name: Name, action: Action) -> Policy {
    let mut policy = policy;
    policy.preflight.actions.insert(name, action);
    policy
}

/// A service of two tasks so old, which run what this tag of [`REPOSITORY`] means.
fn running(sim: &Simulator, name: &str, tag: &str, age: Duration) -> ServiceSpec {
    let image = sim.image_reference(&format!("{REPOSITORY}:{tag}"));
    ServiceSpec::new("prd", name).desired(2).task_age(age).image("app", &image)
}

/// What a check says of a service.
fn check(daemon: &Daemon, name: &str, check: Name) -> Check {
    let status = daemon.status.borrow().clone();
    let preflight = status.preflight.of(&service(name));
    let preflight = preflight.unwrap_or_else(|| panic!("{name} is not looked at"));
    preflight.checks.iter().find(|found| found.name == check).unwrap().clone()
}

fn assert_says(daemon: &Daemon, name: &str, of: Name, outcome: Outcome, parts: &[&str]) {
    let found = check(daemon, name, of);
    assert_eq!(found.outcome, outcome, "{name}: {found:?}");
    for part in parts {
        assert!(found.to_string().contains(part), "{part:?} is not in: {found}");
    }
}

/// One more look at the cluster.
async fn look_again(daemon: &mut Daemon) {
    daemon.run_for(MINUTE + Duration::from_secs(5)).await;
}

/// Three days old: due in four.
const YOUNG: Duration = Duration::from_secs(3 * 86_400);

/// Due in half a day.
const SOON: Duration = Duration::from_secs(6 * 86_400 + 43_200);

/// Due.
const OLD: Duration = Duration::from_secs(8 * 86_400);
