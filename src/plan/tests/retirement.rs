//! Due by a retirement notice: when, in which window, and what is said of it.

use super::fixture::{
    NoticeBuilder, PolicyBuilder, Scenario, a_notice, a_service, an_attempt, at, delta, nightly,
    policy, scenario,
};
use crate::plan::ledger::{Cause, Outcome};
use crate::plan::policy::RetirementMode;
use crate::plan::verdict::VerdictKind;

/// A policy that no age makes anything due in.
fn patient() -> PolicyBuilder {
    nightly().max_age("90d")
}

fn noticed(policy: PolicyBuilder, notice: NoticeBuilder) -> Scenario {
    scenario().policy(policy).service(a_service("api")).notice(notice)
}

const NOON: &str = "2026-11-18T12:00:00Z";

#[test]
fn a_notice_makes_a_service_due_while_a_task_from_before_it_runs() {
    for (age, published, expected) in [
        ("8d", "2d", VerdictKind::Refresh),
        ("2d", "2d", VerdictKind::Refresh),
        ("47h", "2d", VerdictKind::Fresh),
        ("1h", "2d", VerdictKind::Fresh),
    ] {
        let api = a_service("api").tasks_aged(age).followed();
        let notice = a_notice("one").published(published);
        let plan = scenario().policy(patient()).service(api).notice(notice).plan();
        assert_eq!(plan.kind("api"), expected, "{age}");
    }
}

#[test]
fn a_start_for_a_retirement_says_so() {
    let api = a_service("api").followed();
    let plan = scenario().policy(patient()).service(api).notice(a_notice("one")).plan();
    assert_eq!(plan.starts()[0].cause, Cause::Retirement);
    assert_eq!(plan.of("api").due.unwrap().since, at("2026-11-16T03:10:00Z"));
    assert_eq!(
        plan.of("api").to_string(),
        "due now by a retirement notice: oldest task is 8d old; AWS retires its tasks from Mon \
         2026-11-23 03:10 UTC on, 5 windows open before Sun 2026-11-22 03:10 UTC"
    );
}

#[test]
fn the_earliest_window_before_the_deadline_is_waited_for() {
    let plan = noticed(patient(), a_notice("one")).now(NOON).plan();
    assert_eq!(plan.kind("api"), VerdictKind::Wait);
    assert_eq!(
        plan.of("api").to_string(),
        "the window opens Thu 2026-11-19 03:00 UTC; AWS retires its tasks from Mon 2026-11-23 \
         12:00 UTC on, 4 windows open before Sun 2026-11-22 12:00 UTC"
    );
    assert_eq!(plan.wake_at, Some(at(NOON) + delta("5d")));
}

/// What each mode makes of a notice at noon, outside of windows.
#[test]
fn the_mode_decides_what_happens_outside_of_windows() {
    use RetirementMode::{BeforeDeadline, Ignore, Immediately, WindowOnly};
    let weekly = || policy("nightly").window("0 3 * * SUN", "2h").max_age("90d");
    for (mode, deadline, expected) in [
        (
            BeforeDeadline,
            "5d",
            (VerdictKind::Wait, "1 window opens before Sun 2026-11-22 12:00 UTC"),
        ),
        (
            BeforeDeadline,
            "2d",
            (VerdictKind::Wait, "it starts outside of windows from Thu 2026-11-19 12:00 UTC"),
        ),
        (BeforeDeadline, "24h", (VerdictKind::Refresh, "from Wed 2026-11-18 12:00 UTC")),
        (
            BeforeDeadline,
            "1h",
            (VerdictKind::Refresh, "outside of windows from Tue 2026-11-17 13:00"),
        ),
        (WindowOnly, "5d", (VerdictKind::Wait, "1 window opens before Mon 2026-11-23 12:00 UTC")),
        (
            WindowOnly,
            "1h",
            (VerdictKind::Wait, "replaces them itself: no window opens before that"),
        ),
        (Immediately, "5d", (VerdictKind::Refresh, "from Mon 2026-11-23 12:00 UTC on")),
        (Ignore, "1h", (VerdictKind::Fresh, "which the policy leaves to it")),
    ] {
        let rule = weekly().retirement(mode, "24h");
        let api = a_service("api").followed();
        let notice = a_notice("one").deadline(deadline);
        let plan = scenario().policy(rule).service(api).notice(notice).now(NOON).plan();
        let said = plan.of("api").to_string();
        assert!(said.contains(expected.1), "{mode:?} {deadline}: {said}");
        assert_eq!(plan.kind("api"), expected.0, "{mode:?} {deadline}");
        assert_eq!(plan.started().is_empty(), expected.0 != VerdictKind::Refresh);
    }
}

