//! Where each policy stands now: its windows, what it has under way, and what has failed.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use super::due::{add, shift};
use super::ledger::{Finished, Ledger, Outcome};
use super::policy::{Policies, Policy};
use super::schedule::{ScheduleView, Span};
use super::words::ZonedTime;
use crate::clock::{Time, elapsed};

/// How long a failure counts where no window bounds it.
const FAILURE_COUNTS: TimeDelta = TimeDelta::hours(24);

/// A span that is long enough for something is looked for so far ahead, and among so many.
const SPANS_AHEAD: TimeDelta = TimeDelta::days(366);
const SPANS_MAX: usize = 400;

/// One policy, now.
#[derive(Debug)]
pub struct Standing<'a> {
    pub policy: &'a Policy,
    pub view: ScheduleView,
    /// When the failed attempts in the current span ended.
    failures: Vec<Time>,
    /// When the policy's last attempt ended.
    last_outcome_at: Option<Time>,
    /// The durations of the policy's last proven refreshes: how many, and in all.
    proven: (u32, Duration),
    now: Time,
    /// Of the spans to come in which starts are allowed, those that are longer than all before them.
    /// They are looked up once, and only when something asks.
    longer: OnceCell<Vec<Span>>,
}

impl<'a> Standing<'a> {
    /// Every policy's standing, in file order.
    pub fn of_all(policies: &'a Policies, ledger: &Ledger, now: Time) -> Vec<Self> {
        let mut standings: Vec<_> = policies
            .policies
            .iter()
            .map(|policy| Self {
                policy,
                view: policy.schedule.view(now),
                failures: Vec::new(),
                last_outcome_at: None,
                proven: (0, Duration::ZERO),
                now,
                longer: OnceCell::new(),
            })
            .collect();
        let by_name: BTreeMap<&Arc<str>, usize> = policies
            .policies
            .iter()
            .enumerate()
            .map(|(index, policy)| (&policy.name, index))
            .collect();
        for finished in ledger.records.values().filter_map(|record| record.last.as_ref()) {
            if let Some(index) = by_name.get(&finished.attempt.policy) {
                standings[*index].count(finished, now);
            }
        }
        standings
    }

    fn count(&mut self, finished: &Finished, now: Time) {
        self.last_outcome_at = self.last_outcome_at.max(Some(finished.finished_at));
        if finished.outcome == Outcome::Succeeded {
            self.proven.0 += 1;
            self.proven.1 += finished.duration();
        }
        if finished.outcome.is_failure() && self.in_this_span(finished.finished_at, now) {
            self.failures.push(finished.finished_at);
        }
    }

    /// Whether `at` lies in the current span: since the last opening of a window or, without
    /// windows, in the last 24 hours.
    pub fn in_this_span(&self, at: Time, now: Time) -> bool {
        if self.view.always {
            return now - at < FAILURE_COUNTS;
        }
        self.view.opened_at.is_none_or(|opened_at| at >= opened_at)
    }

    /// When a failure at `at` no longer counts.
    pub fn span_ends(&self, at: Time) -> Option<ZonedTime> {
        if self.view.always {
            return Some(self.zoned(shift(at, FAILURE_COUNTS)));
        }
        self.next_opening()
    }

    /// Whether failures have stopped the policy: how many, and until when. Those before `since` do
    /// not count.
    pub fn stopped(&self, since: Option<Time>) -> Option<(u32, Option<ZonedTime>)> {
        let counted = self.failures.iter().filter(|at| since.is_none_or(|since| **at >= since));
        let failures = u32::try_from(counted.clone().count()).unwrap_or(u32::MAX);
        let last = counted.max()?;
        (failures >= self.policy.max_failures).then(|| (failures, self.span_ends(*last)))
    }

    /// Until when the policy settles after its last outcome, if it still does. An outcome of a
    /// clock that was ahead must not hold the policy until then.
    pub fn settles_until(&self, now: Time) -> Option<Time> {
        let at = self.last_outcome_at?;
        let until = add(at, self.policy.settle);
        (until > now && at <= add(now, self.policy.settle)).then_some(until)
    }

    /// The mean duration of the last proven refreshes of all policies together.
    pub fn overall_pace(standings: &[Self]) -> Option<Duration> {
        let add = |(number, total): (u32, Duration), of: &Self| {
            (number + of.proven.0, total.saturating_add(of.proven.1))
        };
        let (number, total) = standings.iter().fold((0, Duration::ZERO), add);
        (number > 0).then(|| total / number)
    }

    /// The mean duration of the policy's last proven refreshes.
    pub fn pace(&self) -> Option<Duration> {
        let (number, total) = self.proven;
        (number > 0).then(|| total / number)
    }

    /// When something may start next, in the policy's zone.
    pub fn next_opening(&self) -> Option<ZonedTime> {
        self.view.next.as_ref().map(|next| self.zoned(next.opens))
    }

    /// The first span to come in which starts are allowed for at least so long or, as an error, the
    /// length of the longest one, if there is any.
    pub fn next_span_of(&self, least: Duration) -> Result<Span, Option<Duration>> {
        let length = |span: &Span| elapsed(span.opens, span.closes);
        // Mostly it is the next one, and the others need not be looked up.
        if let Some(next) = self.view.next.filter(|next| length(next) >= least) {
            return Ok(next);
        }
        let longer = self.longer.get_or_init(|| {
            let until = shift(self.now, SPANS_AHEAD);
            let spans = self.policy.schedule.spans_from(self.now);
            let mut longer: Vec<Span> = Vec::new();
            for span in spans.take_while(|span| span.opens <= until).take(SPANS_MAX) {
                let is_longer = longer.last().is_none_or(|known| length(&span) > length(known));
                if span.opens > self.now && is_longer {
                    longer.push(span);
                }
            }
            longer
        });
        let found = longer.iter().find(|span| length(span) >= least).copied();
        found.ok_or_else(|| longer.last().map(length))
    }

    /// A time as the policy's owner reads it.
    pub fn zoned(&self, at: Time) -> ZonedTime {
        ZonedTime::new(at, self.policy.schedule.zone())
    }
}
