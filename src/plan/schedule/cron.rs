//! One cron window: the local days on which it opens, its times of day, and how long it lasts.
//!
//! croner is asked about days in plain local time, where nothing is missing and nothing happens
//! twice; [`super::zone`] then makes instants of them. (Asked about a zone's own times, croner
//! leaves openings out on the spring day unless hour and minute are fixed.) The times of day are
//! the same on every day that matches, so they are joined into runs once.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;

use super::Span;
use super::error::ScheduleError;
use super::zone::{day_start, instant, local_date};
use crate::clock::Time;

/// A window shorter than the resync could be missed altogether.
const DURATION_MIN: Duration = Duration::from_secs(60);

/// Who keeps a window open for longer means `always`.
pub const DURATION_MAX: Duration = Duration::from_secs(7 * 86_400);

/// Every quarter of an hour. More openings say nothing about when a refresh is welcome, and looking
/// them through on every event would cost.
pub const RUNS_PER_DAY_MAX: usize = 96;

/// Where the search for a day that matches begins. Any year will do: the calendar repeats.
const SOME_YEAR: i32 = 2024;

/// A window that opens by a cron expression.
#[derive(Clone, Debug)]
pub struct CronWindow {
    text: Arc<str>,
    /// Midnight of every day that matches.
    days: Cron,
    /// Minutes of the day at which it opens, ascending.
    openings: Vec<u16>,
    /// The same, those joined whose windows touch.
    runs: Vec<Run>,
    duration: TimeDelta,
}

/// Openings in a row, none of which comes after the window before has closed.
#[derive(Clone, Copy, Debug)]
struct Run {
    first: u16,
    last: u16,
}

impl CronWindow {
    /// Reads five cron fields.
    ///
    /// # Errors
    /// When it is not five fields, restricts both day fields, never opens, opens too often, or
    /// lasts less than a minute or more than seven days.
    pub fn new(cron: &str, duration: Duration) -> Result<Self, ScheduleError> {
        let (days, openings) = read(cron)?;
        if !(DURATION_MIN..=DURATION_MAX).contains(&duration) {
            return Err(ScheduleError::Duration);
        }
        let duration = TimeDelta::from_std(duration).map_err(|_| ScheduleError::Duration)?;
        let runs = join(&openings, duration);
        if runs.len() > RUNS_PER_DAY_MAX {
            return Err(ScheduleError::TooOften(runs.len()));
        }
        Ok(Self { text: cron.into(), days, openings, runs, duration })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How long each opening lasts.
    pub fn duration(&self) -> TimeDelta {
        self.duration
    }

    /// For how much of a day that matches it is open at most.
    pub(super) fn open_per_day(&self) -> TimeDelta {
        let run = |run: &Run| TimeDelta::minutes(i64::from(run.last - run.first)) + self.duration;
        self.runs.iter().map(run).sum()
    }

    /// The latest run that opens at or before `time`.
    pub(super) fn at_or_before(&self, zone: Tz, time: Time) -> Option<Span> {
        // Where clocks go back over midnight, an opening of the next date has been already.
        let mut from = local_date(zone, time).succ_opt()?;
        loop {
            let day = self.days.find_previous_occurrence(&midnight(from), true).ok()?.date_naive();
            if let Some(span) = self.latest(zone, day, time) {
                return Some(span);
            }
            from = day.pred_opt()?;
        }
    }

    /// The earliest run that opens after `time`.
    pub(super) fn after(&self, zone: Tz, time: Time) -> Option<Span> {
        // Where clocks go forward over midnight, an opening of the last date is still to come.
        let mut from = local_date(zone, time).pred_opt()?;
        loop {
            let day = self.days.find_next_occurrence(&midnight(from), true).ok()?.date_naive();
            if let Some(span) = self.earliest(zone, day, time) {
                return Some(span);
            }
            from = day.succ_opt()?;
        }
    }

    fn latest(&self, zone: Tz, day: NaiveDate, time: Time) -> Option<Span> {
        let start = day_start(zone, day);
        if !is_even(zone, day, start) {
            return self.odd_day(zone, day).into_iter().rfind(|span| span.opens <= time);
        }
        let minutes = (time - start).num_minutes();
        if time < start {
            return None;
        }
        let count = self.runs.partition_point(|run| i64::from(run.first) <= minutes);
        Some(self.span(start, self.runs[count.checked_sub(1)?]))
    }

    fn earliest(&self, zone: Tz, day: NaiveDate, time: Time) -> Option<Span> {
        let start = day_start(zone, day);
        if !is_even(zone, day, start) {
            return self.odd_day(zone, day).into_iter().find(|span| span.opens > time);
        }
        let next = self
            .runs
            .partition_point(|run| start + TimeDelta::minutes(i64::from(run.first)) <= time);
        self.runs.get(next).map(|run| self.span(start, *run))
    }

    fn span(&self, day_start: Time, run: Run) -> Span {
        let at = |minute| day_start + TimeDelta::minutes(i64::from(minute));
        Span { opens: at(run.first), closes: at(run.last) + self.duration }
    }

    /// The runs of a day on which clocks are changed, opening by opening.
    fn odd_day(&self, zone: Tz, day: NaiveDate) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for minute in &self.openings {
            let local = day.and_time(NaiveTime::MIN) + TimeDelta::minutes(i64::from(*minute));
            let opens = instant(zone, local);
            let closes = opens + self.duration;
            match spans.last_mut() {
                Some(last) if opens <= last.closes => last.closes = closes,
                _ => spans.push(Span { opens, closes }),
            }
        }
        spans
    }
}

