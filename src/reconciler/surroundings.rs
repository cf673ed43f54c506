//! Reading what services refer to: one pass at a time, of all that the plan wants to know.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use super::Reconciler;
use super::event::Event;
use crate::aws::Priority;
use crate::metrics::Label;
use crate::plan::fleet::Problem;
use crate::plan::preflight::{Check, Name, Outcome, Preflight, Report, report};
use crate::plan::surroundings::Surroundings;
use crate::plan::verdict::Reason;
use crate::plan::words::count;

/// What is due within days is checked anew after this, at the latest.
const CHECK_PERIOD: TimeDelta = TimeDelta::seconds(10);

/// So many services are named at a time of which a check says the same.
const TOLD_MAX: usize = 10;

impl Reconciler {
    /// Begins to read what the plan wants to know, unless that is under way.
    pub(super) fn begin_survey(&mut self) {
        if self.surveying {
            return;
        }
        // What is about to start goes first; what is due within days has time.
        let (wants, priority) = match (&self.plan.wants, &self.preflight.wants) {
            (urgent, _) if !urgent.is_empty() => (urgent.clone(), Priority::Urgent),
            (_, ahead) if !ahead.is_empty() => (ahead.clone(), Priority::Look),
            _ => return,
        };
        self.surveying = true;
        let surveyor = self.surveyor.clone();
        self.tasks.spawn(async move {
            Event::Surveyed(Box::new(surveyor.survey(&wants, priority).await))
        });
    }

    /// Checks anew what is due within days: after everything that was read for it, and else once in a
    /// while, as the fleet and the time go on.
    pub(super) fn check_ahead(&mut self) {
        let now = self.now();
        let is_new = self.checked_at.is_some_and(|at| now >= at && now - at < CHECK_PERIOD);
        if is_new || self.policies.by_hand.is_some() {
            return;
        }
        self.checked_at = Some(now);
        let report = report(&self.policies, &self.fleet, &self.ledger, &self.plan, None);
        self.report_preflight(&report);
        self.preflight = Arc::new(report);
    }

    /// Logs what a check says of a service from now on, and did not before: of many services the first
    /// ones, as people stop reading what floods them.
    fn report_preflight(&self, report: &Report) {
        let mut told: BTreeMap<(Name, Outcome), usize> = BTreeMap::new();
        for (service, preflight) in &report.services {
            let before = self.preflight.of(service);
            let verdict = self.plan.verdict(service).map(|verdict| &verdict.reason);
            // What holds it now is told by its verdict.
            let holds = |check: &Check| matches!(verdict, Some(Reason::Preflight(by)) if by.name == check.name);
            let news = preflight.checks.iter().filter(|check| is_news(before, check));
            let news = news.filter(|check| !holds(check));
            for check in news {
                let told = told.entry((check.name, check.outcome)).or_default();
                *told += 1;
                if *told <= TOLD_MAX {
                    tracing::warn!(
                        %service,
                        policy = %preflight.policy,
                        check = check.name.name(),
                        result = check.outcome.label(),
                        "{service}: {}: {check}",
                        check.name.name()
                    );
                }
            }
        }
        for ((name, outcome), number) in told.iter().filter(|(_, number)| **number > TOLD_MAX) {
            tracing::warn!(
                check = name.name(),
                result = outcome.label(),
                "the same check says so of {} more; the API and `ecs-refresh preflight` name them",
                count((number - TOLD_MAX) as u64, "service")
            );
        }
    }

    pub(super) fn apply_surveyed(&mut self, read: Surroundings) {
        let now = self.now();
        self.surveying = false;
        self.progress.made(now);
        self.report_surroundings(&read);
        self.fleet.absorb_surroundings(read, now);
        self.checked_at = None;
    }

    /// Logs once what could not be read, until all that was asked for is answered again.
    fn report_surroundings(&mut self, read: &Surroundings) {
        let mut failed = read.problems().peekable();
        if failed.peek().is_none() {
            self.unsurveyed.clear();
        }
        for problem in failed {
            let Problem { operation, class, .. } = problem;
            if self.unsurveyed.insert((operation.clone(), *class)) {
                tracing::warn!(
                    class = class.label(),
                    "not all that services refer to could be read, and AWS's defaults are assumed \
                     for it: {problem}"
                );
            }
        }
    }
}

/// Whether a check says worse of a service than it did before.
fn is_news(before: Option<&Preflight>, check: &Check) -> bool {
    let known = before.and_then(|before| before.checks.iter().find(|k| k.name == check.name));
    check.outcome >= Outcome::Warn && known.is_none_or(|known| known.outcome < check.outcome)
}
