//! When a notice is acted upon.

use chrono_tz::Tz;

use ecs_refresh::plan::RetirementState;
use ecs_refresh::plan::policy::{Policy, RetirementMode, RetirementRule};
use ecs_refresh::plan::schedule::{CronWindow, Freeze, Schedule, Windows};
use ecs_refresh::plan::verdict::{LeftToAws, Prospect};
use ecs_refresh::simulator::ServiceSpec;

use super::{
    FORTNIGHT, Run, at, frozen, hourly, ids, listening, monthly, nightly, policy, started,
    two_tasks,
};
use crate::harness::{DAY, HOUR, MINUTE, policies};

#[tokio::test(start_paused = true)]
async fn a_notice_two_weeks_ahead_is_acted_on_in_each_policys_next_window_or_before_the_deadline() {
    let names = ["night", "week", "month"];
    let crons = ["0 3 * * *", "0 3 * * SUN", "0 3 15 * *"];
    let each = names.iter().zip(crons).map(|(name, cron)| policy(name, &[name], cron));
    let mut run = listening(names.map(two_tasks), policies(each)).await;
    let before = names.map(|name| run.tasks(name));
    run.retire(&names, FORTNIGHT).await;
    assert_eq!(names.map(|name| run.states(name)), [["waiting"]; 3]);
    run.until("2026-12-06T23:00:00Z").await;
    // It was announced at one o'clock on November 23.
    let opened = ["2026-11-23T03:00:00Z", "2026-11-29T03:00:00Z", "2026-12-06T01:00:00Z"];
    for ((name, opened), before) in names.into_iter().zip(opened).zip(before) {
        run.assert_refreshed_once(name, opened);
        assert_eq!(run.states(name), ["satisfied_by_refresh"]);
        let [remembered] = run.retirements(name) else { panic!("{name}") };
        assert_eq!(ids(&remembered.before), before, "{name}");
        assert_eq!(ids(&remembered.ended.as_ref().unwrap().after), run.tasks(name));
        assert!(before.is_disjoint(&run.tasks(name)), "{name}");
    }
    // AWS finds nothing left to do.
    let after = names.map(|name| run.tasks(name));
    run.until("2026-12-08T00:00:00Z").await;
    assert_eq!(names.map(|name| run.tasks(name)), after);
    assert_eq!(run.sim.count("UpdateService"), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_frozen_until_after_the_deadline_is_left_to_aws_and_said_so() {
    let days = ["2026-11-23", "2026-11-27"].map(|day| day.parse().unwrap());
    let freeze = Freeze::new(Tz::UTC, days[0], days[1], Some("year end".into())).unwrap();
    let policy = frozen("nightly", &["*"], "0 3 * * *", vec![freeze]);
    let mut run = listening([two_tasks("api")], policies([policy])).await;
    let before = run.tasks("api");
    let notice = run.notice(&["api"], 2 * DAY);
    // AWS takes its time.
    run.sim.retire_tasks("prd", "api", at("2026-11-25T07:00:00Z").into());
    run.deliver(&notice).await;
    let ahead = run.ahead("api").unwrap();
    assert_eq!(ahead.prospect, Prospect::LeftToAws(LeftToAws::Frozen));
    assert!(ahead.at_risk && !ahead.missed);
    assert!(run.daemon.says("api").contains("year end"), "{}", run.daemon.says("api"));
    run.until("2026-11-25T00:59:00Z").await;
    assert_eq!(run.states("api"), ["waiting"]);
    run.until("2026-11-25T04:00:00Z").await;
    assert_eq!(run.states("api"), ["missed"]);
    assert!(run.ahead("api").unwrap().missed);
    assert_eq!(run.tasks("api"), before);
    run.until("2026-11-29T00:00:00Z").await;
    assert_eq!(run.states("api"), ["satisfied_by_aws"]);
    assert_eq!(run.ahead("api"), None);
    assert!(before.is_disjoint(&run.tasks("api")));
    assert_eq!(run.sim.count("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_freeze_that_ends_before_the_deadline_puts_the_refresh_off_until_then() {
    // The margin begins within the freeze, and no window opens in time.
    let [from, until] = ["2026-11-23", "2026-11-25"].map(|day| day.parse().unwrap());
    let freeze = Freeze::new(Tz::UTC, from, until, None).unwrap();
    let policy = frozen("monthly", &["*"], "0 3 15 * *", vec![freeze]);
    let mut run = listening([two_tasks("api")], policies([policy])).await;
    run.retire(&["api"], 3 * DAY).await;
    run.until("2026-11-27T00:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-26T00:00:00Z");
    // An hour was left before the deadline.
    assert!(run.starts("api")[0] < at("2026-11-26T01:00:00Z"));
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
}

#[tokio::test(start_paused = true)]
async fn each_mode_starts_at_its_time() {
    let modes = [
        (RetirementMode::WindowOnly, None),
        (RetirementMode::BeforeDeadline, Some("2026-11-24T01:00:00Z")),
        (RetirementMode::Immediately, Some("2026-11-23T01:00:00Z")),
        (RetirementMode::Ignore, None),
    ];
    for (mode, expected) in modes {
        let rule = RetirementRule { mode, margin: DAY };
        let policy = Policy { retirement: rule, ..monthly() };
        let mut run = listening([two_tasks("api")], policies([policy])).await;
        run.retire(&["api"], 2 * DAY).await;
        run.until("2026-11-25T00:00:00Z").await;
        match expected {
            Some(opened) => run.assert_refreshed_once("api", opened),
            None => assert!(run.starts("api").is_empty(), "{mode:?}"),
        }
        run.until("2026-11-26T00:00:00Z").await;
        let state = if expected.is_some() { "satisfied_by_refresh" } else { "satisfied_by_aws" };
        assert_eq!(run.states("api"), [state], "{mode:?}");
        assert_eq!(run.starts("api").len(), usize::from(expected.is_some()), "{mode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_when_the_notice_comes_is_acted_on_at_once() {
    let mut run = listening([two_tasks("api")], policies([monthly()])).await;
    let notice = run.notice(&["api"], 2 * HOUR);
    run.until("2026-11-23T06:00:00Z").await;
    run.sim.publish_notice(crate::harness::QUEUE, &notice);
    run.daemon.run_for(MINUTE).await;
    let ahead = run.ahead("api").unwrap();
    assert!(ahead.missed && ahead.at_risk, "{ahead:?}");
    run.daemon.run_for(HOUR).await;
    run.assert_refreshed_once("api", "2026-11-23T06:00:00Z");
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
}

/// Three hundred services, two at a time, one hour per night, and nothing outside of windows.
fn slow() -> Policy {
    let window = CronWindow::new("0 3 * * *", HOUR).unwrap();
    Policy {
        schedule: Schedule::new(Tz::UTC, Windows::Cron(vec![window]), Vec::new()).unwrap(),
        retirement: RetirementRule { mode: RetirementMode::WindowOnly, margin: DAY },
        concurrency: 2,
        ..nightly()
    }
}

/// The services whose notice is at risk, by the plan and by the metric.
fn at_risk(run: &Run) -> (usize, usize) {
    let plan = run.daemon.reconciler.plan();
    let planned = plan.notices[0].services.iter().filter(|one| one.at_risk).count();
    let text = run.daemon.metrics.render();
    let series = text.lines().filter(|line| line.starts_with("ecs_refresh_retirement_at_risk{"));
    (planned, series.filter(|line| line.ends_with(" 1")).count())
}

#[tokio::test(start_paused = true)]
async fn what_will_not_be_done_before_the_deadline_is_said_while_there_is_time() {
    let names: Vec<String> = (0..300).map(|number| format!("s{number:03}")).collect();
    let services = names.iter().map(|name| ServiceSpec::new("prd", name));
    let mut run = started(services, hourly(policies([slow()]))).await;
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    // Two windows open before.
    run.retire(&borrowed, 2 * DAY).await;
    assert_eq!(at_risk(&run), (0, 0), "nobody knows yet how long a refresh takes");
    run.until("2026-11-23T03:10:00Z").await;
    let done = names.iter().filter(|name| run.states(name) == ["satisfied_by_refresh"]).count();
    // As fast as it was in ten minutes, it goes on for fifty more, and for an hour.
    let fit = done * 12;
    let (planned, shown) = at_risk(&run);
    assert_eq!(planned, shown);
    assert!((50..250).contains(&fit) && planned.abs_diff(300 - fit) < 30, "{planned} and {done}");
    let plan = run.daemon.reconciler.plan();
    let waiting = plan.notices[0].services.iter().filter(|one| one.unsatisfied);
    let order: Vec<bool> = waiting
        .filter(|one| one.state == RetirementState::Waiting)
        .map(|one| one.at_risk)
        .collect();
    assert!(order.is_sorted(), "those whose turn comes first are not at risk");
    // Whoever sees it in time can do something about it.
    run.daemon.reload(policies([Policy { concurrency: 20, ..slow() }])).await;
    run.daemon.run_quietly(MINUTE).await;
    assert_eq!(at_risk(&run), (0, 0));
}
