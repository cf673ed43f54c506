//! What others do in the middle of a deployment, beside what the API offers.

use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::simulator::{Options, ServiceSpec, Simulator};

const MINUTE: Duration = Duration::from_secs(60);

fn plain(spec: ServiceSpec) -> ServiceSpec {
    spec.desired(2)
}

fn blue_green(spec: ServiceSpec) -> ServiceSpec {
    spec.desired(2).strategy("BLUE_GREEN").bake_minutes(5)
}

const KINDS: [fn(ServiceSpec) -> ServiceSpec; 2] = [plain, blue_green];

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_pending_starts_nothing() {
    for kind in KINDS {
        let sim = with_service(|spec| kind(spec).pending_for(5 * MINUTE));
        let old = sim.service("prd", "api").primary().unwrap().id.clone();
        let new = force(&sim).await;
        pass(299).await;
        assert_eq!(status_and_stage(&sim).await, ("PENDING".to_owned(), String::new()));
        assert_eq!((active_of(&sim, &new), active_of(&sim, &old)), (0, 2));
        pass(1).await;
        assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
        pass(1_000).await;
        assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
        assert_eq!((active_of(&sim, &new), active_of(&sim, &old)), (2, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_that_is_stopped_goes_back_or_stays_where_it_stands() {
    for kind in KINDS {
        for (rollback, status) in [(true, "ROLLBACK_SUCCESSFUL"), (false, "STOPPED")] {
            let sim = with_service(kind);
            let new = force(&sim).await;
            pass(50).await;
            sim.stop_deployment("prd", "api", rollback);
            pass(600).await;
            assert_eq!(status_and_stage(&sim).await.0, status);
            let left = if rollback { 0 } else { 2 };
            assert_eq!(active_of(&sim, &new), left, "{status}");
            let primary = sim.service("prd", "api").primary().unwrap().clone();
            let state = if rollback { "COMPLETED" } else { "FAILED" };
            assert_eq!((primary.id == new, &*primary.rollout_state), (!rollback, state));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_moved_is_replaced_under_the_same_deployment() {
    let sim = with_service(plain);
    let deployment = sim.service("prd", "api").primary().unwrap().id.clone();
    let moved = sim.rebalance_task("prd", "api").unwrap();
    pass(120).await;
    assert_eq!(active_of(&sim, &deployment), 2);
    let view = sim.service("prd", "api");
    assert!(view.active_tasks().all(|task| task.id != moved));
    let gone = view.tasks.iter().find(|task| task.id == moved).unwrap();
    assert!(gone.stopped_reason.as_ref().unwrap().starts_with("Scaling activity initiated by"));
    assert_eq!(deployments(&sim).len(), 1);
    let new = force(&sim).await;
    assert_eq!(sim.rebalance_task("prd", "api"), None, "no task of {new} is healthy yet");
}

#[tokio::test(start_paused = true)]
async fn a_protection_is_renewed_and_lifted() {
    for (until, done_after) in [(2 * HOUR, 7_300), (Duration::ZERO, 100)] {
        let sim = with_service(plain);
        sim.protect_task("prd", "api", after(HOUR));
        force(&sim).await;
        sim.protect_anew("prd", "api", after(until));
        pass(done_after - 99).await;
        assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
        pass(99).await;
        assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
    }
}

#[tokio::test(start_paused = true)]
async fn names_of_the_future_are_shown_where_they_are_asked_for_and_change_nothing() {
    let sim = with_service(blue_green);
    force(&sim).await;
    sim.set_stage_raw("prd", "api", Some("WARM_UP"));
    sim.set_deployment_status_raw("prd", "api", Some("PAUSED"));
    pass(20).await;
    assert_eq!(status_and_stage(&sim).await, ("PAUSED".to_owned(), "WARM_UP".to_owned()));
    assert_eq!(sim.service("prd", "api").stage.as_deref(), Some("SCALE_UP"));
    sim.set_stage_raw("prd", "api", None);
    sim.set_deployment_status_raw("prd", "api", None);
    assert_eq!(status_and_stage(&sim).await, ("IN_PROGRESS".to_owned(), "SCALE_UP".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn what_deployments_and_protection_tell_has_buckets_of_its_own() {
    let options = Options { throttling: true, ..Options::default() };
    let sim = Simulator::new(time_source(), options);
    sim.add_service(ServiceSpec::new("prd", "api"));
    let list = json!({ "cluster": "prd", "service": "api" });
    let protection = json!({ "cluster": "prd" });
    for (operation, input, burst, per_second) in
        [("ListServiceDeployments", list, 50, 20), ("GetTaskProtection", protection, 200, 80)]
    {
        for expected in [burst, per_second] {
            let mut admitted = 0;
            while call(&sim, operation, input.clone()).await.status == 200 {
                admitted += 1;
            }
            assert_eq!(admitted, expected, "{operation}");
            pass(1).await;
        }
    }
    // AWS names no limit of this one.
    for _ in 0..300 {
        let stop = json!({ "serviceDeploymentArn": "arn:aws:ecs:r:1:service-deployment/a/b/c" });
        let answer = call(&sim, "StopServiceDeployment", stop).await;
        assert_eq!(answer.code(), "ServiceDeploymentNotFoundException");
    }
}
