//! Weeks of policy time: windows, freezes, limits and the promise of a maximum age.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;

use ecs_refresh::clock::{Clock, Time};
use ecs_refresh::plan::policy::{Limits, Policies, Policy};
use ecs_refresh::plan::schedule::{CronWindow, Freeze, Schedule, Windows};
use ecs_refresh::simulator::{ServiceSpec, Simulator};

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock_from, policies, simulator, updates, weekly,
};

fn name(number: u32) -> String {
    format!("s{number:02}")
}

/// Services whose ages are spread over ten days, with one to three tasks each.
fn fleet(sim: &Simulator, services: u32) {
    for number in 0..services {
        let spec = ServiceSpec::new("prd", &name(number)).desired(1 + number % 3);
        sim.add_service(spec.task_age(10 * DAY * number / services));
    }
}

fn nightly(zone: Tz, cron: &str, freezes: Vec<Freeze>) -> Policy {
    let window = CronWindow::new(cron, 2 * HOUR).unwrap();
    let schedule = Schedule::new(zone, Windows::Cron(vec![window]), freezes).unwrap();
    Policy { name: "nightly".into(), schedule, concurrency: 3, ..weekly() }
}

/// Every service in every window.
fn every_night(zone: Tz, cron: &str, freezes: Vec<Freeze>) -> Policy {
    Policy { max_task_age: Some(Duration::ZERO), ..nightly(zone, cron, freezes) }
}

/// What happened in a run of some days.
#[derive(Default)]
struct Story {
    /// When UpdateService arrived, and for which service.
    sent: Vec<(Time, String)>,
    /// When the daemon saw refreshes end.
    ended: BTreeSet<Time>,
    /// The most rollouts at once.
    rollouts_max: usize,
    /// The most desired tasks of services that roll out at once.
    tasks_max: u32,
    /// The greatest age of any task once all had their turn.
    age_max: Duration,
}

/// Runs a daemon for `days` over a fleet, watching the simulator and not the daemon.
async fn story(clock: &Clock, policies: Policies, services: u32, days: u32) -> Story {
    let sim = simulator(clock);
    fleet(&sim, services);
    let mut daemon = Setup::new(policies).resync(3 * HOUR).start(&sim, clock).await;
    let mut story = Story::default();
    for day in 0..days {
        sim.clear_calls();
        let (mut known, mut busy) = (0, true);
        daemon
            .run_watched(DAY, |daemon| {
                let count = sim.count("UpdateService");
                if busy || known != count {
                    busy = story.look(&sim, daemon, services, day > 0);
                    known = count;
                }
            })
            .await;
        story.sent.extend(updates(&sim).into_iter().map(|call| {
            (Time::from(call.at), call.resources[0].trim_start_matches("prd/").to_owned())
        }));
    }
    story
}

impl Story {
    /// Takes in the true state of the fleet. Whether anything rolls out.
    fn look(&mut self, sim: &Simulator, daemon: &Daemon, services: u32, converged: bool) -> bool {
        let now = SystemTime::from(daemon.clock.now());
        let (mut rollouts, mut tasks) = (0, 0);
        for number in 0..services {
            let view = sim.service("prd", &name(number));
            if view.primary().unwrap().rollout_state == "IN_PROGRESS" {
                rollouts += 1;
                tasks += view.desired;
            }
            let oldest = view.active_tasks().filter_map(|task| task.created_at).min();
            if let Some(oldest) = oldest.filter(|_| converged) {
                self.age_max = self.age_max.max(now.duration_since(oldest).unwrap());
            }
            self.ended.extend(daemon.last(&name(number)).map(|last| last.finished_at));
        }
        self.rollouts_max = self.rollouts_max.max(rollouts);
        self.tasks_max = self.tasks_max.max(tasks);
        rollouts > 0
    }

    /// Every call lies in the window that `opens` (UTC) on its day, and none is the second for a
    /// service in its window. How many calls there were per window.
    fn check_windows(&self, opens: impl Fn(Time) -> Time) -> BTreeMap<Time, usize> {
        let mut seen: BTreeMap<Time, BTreeSet<&str>> = BTreeMap::new();
        for (at, service) in &self.sent {
            let opened = opens(*at);
            assert!(
                opened <= *at && *at < opened + TimeDelta::hours(2),
                "{service} was refreshed at {at}, outside of the window from {opened}"
            );
            assert!(
                seen.entry(opened).or_default().insert(service),
                "{service} was refreshed twice in the window from {opened}"
            );
        }
        seen.into_iter().map(|(opened, services)| (opened, services.len())).collect()
    }

    /// The shortest time between the end of a refresh and the start after it.
    fn pause_min(&self) -> TimeDelta {
        let pauses = self
            .sent
            .iter()
            .filter_map(|(at, _)| self.ended.range(..=*at).next_back().map(|ended| *at - *ended));
        pauses.min().unwrap()
    }
}

