//! Deployments that shift traffic: blue/green, linear and canary.

use ecs_refresh::plan::ledger::Outcome::{Failed, RolledBack, Succeeded, Superseded, TimedOut};
use ecs_refresh::simulator::{Behaviour, Hook, ServiceSpec, Simulator};

use super::{
    Row, alarms, cannot_start, deleted, deploys, goes_back, goes_on, grows, is_aborted, is_stopped,
    old, play_all, row, shrinks,
};
use crate::harness::MINUTE;

pub(super) fn blue_green() -> ServiceSpec {
    old().strategy("BLUE_GREEN").bake_minutes(10)
}

pub(super) fn linear() -> ServiceSpec {
    old().strategy("LINEAR").linear(25.0, 5).bake_minutes(2)
}

pub(super) fn canary() -> ServiceSpec {
    old().strategy("CANARY").canary(10.0, 10).bake_minutes(2)
}

/// What may happen to any deployment that shifts traffic.
fn of_kind(kind: &str, spec: &ServiceSpec) -> Vec<Row> {
    let spec = || spec.clone();
    let paused = || spec().hook(Hook::pause("POST_TEST_TRAFFIC_SHIFT"));
    let watched = || spec().alarms(&["5xx"], true);
    let row = |what: &str, spec, outcome| row(&format!("{kind} {what}"), spec, outcome);
    let broken = spec().next_revision(cannot_start()).circuit_breaker(true, true);
    let hung = spec().next_revision(Behaviour::StaysPending);
    let failing = spec().hook(Hook::lambda("POST_SCALE_UP").fails());
    let checked = spec().hook(Hook::lambda("PRE_SCALE_UP").takes(5 * MINUTE));
    let person = "a pause hook waits for a person at post test traffic shift";
    vec![
        row("alone", spec(), Succeeded).says(&["scale up", "bake time, 1 of", "clean up"]),
        row("whose tasks cannot start", broken, RolledBack).why("CannotPullContainerError"),
        row("whose tasks hang", hung, TimedOut).within(20 * MINUTE).says(&["scale up for 10m"]),
        row("whose hook succeeds", checked, Succeeded).says(&["pre scale up for 4m"]),
        row("whose hook fails", failing, RolledBack),
        row("that a person lets go on", paused(), Succeeded)
            .then(40 * MINUTE, goes_on)
            .says(&[person, "bake time"]),
        row("that a person takes back", paused(), RolledBack)
            .then(40 * MINUTE, goes_back)
            .says(&[person, "the refresh failed and ECS is rolling back"]),
        row("whose alarm goes off", watched(), RolledBack).then(3 * MINUTE, alarms),
        row("whose alarm stays quiet", watched(), Succeeded),
        row("that somebody deploys over", spec(), Superseded).then(2 * MINUTE, deploys),
        row("that is deleted", spec(), Superseded).then(2 * MINUTE, deleted),
        row("whose rollback fails", watched().rollback_fails(true), Failed)
            .then(3 * MINUTE, alarms)
            .why("so did its rollback"),
    ]
}

/// What may happen between two steps of the traffic.
fn between_steps(kind: &str, spec: &ServiceSpec) -> Vec<Row> {
    let spec = || spec.clone();
    let row = |what: &str, spec, outcome| row(&format!("{kind} {what}"), spec, outcome);
    let steps = spec().hook(Hook::pause("PRE_PRODUCTION_TRAFFIC_SHIFT"));
    let resumed = |row: Row| (1..=4).fold(row, |row, nth| row.then(nth * 7 * MINUTE, goes_on));
    let shift = "production traffic shift";
    vec![
        row("that somebody takes back between steps", spec(), RolledBack)
            .then(8 * MINUTE, is_stopped)
            .says(&[shift, "ECS is rolling back"]),
        row("that somebody stops between steps", spec(), Failed).then(8 * MINUTE, is_aborted),
        row("that is scaled up between steps", spec(), Succeeded).then(8 * MINUTE, grows),
        row("that is scaled down between steps", spec(), Succeeded).then(8 * MINUTE, shrinks),
        resumed(row("that waits for a person before every step", steps, Succeeded))
            .says(&["a person at pre production traffic shift"]),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_is_blue_and_green_ends_as_it_should() {
    play_all(of_kind("blue/green", &blue_green())).await;
}

#[tokio::test(start_paused = true)]
async fn what_shifts_traffic_in_equal_steps_ends_as_it_should() {
    play_all(of_kind("linear", &linear())).await;
}

#[tokio::test(start_paused = true)]
async fn what_shifts_a_little_traffic_first_ends_as_it_should() {
    play_all(of_kind("canary", &canary())).await;
}

#[tokio::test(start_paused = true)]
async fn what_happens_between_two_steps_does_no_harm() {
    play_all(between_steps("linear", &linear())).await;
    play_all(between_steps("canary", &canary())).await;
}

#[tokio::test(start_paused = true)]
async fn a_rolled_back_deployment_with_a_status_of_the_future_is_no_success() {
    let strange = |sim: &Simulator| {
        sim.set_deployment_status_raw("prd", "api", Some("TAKEN_BACK"));
        alarms(sim);
    };
    let spec = blue_green().alarms(&["5xx"], true);
    let what = "blue/green that is taken back under a status that is not known";
    let row = row(what, spec, Failed).within(5 * MINUTE).then(3 * MINUTE, strange);
    play_all(vec![row.why("another deployment is PRIMARY")]).await;
}
