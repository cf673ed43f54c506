//! The other checks, each as it is told and as it holds.

use std::time::Duration;

use ecs_refresh::plan::policy::Policy;
use ecs_refresh::plan::preflight::{Action, Name, Outcome};
use ecs_refresh::plan::schedule::{CronWindow, Schedule, Windows};
use ecs_refresh::simulator::{ServiceSpec, Simulator};

use super::{OLD, assert_says, making};
use crate::harness::{Daemon, HOUR, MINUTE, clock, policies, simulator, weekly};

struct Row {
    name: &'static str,
    spec: fn(ServiceSpec) -> ServiceSpec,
    then: fn(&Simulator),
    check: Name,
    outcome: Outcome,
    says: &'static [&'static str],
    /// Whether it is refreshed all the same.
    refreshed: bool,
}

const SUBNET: &str = "subnet-0a1b2c3d4e5f60718";

fn row(name: &'static str, check: Name) -> Row {
    Row {
        name,
        spec: |spec| spec,
        then: |_| (),
        check,
        outcome: Outcome::Hold,
        says: &[],
        refreshed: false,
    }
}

fn of_the_service() -> Vec<Row> {
    vec![
        Row {
            then: |sim| sim.deregister_task_definition("api:1"),
            says: &["not ACTIVE"],
            ..row("a task definition that was deregistered", Name::TaskDefinition)
        },
        Row {
            spec: |spec| spec.desired(3).percents(100, 125),
            says: &["3 tasks", "125"],
            ..row("percentages that let nothing move", Name::CanMove)
        },
        Row {
            spec: |spec| spec.desired(1).percents(0, 100),
            says: &["allow_downtime"],
            ..row("a single task that has to stop first", Name::CanMove)
        },
    ]
}

fn of_what_surrounds_it() -> Vec<Row> {
    vec![
        Row {
            spec: |spec| spec.deregistration_delay(HOUR),
            outcome: Outcome::Warn,
            says: &["1h"],
            refreshed: true,
            ..row("a target group that drains for an hour", Name::Drain)
        },
        Row {
            spec: |spec| spec.deregistration_delay(Duration::from_secs(60)),
            then: |sim| sim.set_targets_unhealthy(&sim.target_group("prd", "api"), 1),
            says: &["1"],
            ..row("a target that is unhealthy", Name::Steady)
        },
        Row {
            then: |sim| sim.set_free_addresses(SUBNET, 0),
            says: &["address"],
            ..row("a subnet without addresses", Name::Room)
        },
        Row {
            spec: |spec| spec.cpu_units(1024),
            then: |sim| {
                sim.set_fargate_quota(6.0);
                sim.set_fargate_usage(6.0);
            },
            says: &["vCPU"],
            ..row("a quota that is used up", Name::Room)
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn what_would_break_is_told_and_held() {
    for row in of_the_service().into_iter().chain(of_what_surrounds_it()) {
        let clock = clock();
        let sim = simulator(&clock);
        sim.add_service((row.spec)(ServiceSpec::new("prd", "api").desired(2).task_age(OLD)));
        (row.then)(&sim);
        let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
        daemon.run_for(MINUTE / 6).await;
        if !row.refreshed {
            assert_says(&daemon, "api", row.check, row.outcome, row.says);
        }
        daemon.run_for(3 * HOUR).await;
        let refreshed = sim.count("UpdateService") > 0;
        assert_eq!(refreshed, row.refreshed, "{}: {}", row.name, daemon.says("api"));
        if row.refreshed {
            continue;
        }
        assert!(daemon.says("api").starts_with("Hold: "), "{}: {}", row.name, daemon.says("api"));
        // Whoever allows it has it started: the check alone holds it.
        let mut allowing = policies([making(weekly(), row.check, Action::Allow)]);
        allowing.policies[0].max_failures = 5;
        daemon.reload(allowing).await;
        daemon.run_for(10 * MINUTE).await;
        assert_eq!(sim.count("UpdateService"), 1, "{}: {}", row.name, daemon.says("api"));
    }
}

fn short_windows(minutes: u64) -> Policy {
    let length = Duration::from_secs(60 * minutes);
    let windows = Windows::Cron(vec![CronWindow::new("0 3 * * *", length).unwrap()]);
    let schedule = Schedule::new(chrono_tz::UTC, windows, Vec::new()).unwrap();
    Policy { schedule, ..weekly() }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_no_window_is_long_enough_for_is_held_with_the_figures() {
    let clock = clock();
    let sim = simulator(&clock);
    let spec = ServiceSpec::new("prd", "api").desired(2).task_age(OLD);
    sim.add_service(spec.deregistration_delay(HOUR));
    let mut daemon = Daemon::start(&sim, &clock, policies([short_windows(30)])).await;
    daemon.run_for(5 * HOUR).await;
    assert_eq!(sim.count("UpdateService"), 0);
    assert_says(&daemon, "api", Name::FitsWindow, Outcome::Hold, &["30m"]);
    assert!(daemon.says("api").starts_with("Hold: "), "{}", daemon.says("api"));
}
