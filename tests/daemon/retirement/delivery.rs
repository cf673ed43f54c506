//! How a notice comes: in pieces, late, through a queue that fails, or not at all.

use std::sync::Arc;
use std::time::Duration;

use ecs_refresh::plan::ledger::{Ledger, Outcome};
use ecs_refresh::plan::policy::{Policies, Policy};
use ecs_refresh::simulator::{Fault, FaultRule, ServiceSpec};
use ecs_refresh::store::{MemoryStore, Store};

use super::{
    Run, account, api_by_night, hourly, listening, monthly, nightly, policy, started, states,
    two_tasks,
};
use crate::harness::{DAY, HOUR, MINUTE, QUEUE, Setup, policies};
use crate::picky::PickyStore;

#[tokio::test(start_paused = true)]
async fn every_page_counts_by_itself_in_any_order() {
    for asks_health in [false, true] {
        let names = ["a", "b", "c", "d", "e", "f"];
        let setup = Setup { health: asks_health, ..hourly(policies([nightly()])) };
        let mut run = started(names.map(two_tasks), setup).await;
        let notice = run.notice(&names, 7 * DAY);
        let pages = notice.pages(3);
        run.sim.publish_to_health(&notice);
        // The second one never comes.
        for page in [&pages[2], &pages[0]] {
            run.sim.send(QUEUE, &page.body().to_string());
            run.daemon.run_for(5 * MINUTE).await;
        }
        let missing: &[&str] = if asks_health { &["satisfied_by_refresh"] } else { &[] };
        run.until("2026-11-23T06:00:00Z").await;
        for name in ["a", "b", "e", "f"] {
            run.assert_refreshed_once(name, "2026-11-23T03:00:00Z");
            assert!(run.states(name).contains(&"satisfied_by_refresh"));
        }
        for name in ["c", "d"] {
            assert_eq!(run.states(name), missing, "{asks_health}");
            assert_eq!(run.starts(name).len(), missing.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_daemon_that_comes_back_an_hour_before_the_deadline_acts_at_once() {
    // The message waited in the queue, or an earlier daemon has taken it in and died.
    for stored in [false, true] {
        let (sim, clock) = account([two_tasks("api")]);
        let setup = hourly(policies([monthly()])).store(Arc::new(MemoryStore::default()));
        let notice = sim.notice((clock.now() + 3 * DAY).into()).service("prd", "api");
        sim.publish_notice(QUEUE, &notice);
        if stored {
            let mut daemon = setup.start(&sim, &clock).await;
            daemon.run_for(5 * MINUTE).await;
            assert_eq!(states(&daemon, "api"), ["waiting"]);
        }
        assert_eq!(sim.queue_depth(QUEUE), usize::from(!stored));
        let away = 3 * DAY - HOUR - if stored { 5 * MINUTE } else { Duration::ZERO };
        tokio::time::sleep(away).await;
        let mut run = Run { daemon: setup.start(&sim, &clock).await, sim };
        run.daemon.run_for(HOUR / 2).await;
        run.assert_refreshed_once("api", "2026-11-25T23:00:00Z");
        assert_eq!(run.states("api"), ["satisfied_by_refresh"], "{stored}");
        assert_eq!(run.sim.queue_depth(QUEUE), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn without_its_queue_a_daemon_goes_on_and_says_so_until_notices_come_again() {
    let old = ServiceSpec::new("prd", "old").task_age(8 * DAY);
    let by_age = Policy { max_task_age: Some(7 * DAY), ..policy("by-age", &["old"], "0 3 * * *") };
    for fault in [None, Some(Fault::AccessDenied), Some(Fault::DropRequest)] {
        let services = [two_tasks("api"), old.clone()];
        let mut run = listening(services, policies([by_age.clone(), nightly()])).await;
        let notice = run.notice(&["api"], 7 * DAY);
        match fault.clone() {
            Some(fault) => {
                run.sim.inject(FaultRule::new("ReceiveMessage", fault));
                run.sim.publish_notice(QUEUE, &notice);
            }
            None => run.sim.delete_queue(QUEUE),
        }
        run.daemon.run_for(4 * HOUR).await;
        let readiness = run.daemon.status.borrow().readiness.clone();
        assert!(readiness.is_ready() && readiness.events.is_some(), "{fault:?}: {readiness:?}");
        assert_eq!(run.daemon.metric("events_queue_up"), Some(0.0));
        assert_eq!(run.daemon.ended("old").outcome, Outcome::Succeeded, "{fault:?}");
        assert!(run.states("api").is_empty());
        run.sim.heal();
        if fault.is_none() {
            run.sim.create_queue(QUEUE);
            run.sim.publish_notice(QUEUE, &notice);
        }
        run.daemon.run_for(5 * MINUTE).await;
        assert_eq!(run.daemon.status.borrow().readiness.events, None, "{fault:?}");
        assert_eq!(run.states("api"), ["waiting"]);
        run.until("2026-11-24T06:00:00Z").await;
        run.assert_refreshed_once("api", "2026-11-24T03:00:00Z");
        assert_eq!(run.sim.count("UpdateService"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_could_not_be_stored_counts_only_once_it_is() {
    let store = Arc::new(PickyStore::new(|_| true));
    let setup = hourly(policies([nightly()])).store(Arc::clone(&store) as Arc<dyn Store>);
    let mut run = started([two_tasks("api")], setup).await;
    run.retire(&["api"], 7 * DAY).await;
    run.daemon.run_for(HOUR).await;
    assert!(run.states("api").is_empty());
    assert_eq!(run.sim.queue_depth(QUEUE), 1);
    assert!(run.daemon.received("not_stored") > 10);
    store.heal();
    run.daemon.run_for(2 * MINUTE).await;
    assert_eq!((run.states("api"), run.sim.queue_depth(QUEUE)), (vec!["waiting"], 0));
    run.until("2026-11-23T06:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    assert!(store.load().await.unwrap().notices.pages().count() == 1);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_leaves_the_queue_and_the_store_alone() {
    let dry = Policies { dry_run: true, ..policies([nightly()]) };
    let store = Arc::new(MemoryStore::default());
    let setup = hourly(dry).store(store.clone());
    let (sim, clock) = account([two_tasks("api")]);
    let mut daemon = setup.start(&sim, &clock).await;
    let notice = sim.notice((clock.now() + 7 * DAY).into()).service("prd", "api");
    sim.publish_notice(QUEUE, &notice);
    daemon.run_for(6 * HOUR).await;
    assert_eq!(sim.queue_depth(QUEUE), 1);
    for operation in ["ReceiveMessage", "DeleteMessageBatch", "UpdateService"] {
        assert_eq!(sim.count(operation), 0, "{operation}");
    }
    assert_eq!(store.load().await.unwrap(), Ledger::default());
    // What an earlier daemon has stored is shown, and nothing is added to it.
    drop(daemon);
    let mut wet = hourly(policies([monthly()])).store(store.clone()).start(&sim, &clock).await;
    wet.run_for(5 * MINUTE).await;
    let before = store.load().await.unwrap();
    assert_eq!(before.notices.iter().count(), 1);
    drop(wet);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(DAY).await;
    assert_eq!(states(&daemon, "api"), ["waiting"]);
    assert_eq!(store.load().await.unwrap(), before);
    assert_eq!(sim.count("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_came_to_no_queue_is_found_by_asking_aws_health() {
    let setup = Setup { health: true, ..hourly(policies([nightly()])) };
    let mut run = started([two_tasks("api")], setup).await;
    let notice = run.notice(&["api"], 7 * DAY);
    run.sim.publish_to_health(&notice);
    run.until("2026-11-23T06:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    // It comes after all.
    run.sim.send(QUEUE, &notice.body().to_string());
    run.daemon.run_for(5 * MINUTE).await;
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
    run.until("2026-11-25T00:00:00Z").await;
    assert_eq!(run.starts("api").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn events_of_ecs_tell_of_a_deploy_long_before_the_next_look() {
    let mut run = api_by_night().await;
    run.sim.emit_ecs_events_to(QUEUE);
    run.sim.deploy("prd", "api", true);
    run.daemon.run_for(MINUTE / 2).await;
    let says = run.daemon.says("api");
    assert!(says.starts_with("Rolling"), "{says}");
    run.daemon.run_for(5 * MINUTE).await;
    assert!(run.daemon.received("ecs") > 3);
    assert!(!run.daemon.says("api").starts_with("Rolling"), "{}", run.daemon.says("api"));
}
