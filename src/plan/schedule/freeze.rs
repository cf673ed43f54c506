//! Spans of dates in which nothing starts.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;

use super::error::ScheduleError;
use super::zone::day_start;
use super::{FreezeNow, Span};
use crate::clock::Time;

/// Years outside of these are slips of the pen, and dates near the ends of the calendar overflow.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9999;

/// One end of a freeze, as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A whole day in the policy's zone.
    Day(NaiveDate),
    /// An instant.
    Instant(Time),
}

impl FromStr for Moment {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let moment = match (text.parse::<NaiveDate>(), DateTime::parse_from_rfc3339(text)) {
            (Ok(day), _) => Some((day.year(), Self::Day(day))),
            (_, Ok(instant)) => Some((instant.year(), Self::Instant(instant.to_utc()))),
            _ => None,
        };
        match moment {
            Some((year, moment)) if YEARS.contains(&year) => Ok(moment),
            _ => Err(ScheduleError::Moment),
        }
    }
}

/// One freeze.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    span: Span,
    why: Option<Arc<str>>,
}

impl Freeze {
    /// A freeze from `from` on; a day in `until` is frozen to its end, an instant is not part of it.
    ///
    /// # Errors
    /// When it would end before it begins.
    pub fn new(
        zone: Tz,
        from: Moment,
        until: Moment,
        why: Option<Arc<str>>,
    ) -> Result<Self, ScheduleError> {
        let opens = match from {
            Moment::Day(day) => day_start(zone, day),
            Moment::Instant(instant) => instant,
        };
        let closes = match until {
            Moment::Day(day) => day_start(zone, day.succ_opt().ok_or(ScheduleError::Moment)?),
            Moment::Instant(instant) => instant,
        };
        match opens < closes {
            true => Ok(Self { span: Span { opens, closes }, why }),
            false => Err(ScheduleError::FreezeBackwards),
        }
    }

    /// From when to when it holds, the end excluded.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The reason that was given.
    pub fn why(&self) -> Option<&Arc<str>> {
        self.why.as_ref()
    }
}

/// All freezes of a policy.
#[derive(Clone, Debug, Default)]
pub struct Freezes {
    /// As they were given, by their beginning.
    given: Vec<Freeze>,
    /// Those that touch or overlap joined: disjoint and in order.
    joined: Vec<Span>,
}

impl Freezes {
    pub fn new(mut given: Vec<Freeze>) -> Self {
        given.sort_by_key(|freeze| freeze.span.opens);
        let mut joined: Vec<Span> = Vec::new();
        for Freeze { span, .. } in &given {
            match joined.last_mut() {
                Some(last) if span.opens <= last.closes => {
                    last.closes = last.closes.max(span.closes);
                }
                _ => joined.push(*span),
            }
        }
        Self { given, joined }
    }

    pub fn given(&self) -> &[Freeze] {
        &self.given
    }

    /// The freeze in force at `time`: when all that touch it are over, and the reason of the first
    /// in force that has one.
    pub fn at(&self, time: Time) -> Option<FreezeNow> {
        let span = self.covering(time)?;
        let in_force = self.given.iter().filter(|freeze| freeze.span.contains(time));
        Some(FreezeNow { until: span.closes, why: in_force.flat_map(|f| f.why.clone()).next() })
    }

    /// The joined freeze in force at `time`.
    pub fn covering(&self, time: Time) -> Option<Span> {
        self.before(time).filter(|span| time < span.closes)
    }

    /// The last joined freeze that begins at or before `time`.
    pub fn before(&self, time: Time) -> Option<Span> {
        let begun = self.joined.partition_point(|span| span.opens <= time);
        begun.checked_sub(1).map(|last| self.joined[last])
    }

    /// When the first freeze after `time` begins; the end of time where none does.
    pub fn begin_after(&self, time: Time) -> Time {
        self.after(time).map_or(Time::MAX_UTC, |freeze| freeze.opens)
    }

    /// The first joined freeze that begins after `time`.
    pub fn after(&self, time: Time) -> Option<Span> {
        self.joined.get(self.joined.partition_point(|span| span.opens <= time)).copied()
    }
}
