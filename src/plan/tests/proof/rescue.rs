//! A rollout whose time is up is rolled back as `on_failure` says: once, and only if it is ours and
//! under way. What comes of it is observed.

use super::fixture::{OLD, OURS, Seen, THEIRS, accepted, after, diagnosis, seen, word};
use crate::plan::fleet::{
    ProblemClass, RolloutState, ServiceDeploymentStatus as Status, Strategy, TaskStatus,
};
use crate::plan::ledger::{Attempt, Call};
use crate::plan::proof::Judgement;
use crate::plan::rescue::{Remedy, Rescue, RescueAnswer};
use crate::plan::step::{Depth, RollBack};
use crate::plan::tests::fixture::{delta, problem};

const WHY: &str = "0 of 2 tasks were running on the new deployment when the time was up";

/// Its service deployment is known from the answer of UpdateService.
fn ours() -> Attempt {
    let mut attempt = accepted();
    if let Call::Accepted { service_deployment, .. } = &mut attempt.call {
        *service_deployment = Some("sd".into());
    }
    attempt
}

fn all_statuses() -> Vec<Status> {
    vec![
        Status::Pending,
        Status::InProgress,
        Status::Successful,
        Status::StopRequested,
        Status::Stopped,
        Status::RollbackRequested,
        Status::RollbackInProgress,
        Status::RollbackSuccessful,
        Status::RollbackFailed,
        Status::Unknown("PAUSED".into()),
    ]
}

/// It goes on after its time, and its policy says to roll it back.
fn late(when: &str) -> Seen {
    rolling(when).remedy(Remedy::RollBack).evidence(&[("sd", "1s", Status::InProgress)])
}

fn rolling(when: &str) -> Seen {
    seen(when).rollout(RolloutState::InProgress).beside(OLD)
}

/// It was asked for after sixty-one minutes, and may have been on its way for ninety seconds.
fn asked(answer: RescueAnswer) -> Attempt {
    Attempt {
        deadline: after("121m"),
        rescue: Some(Rescue {
            asked_at: after("61m"),
            call_ends_by: after("62m 30s"),
            service_deployment: "sd".into(),
            why: WHY.to_owned(),
            finding: None,
            answer,
        }),
        ..ours()
    }
}

fn refused() -> RescueAnswer {
    RescueAnswer::Refused { problem: problem(ProblemClass::Denied, after("61m")) }
}

fn answers() -> [RescueAnswer; 3] {
    [RescueAnswer::Unknown, RescueAnswer::Accepted, refused()]
}

fn asks(judgement: Judgement) -> RollBack {
    match judgement {
        Judgement::RollBack(back) => back,
        other => panic!("not rolled back: {other:?}"),
    }
}

#[test]
fn ecs_is_told_to_roll_back_what_is_late_and_going_on() {
    for status in [Status::InProgress, Status::Pending] {
        let back = asks(late("60m").evidence(&[("sd", "1s", status)]).judge(&ours()));
        assert_eq!(&*back.service_deployment, "sd");
        assert_eq!((back.service, back.attempt), (ours().service, ours().id));
        assert_eq!((back.send_by, back.deadline), (after("61m"), after("120m")));
        assert!(back.why.starts_with("2 of 2 tasks were running"), "{}", back.why);
        assert!(back.why.contains("2 tasks stopped: Essential container"), "{}", back.why);
    }
}

#[test]
fn it_is_followed_for_as_long_as_the_rollout_was_given_from_an_hour_to_a_day() {
    for (given, followed) in [("10m", "60m"), ("60m", "60m"), ("3h", "3h"), ("15d", "24h")] {
        let attempt = Attempt { deadline: after(given), ..ours() };
        let back = asks(late("16d").judge(&attempt));
        assert_eq!(back.deadline, after("16d") + delta(followed), "{given}");
    }
}

#[test]
fn its_service_deployment_is_also_known_by_the_description_that_shows_it_as_primary() {
    let back = asks(late("61m").current_is("sd").judge(&accepted()));
    assert_eq!(&*back.service_deployment, "sd");
}

