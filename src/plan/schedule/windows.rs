//! The windows of a policy together: touching and overlapping ones are one.

use chrono::{DateTime, TimeDelta};
use chrono_tz::Tz;

use super::Span;
use super::cron::{CronWindow, DURATION_MAX};
use super::error::ScheduleError;
use crate::clock::Time;

/// When refreshes may start, freezes aside.
#[derive(Clone, Debug)]
pub enum Windows {
    /// At any time.
    Always,
    /// In any of these. None at all means never.
    Cron(Vec<CronWindow>),
}

/// From when and for how long joined windows are looked at: 28 years from 2024 on, in which every
/// year falls on every weekday.
const SEARCHED_FROM: i64 = 1_704_067_200;
const SEARCHED_WEEKS: i64 = 28 * 366 / 7;

/// Windows that are open for less than this on a day cannot join to more than seven days: openings
/// of at most nine days take part, and nine times this is less than seven days.
const HARMLESS_PER_DAY: TimeDelta = TimeDelta::hours(18);

/// Joining gives up here, so that a schedule which joins to more than seven days only in a century
/// that was not looked through costs no more than twice the longest one allowed.
const JOINED_MAX: TimeDelta = TimeDelta::days(14);

/// The windows of one policy in its zone.
#[derive(Clone, Debug)]
pub struct Joined {
    zone: Tz,
    windows: Vec<CronWindow>,
}

impl Joined {
    /// # Errors
    /// When windows join to more than seven days.
    pub fn new(zone: Tz, windows: Vec<CronWindow>) -> Result<Self, ScheduleError> {
        let joined = Self { zone, windows };
        match joined.is_too_long() {
            true => Err(ScheduleError::TooLong),
            false => Ok(joined),
        }
    }

    pub fn windows(&self) -> &[CronWindow] {
        &self.windows
    }

    /// The joined window that is open at `time`.
    pub fn covering(&self, time: Time) -> Option<Span> {
        let covers = |window: &CronWindow| {
            window.at_or_before(self.zone, time).filter(|span| time < span.closes)
        };
        self.windows.iter().find_map(covers).map(|span| self.grow(span))
    }

    /// The joined window that opened last, at or before `time`, whether it is open or not.
    pub fn last(&self, time: Time) -> Option<Span> {
        let spans = self.windows.iter().filter_map(|window| window.at_or_before(self.zone, time));
        spans.max_by_key(|span| span.opens).map(|span| self.grow(span))
    }

    /// The first joined window that opens after `time`, at which none is open.
    pub fn after(&self, time: Time) -> Option<Span> {
        let spans = self.windows.iter().filter_map(|window| window.after(self.zone, time));
        spans.min_by_key(|span| span.opens).map(|span| self.grow(span))
    }

    /// Joins what touches `span` before and behind it.
    fn grow(&self, mut span: Span) -> Span {
        let start = span;
        loop {
            let known = span;
            for window in &self.windows {
                let just_before = span.opens - TimeDelta::nanoseconds(1);
                if let Some(earlier) = window.at_or_before(self.zone, just_before)
                    && earlier.closes >= span.opens
                {
                    span = Span { opens: earlier.opens, closes: span.closes.max(earlier.closes) };
                }
                if let Some(later) = window.at_or_before(self.zone, span.closes) {
                    span.closes = span.closes.max(later.closes);
                }
            }
            let too_long =
                span.closes - start.opens > JOINED_MAX || start.opens - span.opens > JOINED_MAX;
            if span == known || too_long {
                return span;
            }
        }
    }

    fn is_too_long(&self) -> bool {
        let per_day: TimeDelta = self.windows.iter().map(CronWindow::open_per_day).sum();
        if per_day < HARMLESS_PER_DAY {
            return false;
        }
        // What is open for more than seven days is open at one of these moments.
        let from = DateTime::from_timestamp(SEARCHED_FROM, 0).unwrap_or_default();
        let moments = (0..SEARCHED_WEEKS).map(|week| from + TimeDelta::weeks(week));
        moments
            .filter_map(|moment| self.covering(moment))
            .any(|span| (span.closes - span.opens).to_std().is_ok_and(|open| open > DURATION_MAX))
    }
}
