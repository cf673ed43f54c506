//! Several replicas, one shared store, one simulated AWS.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use ecs_refresh::clock::Clock;
use ecs_refresh::lease::Keeper;
use ecs_refresh::metrics::Label;
use ecs_refresh::plan::policy::Policies;
use ecs_refresh::reconciler::Trigger;
use ecs_refresh::reconciler::status::Status;
use ecs_refresh::simulator::{Call, Simulator};
use ecs_refresh::store::{MemoryStore, Store};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::gate::{Gate, State};
use super::store::{GatedStore, LeaseLog};
use super::wire::gated;
use crate::harness::{Setup, service, updates};

/// How long a lease lasts in these tests.
pub const LEASE: Duration = Duration::from_secs(20);

pub struct Stage {
    pub sim: Simulator,
    pub clock: Clock,
    pub setup: Setup,
    pub leases: LeaseLog,
    pub accesses: Arc<Mutex<Vec<&'static str>>>,
    memory: MemoryStore,
    begun: usize,
}

impl Stage {
    pub fn new(sim: Simulator, clock: Clock, policies: Policies) -> Self {
        let setup = Setup::new(policies);
        let (leases, accesses) = (LeaseLog::default(), Arc::default());
        Self { sim, clock, setup, leases, accesses, memory: MemoryStore::default(), begun: 0 }
    }

    /// A replica whose clock is so many seconds ahead.
    pub async fn replica(&mut self, seconds_ahead: i64) -> Replica {
        self.replica_behind(Gate::new(), seconds_ahead).await
    }

    pub async fn replica_behind(&mut self, gate: Gate, seconds_ahead: i64) -> Replica {
        self.begun += 1;
        let name = format!("replica-{}", self.begun);
        let gate = Arc::new(gate);
        let store: Arc<dyn Store> = Arc::new(GatedStore {
            store: Arc::new(self.memory.share()),
            gate: Arc::clone(&gate),
            leases: Arc::clone(&self.leases),
            log: Arc::clone(&self.accesses),
        });
        let clock = ahead(&self.clock, seconds_ahead);
        let (keeper, leadership) =
            Keeper::new(Arc::clone(&store), name.as_str().into(), LEASE, clock.clone());
        let setup = Setup {
            store,
            leadership,
            http_client: Some(gated(&self.sim, &name, Arc::clone(&gate))),
            ..self.setup.clone()
        };
        let (mut reconciler, status) = setup.connect(&self.sim, &clock).await;
        let (triggers, mut received) = mpsc::channel(8);
        let awake = Arc::clone(&gate);
        let task = tokio::spawn(async move {
            let mut keeping = std::pin::pin!(keeper.run());
            let mut kept = false;
            reconciler.turn();
            loop {
                awake.awake().await;
                tokio::select! {
                    biased;
                    () = awake.asleep() => {}
                    () = &mut keeping, if !kept => kept = true,
                    event = reconciler.next(&mut received) => reconciler.take(event.unwrap()),
                }
            }
        });
        Replica { name, gate, triggers, status, task }
    }

    /// Who sent the mutating calls, oldest first.
    pub fn senders(&self) -> Vec<String> {
        updates(&self.sim).iter().map(|call| sender(call).to_owned()).collect()
    }

    /// How the last attempt about a service ended, as it is stored.
    pub async fn outcome(&self, name: &str) -> Option<String> {
        let ledger = self.memory.share().load().await.unwrap();
        let last = ledger.records.get(&service(name)).and_then(|record| record.last.as_ref());
        last.map(|last| last.outcome.label().to_owned())
    }

    /// How the last attempts ended, as they are stored, and how many.
    pub async fn outcomes(&self) -> BTreeMap<String, usize> {
        let ledger = self.memory.share().load().await.unwrap();
        let mut counts = BTreeMap::new();
        for last in ledger.records.values().filter_map(|record| record.last.as_ref()) {
            *counts.entry(last.outcome.label().to_owned()).or_default() += 1;
        }
        counts
    }

    /// That every mutating call was made by the one who held the lease, with time left, and that no two
    /// replicas called in one term of it.
    pub fn assert_fenced(&self, how: &str) {
        let mut by_term: BTreeMap<u64, String> = BTreeMap::new();
        let leases = self.leases.lock().unwrap().clone();
        let (started, epoch) = (Instant::now(), self.clock.now());
        for call in updates(&self.sim) {
            let age = epoch.signed_duration_since(ecs_refresh::clock::Time::from(call.at));
            let at = started - age.to_std().unwrap();
            let (written_at, lease) =
                leases.iter().rfind(|(written_at, _)| *written_at <= at).expect("nobody held it");
            let who = sender(&call);
            assert_eq!(lease.holder.as_deref(), Some(who), "{how}: {call:?} under {lease:?}");
            assert!(at - *written_at <= LEASE / 2, "{how}: {call:?} late under {lease:?}");
            let first = by_term.entry(lease.transitions).or_insert_with(|| who.to_owned());
            assert_eq!(first, who, "{how}: two replicas called in one term");
        }
    }
}

fn sender(call: &Call) -> &str {
    call.caller.as_deref().expect("every replica's calls are told apart")
}

pub struct Replica {
    pub name: String,
    pub gate: Arc<Gate>,
    pub triggers: mpsc::Sender<Trigger>,
    pub status: watch::Receiver<Status>,
    task: JoinHandle<()>,
}

impl Replica {
    pub fn leads(&self) -> bool {
        self.status.borrow().leader
    }

    /// As `kill -9` does.
    pub fn kill(self) {
        self.gate.set(State::Dead);
        self.task.abort();
    }

    /// As SIGTERM does: nothing more is started, and the lease is given up.
    pub async fn stop(&self) {
        self.triggers.send(Trigger::Shutdown).await.unwrap();
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.gate.set(State::Dead);
        self.task.abort();
    }
}

/// The same clock, but for so many seconds.
fn ahead(clock: &Clock, seconds: i64) -> Clock {
    let source = Ahead { clock: clock.clone(), seconds };
    Clock::from_source(aws_smithy_async::time::SharedTimeSource::new(source))
}

#[derive(Clone, Debug)]
struct Ahead {
    clock: Clock,
    seconds: i64,
}

impl TimeSource for Ahead {
    fn now(&self) -> SystemTime {
        (self.clock.now() + chrono::TimeDelta::seconds(self.seconds)).into()
    }
}
