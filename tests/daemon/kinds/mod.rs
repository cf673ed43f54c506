//! Every kind of deployment and what happens to it: one table, in files by kind.
//!
//! Each row is also tried with a lost reply, with stale reads and with a restart in the middle: none
//! of them may change the outcome or start a second deployment, and no row costs many calls.

mod blue_green;
mod rolling;
mod staged;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::plan::policy::{Policy, RolloutTimeout};
use ecs_refresh::plan::verdict::VerdictKind;
use ecs_refresh::simulator::{
    Behaviour, Fault, FaultRule, HookAction, Options, ServiceSpec, Simulator,
};
use ecs_refresh::store::{MemoryStore, Store};

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, epoch, policies, service, unchecked, weekly,
};

/// No row may cost more calls than this, whatever goes wrong on the way.
const CALLS_MAX: usize = 300;

/// What somebody or something else does after so long.
type Event = (Duration, fn(&Simulator));

/// A kind of deployment of `prd/api`, what happens to it, and what is to become of it.
pub(crate) struct Row {
    pub(crate) what: String,
    spec: ServiceSpec,
    policy: Policy,
    /// Puts what else there is into the world.
    world: fn(&Simulator),
    events: Vec<Event>,
    /// None: it is held, and nothing is ever sent.
    outcome: Option<Outcome>,
    /// Parts of verdicts that are shown on the way, in that order.
    says: Vec<&'static str>,
    /// A part of the diagnosis.
    why: &'static str,
    /// The one call that starts a deployment, and how many deployments it has started.
    call: &'static str,
    started: fn(&Simulator) -> usize,
}

/// A row that ends so.
pub(crate) fn row(what: &str, spec: ServiceSpec, outcome: Outcome) -> Row {
    Row {
        what: what.to_owned(),
        spec,
        policy: Policy { allow_pause: true, ..unchecked(weekly()) },
        world: |_| (),
        events: Vec::new(),
        outcome: Some(outcome),
        says: Vec::new(),
        why: "",
        call: "UpdateService",
        started: |sim| sim.started_deployments("prd", "api"),
    }
}

/// A row of a service that is held for this reason.
pub(crate) fn held(what: &str, spec: ServiceSpec, says: &'static str) -> Row {
    let policy = Policy { allow_pause: false, ..unchecked(weekly()) };
    Row { outcome: None, policy, ..row(what, spec, Outcome::Failed).says(&[says]) }
}

impl Row {
    pub(crate) fn then(mut self, after: Duration, event: fn(&Simulator)) -> Self {
        self.events.push((after, event));
        self
    }

    pub(crate) fn says(mut self, says: &[&'static str]) -> Self {
        self.says = says.to_vec();
        self
    }

    pub(crate) fn why(self, why: &'static str) -> Self {
        Self { why, ..self }
    }

    /// The policy's `rollout_timeout`.
    pub(crate) fn within(self, timeout: Duration) -> Self {
        let rollout_timeout = RolloutTimeout::Fixed(timeout);
        self.under(|policy| Policy { rollout_timeout, ..policy })
    }

    /// Another policy.
    pub(crate) fn under(self, change: impl FnOnce(Policy) -> Policy) -> Self {
        Self { policy: change(self.policy), ..self }
    }

    /// In a world in which there is more than the service.
    #[allow(dead_code, reason = "what ECS deploys by itself needs nothing else")]
    pub(crate) fn world(self, world: fn(&Simulator)) -> Self {
        Self { world, ..self }
    }

    /// Started by another call than UpdateService.
    #[allow(dead_code, reason = "ECS deploys by UpdateService alone")]
    pub(crate) fn started_by(self, call: &'static str, started: fn(&Simulator) -> usize) -> Self {
        Self { call, started, ..self }
    }
}

/// What else goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Trouble {
    None,
    LostReply,
    StaleReads,
    Restart,
}

/// `prd/api`: two tasks that are too old.
pub(crate) fn old() -> ServiceSpec {
    ServiceSpec::new("prd", "api").desired(2).task_age(8 * DAY)
}

pub(crate) fn cannot_start() -> Behaviour {
    Behaviour::CannotStart { reason: "CannotPullContainerError: gone".to_owned() }
}

pub(crate) fn deploys(sim: &Simulator) {
    sim.deploy("prd", "api", true);
}

