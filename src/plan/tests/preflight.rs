//! The checks within the plan: what they hold, what they wait for, and what is asked for when.

use std::collections::BTreeSet;

use super::fixture::{
    NOW, PolicyBuilder, Scenario, ServiceBuilder, a_notice, a_service, an_attempt, at, delta, key,
    nightly, policy, problem, scenario,
};
use crate::plan::fleet::ProblemClass;
use crate::plan::ledger::Outcome as Ended;
use crate::plan::policy::RetirementMode;
use crate::plan::preflight::{Action, Name, Outcome};
use crate::plan::surroundings::{Alarm, Known, Surroundings, TargetHealth, TaskDefinition, Want};
use crate::plan::verdict::VerdictKind;

const NOON: &str = "2026-11-18T12:00:00Z";

fn watching() -> PolicyBuilder {
    nightly().concurrency(9).hold_while_alarm(&["errors"])
}

/// Three services that are due while the policy watches an alarm.
fn wave(alarm: Option<(Alarm, &str)>) -> Scenario {
    let services = ["api", "web", "worker"].map(a_service);
    let scenario = scenario().policy(watching()).services(services);
    match alarm {
        Some((alarm, ago)) => scenario.knowing(alarm_read(Ok(alarm), ago)),
        None => scenario,
    }
}

fn alarm_read(alarm: Result<Alarm, ProblemClass>, ago: &str) -> Surroundings {
    let read_at = at(NOW) - delta(ago);
    let value = alarm.map_err(|class| problem(class, read_at));
    let mut read = Surroundings::default();
    read.alarms.insert("errors".into(), Known { read_at, value });
    read
}

fn in_alarm() -> Alarm {
    Alarm::Alarm { reason: Some("5xx above 1 percent".into()) }
}

fn the_alarm() -> BTreeSet<Want> {
    [Want::Alarm("errors".into())].into()
}

#[test]
fn an_alarm_is_read_before_a_start_and_stops_the_wave() {
    let unread = wave(None).plan();
    assert_eq!((unread.wants.clone(), unread.starts().len()), (the_alarm(), 0));
    assert_eq!(unread.sentence("api"), "due now: oldest task is 8d old", "it is nobody's fault");
    let quiet = wave(Some((Alarm::Ok, "1s"))).plan();
    assert_eq!((quiet.wants.len(), quiet.started()), (0, vec!["api", "web", "worker"]));
    let loud = wave(Some((in_alarm(), "1s"))).plan();
    assert!(loud.starts().is_empty());
    for name in ["api", "web", "worker"] {
        assert_eq!(loud.kind(name), VerdictKind::Hold);
        assert_eq!(loud.reason(name).label(), "preflight_alarms");
        assert_eq!(loud.sentence(name), "alarm errors is in ALARM: 5xx above 1 percent");
    }
}

#[test]
fn an_answer_that_is_no_longer_new_lets_nothing_start() {
    let old = wave(Some((Alarm::Ok, "16s"))).plan();
    assert_eq!((old.wants.clone(), old.starts().len()), (the_alarm(), 0));
    assert_eq!(old.kind("api"), VerdictKind::Refresh);
    // Nor does one of a clock that was ahead.
    let ahead = wave(None).now("2026-11-18T03:09:00Z").knowing(alarm_read(Ok(Alarm::Ok), "1s"));
    assert_eq!((ahead.plan().wants, ahead.plan().steps), (the_alarm(), vec![]));
}

#[test]
fn an_alarm_that_cannot_be_read_holds() {
    for class in [ProblemClass::Denied, ProblemClass::Throttled, ProblemClass::Timeout] {
        let read = wave(Some((Alarm::Ok, "16s"))).knowing(alarm_read(Err(class), "1s"));
        let plan = read.plan();
        assert_eq!(plan.reason("api").label(), "preflight_alarms", "{class:?}");
        assert_eq!(plan.steps, []);
    }
}

#[test]
fn what_holds_a_refresh_that_could_start_is_read_as_often_as_before_one() {
    let wants = |alarm, ago| wave(Some((alarm, ago))).report().wants;
    for (alarm, ago, expected) in [
        (in_alarm(), "14s", BTreeSet::new()),
        (in_alarm(), "16s", the_alarm()),
        (Alarm::Ok, "16s", BTreeSet::new()),
        (Alarm::Ok, "61s", the_alarm()),
    ] {
        assert_eq!(wants(alarm.clone(), ago), expected, "{alarm:?} {ago}");
    }
    // While windows are closed there is no hurry.
    let closed = wave(None).now("2026-11-18T02:10:00Z");
    let mut read = alarm_read(Ok(in_alarm()), "0s");
    let alarm = read.alarms.get_mut("errors").unwrap();
    alarm.read_at = at("2026-11-18T02:09:30Z");
    let closed = closed.knowing(read);
    let says = "an alarm comes and goes: what it says at noon is no reason";
    assert_eq!(closed.plan().reason("api").label(), "window_closed", "{says}");
    assert_eq!(closed.report().wants, BTreeSet::new());
}