#[test]
fn a_deadline_that_has_passed_is_acted_on_at_once_and_said() {
    let api = a_service("api").followed();
    let notice = a_notice("one").begun("1h");
    let plan = scenario().policy(patient()).service(api).notice(notice).now(NOON).plan();
    assert_eq!(plan.started(), ["api"]);
    let said = plan.of("api").to_string();
    assert!(
        said.contains("AWS has been retiring its tasks since Wed 2026-11-18 11:00 UTC"),
        "{said}"
    );
    assert!(said.contains("at risk"), "{said}");
}

#[test]
fn what_may_start_outside_of_windows_may_be_sent_until_the_next_freeze() {
    let frozen_soon = patient().freeze("2026-11-18T12:00:02Z", "2026-11-20", "");
    let api = a_service("api").followed();
    let notice = a_notice("one").deadline("3h");
    let plan = scenario().policy(frozen_soon).service(api).notice(notice).now(NOON).plan();
    assert_eq!(plan.starts()[0].send_by, at("2026-11-18T12:00:02Z"));
}

#[test]
fn a_freeze_beats_a_retirement_and_the_verdict_says_what_aws_will_do() {
    for (until, said, at_risk) in [
        ("2026-11-30", "replaces them itself: frozen until after that; at risk", true),
        ("2026-11-19", "3 windows open before Sun 2026-11-22 12:00 UTC", false),
    ] {
        let frozen = patient().freeze("2026-11-17", until, "year end");
        let plan = noticed(frozen, a_notice("one")).now(NOON).plan();
        let sentence = plan.of("api").to_string();
        assert!(sentence.starts_with("frozen until "), "{sentence}");
        assert!(sentence.contains(said), "{sentence}");
        assert_eq!(plan.of("api").retirement.as_ref().unwrap().at_risk, at_risk);
        assert_eq!(plan.started(), Vec::<&str>::new());
    }
}

#[test]
fn a_freeze_over_the_last_day_moves_the_start_to_its_end() {
    let rule = policy("nightly").window("0 3 * * SUN", "2h").max_age("90d");
    let frozen = rule.freeze("2026-11-19", "2026-11-19", "");
    let plan = noticed(frozen, a_notice("one").deadline("2d")).now(NOON).plan();
    let said = plan.of("api").to_string();
    assert!(said.contains("it starts outside of windows from Fri 2026-11-20 00:00 UTC"), "{said}");
}

#[test]
fn without_a_deadline_the_next_window_is_taken_and_nothing_is_guessed() {
    let notice = a_notice("one").undated();
    let plan = noticed(patient(), notice.clone()).now(NOON).plan();
    assert_eq!(
        plan.of("api").to_string(),
        "the window opens Thu 2026-11-19 03:00 UTC; AWS will retire its tasks and has not said when"
    );
    let api = a_service("api").followed();
    let open = scenario().policy(patient()).service(api).notice(notice).plan();
    assert_eq!(open.started(), ["api"]);
}

#[test]
fn what_is_closed_or_resolved_asks_for_nothing() {
    for notice in [a_notice("one").closed(), a_notice("one").resolved()] {
        let plan = noticed(patient(), notice).plan();
        assert_eq!(plan.sentence("api"), "oldest task is 8d old, limit 90d");
        assert_eq!(plan.of("api").retirement, None);
    }
    let reopened = a_notice("one").published("3d").closed();
    let plan = noticed(patient(), reopened).notice(a_notice("one")).plan();
    assert!(plan.of("api").retirement.is_some());
}

