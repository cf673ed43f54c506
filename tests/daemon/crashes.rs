//! A daemon that is killed at any point between intent and outcome, and started again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use ecs_refresh::clock::Clock;
use ecs_refresh::plan::key::ServiceKey;
use ecs_refresh::plan::ledger::{Outcome, Record};
use ecs_refresh::plan::notice::{NoticePage, PageKey};
use ecs_refresh::plan::policy::Policy;
use ecs_refresh::simulator::{Behaviour, Fault, FaultRule, Options, ServiceSpec, Simulator};
use ecs_refresh::store::{Answer, MemoryStore, Store};

use crate::harness::{DAY, MINUTE, Setup, clock, policies, weekly};

const LATENCY: Duration = Duration::from_millis(400);

/// What happens to the refresh of `api`, whoever watches.
#[derive(Clone, Copy, Debug)]
enum Scene {
    Succeeds,
    IsRolledBack,
    TimesOut,
    IsSuperseded,
    LosesItsReply,
}

impl Scene {
    const ALL: [Self; 5] = [
        Self::Succeeds,
        Self::IsRolledBack,
        Self::TimesOut,
        Self::IsSuperseded,
        Self::LosesItsReply,
    ];

    fn set(self, sim: &Simulator) {
        // Quick, so that there are few events to be killed after.
        let second = Duration::from_secs(1);
        let api = ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY);
        let api = api.start_time(5 * second).healthy_after(5 * second).stop_time(second);
        sim.add_service(match self {
            Self::Succeeds | Self::LosesItsReply => api,
            Self::IsRolledBack => {
                let reason = "CannotPullContainerError".to_owned();
                api.circuit_breaker(true, true).next_revision(Behaviour::CannotStart { reason })
            }
            Self::TimesOut => api.next_revision(Behaviour::StaysPending),
            // Slow enough that somebody else's deployment comes first.
            Self::IsSuperseded => api.next_revision(Behaviour::Slow(10 * MINUTE)),
        });
        if let Self::LosesItsReply = self {
            sim.inject(FaultRule::new("UpdateService", Fault::LoseReply).times(1));
        }
    }

    /// Half a minute after ours, somebody else deploys.
    fn spawn_others(self, sim: &Simulator) {
        let sim = sim.clone();
        if let Self::IsSuperseded = self {
            tokio::spawn(async move {
                while sim.started_deployments("prd", "api") == 0 {
                    tokio::time::sleep(MINUTE / 6).await;
                }
                tokio::time::sleep(MINUTE / 3).await;
                sim.set_behaviour("prd", "api", Behaviour::Healthy);
                sim.deploy("prd", "api", true);
            });
        }
    }

    fn outcome(self) -> Outcome {
        match self {
            Self::Succeeds | Self::LosesItsReply => Outcome::Succeeded,
            Self::IsRolledBack => Outcome::RolledBack,
            Self::TimesOut => Outcome::TimedOut,
            Self::IsSuperseded => Outcome::Superseded,
        }
    }

    fn setup(self) -> Setup {
        let rollout_timeout = match self {
            Self::TimesOut => MINUTE / 2,
            _ => 20 * MINUTE,
        };
        Setup::new(policies([Policy { rollout_timeout, ..weekly() }])).resync(10 * MINUTE)
    }
}

/// Where the daemon is killed.
#[derive(Clone, Copy, Debug)]
enum Kill {
    AfterEvents(usize),
    AfterTime(Duration),
    /// When the record was stored so often, before anything follows from it.
    AfterSaves(usize),
    /// When the record is to be stored for that time: it is not.
    BeforeSave(usize),
}

/// Runs a scene with one kill. Whether the kill came before the refresh had ended.
async fn play(scene: Scene, kill: Kill, latency: Duration) -> bool {
    let clock = clock();
    let options = Options { latency, ..Options::default() };
    let sim = Simulator::new(clock.time_source(), options);
    scene.set(&sim);
    scene.spawn_others(&sim);
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::default());
    let setup = scene.setup().store(memory);
    let in_time = run_and_kill(&setup, kill, &sim, &clock).await;
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_until_ended("api", 25 * MINUTE).await;
    let how = format!("{scene:?} {kill:?}: {}", daemon.says("api"));
    let last = daemon.last("api").expect(&how).clone();
    assert_eq!(last.outcome, scene.outcome(), "{how}: {last:?}");
    daemon.run_for(11 * MINUTE).await;
    assert_eq!(sim.started_deployments("prd", "api"), 1, "{how}");
    assert_eq!(daemon.last("api"), Some(&last), "{how}");
    in_time
}