#[test]
fn what_is_not_provably_ours_and_under_way_is_left_with_the_reason() {
    let successful = [("sd", "1s", Status::Successful)];
    let newer = [("newer", "40m", Status::InProgress), ("sd", "1s", Status::InProgress)];
    let moved = Attempt { moved_at: Some(after("50m")), ..accepted() };
    let cleaning = late("61m").staged(Strategy::BlueGreen, Default::default());
    for (seen, attempt, reason) in [
        (late("61m"), accepted(), "ECS does not say which service deployment is its own"),
        (late("61m").evidence(&[]), ours(), "ECS does not list its service deployment"),
        (
            late("61m").evidence(&[("other", "1s", Status::InProgress)]),
            ours(),
            "ECS does not list its service deployment",
        ),
        (
            late("61m").evidence_denied(),
            ours(),
            "its service deployment cannot be read: DescribeServices: not today",
        ),
        (late("61m").current_is("another"), ours(), "answers do not agree"),
        (late("61m").evidence(&newer), ours(), "answers do not agree"),
        (late("61m").evidence(&[("sd", "2m", Status::InProgress)]), ours(), "answers do not agree"),
        (late("61m").task_definition("app:8"), ours(), "answers do not agree"),
        (late("61m").evidence(&successful), ours(), "ECS calls its service deployment successful"),
        (
            cleaning.stage("CLEAN_UP", "50m", 100).evidence(&[(
                "arn:ours",
                "1s",
                Status::InProgress,
            )]),
            moved,
            "production traffic has moved, and ECS is stopping the old tasks",
        ),
    ] {
        let judgement = seen.judge(&attempt);
        assert_eq!(word(&judgement), "timed_out", "{reason}");
        let diagnosis = diagnosis(&judgement);
        assert!(diagnosis.contains("; it was not rolled back: "), "{diagnosis}");
        assert!(diagnosis.contains(reason), "{diagnosis}");
        assert!(diagnosis.starts_with("2 of 2 tasks were running"), "{diagnosis}");
    }
}

#[test]
fn only_what_goes_on_is_rolled_back() {
    for status in all_statuses() {
        let going_on = matches!(status, Status::Pending | Status::InProgress);
        let judgement = late("61m").evidence(&[("sd", "1s", status.clone())]).judge(&ours());
        let expected = if going_on { "roll_back" } else { "timed_out" };
        assert_eq!(word(&judgement), expected, "{status:?}");
    }
}

#[test]
fn where_nothing_may_be_done_it_is_left() {
    let left = late("61m").remedy(Remedy::Leave).judge(&ours());
    assert_eq!(word(&left), "timed_out");
    assert!(!diagnosis(&left).contains("rolled back"));
    let left = late("61m").remedy(Remedy::LeaveTo("it is held")).judge(&ours());
    assert!(diagnosis(&left).contains("; it was not rolled back: it is held; "));
}

#[test]
fn the_request_rests_on_evidence_of_the_last_minute() {
    assert_eq!(word(&late("61m").judge_at(&ours(), after("61m 59s"))), "roll_back");
    let Judgement::Going { depth, at, .. } = late("61m").judge_at(&ours(), after("62m")) else {
        panic!("stale evidence")
    };
    assert!(matches!(depth, Depth::PostMortem { .. }));
    assert!(at <= after("62m"));
}

#[test]
fn before_its_deadline_nothing_is_asked_for() {
    assert_eq!(word(&late("59m").judge(&ours())), "our_rollout");
    // One that waits for protected tasks has more time.
    let protected = late("61m")
        .tasks(&[("old-0", "-1d", TaskStatus::Running), ("new", "2m", TaskStatus::Running)])
        .protected("old-0", "2h");
    assert_eq!(word(&protected.judge(&ours())), "extend");
}