pub(crate) fn alarms(sim: &Simulator) {
    sim.raise_alarm("prd", "api", "5xx");
}

pub(crate) fn redeploys(sim: &Simulator) {
    sim.deploy("prd", "api", false);
}

pub(crate) fn deleted(sim: &Simulator) {
    sim.delete_service("prd", "api");
}

pub(crate) fn goes_on(sim: &Simulator) {
    sim.continue_deployment("prd", "api", HookAction::Continue);
}

pub(crate) fn goes_back(sim: &Simulator) {
    sim.continue_deployment("prd", "api", HookAction::Rollback);
}

/// Somebody calls StopServiceDeployment, which rolls back.
pub(crate) fn is_stopped(sim: &Simulator) {
    sim.stop_deployment("prd", "api", true);
}

/// Somebody stops it without a rollback.
pub(crate) fn is_aborted(sim: &Simulator) {
    sim.stop_deployment("prd", "api", false);
}

pub(crate) fn grows(sim: &Simulator) {
    sim.set_desired("prd", "api", 5);
}

pub(crate) fn shrinks(sim: &Simulator) {
    sim.set_desired("prd", "api", 1);
}

pub(crate) fn nothing(sim: &Simulator) {
    sim.set_desired("prd", "api", 0);
}

/// The oldest task dies.
pub(crate) fn dies(sim: &Simulator) {
    assert!(sim.kill_task("prd", "api").is_some());
}

pub(crate) fn rebalances(sim: &Simulator) {
    assert!(sim.rebalance_task("prd", "api").is_some());
}

/// An instant so many hours and minutes after the start.
pub(crate) fn when(hours: i64, minutes: i64) -> SystemTime {
    (epoch() + chrono::TimeDelta::minutes(60 * hours + minutes)).into()
}

/// An old task may not be stopped until then.
pub(crate) fn protected_until(sim: &Simulator, until: SystemTime) {
    sim.protect_task("prd", "api", until);
}

/// Plays a row to its end and checks what became of it.
pub(crate) async fn play(row: &Row, trouble: Trouble) {
    let clock = clock();
    let stale = match trouble {
        Trouble::StaleReads => Duration::from_secs(30),
        _ => Duration::ZERO,
    };
    let options = Options { stale_reads: stale, ..Options::default() };
    let sim = Simulator::new(clock.time_source(), options);
    sim.add_service(row.spec.clone());
    (row.world)(&sim);
    if trouble == Trouble::LostReply {
        sim.inject(FaultRule::new(row.call, Fault::LoseReply).times(1));
    }
    let store: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let setup = Setup::new(policies([row.policy.clone()])).resync(HOUR).store(Arc::clone(&store));
    let mut daemon = setup.start(&sim, &clock).await;
    let mut said = Vec::new();
    let mut hear = |daemon: &Daemon| {
        let says = daemon.says("api");
        if said.last() != Some(&says) {
            said.push(says);
        }
    };
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
    let started = (row.started)(&sim);
    match row.outcome {
        Some(outcome) => {
            let last = daemon.last("api").unwrap_or_else(|| panic!("{at}: {said:#?}"));
            assert_eq!(last.outcome, outcome, "{at}: {}", last.diagnosis);
            assert!(last.diagnosis.contains(row.why), "{at}: {}", last.diagnosis);
            assert_eq!(started, 1, "{at}");
        }
        None => {
            let verdict = daemon.reconciler.plan().verdict(&service("api")).unwrap();
            assert_eq!(verdict.reason.kind(), VerdictKind::Hold, "{at}: {said:#?}");
            assert_eq!((started, sim.count(row.call)), (0, 0), "{at}");
        }
    }
    let calls = sim.calls().len();
    assert!(calls <= CALLS_MAX, "{at}: {calls} calls");
    let mut heard = said.as_slice();
    for part in row.says.iter().filter(|_| trouble == Trouble::None) {
        let found = heard.iter().position(|says| says.contains(*part));
        let found = found.unwrap_or_else(|| panic!("{at}: {part} is not among {said:#?}"));
        heard = &heard[found..];
    }
}

/// Plays every row with every trouble.
pub(crate) async fn play_all(rows: Vec<Row>) {
    for row in rows {
        for trouble in [Trouble::None, Trouble::LostReply, Trouble::StaleReads, Trouble::Restart] {
            play(&row, trouble).await;
        }
    }
}
