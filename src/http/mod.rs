//! What the daemon shows over HTTP: its health, its metrics and its plan.
//!
//! Presentation only: it reads the newest status, changes nothing and knows neither AWS nor the
//! store. Every path is for GET (and so HEAD); bodies of requests are not read.
//!
//! Only the plan is behind it, which names services and policies but holds no secrets, so there is
//! no authentication: reach it from the inside only.

mod api;
mod health;
mod serve;

#[cfg(test)]
mod tests;

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::sync::watch;

pub use api::{
    AffectedView, FindingView, NoticeView, Stamp, status_name, write_document, write_preflight,
};
pub use serve::serve;

use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::reconciler::status::{Progress, StatusReceiver};

const INDEX: &str = "\
ecs-refresh

/healthz        200 while the loop makes progress
/readyz         200 once configuration, store and the first look are there
/metrics        Prometheus metrics
/api/v1/status  the whole current plan as JSON (?policy= ?verdict= ?cluster=)
";

/// The text format of Prometheus.
const EXPOSITION: HeaderValue =
    HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Everything that is shown; cheap to clone.
#[derive(Clone, Debug)]
pub struct Shown {
    pub status: StatusReceiver,
    pub progress: Progress,
    pub clock: Clock,
    /// The `resync` in force: it reloads, and the health check is measured by it.
    pub resync: watch::Receiver<Duration>,
    pub metrics: Metrics,
}

/// Every path there is.
pub fn router(shown: Shown) -> Router {
    Router::new()
        .route("/", get(INDEX))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics))
        .route("/api/v1/status", get(api::status))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(map_response(not_stored))
        .with_state(shown)
}

async fn metrics(State(shown): State<Shown>) -> Response {
    ([(CONTENT_TYPE, EXPOSITION)], shown.metrics.render()).into_response()
}

async fn not_found() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "there is nothing here; / lists what there is\n")
}

async fn method_not_allowed() -> (StatusCode, &'static str) {
    (StatusCode::METHOD_NOT_ALLOWED, "everything here is read-only: use GET\n")
}

/// Each answer is about the moment in which it is given.
async fn not_stored(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