#[test]
fn of_two_notices_the_earlier_deadline_counts() {
    let far = a_notice("far").deadline("10d");
    let near = a_notice("near").deadline("3d");
    for notices in [[far.clone(), near.clone()], [near.clone(), far.clone()]] {
        let [first, second] = notices;
        let plan = noticed(patient(), first).notice(second).now(NOON).plan();
        let ahead = plan.of("api").retirement.clone().unwrap();
        assert_eq!(ahead.event, near.event());
    }
}

#[test]
fn the_earliest_deadline_goes_first_then_age_and_who_failed_goes_last() {
    let services = [
        a_service("aged").tasks_aged("80d").followed(),
        a_service("later").followed(),
        a_service("sooner").followed(),
        a_service("failed").last(Outcome::Failed, "2d", an_attempt("2d")).followed(),
    ];
    let plan = scenario()
        .policy(nightly().concurrency(9).max_failures(9))
        .services(services)
        .notice(a_notice("a").about(&["later"]).deadline("5d"))
        .notice(a_notice("b").about(&["sooner"]).deadline("4d"))
        .notice(a_notice("c").about(&["failed"]).deadline("3d"))
        .plan();
    assert_eq!(plan.started(), ["sooner", "later", "aged", "failed"]);
}

#[test]
fn after_a_deployment_that_is_newer_than_the_notice_nothing_more_is_started() {
    // Old tasks that linger beside a new deployment are on their way out.
    let api = a_service("api").deployed("1d").tasks_of_ages(&["8d", "1d"]).followed();
    let plan = scenario().policy(patient()).service(api).notice(a_notice("one")).plan();
    assert_eq!(plan.started(), Vec::<&str>::new());
}

#[test]
fn a_failure_before_the_margin_does_not_count_after_it() {
    // The window of three in the night is over; the margin begins at eleven.
    let failed =
        |ago: &str| a_service("api").last(Outcome::TimedOut, ago, an_attempt("9h")).followed();
    for (ago, kind) in [("8h", VerdictKind::Refresh), ("30m", VerdictKind::Hold)] {
        let notice = a_notice("one").deadline("23h");
        let rule = patient().max_failures(1);
        let plan = scenario().policy(rule).service(failed(ago)).notice(notice).now(NOON).plan();
        let expected = if kind == VerdictKind::Hold { VerdictKind::Wait } else { kind };
        assert_eq!(plan.kind("api"), expected, "{ago}: {}", plan.sentence("api"));
    }
}

#[test]
fn a_failed_service_is_tried_again_from_the_margin_on_at_the_latest() {
    let failed = a_service("api").last(Outcome::TimedOut, "8h", an_attempt("9h"));
    let weekly = policy("nightly").window("0 3 * * WED", "2h").max_age("90d").max_failures(9);
    let notice = a_notice("one").deadline("3d");
    let plan = scenario().policy(weekly).service(failed).notice(notice).now(NOON).plan();
    let said = plan.sentence("api");
    assert!(said.contains("Fri 2026-11-20 12:00 UTC"), "{said}");
}

#[test]
fn concurrency_and_limits_hold_for_retirements_too() {
    let services = ["a", "b", "c"].map(|name| a_service(name).followed());
    let notice = a_notice("one").about(&["a", "b", "c"]);
    let plan = scenario()
        .policy(patient().retirement(RetirementMode::Immediately, "1h").concurrency(2))
        .services(services)
        .notice(notice)
        .now(NOON)
        .plan();
    assert_eq!(plan.started(), ["a", "b"]);
}

#[test]
fn a_notice_about_what_is_held_is_said_and_at_risk() {
    let api = a_service("api").tag(crate::plan::HOLD_TAG, "migration");
    let plan = scenario().policy(patient()).service(api).notice(a_notice("one")).plan();
    let said = plan.of("api").to_string();
    assert!(said.contains("migration") && said.contains("AWS retires its tasks"), "{said}");
    assert!(plan.of("api").retirement.as_ref().unwrap().at_risk);
}