/// Whether every minute of the day is as far from its start as the clock says.
fn is_even(zone: Tz, day: NaiveDate, start: Time) -> bool {
    day.succ_opt().is_some_and(|next| day_start(zone, next) - start == TimeDelta::days(1))
}

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The days and the minutes of the day that an expression names.
fn read(cron: &str) -> Result<(Cron, Vec<u16>), ScheduleError> {
    if cron.contains('@') {
        return Err(ScheduleError::Nickname);
    }
    let fields: Vec<&str> = cron.split_whitespace().collect();
    let [minute, hour, day_of_month, month, day_of_week] = fields[..] else {
        return Err(ScheduleError::Fields(fields.len()));
    };
    let is_free = |field: &str| field == "*" || field == "?";
    if !is_free(day_of_month) && !is_free(day_of_week) {
        return Err(ScheduleError::BothDays);
    }
    // croner's own sign for "both must match", which no other cron knows.
    if day_of_week.starts_with('+') {
        return Err(ScheduleError::Syntax("`+` before the day of week".to_owned()));
    }
    let parse =
        |text: &str| text.parse::<Cron>().map_err(|error| ScheduleError::Syntax(error.to_string()));
    let times = parse(&format!("{minute} {hour} * * *"))?;
    let days = parse(&format!("0 0 {day_of_month} {month} {day_of_week}"))?;
    let opens_at = |minute: u16| {
        let (hour, minute) = (u32::from(minute / 60), u32::from(minute % 60));
        times.pattern.hour_match(hour).unwrap_or(false)
            && times.pattern.minute_match(minute).unwrap_or(false)
    };
    let openings: Vec<u16> = (0..24 * 60).filter(|minute| opens_at(*minute)).collect();
    let some_day = NaiveDate::from_ymd_opt(SOME_YEAR, 1, 1).unwrap_or_default();
    if openings.is_empty() || days.find_next_occurrence(&midnight(some_day), true).is_err() {
        return Err(ScheduleError::NeverOpens);
    }
    Ok((days, openings))
}

fn join(openings: &[u16], duration: TimeDelta) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for &minute in openings {
        match runs.last_mut() {
            Some(run) if TimeDelta::minutes(i64::from(minute - run.last)) <= duration => {
                run.last = minute;
            }
            _ => runs.push(Run { first: minute, last: minute }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(cron: &str) -> ScheduleError {
        CronWindow::new(cron, Duration::from_secs(3600)).unwrap_err()
    }

    #[test]
    fn what_is_not_five_fields_is_refused() {
        assert_eq!(refusal(""), ScheduleError::Fields(0));
        assert_eq!(refusal("0 3 * *"), ScheduleError::Fields(4));
        assert_eq!(refusal("0 0 3 * * *"), ScheduleError::Fields(6));
        assert_eq!(refusal("@daily"), ScheduleError::Nickname);
    }

    #[test]
    fn restricting_both_day_fields_is_refused() {
        assert_eq!(refusal("0 3 1 * MON"), ScheduleError::BothDays);
        assert_eq!(refusal("0 3 */2 * 1-5"), ScheduleError::BothDays);
        assert!(ScheduleError::BothDays.hint().unwrap().contains("SUN#1"));
        for fine in ["0 3 * * SUN#1", "0 3 L * *", "0 3 1 * ?", "0 3 ? * MON-FRI", "0 3 * 2 7"] {
            assert!(CronWindow::new(fine, DURATION_MIN).is_ok(), "{fine}");
        }
    }

    #[test]
    fn what_can_never_open_is_refused() {
        assert_eq!(refusal("0 0 30 2 *"), ScheduleError::NeverOpens);
        for wrong in
            ["61 * * * *", "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * 8", "a b * * *"]
        {
            assert!(matches!(refusal(wrong), ScheduleError::Syntax(_)), "{wrong}");
        }
    }

    #[test]
    fn a_window_has_a_length_and_a_frequency_that_make_sense() {
        let new = |cron, seconds| CronWindow::new(cron, Duration::from_secs(seconds)).err();
        assert_eq!(new("0 3 * * *", 59), Some(ScheduleError::Duration));
        assert_eq!(new("0 3 1 * *", 7 * 86_400 + 1), Some(ScheduleError::Duration));
        assert_eq!(new("*/2 * * * *", 60), Some(ScheduleError::TooOften(720)));
        assert_eq!(new("*/2 * * * *", 120), None);
        assert_eq!(new("*/15 * * * *", 60), None);
    }
}
