//! Rollouts that stand still: looked at closely after ten minutes, and said to.

use super::fixture::{OLD, Seen, accepted, after, seen};
use crate::plan::fleet::{RolloutState, ServiceDeploymentStatus as Status, Staging, Strategy};
use crate::plan::ledger::Attempt;
use crate::plan::proof::Judgement;
use crate::plan::step::Depth;
use crate::plan::tests::fixture::span;

/// One of two new tasks runs, and nothing has changed since the first minute.
fn stuck(when: &str) -> Seen {
    seen(when).rollout(RolloutState::InProgress).beside(OLD).running(1, 2).stands_since("1m")
}

fn going(seen: &Seen, attempt: &Attempt) -> (String, Depth) {
    match seen.judge(attempt) {
        Judgement::Going { reason, depth, at } => {
            let described = seen.service.description.as_ref().unwrap().described_at;
            assert!(at > described, "not at once");
            (reason.to_string(), depth)
        }
        other => panic!("{other:?}"),
    }
}

fn is_close(seen: &Seen) -> bool {
    matches!(going(seen, &accepted()).1, Depth::PostMortem { .. })
}

/// The evidence was gathered then.
fn looked_at(seen: Seen, when: &str) -> Seen {
    seen.evidence(&[("sd", "1s", Status::InProgress)]).evidence_of(when)
}

#[test]
fn after_ten_minutes_without_progress_it_is_looked_at_once_and_when_that_time_has_doubled() {
    for (what, seen, close) in [
        ("at nine minutes", stuck("10m 59s"), false),
        ("at ten", stuck("11m"), true),
        ("with evidence of before", looked_at(stuck("11m"), "4m"), true),
        ("a moment later", looked_at(stuck("11m 20s"), "11m 10s"), false),
        ("not yet again", looked_at(stuck("21m"), "11m 10s"), false),
        ("again", looked_at(stuck("21m 20s"), "11m 10s"), true),
        ("and not yet again", looked_at(stuck("41m"), "21m 20s"), false),
        ("and again", looked_at(stuck("42m"), "21m 20s"), true),
    ] {
        assert_eq!(is_close(&seen), close, "{what}");
    }
}

#[test]
fn it_is_said_what_was_found() {
    let (text, _) = going(&stuck("12m"), &accepted());
    assert!(!text.contains("nothing has moved"), "before it was looked at: {text}");
    let (text, depth) = going(&looked_at(stuck("13m"), "11m 10s"), &accepted());
    assert!(
        text.contains("; nothing has moved for 12 minutes: a container exits; given up"),
        "{text}"
    );
    assert_eq!(depth, Depth::Follow);
}

#[test]
fn what_should_take_its_time_does_not_stand_still() {
    let staging = || Staging { bake: span("30m"), ..Staging::default() };
    let staged = || stuck("15m").staged(Strategy::BlueGreen, staging());
    let all_there = || staged().running(2, 2).stands_since("1m");
    for (what, seen, close) in [
        ("a rolling deployment", stuck("15m"), true),
        ("old tasks that drain", stuck("15m").running(2, 0).stands_since("1m"), false),
        ("new tasks that do not come", staged().stage("SCALE_UP", "1m", 0), true),
        ("clean-up", all_there().stage("CLEAN_UP", "1m", 100), true),
        ("bake time", all_there().stage("BAKE_TIME", "1m", 100), false),
        ("a step of traffic", all_there().stage("PRODUCTION_TRAFFIC_SHIFT", "1m", 25), false),
        ("test traffic", all_there().stage("TEST_TRAFFIC_SHIFT", "1m", 0), false),
        ("a hook", staged().stage("PRE_SCALE_UP", "1m", 0).hook(false, "IN_PROGRESS", "1d"), false),
        (
            "a person",
            staged().stage("POST_SCALE_UP", "1m", 0).hook(true, "AWAITING_ACTION", "1d"),
            false,
        ),
        ("a stage that may not be asked for", all_there(), false),
        ("the same with tasks missing", staged(), true),
    ] {
        let attempt = Attempt { moved_at: Some(after("2m")), ..accepted() };
        let close_look = matches!(going(&seen, &attempt).1, Depth::PostMortem { .. });
        assert_eq!(close_look, close, "{what}");
    }
}

#[test]
fn what_is_protected_or_waits_for_a_person_is_said_instead() {
    let protected = looked_at(stuck("15m"), "11m 10s").protected("old-0", "2h");
    let (text, _) = going(&protected, &accepted());
    assert!(text.contains("; 1 old task protected until "), "{text}");
    assert!(!text.contains("nothing has moved"), "{text}");
}
