//! Schedules at chosen moments, and against a scan of every minute.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use croner::Cron;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Time {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn minutes(count: u64) -> Duration {
    Duration::from_secs(60 * count)
}

fn windows(list: &[(&str, u64)]) -> Windows {
    Windows::Cron(list.iter().map(|(c, m)| CronWindow::new(c, minutes(*m)).unwrap()).collect())
}

fn schedule(zone: Tz, list: &[(&str, u64)], freezes: &[(&str, &str)]) -> Schedule {
    Schedule::new(zone, windows(list), frozen(zone, freezes)).unwrap()
}

fn frozen(zone: Tz, freezes: &[(&str, &str)]) -> Vec<Freeze> {
    let freeze = |(from, until): &(&str, &str)| {
        let why = Some(Arc::from(*from));
        Freeze::new(zone, from.parse().unwrap(), until.parse().unwrap(), why).unwrap()
    };
    freezes.iter().map(freeze).collect()
}

/// The spans that follow `now`, as `opens/closes` in the schedule's zone.
fn spans(schedule: &Schedule, now: &str, count: usize) -> Vec<String> {
    let local = |time: Time| time.with_timezone(&schedule.zone()).format("%d %H:%M%z").to_string();
    let text = |span: Span| format!("{} - {}", local(span.opens), local(span.closes));
    schedule.spans_from(at(now)).take(count).map(text).collect()
}

#[test]
fn a_window_is_open_from_its_opening_until_just_before_its_end() {
    let nightly = schedule(Tz::Asia__Tokyo, &[("0 3 * * *", 120)], &[]);
    let open = nightly.view(at("2026-06-10T03:00:00+09:00"));
    assert_eq!(open.allowed_until, Some(at("2026-06-10T05:00:00+09:00")));
    assert_eq!(open.opened_at, Some(at("2026-06-10T03:00:00+09:00")));
    assert_eq!(open.next.unwrap().opens, at("2026-06-11T03:00:00+09:00"));
    assert!(nightly.view(at("2026-06-10T04:59:59+09:00")).allowed_until.is_some());
    let closed = nightly.view(at("2026-06-10T05:00:00+09:00"));
    assert_eq!(closed.allowed_until, None);
    assert_eq!(closed.opened_at, Some(at("2026-06-10T03:00:00+09:00")));
    assert_eq!(closed.next.unwrap().closes, at("2026-06-11T05:00:00+09:00"));
}

#[test]
fn an_opening_in_the_spring_gap_opens_at_the_gap_end() {
    let berlin = schedule(Tz::Europe__Berlin, &[("30 2 * * *", 60)], &[]);
    let days = spans(&berlin, "2026-03-28T12:00:00Z", 2);
    assert_eq!(days, ["29 03:00+0200 - 29 04:00+0200", "30 02:30+0200 - 30 03:30+0200"]);
    let often = schedule(Tz::America__New_York, &[("*/30 1-3 * * *", 10)], &[]);
    let day = spans(&often, "2026-03-08T05:00:00Z", 5);
    assert_eq!(
        day,
        [
            "08 01:00-0500 - 08 01:10-0500",
            "08 01:30-0500 - 08 01:40-0500",
            "08 03:00-0400 - 08 03:10-0400",
            "08 03:30-0400 - 08 03:40-0400",
            "09 01:00-0400 - 09 01:10-0400",
        ]
    );
}

#[test]
fn midnight_itself_can_be_in_the_gap() {
    let nightly = schedule(Tz::America__Sao_Paulo, &[("0 0 * * *", 60)], &[]);
    let days = spans(&nightly, "2018-11-03T12:00:00Z", 2);
    assert_eq!(days, ["04 01:00-0200 - 04 02:00-0200", "05 00:00-0200 - 05 01:00-0200"]);
}

#[test]
fn in_the_repeated_hour_only_the_first_opening_counts() {
    let berlin = schedule(Tz::Europe__Berlin, &[("30 2 * * *", 60)], &[]);
    let days = spans(&berlin, "2026-10-24T12:00:00Z", 2);
    assert_eq!(days, ["25 02:30+0200 - 25 02:30+0100", "26 02:30+0100 - 26 03:30+0100"]);
    let hourly = schedule(Tz::Australia__Lord_Howe, &[("45 * * * *", 10)], &[]);
    let day = spans(&hourly, "2026-04-04T14:00:00Z", 3);
    assert_eq!(
        day,
        [
            "05 01:45+1100 - 05 01:55+1100",
            "05 02:45+1030 - 05 02:55+1030",
            "05 03:45+1030 - 05 03:55+1030",
        ]
    );
}

