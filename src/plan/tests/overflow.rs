//! Times and durations at the ends of what they can be.

use std::time::Duration;

use super::fixture::{NOW, a_service, an_attempt, at, key, nightly, policy, problem, scenario};
use crate::clock::Time;
use crate::plan::fleet::{Fleet, ProblemClass};
use crate::plan::ledger::{Attempt, Call, Ledger, Outcome, Record};
use crate::plan::rescue::{Rescue, RescueAnswer};
use crate::plan::{Plan, plan};

const ENDS: [Time; 5] = [
    Time::MIN_UTC,
    Time::UNIX_EPOCH,
    Time::from_timestamp_nanos(1_763_435_400_000_000_000),
    year_9999(),
    Time::MAX_UTC,
];

const fn year_9999() -> Time {
    match Time::from_timestamp(253_402_300_799, 0) {
        Some(time) => time,
        None => Time::MAX_UTC,
    }
}

fn shown(plan: &Plan) -> String {
    let verdicts = plan.verdicts.iter().map(|(_, verdict)| verdict.reason.to_string());
    let policies = plan.policies.iter().flat_map(|policy| [policy.open_until, policy.next_window]);
    let times = policies.chain(plan.verdicts.iter().map(|(_, verdict)| verdict.next_window));
    let times: Vec<String> = times.flatten().map(|time| time.to_string()).collect();
    verdicts.chain(times).collect()
}

fn at_all_ends(attempt: &Attempt, end: Time, other: Time) -> Attempt {
    let call = match &attempt.call {
        Call::Unknown => Call::Unknown,
        Call::Accepted { deployment, .. } => Call::Accepted {
            deployment: deployment.clone(),
            created_at: end,
            known_at: other,
            service_deployment: None,
        },
    };
    let rescue = attempt.rescue.clone().map(|rescue| Rescue {
        asked_at: other,
        call_ends_by: end,
        ..rescue
    });
    Attempt { intent_at: end, call_ends_by: other, deadline: end, call, rescue, ..attempt.clone() }
}

#[test]
fn attempts_dated_at_the_ends_of_time_are_judged() {
    let world = scenario()
        .policy(policy("nightly").rolls_back())
        .policy(nightly().clusters(&["x"]))
        .service(a_service("api"));
    for (end, other, now) in all_ends() {
        let attempts = [an_attempt("5m"), an_attempt("5m").unanswered()];
        let attempts = attempts.map(|attempt| attempt.build(key("api"), at(NOW)));
        for attempt in attempts.iter().cloned().chain([rescued(&attempts[0])]) {
            let attempt = at_all_ends(&attempt, end, other);
            let mut record = Record::default();
            record.begin(attempt.clone());
            for fleet in [world.fleet(), Fleet::default()] {
                let ledger =
                    Ledger { records: [(key("api"), record.clone())].into(), ..Ledger::default() };
                shown(&plan(&world.policies(), &fleet, &ledger, now));
            }
            record.finish(Outcome::Failed, String::new(), None, other);
            record.refuse(problem(ProblemClass::Denied, end), end);
            let ledger = Ledger { records: [(key("api"), record)].into(), ..Ledger::default() };
            assert!(!shown(&plan(&world.policies(), &world.fleet(), &ledger, now)).is_empty());
        }
    }
}

/// One whose rollback was asked for.
fn rescued(attempt: &Attempt) -> Attempt {
    let rescue = Rescue {
        asked_at: at(NOW),
        call_ends_by: at(NOW),
        service_deployment: "sd".into(),
        why: "late".to_owned(),
        finding: None,
        answer: RescueAnswer::Accepted,
    };
    Attempt { rescue: Some(rescue), ..attempt.clone() }
}

fn all_ends() -> impl Iterator<Item = (Time, Time, Time)> {
    let pairs = ENDS.into_iter().flat_map(|end| ENDS.map(|other| (end, other)));
    pairs.flat_map(|(end, other)| {
        [at(NOW), Time::UNIX_EPOCH, year_9999()].map(|now| (end, other, now))
    })
}

