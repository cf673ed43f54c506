//! Deployments that replace tasks one after the other.

use std::time::Duration;

use ecs_refresh::plan::ledger::Outcome::{Failed, RolledBack, Succeeded, Superseded, TimedOut};
use ecs_refresh::simulator::{Behaviour, Cleanup, Simulator, Threshold};

use super::{
    Row, alarms, cannot_start, deleted, deploys, dies, grows, is_aborted, is_stopped, nothing, old,
    play_all, protected_until, rebalances, redeploys, row, shrinks, when,
};
use crate::harness::MINUTE;

const NOW: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

fn alone() -> Vec<Row> {
    let early = |cleanup| old().early_success(50, cleanup);
    let slow = old().next_revision(Behaviour::Slow(10 * MINUTE));
    let drains = old().deregistration_delay(5 * MINUTE);
    let stuck = old().percents(100, 100);
    let late = |sim: &Simulator| protected_until(sim, when(0, 40));
    vec![
        row("rolling", old(), Succeeded).says(&["refresh under way: 0 of 2", "2 of 2 new tasks"]),
        row("rolling that stops tasks first", old().percents(50, 100), Succeeded),
        row("rolling with tasks that start slowly", slow, Succeeded),
        row("rolling with tasks that are drained", drains, Succeeded),
        row("rolling that its percentages do not let move", stuck, TimedOut)
            .within(20 * MINUTE)
            .why("was unable to stop or start tasks"),
        row("rolling that is PENDING for long", old().pending_for(10 * MINUTE), Succeeded),
        row("rolling with early success, blocking", early(Cleanup::Blocking), Succeeded),
        row("rolling with early success, deferred", early(Cleanup::Deferred), Succeeded),
        row("early success while an old task is protected", early(Cleanup::Deferred), Succeeded)
            .then(NOW, |sim| protected_until(sim, when(3, 0)))
            .says(&["traffic has moved, 1 old task still to go"]),
        row("rolling while an old task is protected", old(), Succeeded)
            .within(20 * MINUTE)
            .then(NOW, |sim| protected_until(sim, when(1, 0)))
            .says(&["1 old task protected until Mon 2026-11-23 01:00 UTC"]),
        row("rolling while a protection is renewed", old(), Succeeded)
            .within(10 * MINUTE)
            .then(NOW, late)
            .then(30 * MINUTE, |sim| sim.protect_anew("prd", "api", when(1, 10)))
            .says(&["protected until Mon 2026-11-23 00:40", "until Mon 2026-11-23 01:10 UTC"]),
        row("rolling while a protection is lifted", old(), Succeeded)
            .within(10 * MINUTE)
            .then(NOW, late)
            .then(20 * MINUTE, |sim| sim.protect_anew("prd", "api", when(0, 0)))
            .says(&["1 old task protected until"]),
    ]
}

fn failing() -> Vec<Row> {
    let broken = || old().next_revision(cannot_start());
    let breaker = |threshold| broken().circuit_breaker(true, true).breaker_threshold(threshold);
    let hangs = old().next_revision(Behaviour::StaysPending);
    let sick = || old().next_revision(Behaviour::NeverHealthy);
    let reason = "CannotPullContainerError: gone".to_owned();
    let at_first = old().next_revision(Behaviour::FailsFirst { tasks: 4, reason });
    let forgiving =
        at_first.clone().circuit_breaker(true, true).breaker_threshold(Threshold::Count(5));
    let strict = at_first.circuit_breaker(true, true).breaker_threshold(Threshold::Count(4));
    let (bounded, unbounded) = (Threshold::BoundedPercent(50), Threshold::UnboundedPercent(50));
    vec![
        row("rolling whose tasks cannot start", broken(), TimedOut)
            .within(20 * MINUTE)
            .why("CannotPullContainerError"),
        row("rolling whose tasks hang", hangs, TimedOut)
            .within(20 * MINUTE)
            .why("0 of 2 tasks were running"),
        row("rolling whose tasks are never healthy", sick(), TimedOut)
            .within(20 * MINUTE)
            .why("health checks"),
        row("a breaker takes it back", broken().circuit_breaker(true, true), RolledBack)
            .says(&["the refresh failed and ECS is rolling back"])
            .why("CannotPullContainerError"),
        row("a breaker stops it", broken().circuit_breaker(true, false), Failed)
            .why("ECS gave up on the deployment and did not roll it back"),
        row("a breaker finds it unhealthy", sick().circuit_breaker(true, true), RolledBack)
            .why("health checks"),
        row("a breaker of BOUNDED_PERCENT", breaker(bounded), RolledBack),
        row("a breaker of UNBOUNDED_PERCENT", breaker(unbounded), RolledBack),
        row("a breaker of COUNT", breaker(Threshold::Count(5)), RolledBack),
        row("a breaker that has patience", forgiving, Succeeded),
        row("a breaker that has less", strict, RolledBack),
    ]
}

