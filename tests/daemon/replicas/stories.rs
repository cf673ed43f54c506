//! What befalls replicas, as stories.

use std::time::Duration;

use ecs_refresh::plan::policy::{Policies, Policy};
use ecs_refresh::simulator::{Options, ServiceSpec, Simulator};

use super::gate::{Fate, Gate, Side, State};
use super::stage::{Replica, Stage};
use crate::harness::{DAY, HOUR, MINUTE, clock, policies, weekly};

pub const SECOND: Duration = Duration::from_secs(1);

/// `count` services of cluster `prd` with tasks that are too old, refreshed `concurrency` at a time.
pub fn wave(count: usize, concurrency: u32) -> Stage {
    let clock = clock();
    let options = Options { latency: SECOND / 5, ..Options::default() };
    let sim = Simulator::new(clock.time_source(), options);
    for number in 0..count {
        let spec = ServiceSpec::new("prd", &format!("s{number:02}")).desired(2).task_age(8 * DAY);
        sim.add_service(spec.start_time(10 * SECOND).healthy_after(5 * SECOND));
    }
    Stage::new(sim, clock, several(concurrency))
}

fn several(concurrency: u32) -> Policies {
    policies([Policy { concurrency, ..weekly() }])
}

/// Lets time pass. Never are more services rolling out than the policy allows.
pub async fn run(stage: &Stage, count: usize, concurrency: usize, time: Duration) {
    for _ in 0..time.as_secs() {
        tokio::time::sleep(SECOND).await;
        let rolling = |number: &usize| {
            let view = stage.sim.service("prd", &format!("s{number:02}"));
            view.deployments.iter().any(|deployment| deployment.rollout_state == "IN_PROGRESS")
        };
        let under_way = (0..count).filter(rolling).count();
        assert!(under_way <= concurrency, "{under_way} at {}", stage.clock.now());
    }
}

/// Every service was refreshed, once, by whoever held the lease.
pub fn assert_done(stage: &Stage, count: usize, how: &str) {
    for number in 0..count {
        let name = format!("s{number:02}");
        assert_eq!(stage.sim.started_deployments("prd", &name), 1, "{how}: {name}");
    }
    stage.assert_fenced(how);
}

