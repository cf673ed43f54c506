//! Services that go.

use serde_json::json;

use super::support::*;

#[tokio::test(start_paused = true)]
async fn a_deleted_service_drains_and_stays_describable_as_inactive() {
    let sim = with_service(|s| s.desired(2));
    let input = json!({ "cluster": "prd", "service": "api" });
    let answer = call(&sim, "DeleteService", input.clone()).await;
    assert_eq!(answer.code(), "InvalidParameterException");
    let forced = json!({ "cluster": "prd", "service": "api", "force": true });
    ok(&sim, "DeleteService", forced).await;
    assert_eq!(describe(&sim).await["status"], "DRAINING");
    let refused = call(&sim, "UpdateService", input).await;
    assert_eq!(refused.code(), "ServiceNotActiveException");
    pass(60).await;
    assert_eq!(describe(&sim).await["status"], "INACTIVE");
    let listed = ok(&sim, "ListServices", json!({ "cluster": "prd" })).await;
    assert_eq!(listed["serviceArns"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn a_drained_service_stays_draining_until_it_is_deleted() {
    let sim = with_service(|s| s.desired(2));
    sim.drain_service("prd", "api");
    pass(86_400).await;
    assert_eq!(describe(&sim).await["status"], "DRAINING");
    sim.delete_service("prd", "api");
    assert_eq!(describe(&sim).await["status"], "INACTIVE");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_goes_only_after_its_services() {
    let sim = with_service(|s| s);
    let answer = call(&sim, "DeleteCluster", json!({ "cluster": "prd" })).await;
    assert_eq!(answer.code(), "ClusterContainsServicesException");
    sim.delete_service("prd", "api");
    pass(60).await;
    ok(&sim, "DeleteCluster", json!({ "cluster": "prd" })).await;
    let answer = call(&sim, "ListServices", json!({ "cluster": "prd" })).await;
    assert_eq!(answer.code(), "ClusterNotFoundException");
}
