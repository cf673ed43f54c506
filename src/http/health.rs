//! Liveness and readiness, as one reads them in a terminal.

use std::fmt::Write;

use axum::extract::State;
use axum::http::StatusCode;

use super::Shown;
use crate::plan::words::Span;

/// 200 while the loop makes progress; 503 with the reason when a restart might help.
pub async fn healthz(State(shown): State<Shown>) -> (StatusCode, String) {
    let (now, resync) = (shown.clock.now(), *shown.resync.borrow());
    if shown.progress.is_healthy(now, resync) {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let why = format!(
        "nothing was observed, answered or finished for {}, which is too long for a resync of {}\n",
        Span(shown.progress.age(now)),
        Span(resync)
    );
    (StatusCode::SERVICE_UNAVAILABLE, why)
}

/// 200 once everything is there that the daemon needs; what is missing otherwise.
pub async fn readyz(State(shown): State<Shown>) -> (StatusCode, String) {
    let readiness = shown.status.borrow().readiness.clone();
    let mut text = String::new();
    for (what, is_there) in [
        ("configuration", readiness.configuration),
        ("store", readiness.store),
        ("first look", readiness.first_look),
    ] {
        text += what;
        text += if is_there { ": ok\n" } else { ": not yet\n" };
    }
    if let Some(problem) = &readiness.events {
        writeln!(text, "events: not received: {problem}")
            .expect("writing into a string cannot fail");
    }
    if readiness.is_ready() {
        return (StatusCode::OK, text);
    }
    if let Some(why) = &readiness.why {
        writeln!(text, "{why}").expect("writing into a string cannot fail");
    }
    (StatusCode::SERVICE_UNAVAILABLE, text)
}