/// The given time of day, UTC, on the day of `at`.
fn at_utc(at: Time, hour: u32, minute: u32) -> Time {
    at.with_time(NaiveTime::from_hms_opt(hour, minute, 0).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn three_weeks_of_nights_in_tokyo_keep_every_task_young() {
    let clock = clock_from("2026-11-23T00:00:00Z");
    let policies = policies([nightly(Tz::Asia__Tokyo, "0 3 * * *", Vec::new())]);
    let story = story(&clock, policies, 30, 21).await;
    // Tokyo is nine hours ahead of UTC all the year.
    story.check_windows(|at| at_utc(at, 18, 0));
    assert_eq!(story.rollouts_max, 3);
    assert_eq!(story.sent.len(), 90, "every service three times");
    // Due is what would be too old before the next window opens; its turn comes in that window.
    assert!(story.age_max < 7 * DAY + 2 * MINUTE, "{:?}", story.age_max);
}

#[tokio::test(start_paused = true)]
async fn a_window_in_the_spring_gap_opens_at_the_gaps_end() {
    let clock = clock_from("2026-03-27T12:00:00Z");
    let policies = policies([every_night(Tz::Europe__Berlin, "30 2 * * *", Vec::new())]);
    let story = story(&clock, policies, 6, 4).await;
    // 02:30 is 01:30 UTC in winter and 00:30 in summer; on the 29th the clocks skip it at 01:00.
    let windows = story.check_windows(|at| match at.date_naive().to_string().as_str() {
        "2026-03-28" => at_utc(at, 1, 30),
        "2026-03-29" => at_utc(at, 1, 0),
        _ => at_utc(at, 0, 30),
    });
    assert_eq!(windows.into_values().collect::<Vec<_>>(), [6; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_window_in_the_repeated_autumn_hour_opens_once() {
    let clock = clock_from("2026-10-23T12:00:00Z");
    let policies = policies([every_night(Tz::Europe__Berlin, "30 2 * * *", Vec::new())]);
    let story = story(&clock, policies, 6, 4).await;
    let windows = story.check_windows(|at| match at.date_naive().to_string().as_str() {
        "2026-10-24" | "2026-10-25" => at_utc(at, 0, 30),
        _ => at_utc(at, 1, 30),
    });
    assert_eq!(windows.into_values().collect::<Vec<_>>(), [6; 4]);
}

#[tokio::test(start_paused = true)]
async fn nothing_starts_in_a_freeze_and_everything_after_it() {
    let clock = clock_from("2026-12-27T00:00:00Z");
    let zone = Tz::Asia__Tokyo;
    let day = |text: &str| text.parse().unwrap();
    let freeze = Freeze::new(zone, day("2026-12-29"), day("2026-12-30"), Some("year end".into()));
    let policies = policies([every_night(zone, "0 3 * * *", vec![freeze.unwrap()])]);
    let story = story(&clock, policies, 6, 5).await;
    let windows = story.check_windows(|at| at_utc(at, 18, 0));
    let days: Vec<_> =
        windows.iter().map(|(opened, calls)| (opened.date_naive().to_string(), *calls)).collect();
    // The nights to the 29th and to the 30th in Tokyo begin on the 28th and on the 29th, UTC.
    let expected = [("2026-12-27", 6), ("2026-12-30", 6), ("2026-12-31", 6)];
    assert_eq!(days, expected.map(|(day, calls)| (day.to_owned(), calls)));
}

#[tokio::test(start_paused = true)]
async fn limits_and_settling_hold_for_a_whole_wave() {
    let cases = [
        (Limits { max_in_flight: 2, max_tasks_in_flight: 500 }, 5, Duration::ZERO, 2, 6),
        (Limits { max_in_flight: 20, max_tasks_in_flight: 4 }, 5, Duration::ZERO, 4, 4),
        (Limits { max_in_flight: 20, max_tasks_in_flight: 500 }, 1, 3 * MINUTE, 1, 3),
    ];
    for (limits, concurrency, settle, rollouts, tasks) in cases {
        let clock = clock_from("2026-11-23T17:00:00Z");
        let nights = every_night(Tz::Asia__Tokyo, "0 3 * * *", Vec::new());
        let policy = Policy { concurrency, settle, ..nights };
        let policies = Policies { limits, ..policies([policy]) };
        let story = story(&clock, policies, 9, 1).await;
        assert_eq!(story.sent.len(), 9, "{limits:?}");
        assert!(story.rollouts_max <= rollouts, "{limits:?}: {}", story.rollouts_max);
        assert!(story.tasks_max <= tasks, "{limits:?}: {}", story.tasks_max);
        assert!(story.pause_min() >= TimeDelta::from_std(settle).unwrap(), "{settle:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_deployed_since_the_last_look_is_not_refreshed_again() {
    let clock = clock_from("2026-11-23T17:00:00Z");
    let sim = simulator(&clock);
    sim.add_service(ServiceSpec::new("prd", "s00").task_age(8 * DAY));
    let policies = policies([nightly(Tz::Asia__Tokyo, "0 3 * * *", Vec::new())]);
    // The look at 17:00 sees old tasks, and the next one comes long after the window.
    let mut daemon = Setup::new(policies).resync(12 * HOUR).start(&sim, &clock).await;
    daemon.run_for(30 * MINUTE).await;
    sim.deploy("prd", "s00", true);
    daemon.run_for(4 * HOUR).await;
    assert_eq!(sim.started_deployments("prd", "s00"), 0, "{}", daemon.says("s00"));
}
