//! What failures stop, and for how long.

use super::fixture::{ServiceBuilder, a_service, an_attempt, nightly, policy, scenario};
use crate::plan::fleet::RolloutState;
use crate::plan::ledger::Outcome;
use crate::plan::verdict::VerdictKind;

fn bad(name: &str, ago: &str) -> ServiceBuilder {
    a_service(name).last(Outcome::Failed, ago, an_attempt(ago))
}

#[test]
fn failures_stop_the_rest_of_the_policy_until_the_next_window() {
    for (max_failures, ago, stopped) in
        [(1, "5m", true), (1, "10m", true), (1, "10m 1s", false), (2, "5m", false)]
    {
        let policy = nightly().max_failures(max_failures);
        let plan =
            scenario().policy(policy).service(bad("bad", ago)).service(a_service("api")).plan();
        assert_eq!(plan.kind("api") == VerdictKind::Hold, stopped, "{max_failures} {ago}");
    }
}

#[test]
fn a_failure_after_the_window_closed_still_belongs_to_its_span() {
    let night = scenario()
        .policy(nightly())
        .service(bad("bad", "30m"))
        .service(a_service("api"))
        .now("2026-11-18T06:00:00Z");
    let stopped =
        "policy stopped: 1 failed since its span began; tried again from Thu 2026-11-19 03:00 UTC";
    assert_eq!(night.plan().sentence("api"), stopped);
}

#[test]
fn every_bad_outcome_counts_and_no_good_one() {
    for (outcome, counts) in [
        (Outcome::Succeeded, false),
        (Outcome::Superseded, false),
        (Outcome::Failed, true),
        (Outcome::RolledBack, true),
        (Outcome::TimedOut, true),
    ] {
        let other = a_service("other").last(outcome, "5m", an_attempt("9m"));
        let plan = scenario().policy(nightly()).service(other).service(a_service("api")).plan();
        assert_eq!(plan.started().is_empty(), counts, "{outcome:?}");
    }
}

#[test]
fn without_windows_a_failure_counts_for_a_day_from_its_outcome() {
    for (ago, stopped) in [("23h 59m", true), ("24h", false)] {
        let plan = scenario()
            .policy(policy("nightly"))
            .service(bad("bad", ago))
            .service(a_service("api"))
            .plan();
        assert_eq!(!plan.started().contains(&"api"), stopped, "{ago}");
        if stopped {
            assert_eq!(
                plan.sentence("api"),
                "policy stopped: 1 failed since its span began; tried again from Wed 2026-11-18 03:11 UTC"
            );
        }
    }
}

#[test]
fn what_is_in_flight_goes_on_when_its_policy_stops() {
    let plan = scenario()
        .policy(nightly().concurrency(3))
        .service(bad("bad", "5m"))
        .service(a_service("going").refreshing(an_attempt("1m")))
        .plan();
    assert_eq!(plan.kind("going"), VerdictKind::Rolling);
    assert!(plan.look_at("going").is_some());
}

#[test]
fn failures_belong_to_the_name_of_the_policy_that_they_happened_under() {
    let elsewhere = a_service("bad").last(Outcome::Failed, "5m", an_attempt("9m").of("other"));
    let plan = scenario().policy(nightly()).service(elsewhere).service(a_service("api")).plan();
    assert_eq!(plan.started(), ["api"]);
    let policies = || scenario().policy(policy("web").names(&["web"])).policy(nightly());
    let plan = policies().service(bad("bad", "5m")).service(a_service("web")).plan();
    assert_eq!(plan.started(), ["web"]);
}

#[test]
fn a_failed_service_is_not_tried_again_in_the_same_span_however_many_failures_are_allowed() {
    let failed_today =
        scenario().policy(nightly().max_failures(9)).service(bad("api", "5m")).plan();
    assert_eq!(
        failed_today.sentence("api"),
        "the last refresh ended as failed; tried again from Thu 2026-11-19 03:00 UTC"
    );
    let failed_yesterday = scenario().policy(nightly()).service(bad("api", "20h")).plan();
    assert_eq!(failed_yesterday.started(), ["api"]);
    let always = scenario().policy(policy("nightly").max_failures(9)).service(bad("api", "20h"));
    assert_eq!(
        always.plan().sentence("api"),
        "the last refresh ended as failed; tried again from Wed 2026-11-18 07:10 UTC"
    );
}

#[test]
fn three_failures_in_a_row_hold_a_service_until_its_primary_changes() {
    let failing = |times, primary| {
        a_service("api")
            .last(Outcome::RolledBack, "26h", an_attempt("27h").left(primary))
            .failures_in_a_row(times)
    };
    for (service, starts) in [
        (failing(2, "ecs-svc/1"), true),
        (failing(3, "ecs-svc/1"), false),
        (failing(9, "ecs-svc/1"), false),
        (failing(3, "ecs-svc/0"), true),
    ] {
        let plan = scenario().policy(nightly()).service(service.clone()).plan();
        assert_eq!(plan.started().len(), usize::from(starts), "{service:?}");
    }
}

#[test]
fn a_service_that_keeps_failing_says_so_also_while_its_policy_is_stopped() {
    let keeps = a_service("api").last(Outcome::Failed, "5m", an_attempt("9m")).failures_in_a_row(3);
    let plan = scenario().policy(nightly()).service(keeps).plan();
    assert_eq!(plan.reason("api").label(), "keeps_failing");
}

#[test]
fn a_failed_primary_is_never_deployed_over() {
    for by_hand in [false, true] {
        let api = a_service("api").rollout(RolloutState::Failed);
        let scenario = scenario().policy(nightly()).service(api);
        let scenario = if by_hand { scenario.by_hand("api") } else { scenario };
        let plan = scenario.plan();
        assert_eq!(plan.reason("api").label(), "failed_primary");
        assert_eq!(plan.steps, []);
    }
}

#[test]
fn a_refused_call_is_tried_again_when_its_pause_is_over() {
    for (retry_in, starts) in [("1ms", false), ("1h", false), ("0s", true)] {
        let plan =
            scenario().policy(nightly()).service(a_service("api").refused(1, retry_in)).plan();
        assert_eq!(plan.started().len(), usize::from(starts), "{retry_in}");
    }
}

#[test]
fn a_refused_call_stops_nobody_else() {
    let refused = a_service("refused").tasks_aged("30d").refused(5, "20m");
    let plan = scenario().policy(nightly()).service(refused).service(a_service("api")).plan();
    assert_eq!(plan.started(), ["api"]);
}
