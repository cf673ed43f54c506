//! Every outcome, from what ECS really does.

use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::simulator::{Behaviour, Fault, FaultRule, ServiceSpec, Simulator};

use crate::harness::{DAY, Daemon, HOUR, MINUTE, clock, policies, simulator, weekly};

const PULL_ERROR: &str = "CannotPullContainerError: manifest for web:latest not found";

/// `prd/api`, three tasks that are too old.
fn old() -> ServiceSpec {
    ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY)
}

fn cannot_start() -> Behaviour {
    Behaviour::CannotStart { reason: PULL_ERROR.to_owned() }
}

/// A fleet of one service, and a daemon that has begun to look at it.
async fn daemon_over(api: ServiceSpec) -> (Simulator, Daemon) {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(api);
    let daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    (sim, daemon)
}

#[tokio::test(start_paused = true)]
async fn tasks_that_are_too_old_are_replaced_and_the_proof_is_in_the_tasks() {
    let (sim, mut daemon) = daemon_over(old()).await;
    daemon.run_for(HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
    assert_eq!(sim.started_deployments("prd", "api"), 1);
    assert!(last.duration() < 10 * MINUTE, "{:?}", last.duration());
}

#[tokio::test(start_paused = true)]
async fn a_circuit_breaker_rollback_to_the_same_task_definition_is_rolled_back() {
    let failing = old().circuit_breaker(true, true).next_revision(cannot_start());
    let (sim, mut daemon) = daemon_over(failing).await;
    daemon.run_for(2 * HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::RolledBack, "{last:?}");
    assert!(last.diagnosis.contains(PULL_ERROR), "{}", last.diagnosis);
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_circuit_breaker_without_rollback_is_failed() {
    let failing = old().circuit_breaker(true, false).next_revision(Behaviour::NeverHealthy);
    let (_, mut daemon) = daemon_over(failing).await;
    daemon.run_for(2 * HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Failed, "{last:?}");
    assert!(daemon.says("api").contains("has FAILED"), "{}", daemon.says("api"));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_never_finishes_is_timed_out_with_a_diagnosis() {
    let (_, mut daemon) = daemon_over(old().next_revision(cannot_start())).await;
    daemon.run_for(HOUR + MINUTE).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::TimedOut, "{last:?}");
    assert!(last.diagnosis.contains(PULL_ERROR), "{}", last.diagnosis);
    let says = daemon.says("api");
    assert!(says.contains("(timed_out) is still rolling out"), "{says}");
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_newer_deployment_supersedes_ours() {
    for new_revision in [true, false] {
        let (sim, mut daemon) = daemon_over(old()).await;
        daemon.run_for(MINUTE / 2).await;
        assert_eq!(sim.started_deployments("prd", "api"), 1, "{}", daemon.says("api"));
        sim.deploy("prd", "api", new_revision);
        daemon.run_for(HOUR).await;
        let last = daemon.ended("api");
        assert_eq!(last.outcome, Outcome::Superseded, "{last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_gives_exactly_one_deployment() {
    let (sim, mut daemon) = daemon_over(old()).await;
    sim.inject(FaultRule::new("UpdateService", Fault::LoseReply).times(1));
    daemon.run_for(HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_arrived_is_tried_again_after_it_was_seen_not_to_be_accepted() {
    let (sim, mut daemon) = daemon_over(old()).await;
    sim.inject(FaultRule::new("UpdateService", Fault::DropRequest).times(1));
    daemon.run_for(2 * MINUTE).await;
    assert_eq!(sim.count("UpdateService"), 1, "{}", daemon.says("api"));
    daemon.run_for(HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn evidence_that_cannot_be_had_for_a_moment_is_asked_for_again() {
    for fault in [Fault::ServerError, Fault::HtmlErrorPage, Fault::Throttle, Fault::LoseReply] {
        let failing = old().circuit_breaker(true, true).next_revision(cannot_start());
        let (sim, mut daemon) = daemon_over(failing).await;
        sim.inject(FaultRule::new("ListServiceDeployments", fault.clone()));
        daemon.run_for(10 * MINUTE).await;
        assert!(daemon.last("api").is_none(), "{fault:?}: {:?}", daemon.last("api"));
        assert!(sim.count("ListServiceDeployments") < 200, "calmly");
        sim.heal();
        daemon.run_for(2 * MINUTE).await;
        let last = daemon.ended("api");
        assert_eq!(last.outcome, Outcome::RolledBack, "{fault:?}: {last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn evidence_that_is_denied_makes_a_rollback_a_failure_that_says_so() {
    let failing = old().circuit_breaker(true, true).next_revision(cannot_start());
    let (sim, mut daemon) = daemon_over(failing).await;
    sim.inject(FaultRule::new("ListServiceDeployments", Fault::AccessDenied));
    daemon.run_for(HOUR / 2).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Failed, "{last:?}");
    assert!(
        last.diagnosis.contains("it cannot be told whose: ListServiceDeployments: AccessDenied")
    );
}
