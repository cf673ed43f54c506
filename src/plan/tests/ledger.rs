//! How a record changes.

use super::fixture::{NOW, an_attempt, at, delta, finished, key, problem};
use crate::plan::fleet::{DeploymentId, ProblemClass};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Attempt, Call, Ledger, Outcome, Record};
use crate::plan::notice::{
    Ended, EndedBy, EventKey, EventStatus, NoticePage, PageKey, Retirement, TaskSample,
};
use crate::plan::rescue::{Rescue, RescueAnswer};

fn attempt(primary: &str) -> Attempt {
    an_attempt("1m").left(primary).unanswered().build(key("api"), at(NOW))
}

fn accepted() -> Call {
    an_attempt("1m").build(key("api"), at(NOW)).call
}

fn finish(record: &mut Record, before: &str, outcome: Outcome, after: Option<&str>) {
    record.begin(attempt(before));
    record.accept(accepted());
    record.finish(outcome, "why".to_owned(), after.map(DeploymentId::new), at(NOW));
}

#[test]
fn an_attempt_goes_from_intent_over_its_answer_to_its_outcome() {
    let mut record = Record::default();
    record.begin(attempt("ecs-svc/1"));
    assert_eq!(record.open.as_ref().unwrap().call, Call::Unknown);
    record.accept(accepted());
    assert_eq!(record.open.as_ref().unwrap().call, accepted());
    record.finish(Outcome::Succeeded, "why".to_owned(), None, at(NOW));
    let last = record.last.as_ref().unwrap();
    assert_eq!(
        (record.open.as_ref(), last.outcome, last.finished_at),
        (None, Outcome::Succeeded, at(NOW))
    );
    assert_eq!((last.attempt.call.clone(), last.diagnosis.as_str()), (accepted(), "why"));
    assert_eq!(last.duration(), std::time::Duration::from_secs(60));
}

#[test]
fn a_rollback_is_asked_for_once_and_followed_with_a_slot_of_its_own() {
    let rescue = |asked: &str| Rescue {
        asked_at: at(NOW) + delta(asked),
        call_ends_by: at(NOW) + delta("2h"),
        service_deployment: "sd".into(),
        why: "why".to_owned(),
        finding: None,
        answer: RescueAnswer::Unknown,
    };
    let mut record = Record::default();
    record.begin(attempt("ecs-svc/1"));
    record.accept(accepted());
    record.move_on(at(NOW), at(NOW));
    record.ask_rollback(rescue("1m"), at(NOW) + delta("2h"));
    record.ask_rollback(rescue("2m"), at(NOW) + delta("1h"));
    let open = record.open.as_ref().unwrap();
    assert_eq!((open.moved_at, open.deadline), (None, at(NOW) + delta("2h")));
    assert_eq!(open.rescue, Some(rescue("1m")));
    record.answer_rollback(RescueAnswer::Accepted);
    let stored = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&stored).unwrap(), record);
    record.finish(Outcome::RolledBack, "why".to_owned(), None, at(NOW));
    let last = record.last.unwrap().attempt;
    assert_eq!(last.rescue.unwrap().answer, RescueAnswer::Accepted);
}

#[test]
fn attempts_of_before_there_were_rollbacks_can_be_read() {
    let mut record = Record::default();
    record.begin(attempt("ecs-svc/1"));
    let stored = serde_json::to_string(&record).unwrap();
    assert!(!stored.contains("rescue"), "{stored}");
    assert_eq!(serde_json::from_str::<Record>(&stored).unwrap(), record);
}

#[test]
fn what_is_not_open_can_neither_be_answered_nor_end() {
    let mut record = Record::default();
    record.accept(accepted());
    record.finish(Outcome::Failed, "why".to_owned(), None, at(NOW));
    assert_eq!(record, Record::default());
}

#[test]
fn an_attempt_that_never_was_leaves_no_trace() {
    let mut record = Record::default();
    finish(&mut record, "ecs-svc/1", Outcome::Failed, Some("ecs-svc/2"));
    record.refuse(problem(ProblemClass::Denied, at(NOW)), at(NOW));
    let before = record.clone();
    record.begin(attempt("ecs-svc/2"));
    record.abandon();
    assert_eq!(record, before);
}

#[test]
fn the_pause_after_refused_calls_doubles_from_a_minute_to_an_hour() {
    let mut record = Record::default();
    for (times, minutes) in (1..).zip([1, 2, 4, 8, 16, 32, 60, 60, 60]) {
        record.begin(attempt("ecs-svc/1"));
        record.refuse(problem(ProblemClass::Throttled, at(NOW)), at(NOW));
        let refused = record.refused.clone().unwrap();
        assert_eq!((refused.times, refused.retry_at), (times, at(NOW) + delta("1m") * minutes));
        assert_eq!((&record.open, &record.last), (&None, &None), "a refusal is no failure");
    }
    record.begin(attempt("ecs-svc/1"));
    record.accept(accepted());
    assert_eq!(record.refused, None);
}

