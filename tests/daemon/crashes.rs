//! A daemon that is killed at any point between intent and outcome, and started again.

use std::sync::Arc;
use std::time::Duration;

use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::plan::policy::{Policy, RolloutTimeout};
use ecs_refresh::simulator::{Behaviour, Fault, FaultRule, Options, ServiceSpec, Simulator};
use ecs_refresh::store::{MemoryStore, Store};

use crate::fragile::{Kill, run_and_kill};
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
        Setup::new(policies([Policy {
            rollout_timeout: RolloutTimeout::Fixed(rollout_timeout),
            ..weekly()
        }]))
        .resync(10 * MINUTE)
    }
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
