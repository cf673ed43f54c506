//! What goes on, how it reads, and how closely it is looked at.

use super::fixture::{OLD, OURS, Seen, accepted, after, seen, unanswered, word};
use crate::clock::Time;
use crate::plan::fleet::{ProblemClass, RolloutState};
use crate::plan::ledger::Attempt;
use crate::plan::proof::Judgement;
use crate::plan::step::Depth;

fn going(seen: &Seen, attempt: &Attempt) -> (String, Depth, Time) {
    match seen.judge(attempt) {
        Judgement::Going { reason, depth, at } => (reason.to_string(), depth, at),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rollout_is_described_every_ten_seconds_until_ecs_says_it_is_done() {
    let rolling = seen("5m").rollout(RolloutState::InProgress).beside(OLD);
    let (text, depth, at) = going(&rolling, &accepted());
    assert_eq!(
        text,
        "refresh under way: 2 of 2 new tasks running, 0 old; given up at 04:10:00 UTC"
    );
    assert_eq!((depth, at), (Depth::Follow, after("5m 10s")));
}

#[test]
fn when_ecs_says_it_is_done_the_tasks_are_read_soon() {
    let (_, depth, at) = going(&seen("5m").tasks_listed("4m"), &accepted());
    assert_eq!((depth, at), (Depth::Tasks, after("5m 2s")));
    let not_yet = seen("5m").tasks(&[]);
    let (_, depth, at) = going(&not_yet, &accepted());
    assert_eq!((depth, at), (Depth::Tasks, after("5m 10s")));
}

#[test]
fn a_reading_from_before_the_answer_says_nothing() {
    for early in [seen("1s"), seen("1s").primary_is(OLD, "0s"), seen("1s").no_primary()] {
        assert_eq!(word(&early.judge(&accepted())), "our_rollout");
    }
}

#[test]
fn for_two_minutes_the_old_primary_may_be_a_stale_reading() {
    for (when, depth) in [("3s", Depth::Follow), ("2m 1s", Depth::Follow)] {
        for stale in [seen(when).primary_is(OLD, "0s"), seen(when).no_primary()] {
            let (_, found, _) = going(&stale, &accepted());
            assert_eq!(found, depth, "{when}");
        }
    }
    let (_, depth, _) = going(&seen("2m 2s").primary_is(OLD, "0s"), &accepted());
    assert_eq!(depth, Depth::PostMortem { since: after("0s") - chrono::TimeDelta::seconds(120) });
}

#[test]
fn what_cannot_be_read_is_asked_for_again_and_given_up_a_day_after_its_deadline() {
    for attempt in [accepted(), unanswered()] {
        let unreadable = seen("5m").unreadable(ProblemClass::Denied, "20m");
        let at_once = unreadable.judge_at(&attempt, after("21m"));
        let Judgement::Going { reason, depth, at } = at_once else { panic!("{at_once:?}") };
        assert_eq!(
            reason.to_string(),
            "refresh under way, but it cannot be seen: DescribeServices: not today"
        );
        assert_eq!((depth, at), (Depth::Follow, after("20m 10s")));
        assert_eq!(word(&unreadable.judge_at(&attempt, after("24h 59m"))), "our_rollout_unseen");
        let given_up = unreadable.judge_at(&attempt, after("25h"));
        let Judgement::Finish { diagnosis, primary, .. } = &given_up else {
            panic!("{given_up:?}")
        };
        assert_eq!(word(&given_up), "failed");
        assert!(diagnosis.starts_with("cannot tell what became of it; last: "), "{diagnosis}");
        assert_eq!(primary.as_ref().map(|id| id.as_str()), Some(OURS), "as it was last seen");
    }
}

#[test]
fn a_service_that_is_deleted_ends_its_attempt_as_superseded() {
    for attempt in [accepted(), unanswered()] {
        let deleted = seen("5m").gone(after("4m")).judge(&attempt);
        assert_eq!(word(&deleted), "superseded");
        let before = seen("5m").gone(after("0s") - chrono::TimeDelta::seconds(1)).judge(&attempt);
        assert_eq!(word(&before), "our_rollout_unseen", "it was gone before and came back");
        let not_found = seen("5m").unreadable(ProblemClass::NotFound, "5m").judge(&attempt);
        assert_eq!(word(&not_found), "superseded");
        let mut earlier = seen("5m").unreadable(ProblemClass::NotFound, "0s");
        earlier.service.problem.as_mut().unwrap().at -= chrono::TimeDelta::seconds(1);
        assert_eq!(word(&earlier.judge(&attempt)), "our_rollout_unseen");
    }
}
