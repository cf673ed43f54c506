//! Reading what services refer to: one pass at a time, of all that the plan wants to know.

use super::Reconciler;
use super::event::Event;
use crate::metrics::Label;
use crate::plan::fleet::Problem;
use crate::plan::surroundings::Surroundings;

impl Reconciler {
    /// Begins to read what the plan wants to know, unless that is under way.
    pub(super) fn begin_survey(&mut self) {
        if self.surveying || self.plan.wants.is_empty() {
            return;
        }
        self.surveying = true;
        let (surveyor, plan) = (self.surveyor.clone(), self.plan.clone());
        self.tasks
            .spawn(async move { Event::Surveyed(Box::new(surveyor.survey(&plan.wants).await)) });
    }

    pub(super) fn apply_surveyed(&mut self, read: Surroundings) {
        let now = self.now();
        self.surveying = false;
        self.progress.made(now);
        self.report_surroundings(&read);
        self.fleet.absorb_surroundings(read, now);
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
