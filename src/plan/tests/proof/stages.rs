//! Stages, hooks, protection and old tasks that linger: none proves anything, all take their time.

use super::fixture::{OLD, Seen, accepted, after, outcome, seen, word};
use crate::clock::Time;
use crate::plan::fleet::{
    Cleanup, RolloutState, ServiceDeploymentStatus as Status, Staging, Strategy, TaskStatus,
};
use crate::plan::ledger::{Attempt, Call, Outcome};
use crate::plan::proof::Judgement;
use crate::plan::step::Depth;
use crate::plan::tests::fixture::span;

fn going(seen: &Seen, attempt: &Attempt) -> (String, Depth, Time) {
    match seen.judge(attempt) {
        Judgement::Going { reason, depth, at } => (reason.to_string(), depth, at),
        other => panic!("{other:?}"),
    }
}

/// Ten minutes of bake time, both revisions running.
fn blue_green(when: &str) -> Seen {
    let staging = Staging { bake: span("10m"), ..Staging::default() };
    seen(when).rollout(RolloutState::InProgress).beside(OLD).staged(Strategy::BlueGreen, staging)
}

fn moved() -> Attempt {
    Attempt { moved_at: Some(after("3m")), ..accepted() }
}

#[test]
fn the_stage_is_named_and_asked_for() {
    let (text, depth, at) = going(&blue_green("2m").stage("SCALE_UP", "1m", 0), &accepted());
    assert!(text.contains("; scale up for 1m; "), "{text}");
    assert_eq!((depth, at), (Depth::Progress, after("2m 10s")));
    // Before it was asked for, and where it may not be asked.
    assert_eq!(going(&blue_green("2m"), &accepted()).1, Depth::Progress);
}

#[test]
fn bake_time_is_counted() {
    let baking = blue_green("6m 5s").stage("BAKE_TIME", "3m", 100);
    let (text, depth, _) = going(&baking, &moved());
    assert!(text.contains("; bake time, 3 of 10 minutes; "), "{text}");
    assert_eq!(depth, Depth::Progress);
}

#[test]
fn when_traffic_has_moved_the_slot_is_freed_once() {
    let baking = blue_green("5m").stage("BAKE_TIME", "3m", 100);
    let Judgement::MoveOn { deadline, .. } = baking.judge(&accepted()) else { panic!() };
    assert_eq!(deadline, accepted().deadline);
    assert_eq!(word(&baking.judge(&moved())), "our_rollout");
    for early in [("PRODUCTION_TRAFFIC_SHIFT", 50), ("TEST_TRAFFIC_SHIFT", 0), ("BAKE_TIME", 10)] {
        let shifting = blue_green("5m").stage(early.0, "3m", early.1);
        assert_eq!(word(&shifting.judge(&accepted())), "our_rollout", "{early:?}");
    }
}

#[test]
fn a_person_is_waited_for_and_the_deadline_moves_with_the_hook() {
    let paused = |when: &str| {
        blue_green(when).stage("POST_TEST_TRAFFIC_SHIFT", "2m", 0).hook(
            true,
            "AWAITING_ACTION",
            "1d",
        )
    };
    let (text, ..) = going(&paused("30m"), &accepted());
    assert!(text.contains("a pause hook waits for a person at post test traffic shift"), "{text}");
    let Judgement::Extend { deadline, .. } = paused("61m").judge(&accepted()) else { panic!() };
    assert_eq!(deadline, after("1d 10m"));
}

#[test]
fn a_hook_that_does_not_say_how_long_it_takes_is_excused_bit_by_bit_and_for_a_day() {
    let checking = |when: &str| {
        blue_green(when).stage("PRE_SCALE_UP", "2m", 0).silent_hook("IN_PROGRESS").evidence_denied()
    };
    assert_eq!(word(&checking("30m").judge(&accepted())), "our_rollout");
    let Judgement::Extend { deadline, .. } = checking("61m").judge(&accepted()) else { panic!() };
    assert_eq!(deadline, after("71m"));
    let late = Attempt { deadline: after("23h 50m"), ..accepted() };
    let Judgement::Extend { deadline, .. } = checking("24h 1m").judge(&late) else { panic!() };
    assert_eq!(deadline, after("24h 11m"));
    let judged = checking("24h 2m").judge(&late);
    assert!(!matches!(judged, Judgement::Extend { .. }), "{judged:?}");
    // What is done excuses nothing.
    let done = blue_green("61m").stage("PRE_SCALE_UP", "2m", 0).judge(&accepted());
    assert!(!matches!(done, Judgement::Extend { .. }), "{done:?}");
}

