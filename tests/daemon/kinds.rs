//! Every kind of deployment that ECS makes itself, and what happens to it: one table.
//!
//! Each row is also tried with a lost reply, with stale reads and with a restart in the middle: none
//! of them may change the outcome or start a second deployment.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ecs_refresh::plan::ledger::Outcome::{
    self, Failed, RolledBack, Succeeded, Superseded, TimedOut,
};
use ecs_refresh::plan::policy::Policy;
use ecs_refresh::simulator::{
    Behaviour, Cleanup, Fault, FaultRule, Hook, HookAction, Options, ServiceSpec, Simulator,
};
use ecs_refresh::store::{MemoryStore, Store};

use crate::harness::{DAY, HOUR, MINUTE, Setup, clock, policies, weekly};

/// What somebody or something else does after so long.
type Event = (Duration, fn(&Simulator));

struct Row {
    what: String,
    spec: ServiceSpec,
    events: Vec<Event>,
    outcome: Outcome,
    /// Parts of sentences that are shown on the way.
    says: Vec<&'static str>,
    /// A part of the diagnosis.
    why: &'static str,
}

fn row(what: &str, spec: ServiceSpec, outcome: Outcome) -> Row {
    Row { what: what.to_owned(), spec, events: Vec::new(), outcome, says: Vec::new(), why: "" }
}

impl Row {
    fn then(mut self, after: Duration, event: fn(&Simulator)) -> Self {
        self.events.push((after, event));
        self
    }

    fn says(mut self, says: &[&'static str]) -> Self {
        self.says = says.to_vec();
        self
    }

    fn why(mut self, why: &'static str) -> Self {
        self.why = why;
        self
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    LostReply,
    StaleReads,
    Restart,
}

/// `prd/api`: two tasks that are too old.
fn old() -> ServiceSpec {
    ServiceSpec::new("prd", "api").desired(2).task_age(8 * DAY)
}

fn blue_green() -> ServiceSpec {
    old().strategy("BLUE_GREEN").bake_minutes(10)
}

fn linear() -> ServiceSpec {
    old().strategy("LINEAR").linear(25.0, 5).bake_minutes(2)
}

fn canary() -> ServiceSpec {
    old().strategy("CANARY").canary(10.0, 10).bake_minutes(2)
}

fn cannot_start() -> Behaviour {
    Behaviour::CannotStart { reason: "CannotPullContainerError: gone".to_owned() }
}

fn deploys(sim: &Simulator) {
    sim.deploy("prd", "api", true);
}

fn alarms(sim: &Simulator) {
    sim.raise_alarm("prd", "api", "5xx");
}

fn goes_on(sim: &Simulator) {
    sim.continue_deployment("prd", "api", HookAction::Continue);
}

fn goes_back(sim: &Simulator) {
    sim.continue_deployment("prd", "api", HookAction::Rollback);
}

fn deleted(sim: &Simulator) {
    sim.delete_service("prd", "api");
}

/// An old task may not be stopped for three hours from the start.
fn protected(sim: &Simulator) {
    let until: SystemTime = (crate::harness::epoch() + chrono::TimeDelta::hours(3)).into();
    sim.protect_task("prd", "api", until);
}

fn staged() -> Vec<Row> {
    let kinds = [("blue/green", blue_green()), ("linear", linear()), ("canary", canary())];
    kinds.into_iter().flat_map(|(kind, spec)| of_kind(kind, &spec)).collect()
}

/// What may happen to a deployment that shifts traffic.
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
        row("alone", spec(), Succeeded).says(&["scale up", "bake time, 1 of"]),
        row("whose tasks cannot start", broken, RolledBack).why("CannotPullContainerError"),
        row("whose tasks hang", hung, TimedOut),
        row("whose hook succeeds", checked, Succeeded),
        row("whose hook fails", failing, RolledBack),
        row("that a person lets go on", paused(), Succeeded).then(HOUR, goes_on).says(&[person]),
        row("that a person takes back", paused(), RolledBack).then(HOUR, goes_back),
        row("whose alarm goes off", watched(), RolledBack).then(3 * MINUTE, alarms),
        row("whose alarm stays quiet", watched(), Succeeded),
        row("that somebody deploys over", spec(), Superseded).then(2 * MINUTE, deploys),
        row("that is deleted", spec(), Superseded).then(2 * MINUTE, deleted),
        row("whose rollback fails", watched().rollback_fails(true), Failed)
            .then(3 * MINUTE, alarms)
            .why("so did its rollback"),
    ]
}

