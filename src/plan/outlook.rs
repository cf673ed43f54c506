//! What a policy can still do before the deadlines of retirements.

use std::cell::{Cell, OnceCell};
use std::time::Duration;

use chrono::TimeDelta;

use super::due::{add, shift};
use super::policy::RetirementMode;
use super::schedule::Span;
use super::standing::Standing;
use super::verdict::{LeftToAws, Prospect};
use crate::clock::{Time, elapsed};

/// Deadlines are at most so far ahead that counting windows up to them makes sense: AWS waits for 14
/// days at most (Amazon ECS developer guide, "Prepare for AWS Fargate task retirement").
const AHEAD_MAX: TimeDelta = TimeDelta::days(30);

/// More windows than this are as good as any number.
const WINDOWS_MAX: usize = 1_000;

/// One policy's opportunities. Its windows are looked up once, and only when a notice asks.
#[derive(Debug)]
pub struct Outlook<'a> {
    standing: &'a Standing<'a>,
    now: Time,
    /// The last deadline that there is.
    until: Time,
    windows: OnceCell<Vec<Span>>,
    /// What was told already: many services have the deadline of one notice.
    told: Cell<Option<(Option<Time>, Prospect)>>,
}

impl<'a> Outlook<'a> {
    /// What can be done before deadlines, of which none is later than `until`.
    pub fn new(standing: &'a Standing<'a>, now: Time, until: Time) -> Self {
        Self { standing, now, until, windows: OnceCell::new(), told: Cell::new(None) }
    }

    /// When a service with that deadline may be refreshed.
    pub fn prospect(&self, deadline: Option<Time>) -> Prospect {
        match self.told.get() {
            Some((of, prospect)) if of == deadline => prospect,
            _ => {
                let prospect = self.find_prospect(deadline);
                self.told.set(Some((deadline, prospect)));
                prospect
            }
        }
    }

    fn find_prospect(&self, deadline: Option<Time>) -> Prospect {
        let (policy, view) = (self.standing.policy, &self.standing.view);
        let mode = policy.retirement.mode;
        if mode == RetirementMode::Ignore {
            return Prospect::LeftToAws(LeftToAws::Ignored);
        }
        let Some(deadline) = deadline else {
            return match mode {
                RetirementMode::Immediately => Prospect::AtOnce,
                _ => Prospect::Undated,
            };
        };
        let thaws_at = view.freeze.as_ref().map_or(self.now, |freeze| freeze.until);
        if thaws_at > self.now && thaws_at >= deadline {
            return Prospect::LeftToAws(LeftToAws::Frozen);
        }
        if mode == RetirementMode::Immediately || (view.always && thaws_at == self.now) {
            return Prospect::AtOnce;
        }
        let late_from = self.late_from(deadline);
        let before = if mode == RetirementMode::WindowOnly { deadline } else { late_from };
        let left = self.windows_before(before);
        if left > 0 {
            return Prospect::Windows { left, before: self.standing.zoned(before) };
        }
        if mode == RetirementMode::WindowOnly {
            return Prospect::LeftToAws(LeftToAws::NoWindow);
        }
        let from = self.thawed_from(late_from);
        match from >= deadline && deadline > self.now {
            true => Prospect::LeftToAws(LeftToAws::Frozen),
            false => Prospect::Outside { from: self.standing.zoned(from) },
        }
    }

    /// From when on `before-deadline` does not wait for windows any more.
    fn late_from(&self, deadline: Time) -> Time {
        late_from(deadline, self.standing.policy.retirement.margin)
    }

    /// `at`, or the end of the freeze that it lies in.
    fn thawed_from(&self, at: Time) -> Time {
        let first = self.standing.policy.schedule.unfrozen_from(at).next();
        first.map_or(at, |span| span.opens.max(at))
    }

    /// How many windows, the open one included, open before `limit`.
    fn windows_before(&self, limit: Time) -> u32 {
        let before = self.windows().partition_point(|window| window.opens < limit);
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    fn windows(&self) -> &[Span] {
        self.windows.get_or_init(|| {
            let until = shift(self.now, AHEAD_MAX).min(self.until);
            let spans = self.standing.policy.schedule.spans_from(self.now);
            spans.take_while(|span| span.opens < until).take(WINDOWS_MAX).collect()
        })
    }

    /// How many refreshes can be started so that they end before `deadline`, each taking `pace`.
    /// Without a pace only whether there is any time at all is known.
    pub fn starts_before(&self, deadline: Time, pace: Option<Duration>, at_once_max: u32) -> u64 {
        let policy = self.standing.policy;
        let last_start = shift(deadline, -delta(pace.unwrap_or_default()));
        let round = pace.map_or(Duration::from_secs(1), |pace| pace.saturating_add(policy.settle));
        let at_once = u64::from(policy.concurrency.min(at_once_max));
        let starts = |span: Span, from: Time, to: Time| {
            let (opens, closes) = (span.opens.max(from), span.closes.min(to));
            let open = elapsed(opens, closes).as_millis();
            let rounds = open.div_ceil(round.as_millis().max(1));
            u64::try_from(rounds).unwrap_or(u64::MAX).saturating_mul(at_once)
        };
        let late_from = match policy.retirement.mode {
            RetirementMode::Ignore => return 0,
            RetirementMode::WindowOnly => last_start,
            RetirementMode::BeforeDeadline => self.late_from(deadline).max(self.now),
            RetirementMode::Immediately => self.now,
        };
        let in_windows =
            self.windows().iter().map(|span| starts(*span, self.now, late_from.min(last_start)));
        let unfrozen = policy.schedule.unfrozen_from(late_from);
        let outside = unfrozen
            .take_while(|span| span.opens < last_start)
            .map(|span| starts(span, late_from, last_start));
        in_windows.chain(outside).fold(0, u64::saturating_add)
    }
}

/// From when on a notice with that deadline lets a service start outside of windows, where the
/// policy says `before-deadline`.
pub fn late_from(deadline: Time, margin: Duration) -> Time {
    shift(deadline, -delta(margin))
}

fn delta(duration: Duration) -> TimeDelta {
    add(Time::UNIX_EPOCH, duration) - Time::UNIX_EPOCH
}
