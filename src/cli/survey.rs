//! Reading what services refer to, for the commands that print and change nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::io::IsTerminal;

use crate::aws::{Ecs, Priority, Surveyor};
use crate::clock::Clock;
use crate::plan::deadline::wants_of;
use crate::plan::fleet::Fleet;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::Ledger;
use crate::plan::policy::Policies;
use crate::plan::preflight::{Report, report};
use crate::plan::surroundings::Want;
use crate::plan::words::count;
use crate::plan::{Plan, plan};

/// Of so many services that are due it is asked how long their rollouts take. More would keep people
/// waiting, and the daemon asks when it is about to start one.
const DEADLINES_MAX: usize = 50;

/// What one answer names is asked for in the next pass: a task definition names images, and images their
/// repositories. A fleet of some dozens of services is read in so many.
const PASSES_MAX: usize = 6;

/// Enough for a fleet of ten thousand services.
const ALL_PASSES_MAX: usize = 1_000;

/// How much is read.
#[derive(Clone, Copy)]
pub struct Survey<'a> {
    asked: Option<&'a dyn Fn(&ServiceKey) -> bool>,
    passes_max: usize,
}

/// That reading ended before everything was read.
pub struct Unread(usize);

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let services = count(self.0 as u64, "service");
        write!(
            f,
            "not all that the checks of {services} rest on was read; `ecs-refresh preflight` takes the \
             time for it"
        )
    }
}

impl<'a> Survey<'a> {
    /// As much as is read while somebody waits for the plan.
    pub fn brief() -> Self {
        Self { asked: None, passes_max: PASSES_MAX }
    }

    /// All that the checks rest on: of the services that are `asked` about, or else of all that are due
    /// within days.
    pub fn complete(asked: Option<&'a dyn Fn(&ServiceKey) -> bool>) -> Self {
        Self { asked, passes_max: ALL_PASSES_MAX }
    }

    /// What the checks say.
    pub fn report(
        &self,
        policies: &Policies,
        fleet: &Fleet,
        ledger: &Ledger,
        plan: &Plan,
    ) -> Report {
        report(policies, fleet, ledger, plan, self.asked)
    }

    /// Reads pass by pass, and says on a terminal how far it is.
    pub async fn read(
        &self,
        policies: &Policies,
        ecs: Ecs,
        fleet: &mut Fleet,
        ledger: &Ledger,
        clock: &Clock,
    ) -> Option<Unread> {
        let surveyor = Surveyor::new(ecs);
        let begun_at = clock.now();
        for pass in 0.. {
            let made = plan(policies, fleet, ledger, clock.now());
            let report = self.report(policies, fleet, ledger, &made);
            let services = report.services.len();
            let mut wants = self.wants(pass, policies, fleet, made, report);
            // What is good for a minute only is read once all the same.
            let known = fleet.surroundings();
            wants.retain(|want| known.read_at(want).is_none_or(|read_at| read_at < begun_at));
            if wants.is_empty() {
                return None;
            }
            if pass == self.passes_max {
                return Some(Unread(services));
            }
            if pass > 0 && std::io::stderr().is_terminal() {
                eprintln!("reading what services refer to, pass {}: {}", pass + 1, wants.len());
            }
            let read = surveyor.survey(&wants, Priority::Urgent).await;
            fleet.absorb_surroundings(read, clock.now());
        }
        None
    }

    fn wants(
        &self,
        pass: usize,
        policies: &Policies,
        fleet: &Fleet,
        made: Plan,
        report: Report,
    ) -> BTreeSet<Want> {
        let mut wants = report.wants;
        // Whether CodeDeploy can refresh what is due, and how long it takes; both are asked for once.
        if pass == 0 && self.asked.is_none() {
            wants.extend(wants_of(&made, policies, fleet, DEADLINES_MAX));
            wants.extend(made.wants);
        }
        wants
    }
}
