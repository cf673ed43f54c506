//! Service deployments tell how each attempt ended.

use serde_json::{Value, json};

use super::support::*;
use crate::simulator::Behaviour;

async fn list(sim: &crate::simulator::Simulator) -> Vec<Value> {
    let input = json!({ "cluster": "prd", "service": "api" });
    ok(sim, "ListServiceDeployments", input).await["serviceDeployments"].as_array().unwrap().clone()
}

fn statuses(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["status"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_rollout_is_pending_then_in_progress_then_successful() {
    let sim = with_service(|s| s);
    force(&sim).await;
    for (seconds, status) in [(0, "PENDING"), (1, "IN_PROGRESS"), (600, "SUCCESSFUL")] {
        pass(seconds).await;
        let records = list(&sim).await;
        assert_eq!(statuses(&records), [status, "SUCCESSFUL"]);
        assert_eq!(records[0].get("finishedAt").is_some(), status == "SUCCESSFUL");
    }
}

#[tokio::test(start_paused = true)]
async fn a_superseded_rollout_is_stopped() {
    let sim = with_service(|s| s);
    force(&sim).await;
    pass(5).await;
    sim.deploy("prd", "api", false);
    assert_eq!(statuses(&list(&sim).await), ["PENDING", "STOP_REQUESTED", "SUCCESSFUL"]);
    pass(600).await;
    assert_eq!(statuses(&list(&sim).await), ["SUCCESSFUL", "STOPPED", "SUCCESSFUL"]);
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_the_same_service_deployment() {
    let failing = Behaviour::CannotStart { reason: "no image".to_owned() };
    let sim = with_service(|s| s.desired(3).circuit_breaker(true, true).next_revision(failing));
    force(&sim).await;
    pass(30).await;
    let records = list(&sim).await;
    assert_eq!(statuses(&records), ["ROLLBACK_IN_PROGRESS", "SUCCESSFUL"]);
    let input = json!({ "serviceDeploymentArns": [records[0]["serviceDeploymentArn"]] });
    let full = ok(&sim, "DescribeServiceDeployments", input).await["serviceDeployments"][0].clone();
    assert_eq!(full["rollback"]["serviceRevisionArn"], records[1]["targetServiceRevisionArn"]);
    assert_eq!(full["deploymentCircuitBreaker"]["status"], "TRIGGERED");
    assert_eq!(full["deploymentCircuitBreaker"]["failureCount"], 3);
    pass(600).await;
    assert_eq!(statuses(&list(&sim).await), ["ROLLBACK_SUCCESSFUL", "SUCCESSFUL"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_rollback_is_stopped() {
    let failing = Behaviour::CannotStart { reason: "no image".to_owned() };
    let sim = with_service(|s| s.desired(3).circuit_breaker(true, false).next_revision(failing));
    force(&sim).await;
    pass(600).await;
    assert_eq!(statuses(&list(&sim).await), ["STOPPED", "SUCCESSFUL"]);
}

#[tokio::test(start_paused = true)]
async fn unknown_service_deployments_are_missing() {
    let sim = with_service(|s| s);
    let arn = "arn:aws:ecs:eu-central-1:123456789012:service-deployment/prd/api/unknown";
    let input = json!({ "serviceDeploymentArns": [arn] });
    let answer = ok(&sim, "DescribeServiceDeployments", input).await;
    assert_eq!(answer["failures"][0], json!({ "arn": arn, "reason": "MISSING" }));
}
