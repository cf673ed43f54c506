//! `/api/v1/status`: the whole current plan as JSON.
//!
//! Stable: fields are added, never renamed or removed; `schema_version` counts what breaks that
//! promise. Times are RFC 3339 in UTC to the second, durations whole seconds, and what is unknown
//! or does not apply is null. Services are in the order of region, account, cluster and name,
//! policies in file order.
//!
//! `?policy=`, `?verdict=` and `?cluster=` narrow `services`, and the services and tasks of each
//! notice, each at most once; what is shown matches all that are given. A parameter or value that is not known is answered with 400 and
//! `{"error": "..."}`, so that a slip of the pen does not look like an empty fleet.
//!
//! ```json
//! {
//!   "schema_version": 1,
//!   "version": "0.1.0",
//!   "now": "2026-11-30T01:00:30Z",
//!   "planned_at": "2026-11-30T01:00:29Z",
//!   "dry_run": false,
//!   "ready": true,
//!   "config_valid": true,
//!   "leader": true,
//!   "lease": {"holder": "6b1f…-3f2a", "since": "2026-11-30T00:12:41Z", "problem": null},
//!   "last_look_at": "2026-11-30T01:00:12Z",
//!   "problems": [],
//!   "clusters": [{
//!     "region": "ap-northeast-1", "account": "123456789012", "cluster": "prd",
//!     "complete_at": "2026-11-30T01:00:10Z",
//!     "problem": null
//!   }],
//!   "policies": [{
//!     "name": "nightly", "enabled": true,
//!     "open": false, "open_until": null, "next_window": "2026-11-30T18:00:00Z",
//!     "services": {"fresh": 11, "refresh": 0, "rolling": 0, "wait": 1, "hold": 0},
//!     "due": 1, "in_flight": 0, "pace_seconds": 310, "fits": 1
//!   }],
//!   "services": [{
//!     "region": "ap-northeast-1", "account": "123456789012", "cluster": "prd", "service": "api",
//!     "policy": "nightly", "also_selected_by": [],
//!     "verdict": "wait", "reason": "window_closed",
//!     "message": "the window opens Tue 2026-12-01 03:00 JST",
//!     "oldest_created_at": "2026-11-22T01:00:00Z", "age_seconds": 691230,
//!     "age_limit_seconds": 604800,
//!     "cause": "age", "due_since": "2026-11-29T01:00:00Z",
//!     "next_window": "2026-11-30T18:00:00Z", "attempt": null,
//!     "preflight": {
//!       "due_at": "2026-11-29T01:00:00Z", "result": "warn",
//!       "checks": [{
//!         "check": "drain", "result": "warn", "message": "...", "hint": "...", "again_at": null
//!       }]
//!     },
//!     "retirement": {
//!       "event_arn": "arn:aws:health:ap-northeast-1::event/ECS/...",
//!       "cutoff": "2026-11-28T13:00:00Z", "deadline": "2026-12-04T01:00:00Z",
//!       "missed": false, "reopened": false, "at_risk": false,
//!       "prospect": "windows", "windows_left": 3, "from": null
//!     }
//!   }],
//!   "notices": [{
//!     "event_arn": "arn:aws:health:ap-northeast-1::event/ECS/...",
//!     "account": "123456789012", "region": "ap-northeast-1", "status": "upcoming",
//!     "deadline": "2026-12-04T01:00:00Z", "cutoff": "2026-11-28T13:00:00Z",
//!     "received_at": "2026-11-28T14:00:00Z",
//!     "services": [{
//!       "region": "ap-northeast-1", "account": "123456789012", "cluster": "prd", "service": "api",
//!       "policy": "nightly", "state": "waiting", "at_risk": false
//!     }],
//!     "tasks": [{
//!       "cluster": "jobs", "task": "0123456789abcdef0123456789abcdef", "state": "standalone",
//!       "resolved": false, "started_by": "nightly-import", "group": "family:import"
//!     }],
//!     "unknown_services": [], "not_understood": []
//!   }]
//! }
//! ```
//!
//! A policy that is open without an end in sight has `open` true and `open_until` null. A cluster's
//! `problem` has `operation`, `class`, `message` and `at`. `problems` are sentences about the
//! observation as a whole, such as a cluster that does not exist.
//!
//! A service's `preflight` says what the checks before a refresh found, while it is due or will be within
//! seven days; the `result` of each, and the worst of them, is `pass`, `unknown`, `warn` or `hold`.
//! `again_at` is when a held service is tried again by itself.
//!
//! A service's `retirement` is the unsatisfied notice about it whose deadline comes first. Its
//! `prospect` is `windows` (so many as `windows_left` open in time), `outside` (of windows, `from`
//! then on), `at_once`, `undated` (AWS did not say when) or `left_to_aws`. A notice's `status` is
//! `upcoming`, `open`, `closed` or, where this version does not know it, AWS's own word. The `state`
//! of its services is `unseen` (not looked at yet), `waiting`, `refreshing`, `satisfied_by_refresh`,
//! `satisfied_by_deploy`, `satisfied_by_aws`, `satisfied_by_scale_to_zero`, `unmanaged` (no policy
//! selects it), `ignored`, `missed`, `closed` or `gone`; that of its tasks `standalone`, `unknown`
//! (whose it is) or `gone`.
//! `unknown_services` are names of which AWS did not say the cluster.

mod deadline;
mod filter;
mod notices;
mod preflight;
mod stamp;
mod view;

use std::io::{self, Write};

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

pub use notices::{AffectedView, NoticeView, status as status_name};
pub use stamp::Stamp;
pub use view::FindingView;

use super::Shown;
use crate::clock::Time;
use crate::plan::key::ServiceKey;
use crate::plan::preflight::Preflight;
use crate::reconciler::status::Status;
use filter::Filter;
use view::StatusView;

/// Writes the whole document about `status`, with ages as of `now`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_document(status: &Status, now: Time, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &StatusView::new(status, &Filter::default(), now))?;
    writeln!(out)
}

/// Writes what the checks before a refresh say of some services, as of `now`.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write_preflight(
    checked: &[&(ServiceKey, Preflight)],
    now: Time,
    out: &mut dyn Write,
) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &preflight::Document::new(checked, now))?;
    writeln!(out)
}

/// Answers with the newest status.
pub async fn status(
    State(shown): State<Shown>,
    Query(parameters): Query<Vec<(String, String)>>,
) -> Response {
    // Cloned so that the loop can publish the next status meanwhile.
    let status = shown.status.borrow().clone();
    match Filter::parse(&parameters, &status) {
        Ok(filter) => Json(StatusView::new(&status, &filter, shown.clock.now())).into_response(),
        Err(error) => {
            let body = Json(json!({ "error": error.to_string() }));
            (StatusCode::BAD_REQUEST, body).into_response()
        }
    }
}
