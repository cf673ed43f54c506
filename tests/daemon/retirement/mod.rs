//! Retirements from AWS's notice to the proof: AWS Health, the queue, the loop, Amazon ECS.

mod delivery;
mod flood;
mod hostile;
mod observed;
mod satisfied;
mod scope;
mod windows;

use std::collections::BTreeSet;
use std::time::Duration;

use ecs_refresh::clock::{Clock, Time};
use ecs_refresh::metrics::Label;
use ecs_refresh::plan::ledger::{Cause, Outcome};
use ecs_refresh::plan::notice::{Retirement, TaskSample};
use ecs_refresh::plan::policy::{Policies, Policy};
use ecs_refresh::plan::schedule::{CronWindow, Freeze, Schedule, Windows};
use ecs_refresh::plan::verdict::RetirementAhead;
use ecs_refresh::simulator::{HealthNotice, ServiceSpec, Simulator};

use chrono_tz::Tz;

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, QUEUE, Setup, clock, policies, selector, service, simulator,
    unchecked, updates, weekly,
};

pub fn at(time: &str) -> Time {
    time.parse().unwrap()
}

/// A policy for services by their names whose windows last two hours. Age makes nothing due.
pub fn policy(name: &str, names: &[&str], cron: &str) -> Policy {
    frozen(name, names, cron, Vec::new())
}

/// The same, with freezes.
pub fn frozen(name: &str, names: &[&str], cron: &str, freezes: Vec<Freeze>) -> Policy {
    let window = CronWindow::new(cron, 2 * HOUR).unwrap();
    Policy {
        name: name.into(),
        selector: selector(&["prd"], names),
        schedule: Schedule::new(Tz::UTC, Windows::Cron(vec![window]), freezes).unwrap(),
        max_task_age: None,
        concurrency: 5,
        ..unchecked(weekly())
    }
}

/// Every night from three to five.
pub fn nightly() -> Policy {
    policy("nightly", &["*"], "0 3 * * *")
}

/// The night of the 15th.
pub fn monthly() -> Policy {
    policy("monthly", &["*"], "0 3 15 * *")
}

/// `prd/NAME`, two tasks that are a day old.
pub fn two_tasks(name: &str) -> ServiceSpec {
    ServiceSpec::new("prd", name).desired(2)
}

/// A daemon that listens, the account that it listens to, and what happens in both.
pub struct Run {
    pub sim: Simulator,
    pub daemon: Daemon,
}

/// An account with an empty queue.
pub fn account(services: impl IntoIterator<Item = ServiceSpec>) -> (Simulator, Clock) {
    let clock = clock();
    let sim = simulator(&clock);
    sim.create_queue(QUEUE);
    services.into_iter().for_each(|service| drop(sim.add_service(service)));
    (sim, clock)
}

/// A daemon that has looked at the services for an hour, and does so once an hour.
pub async fn listening(services: impl IntoIterator<Item = ServiceSpec>, policies: Policies) -> Run {
    started(services, hourly(policies)).await
}

pub fn hourly(policies: Policies) -> Setup {
    Setup::new(policies).resync(HOUR).listening()
}

/// The same, set up in another way.
pub async fn started(services: impl IntoIterator<Item = ServiceSpec>, setup: Setup) -> Run {
    let (sim, clock) = account(services);
    let daemon = setup.start(&sim, &clock).await;
    let mut run = Run { sim, daemon };
    run.daemon.run_quietly(HOUR).await;
    run
}

/// One policy, every night, for one service with two tasks.
pub async fn api_by_night() -> Run {
    listening([two_tasks("api")], policies([nightly()])).await
}

impl Run {
    /// A notice about services in `prd`, published now and not delivered yet.
    pub fn notice(&self, names: &[&str], ahead: Duration) -> HealthNotice {
        let notice = self.sim.notice((self.daemon.clock.now() + ahead).into());
        names.iter().fold(notice, |notice, name| notice.service("prd", name))
    }