async fn run_and_kill(setup: &Setup, kill: Kill, sim: &Simulator, clock: &Clock) -> bool {
    let fragile = Arc::new(FragileStore::new(Arc::clone(&setup.store), kill));
    let mut daemon = setup.clone().store(fragile.clone()).start(sim, clock).await;
    match kill {
        Kill::AfterEvents(count) => {
            let taken = daemon.run_events(count, 20 * MINUTE).await;
            taken == count && daemon.last("api").is_none()
        }
        Kill::AfterTime(time) => {
            daemon.run_for(time).await;
            daemon.last("api").is_none()
        }
        Kill::AfterSaves(_) | Kill::BeforeSave(_) => tokio::select! {
            biased;
            () = fragile.broken.notified() => true,
            () = daemon.run_until_ended("api", 20 * MINUTE) => false,
        },
    }
}

/// A store that hangs at a chosen save, before or after it.
#[derive(Debug)]
struct FragileStore {
    inner: Arc<dyn Store>,
    kill: Kill,
    saves: AtomicUsize,
    broken: Notify,
}

impl FragileStore {
    fn new(inner: Arc<dyn Store>, kill: Kill) -> Self {
        Self { inner, kill, saves: AtomicUsize::new(0), broken: Notify::new() }
    }
}

impl Store for FragileStore {
    fn load(&self) -> Answer<'_, ecs_refresh::plan::ledger::Ledger> {
        self.inner.load()
    }

    fn save<'a>(&'a self, service: &'a ServiceKey, record: &'a Record) -> Answer<'a, ()> {
        Box::pin(async move {
            let save = 1 + self.saves.fetch_add(1, Ordering::Relaxed);
            if matches!(self.kill, Kill::BeforeSave(at) if at == save) {
                self.broken.notify_one();
                return std::future::pending().await;
            }
            let saved = self.inner.save(service, record).await;
            if matches!(self.kill, Kill::AfterSaves(at) if at == save) {
                self.broken.notify_one();
                return std::future::pending().await;
            }
            saved
        })
    }

    fn remove<'a>(&'a self, service: &'a ServiceKey) -> Answer<'a, ()> {
        self.inner.remove(service)
    }

    fn save_page<'a>(&'a self, page: &'a NoticePage) -> Answer<'a, ()> {
        self.inner.save_page(page)
    }

    fn remove_page<'a>(&'a self, page: &'a PageKey) -> Answer<'a, ()> {
        self.inner.remove_page(page)
    }
}

/// Kills the daemon after every event until the kill comes too late.
async fn kill_after_every_event(scene: Scene) {
    let mut kills = 0;
    while play(scene, Kill::AfterEvents(kills + 1), Duration::ZERO).await {
        kills += 1;
        assert!(kills < 200, "the refresh never ends");
    }
    assert!(kills > 5, "{scene:?} has only {kills} events");
}

#[tokio::test(start_paused = true)]
async fn a_success_survives_a_kill_after_every_event() {
    kill_after_every_event(Scene::Succeeds).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_survives_a_kill_after_every_event() {
    kill_after_every_event(Scene::IsRolledBack).await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_survives_a_kill_after_every_event() {
    kill_after_every_event(Scene::TimesOut).await;
}

#[tokio::test(start_paused = true)]
async fn a_supersession_survives_a_kill_after_every_event() {
    kill_after_every_event(Scene::IsSuperseded).await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_survives_a_kill_after_every_event() {
    kill_after_every_event(Scene::LosesItsReply).await;
}

#[tokio::test(start_paused = true)]
async fn every_outcome_survives_a_kill_around_every_save() {
    for scene in Scene::ALL {
        let mut saves = 0;
        while play(scene, Kill::BeforeSave(saves + 1), Duration::ZERO).await {
            saves += 1;
            assert!(play(scene, Kill::AfterSaves(saves), Duration::ZERO).await, "{scene:?}");
        }
        assert!((2..=4).contains(&saves), "{scene:?}: {saves} saves");
    }
}

#[tokio::test(start_paused = true)]
async fn a_kill_while_calls_are_on_their_way_starts_nothing_twice() {
    for scene in [Scene::Succeeds, Scene::IsRolledBack, Scene::LosesItsReply] {
        for step in 1..=14 {
            assert!(play(scene, Kill::AfterTime(LATENCY / 2 * step), LATENCY).await);
        }
    }
}