fn watched_by_alarms() -> Vec<Row> {
    let watched = || old().alarms(&["5xx"], true);
    vec![
        row("rolling with an alarm's bake", watched(), Succeeded),
        row("rolling whose alarm goes off", watched(), RolledBack).then(MINUTE, alarms),
        row("rolling whose alarm goes off as it bakes", watched(), RolledBack)
            .then(4 * MINUTE, alarms),
        row("rolling whose alarm goes off when it has baked", watched(), Succeeded)
            .then(7 * MINUTE, alarms),
        row("rolling whose alarm rang before", watched(), Succeeded).then(NOW, alarms),
        row("rolling that an alarm stops", old().alarms(&["5xx"], false), Failed)
            .then(MINUTE, alarms)
            .why("ECS gave up on the deployment"),
    ]
}

fn disturbed() -> Vec<Row> {
    let three = || old().desired(3);
    let slow = old().next_revision(Behaviour::Slow(10 * MINUTE));
    vec![
        row("somebody deploys over it", old(), Superseded).then(MINUTE / 2, deploys),
        row("somebody deploys the same over it", slow, Superseded).then(5 * MINUTE, redeploys),
        row("it is deleted", old(), Superseded).then(MINUTE / 2, deleted),
        row("somebody takes it back", old(), RolledBack).then(MINUTE / 2, is_stopped),
        row("somebody stops it where it stands", old(), Failed)
            .then(MINUTE / 2, is_aborted)
            .why("did not roll it back"),
        row("it is scaled up", three(), Succeeded)
            .then(MINUTE / 2, grows)
            .says(&["of 5 new tasks"]),
        row("it is scaled down", three(), Succeeded).then(MINUTE / 2, shrinks),
        row("it is scaled to nothing", three(), Succeeded).then(MINUTE / 2, nothing),
        row("a task moves to another zone", three(), Succeeded).then(65 * SECOND, rebalances),
        row("an old task dies, and ECS replaces it by an old one", three(), Succeeded)
            .then(MINUTE / 2, dies),
        row("its rollout state is not known to this version", old(), Succeeded)
            .then(MINUTE / 2, |sim| sim.set_rollout_state_raw("prd", "api", Some("PAUSED")))
            .then(4 * MINUTE, |sim| sim.set_rollout_state_raw("prd", "api", None)),
        row("its rollout state is not told", old(), Succeeded)
            .then(MINUTE / 2, |sim| sim.set_rollout_state_raw("prd", "api", Some(""))),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_rolls_ends_as_it_should() {
    play_all(alone()).await;
}

#[tokio::test(start_paused = true)]
async fn what_rolls_and_fails_is_told_from_what_does_not() {
    play_all(failing()).await;
}

#[tokio::test(start_paused = true)]
async fn what_rolls_under_alarms_ends_as_they_say() {
    play_all(watched_by_alarms()).await;
}

#[tokio::test(start_paused = true)]
async fn what_rolls_and_is_disturbed_ends_as_it_should() {
    play_all(disturbed()).await;
}