fn rolling() -> Vec<Row> {
    let early = |cleanup| old().early_success(50, cleanup);
    vec![
        row("rolling", old(), Succeeded),
        row("rolling with an alarm's bake", old().alarms(&["5xx"], true), Succeeded),
        row("rolling whose alarm goes off", old().alarms(&["5xx"], true), RolledBack)
            .then(MINUTE, alarms),
        row("rolling with early success, blocking", early(Cleanup::Blocking), Succeeded),
        row("rolling with early success, deferred", early(Cleanup::Deferred), Succeeded),
        row("early success while an old task is protected", early(Cleanup::Deferred), Succeeded)
            .then(Duration::ZERO, protected)
            .says(&["traffic has moved, 1 old task still to go"]),
        row("rolling while an old task is protected", old(), Succeeded)
            .then(Duration::ZERO, protected)
            .says(&["1 old task protected until Mon 2026-11-23 03:00 UTC"]),
        row("rolling whose tasks cannot start", old().next_revision(cannot_start()), TimedOut)
            .why("CannotPullContainerError"),
        row(
            "rolling that its breaker takes back",
            old().circuit_breaker(true, true).next_revision(cannot_start()),
            RolledBack,
        ),
        row(
            "rolling that its breaker stops",
            old().circuit_breaker(true, false).next_revision(cannot_start()),
            Failed,
        ),
        row("rolling that somebody deploys over", old(), Superseded).then(MINUTE / 2, deploys),
    ]
}

async fn play(row: &Row, trouble: Trouble) {
    let clock = clock();
    let stale =
        if trouble == Trouble::StaleReads { Duration::from_secs(30) } else { Duration::ZERO };
    let options = Options { stale_reads: stale, ..Options::default() };
    let sim = Simulator::new(clock.time_source(), options);
    sim.add_service(row.spec.clone());
    if trouble == Trouble::LostReply {
        sim.inject(FaultRule::new("UpdateService", Fault::LoseReply).times(1));
    }
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let policy = Policy { allow_pause: true, ..weekly() };
    let setup = Setup::new(policies([policy])).store(Arc::clone(&store));
    let mut daemon = setup.start(&sim, &clock).await;
    let mut said = Vec::new();
    let mut hear = |daemon: &crate::harness::Daemon| said.push(daemon.says("api"));
    let mut passed = Duration::ZERO;
    for (after, event) in &row.events {
        daemon.run_watched(*after - passed, &mut hear).await;
        passed = *after;
        event(&sim);
    }
    if trouble == Trouble::Restart {
        daemon.run_watched(MINUTE, &mut hear).await;
        daemon = setup.start(&sim, &clock).await;
    }
    for _ in 0..26 {
        if daemon.last("api").is_none() {
            daemon.run_watched(HOUR, &mut hear).await;
        }
    }
    let at = format!("{} ({trouble:?})", row.what);
    let last = daemon.last("api").unwrap_or_else(|| panic!("{at}: {}", daemon.says("api")));
    assert_eq!(last.outcome, row.outcome, "{at}: {}", last.diagnosis);
    assert!(last.diagnosis.contains(row.why), "{at}: {}", last.diagnosis);
    if row.what.contains("deleted") {
        return;
    }
    assert_eq!(sim.started_deployments("prd", "api"), 1, "{at}");
    assert!(sim.calls().len() < 3_000, "{at}: {} calls", sim.calls().len());
    if trouble == Trouble::None {
        for part in &row.says {
            said.dedup();
            assert!(said.iter().any(|says| says.contains(*part)), "{at}: {part}: {said:#?}");
        }
    }
}

async fn play_all(rows: Vec<Row>, trouble: Trouble) {
    for row in rows {
        play(&row, trouble).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_kind_ends_as_it_should() {
    play_all(rolling(), Trouble::None).await;
    play_all(staged(), Trouble::None).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_changes_no_outcome() {
    play_all(rolling(), Trouble::LostReply).await;
    play_all(staged(), Trouble::LostReply).await;
}

#[tokio::test(start_paused = true)]
async fn stale_reads_change_no_outcome() {
    play_all(rolling(), Trouble::StaleReads).await;
    play_all(staged(), Trouble::StaleReads).await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_in_the_middle_changes_no_outcome() {
    play_all(rolling(), Trouble::Restart).await;
    play_all(staged(), Trouble::Restart).await;
}
