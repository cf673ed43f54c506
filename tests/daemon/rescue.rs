//! A rollout that times out is rolled back where its policy says `on_failure = "rollback"`: by one
//! call, whatever happens around it.

use std::sync::Arc;
use std::time::Duration;

use ecs_refresh::clock::Time;
use ecs_refresh::plan::evidence::Evidence;
use ecs_refresh::plan::key::ServiceKey;
use ecs_refresh::plan::ledger::Outcome::{
    self, Failed, RolledBack, Succeeded, Superseded, TimedOut,
};
use ecs_refresh::plan::ledger::{Call, Ledger, Record};
use ecs_refresh::plan::notice::{NoticePage, PageKey};
use ecs_refresh::plan::policy::{OnFailure, Policies, Policy, RolloutTimeout};
use ecs_refresh::plan::rescue::RescueAnswer;
use ecs_refresh::plan::schedule::{CronWindow, Schedule, Windows};
use ecs_refresh::reconciler::Trigger;
use ecs_refresh::simulator::{self, Behaviour, Fault, FaultRule, Options, ServiceSpec, Simulator};
use ecs_refresh::store::{Answer, MemoryStore, Store};

use crate::fragile::{Kill, run_and_kill};
use crate::harness::{DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, simulator, weekly};

const SECOND: Duration = Duration::from_secs(1);

/// `prd/api`: two tasks that are too old, whose successors hang. No circuit breaker.
fn hung() -> ServiceSpec {
    let spec = ServiceSpec::new("prd", "api").desired(2).task_age(8 * DAY);
    spec.stop_time(10 * SECOND).next_revision(Behaviour::StaysPending)
}

fn blue_green() -> ServiceSpec {
    hung().strategy("BLUE_GREEN").bake_minutes(5)
}

/// Gives a rollout up after ten minutes, and rolls it back.
fn rolling_back() -> Policies {
    policies([Policy { on_failure: OnFailure::Rollback, ..leaving() }])
}

fn leaving() -> Policy {
    Policy { rollout_timeout: RolloutTimeout::Fixed(10 * MINUTE), ..weekly() }
}

/// Every StopServiceDeployment that is in the call log.
fn stops(sim: &Simulator) -> Vec<simulator::Call> {
    let mut calls = sim.calls();
    calls.retain(|call| call.operation == "StopServiceDeployment");
    calls
}

struct Row {
    what: &'static str,
    spec: ServiceSpec,
    fault: Option<FaultRule>,
    /// What somebody does twenty seconds after the request was sent.
    then: fn(&Simulator),
    outcome: Outcome,
    /// How the diagnosis begins.
    why: &'static str,
    /// A part of a sentence on the way.
    says: &'static str,
}

const ROLLED_BACK: &str =
    "timed out, and was rolled back as on_failure says; 0 of 2 tasks were running";
const ROLLING_BACK: &str = "Rolling: timed out; rolling back as on_failure says; given up at";

fn row(what: &'static str, spec: ServiceSpec) -> Row {
    Row {
        what,
        spec,
        fault: None,
        then: |_| (),
        outcome: RolledBack,
        why: ROLLED_BACK,
        says: ROLLING_BACK,
    }
}

fn deploys(sim: &Simulator) {
    sim.set_behaviour("prd", "api", Behaviour::Healthy);
    sim.deploy("prd", "api", true);
}

fn fails(row: Row, fault: Fault) -> Row {
    Row { fault: Some(FaultRule::new("StopServiceDeployment", fault)), ..row }
}

