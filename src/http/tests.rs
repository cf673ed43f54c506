//! The router, asked request by request.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::ServiceExt;

use super::{Shown, router};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::plan::ledger::Outcome;
use crate::reconciler::metrics::fixture::{
    finished, fleet, now, policies, receiver, status, status_of, status_with_notices,
};
use crate::reconciler::metrics::{FleetCollector, Outcomes, register_build_info};
use crate::reconciler::status::{Progress, Readiness, Status};

fn shown(status: Status) -> Shown {
    let (metrics, clock, status) = (Metrics::new(), Clock::tokio_from(now()), receiver(status));
    FleetCollector::register(&metrics, status.clone(), clock.clone());
    register_build_info(&metrics);
    let resync = watch::channel(Duration::from_secs(60)).1;
    Shown { status, progress: Progress::new(now()), clock, resync, metrics }
}

async fn ask(router: &Router, method: Method, path: &str) -> (StatusCode, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(router: &Router, path: &str) -> (StatusCode, String) {
    ask(router, Method::GET, path).await
}

async fn get_json(router: &Router, path: &str) -> Value {
    let (status, body) = get(router, path).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn names(status: &Value) -> Vec<&str> {
    let services = status["services"].as_array().unwrap();
    services.iter().map(|service| service["service"].as_str().unwrap()).collect()
}

#[tokio::test(start_paused = true)]
async fn only_known_paths_are_there_and_only_to_be_read() {
    let router = router(shown(status()));
    for (method, path, expected) in [
        (Method::GET, "/", StatusCode::OK),
        (Method::GET, "/healthz", StatusCode::OK),
        (Method::HEAD, "/healthz", StatusCode::OK),
        (Method::GET, "/readyz", StatusCode::OK),
        (Method::GET, "/metrics", StatusCode::OK),
        (Method::HEAD, "/metrics", StatusCode::OK),
        (Method::GET, "/api/v1/status", StatusCode::OK),
        (Method::GET, "/api", StatusCode::NOT_FOUND),
        (Method::GET, "/metrics/", StatusCode::NOT_FOUND),
        (Method::POST, "/nothing", StatusCode::NOT_FOUND),
        (Method::POST, "/api/v1/status", StatusCode::METHOD_NOT_ALLOWED),
        (Method::PUT, "/healthz", StatusCode::METHOD_NOT_ALLOWED),
        (Method::DELETE, "/", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let (status, body) = ask(&router, method.clone(), path).await;
        assert_eq!(status, expected, "{method} {path}");
        assert_eq!(body.is_empty(), method == Method::HEAD, "{method} {path}: {body}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_index_names_every_path() {
    let router = router(shown(status()));
    let (_, index) = get(&router, "/").await;
    for path in ["/healthz", "/readyz", "/metrics", "/api/v1/status"] {
        assert!(index.contains(path), "{path} is not in {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_answer_is_to_be_stored() {
    let router = router(shown(status()));
    for path in ["/healthz", "/metrics", "/api/v1/status", "/nothing"] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_daemon_is_healthy_until_three_resyncs_pass_without_progress() {
    let shown = shown(status());
    let router = router(shown.clone());
    tokio::time::sleep(Duration::from_secs(180)).await;
    assert_eq!(get(&router, "/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (status, why) = get(&router, "/healthz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        why,
        "nothing was observed, answered or finished for 4m, which is too long for a resync of 1m\n"
    );
    shown.progress.made(shown.clock.now());
    assert_eq!(get(&router, "/healthz").await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn health_is_measured_by_the_resync_in_force() {
    let (resync, receiver) = watch::channel(Duration::from_secs(60));
    let router = router(Shown { resync: receiver, ..shown(status()) });
    tokio::time::sleep(Duration::from_secs(240)).await;
    assert_eq!(get(&router, "/healthz").await.0, StatusCode::SERVICE_UNAVAILABLE);
    resync.send_replace(Duration::from_secs(600));
    assert_eq!(get(&router, "/healthz").await.0, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_cannot_be_read_is_said_and_does_not_make_unready() {
    let mut status = status();
    status.readiness.events = Some("ReceiveMessage: there is no such queue".to_owned());
    let (code, text) = get(&router(shown(status)), "/readyz").await;
    assert_eq!(code, StatusCode::OK);
    assert!(text.ends_with("events: not received: ReceiveMessage: there is no such queue\n"));
}

#[tokio::test(start_paused = true)]
async fn readiness_says_what_is_missing_and_why() {
    let mut status = status();
    status.readiness = Readiness {
        configuration: true,
        store: false,
        first_look: false,
        why: Some("ledger.redb is locked by another process".to_owned()),
        events: None,
    };
    let (code, text) = get(&router(shown(status)), "/readyz").await;
    assert_eq!(code, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        text,
        "configuration: ok\nstore: not yet\nfirst look: not yet\n\
         ledger.redb is locked by another process\n"
    );
}

#[tokio::test(start_paused = true)]
async fn metrics_come_in_the_format_that_prometheus_reads() {
    let shown = shown(status());
    let outcomes = Outcomes::register(&shown.metrics);
    outcomes.ensure_policies(&policies());
    outcomes.refresh_ended(&finished(Outcome::Succeeded));
    let request = Request::get("/metrics").body(Body::empty()).unwrap();
    let response = router(shown).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    for family in ["services", "refreshes_total", "look_duration_seconds", "build_info"] {
        assert!(text.contains(&format!("# HELP ecs_refresh_{family} ")), "{family} in {text}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_status_is_complete() {
    let status = get_json(&router(shown(status())), "/api/v1/status").await;
    let mut head = status.clone();
    for list in ["clusters", "policies", "services", "notices"] {
        head.as_object_mut().unwrap().remove(list);
    }
    assert_eq!(
        head,
        json!({
            "schema_version": 1, "version": env!("CARGO_PKG_VERSION"),
            "now": "2026-11-30T01:00:00Z", "planned_at": "2026-11-30T01:00:00Z",
            "dry_run": false, "ready": true, "config_valid": true, "leader": true, "lease": null,
            "last_look_at": "2026-11-30T01:00:00Z", "problems": [],
        })
    );
    assert_eq!(names(&status), ["tool", "api-new", "api-old", "batch", "worker"]);
    assert_eq!(
        status["clusters"],
        json!([
            {"region": "ap-northeast-1", "account": "123456789012", "cluster": "dev",
             "complete_at": "2026-11-30T01:00:00Z",
             "problem": {"operation": "ListTasks", "class": "denied", "message": "not allowed",
                         "at": "2026-11-30T01:00:00Z"}},
            {"region": "ap-northeast-1", "account": "123456789012", "cluster": "prd",
             "complete_at": "2026-11-30T01:00:00Z", "problem": null},
        ])
    );
}

#[tokio::test(start_paused = true)]
async fn a_waiting_service_says_why_and_until_when() {
    let router = router(shown(status()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    let status = get_json(&router, "/api/v1/status").await;
    assert_eq!(
        status["services"][2],
        json!({
            "region": "ap-northeast-1", "account": "123456789012", "cluster": "prd",
            "service": "api-old", "policy": "nightly", "also_selected_by": ["anytime"],
            "verdict": "wait", "reason": "window_closed",
            "message": "the window opens Tue 2026-12-01 03:00 JST",
            "oldest_created_at": "2026-11-22T01:00:00Z", "age_seconds": 8 * 86_400 + 30,
            "age_limit_seconds": 7 * 86_400,
            "cause": "age", "due_since": "2026-11-29T01:00:00Z",
            "rollout_timeout": {
                "total_seconds": 3_600, "floor_applied": false, "assumed": [],
                "parts": [{
                    "name": "configured", "seconds": 3_600,
                    "how": "rollout_timeout of the policy",
                }],
            },
            "next_window": "2026-11-30T18:00:00Z", "attempt": null, "finding": null, "preflight": null, "retirement": null,
        })
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_is_null_and_an_attempt_is_named() {
    let status = get_json(&router(shown(status())), "/api/v1/status").await;
    let (tool, worker) = (&status["services"][0], &status["services"][4]);
    for unknown in [
        "age_limit_seconds",
        "cause",
        "due_since",
        "rollout_timeout",
        "next_window",
        "attempt",
        "finding",
        "preflight",
        "retirement",
    ] {
        assert!(tool.as_object().unwrap().contains_key(unknown), "{tool}");
        assert_eq!(tool[unknown], Value::Null, "{unknown}");
    }
    assert_eq!((&tool["verdict"], &tool["reason"]), (&json!("hold"), &json!("policy_disabled")));
    assert_eq!(worker["verdict"], "rolling");
    assert_eq!(worker["attempt"], "20261130T005930Z-1");
}

#[tokio::test(start_paused = true)]
async fn policies_are_in_file_order_and_an_endless_window_has_no_end() {
    let status = get_json(&router(shown(status())), "/api/v1/status").await;
    assert_eq!(
        status["policies"][0],
        json!({
            "name": "nightly", "enabled": true, "open": false, "open_until": null,
            "next_window": "2026-11-30T18:00:00Z",
            "services": {"fresh": 1, "refresh": 0, "rolling": 0, "wait": 1, "hold": 0},
            "due": 1, "in_flight": 0, "pace_seconds": null, "fits": null,
        })
    );
    let anytime = &status["policies"][1];
    assert_eq!(anytime["name"], "anytime");
    assert_eq!((&anytime["open"], &anytime["open_until"]), (&json!(true), &Value::Null));
    assert_eq!(anytime["in_flight"], 1);
    assert_eq!(status["policies"][2]["enabled"], false);
}

#[tokio::test(start_paused = true)]
async fn filters_narrow_the_services() {
    let router = router(shown(status()));
    for (query, expected) in [
        ("", vec!["tool", "api-new", "api-old", "batch", "worker"]),
        ("?policy=nightly", vec!["api-new", "api-old"]),
        ("?verdict=wait", vec!["api-old"]),
        ("?cluster=dev", vec!["tool"]),
        ("?policy=anytime&verdict=rolling&cluster=prd", vec!["worker"]),
        ("?policy=nightly&cluster=dev", vec![]),
        ("?policy=night%6Cy", vec!["api-new", "api-old"]),
    ] {
        let status = get_json(&router, &format!("/api/v1/status{query}")).await;
        assert_eq!(names(&status), expected, "{query}");
        assert_eq!(status["policies"].as_array().unwrap().len(), 3, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_that_is_not_understood_is_refused() {
    let router = router(shown(status()));
    for (query, error) in [
        ("state=wait", "there is no parameter \"state\"; there are policy, verdict and cluster"),
        ("policy=x", "no policy is named \"x\"; there are: nightly, anytime, watched"),
        ("policy=", "no policy is named \"\"; there are: nightly, anytime, watched"),
        (
            "verdict=Wait",
            "no verdict is named \"Wait\"; there are: fresh, refresh, rolling, wait, hold",
        ),
        ("cluster=stg", "no cluster named \"stg\" is known"),
        ("verdict=wait&verdict=hold", "the parameter \"verdict\" is given twice"),
    ] {
        let (code, body) = get(&router, &format!("/api/v1/status?{query}")).await;
        assert_eq!(code, StatusCode::BAD_REQUEST, "{query}");
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, json!({ "error": error }), "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_was_removed_can_be_asked_for_while_its_attempt_goes_on() {
    let mut left = policies();
    left.policies.retain(|policy| policy.name.as_ref() == "watched");
    let router = router(shown(status_of(left, &fleet())));
    let status = get_json(&router, "/api/v1/status?policy=anytime").await;
    assert_eq!(names(&status), ["worker"]);
    assert_eq!(status["services"][0]["age_limit_seconds"], Value::Null);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_look_the_status_is_empty_and_not_ready() {
    let status = Status::starting(now(), Arc::new(policies()));
    let status = get_json(&router(shown(status)), "/api/v1/status").await;
    assert_eq!((&status["ready"], &status["last_look_at"]), (&json!(false), &Value::Null));
    assert_eq!(status["services"], json!([]));
}

const ARN: &str = "arn:aws:health:ap-northeast-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT";

#[tokio::test(start_paused = true)]
async fn a_service_tells_of_the_retirement_that_is_ahead() {
    let status = get_json(&router(shown(status_with_notices())), "/api/v1/status").await;
    let of = |name: &str| {
        let mut services = status["services"].as_array().unwrap().iter();
        services.find(|service| service["service"] == name).unwrap()
    };
    assert_eq!(
        of("api-old")["retirement"],
        json!({
            "event_arn": format!("{ARN}/first"),
            "cutoff": "2026-11-28T13:00:00Z", "deadline": "2026-12-04T01:00:00Z",
            "missed": false, "reopened": false, "at_risk": false,
            "prospect": "windows", "windows_left": 3, "from": null,
        })
    );
    assert_eq!(
        of("api-old")["message"],
        "the window opens Tue 2026-12-01 03:00 JST; AWS retires its tasks from Fri 2026-12-04 10:00 \
         JST on, 3 windows open before Thu 2026-12-03 10:00 JST"
    );
    assert_eq!(of("api-new")["retirement"], Value::Null);
    let undated = &of("batch")["retirement"];
    assert_eq!((&undated["deadline"], &undated["prospect"]), (&Value::Null, &json!("undated")));
    assert_eq!(of("tool")["retirement"]["at_risk"], true);
}

#[tokio::test(start_paused = true)]
async fn notices_are_complete() {
    let status = get_json(&router(shown(status_with_notices())), "/api/v1/status").await;
    let service = |cluster, name, policy: Option<&str>, state, at_risk| {
        json!({
            "region": "ap-northeast-1", "account": "123456789012", "cluster": cluster,
            "service": name, "policy": policy, "state": state, "at_risk": at_risk,
        })
    };
    let task = |cluster: Option<&str>, number, state, started_by: Option<&str>, group| {
        json!({
            "cluster": cluster, "task": format!("{number:032x}"), "state": state,
            "resolved": false, "started_by": started_by, "group": started_by.map(|_| group),
        })
    };
    assert_eq!(
        status["notices"][0],
        json!({
            "event_arn": format!("{ARN}/first"), "account": "123456789012",
            "region": "ap-northeast-1", "status": "upcoming",
            "deadline": "2026-12-04T01:00:00Z", "cutoff": "2026-11-28T13:00:00Z",
            "received_at": "2026-11-28T14:00:00Z",
            "services": [
                service("dev", "tool", Some("watched"), "waiting", true),
                service("prd", "api-new", Some("nightly"), "satisfied_by_deploy", false),
                service("prd", "api-old", Some("nightly"), "waiting", false),
                service("prd", "worker", Some("anytime"), "refreshing", false),
                service("stg", "legacy", None, "unmanaged", false),
            ],
            "tasks": [
                task(Some("jobs"), 1, "standalone", Some("nightly-import"), "family:import"),
                task(Some("jobs"), 2, "standalone", None, ""),
                task(Some("jobs"), 3, "gone", None, ""),
                task(None, 4, "unknown", None, ""),
            ],
            "unknown_services": [], "not_understood": [],
        })
    );
    let over = &status["notices"][1];
    assert_eq!(
        (&over["status"], &over["services"][0]["state"]),
        (&json!("closed"), &json!("closed"))
    );
    let undated = &status["notices"][3];
    assert_eq!(undated["deadline"], Value::Null);
    assert_eq!(undated["unknown_services"], json!(["shadow"]));
    assert_eq!(undated["not_understood"], json!(["eventDescription: on some day"]));
}

#[tokio::test(start_paused = true)]
async fn filters_narrow_what_notices_name_and_hide_none() {
    let router = router(shown(status_with_notices()));
    for (query, services, tasks) in [
        ("", &["tool", "api-new", "api-old", "worker", "legacy"][..], 4),
        ("?policy=nightly", &["api-new", "api-old"], 0),
        ("?verdict=hold", &["tool"], 0),
        ("?cluster=prd", &["api-new", "api-old", "worker"], 0),
        // Neither is watched: they are known by the notice only.
        ("?cluster=stg", &["legacy"], 0),
        ("?cluster=jobs", &[], 3),
    ] {
        let status = get_json(&router, &format!("/api/v1/status{query}")).await;
        let notices = status["notices"].as_array().unwrap();
        assert_eq!(notices.len(), 4, "{query}");
        assert_eq!(names(&notices[0]), services, "{query}");
        assert_eq!(notices[0]["tasks"].as_array().unwrap().len(), tasks, "{query}");
    }
}
