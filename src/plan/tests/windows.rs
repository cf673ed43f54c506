//! Windows and freezes.

use super::fixture::{a_service, at, nightly, policy, scenario};
use crate::plan::verdict::VerdictKind;

fn starts(policy: super::fixture::PolicyBuilder, now: &str) -> bool {
    let plan = scenario().policy(policy).service(a_service("api")).now(now).plan();
    !plan.starts().is_empty()
}

#[test]
fn a_window_is_open_from_its_opening_until_just_before_its_end() {
    for (now, expected) in [
        ("2026-11-18T02:59:59.999Z", false),
        ("2026-11-18T03:00:00Z", true),
        ("2026-11-18T04:59:59.999Z", true),
        ("2026-11-18T05:00:00Z", false),
    ] {
        assert_eq!(starts(nightly(), now), expected, "{now}");
    }
}

#[test]
fn a_window_is_meant_in_the_zone_of_its_policy() {
    let tokyo = || nightly().zone("Asia/Tokyo");
    assert!(starts(tokyo(), "2026-11-17T18:00:00Z"));
    assert!(!starts(tokyo(), "2026-11-18T03:10:00Z"));
    let plan = scenario().policy(tokyo()).service(a_service("api")).plan();
    assert_eq!(plan.sentence("api"), "the window opens Thu 2026-11-19 03:00 JST");
}

#[test]
fn a_freeze_beats_an_open_window() {
    for policy in [nightly(), policy("nightly")] {
        let frozen = || policy.clone().freeze("2026-11-18", "2026-11-18", "");
        assert!(!starts(frozen(), "2026-11-18T03:10:00Z"));
        assert!(starts(frozen(), "2026-11-19T03:10:00Z"));
        assert!(starts(frozen(), "2026-11-17T03:10:00Z"));
    }
}

#[test]
fn the_days_of_a_freeze_are_whole_in_the_zone_and_its_instants_end_excluded() {
    let tokyo = policy("nightly").zone("Asia/Tokyo").freeze("2026-11-18", "2026-11-18", "");
    for (now, expected) in [
        ("2026-11-17T14:59:59Z", true),
        ("2026-11-17T15:00:00Z", false),
        ("2026-11-18T14:59:59Z", false),
        ("2026-11-18T15:00:00Z", true),
    ] {
        assert_eq!(starts(tokyo.clone(), now), expected, "{now}");
    }
    let exact = policy("nightly").freeze("2026-11-18T03:00:00Z", "2026-11-18T04:00:00Z", "");
    assert!(!starts(exact.clone(), "2026-11-18T03:59:59Z"));
    assert!(starts(exact, "2026-11-18T04:00:00Z"));
}

#[test]
fn a_policy_tells_until_when_it_is_open_and_when_it_opens_next() {
    let plan = scenario().policy(nightly()).service(a_service("api")).plan();
    let nightly = &plan.policies[0];
    assert_eq!(nightly.open_until.map(|until| until.time()), Some(at("2026-11-18T05:00:00Z")));
    assert_eq!(nightly.next_window.map(|next| next.time()), Some(at("2026-11-19T03:00:00Z")));
    assert_eq!(plan.of("api").next_window, nightly.next_window);
    assert_eq!(plan.kind("api"), VerdictKind::Refresh);
}
