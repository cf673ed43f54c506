//! Every outcome, from what ECS really does.

use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::simulator::{Behaviour, Fault, FaultRule, ServiceSpec};

use crate::harness::{DAY, Daemon, HOUR, MINUTE, clock, policies, simulator, weekly};

const PULL_ERROR: &str = "CannotPullContainerError: manifest for web:latest not found";

#[tokio::test(start_paused = true)]
async fn tasks_that_are_too_old_are_replaced_and_the_proof_is_in_the_tasks() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
    assert_eq!(sim.started_deployments("prd", "api"), 1);
    assert!(last.duration() < 10 * MINUTE, "{:?}", last.duration());
}

#[tokio::test(start_paused = true)]
async fn a_circuit_breaker_rollback_to_the_same_task_definition_is_rolled_back() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(
        ServiceSpec::new("prd", "api")
            .desired(3)
            .task_age(8 * DAY)
            .circuit_breaker(true, true)
            .next_revision(Behaviour::CannotStart { reason: PULL_ERROR.to_owned() }),
    );
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(2 * HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::RolledBack, "{last:?}");
    assert!(last.diagnosis.contains(PULL_ERROR), "{}", last.diagnosis);
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_circuit_breaker_without_rollback_is_failed() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(
        ServiceSpec::new("prd", "api")
            .desired(3)
            .task_age(8 * DAY)
            .circuit_breaker(true, false)
            .next_revision(Behaviour::NeverHealthy),
    );
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(2 * HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Failed, "{last:?}");
    assert!(daemon.says("api").contains("has FAILED"), "{}", daemon.says("api"));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_never_finishes_is_timed_out_with_a_diagnosis() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(
        ServiceSpec::new("prd", "api")
            .desired(3)
            .task_age(8 * DAY)
            .next_revision(Behaviour::CannotStart { reason: PULL_ERROR.to_owned() }),
    );
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(HOUR + MINUTE).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::TimedOut, "{last:?}");
    assert!(last.diagnosis.contains(PULL_ERROR), "{}", last.diagnosis);
    assert!(
        daemon.says("api").contains("(timed_out) is still rolling out"),
        "{}",
        daemon.says("api")
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_newer_deployment_supersedes_ours() {
    for new_revision in [true, false] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.add_service(ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY));
        let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
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
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY));
    sim.inject(FaultRule::new("UpdateService", Fault::LoseReply).times(1));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(HOUR).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
    assert_eq!(sim.started_deployments("prd", "api"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_never_arrived_is_tried_again_after_it_was_seen_not_to_be_accepted() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY));
    sim.inject(FaultRule::new("UpdateService", Fault::DropRequest).times(1));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
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
        let clock = clock();
        let sim = simulator(&clock);
        let reason = PULL_ERROR.to_owned();
        let api = ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY);
        let failing = Behaviour::CannotStart { reason };
        sim.add_service(api.circuit_breaker(true, true).next_revision(failing));
        sim.inject(FaultRule::new("ListServiceDeployments", fault.clone()));
        let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
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
    let clock = clock();
    let sim = simulator(&clock);
    let failing = Behaviour::CannotStart { reason: PULL_ERROR.to_owned() };
    let api = ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY);
    sim.add_service(api.circuit_breaker(true, true).next_revision(failing));
    sim.inject(FaultRule::new("ListServiceDeployments", Fault::AccessDenied));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(HOUR / 2).await;
    let last = daemon.ended("api");
    assert_eq!(last.outcome, Outcome::Failed, "{last:?}");
    assert!(
        last.diagnosis.contains("it cannot be told whose: ListServiceDeployments: AccessDenied")
    );
}