fn rows() -> Vec<Row> {
    let cannot_start = Behaviour::CannotStart { reason: "CannotPullContainerError: no".to_owned() };
    let unhealthy = hung().next_revision(Behaviour::NeverHealthy);
    let refused = "timed out, and its rollback was refused: StopServiceDeployment: ";
    let unknown = "timed out; StopServiceDeployment was sent or about to be";
    vec![
        row("a rolling deployment that hangs", hung()),
        row("one whose tasks cannot start", hung().next_revision(cannot_start)),
        Row {
            why: "timed out, and was rolled back",
            ..row("one that never is healthy", unhealthy)
        },
        row("blue/green", blue_green()),
        row("linear", blue_green().linear(25.0, 5)),
        row("canary", blue_green().canary(10.0, 5)),
        Row {
            outcome: Failed,
            why: "timed out, and its rollback failed; 0 of 2",
            ..row("blue/green whose rollback fails", blue_green().rollback_fails(true))
        },
        Row {
            then: deploys,
            outcome: Superseded,
            why: "it timed out, and somebody else's newer deployment took over",
            ..row("somebody deploys over it", hung().stop_time(5 * MINUTE))
        },
        Row {
            then: |sim| sim.delete_service("prd", "api"),
            outcome: Superseded,
            why: "the service was deleted",
            ..row("the service is deleted", hung())
        },
        Row { says: unknown, ..fails(row("the reply is lost", hung()), Fault::LoseReply) },
        Row {
            outcome: TimedOut,
            why: "timed out; its rollback was to be asked for, and ECS does not roll it back; 0 of 2",
            says: unknown,
            ..fails(row("the request is lost", hung()), Fault::DropRequest)
        },
        Row {
            outcome: TimedOut,
            why: "timed out; its rollback was to be asked for, and ECS does not roll it back",
            says: unknown,
            ..fails(row("the server fails", hung()), Fault::ServerError)
        },
        Row {
            outcome: TimedOut,
            why: refused,
            says: "rolling back as on_failure says was refused: StopServiceDeployment: AccessDenied",
            ..fails(row("it is denied", hung()), Fault::AccessDenied)
        },
        Row {
            outcome: TimedOut,
            why: refused,
            says: "rolling back as on_failure says was refused: StopServiceDeployment: Throttling",
            ..fails(row("it is throttled", hung()), Fault::Throttle)
        },
        fails(row("the reply is late", hung()), Fault::Delay(20 * SECOND)),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Trouble {
    None,
    StaleReads,
    Restart,
}

async fn play(row: &Row, trouble: Trouble) {
    let clock = clock();
    let stale_reads = if trouble == Trouble::StaleReads { 60 * SECOND } else { Duration::ZERO };
    let sim = Simulator::new(clock.time_source(), Options { stale_reads, ..Options::default() });
    sim.add_service(row.spec.clone());
    row.fault.iter().for_each(|fault| sim.inject(fault.clone()));
    let setup = Setup::new(rolling_back());
    let mut daemon = setup.start(&sim, &clock).await;
    let at = format!("{} ({trouble:?})", row.what);
    let mut said = Vec::new();
    while stops(&sim).is_empty() {
        daemon.run_watched(5 * SECOND, |daemon| said.push(daemon.says("api"))).await;
        assert!(clock.now() < crate::harness::epoch() + HOUR, "{at}: {}", daemon.says("api"));
    }
    daemon.run_watched(20 * SECOND, |daemon| said.push(daemon.says("api"))).await;
    (row.then)(&sim);
    if trouble == Trouble::Restart {
        daemon = setup.start(&sim, &clock).await;
    }
    for _ in 0..20 {
        if daemon.last("api").is_none() {
            daemon.run_watched(5 * MINUTE, |daemon| said.push(daemon.says("api"))).await;
        }
    }
    daemon.run_for(5 * MINUTE).await;
    let last = daemon.last("api").unwrap_or_else(|| panic!("{at}: {}", daemon.says("api")));
    assert_eq!(last.outcome, row.outcome, "{at}: {}", last.diagnosis);
    assert!(last.diagnosis.starts_with(row.why), "{at}: {}", last.diagnosis);
    assert_eq!(stops(&sim).len(), 1, "{at}");
    assert!(sim.calls().len() < 1_000, "{at}: {} calls", sim.calls().len());
    said.dedup();
    assert!(said.iter().any(|says| says.contains(row.says)), "{at}: {}: {said:#?}", row.says);
    if last.outcome == RolledBack {
        is_back(&sim, &at);
        assert_eq!(sim.started_deployments("prd", "api"), 1, "{at}");
    }
}

/// All tasks run, on the PRIMARY alone, and that is not the deployment that hung.
fn is_back(sim: &Simulator, at: &str) {
    let view = sim.service("prd", "api");
    assert_eq!(view.deployments.len(), 1, "{at}: {view:?}");
    assert_eq!(view.primary().unwrap().rollout_state, "COMPLETED", "{at}");
    let running = view.active_tasks().filter(|task| task.last_status == "RUNNING");
    assert_eq!(running.count(), 2, "{at}: {view:?}");
}

#[tokio::test(start_paused = true)]
async fn every_rollout_that_times_out_is_rolled_back_once() {
    for row in rows() {
        play(&row, Trouble::None).await;
    }
}

#[tokio::test(start_paused = true)]
async fn stale_reads_change_nothing_of_it() {
    for row in rows() {
        play(&row, Trouble::StaleReads).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_changes_nothing_of_it() {
    for row in rows() {
        play(&row, Trouble::Restart).await;
    }
}

/// Quick, so that there are few events to be killed after.
fn quick() -> (ServiceSpec, Setup) {
    let policy = Policy {
        rollout_timeout: RolloutTimeout::Fixed(MINUTE / 2),
        on_failure: OnFailure::Rollback,
        ..weekly()
    };
    let spec = hung().start_time(5 * SECOND).healthy_after(5 * SECOND).stop_time(SECOND);
    (spec, Setup::new(policies([policy])).resync(10 * MINUTE))
}

/// Rolls one rollout back with one kill on the way. Whether the kill came before the refresh had
/// ended, and what became of it.
async fn play_killed(kill: Kill, latency: Duration) -> (bool, Outcome) {
    let clock = clock();
    let sim = Simulator::new(clock.time_source(), Options { latency, ..Options::default() });
    let (spec, setup) = quick();
    sim.add_service(spec);
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let setup = setup.store(memory);
    let in_time = run_and_kill(&setup, kill, &sim, &clock).await;
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_until_ended("api", 25 * MINUTE).await;
    let how = format!("{kill:?}: {}", daemon.says("api"));
    let last = daemon.last("api").expect(&how).clone();
    daemon.run_for(11 * MINUTE).await;
    assert_eq!(daemon.last("api"), Some(&last), "{how}");
    assert_eq!(sim.started_deployments("prd", "api"), 1, "{how}");
    // What was not sent before the kill is not sent after it.
    let expected = if stops(&sim).is_empty() { TimedOut } else { RolledBack };
    assert_eq!(last.outcome, expected, "{how}: {last:?}");
    assert!(stops(&sim).len() <= 1, "{how}: {:?}", stops(&sim));
    (in_time, last.outcome)
}

#[tokio::test(start_paused = true)]
async fn a_kill_after_any_event_sends_no_second_request() {
    let mut kills = 0;
    while play_killed(Kill::AfterEvents(kills + 1), Duration::ZERO).await.0 {
        kills += 1;
        assert!(kills < 200, "the refresh never ends");
    }
    assert!(kills > 10, "only {kills} events");
}

#[tokio::test(start_paused = true)]
async fn a_kill_around_any_save_sends_no_second_request() {
    let mut after = Vec::new();
    while play_killed(Kill::BeforeSave(after.len() + 1), Duration::ZERO).await.0 {
        after.push(play_killed(Kill::AfterSaves(after.len() + 1), Duration::ZERO).await.1);
    }
    // Intent, answer, intent of the rollback, its answer, end. Whoever is killed between the third and
    // the request leaves one that may have been sent, and nobody sends it again.
    assert_eq!(after, [RolledBack, RolledBack, TimedOut, RolledBack, RolledBack]);
}

#[tokio::test(start_paused = true)]
async fn a_kill_while_the_request_is_on_its_way_sends_no_second_one() {
    let latency = Duration::from_millis(400);
    for step in 0..20 {
        let time = MINUTE / 2 + latency / 2 * step;
        assert!(play_killed(Kill::AfterTime(time), latency).await.0);
    }
}

async fn daemon_over(spec: ServiceSpec, setup: &Setup) -> (Simulator, Daemon) {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(spec);
    let daemon = setup.start(&sim, &clock).await;
    (sim, daemon)
}

#[tokio::test(start_paused = true)]
async fn without_on_failure_a_rollout_is_left_to_people() {
    let (sim, mut daemon) = daemon_over(hung(), &Setup::new(policies([leaving()]))).await;
    daemon.run_for(2 * HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, TimedOut);
    assert!(!last.diagnosis.contains("rolled back"), "{}", last.diagnosis);
    assert_eq!(stops(&sim), []);
}

#[tokio::test(start_paused = true)]
async fn a_rollout_of_a_removed_policy_is_left_to_people() {
    let (sim, mut daemon) = daemon_over(hung(), &Setup::new(rolling_back())).await;
    daemon.run_for(MINUTE).await;
    let renamed = Policy { name: "renamed".into(), ..rolling_back().policies.remove(0) };
    daemon.reload(policies([renamed])).await;
    daemon.run_for(2 * HOUR).await;
    assert_eq!(daemon.ended("api").outcome, TimedOut);
    assert_eq!(stops(&sim), []);
}

#[tokio::test(start_paused = true)]
async fn in_a_dry_run_nothing_is_asked_for() {
    let (sim, mut daemon) = daemon_over(hung(), &Setup::new(rolling_back())).await;
    daemon.run_for(MINUTE).await;
    daemon.reload(Policies { dry_run: true, ..rolling_back() }).await;
    let mut said = Vec::new();
    daemon.run_watched(HOUR, |daemon| said.push(daemon.says("api"))).await;
    assert!(daemon.last("api").is_none());
    let dry = "Rolling: timed out; on_failure says to roll it back (dry run: not asked for)";
    assert!(said.iter().any(|says| says == dry), "{}", daemon.says("api"));
    assert_eq!(stops(&sim), []);
    daemon.reload(rolling_back()).await;
    daemon.run_for(HOUR).await;
    assert_eq!(daemon.ended("api").outcome, RolledBack);
    assert_eq!(stops(&sim).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_keeps_its_slot_and_counts_as_one_failure() {
    let (sim, mut daemon) =
        daemon_over(hung().stop_time(5 * MINUTE), &Setup::new(rolling_back())).await;
    sim.add_service(ServiceSpec::new("prd", "web").task_age(8 * DAY));
    daemon.run_for(12 * MINUTE).await;
    assert!(daemon.says("api").starts_with(ROLLING_BACK), "{}", daemon.says("api"));
    assert!(daemon.says("web").contains("the policy's concurrency is 1"), "{}", daemon.says("web"));
    daemon.run_for(HOUR).await;
    assert_eq!(daemon.ended("api").outcome, RolledBack);
    assert!(daemon.says("web").contains("policy stopped: 1 failed"), "{}", daemon.says("web"));
    let counted = r#"refreshes_total{cause="age",outcome="rolled_back",policy="weekly"}"#;
    assert_eq!(daemon.metric(counted), Some(1.0));
}

#[tokio::test(start_paused = true)]
async fn three_rollbacks_in_a_row_hold_the_service() {
    for spec in [hung(), blue_green()] {
        let every_hour = CronWindow::new("0 * * * *", 20 * MINUTE).unwrap();
        let schedule =
            Schedule::new(chrono_tz::Tz::UTC, Windows::Cron(vec![every_hour]), Vec::new()).unwrap();
        let max_task_age = Some(Duration::ZERO);
        let policy = Policy { schedule, max_task_age, ..rolling_back().policies.remove(0) };
        let setup = Setup::new(policies([policy]));
        let (sim, mut daemon) = daemon_over(spec, &setup).await;
        daemon.run_for(6 * HOUR).await;
        assert_eq!(stops(&sim).len(), 3);
        let says = daemon.says("api");
        assert!(says.contains("3 refreshes in a row failed (the last: rolled_back)"), "{says}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollout_whose_rollback_was_refused_is_known_as_ours_afterwards() {
    let (sim, mut daemon) = daemon_over(hung(), &Setup::new(rolling_back())).await;
    sim.inject(FaultRule::new("StopServiceDeployment", Fault::AccessDenied));
    daemon.run_for(HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, TimedOut);
    assert!(last.diagnosis.contains("allow the IAM action ecs:StopServiceDeployment"));
    let answer = &last.attempt.rescue.as_ref().unwrap().answer;
    assert!(matches!(answer, RescueAnswer::Refused { .. }), "{answer:?}");
    let says = daemon.says("api");
    assert!(says.contains("of our last refresh (timed_out) is still rolling out"), "{says}");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_without_an_end_is_given_up_after_an_hour() {
    // Its tasks run on for two hours after they were told to stop.
    let (sim, mut daemon) =
        daemon_over(hung().stop_time(2 * HOUR), &Setup::new(rolling_back())).await;
    sim.set_completed_behaviour("prd", "api", Behaviour::StaysPending);
    daemon.run_for(69 * MINUTE).await;
    assert!(daemon.says("api").starts_with(ROLLING_BACK), "{}", daemon.says("api"));
    daemon.run_for(2 * MINUTE).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, TimedOut);
    assert!(
        last.diagnosis.starts_with("timed out, and the rollback asked for has not ended; 0 of 2")
    );
    let says = daemon.says("api");
    assert!(says.contains("of our last refresh (timed_out) is still rolling out"), "{says}");
    assert_eq!(stops(&sim).len(), 1);
}

/// A store that takes its time over what is about to be sent.
#[derive(Debug)]
struct SlowStore(MemoryStore);

impl Store for SlowStore {
    fn load(&self) -> Answer<'_, Ledger> {
        self.0.load()
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        let asks = record.open.as_ref().is_some_and(|open| {
            open.rescue.as_ref().is_some_and(|rescue| rescue.answer == RescueAnswer::Unknown)
        });
        Box::pin(async move {
            if asks {
                tokio::time::sleep(10 * SECOND).await;
            }
            self.0.save(service, record).await
        })
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        self.0.remove(service)
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        self.0.save_page(page)
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        self.0.remove_page(page)
    }

    fn append<'a>(&'a self, evidence: &'a Evidence) -> Answer<'a, ()> {
        self.0.append(evidence)
    }

    fn history<'a>(
        &'a self,
        service: Option<&'a ServiceKey>,
        since: Option<Time>,
    ) -> Answer<'a, Vec<Evidence>> {
        self.0.history(service, since)
    }
}

/// A daemon that is storing that it is about to ask for a rollback.
async fn about_to_ask() -> (Simulator, Setup, Daemon) {
    let store: Arc<dyn Store> = Arc::new(SlowStore(MemoryStore::default()));
    let setup = Setup::new(rolling_back()).store(store);
    let (sim, mut daemon) = daemon_over(hung(), &setup).await;
    while !daemon.says("api").contains("sent or about to be, to roll back") {
        daemon.run_for(SECOND).await;
    }
    (sim, setup, daemon)
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_keeps_the_request_from_leaving_and_the_next_start_sends_it() {
    let (sim, setup, mut daemon) = about_to_ask().await;
    daemon.tell(Trigger::Shutdown).await;
    daemon.run_for(MINUTE).await;
    assert_eq!(stops(&sim), []);
    let clock = daemon.clock.clone();
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(HOUR).await;
    assert_eq!(daemon.ended("api").outcome, RolledBack);
    assert_eq!(stops(&sim).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_becomes_steady_around_its_deadline_is_called_what_it_is() {
    let (mut refused, mut rolled_back) = (0, 0);
    for step in 0..24 {
        let store: Arc<dyn Store> = Arc::new(SlowStore(MemoryStore::default()));
        let takes = 8 * MINUTE + MINUTE / 2 + 5 * SECOND * step;
        let spec = hung().next_revision(Behaviour::Slow(takes));
        let setup = Setup::new(rolling_back()).store(store);
        let (sim, mut daemon) = daemon_over(spec, &setup).await;
        daemon.run_until_ended("api", HOUR).await;
        let last = daemon.ended("api");
        let view = sim.service("prd", "api");
        assert_eq!(view.primary().unwrap().rollout_state, "COMPLETED", "{takes:?}: {last:?}");
        let Call::Accepted { deployment, .. } = &last.attempt.call else { panic!("{last:?}") };
        let stays = view.primary().unwrap().id == deployment.as_str();
        let expected = if stays { Succeeded } else { RolledBack };
        assert_eq!(last.outcome, expected, "{takes:?}: {last:?}");
        assert!(stops(&sim).len() <= 1, "{takes:?}");
        refused += u32::from(stays && last.attempt.rescue.is_some());
        rolled_back += u32::from(!stays);
    }
    assert!(refused > 0 && rolled_back > 0, "{refused} refused, {rolled_back} rolled back");
}

#[tokio::test(start_paused = true)]
async fn a_reload_keeps_the_request_from_leaving_and_decides_anew() {
    for (policies, outcome, sent) in
        [(rolling_back(), RolledBack, 1), (policies([leaving()]), TimedOut, 0)]
    {
        let (sim, _, mut daemon) = about_to_ask().await;
        daemon.reload(policies).await;
        daemon.run_for(11 * SECOND).await;
        assert_eq!(stops(&sim), []);
        daemon.run_for(HOUR).await;
        assert_eq!(daemon.ended("api").outcome, outcome);
        assert_eq!(stops(&sim).len(), sent);
    }
}