#[test]
fn windows_cross_midnight_and_touching_ones_are_one() {
    let night = schedule(Tz::UTC, &[("0 22 * * *", 240), ("0 2 * * *", 60)], &[]);
    let view = night.view(at("2026-06-10T02:30:00Z"));
    assert_eq!(view.opened_at, Some(at("2026-06-09T22:00:00Z")));
    assert_eq!(view.allowed_until, Some(at("2026-06-10T03:00:00Z")));
    let inside = schedule(Tz::UTC, &[("0 1 * * *", 300), ("*/30 2 * * *", 1)], &[]);
    let view = inside.view(at("2026-06-10T02:45:00Z"));
    assert_eq!(view.opened_at, Some(at("2026-06-10T01:00:00Z")));
    assert_eq!(view.allowed_until, Some(at("2026-06-10T06:00:00Z")));
}

#[test]
fn windows_that_join_to_more_than_seven_days_are_refused() {
    let refused = |list: &[(&str, u64)]| Schedule::new(Tz::UTC, windows(list), vec![]).err();
    let day = 24 * 60;
    assert_eq!(refused(&[("0 0 * * *", day)]), Some(ScheduleError::TooLong));
    assert_eq!(refused(&[("* * * * *", 1)]), Some(ScheduleError::TooLong));
    assert_eq!(refused(&[("0 0 1-8 * *", day)]), Some(ScheduleError::TooLong));
    assert_eq!(refused(&[("0 0 1 * *", 7 * day), ("0 0 8 12 *", 1)]), Some(ScheduleError::TooLong));
    // Only where February has 29 days.
    let leap = [("0 0 23-29 2 *", day), ("0 0 1 3 *", day)];
    assert_eq!(refused(&leap), Some(ScheduleError::TooLong));
    assert_eq!(refused(&leap[..1]), None);
    assert_eq!(refused(&[("0 0 1-7 * *", day)]), None);
    assert_eq!(refused(&[("0 0 * * 1-5", day)]), None);
    assert_eq!(refused(&[("0 0 * * *", day - 1)]), None);
}

#[test]
fn a_freeze_takes_whole_days_of_the_zone_out_of_the_windows() {
    let zone = Tz::Asia__Tokyo;
    let nightly = schedule(zone, &[("0 22 * * *", 240)], &[("2026-12-28", "2027-01-05")]);
    let around = spans(&nightly, "2026-12-27T12:00:00+09:00", 3);
    assert_eq!(
        around,
        [
            "27 22:00+0900 - 28 00:00+0900",
            "06 00:00+0900 - 06 02:00+0900",
            "06 22:00+0900 - 07 02:00+0900",
        ]
    );
    let view = nightly.view(at("2027-01-05T23:59:59+09:00"));
    assert_eq!(view.allowed_until, None);
    assert_eq!(view.opened_at, Some(at("2027-01-05T22:00:00+09:00")));
    let freeze = view.freeze.unwrap();
    assert_eq!(freeze.until, at("2027-01-06T00:00:00+09:00"));
    assert_eq!(freeze.why.as_deref(), Some("2026-12-28"));
    assert_eq!(view.next.unwrap().opens, at("2027-01-06T00:00:00+09:00"));
}

#[test]
fn freezes_that_touch_or_overlap_are_one() {
    let freezes = [
        ("2026-05-01", "2026-05-03"),
        ("2026-05-04T00:00:00Z", "2026-05-04T12:00:00Z"),
        ("2026-05-02", "2026-05-02"),
    ];
    let schedule = Schedule::new(Tz::UTC, Windows::Always, frozen(Tz::UTC, &freezes)).unwrap();
    let before = schedule.view(at("2026-04-30T00:00:00Z"));
    assert_eq!(before.allowed_until, Some(at("2026-05-01T00:00:00Z")));
    assert_eq!(before.opened_at, None);
    assert!(before.always);
    let after = Span { opens: at("2026-05-04T12:00:00Z"), closes: Time::MAX_UTC };
    assert_eq!(before.next, Some(after));
    let view = schedule.view(at("2026-05-02T10:00:00Z"));
    assert_eq!(view.freeze.unwrap().until, after.opens);
    assert_eq!(view.next, Some(after));
    let free = schedule.view(after.opens);
    assert_eq!((free.allowed_until, free.next), (Some(Time::MAX_UTC), None));
}

