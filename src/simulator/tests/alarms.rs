//! CloudWatch alarms that watch deployments.

use super::support::*;
use crate::simulator::{ServiceSpec, Simulator};

async fn monitor(sim: &Simulator) -> (String, usize) {
    let rollout = rollout(sim).await;
    let alarms = rollout.alarms().unwrap();
    (alarms.status().unwrap().as_str().to_owned(), alarms.triggered_alarm_names().len())
}

fn watched(spec: ServiceSpec) -> ServiceSpec {
    spec.desired(2).alarms(&["errors", "latency"], true)
}

#[tokio::test(start_paused = true)]
async fn a_rolling_deployment_bakes_when_its_old_tasks_are_gone() {
    for (minutes, seconds) in [(None, 240), (Some(20), 1200)] {
        let adjust = |s| match minutes {
            None => watched(s),
            Some(minutes) => watched(s).bake_minutes(minutes),
        };
        let sim = with_service(adjust);
        force(&sim).await;
        pass(100).await;
        assert_eq!((active(&sim, "RUNNING"), deployments(&sim).len()), (2, 1));
        assert_eq!(deployments(&sim)[0].2, "IN_PROGRESS");
        assert_eq!(monitor(&sim).await, ("MONITORING".to_owned(), 0));
        pass(seconds - 20).await;
        assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
        pass(30).await;
        assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
        assert_eq!(monitor(&sim).await, ("MONITORING_COMPLETE".to_owned(), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_fails_a_rolling_deployment_at_any_time() {
    for (seconds, rollback, status) in [
        (5, true, "ROLLBACK_SUCCESSFUL"),
        (200, true, "ROLLBACK_SUCCESSFUL"),
        (200, false, "STOPPED"),
    ] {
        let sim = with_service(|s| s.desired(2).alarms(&["errors"], rollback));
        let ours = force(&sim).await;
        pass(seconds).await;
        sim.raise_alarm("prd", "api", "another");
        assert_eq!(deployments(&sim)[0].2, "IN_PROGRESS");
        sim.raise_alarm("prd", "api", "errors");
        assert_eq!(monitor(&sim).await, ("TRIGGERED".to_owned(), 1));
        let events = sim.service("prd", "api").events;
        let said = format!("(service api) (deployment {ours}) deployment failed: alarm detected.");
        assert!(events.contains(&said), "{events:?}");
        pass(600).await;
        assert_eq!(status_and_stage(&sim).await.0, status);
        assert_eq!(deployments(&sim)[0].0 == ours, !rollback);
        assert_eq!(deployments(&sim)[0].2, if rollback { "COMPLETED" } else { "FAILED" });
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_that_rings_already_is_not_heeded() {
    let sim = with_service(watched);
    sim.raise_alarm("prd", "api", "latency");
    force(&sim).await;
    pass(120).await;
    assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
    assert_eq!(monitor(&sim).await, ("DISABLED".to_owned(), 0));
    sim.clear_alarm("prd", "api", "latency");
    force(&sim).await;
    assert_eq!(monitor(&sim).await, ("MONITORING".to_owned(), 0));
}

#[tokio::test(start_paused = true)]
async fn an_alarm_brings_shifted_traffic_back_until_it_has_baked() {
    for (seconds, status) in
        [(30, "ROLLBACK_SUCCESSFUL"), (400, "ROLLBACK_SUCCESSFUL"), (440, "SUCCESSFUL")]
    {
        let sim = with_service(|s| watched(s).strategy("BLUE_GREEN").bake_minutes(5));
        force(&sim).await;
        pass(seconds).await;
        sim.raise_alarm("prd", "api", "errors");
        pass(600).await;
        assert_eq!(status_and_stage(&sim).await.0, status, "{seconds}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_after_the_end_changes_nothing() {
    let sim = with_service(watched);
    let ours = force(&sim).await;
    pass(1000).await;
    sim.raise_alarm("prd", "api", "errors");
    pass(1000).await;
    assert_eq!(deployments(&sim), [(ours, "PRIMARY".to_owned(), "COMPLETED".to_owned())]);
}
