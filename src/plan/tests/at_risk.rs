//! Whether all that is due fits before its deadline.

use super::fixture::{Scenario, a_notice, a_service, an_attempt, key, policy, scenario};
use crate::plan::ledger::Outcome;
use crate::plan::policy::RetirementMode;

const NOON: &str = "2026-11-18T12:00:00Z";

/// So many services in one notice, under a policy whose refreshes took an hour each.
fn region_wide(services: usize, rule: RetirementMode, margin: &str) -> Scenario {
    let names: Vec<String> = (0..services).map(|number| format!("s{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let weekly = policy("nightly").window("0 3 * * *", "2h").max_age("90d");
    let seen =
        a_service("seen").tasks_aged("1h").last(Outcome::Succeeded, "23h", an_attempt("24h"));
    scenario()
        .policy(weekly.retirement(rule, margin))
        .services(names.iter().map(|name| a_service(name)))
        .service(seen)
        .notice(a_notice("one").about(&names).deadline("3d"))
        .now(NOON)
}

fn at_risk(scenario: &Scenario) -> usize {
    let plan = scenario.plan();
    let ahead = plan.verdicts.iter().filter_map(|(_, verdict)| verdict.retirement.as_ref());
    ahead.filter(|ahead| ahead.at_risk).count()
}

#[test]
fn what_does_not_fit_into_the_windows_before_the_deadline_is_at_risk() {
    // Three nights of two hours each, and each refresh takes an hour: six.
    for (services, expected) in [(1, 0), (6, 0), (7, 1), (20, 14)] {
        let windows = region_wide(services, RetirementMode::WindowOnly, "24h");
        assert_eq!(at_risk(&windows), expected, "{services}");
    }
}

#[test]
fn the_last_day_outside_of_windows_counts_where_the_policy_allows_it() {
    // Two nights of two before the last day, and 23 hours of it in which one still ends in time.
    for (services, expected) in [(20, 0), (27, 0), (28, 1), (40, 13)] {
        let rule = region_wide(services, RetirementMode::BeforeDeadline, "24h");
        assert_eq!(at_risk(&rule), expected, "{services}");
    }
}

#[test]
fn at_once_means_all_the_time_that_is_left() {
    for (services, expected) in [(71, 0), (72, 1)] {
        let rule = region_wide(services, RetirementMode::Immediately, "24h");
        assert_eq!(at_risk(&rule), expected, "{services}");
    }
}

#[test]
fn concurrency_multiplies_what_fits() {
    let twice = |services| {
        let names: Vec<String> = (0..services).map(|number| format!("s{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rule = policy("nightly").window("0 3 * * *", "2h").max_age("90d").concurrency(2);
        scenario()
            .policy(rule.retirement(RetirementMode::WindowOnly, "24h"))
            .services(names.iter().map(|name| a_service(name)))
            .service(a_service("seen").tasks_aged("1h").last(
                Outcome::Succeeded,
                "23h",
                an_attempt("24h"),
            ))
            .notice(a_notice("one").about(&names).deadline("3d"))
            .now(NOON)
    };
    assert_eq!((at_risk(&twice(12)), at_risk(&twice(13))), (0, 1));
}

#[test]
fn what_comes_last_is_what_is_at_risk() {
    let plan = region_wide(7, RetirementMode::WindowOnly, "24h").plan();
    let risky: Vec<_> = plan
        .verdicts
        .iter()
        .filter(|(_, verdict)| verdict.retirement.as_ref().is_some_and(|ahead| ahead.at_risk))
        .map(|(service, _)| service.clone())
        .collect();
    assert_eq!(risky, [key("s06")]);
    let said = plan.of("s06").to_string();
    assert!(said.ends_with("; at risk of not being refreshed before that"), "{said}");
}

#[test]
fn without_any_pace_only_what_has_no_time_at_all_is_at_risk() {
    let rule = policy("nightly").window("0 3 * * SUN", "2h").max_age("90d");
    let many = |rule: crate::plan::tests::fixture::PolicyBuilder| {
        let names: Vec<String> = (0..50).map(|number| format!("s{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        scenario()
            .policy(rule)
            .services(names.iter().map(|name| a_service(name)))
            .notice(a_notice("one").about(&names).deadline("3d"))
            .now(NOON)
    };
    assert_eq!(at_risk(&many(rule.clone().retirement(RetirementMode::BeforeDeadline, "24h"))), 0);
    assert_eq!(at_risk(&many(rule.retirement(RetirementMode::WindowOnly, "24h"))), 50);
}