#[test]
fn what_ecs_takes_back_is_followed_to_its_end() {
    for status in [Status::RollbackInProgress, Status::RollbackRequested] {
        let taken_back = blue_green("5m").deployment_is(status.clone());
        let judged = taken_back.judge(&accepted());
        let Judgement::Going { depth, .. } = &judged else { panic!("{judged:?}") };
        assert!(matches!(depth, Depth::PostMortem { .. }), "{status:?}");
    }
    // Whose deployment is next is told by the deployments.
    let stopped = blue_green("5m").deployment_is(Status::Stopped);
    assert_eq!(going(&stopped, &accepted()).1, Depth::Progress);
}

/// Its answer named its service deployment.
fn named() -> Attempt {
    let mut attempt = accepted();
    let Call::Accepted { service_deployment, .. } = &mut attempt.call else { panic!() };
    *service_deployment = Some("arn:ours".into());
    attempt
}

#[test]
fn a_rollback_is_followed_by_where_it_stands_and_its_end_by_all_there_is() {
    for (what, seen) in [
        ("still PRIMARY", blue_green("5m")),
        ("FAILED", blue_green("5m").rollout(RolloutState::Failed)),
        ("the old one is PRIMARY again", blue_green("5m").primary_is(OLD, "0s")),
        ("so soon that it may be a stale reading", blue_green("30s").primary_is(OLD, "0s")),
    ] {
        let judged = seen.clone().deployment_is(Status::RollbackInProgress).judge(&named());
        let Judgement::Going { reason, depth, .. } = &judged else { panic!("{what}: {judged:?}") };
        assert_eq!((reason.label(), *depth), ("our_rollback", Depth::Progress), "{what}");
        let ended = seen.deployment_is(Status::RollbackSuccessful);
        let Judgement::Going { depth, .. } = ended.judge(&named()) else { panic!("{what}") };
        assert!(matches!(depth, Depth::PostMortem { .. }), "{what}: {depth:?}");
        let told = ended.evidence(&[("arn:ours", "1s", Status::RollbackSuccessful)]);
        assert_eq!(outcome(&told.judge(&named())), Some(Outcome::RolledBack), "{what}");
    }
    let stale = blue_green("30s").primary_is(OLD, "0s");
    assert_eq!(going(&stale, &named()).1, Depth::Progress, "nothing was seen of it yet");
}

#[test]
fn protected_old_tasks_extend_the_deadline_and_are_named() {
    let late = |until: &str| {
        seen("61m")
            .rollout(RolloutState::InProgress)
            .beside(OLD)
            .tasks(&[("old-0", "-1d", TaskStatus::Running), ("new", "2m", TaskStatus::Running)])
            .evidence_denied()
            .protected("old-0", until)
    };
    let Judgement::Extend { reason, deadline } = late("2h").judge(&accepted()) else { panic!() };
    assert_eq!(deadline, after("2h 10m"));
    assert!(reason.to_string().contains("1 old task protected until "), "{reason}");
    assert_eq!(outcome(&late("30m").judge(&accepted())), Some(Outcome::TimedOut));
}

#[test]
fn with_deferred_clean_up_it_is_proven_when_the_old_tasks_are_gone() {
    let early = |cleanup: Cleanup| Staging { early_success: Some(cleanup), ..Staging::default() };
    let lingering = |when: &str, cleanup: Cleanup| {
        seen(when).beside(OLD).staged(Strategy::Rolling, early(cleanup)).tasks(&[
            ("old-0", "-1d", TaskStatus::Running),
            ("new", "2m", TaskStatus::Running),
            ("newer", "3m", TaskStatus::Running),
        ])
    };
    let deferred = lingering("5m", Cleanup::Deferred);
    let Judgement::MoveOn { deadline, .. } = deferred.judge(&accepted()) else { panic!() };
    assert_eq!(deadline, after("15d"));
    let (text, depth, at) = going(&deferred, &moved());
    assert!(text.contains("traffic has moved, 1 old task still to go"), "{text}");
    assert_eq!((depth, at), (Depth::Tasks, after("5m 10s")));
    // Where the deployments still show them, the tasks need not be read.
    let shown = deferred.clone().beside_with_tasks(OLD);
    assert_eq!(going(&shown, &moved()).1, Depth::Follow);
    let gone = seen("5d").staged(Strategy::Rolling, early(Cleanup::Deferred));
    assert_eq!(outcome(&gone.judge(&moved())), Some(Outcome::Succeeded));
    // What blocks is not done before the old tasks are gone.
    let (_, depth, _) = going(&lingering("5m", Cleanup::Blocking), &accepted());
    assert_eq!(depth, Depth::Tasks);
}

#[test]
fn an_early_success_before_all_new_tasks_run_proves_nothing() {
    let staging = Staging { early_success: Some(Cleanup::Deferred), ..Staging::default() };
    let half = seen("5m")
        .staged(Strategy::Rolling, staging)
        .tasks(&[("new", "2m", TaskStatus::Running), ("newer", "3m", TaskStatus::Starting)]);
    assert_eq!(word(&half.judge(&accepted())), "our_rollout");
}