#[test]
fn what_becomes_of_it_is_told_by_its_service_deployment() {
    let going = "our_rollback";
    for (status, unknown, accepted, refused, at_last) in [
        (Status::Pending, going, going, going, "timed_out"),
        (Status::InProgress, going, going, going, "timed_out"),
        (Status::StopRequested, going, going, going, "timed_out"),
        (Status::Stopped, "failed", "failed", "failed", "failed"),
        (Status::RollbackRequested, going, going, going, "timed_out"),
        (Status::RollbackInProgress, going, going, going, "timed_out"),
        (Status::RollbackSuccessful, "rolled_back", "rolled_back", "rolled_back", "rolled_back"),
        (Status::RollbackFailed, "failed", "failed", "failed", "failed"),
        (Status::Unknown("PAUSED".into()), going, going, going, "timed_out"),
    ] {
        for primary in [OURS, THEIRS] {
            let seen = |when: &str| {
                let seen = if primary == OURS {
                    rolling(when)
                } else {
                    seen(when).primary_is(THEIRS, "62m")
                };
                seen.remedy(Remedy::RollBack).evidence(&[("sd", "1s", status.clone())])
            };
            for (answer, expected) in answers().into_iter().zip([unknown, accepted, refused]) {
                let attempt = asked(answer);
                // What ECS calls taken back and shows as PRIMARY is an old reading of one of the two.
                let stale = primary == OURS && status == Status::RollbackSuccessful;
                let expected = if stale { going } else { expected };
                let at_first = seen("62m").judge(&attempt);
                assert_eq!(word(&at_first), expected, "{status:?} {primary} {attempt:?}");
                let finally = seen("121m").judge(&attempt);
                assert_eq!(word(&finally), at_last, "{status:?} {primary} {attempt:?}");
            }
        }
    }
}

#[test]
fn a_rollback_that_failed_on_our_deployment_is_no_plain_failure_of_it() {
    // ECS marks it as failed before it makes the deployment that takes over.
    let failed = rolling("62m").rollout(RolloutState::Failed).updated("61m");
    let requested = failed.evidence(&[("sd", "1s", Status::RollbackRequested)]);
    assert_eq!(word(&requested.judge(&asked(RescueAnswer::Accepted))), "our_rollback");
}

#[test]
fn the_end_says_what_was_asked_for_and_what_was_seen_when_the_time_was_up() {
    let end = |when: &str, status, answer| {
        let seen = match status {
            Status::RollbackSuccessful => seen(when).primary_is(THEIRS, "62m"),
            _ => rolling(when),
        };
        let seen = seen.evidence(&[("sd", "1s", status)]);
        diagnosis(&seen.judge(&asked(answer))).to_owned()
    };
    for (found, what) in [
        (
            end("70m", Status::RollbackSuccessful, RescueAnswer::Accepted),
            "timed out, and was rolled back as on_failure says",
        ),
        (
            end("70m", Status::RollbackSuccessful, RescueAnswer::Unknown),
            "timed out, and was rolled back as on_failure says",
        ),
        (
            end("70m", Status::RollbackSuccessful, refused()),
            "timed out, and was rolled back, but not by us: DescribeServices: not today",
        ),
        (
            end("70m", Status::RollbackFailed, RescueAnswer::Accepted),
            "timed out, and its rollback failed",
        ),
        (
            end("121m", Status::RollbackInProgress, RescueAnswer::Accepted),
            "timed out, and the rollback asked for has not ended",
        ),
        (
            end("70m", Status::InProgress, refused()),
            "timed out, and its rollback was refused: DescribeServices: not today",
        ),
        (
            end("70m", Status::InProgress, RescueAnswer::Unknown),
            "timed out; its rollback was to be asked for, and ECS does not roll it back",
        ),
    ] {
        assert_eq!(found, format!("{what}; {WHY}"));
    }
}

#[test]
fn that_a_request_had_no_effect_is_concluded_when_no_reading_can_be_stale_any_more() {
    for (answer, ends) in
        [(RescueAnswer::Unknown, true), (refused(), true), (RescueAnswer::Accepted, false)]
    {
        let judge = |when: &str| {
            let seen = rolling(when).evidence(&[("sd", "1s", Status::InProgress)]);
            word(&seen.judge(&asked(answer.clone())))
        };
        assert_eq!(judge("64m 29s"), "our_rollback", "{answer:?}");
        let expected = if ends { "timed_out" } else { "our_rollback" };
        assert_eq!(judge("64m 30s"), expected, "{answer:?}");
    }
}

#[test]
fn somebodys_newer_deployment_supersedes_a_rollback_that_it_stopped() {
    let listed = |status| [("newer", "63m", Status::InProgress), ("sd", "1s", status)];
    for answer in answers() {
        for (when, status, expected) in [
            ("64m", Status::StopRequested, "our_rollback"),
            ("64m", Status::Stopped, "superseded"),
            ("64m", Status::RollbackInProgress, "our_rollback"),
            ("121m", Status::RollbackInProgress, "superseded"),
            ("70m", Status::RollbackSuccessful, "rolled_back"),
            ("70m", Status::RollbackFailed, "superseded"),
        ] {
            let seen = seen(when).primary_is(THEIRS, "63m").evidence(&listed(status.clone()));
            let judged = seen.judge(&asked(answer.clone()));
            assert_eq!(word(&judged), expected, "{status:?} {answer:?}");
        }
    }
    let other = seen("64m").primary_is(THEIRS, "63m").task_definition("app:8");
    let other = other.evidence(&[("sd", "1s", Status::Stopped)]);
    assert_eq!(word(&other.judge(&asked(RescueAnswer::Accepted))), "superseded");
}