#[test]
fn failures_in_a_row_are_counted_on_an_unchanged_primary() {
    let mut record = Record::default();
    for (before, outcome, after, expected) in [
        ("1", Outcome::RolledBack, Some("2"), 1),
        ("2", Outcome::TimedOut, Some("3"), 2),
        ("3", Outcome::Failed, Some("4"), 3),
        // Somebody deployed in between.
        ("5", Outcome::Failed, Some("6"), 1),
        ("6", Outcome::Superseded, Some("7"), 0),
        ("7", Outcome::Failed, None, 1),
        ("8", Outcome::Failed, Some("9"), 1),
        ("9", Outcome::Succeeded, Some("10"), 0),
    ] {
        finish(&mut record, before, outcome, after);
        assert_eq!(record.failures_in_a_row, expected, "{before} {outcome:?}");
    }
}

#[test]
fn a_record_survives_being_stored() {
    let mut record = Record::default();
    finish(&mut record, "ecs-svc/1", Outcome::RolledBack, Some("ecs-svc/3"));
    record.refuse(problem(ProblemClass::Server, at(NOW)), at(NOW));
    record.begin(attempt("ecs-svc/3"));
    let stored = serde_json::to_string(&record).unwrap();
    assert_eq!(serde_json::from_str::<Record>(&stored).unwrap(), record);
    assert_eq!(ServiceKey::from_path(&key("api").to_path()), Some(key("api")));
}

#[test]
fn an_attempt_that_ended_before_it_began_took_no_time() {
    let attempt = attempt("ecs-svc/1");
    let ended = finished(Outcome::Failed, attempt, at(NOW) - delta("2h"));
    assert_eq!(ended.duration(), std::time::Duration::ZERO);
}

#[test]
fn records_that_have_no_effect_any_more_are_dropped() {
    let ended = |outcome, failures_in_a_row| {
        let mut record = Record::default();
        finish(&mut record, "ecs-svc/1", outcome, Some("ecs-svc/2"));
        Record { failures_in_a_row, ..record }
    };
    let mut open = ended(Outcome::Succeeded, 0);
    open.begin(attempt("ecs-svc/2"));
    let records = [
        ("gone", ended(Outcome::Succeeded, 0)),
        ("held", ended(Outcome::Failed, 3)),
        ("open", open),
        ("empty", Record::default()),
    ];
    let records = records.map(|(name, record)| (key(name), record));
    for (days, dropped) in [(89, vec!["empty"]), (91, vec!["empty", "gone"])] {
        let mut ledger = Ledger { records: records.clone().into(), ..Ledger::default() };
        let names: Vec<_> = ledger.prune(at(NOW) + chrono::TimeDelta::days(days));
        assert_eq!(names, dropped.into_iter().map(key).collect::<Vec<_>>(), "{days} days");
        assert_eq!(ledger.records.len() + names.len(), 4);
    }
}

#[test]
fn what_became_of_a_notice_is_kept_for_90_days_and_as_long_as_the_notice() {
    let event = EventKey { account: "123456789012".into(), arn: "arn:1".into() };
    let noticed_at = at(NOW) - chrono::TimeDelta::days(10);
    let ended = Ended { by: EndedBy::Deploy, at: at(NOW), after: TaskSample::default() };
    let retirement = |event, ended| Retirement {
        event,
        noticed_at,
        before: TaskSample::default(),
        raised: None,
        ended,
    };
    let records = [
        ("noticed", retirement(None, None)),
        ("ended", retirement(None, Some(ended.clone()))),
        ("told", retirement(Some(event.clone()), Some(ended))),
    ];
    let page = NoticePage {
        key: PageKey { event, communication: "c".into(), part: 0 },
        region: "eu-central-1".into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Closed,
        deadline: None,
        published_at: noticed_at,
        updated_at: noticed_at,
        received_at: at(NOW) + chrono::TimeDelta::days(50),
        entities: Vec::new(),
        not_understood: Vec::new(),
    };
    for (days, kept) in [
        (79, vec!["ended", "noticed", "told"]),
        (89, vec!["ended", "told"]),
        (91, vec!["told"]),
        (139, vec!["told"]),
        (141, vec![]),
    ] {
        let records = records.clone().map(|(name, retirement)| {
            (key(name), Record { retirements: vec![retirement], ..Record::default() })
        });
        let mut ledger = Ledger { records: records.into(), ..Ledger::default() };
        ledger.notices.insert(page.clone());
        let now = at(NOW) + chrono::TimeDelta::days(days);
        ledger.notices.prune(now);
        ledger.prune(now);
        let left: Vec<_> = ledger.records.into_keys().collect();
        assert_eq!(left, kept.into_iter().map(key).collect::<Vec<_>>(), "{days} days");
    }
}
