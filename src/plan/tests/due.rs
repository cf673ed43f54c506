//! Due by age: old now, or old before the next window.

use super::fixture::{Scenario, a_service, at, nightly, policy, scenario};
use crate::plan::fleet::TaskStatus;
use crate::plan::verdict::VerdictKind;

fn kind(scenario: Scenario) -> VerdictKind {
    scenario.plan().kind("api")
}

#[test]
fn a_task_is_old_when_it_is_older_than_the_maximum() {
    for (age, expected) in [
        ("6d", VerdictKind::Fresh),
        ("7d", VerdictKind::Fresh),
        ("7days 1ms", VerdictKind::Refresh),
        ("400d", VerdictKind::Refresh),
    ] {
        let always = scenario().policy(policy("nightly")).service(a_service("api").tasks_aged(age));
        assert_eq!(kind(always), expected, "{age}");
    }
}

#[test]
fn a_task_that_grows_too_old_before_the_next_window_is_due_in_this_one() {
    // The next window opens in 23 h 50 min.
    for (age, expected) in [
        ("6days 10m", VerdictKind::Fresh),
        ("6days 11m", VerdictKind::Refresh),
        ("6days 23h", VerdictKind::Refresh),
    ] {
        let in_window = scenario().policy(nightly()).service(a_service("api").tasks_aged(age));
        assert_eq!(kind(in_window), expected, "{age}");
    }
}

#[test]
fn a_freeze_ahead_moves_the_next_window_and_with_it_what_is_due() {
    let frozen = nightly().freeze("2026-11-19", "2026-11-24", "");
    let api = a_service("api").tasks_aged("2d");
    assert_eq!(kind(scenario().policy(nightly()).service(api.clone())), VerdictKind::Fresh);
    assert_eq!(kind(scenario().policy(frozen).service(api)), VerdictKind::Refresh);
}

#[test]
fn outside_its_windows_a_due_service_waits_and_a_young_one_is_fresh() {
    let at_noon = |age| {
        let api = a_service("api").tasks_aged(age);
        scenario().policy(nightly()).service(api).now("2026-11-18T12:00:00Z").plan()
    };
    assert_eq!(at_noon("6d").kind("api"), VerdictKind::Fresh);
    let plan = at_noon("6days 12h");
    assert_eq!(plan.kind("api"), VerdictKind::Wait);
    // It became due when the window opened in which it should have been replaced.
    assert_eq!(plan.of("api").due.unwrap().since, at("2026-11-18T03:00:00Z"));
    assert_eq!(plan.steps, []);
}

#[test]
fn a_maximum_of_nothing_means_every_window() {
    let zero = || nightly().max_age("0s");
    let api = |age| a_service("api").tasks_aged(age);
    let plan = scenario().policy(zero()).service(api("1h")).plan();
    assert_eq!(plan.started(), ["api"]);
    let noon = scenario().policy(zero()).service(api("1h")).now("2026-11-18T12:00:00Z").plan();
    assert_eq!(noon.sentence("api"), "the window opens Thu 2026-11-19 03:00 UTC");
    let refreshed = scenario().policy(zero()).service(api("5m")).plan();
    assert_eq!(
        refreshed.sentence("api"),
        "deployed since the window opened; oldest task is 5m old"
    );
}

#[test]
fn the_oldest_task_decides() {
    let api = a_service("api").desired(3).tasks_of_ages(&["1d", "8d", "2d"]).deployed("9d");
    let plan = scenario().policy(nightly()).service(api).plan();
    assert_eq!(plan.sentence("api"), "due now: oldest task is 8d old");
    assert_eq!(plan.of("api").oldest_created_at, Some(at("2026-11-10T03:10:00Z")));
}

#[test]
fn a_task_that_is_still_starting_counts_as_new() {
    let starting = a_service("api").tasks_of_ages(&["?", "1d"]).tasks_are(TaskStatus::Starting);
    let plan = scenario().policy(nightly()).service(starting).plan();
    assert_eq!(plan.sentence("api"), "oldest task is 1d old, limit 7d");
}

#[test]
fn a_task_without_created_at_makes_the_age_unknown_and_never_old() {
    for status in [TaskStatus::Running, TaskStatus::Other] {
        let api = a_service("api").tasks_of_ages(&["90d", "?"]).tasks_are(status);
        let plan = scenario().policy(nightly()).service(api).plan();
        assert_eq!(plan.sentence("api"), "age unknown: 1 running task without createdAt");
        assert_eq!(plan.of("api").oldest_created_at, None);
        assert_eq!(plan.steps, []);
    }
}

#[test]
fn it_is_due_since_its_oldest_task_grew_too_old() {
    let plan = scenario().policy(policy("nightly")).service(a_service("api")).plan();
    assert_eq!(plan.of("api").due.unwrap().since, at("2026-11-17T03:10:00Z"));
    let long_due = scenario().policy(nightly()).service(a_service("api").tasks_aged("20d")).plan();
    assert_eq!(long_due.of("api").due.unwrap().since, at("2026-11-05T03:10:00Z"));
}
