//! Faults, throttling, and what the call log says of them.

use std::time::Duration;

use serde_json::json;

use super::support::*;
use crate::simulator::{Fault, FaultRule, Options, Outcome, ServiceSpec, Simulator};

#[tokio::test(start_paused = true)]
async fn one_denied_service_fails_its_whole_batch() {
    let sim = with_service(|s| s);
    sim.add_service(ServiceSpec::new("prd", "web"));
    sim.inject(FaultRule::new("DescribeServices", Fault::AccessDenied).on("prd/web"));
    let both = json!({ "cluster": "prd", "services": ["api", "web"] });
    let answer = call(&sim, "DescribeServices", both.clone()).await;
    assert_eq!((answer.status, answer.code()), (400, "AccessDeniedException"));
    assert_eq!(describe(&sim).await["serviceName"], "api");
    sim.heal();
    ok(&sim, "DescribeServices", both).await;
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_used_up_after_its_times() {
    let sim = with_service(|s| s);
    sim.inject(FaultRule::new("*", Fault::ServerError).times(2));
    let list = || call(&sim, "ListClusters", json!({}));
    let statuses = [list().await.status, list().await.status, list().await.status];
    assert_eq!(statuses, [500, 500, 200]);
}

#[tokio::test(start_paused = true)]
async fn each_fault_answers_in_its_own_way() {
    let cases = [
        (Fault::Throttle, 400, "ThrottlingException"),
        (Fault::ExpiredToken, 400, "ExpiredTokenException"),
        (Fault::ServerError, 500, "ServerException"),
        (Fault::HtmlErrorPage, 500, ""),
    ];
    for (fault, status, code) in cases {
        let sim = with_service(|s| s);
        sim.inject(FaultRule::new("UpdateService", fault));
        let input = json!({ "cluster": "prd", "service": "api", "forceNewDeployment": true });
        let answer = call(&sim, "UpdateService", input).await;
        assert_eq!((answer.status, answer.code()), (status, code));
        assert_eq!(sim.started_deployments("prd", "api"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_was_executed_and_a_dropped_request_was_not() {
    let cases =
        [(Fault::LoseReply, 1, Outcome::ReplyLost), (Fault::DropRequest, 0, Outcome::Dropped)];
    for (fault, executed, outcome) in cases {
        let sim = with_service(|s| s);
        sim.inject(FaultRule::new("UpdateService", fault));
        let input = json!({ "cluster": "prd", "service": "api", "forceNewDeployment": true });
        call(&sim, "UpdateService", input).await;
        assert_eq!(sim.started_deployments("prd", "api"), executed);
        assert_eq!(sim.calls()[0].outcome, outcome);
    }
}

#[tokio::test(start_paused = true)]
async fn buckets_empty_at_their_burst_and_refill_at_their_rate() {
    let options = Options { throttling: true, ..Options::default() };
    let sim = Simulator::new(time_source(), options);
    sim.add_service(ServiceSpec::new("prd", "api"));
    let update = || call(&sim, "UpdateService", json!({ "cluster": "prd", "service": "api" }));
    for _ in 0..50 {
        assert_eq!(update().await.status, 200);
    }
    let refused = update().await;
    assert_eq!((refused.status, refused.code()), (400, "ThrottlingException"));
    assert_eq!(refused.message(), "Rate exceeded");
    describe(&sim).await;
    pass(1).await;
    let mut admitted = 0;
    while update().await.status == 200 {
        admitted += 1;
    }
    assert_eq!(admitted, 5);
}

#[tokio::test(start_paused = true)]
async fn latency_and_delay_pass_on_the_clock() {
    let options = Options { latency: Duration::from_millis(100), ..Options::default() };
    let sim = Simulator::new(time_source(), options);
    let started = tokio::time::Instant::now();
    ok(&sim, "ListClusters", json!({})).await;
    assert_eq!(started.elapsed(), Duration::from_millis(100));
    sim.inject(FaultRule::new("ListClusters", Fault::Delay(Duration::from_secs(9))));
    ok(&sim, "ListClusters", json!({})).await;
    assert_eq!(started.elapsed(), Duration::from_millis(9200));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_no_json_object_is_refused() {
    let sim = simulator();
    let answer = call(&sim, "ListClusters", json!([1])).await;
    assert_eq!((answer.status, answer.code()), (400, "SerializationException"));
    let answer = call(&sim, "DescribeServices", json!({ "services": 7 })).await;
    assert_eq!((answer.status, answer.code()), (400, "SerializationException"));
}