#[test]
fn what_became_steady_before_the_request_is_a_success_by_its_tasks_alone() {
    let done = |when: &str| seen(when).evidence(&[("sd", "1s", Status::Successful)]);
    for answer in answers() {
        let attempt = asked(answer);
        assert_eq!(word(&done("62m").judge(&attempt)), "succeeded");
        let unproven = done("62m").tasks(&[("new", "2m", TaskStatus::Running)]);
        assert_eq!(word(&unproven.judge(&attempt)), "our_rollout");
        let unproven = done("121m").tasks(&[("new", "2m", TaskStatus::Running)]);
        assert_eq!(word(&unproven.judge(&attempt)), "timed_out");
        let replaced = done("62m").primary_is(THEIRS, "62m");
        assert_eq!(word(&replaced.judge(&attempt)), "superseded");
        // The tasks prove nothing while ECS says that it goes back.
        for status in [Status::RollbackRequested, Status::RollbackInProgress] {
            let back = seen("62m").evidence(&[("sd", "1s", status)]);
            assert_eq!(word(&back.judge(&attempt)), "our_rollback");
        }
    }
}

#[test]
fn readings_from_before_the_request_say_nothing_of_it() {
    for status in all_statuses() {
        let before = rolling("60m 59s").evidence(&[("sd", "1s", status)]);
        let Judgement::Going { at, depth, .. } =
            before.judge_at(&asked(RescueAnswer::Accepted), after("61m"))
        else {
            panic!("a reading from before")
        };
        assert_eq!(at, after("61m 10s"));
        assert!(matches!(depth, Depth::PostMortem { .. }));
    }
}

#[test]
fn it_is_looked_at_every_thirty_seconds_however_often_the_service_is_described() {
    let gathered = rolling("65m").evidence(&[("sd", "1s", Status::RollbackInProgress)]);
    let described = rolling("65m 20s").evidence(&[]).evidence_of("65m");
    for seen in [gathered, described] {
        let Judgement::Going { at, reason, .. } = seen.judge(&asked(RescueAnswer::Accepted)) else {
            panic!("it goes on")
        };
        assert_eq!(at, after("65m 30s"));
        assert_eq!(
            reason.to_string(),
            "timed out; rolling back as on_failure says; given up at 05:11:00 UTC"
        );
    }
}

#[test]
fn what_cannot_be_read_of_it_is_asked_for_until_its_deadline() {
    let attempt = asked(RescueAnswer::Accepted);
    for unread in
        [|when: &str| rolling(when).evidence_denied(), |when: &str| rolling(when).evidence(&[])]
    {
        assert_eq!(word(&unread("62m").judge(&attempt)), "our_rollback");
        assert_eq!(word(&unread("121m").judge(&attempt)), "timed_out");
    }
    let gone = rolling("62m").gone(after("62m"));
    assert_eq!(word(&gone.judge(&attempt)), "superseded");
    let unreadable = rolling("62m").unreadable(ProblemClass::Server, "62m");
    assert_eq!(word(&unreadable.judge(&attempt)), "our_rollout_unseen");
}

#[test]
fn nothing_that_can_be_seen_asks_a_second_time() {
    for answer in answers() {
        let attempt = asked(answer);
        for status in all_statuses() {
            for rollout in [RolloutState::InProgress, RolloutState::Completed, RolloutState::Failed]
            {
                for when in ["62m", "65m", "121m", "26h"] {
                    let seen = late(when).rollout(rollout.clone());
                    let seen = seen.evidence(&[("sd", "1s", status.clone())]);
                    assert_ne!(word(&seen.judge(&attempt)), "roll_back", "{status:?} {when}");
                    assert_ne!(
                        word(&seen.tasks(&[]).judge(&attempt)),
                        "roll_back",
                        "{status:?} {when}"
                    );
                }
            }
        }
    }
}