/// A service that cannot move.
fn stuck(policy: PolicyBuilder) -> Scenario {
    let service = a_service("api").percents(Some((100, 100)));
    scenario().policy(policy.preflight(Name::CanMove, Action::Hold)).service(service)
}

#[test]
fn what_has_to_be_seen_to_is_said_before_the_window_opens() {
    let says = "2 tasks, 100 to 100 percent: never fewer than 2, never more than 2; a maximum \
                percent of 150 lets it start one more, a minimum healthy percent of 50 lets it stop \
                one first";
    for now in [NOW, NOON] {
        let plan = stuck(nightly()).now(now).plan();
        assert_eq!(plan.kind("api"), VerdictKind::Hold);
        assert_eq!(plan.reason("api").label(), "preflight_can_move");
        assert_eq!(plan.sentence("api"), says);
    }
    let warned = stuck(nightly()).policy(nightly()).plan();
    assert_eq!(warned.reason("api").label(), "preflight_can_move");
    let frozen = stuck(nightly().freeze("2026-11-18", "2026-11-18", "")).plan();
    assert_eq!(frozen.reason("api").label(), "frozen");
    let young = scenario()
        .policy(nightly().checked())
        .service(a_service("api").tasks_aged("1d").percents(Some((100, 100))));
    assert_eq!(young.plan().reason("api").label(), "not_due");
}

#[test]
fn what_was_not_read_yet_holds_nothing_while_the_window_is_closed() {
    let closed = wave(None).now(NOON).plan();
    assert_eq!(closed.reason("api").label(), "window_closed");
    assert_eq!(closed.wants, BTreeSet::new());
    assert_eq!(wave(None).now(NOON).report().wants, the_alarm(), "it is read in time");
}

#[test]
fn only_actions_that_hold_keep_it_from_starting() {
    for (action, started) in
        [(Action::Allow, 1), (Action::Warn, 1), (Action::Hold, 0), (Action::Require, 0)]
    {
        let policy = nightly().preflight(Name::CanMove, action);
        let service = a_service("api").percents(Some((100, 100)));
        let plan = scenario().policy(policy).service(service).plan();
        assert_eq!(plan.starts().len(), started, "{action:?}");
    }
}

/// A scenario in which all is known that an estimate rests on.
fn windowed(policy: PolicyBuilder, service: ServiceBuilder) -> Scenario {
    let mut read = Surroundings::default();
    let known = Known { read_at: at("2026-11-18T03:00:00Z"), value: Ok(TaskDefinition::default()) };
    read.task_definitions.insert("app:7".into(), known);
    scenario().policy(policy).service(service).knowing(read)
}

/// A hundred tasks in as many batches, each of which takes minutes.
fn one_by_one(service: ServiceBuilder) -> ServiceBuilder {
    service.desired(100).percents(Some((100, 101)))
}

#[test]
fn a_refresh_that_does_not_fit_waits_for_the_next_window() {
    let took = |minutes: &str, ago: &str| {
        a_service("api").last(Ended::Succeeded, ago, an_attempt(minutes))
    };
    let policy = || nightly().preflight(Name::FitsWindow, Action::Hold);
    // It ended nine days ago after an hour and 55 minutes.
    let long = took("13075m", "216h");
    let plan = windowed(policy(), long.clone()).plan();
    assert_eq!(plan.kind("api"), VerdictKind::Wait);
    assert_eq!(plan.reason("api").label(), "preflight_fits_window");
    assert_eq!(
        plan.sentence("api"),
        "it takes about 1h 55m, as the last one did, and 1h 50m of the window are left, next try Thu \
         2026-11-19 03:00 UTC"
    );
    let opening = windowed(policy(), long.clone()).now("2026-11-18T03:00:00Z");
    assert_eq!(opening.plan().started(), ["api"]);
    // By hand, windows do not matter.
    let by_hand = windowed(policy(), long).by_hand("api").plan();
    assert_eq!(by_hand.started(), ["api"]);
    let once = windowed(policy(), took("219h", "216h")).plan();
    assert_eq!(once.started(), ["api"], "it fits by its settings");
    let never = windowed(policy(), one_by_one(took("219h", "216h"))).plan();
    assert_eq!(never.kind("api"), VerdictKind::Hold, "no window is long enough");
}

#[test]
fn a_retirement_that_does_not_wait_for_windows_needs_none_that_fits() {
    let long = one_by_one(a_service("api"));
    let long = long.last(Ended::Succeeded, "216h", an_attempt("219h")).followed();
    let policy = |mode| {
        nightly().no_max_age().retirement(mode, "24h").preflight(Name::FitsWindow, Action::Hold)
    };
    let plan = |mode, deadline| {
        let notice = a_notice("n").deadline(deadline);
        windowed(policy(mode), long.clone()).notice(notice).now(NOON).plan()
    };
    assert_eq!(plan(RetirementMode::Immediately, "5d").started(), ["api"]);
    assert_eq!(plan(RetirementMode::BeforeDeadline, "20h").started(), ["api"]);
    let in_window = plan(RetirementMode::WindowOnly, "5d");
    assert_eq!(in_window.reason("api").label(), "preflight_fits_window");
}

