use chrono::TimeDelta;

use super::{Holds, SERVICES_MAX};
use crate::clock::Time;
use crate::plan::Plan;
use crate::plan::fleet::{DeploymentId, Problem, ProblemClass};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::Outcome;
use crate::plan::verdict::{Limit, Reason, Verdict};
use crate::plan::words::ZonedTime;

fn epoch() -> Time {
    "2026-11-18T03:10:00Z".parse().unwrap()
}

fn service(name: &str) -> ServiceKey {
    ServiceKey::new(&ClusterKey::new("eu-west-1", "123456789012", "prd"), name)
}

fn verdict(reason: Reason) -> Verdict {
    Verdict {
        policy: "nightly".into(),
        also_selected_by: Vec::new(),
        reason,
        oldest_created_at: None,
        due: None,
        deadline: None,
        next_window: None,
        finding: None,
        retirement: None,
    }
}

fn problem(class: ProblemClass) -> Problem {
    Problem { operation: "X".to_owned(), class, message: "no".to_owned(), at: epoch() }
}

fn waiting() -> Reason {
    Reason::Turn { limit: Limit::Concurrency(1) }
}

fn failed() -> Reason {
    Reason::FailedPrimary { deployment: DeploymentId::new("ecs-svc/1") }
}

fn keeps_failing() -> Reason {
    Reason::KeepsFailing { times: 3, last: Outcome::Failed }
}

fn stopped() -> Reason {
    Reason::PolicyStopped { failures: 1, again: None }
}

fn unreadable() -> Reason {
    Reason::Unreadable { problem: problem(ProblemClass::Timeout) }
}

fn refused(class: ProblemClass) -> Reason {
    let retry_at = ZonedTime::new(epoch(), chrono_tz::UTC);
    Reason::CallRefused { problem: problem(class), retry_at }
}

fn tagged() -> Reason {
    Reason::HoldTag { value: "a migration".to_owned() }
}

fn unsupported() -> Reason {
    Reason::CodeDeployOptIn
}

/// Plans at some minutes, one after the other, and what is told at each: service, reason, count.
struct Story {
    holds: Holds,
    last: Plan,
}

type News = (String, &'static str, u32);

impl Story {
    fn new() -> Self {
        Self { holds: Holds::default(), last: Plan::empty(epoch()) }
    }

    fn at(&mut self, minute: i64, verdicts: Vec<(&str, Reason)>) -> Vec<News> {
        let mut plan = Plan::empty(epoch() + TimeDelta::minutes(minute));
        for (name, reason) in verdicts {
            plan.verdicts.push((service(name), verdict(reason)));
        }
        let news = self.holds.news(&self.last, &plan);
        let news = news
            .into_iter()
            .map(|held| {
                (held.service.name().to_owned(), held.verdict.reason.label(), held.services)
            })
            .collect();
        self.last = plan;
        news
    }

    /// One service; the reasons of what is told.
    fn one(&mut self, minute: i64, reason: Reason) -> Vec<&'static str> {
        self.at(minute, vec![("api", reason)]).into_iter().map(|(_, reason, _)| reason).collect()
    }
}

#[test]
fn a_hold_is_told_when_it_begins_and_not_while_it_lasts() {
    for reason in [failed, keeps_failing, stopped, tagged, unsupported] {
        let mut story = Story::new();
        assert!(story.one(0, waiting()).is_empty());
        assert_eq!(story.one(1, reason()), [reason().label()]);
        for minute in [2, 60, 30 * 60, 90 * 60] {
            assert!(story.one(minute, reason()).is_empty(), "{} {minute}", reason().label());
        }
    }
}

