//! Judgements as the plan passes them on.

use crate::plan::ledger::Outcome;
use crate::plan::step::{Depth, Step};
use crate::plan::tests::fixture::{NOW, a_service, an_attempt, at, nightly, scenario};
use crate::plan::verdict::VerdictKind;

#[test]
fn every_judgement_becomes_a_step_or_a_look_and_a_verdict() {
    let plan = scenario()
        .policy(nightly())
        .service(a_service("abandoned").refreshing(an_attempt("10m").unanswered()))
        .service(a_service("going").refreshing(an_attempt("1m")))
        .vanished("unseen", an_attempt("5m"))
        .vanished("given-up", an_attempt("26h"))
        .plan();
    let kinds: Vec<_> =
        plan.verdicts.iter().map(|(key, v)| (key.name(), v.reason.kind())).collect();
    assert_eq!(
        kinds,
        ["abandoned", "given-up", "going", "unseen"].map(|name| (name, VerdictKind::Rolling))
    );
    let steps: Vec<_> = plan.steps.iter().map(|step| (step.service().name(), step)).collect();
    assert!(matches!(
        steps[..],
        [
            ("abandoned", Step::Abandon { .. }),
            ("given-up", Step::Finish { outcome: Outcome::Failed, primary: None, .. })
        ]
    ));
    assert_eq!(
        plan.look_at("unseen").map(|look| (look.depth, look.at)),
        Some((Depth::Follow, at(NOW)))
    );
    assert_eq!(plan.look_at("going").map(|look| look.at), Some(at(NOW)));
    assert_eq!(plan.looks.len(), 2);
}

#[test]
fn an_attempt_of_a_service_that_no_policy_selects_any_more_is_followed_to_its_end() {
    let going = a_service("api").refreshing(an_attempt("1m").of("removed"));
    let plan = scenario().policy(nightly().names(&["web"])).service(going).plan();
    let verdict = plan.of("api");
    assert_eq!((verdict.reason.kind(), &*verdict.policy), (VerdictKind::Rolling, "removed"));
    assert!(plan.look_at("api").is_some());
}

#[test]
fn an_open_attempt_keeps_its_service_from_starting_again() {
    for attempt in [an_attempt("1m"), an_attempt("1m").unanswered(), an_attempt("10m").unanswered()]
    {
        let plan = scenario()
            .policy(nightly().concurrency(9))
            .service(a_service("api").refreshing(attempt))
            .plan();
        assert!(plan.starts().is_empty());
    }
}

#[test]
fn the_slot_of_an_attempt_that_ends_in_this_plan_is_free_only_in_the_next() {
    let plan = scenario()
        .policy(nightly())
        .service(a_service("abandoned").refreshing(an_attempt("10m").unanswered()))
        .service(a_service("api"))
        .plan();
    assert!(matches!(plan.steps[..], [Step::Abandon { .. }]));
    assert_eq!(plan.sentence("api"), "waiting for its turn: the policy's concurrency is 1");
}