#[test]
fn a_freeze_that_ends_before_it_begins_is_refused() {
    let new = |from: &str, until: &str| {
        Freeze::new(Tz::UTC, from.parse().unwrap(), until.parse().unwrap(), None).err()
    };
    assert_eq!(new("2026-05-02", "2026-05-01"), Some(ScheduleError::FreezeBackwards));
    let instant = "2026-05-02T00:00:00Z";
    assert_eq!(new(instant, instant), Some(ScheduleError::FreezeBackwards));
    assert_eq!(new("2026-05-02", "2026-05-02"), None);
    for wrong in ["", "tomorrow", "2026-13-01", "2026-05-02T00:00:00", "0001-01-01"] {
        assert_eq!(wrong.parse::<Moment>(), Err(ScheduleError::Moment), "{wrong}");
    }
}

#[test]
fn a_clock_moved_back_sees_the_window_it_saw_before() {
    let nightly = schedule(Tz::UTC, &[("0 3 * * *", 60)], &[]);
    let before = nightly.view(at("2026-06-10T03:30:00Z"));
    nightly.view(at("2026-06-12T03:30:00Z"));
    assert_eq!(nightly.view(at("2026-06-10T03:30:00Z")), before);
}

#[test]
fn what_opens_rarely_is_found_two_years_ahead_and_one_year_back_only() {
    let leap = schedule(Tz::UTC, &[("0 0 29 2 *", 60)], &[]);
    assert_eq!(leap.view(at("2025-01-01T00:00:00Z")).next, None);
    assert_eq!(leap.view(at("2025-01-01T00:00:00Z")).opened_at, Some(at("2024-02-29T00:00:00Z")));
    let view = leap.view(at("2026-06-01T00:00:00Z"));
    assert_eq!(view.next.unwrap().opens, at("2028-02-29T00:00:00Z"));
    assert_eq!(view.opened_at, None);
}

/// Whether every UTC minute from `from` on is open, told without any of the code under test: an
/// opening is a minute whose local time matches and was not seen before, or the first after
/// skipped ones that match.
fn scan(zone: Tz, list: &[(&str, u64)], from: Time, count: i64) -> Vec<bool> {
    let longest = list.iter().map(|(_, length)| *length as i64).max().unwrap_or(0);
    let mut open = vec![false; (count + longest) as usize];
    for (cron, length) in list {
        let cron: Cron = cron.parse().unwrap();
        let matches = |local: NaiveDateTime| cron.is_time_matching(&local.and_utc()).unwrap();
        // Two days earlier, so that the first repeated or skipped minute is known as such.
        let lead = 2 * 24 * 60 + longest;
        let mut seen = (from - TimeDelta::minutes(lead + 1)).with_timezone(&zone).naive_local();
        for minute in -lead..count {
            let local = (from + TimeDelta::minutes(minute)).with_timezone(&zone).naive_local();
            let mut opens = false;
            while seen < local {
                seen += TimeDelta::minutes(1);
                opens |= matches(seen);
            }
            if opens {
                for covered in minute..minute + *length as i64 {
                    if let Some(slot) = usize::try_from(covered).ok().and_then(|i| open.get_mut(i))
                    {
                        *slot = true;
                    }
                }
            }
        }
    }
    open.truncate(count as usize);
    open
}

fn zones() -> impl Strategy<Value = (Tz, Time)> {
    let near = [
        (Tz::Europe__Berlin, "2026-03-28T12:00:00Z"),
        (Tz::Europe__Berlin, "2026-10-24T12:00:00Z"),
        (Tz::America__New_York, "2026-03-07T12:00:00Z"),
        (Tz::America__New_York, "2026-10-31T12:00:00Z"),
        (Tz::Australia__Lord_Howe, "2026-10-02T12:00:00Z"),
        (Tz::Australia__Lord_Howe, "2026-04-03T12:00:00Z"),
        (Tz::America__Sao_Paulo, "2018-11-03T12:00:00Z"),
        (Tz::America__Sao_Paulo, "2018-02-17T12:00:00Z"),
        (Tz::America__St_Johns, "2010-11-06T12:00:00Z"),
        (Tz::America__St_Johns, "2010-03-13T12:00:00Z"),
        (Tz::Pacific__Apia, "2011-12-29T12:00:00Z"),
        (Tz::Asia__Tokyo, "2026-06-10T00:00:00Z"),
    ];
    prop::sample::select(near.map(|(zone, time)| (zone, at(time))).to_vec())
}

