//! What would break, found before the refresh.
//!
//! A forced deployment resolves image tags anew, doubles the tasks for a while and drops the old ones.
//! Each check looks at one thing that can go wrong with that, and says what it found with a sentence and
//! a hint; what the policy makes of it decides whether the refresh starts. What could not be read is
//! never taken for bad, nor for good.
//!
//! Owns the decisions alone: what they rest on was read by others, and what is missing is asked for by
//! [`Want`].

mod alarms;
mod arn;
mod can_move;
mod check;
mod drain;
mod estimate;
mod fits_window;
#[cfg(test)]
mod fixture;
mod image;
mod in_plan;
mod name;
mod report;
mod room;
mod rule;
mod steady;
mod task_definition;
#[cfg(test)]
mod tests;
mod unread;
mod worst;

use std::collections::BTreeSet;

pub use check::{Check, Found, Grade, Outcome};
pub use image::selects;
pub use name::Name;
pub use report::{Preflight, Report, report};
pub use rule::{Action, PreflightRule};
pub use unread::iam_action;

pub(super) use in_plan::subject;

use super::fleet::{Description, Service};
use super::policy::Policy;
use super::standing::Standing;
use super::surroundings::{Surroundings, Tier, Want};
use crate::clock::Time;
use crate::metrics::Label;

/// What a check looks at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    pub service: &'a Service,
    pub description: &'a Description,
    pub standing: &'a Standing<'a>,
    pub known: &'a Surroundings,
    /// Why the service is looked at: what is about to start needs to be known better.
    pub tier: Tier,
    /// Whether windows matter for the start: not by hand, nor for a retirement that cannot wait.
    pub in_window: bool,
    /// How long its last proven refresh took, until production traffic had moved where that was seen.
    pub took: Option<std::time::Duration>,
    /// Checks that whoever asked for the refresh does not mind.
    pub despite: &'a BTreeSet<Name>,
    pub now: Time,
}

impl<'a> Subject<'a> {
    pub fn policy(&self) -> &'a Policy {
        self.standing.policy
    }

    /// Whether a reading may be asked for or waited for: what the policy does not want to know is
    /// neither.
    pub fn action(&self, name: Name) -> Action {
        match self.despite.contains(&name) {
            true => Action::Allow,
            false => self.policy().preflight.action(name),
        }
    }

    /// What came of one check.
    pub fn check(&self, name: Name) -> Check {
        let action = self.action(name);
        let found = match action {
            Action::Allow => Found::fine("not checked: allowed"),
            _ => self.find(name),
        };
        Check::new(name, action, found)
    }

    fn find(&self, name: Name) -> Found {
        match name {
            Name::TaskDefinition => task_definition::find(self),
            Name::ImageExists => image::exists::find(self),
            Name::ImageKept => image::kept::find(self),
            Name::ImageDrift => image::drift::find(self),
            Name::CanMove => can_move::find(self),
            Name::Drain => drain::find(self),
            Name::FitsWindow => fits_window::find(self),
            Name::Steady => steady::find(self),
            Name::Room => room::find(self),
            Name::Alarms => alarms::find(self),
        }
    }

    /// All checks, in the order in which they matter.
    pub fn checks(&self) -> Vec<Check> {
        Name::ALL.iter().map(|name| self.check(*name)).collect()
    }

    /// The first check that keeps the refresh from starting. What was never read is none of it: a start
    /// waits until it was.
    ///
    /// While it cannot start at all, what comes and goes by itself is none of it either.
    pub fn held(&self, can_start: bool) -> Option<Check> {
        Name::ALL.iter().find_map(|name| {
            let action = self.action(*name);
            let passing = matches!(name, Name::Steady | Name::Room | Name::Alarms);
            if !matches!(action, Action::Hold | Action::Require) || (passing && !can_start) {
                return None;
            }
            let found = self.find(*name);
            if found.grade == Grade::Unknown && self.awaits(*name) {
                return None;
            }
            let check = Check::new(*name, action, found);
            (check.outcome == Outcome::Hold).then_some(check)
        })
    }

    /// Whether something that a check rests on was never read, and is asked for before a start.
    fn awaits(&self, name: Name) -> bool {
        let known = |want: &Want| self.known.knows(want, self.tier, self.now);
        let read = |want: &Want| self.known.read_at(want).is_some();
        self.wants_of(name).iter().any(|want| !read(want) && !known(want))
    }

    /// What the checks rest on, known or not.
    pub fn wants(&self) -> BTreeSet<Want> {
        Name::ALL.iter().flat_map(|name| self.wants_of(*name)).collect()
    }

    /// What one check rests on, known or not.
    pub fn wants_of(&self, name: Name) -> BTreeSet<Want> {
        let mut wants = BTreeSet::new();
        if self.action(name) == Action::Allow {
            return wants;
        }
        match name {
            Name::TaskDefinition => task_definition::want(self, &mut wants),
            Name::ImageExists => image::exists::want(self, &mut wants),
            Name::ImageKept => image::kept::want(self, &mut wants),
            Name::ImageDrift => image::drift::want(self, &mut wants),
            Name::CanMove => {}
            Name::Drain => drain::want(self, &mut wants),
            Name::FitsWindow => fits_window::want(self, &mut wants),
            Name::Steady => steady::want(self, &mut wants),
            Name::Room => room::want(self, &mut wants),
            Name::Alarms => alarms::want(self, &mut wants),
        }
        wants
    }
}
