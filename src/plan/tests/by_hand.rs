//! A refresh that a person asks for.

use super::fixture::{ServiceBuilder, a_service, an_attempt, at, nightly, scenario};
use crate::plan::fleet::ProblemClass;
use crate::plan::ledger::{Cause, Outcome};
use crate::plan::verdict::VerdictKind;

fn young() -> ServiceBuilder {
    a_service("api").tasks_aged("1h")
}

#[test]
fn it_needs_no_age_and_no_window() {
    let plan = scenario()
        .policy(nightly())
        .service(young())
        .by_hand("api")
        .now("2026-11-18T12:00:00Z")
        .plan();
    let [start] = plan.starts()[..] else { panic!("{:?}", plan.steps) };
    assert_eq!(start.cause, Cause::Manual);
    assert_eq!(start.send_by, at("2026-11-18T12:00:04Z"));
}

#[test]
fn it_is_not_stopped_by_limits_failures_or_pauses() {
    let failed = young()
        .last(Outcome::Failed, "5m", an_attempt("9m"))
        .failures_in_a_row(9)
        .refused(3, "20m");
    let plan = scenario()
        .policy(nightly().settle("1h").disabled())
        .service(failed)
        .service(a_service("busy").refreshing(an_attempt("1m")))
        .max_in_flight(1)
        .max_tasks_in_flight(1)
        .by_hand("api")
        .plan();
    assert_eq!(plan.started(), ["api"]);
}

#[test]
fn it_obeys_freezes_unless_told_otherwise() {
    let frozen = || {
        scenario().policy(nightly().freeze("2026-11-18", "2026-11-18", "audit")).service(young())
    };
    let obeyed = frozen().by_hand("api").plan();
    assert_eq!(obeyed.sentence("api"), "frozen until Thu 2026-11-19 00:00 UTC: audit");
    assert_eq!(obeyed.steps, []);
    assert_eq!(frozen().by_hand_despite_freeze("api").plan().started(), ["api"]);
}

#[test]
fn it_concerns_nobody_else() {
    let plan = scenario()
        .policy(nightly().concurrency(9))
        .service(young())
        .service(a_service("old"))
        .by_hand("api")
        .plan();
    assert_eq!(plan.started(), ["api"]);
    assert_eq!(plan.verdicts.len(), 1);
}

#[test]
fn it_touches_only_what_a_policy_selects() {
    let plan = scenario().policy(nightly().names(&["web"])).service(young()).by_hand("api").plan();
    assert!(plan.verdicts.is_empty() && plan.steps.is_empty());
}

#[test]
fn it_rests_on_a_complete_and_fresh_view_like_every_other() {
    for (service, label, looks) in [
        (young().tasks_partly_read(), "partial_view", 0),
        (young().tasks_never_listed(), "not_observed_yet", 0),
        (young().unreadable(ProblemClass::Timeout), "unreadable", 0),
        (young().described("6s"), "due", 1),
    ] {
        let plan = scenario().policy(nightly()).service(service).by_hand("api").plan();
        assert_eq!(plan.reason("api").label(), label);
        assert_eq!((plan.steps.len(), plan.looks.len()), (0, looks), "{label}");
    }
}

#[test]
fn it_is_followed_to_its_end() {
    let going = young().refreshing(an_attempt("1m"));
    let plan = scenario().policy(nightly()).service(going).by_hand("api").plan();
    assert_eq!(plan.kind("api"), VerdictKind::Rolling);
    assert!(plan.starts().is_empty() && plan.look_at("api").is_some());
}