#[test]
fn a_person_is_held_too_unless_they_do_not_mind() {
    let obeyed = stuck(nightly()).by_hand("api").plan();
    assert_eq!((obeyed.reason("api").label(), obeyed.steps.len()), ("preflight_can_move", 0));
    let despite = stuck(nightly()).by_hand_despite("api", &[Name::CanMove]).plan();
    assert_eq!(despite.started(), ["api"]);
    // Nothing is held before it was read: the person waits a moment, and is told then.
    let unread = wave(None).by_hand("api").plan();
    assert_eq!((unread.reason("api").label(), unread.wants.clone()), ("due", the_alarm()));
    let loud = wave(Some((in_alarm(), "1s")));
    assert_eq!(loud.clone().by_hand("api").plan().reason("api").label(), "preflight_alarms");
    let despite = loud.by_hand_despite("api", &[Name::Alarms]).plan();
    assert_eq!(despite.started(), ["api"]);
}

#[test]
fn what_is_due_within_seven_days_is_reported() {
    let policy = nightly().max_age("20d").preflight(Name::CanMove, Action::Hold);
    let aged = |name: &str, age: &str| a_service(name).tasks_aged(age).percents(Some((100, 100)));
    let report = scenario()
        .policy(policy)
        .service(aged("due", "20d"))
        .service(aged("far", "12d"))
        .service(aged("near", "14d"))
        .service(aged("rolling", "20d").refreshing(an_attempt("1m")))
        .service(aged("none", "20d").desired(0))
        .report();
    let named: Vec<&str> = report.services.iter().map(|(key, _)| key.name()).collect();
    assert_eq!(named, ["due", "near"]);
    let near = report.of(&key("near")).unwrap();
    // It is too old ten minutes after that window opens, before the next one does.
    let opens = at("2026-11-24T03:00:00Z");
    assert_eq!((near.due_at, near.outcome()), (opens, Outcome::Hold));
    assert_eq!(near.checks.len(), 10);
    assert!(report.of(&key("far")).is_none());
}

#[test]
fn what_is_due_in_the_last_window_before_it_grows_too_old_is_reported_for_that_one() {
    // Wednesdays: today, and in seven days; the one after is fourteen days away.
    let weekly = || policy("weekly").window("0 2 * * WED", "2h").max_age("30d");
    let monthly = || policy("monthly").window("0 2 22 * *", "2h").max_age("60d");
    for (rule, age, due_in) in [
        // Too old before the next one opens: due in the one that is open.
        (weekly(), "24d", Some("0s")),
        (weekly(), "22d", Some("7d")),
        (weekly(), "17d", Some("7d")),
        (weekly(), "15d", None),
        // In four days, and then on the 22nd of December.
        (monthly(), "40d", Some("4d")),
        (monthly(), "20d", None),
    ] {
        let service = a_service("api").tasks_aged(age).deployed(age);
        let rule = rule.preflight(Name::CanMove, Action::Hold);
        let report = scenario().policy(rule).service(service).report();
        let due_at = report.of(&key("api")).map(|found| found.due_at.date_naive());
        let expected = due_in.map(|ahead| (at(NOW) + delta(ahead)).date_naive());
        assert_eq!(due_at, expected, "{age}");
    }
}

#[test]
fn a_pass_asks_for_forty_calls_of_a_kind_and_for_the_oldest_answers_first() {
    let arn = |number: u32| format!("arn:tg/{number:03}/1");
    let services =
        (0..100).map(|number| a_service(&format!("s{number:03}")).target_groups(&[&arn(number)]));
    let mut read = Surroundings::default();
    // The higher the number, the older the answer; the last ten were never asked for.
    for number in 0..90 {
        let read_at = at(NOW) - delta("2h") - delta("1m") * i32::try_from(number).unwrap();
        let value = Ok(TargetHealth { healthy: 2, ..TargetHealth::default() });
        read.target_health.insert(arn(number).as_str().into(), Known { read_at, value });
    }
    let policy = nightly()
        .preflight(Name::Steady, Action::Hold)
        .preflight(Name::TaskDefinition, Action::Hold);
    let wants = scenario().policy(policy).services(services).knowing(read).report().wants;
    let asked = |number| wants.contains(&Want::TargetHealth(arn(number).as_str().into()));
    assert!((90..100).all(asked) && (60..90).all(asked) && !(0..60).any(asked), "{wants:?}");
    assert!(wants.contains(&Want::TaskDefinition("app:7".into())), "other kinds have their own");
    assert_eq!(wants.len(), 41);
}
