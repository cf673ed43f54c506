//! Every outcome, from what ECS really does.

use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::simulator::ServiceSpec;

use crate::harness::{DAY, Daemon, HOUR, MINUTE, clock, policies, simulator, weekly};

#[tokio::test(start_paused = true)]
async fn tasks_that_are_too_old_are_replaced_and_the_proof_is_in_the_tasks() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY));
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(HOUR).await;
    let last = daemon.last("api").expect(&daemon.says("api"));
    assert_eq!(last.outcome, Outcome::Succeeded, "{last:?}");
    assert_eq!(sim.started_deployments("prd", "api"), 1);
    assert!(last.duration() < 10 * MINUTE, "{:?}", last.duration());
}