#[test]
fn policies_whose_durations_never_end_still_plan() {
    for zone in ["UTC", "Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"] {
        let endless = policy("nightly")
            .zone(zone)
            .max_age("500000y")
            .settle_for_ever()
            .rollout_timeout(Duration::MAX);
        let done = a_service("done").last(Outcome::Succeeded, "5m", an_attempt("9m"));
        let world = scenario().policy(endless).service(a_service("api")).service(done);
        for now in [NOW, "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z"] {
            let plan = world.clone().now(now).plan();
            assert_eq!(plan.sentence("api"), "oldest task is 8d old, limit 182625000d");
            shown(&plan);
        }
    }
}

#[test]
fn an_attempt_begun_by_a_clock_far_ahead_does_not_keep_its_slot_for_ever() {
    let ahead = |hours: i64| {
        let mut attempt = an_attempt("0s").build(key("api"), at(NOW));
        let shift = chrono::TimeDelta::hours(hours);
        attempt.intent_at += shift;
        attempt.deadline += shift;
        if let Call::Accepted { known_at, .. } = &mut attempt.call {
            *known_at += shift;
        }
        let world = scenario().policy(nightly()).service(a_service("api"));
        let record = Record { open: Some(attempt), ..Record::default() };
        let ledger = Ledger { records: [(key("api"), record)].into(), ..Ledger::default() };
        plan(&world.policies(), &world.fleet(), &ledger, at(NOW)).sentence("api")
    };
    assert!(ahead(1).starts_with("refresh under way"));
    assert_eq!(ahead(24 * 365), "the refresh has ended: failed");
}

#[test]
fn nor_does_one_whose_rollback_was_asked_for_by_such_a_clock() {
    let ahead = |hours: i64| {
        let mut attempt = rescued(&an_attempt("2h").build(key("api"), at(NOW)));
        let asked_at = at(NOW) + chrono::TimeDelta::hours(hours);
        attempt.deadline = asked_at + chrono::TimeDelta::hours(1);
        attempt.rescue.as_mut().unwrap().asked_at = asked_at;
        let world = scenario().policy(nightly()).service(a_service("api"));
        let record = Record { open: Some(attempt), ..Record::default() };
        let ledger = Ledger { records: [(key("api"), record)].into(), ..Ledger::default() };
        plan(&world.policies(), &world.fleet(), &ledger, at(NOW)).sentence("api")
    };
    assert!(ahead(1).starts_with("timed out; rolling back as on_failure says"));
    assert_eq!(ahead(24 * 365), "the refresh has ended: failed");
}

#[test]
fn pauses_written_by_a_clock_far_ahead_do_not_last_until_then() {
    let done =
        |ago| a_service("done").tasks_aged("10m").last(Outcome::Succeeded, ago, an_attempt("9m"));
    let settling = |world: crate::plan::tests::fixture::Scenario, finished_at| {
        let mut ledger = world.ledger();
        for last in ledger.records.values_mut().filter_map(|record| record.last.as_mut()) {
            last.finished_at = finished_at;
        }
        let plan = plan(&world.policies(), &world.fleet(), &ledger, at(NOW));
        plan.started().is_empty()
    };
    let world =
        || scenario().policy(nightly().settle("10m")).service(a_service("api")).service(done("9m"));
    assert!(settling(world(), at(NOW) + chrono::TimeDelta::minutes(9)));
    assert!(!settling(world(), at(NOW) + chrono::TimeDelta::days(400)));
    let refused = |retry_in| {
        scenario().policy(nightly()).service(a_service("api").refused(1, retry_in)).plan()
    };
    assert_eq!(refused("60m").started().len(), 0);
    assert_eq!(refused("61m").started().len(), 1);
}
