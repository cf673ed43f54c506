//! How often a rollout is looked at: no more than fifteen seconds late, and no more often than that
//! takes.

use super::fixture::{OLD, Seen, accepted, after, seen};
use crate::clock::Time;
use crate::plan::fleet::{
    Cleanup, RolloutState, ServiceDeploymentStatus as Status, Staging, Strategy, TaskStatus,
};
use crate::plan::ledger::Attempt;
use crate::plan::proof::Judgement;
use crate::plan::tests::fixture::span;

fn next(seen: &Seen, attempt: &Attempt) -> Time {
    match seen.judge(attempt) {
        Judgement::Going { at, .. } => at,
        other => panic!("{other:?}"),
    }
}

fn moved() -> Attempt {
    Attempt { moved_at: Some(after("3m")), deadline: after("2d"), ..accepted() }
}

fn rolling(when: &str) -> Seen {
    seen(when).rollout(RolloutState::InProgress).beside(OLD)
}

/// Ten minutes of bake time, both revisions running.
fn shifting(when: &str) -> Seen {
    let staging = Staging { bake: span("10m"), ..Staging::default() };
    rolling(when).staged(Strategy::Canary, staging)
}

#[test]
fn what_may_end_with_the_next_breath_is_looked_at_every_ten_seconds() {
    let early = Staging { early_success: Some(Cleanup::Blocking), ..Staging::default() };
    for (what, seen) in [
        ("rolling", rolling("40m")),
        ("rolling with early success", rolling("40m").staged(Strategy::Rolling, early)),
        ("nothing known of its stages", shifting("40m")),
        ("a stage that has just begun", shifting("40m").stage("SCALE_UP", "39m", 0)),
        ("the last stage", shifting("40m").stage("CLEAN_UP", "20m", 100)),
        ("a stage of the future", shifting("40m").stage("COOL_DOWN", "20m", 100)),
        ("a status of the future", shifting("40m").deployment_is(Status::Unknown("X".into()))),
        ("baked all but a minute", shifting("40m").stage("BAKE_TIME", "31m", 100)),
        ("baked for longer than it should", shifting("40m").stage("BAKE_TIME", "20m", 100)),
        (
            "a hook whose time is nearly up",
            shifting("40m").stage("PRE_SCALE_UP", "20m", 0).hook(true, "AWAITING_ACTION", "41m"),
        ),
    ] {
        assert_eq!(next(&seen, &moved()), after("40m 10s"), "{what}");
    }
}

#[test]
fn what_does_not_end_without_notice_is_looked_at_every_thirty_seconds() {
    for (what, seen) in [
        ("baking", shifting("40m").stage("BAKE_TIME", "39m 50s", 100)),
        ("between steps", shifting("40m").stage("PRODUCTION_TRAFFIC_SHIFT", "39m 50s", 10)),
        ("a stage that lasts", shifting("40m").stage("SCALE_UP", "38m", 0)),
        (
            "a person is waited for",
            shifting("40m").stage("PRE_SCALE_UP", "39m 50s", 0).hook(true, "AWAITING_ACTION", "1d"),
        ),
        ("a task is protected", rolling("40m").evidence_denied().protected("old-0", "42m")),
    ] {
        assert_eq!(next(&seen, &moved()), after("40m 30s"), "{what}");
    }
    let late = rolling("61m").evidence_denied().tasks_partly_read();
    assert_eq!(next(&late, &accepted()), after("61m 30s"), "nothing is left to wait for");
}

#[test]
fn old_tasks_that_nobody_waits_for_are_soon_left_to_themselves() {
    let staging = Staging { early_success: Some(Cleanup::Deferred), ..Staging::default() };
    let lingering = |when: &str| {
        seen(when).staged(Strategy::Rolling, staging.clone()).tasks(&[
            ("old-0", "-1d", TaskStatus::Running),
            ("new", "2m", TaskStatus::Running),
            ("newer", "3m", TaskStatus::Running),
        ])
    };
    assert_eq!(next(&lingering("12m"), &moved()), after("12m 10s"));
    assert_eq!(next(&lingering("14m"), &moved()), after("15m"));
    assert_eq!(next(&lingering("15m"), &moved()), after("20m"));
}

#[test]
fn rollouts_begun_at_any_second_are_looked_at_in_the_same_instants() {
    for second in 0..10 {
        let begun = format!("40m {second}s");
        assert_eq!(next(&rolling(&begun), &moved()), after("40m 10s"), "{begun}");
        let baking = shifting(&begun).stage("BAKE_TIME", "39m", 100);
        assert_eq!(next(&baking, &moved()), after("40m 30s"), "{begun}");
    }
    let slow = rolling("40m 10s");
    assert_eq!(next(&slow, &moved()), after("40m 20s"));
}
