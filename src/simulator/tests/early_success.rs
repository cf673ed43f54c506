//! Rolling deployments that are complete before everything is done.

use std::time::Duration;

use super::support::*;
use crate::simulator::{Behaviour, Cleanup, Simulator};

#[tokio::test(start_paused = true)]
async fn old_tasks_may_outlive_a_success() {
    for (cleanup, after, old_tasks) in [(Cleanup::Deferred, 60, 2), (Cleanup::Blocking, 663, 0)] {
        let sim = with_service(|s| {
            s.desired(2).early_success(100, cleanup).stop_time(Duration::from_secs(600))
        });
        let ours = force(&sim).await;
        pass(after - 5).await;
        assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
        pass(5).await;
        assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL", "{cleanup:?}");
        let rollout = rollout(&sim).await;
        let running = sim.service("prd", "api").tasks;
        let stopping = running.iter().filter(|t| t.last_status == "STOPPING").count();
        assert_eq!(stopping, old_tasks);
        assert_eq!(deployments(&sim)[0], (ours, "PRIMARY".to_owned(), "COMPLETED".to_owned()));
        assert_eq!(deployments(&sim).len(), 1 + old_tasks / 2);
        assert!(rollout.finished_at().is_some());
        pass(1000).await;
        assert_eq!((deployments(&sim).len(), active(&sim, "RUNNING")), (1, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_success_needs_no_more_healthy_tasks_than_asked_for() {
    // The first of four tasks fails; what replaces it is healthy after two minutes.
    let flaky = Behaviour::FailsFirst { tasks: 1, reason: "flaky".to_owned() };
    for (cleanup, seconds) in [(Cleanup::Deferred, 60), (Cleanup::Blocking, 92)] {
        let sim = with_service(|s| {
            s.desired(4).percents(50, 200).early_success(75, cleanup).next_revision(flaky.clone())
        });
        let ours = force(&sim).await;
        pass(100).await;
        let finished_at = rollout(&sim).await.finished_at().unwrap().secs();
        assert_eq!(finished_at - 1_800_000_000, seconds);
        assert_eq!(deployments(&sim)[0], (ours, "PRIMARY".to_owned(), "COMPLETED".to_owned()));
        let steady = |sim: &Simulator| {
            let events = sim.service("prd", "api").events;
            events.iter().filter(|event| event.ends_with("steady state.")).count()
        };
        assert_eq!(steady(&sim), 1, "only the old deployment was");
        pass(600).await;
        assert_eq!((steady(&sim), active(&sim, "RUNNING")), (2, 4));
    }
}

#[tokio::test(start_paused = true)]
async fn without_criteria_a_success_needs_everything() {
    let sim = with_service(|s| s.desired(2).stop_time(Duration::from_secs(600)));
    force(&sim).await;
    pass(650).await;
    assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
}