fn crons() -> impl Strategy<Value = Vec<(&'static str, u64)>> {
    let cron = prop::sample::select(vec![
        "0 0 * * *",
        "30 2 * * *",
        "59 23 * * *",
        "*/15 1-4 * * *",
        "*/30 * * * *",
        "45 * * * *",
        "0 3 * * 0",
        "0 0-3 * * SAT,SUN",
        "15 0 1,29,30,31 * *",
        "0 22 L * *",
        "5 1 * * SUN#1",
    ]);
    let length = prop::sample::select(vec![1_u64, 10, 15, 30, 60, 61, 240, 1000]);
    prop::collection::vec((cron, length), 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_view_agrees_with_a_scan_of_every_minute(
        (zone, from) in zones(), list in crons(), second in 0..60_i64,
    ) {
        let Ok(schedule) = Schedule::new(zone, windows(&list), vec![]) else { return Ok(()) };
        let count = 3 * 24 * 60;
        let open = scan(zone, &list, from, count);
        for minute in (0..count).step_by(17) {
            let now = from + TimeDelta::minutes(minute) + TimeDelta::seconds(second);
            let view = schedule.view(now);
            let here = minute as usize;
            prop_assert_eq!(view.allowed_until.is_some(), open[here], "at {}", now);
            if let Some(until) = view.allowed_until {
                let closes = (here..open.len()).find(|i| !open[*i]);
                let expected = closes.map(|i| from + TimeDelta::minutes(i as i64));
                prop_assert!(expected.is_none_or(|expected| expected == until), "at {}", now);
            }
            let after = (here..open.len()).skip_while(|i| open[*i]).find(|i| open[*i]);
            if let Some(opens) = after.map(|i| from + TimeDelta::minutes(i as i64)) {
                prop_assert_eq!(view.next.map(|span| span.opens), Some(opens), "at {}", now);
            }
            let before = (0..=here).rev().skip_while(|i| !open[*i]).find(|i| !open[*i]);
            if let Some(last) = before {
                let opened = from + TimeDelta::minutes(last as i64 + 1);
                prop_assert_eq!(view.opened_at, Some(opened), "at {}", now);
            }
        }
    }

    #[test]
    fn spans_are_in_order_and_never_touch(
        (zone, from) in zones(), list in crons(), frozen_hours in 1..90_i64,
    ) {
        let edge = |hours| Moment::Instant(from + TimeDelta::hours(hours));
        let freeze = Freeze::new(zone, edge(5), edge(5 + frozen_hours), None).unwrap();
        let frozen = freeze.span();
        let Ok(schedule) = Schedule::new(zone, windows(&list), vec![freeze]) else { return Ok(()) };
        let mut last = None;
        for span in schedule.spans_from(from).take(40) {
            prop_assert!(span.opens < span.closes);
            prop_assert!(last.is_none_or(|closed| closed < span.opens || span.opens == frozen.closes));
            prop_assert!(span.closes <= frozen.opens || frozen.closes <= span.opens);
            let inside = schedule.view(span.opens);
            prop_assert_eq!(inside.allowed_until, Some(span.closes));
            prop_assert_eq!(schedule.view(span.closes).allowed_until, None);
            last = Some(span.closes);
        }
    }

    #[test]
    fn a_view_exists_at_any_time(
        seconds in 0..253_402_300_799_i64, nanoseconds in 0..1_000_000_000_u32,
        (zone, _) in zones(), list in crons(),
    ) {
        let now = DateTime::from_timestamp(seconds, nanoseconds).unwrap();
        let Ok(schedule) = Schedule::new(zone, windows(&list), vec![]) else { return Ok(()) };
        let view = schedule.view(now);
        prop_assert!(view.next.is_none_or(|next| now < next.opens));
        prop_assert!(view.opened_at.is_none_or(|opened| opened <= now));
        prop_assert!(view.allowed_until.is_none_or(|until| now < until));
    }

    #[test]
    fn no_text_makes_reading_a_cron_panic(text in "[0-9*/,#LWA-Z?+@ -]{0,24}") {
        let _ = CronWindow::new(&text, minutes(5));
    }
}