    /// AWS announces that it will retire the tasks that services have now, means it, and some minutes
    /// pass.
    pub async fn retire(&mut self, names: &[&str], ahead: Duration) -> HealthNotice {
        for name in names {
            self.sim.retire_tasks("prd", name, (self.daemon.clock.now() + ahead).into());
        }
        let notice = self.notice(names, ahead);
        self.deliver(&notice).await;
        notice
    }

    /// Puts a notice into the queue, and some minutes pass.
    pub async fn deliver(&mut self, notice: &HealthNotice) {
        self.sim.publish_notice(QUEUE, notice);
        self.daemon.run_for(5 * MINUTE).await;
    }

    /// Lets time pass until an instant, with nothing sent to the queue.
    pub async fn until(&mut self, time: &str) {
        let left = (at(time) - self.daemon.clock.now()).to_std().unwrap();
        self.daemon.run_quietly(left).await;
    }

    /// How the notices that name a service stand, by their deadlines.
    pub fn states(&self, name: &str) -> Vec<&'static str> {
        states(&self.daemon, name)
    }

    /// The daemon's calls about a service that started something, as times.
    pub fn starts(&self, name: &str) -> Vec<Time> {
        starts(&self.sim, name)
    }

    /// What is remembered of retirements of a service.
    pub fn retirements(&self, name: &str) -> &[Retirement] {
        let record = self.daemon.reconciler.record(&service(name));
        record.map_or(&[], |record| &record.retirements)
    }

    /// What the verdict says of a retirement ahead.
    pub fn ahead(&self, name: &str) -> Option<&RetirementAhead> {
        self.daemon.reconciler.plan().verdict(&service(name))?.retirement.as_deref()
    }

    /// The ids of the tasks that the service has now.
    pub fn tasks(&self, name: &str) -> BTreeSet<String> {
        self.sim.service("prd", name).active_tasks().map(|task| task.id.clone()).collect()
    }

    /// One refresh of the service because of a retirement, in the two hours from `opened` on, that
    /// was proven. No other was started.
    pub fn assert_refreshed_once(&self, name: &str, opened: &str) {
        let starts = self.starts(name);
        assert_eq!(starts.len(), 1, "{name}: {starts:?}, {}", self.daemon.says(name));
        self.assert_proven(name, opened);
    }

    /// The last refresh of the service was because of a retirement, began in the two hours from
    /// `opened` on, and was proven.
    pub fn assert_proven(&self, name: &str, opened: &str) {
        let (sent, opened) = (*self.starts(name).last().unwrap(), at(opened));
        assert!(opened <= sent && sent < opened + 2 * HOUR, "{name} was sent at {sent}");
        let ended = self.daemon.ended(name);
        assert_eq!(ended.outcome, Outcome::Succeeded, "{name}: {}", ended.diagnosis);
        assert_eq!(ended.attempt.cause, Cause::Retirement, "{name}");
    }
}

/// How the notices that name a service stand, by their deadlines.
pub fn states(daemon: &Daemon, name: &str) -> Vec<&'static str> {
    let plan = daemon.reconciler.plan();
    let mut notices: Vec<_> = plan.notices.iter().collect();
    notices.sort_by_key(|notice| notice.deadline);
    let named = notices.iter().flat_map(|notice| &notice.services);
    named.filter(|one| one.service == service(name)).map(|one| one.state.label()).collect()
}

pub fn starts(sim: &Simulator, name: &str) -> Vec<Time> {
    let about = format!("prd/{name}");
    let calls = updates(sim).into_iter().filter(|call| call.resources == [about.clone()]);
    calls.map(|call| Time::from(call.at)).collect()
}

/// The ids in a sample.
pub fn ids(sample: &TaskSample) -> BTreeSet<String> {
    sample.tasks.iter().map(|(id, _)| id.to_string()).collect()
}

/// Two weeks, the longest that AWS waits.
pub const FORTNIGHT: Duration = Duration::from_secs(14 * DAY.as_secs());
