//! When refreshes of a policy may start: windows in its zone, minus freezes.
//!
//! Owns cron, zones and daylight saving. Knows nothing of services. Windows are half-open spans of
//! elapsed time from an opening; those that touch are one. An opening that the clocks skip in
//! spring opens at the gap's end; of one that they repeat in autumn only the first counts. After
//! the year 5000 no cron window opens.

mod cron;
mod error;
mod freeze;
mod windows;
mod zone;

#[cfg(test)]
mod tests;

use std::iter;
use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;

pub use cron::CronWindow;
pub use error::ScheduleError;
pub use freeze::{Freeze, Moment};
pub use windows::Windows;

use crate::clock::Time;
use freeze::Freezes;
use windows::Joined;

/// How far ahead the next window is looked for: beyond it nobody plans.
const AHEAD_MAX: TimeDelta = TimeDelta::days(2 * 366);

/// How far back the last window is looked for.
const BACK_MAX: TimeDelta = TimeDelta::days(366);

/// From `opens` on, until just before `closes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub opens: Time,
    pub closes: Time,
}

impl Span {
    /// Whether `time` is in the span.
    pub fn contains(&self, time: Time) -> bool {
        self.opens <= time && time < self.closes
    }
}

/// When refreshes may start. Valid by construction; cheap to ask.
#[derive(Clone, Debug)]
pub struct Schedule {
    zone: Tz,
    /// `None`: always.
    windows: Option<Joined>,
    freezes: Freezes,
}

/// The freeze in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreezeNow {
    /// When it and all that touch it are over.
    pub until: Time,
    pub why: Option<Arc<str>>,
}

/// A schedule as it stands at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScheduleView {
    /// Windows do not matter here, only freezes do.
    pub always: bool,
    /// Starts are allowed now and until this instant (excluded): the window closes or a freeze
    /// begins, whichever comes first, and the end of time where neither does. `None`: not now.
    pub allowed_until: Option<Time>,
    /// When the joined window that is open opened or, when none is, the last one; freezes do not
    /// change it. `None` with `always`, and when none opened within a year.
    pub opened_at: Option<Time>,
    /// The freeze in force now.
    pub freeze: Option<FreezeNow>,
    /// When the next freeze begins; the end of time where none does. `None`: one is in force.
    pub unfrozen_until: Option<Time>,
    /// The next span in which starts are allowed, of those that begin after now and, when starts
    /// are allowed now, after `allowed_until`. `None` when there is none within two years.
    pub next: Option<Span>,
}

impl Schedule {
    /// The windows, meant in `zone`, minus the freezes.
    ///
    /// # Errors
    /// When windows join to more than seven days.
    pub fn new(zone: Tz, windows: Windows, freezes: Vec<Freeze>) -> Result<Self, ScheduleError> {
        let windows = match windows {
            Windows::Always => None,
            Windows::Cron(list) => Some(Joined::new(zone, list)?),
        };
        Ok(Self { zone, windows, freezes: Freezes::new(freezes) })
    }

    /// Starts are allowed at any time: no windows, no freezes, UTC.
    pub fn always() -> Self {
        Self { zone: Tz::UTC, windows: None, freezes: Freezes::default() }
    }

    /// The same windows without any freeze.
    pub fn without_freezes(&self) -> Self {
        Self { freezes: Freezes::default(), ..self.clone() }
    }

    /// The same freezes, with starts allowed at any other time.
    pub fn without_windows(&self) -> Self {
        Self { windows: None, ..self.clone() }
    }

    /// The zone that windows and dates are meant in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The cron windows; `None`: always.
    pub fn windows(&self) -> Option<&[CronWindow]> {
        self.windows.as_ref().map(Joined::windows)
    }

    /// The freezes, by their beginning.
    pub fn freezes(&self) -> &[Freeze] {
        self.freezes.given()
    }

    /// The schedule as it stands at `now`.
    pub fn view(&self, now: Time) -> ScheduleView {
        let freeze = self.freezes.at(now);
        let last = self.windows.as_ref().and_then(|windows| windows.last(now));
        let allowed = match (&self.windows, last) {
            _ if freeze.is_some() => None,
            (None, _) => self.allowed_from(now),
            // The last to open is joined with all that touch it: if it is over, none is open.
            (Some(_), Some(span)) if span.contains(now) => Some(self.cut(span, now)),
            (Some(_), _) => None,
        };
        let allowed_until = allowed.map(|span| span.closes);
        let next = self.allowed_after(allowed_until.unwrap_or(now));
        ScheduleView {
            always: self.windows.is_none(),
            allowed_until,
            opened_at: last.map(|span| span.opens).filter(|opened| now - opened <= BACK_MAX),
            unfrozen_until: freeze.is_none().then(|| self.freezes.begin_after(now)),
            freeze,
            next: next.filter(|span| span.opens - now <= AHEAD_MAX),
        }
    }

    /// The spans in which starts are allowed, from the one that is open at `now` on, each within
    /// two years of the one before.
    pub fn spans_from(&self, now: Time) -> impl Iterator<Item = Span> {
        let within = |span: &Span, from: Time| span.opens - from <= AHEAD_MAX;
        let first = self.allowed_from(now).filter(|span| within(span, now));
        iter::successors(first, move |last| {
            self.allowed_after(last.closes).filter(|span| within(span, last.closes))
        })
    }

    /// The spans without a freeze from `now` on, whether windows are open in them or not.
    pub fn unfrozen_from(&self, now: Time) -> impl Iterator<Item = Span> {
        let thaws = move |time: Time| {
            let opens = self.freezes.covering(time).map_or(time, |freeze| freeze.closes);
            Span { opens, closes: self.freezes.begin_after(opens) }
        };
        iter::successors(Some(thaws(now)), move |last| {
            (last.closes < Time::MAX_UTC).then(|| thaws(last.closes))
        })
    }

    /// The first span in which starts are allowed, from a moment on at which they are not.
    fn allowed_after(&self, time: Time) -> Option<Span> {
        if time == Time::MAX_UTC { None } else { self.allowed_from(time) }
    }

    /// The span in which starts are allowed at `time` or, when they are not, the next one.
    fn allowed_from(&self, time: Time) -> Option<Span> {
        let mut time = time;
        // Every turn but the last passes a freeze.
        loop {
            if let Some(freeze) = self.freezes.covering(time) {
                time = freeze.closes;
            }
            let window = match &self.windows {
                None => Span { opens: Time::MIN_UTC, closes: Time::MAX_UTC },
                Some(windows) => windows.covering(time).or_else(|| windows.after(time))?,
            };
            let start = window.opens.max(time);
            match self.freezes.covering(start) {
                None => return Some(self.cut(window, start)),
                Some(freeze) => time = freeze.closes,
            }
        }
    }

    /// What freezes leave of a window around `time`, which is in it and not frozen.
    fn cut(&self, window: Span, time: Time) -> Span {
        let thawed = self.freezes.before(time).map_or(window.opens, |freeze| freeze.closes);
        let freezes_at = self.freezes.after(time).map_or(window.closes, |freeze| freeze.opens);
        Span { opens: window.opens.max(thawed), closes: window.closes.min(freezes_at) }
    }
}
