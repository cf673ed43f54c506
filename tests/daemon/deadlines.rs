//! `rollout_timeout = "auto"`: how long rollouts may take that nobody has set a time for.

use std::time::Duration;

use ecs_refresh::plan::ledger::{Finished, Outcome};
use ecs_refresh::plan::policy::{Limits, Policies, Policy, RolloutTimeout};
use ecs_refresh::simulator::{Behaviour, Fault, FaultRule, ServiceSpec, Simulator};

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, selector, simulator, unchecked, updates,
    weekly,
};

const SURVEY: [&str; 3] =
    ["DescribeTaskDefinition", "DescribeTargetGroups", "DescribeTargetGroupAttributes"];

fn auto() -> Policy {
    Policy { rollout_timeout: RolloutTimeout::Auto, ..unchecked(weekly()) }
}

/// `prd/api`: ten tasks that are too old and are replaced one by one.
fn one_by_one() -> ServiceSpec {
    let old = ServiceSpec::new("prd", "api").desired(10).task_age(8 * DAY);
    old.percents(100, 110).load_balancer()
}

fn surveyed(sim: &Simulator) -> [usize; 3] {
    SURVEY.map(|operation| sim.count(operation))
}

/// How long the attempt was given.
fn given(finished: &Finished) -> Duration {
    (finished.attempt.deadline - finished.attempt.intent_at).to_std().unwrap()
}

/// A policy for so many refreshes at once.
fn at_once(refreshes: u32) -> Policies {
    Policies {
        limits: Limits { max_in_flight: refreshes, max_tasks_in_flight: 5_000 },
        ..policies([Policy { concurrency: refreshes, ..auto() }])
    }
}

async fn refreshed(spec: ServiceSpec, rollout_timeout: RolloutTimeout) -> (Simulator, Daemon) {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(spec);
    let policy = Policy { rollout_timeout, ..unchecked(weekly()) };
    let mut daemon = Daemon::start(&sim, &clock, policies([policy])).await;
    daemon.run_until_ended("api", 2 * DAY).await;
    (sim, daemon)
}