#[test]
fn what_often_heals_by_itself_is_told_only_when_it_lasts() {
    let throttled = || refused(ProblemClass::Throttled);
    for reason in
        [unreadable, || Reason::PartialView, || Reason::AgeUnknown { tasks: 1 }, throttled]
    {
        let label = reason().label();
        let mut story = Story::new();
        story.one(0, waiting());
        assert!(story.one(1, reason()).is_empty(), "{label}");
        assert!(story.one(5, reason()).is_empty(), "{label}");
        assert!(story.one(6, waiting()).is_empty(), "{label}");
        assert!(story.one(7, reason()).is_empty(), "{label}");
        assert!(story.one(11, reason()).is_empty(), "{label}");
        assert_eq!(story.one(12, reason()), [label]);
    }
    let mut story = Story::new();
    story.one(0, waiting());
    assert_eq!(story.one(1, refused(ProblemClass::Denied)), ["call_refused"]);
}

#[test]
fn what_the_configuration_decides_is_never_told() {
    for reason in [|| Reason::PolicyDisabled, || Reason::OwnService] {
        let mut story = Story::new();
        story.one(0, waiting());
        for minute in [1, 10, 3_000] {
            assert!(story.one(minute, reason()).is_empty());
        }
    }
}

#[test]
fn a_restart_tells_nothing_at_once_and_nothing_that_was_decided_before_it() {
    for (reason, lasting) in
        [(failed as fn() -> Reason, true), (stopped, true), (tagged, false), (unsupported, false)]
    {
        for before in [None, Some(Reason::NotObservedYet), Some(unreadable())] {
            let mut story = Story::new();
            if let Some(before) = before {
                story.one(0, before);
            }
            assert!(story.one(1, reason()).is_empty());
            assert_eq!(!story.one(6, reason()).is_empty(), lasting, "{}", reason().label());
            assert!(story.one(60, reason()).is_empty());
        }
    }
}

#[test]
fn a_hold_that_comes_and_goes_is_told_once_a_day_and_every_night() {
    let mut story = Story::new();
    story.one(0, waiting());
    assert_eq!(story.one(1, failed()), ["failed_primary"]);
    for hour in 1..20 {
        story.one(60 * hour, waiting());
        assert!(story.one(60 * hour + 1, failed()).is_empty(), "{hour}");
    }
    // Another reason is other news.
    story.one(60 * 19 + 30, waiting());
    assert_eq!(story.one(60 * 19 + 31, keeps_failing()), ["keeps_failing"]);
    story.one(60 * 23, waiting());
    assert_eq!(story.one(60 * 23 + 1, failed()), ["failed_primary"]);
}

#[test]
fn a_policy_that_stopped_is_told_once_with_the_number_of_its_services() {
    let mut story = Story::new();
    let all = |reason: fn() -> Reason| vec![("a", reason()), ("b", reason()), ("c", reason())];
    story.at(0, all(waiting));
    assert_eq!(story.at(1, all(stopped)), [("a".to_owned(), "policy_stopped", 3)]);
    story.at(2, vec![("a", waiting()), ("b", stopped()), ("c", stopped())]);
    assert!(story.at(3, all(stopped)).is_empty());
}

#[test]
fn what_holds_a_whole_fleet_is_told_of_a_few_services() {
    let names: Vec<String> = (0..30).map(|number| format!("s{number:02}")).collect();
    let all = |reason: fn() -> Reason| names.iter().map(|n| (n.as_str(), reason())).collect();
    let mut story = Story::new();
    story.at(0, all(waiting));
    let news = story.at(1, all(failed));
    assert_eq!(news.len(), SERVICES_MAX);
    assert_eq!(news[0], ("s00".to_owned(), "failed_primary", 30));
    assert!(story.at(2, all(failed)).is_empty());
}

#[test]
fn a_clock_that_was_ahead_silences_nothing_for_longer_than_it_was() {
    let mut story = Story::new();
    story.one(1_000_000, waiting());
    assert_eq!(story.one(1_000_001, failed()), ["failed_primary"]);
    story.one(0, waiting());
    assert_eq!(story.one(1, failed()), ["failed_primary"]);
}
