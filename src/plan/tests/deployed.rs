//! At most once per window: by the PRIMARY deployment, even if the ledger is lost.

use super::fixture::{a_service, an_attempt, nightly, policy, scenario};
use crate::plan::ledger::Outcome;

const DEPLOYED: &str = "deployed since the window opened; oldest task is 8d old";

#[test]
fn a_service_that_anybody_deployed_in_this_window_is_left_alone_in_it() {
    for (ago, starts) in
        [("1m", false), ("10m", false), ("10m 1s", true), ("1d", true), ("8d", true)]
    {
        let plan = scenario().policy(nightly()).service(a_service("api").deployed(ago)).plan();
        assert_eq!(plan.started().len(), usize::from(starts), "{ago}");
        if !starts {
            assert_eq!(plan.sentence("api"), DEPLOYED);
            assert_eq!(plan.of("api").due, None);
        }
    }
}

#[test]
fn without_windows_the_deployment_must_be_older_than_the_maximum() {
    for (ago, starts) in [("1m", false), ("7d", false), ("7days 1s", true)] {
        let api = a_service("api").deployed(ago);
        let plan = scenario().policy(policy("nightly")).service(api).plan();
        assert_eq!(plan.started().len(), usize::from(starts), "{ago}");
    }
}

#[test]
fn an_attempt_of_this_window_counts_though_ecs_dates_its_deployment_before_the_opening() {
    let refreshed = |begun| {
        a_service("api").tasks_aged("10m 1s").last(Outcome::Succeeded, "2m", an_attempt(begun))
    };
    let every_window = || nightly().max_age("0s");
    let plan = scenario().policy(every_window()).service(refreshed("10m")).plan();
    assert_eq!(plan.sentence("api"), "deployed since the window opened; oldest task is 10m 1s old");
    let before = scenario().policy(every_window()).service(refreshed("11m")).plan();
    assert_eq!(before.started(), ["api"]);
}

#[test]
fn a_rolled_back_service_is_not_called_fresh_though_its_primary_is_young() {
    let rolled_back =
        a_service("api").deployed("3m").last(Outcome::RolledBack, "2m", an_attempt("9m"));
    let plan = scenario().policy(nightly().max_failures(5)).service(rolled_back).plan();
    assert_eq!(
        plan.sentence("api"),
        "the last refresh ended as rolled_back; tried again from Thu 2026-11-19 03:00 UTC"
    );
    assert!(plan.of("api").due.is_some());
}

#[test]
fn a_primary_without_a_date_is_not_understood() {
    let plan =
        scenario().policy(nightly()).service(a_service("api").deployed_at_an_unknown_time()).plan();
    assert_eq!(
        plan.sentence("api"),
        "a PRIMARY deployment with createdAt \"absent\" is not known to this version"
    );
    assert_eq!(plan.steps, []);
}

#[test]
fn a_clock_that_was_put_back_finds_the_deployment_in_the_future_and_starts_nothing() {
    for now in ["2026-11-18T03:00:01Z", "2026-11-17T03:30:00Z", "2026-11-11T03:30:00Z"] {
        // As seen by the clock that was put back: deployed ten minutes ahead.
        let service = a_service("api").tasks_aged("30d").deployed_ahead("10m");
        for policy in [nightly(), policy("nightly")] {
            let plan = scenario().policy(policy).service(service.clone()).now(now).plan();
            assert_eq!(plan.steps, [], "{now}");
        }
    }
}