fn leader<'a>(replicas: &'a [&'a Replica]) -> Vec<&'a str> {
    replicas.iter().filter(|one| one.leads()).map(|one| one.name.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn one_of_two_acts_and_both_show_what_they_see() {
    let mut stage = wave(6, 2);
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    run(&stage, 6, 2, 30 * MINUTE).await;
    assert_done(&stage, 6, "two");
    assert_eq!(leader(&[&one, &two]), ["replica-1"]);
    assert!(stage.senders().iter().all(|sender| sender == "replica-1"));
    for replica in [&one, &two] {
        let status = replica.status.borrow();
        let lease = status.lease.as_ref().unwrap();
        assert_eq!(lease.holder.as_deref(), Some("replica-1"));
        assert!(lease.since.is_some());
        assert!(status.readiness.is_ready(), "{}: {:?}", replica.name, status.readiness);
        assert_eq!(status.plan.verdicts.len(), 6);
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_leader_is_succeeded_within_half_a_minute() {
    let mut stage = wave(6, 2);
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    run(&stage, 6, 2, 2 * MINUTE).await;
    one.kill();
    run(&stage, 6, 2, 30 * SECOND).await;
    assert!(two.leads());
    run(&stage, 6, 2, 30 * MINUTE).await;
    assert_done(&stage, 6, "killed");
}

#[tokio::test(start_paused = true)]
async fn who_stops_in_order_is_succeeded_within_two_seconds() {
    let mut stage = wave(6, 2);
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    run(&stage, 6, 2, 2 * MINUTE).await;
    one.stop().await;
    run(&stage, 6, 2, 2 * SECOND).await;
    assert!(two.leads() && !one.leads());
    run(&stage, 6, 2, 30 * MINUTE).await;
    assert_done(&stage, 6, "stopped");
}

#[tokio::test(start_paused = true)]
async fn who_slept_for_minutes_starts_nothing_when_it_wakes_up() {
    let mut stage = wave(6, 2);
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    run(&stage, 6, 2, MINUTE).await;
    one.gate.set(State::Asleep);
    run(&stage, 6, 2, 5 * MINUTE).await;
    assert!(two.leads());
    one.gate.set(State::Awake);
    run(&stage, 6, 2, 30 * MINUTE).await;
    assert_done(&stage, 6, "slept");
    assert_eq!(leader(&[&one, &two]), ["replica-2"]);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_reach_the_store_stops_and_another_goes_on() {
    let mut stage = wave(6, 2);
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    run(&stage, 6, 2, MINUTE).await;
    one.gate.cut_off(Side::Store);
    run(&stage, 6, 2, 3 * MINUTE).await;
    assert_eq!(leader(&[&one, &two]), ["replica-2"]);
    // It still sees what happens, and says what is wrong.
    let problem = one.status.borrow().lease.clone().unwrap().problem;
    assert!(problem.unwrap().contains("the shared store"));
    one.gate.reconnect();
    run(&stage, 6, 2, 30 * MINUTE).await;
    assert_done(&stage, 6, "cut off from the store");
    assert_eq!(leader(&[&one, &two]), ["replica-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_nobody_reaches_stops_everybody_for_that_time_only() {
    let mut stage = wave(6, 2);
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    run(&stage, 6, 2, MINUTE).await;
    one.gate.cut_off(Side::Store);
    two.gate.cut_off(Side::Store);
    run(&stage, 6, 2, 5 * MINUTE).await;
    assert!(leader(&[&one, &two]).is_empty());
    one.gate.reconnect();
    two.gate.reconnect();
    run(&stage, 6, 2, 30 * MINUTE).await;
    assert_done(&stage, 6, "store away");
}

#[tokio::test(start_paused = true)]
async fn who_cannot_reach_ecs_finishes_what_it_began_when_it_can() {
    let mut stage = wave(6, 2);
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    run(&stage, 6, 2, MINUTE).await;
    one.gate.cut_off(Side::Aws);
    run(&stage, 6, 2, 5 * MINUTE).await;
    one.gate.reconnect();
    run(&stage, 6, 2, 40 * MINUTE).await;
    assert_done(&stage, 6, "cut off from ECS");
    assert_eq!(leader(&[&one, &two]), ["replica-1"], "its lease is as good as ever");
}

#[tokio::test(start_paused = true)]
async fn clocks_that_differ_by_ten_seconds_do_no_harm() {
    for apart in [-10, 10] {
        let mut stage = wave(6, 2);
        let (one, two) = (stage.replica(0).await, stage.replica(apart).await);
        run(&stage, 6, 2, 90 * SECOND).await;
        one.kill();
        run(&stage, 6, 2, 40 * MINUTE).await;
        assert!(two.leads());
        assert_done(&stage, 6, "clocks apart");
    }
}

/// Every minute the leader goes, in one way or another, and a new replica comes.
#[tokio::test(start_paused = true)]
async fn a_storm_of_handovers_refreshes_every_service_once() {
    let mut stage = wave(20, 4);
    let mut replicas = Vec::new();
    for ahead in [0, 7, -3] {
        replicas.push(stage.replica(ahead).await);
    }
    for round in 0..15 {
        run(&stage, 20, 4, 50 * SECOND + round * SECOND).await;
        let Some(at) = replicas.iter().position(Replica::leads) else { continue };
        let gone = replicas.remove(at);
        match round % 3 {
            0 => gone.kill(),
            1 => {
                gone.stop().await;
                run(&stage, 20, 4, 5 * SECOND).await;
                gone.kill();
            }
            _ => {
                gone.gate.set(State::Asleep);
                run(&stage, 20, 4, MINUTE).await;
                gone.gate.set(State::Awake);
                replicas.push(gone);
                continue;
            }
        }
        replicas.push(stage.replica(i64::from(round) - 7).await);
    }
    run(&stage, 20, 4, HOUR).await;
    assert_done(&stage, 20, "storm");
    assert!(stage.leases.lock().unwrap().last().unwrap().1.transitions >= 10);
}

/// The whole process stops between the stored intent and the call, for longer than the lease lasts.
#[tokio::test(start_paused = true)]
async fn a_call_that_was_about_to_leave_does_not_leave_after_the_lease() {
    let mut stage = wave(1, 1);
    let one = stage.replica(0).await;
    run(&stage, 1, 1, 10 * MINUTE).await;
    let intent = one.gate.passed().iter().position(|what| what == "after save").unwrap();
    one.kill();

    let mut stage = wave(1, 1);
    let gate = Gate::new().fate(intent, Fate::SleepsFor(2 * MINUTE));
    let (one, two) = (stage.replica_behind(gate, 0).await, stage.replica(0).await);
    run(&stage, 1, 1, 30 * MINUTE).await;
    assert_done(&stage, 1, "slept before the call");
    assert_eq!(leader(&[&one, &two]), ["replica-2"]);
    assert_eq!(stage.senders(), ["replica-2"]);
}

/// Its own service is selected like any other. What replaces its tasks is what stops this copy; the next
/// one proves that it went well.
#[tokio::test(start_paused = true)]
async fn the_daemons_own_service_is_refreshed_last_and_proven_by_the_copy_that_takes_over() {
    let mut stage = wave(4, 4);
    let own = ServiceSpec::new("prd", "own").desired(2).task_age(20 * DAY);
    stage.sim.add_service(own.start_time(10 * SECOND).healthy_after(5 * SECOND));
    stage.setup.own = Some(crate::harness::service("own"));
    let (one, two) = (stage.replica(0).await, stage.replica(0).await);
    while stage.sim.started_deployments("prd", "own") == 0 {
        run(&stage, 4, 4, SECOND).await;
    }
    for number in 0..4 {
        let ended = stage.outcome(&format!("s{number:02}")).await;
        assert_eq!(ended.as_deref(), Some("succeeded"), "before itself");
    }
    // ECS starts new copies, and then stops the old ones.
    let _new = [stage.replica(0).await, stage.replica(0).await];
    run(&stage, 4, 4, 15 * SECOND).await;
    for old in [&one, &two] {
        old.stop().await;
    }
    run(&stage, 4, 4, 5 * SECOND).await;
    one.kill();
    two.kill();
    run(&stage, 4, 4, 30 * MINUTE).await;
    assert_eq!(stage.outcome("own").await.as_deref(), Some("succeeded"));
    assert_eq!(stage.sim.started_deployments("prd", "own"), 1);
    assert_done(&stage, 4, "its own");
    assert_eq!(stage.senders().len(), 5);
}

/// It can write its intent and reach ECS, and knows that it holds the lease: but not for as long as an
/// answer may take. Whenever that begins, it sends nothing from then on.
#[tokio::test(start_paused = true)]
async fn who_cannot_renew_the_lease_sends_nothing_that_could_outlast_it() {
    // A refresh takes about a minute: one of these is just before a start.
    for offset in 0..14 {
        let mut stage = wave(4, 1);
        let (one, two) = (stage.replica(0).await, stage.replica(0).await);
        run(&stage, 4, 1, MINUTE + offset * 6 * SECOND).await;
        one.gate.cut_off(Side::Lease);
        run(&stage, 4, 1, MINUTE).await;
        assert_eq!(leader(&[&one, &two]), ["replica-2"]);
        one.gate.reconnect();
        run(&stage, 4, 1, 30 * MINUTE).await;
        assert_done(&stage, 4, &format!("no renewal, {offset}"));
    }
}