#[tokio::test(start_paused = true)]
async fn a_slow_service_gets_the_time_that_its_own_settings_take() {
    let slow = || one_by_one().deregistration_delay(HOUR);
    let (sim, daemon) = refreshed(slow(), RolloutTimeout::Auto).await;
    let ended = daemon.ended("api");
    assert_eq!(ended.outcome, Outcome::Succeeded, "{}", ended.diagnosis);
    assert!(ended.duration() > HOUR, "{:?}", ended.duration());
    // 10 × (5m + 5 × 30s + 1h + 30s), and a quarter more.
    let tasks = 10 * (5 * MINUTE + MINUTE * 5 / 2 + HOUR + MINUTE / 2);
    assert_eq!(given(ended), tasks + tasks / 4);
    assert_eq!(surveyed(&sim), [1, 1, 1]);
    let (_, daemon) = refreshed(slow(), RolloutTimeout::Fixed(HOUR)).await;
    assert_eq!(daemon.ended("api").outcome, Outcome::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn one_that_hangs_is_given_up_at_the_computed_time() {
    let spec = one_by_one().deregistration_delay(5 * MINUTE).health_checks(MINUTE / 6, 3);
    let hung = spec.stop_time(2 * MINUTE).next_revision(Behaviour::StaysPending);
    let (sim, daemon) = refreshed(hung, RolloutTimeout::Auto).await;
    let ended = daemon.ended("api");
    assert_eq!(ended.outcome, Outcome::TimedOut);
    let tasks = 10 * (5 * MINUTE + MINUTE / 2 + 5 * MINUTE + 2 * MINUTE);
    assert_eq!(given(ended), tasks + tasks / 4);
    let late = ended.duration() - given(ended);
    assert!(late < MINUTE, "{late:?}");
    assert_eq!(updates(&sim).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_is_assumed_and_holds_nothing_up() {
    for (fault, patience) in [
        (Fault::AccessDenied, 2 * MINUTE),
        (Fault::Throttle, 2 * MINUTE),
        (Fault::HtmlErrorPage, 2 * MINUTE),
        (Fault::DropRequest, 3 * MINUTE),
    ] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.add_service(one_by_one().deregistration_delay(HOUR));
        for operation in SURVEY {
            sim.inject(FaultRule::new(operation, fault.clone()));
        }
        let mut daemon = Daemon::start(&sim, &clock, policies([auto()])).await;
        daemon.run_for(patience).await;
        assert_eq!(updates(&sim).len(), 1, "{fault:?}: {}", daemon.says("api"));
        let open = daemon.reconciler.record(&crate::harness::service("api")).cloned();
        let attempt = open.unwrap().open.unwrap();
        // As if it had the defaults: 5 minutes to drain.
        let tasks = 10 * (5 * MINUTE + MINUTE * 5 / 2 + 5 * MINUTE + MINUTE / 2);
        let given = (attempt.deadline - attempt.intent_at).to_std().unwrap();
        assert_eq!(given, tasks + tasks / 4, "{fault:?}");
        daemon.run_for(HOUR).await;
        let calls: usize = surveyed(&sim).iter().sum();
        assert!(calls <= 6, "{fault:?}: {calls}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_target_group_that_is_gone_costs_its_own_service_alone() {
    let clock = clock();
    let sim = simulator(&clock);
    for name in ["a", "api", "b"] {
        let old = ServiceSpec::new("prd", name).task_age(8 * DAY).desired(2);
        sim.add_service(old.deregistration_delay(2 * HOUR));
    }
    sim.delete_target_group("prd", "api");
    let mut daemon = Daemon::start(&sim, &clock, at_once(3)).await;
    daemon.run_for(4 * HOUR).await;
    let [a, api, b] = ["a", "api", "b"].map(|name| given(daemon.ended(name)));
    assert!(a == b && a > 2 * HOUR, "{a:?} {b:?}");
    assert_eq!(api, 30 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn a_fleet_at_rest_asks_for_nothing_and_a_new_revision_once() {
    let clock = clock();
    let sim = simulator(&clock);
    for number in 0..200 {
        let spec = ServiceSpec::new("prd", &format!("s{number:03}")).load_balancer();
        sim.add_service(spec.task_age(DAY));
    }
    // Refreshed every two hours; all others are too young.
    let mut often = auto();
    often.name = "often".into();
    often.selector = selector(&["prd"], &["api"]);
    often.max_task_age = Some(2 * HOUR);
    let setup = Setup::new(policies([often, auto()])).resync(10 * MINUTE);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(2 * HOUR).await;
    assert_eq!(surveyed(&sim), [0, 0, 0]);
    sim.add_service(ServiceSpec::new("prd", "api").load_balancer().task_age(8 * DAY));
    daemon.run_for(5 * HOUR).await;
    // The revision is known; how its target group is set up is asked anew.
    assert_eq!(updates(&sim).len(), 3);
    assert_eq!(surveyed(&sim), [1, 3, 3]);
    sim.deploy("prd", "api", true);
    daemon.run_for(3 * HOUR).await;
    assert_eq!(updates(&sim).len(), 4);
    assert_eq!(surveyed(&sim), [2, 4, 4]);
}

#[tokio::test(start_paused = true)]
async fn many_that_start_at_once_are_surveyed_in_turns_and_none_is_starved() {
    let clock = clock();
    let sim = simulator(&clock);
    for number in 0..60 {
        let spec = ServiceSpec::new("prd", &format!("s{number:02}")).load_balancer();
        sim.add_service(spec.task_age(8 * DAY));
    }
    let setup = Setup::new(at_once(60)).resync(10 * MINUTE);
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(MINUTE).await;
    assert_eq!(updates(&sim).len(), 60);
    let [definitions, groups, attributes] = surveyed(&sim);
    assert_eq!((definitions, attributes), (60, 60));
    assert!(groups <= 6, "{groups}");
}
