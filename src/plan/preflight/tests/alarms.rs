use crate::plan::fleet::ProblemClass;
use crate::plan::preflight::fixture::{Case, a_case, denied, failed, known};
use crate::plan::preflight::{Action, Name, Outcome};
use crate::plan::surroundings::{Alarm, Known, Want};
use crate::plan::tests::fixture::{a_service, nightly};

fn watching(names: &[&str]) -> Case {
    a_case(a_service("api")).policy(nightly().checked().hold_while_alarm(names))
}

fn alarm(state: Known<Alarm>) -> Case {
    watching(&["api-errors"]).knowing(|read| _ = read.alarms.insert("api-errors".into(), state))
}

fn in_alarm(reason: Option<&str>) -> Known<Alarm> {
    known(Alarm::Alarm { reason: reason.map(Into::into) })
}

#[test]
fn only_what_is_known_not_to_be_in_alarm_lets_a_start_pass() {
    for (state, says, outcome) in [
        (known(Alarm::Ok), "fine: alarm api-errors is OK", Outcome::Pass),
        (
            known(Alarm::InsufficientData),
            "fine: alarm api-errors has insufficient data",
            Outcome::Pass,
        ),
        (
            in_alarm(Some("Threshold Crossed: 12 datapoints were greater than 5.0.")),
            "bad: alarm api-errors is in ALARM: Threshold Crossed: 12 datapoints were greater than \
             5.0",
            Outcome::Hold,
        ),
        (in_alarm(None), "bad: alarm api-errors is in ALARM", Outcome::Hold),
        (
            known(Alarm::Missing),
            "bad: there is no alarm api-errors in this account and Region | correct \
             hold_while_alarm of the policy, or make the alarm",
            Outcome::Hold,
        ),
        (
            known(Alarm::Unknown("MUTED".into())),
            "unknown: alarm api-errors is \"MUTED\", which this version does not know",
            Outcome::Hold,
        ),
        (
            denied("DescribeAlarms"),
            "unknown: alarm api-errors could not be read: DescribeAlarms: not today | allow \
             cloudwatch:DescribeAlarms to the role of ecs-refresh",
            Outcome::Hold,
        ),
        (
            failed("DescribeAlarms", ProblemClass::Timeout),
            "unknown: alarm api-errors could not be read: DescribeAlarms: not today",
            Outcome::Hold,
        ),
    ] {
        let case = alarm(state);
        assert_eq!(case.says(Name::Alarms), says);
        assert_eq!(case.check(Name::Alarms).outcome, outcome, "{says}");
        let held = case.held().is_some_and(|check| check.name == Name::Alarms);
        assert_eq!(held, outcome == Outcome::Hold, "{says}");
    }
}

#[test]
fn an_alarm_that_was_never_read_is_asked_for_before_a_start() {
    let case = watching(&["api-errors"]);
    assert_eq!(case.says(Name::Alarms), "unknown: alarm api-errors was not read yet");
    assert_eq!(case.check(Name::Alarms).outcome, Outcome::Hold);
    assert_eq!(case.held(), None);
    assert!(case.wants().contains(&Want::Alarm("api-errors".into())));
}

#[test]
fn the_worst_of_several_counts() {
    let case = |a: Option<Known<Alarm>>, b: Option<Known<Alarm>>| {
        watching(&["a", "b"]).knowing(|read| {
            read.alarms.extend(a.map(|known| ("a".into(), known)));
            read.alarms.extend(b.map(|known| ("b".into(), known)));
        })
    };
    for (a, b, says) in [
        (Some(known(Alarm::Ok)), Some(known(Alarm::Ok)), "fine: alarm a is OK; alarm b is OK"),
        (Some(known(Alarm::Ok)), Some(in_alarm(None)), "bad: alarm b is in ALARM"),
        (
            Some(in_alarm(None)),
            Some(in_alarm(None)),
            "bad: alarm a is in ALARM; alarm b is in ALARM",
        ),
        (None, Some(in_alarm(None)), "bad: alarm b is in ALARM; alarm a was not read yet"),
        (Some(known(Alarm::Ok)), None, "unknown: alarm b was not read yet"),
    ] {
        assert_eq!(case(a, b).says(Name::Alarms), says);
    }
}

#[test]
fn a_policy_that_names_no_alarm_asks_for_none() {
    let case = watching(&[]);
    assert_eq!(case.says(Name::Alarms), "fine: the policy names no alarm");
    assert!(case.wants_of(Name::Alarms).is_empty());
}

#[test]
fn whoever_does_not_mind_is_not_held_by_one() {
    let mut case = alarm(in_alarm(None));
    case.despite.insert(Name::Alarms);
    assert_eq!(case.held(), None);
    assert!(case.wants_of(Name::Alarms).is_empty());
    assert_eq!(case.action(Name::Alarms, Action::Hold).check(Name::Alarms).outcome, Outcome::Pass);
}
