//! A new configuration, the emergency stop, dry runs and the shutdown.

use std::sync::Arc;
use std::time::Duration;

use ecs_refresh::plan::ledger::{Ledger, Outcome};
use ecs_refresh::plan::policy::{Limits, Policies, Policy};
use ecs_refresh::reconciler::{Reload, Trigger};
use ecs_refresh::simulator::{Fault, FaultRule, ServiceSpec, Simulator};
use ecs_refresh::store::{MemoryStore, Store};

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, selector, simulator, updates, weekly,
};

const SECOND: Duration = Duration::from_secs(1);

fn old(name: &str) -> ServiceSpec {
    ServiceSpec::new("prd", name).task_age(8 * DAY)
}

fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::default())
}

fn twelve(sim: &Simulator) -> Policies {
    for number in 0..12 {
        sim.add_service(old(&format!("s{number:02}")));
    }
    policies([Policy { concurrency: 4, ..weekly() }])
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_calls_nothing_and_stores_nothing() {
    let clock = clock();
    let sim = simulator(&clock);
    let policies = Policies { dry_run: true, ..twelve(&sim) };
    let store = memory();
    let mut daemon = Setup::new(policies).store(store.clone()).start(&sim, &clock).await;
    daemon.run_for(HOUR).await;
    assert_eq!(
        daemon.says("s00"),
        "Refresh: due now: oldest task is 8d 1h old (dry run: not started)"
    );
    assert_eq!(daemon.says("s04"), "Wait: waiting for its turn: the policy's concurrency is 4");
    assert_eq!(sim.count("UpdateService"), 0);
    assert_eq!(store.load().await.unwrap(), Ledger::default());
    // Nothing is asked for again and again on behalf of starts that never happen.
    assert!(sim.count("DescribeServices") <= 2 * 61, "{}", sim.count("DescribeServices"));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_is_the_emergency_stop_in_the_middle_of_a_wave() {
    let clock = clock();
    let sim = simulator(&clock);
    let live = twelve(&sim);
    let store = memory();
    let mut daemon = Setup::new(live.clone()).store(store.clone()).start(&sim, &clock).await;
    daemon.run_for(MINUTE / 2).await;
    assert_eq!(sim.count("UpdateService"), 4);
    let stored = store.load().await.unwrap();
    daemon.reload(Policies { dry_run: true, ..live.clone() }).await;
    daemon.run_for(HOUR).await;
    assert_eq!(sim.count("UpdateService"), 4, "nothing starts any more");
    assert_eq!(store.load().await.unwrap(), stored, "nothing is stored");
    assert_eq!(
        daemon.says("s00"),
        "Rolling: the refresh has ended: succeeded (dry run: not recorded)"
    );
    assert!(daemon.last("s00").is_none());
    daemon.reload(live).await;
    daemon.run_for(2 * HOUR).await;
    for number in 0..12 {
        let name = format!("s{number:02}");
        assert_eq!(daemon.ended(&name).outcome, Outcome::Succeeded);
        assert_eq!(sim.started_deployments("prd", &name), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_emergency_stop_also_stops_what_waits_for_the_api_budget() {
    let clock = clock();
    let sim = simulator(&clock);
    let live = Policies {
        limits: Limits { max_in_flight: 20, max_tasks_in_flight: 500 },
        ..policies([Policy { concurrency: 12, ..weekly() }])
    };
    twelve(&sim);
    // Two calls at once, then one in two seconds.
    let mut daemon = Setup::new(live.clone()).api_share(0.05).start(&sim, &clock).await;
    while sim.count("UpdateService") == 0 {
        daemon.run_for(SECOND).await;
    }
    daemon
        .tell(Trigger::Reload(Reload::Valid {
            policies: Policies { dry_run: true, ..live },
            resync: MINUTE,
            api_share: 0.05,
        }))
        .await;
    let stopped_at = std::time::SystemTime::from(clock.now());
    daemon.run_for(10 * MINUTE).await;
    let late: Vec<_> = updates(&sim).into_iter().filter(|call| call.at > stopped_at).collect();
    assert!(late.is_empty(), "{} after the stop", late.len());
}

#[tokio::test(start_paused = true)]
async fn an_invalid_configuration_leaves_the_old_one_in_force() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api"));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.tell(Trigger::Reload(Reload::Invalid)).await;
    daemon.run_for(HOUR / 2).await;
    assert!(!daemon.status.borrow().config_valid);
    assert_eq!(daemon.last("api").unwrap().outcome, Outcome::Succeeded);
    daemon.reload(policies([weekly()])).await;
    daemon.run_for(SECOND).await;
    assert!(daemon.status.borrow().config_valid);
}

#[tokio::test(start_paused = true)]
async fn the_attempt_of_a_policy_that_was_removed_is_followed_to_its_end() {
    // With its cluster still selected by another policy, and with no policy left for it.
    for clusters in [["prd", "dev"], ["dev", "dev"]] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.add_service(old("api"));
        sim.add_service(ServiceSpec::new("dev", "web"));
        let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
        daemon.run_for(MINUTE / 2).await;
        let other =
            Policy { name: "other".into(), selector: selector(&clusters, &["web"]), ..weekly() };
        daemon.reload(policies([other])).await;
        daemon.run_for(SECOND).await;
        assert!(daemon.says("api").starts_with("Rolling"), "{}", daemon.says("api"));
        daemon.run_for(HOUR / 2).await;
        let last = daemon.ended("api");
        assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
        assert_eq!(daemon.says("api"), "no verdict");
    }
}

#[tokio::test(start_paused = true)]
async fn an_attempt_in_a_cluster_that_nothing_selects_is_resolved_after_a_restart() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api"));
    sim.add_service(ServiceSpec::new("dev", "web"));
    let store = memory();
    let before = Setup::new(policies([weekly()])).store(store.clone());
    before.start(&sim, &clock).await.run_for(MINUTE / 2).await;
    let other = Policy { selector: selector(&["dev"], &[]), ..weekly() };
    let after = Setup::new(policies([other])).store(store);
    let mut daemon = after.start(&sim, &clock).await;
    daemon.run_for(HOUR / 2).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
    assert_eq!(daemon.reconciler.fleet().clusters().count(), 1, "the cluster is left alone again");
}

#[tokio::test(start_paused = true)]
async fn new_policies_take_effect_while_an_older_listing_is_under_way() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(old("api"));
    sim.add_service(ServiceSpec::new("dev", "web").task_age(8 * DAY));
    // The listing for the old policies is answered after the one for the new ones.
    sim.inject(FaultRule::new("DescribeClusters", Fault::Delay(5 * SECOND)).times(1));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(SECOND).await;
    let dev = Policy { selector: selector(&["dev"], &[]), ..weekly() };
    daemon.reload(policies([dev])).await;
    daemon.run_for(MINUTE / 2).await;
    let clusters: Vec<_> =
        daemon.status.borrow().clusters.iter().map(|c| c.cluster.name().to_owned()).collect();
    assert_eq!(clusters, ["dev"]);
    assert_eq!((sim.started_deployments("dev", "web"), sim.count("UpdateService")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_shorter_resync_takes_effect_at_once() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api"));
    let setup = Setup::new(policies([weekly()])).resync(DAY);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(MINUTE).await;
    daemon.reload(policies([weekly()])).await;
    sim.add_service(old("new"));
    daemon.run_for(2 * MINUTE).await;
    assert_eq!(sim.started_deployments("prd", "new"), 1, "{}", daemon.says("new"));
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_an_answer_no_longer_than_its_grace_and_the_next_start_resolves_it() {
    let grace = 25 * SECOND;
    for (fault, took, deployments) in [
        (Fault::Delay(10 * SECOND), 10 * SECOND, 1),
        (Fault::LoseReply, grace, 1),
        (Fault::DropRequest, grace, 1),
    ] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.add_service(old("api"));
        sim.add_service(old("web"));
        sim.inject(FaultRule::new("UpdateService", fault.clone()).times(1));
        let setup = Setup::new(policies([weekly()])).store(memory());
        let (reconciler, _) = setup.connect(&sim, &clock).await;
        let (triggers, receiver) = tokio::sync::mpsc::channel(1);
        let run = tokio::spawn(reconciler.run(receiver, grace));
        tokio::time::sleep(SECOND / 2).await;
        assert_eq!(sim.count("UpdateService"), 1);
        let asked_at = tokio::time::Instant::now();
        triggers.send(Trigger::Shutdown).await.unwrap();
        run.await.unwrap().unwrap();
        let waited = asked_at.elapsed();
        assert!(waited <= took && waited + SECOND > took, "{fault:?}: {waited:?}");
        assert_eq!(sim.count("UpdateService"), 1, "nothing new starts during the shutdown");
        let mut daemon = setup.start(&sim, &clock).await;
        daemon.run_for(HOUR).await;
        for name in ["api", "web"] {
            assert_eq!(daemon.ended(name).outcome, Outcome::Succeeded);
            assert_eq!(sim.started_deployments("prd", name), deployments, "{fault:?} {name}");
        }
    }
}
