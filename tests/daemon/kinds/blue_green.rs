//! What else happens to deployments with a blue and a green side.

use std::time::Duration;

use ecs_refresh::plan::ledger::Outcome::{Failed, RolledBack, Succeeded};
use ecs_refresh::simulator::{Cleanup, Hook, HookAction, ServiceSpec, Threshold};

use super::staged::{blue_green, canary, linear};
use super::{
    Row, alarms, cannot_start, dies, grows, held, is_aborted, is_stopped, nothing, old, play_all,
    protected_until, rebalances, row, shrinks, when,
};
use crate::harness::MINUTE;

const NOW: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

fn waiting() -> Vec<Row> {
    let pauses = |action| Hook::pause("POST_SCALE_UP").timeout(20, action);
    let hangs = |action| Hook::lambda("POST_SCALE_UP").hangs().timeout(20, action);
    let (on, back) = (HookAction::Continue, HookAction::Rollback);
    let expires =
        "a pause hook waits for a person at post scale up, until Mon 2026-11-23 00:21 UTC";
    vec![
        row("a pause that ends with a rollback", blue_green().hook(pauses(back)), RolledBack)
            .says(&[expires, "ECS is rolling back"]),
        row("a pause that ends by going on", blue_green().hook(pauses(on)), Succeeded)
            .says(&[expires, "bake time"]),
        row("a hook that times out", blue_green().hook(hangs(back)), RolledBack)
            .says(&["post scale up for", "ECS is rolling back"]),
        row("a hook that may time out", blue_green().hook(hangs(on)), Succeeded)
            .says(&["post scale up for", "bake time"]),
        row("PENDING for long", blue_green().pending_for(10 * MINUTE), Succeeded)
            .says(&["0 of 2 new tasks running", "scale up"]),
        row("blue tasks that are protected", blue_green(), Succeeded)
            .within(10 * MINUTE)
            .then(NOW, |sim| protected_until(sim, when(0, 40)))
            .says(&["clean up for", "1 old task protected until Mon 2026-11-23 00:40 UTC"]),
        row("early success, which means nothing here", early(), Succeeded),
    ]
}

fn early() -> ServiceSpec {
    blue_green().early_success(50, Cleanup::Blocking)
}

fn disturbed() -> Vec<Row> {
    let watched = || blue_green().alarms(&["5xx"], true);
    let fails = blue_green().next_revision(cannot_start());
    vec![
        row("an alarm that rang before", watched(), Succeeded).then(NOW, alarms),
        row("an alarm while it bakes", watched(), RolledBack).then(10 * MINUTE, alarms),
        row("an alarm when it has baked", watched(), Succeeded).then(740 * SECOND, alarms),
        row("a breaker of COUNT", fails.breaker_threshold(Threshold::Count(1)), RolledBack)
            .why("CannotPullContainerError"),
        row("a rollback that somebody asks for", blue_green(), RolledBack).then(MINUTE, is_stopped),
        row("a rollback that somebody asks for as it bakes", blue_green(), RolledBack)
            .then(5 * MINUTE, is_stopped),
        row("an end that somebody makes", blue_green(), Failed).then(MINUTE, is_aborted),
        row("scaled up", blue_green(), Succeeded).then(MINUTE, grows).says(&["of 5 new tasks"]),
        row("scaled down", blue_green().desired(3), Succeeded).then(5 * MINUTE, shrinks),
        row("scaled to nothing", blue_green(), Succeeded).then(MINUTE, nothing),
        row("a green task moves to another zone", blue_green(), Succeeded)
            .then(5 * MINUTE, rebalances),
        row("a blue task dies, and ECS replaces it by a blue one", blue_green(), Succeeded)
            .then(MINUTE, dies),
        row("a stage that is not known to this version", blue_green(), Succeeded)
            .then(MINUTE, |sim| sim.set_stage_raw("prd", "api", Some("WARM_UP")))
            .says(&["warm up for"]),
        row("a status that is not known to this version", blue_green(), Succeeded)
            .then(MINUTE, |sim| sim.set_deployment_status_raw("prd", "api", Some("PAUSED"))),
    ]
}

fn never_started() -> Vec<Row> {
    let paused = |spec: ServiceSpec| spec.hook(Hook::pause("POST_SCALE_UP"));
    let person = "needs a person: pause hook at POST_SCALE_UP";
    vec![
        held("EXTERNAL", old().controller("EXTERNAL"), "its controller is EXTERNAL"),
        held("blue/green with a pause hook", paused(blue_green()), person),
        held("linear with a pause hook", paused(linear()), person),
        held("canary with a pause hook", paused(canary()), person),
        held("a strategy of the future", old().strategy("RAINBOW"), "RAINBOW"),
    ]
}

#[tokio::test(start_paused = true)]
async fn what_waits_ends_as_it_should() {
    play_all(waiting()).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_disturbed_ends_as_it_should() {
    play_all(disturbed()).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_held_is_never_called() {
    play_all(never_started()).await;
}
