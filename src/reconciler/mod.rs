//! Observe, plan, execute, for ever.
//!
//! The loop accepts no input but facts: whatever woke it, it takes in what was observed and lets
//! `plan` decide from the whole cached fleet, the ledger, the policies and the time. It owns the
//! order of effects and is the only writer of the ledger. It never branches on why it was woken.
//!
//! Looks and steps are owned tasks. At most one look is under way per scope and at most one step
//! per service; a slow one blocks nobody.

mod announce;
mod apply;
mod clusters;
mod event;
mod execute;
mod holds;
mod intake;
mod leading;
mod lifecycle;
mod mapping;
pub mod metrics;
mod observe;
mod queue;
mod remembered;
mod report;
mod risks;
pub mod status;
mod surroundings;
mod touched;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

pub use clusters::statuses;
pub use event::{Event, Receipt, Reload, Trigger};
pub use execute::Effects;
pub use observe::{ClustersSeen, find_clusters};
pub use remembered::load;

use self::clusters::Clusters;
use self::execute::Permit;
use self::holds::Holds;
use self::leading::Role;
use self::mapping::Mapping;
use self::metrics::Outcomes;
use self::queue::Queue;
use self::risks::Risks;
use self::status::{Readiness, Status};
use crate::announce::Announcer;
use crate::aws::{Observer, Surveyor};
use crate::clock::Time;
use crate::lease::View;
use crate::plan::fleet::{Fleet, Problem, ProblemClass};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::Notices;
use crate::plan::policy::Policies;
use crate::plan::preflight::Report;
use crate::plan::step::Depth;
use crate::plan::{Plan, plan};
use crate::progress::Progress;

/// The loop sleeps no longer than this, so that a wall clock that is set is noticed.
const SLEEP_MAX: Duration = Duration::from_secs(60);

/// A step that the store did not take is tried again after this.
const STORE_PAUSE: chrono::TimeDelta = chrono::TimeDelta::seconds(5);

/// Everything that the loop needs from outside.
#[derive(Debug)]
pub struct Parts {
    pub policies: Policies,
    /// The longest time between two looks at a cluster, where the API budget allows.
    pub resync: Duration,
    pub effects: Effects,
    pub observer: Arc<Observer>,
    pub surveyor: Surveyor,
    /// What was remembered. Where a lease says who acts, it is read again by whoever begins to.
    pub ledger: Ledger,
    /// The service that this daemon runs as.
    pub own: Option<ServiceKey>,
    pub outcomes: Outcomes,
    /// Where outcomes are announced.
    pub announcer: Announcer,
    pub progress: Progress,
    pub status: watch::Sender<Status>,
}

/// The loop and all that it knows.
#[derive(Debug)]
pub struct Reconciler {
    policies: Arc<Policies>,
    /// As configured; a replica that does not act looks more rarely.
    configured_resync: Duration,
    resync: Duration,
    /// As configured.
    api_share: f64,
    role: Role,
    view: watch::Receiver<View>,
    effects: Effects,
    observer: Arc<Observer>,
    surveyor: Surveyor,
    /// Whether a pass over what services refer to is under way.
    surveying: bool,
    /// What the checks say of what is due within days, and when they were last made.
    preflight: Arc<Report>,
    checked_at: Option<Time>,
    /// What could not be read in it, as far as that was said already.
    unsurveyed: BTreeSet<(String, ProblemClass)>,
    outcomes: Outcomes,
    announcer: Announcer,
    holds: Holds,
    risks: Risks,
    progress: Progress,
    status: watch::Sender<Status>,
    fleet: Fleet,
    ledger: Ledger,
    plan: Arc<Plan>,
    queue: Queue,
    /// Services with a step under way.
    stepping: BTreeSet<ServiceKey>,
    /// Services whose next step waits for the store to recover.
    postponed: BTreeMap<ServiceKey, Time>,
    tasks: JoinSet<Event>,
    clusters: Clusters,
    /// What is wrong with reading the queue of events.
    queue_problem: Option<Problem>,
    mapping: Mapping,
    /// Policies that own no service, as far as was said already.
    empty_policies: BTreeSet<Arc<str>>,
    config_valid: bool,
    last_look_at: Option<Time>,
    /// For starts planned under the configuration that is in force.
    permit: Permit,
    draining: bool,
}

/// Why the loop ended without being told to.
#[derive(Debug, thiserror::Error)]
pub enum LoopError {
    /// A task of the loop panicked: a mistake in this program.
    #[error("a part of the reconciler ended unexpectedly; please report this: {0}")]
    TaskEnded(String),
}

impl Reconciler {
    /// A loop that has not looked at anything yet.
    pub fn new(parts: Parts) -> Self {
        let now = parts.effects.clock.now();
        let mut fleet = Fleet::default();
        fleet.set_own(parts.own, parts.effects.leadership.is_elected());
        parts.outcomes.ensure_policies(&parts.policies);
        let mut view = parts.effects.leadership.watch();
        let role = Role::new(&view.borrow_and_update());
        let permit = match role.leads() {
            true => Permit::granted(&parts.effects.leadership),
            false => Permit::refused(&parts.effects.leadership),
        };
        let mut reconciler = Self {
            policies: Arc::new(parts.policies),
            configured_resync: parts.resync,
            resync: parts.resync,
            api_share: parts.effects.ecs.api_share(),
            role,
            view,
            effects: parts.effects,
            observer: parts.observer,
            surveyor: parts.surveyor,
            surveying: false,
            preflight: Arc::default(),
            checked_at: None,
            unsurveyed: BTreeSet::new(),
            outcomes: parts.outcomes,
            announcer: parts.announcer,
            holds: Holds::default(),
            risks: Risks::default(),
            progress: parts.progress,
            status: parts.status,
            fleet,
            ledger: parts.ledger,
            plan: Arc::new(Plan::empty(now)),
            queue: Queue::default(),
            stepping: BTreeSet::new(),
            postponed: BTreeMap::new(),
            tasks: JoinSet::new(),
            clusters: Clusters::default(),
            queue_problem: None,
            mapping: Mapping::default(),
            empty_policies: BTreeSet::new(),
            config_valid: true,
            last_look_at: None,
            permit,
            draining: false,
        };
        reconciler.set_pace();
        reconciler.mute();
        reconciler
    }

    /// Watches every cluster that the policies select.
    pub fn watch_clusters(&mut self) {
        self.queue.list_clusters_at(self.now());
    }

    /// Looks at one service as soon as possible, tasks and all.
    pub fn watch_service(&mut self, service: ServiceKey) {
        self.queue.wake(service, Depth::Tasks, self.now());
    }

    /// The newest plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// What is remembered of one service.
    pub fn record(&self, service: &ServiceKey) -> Option<&Record> {
        self.ledger.records.get(service)
    }

    /// What AWS says about retirements.
    pub fn notices(&self) -> &Notices {
        &self.ledger.notices
    }

    /// What was seen of the fleet.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Takes in one event, makes the plan anew and starts what it asks for.
    pub fn take(&mut self, event: Event) {
        self.apply(event);
        self.turn();
    }

    /// Plans until nothing new is to be started, then shows the plan and takes the looks that are
    /// due.
    pub fn turn(&mut self) {
        self.notice_clock();
        self.notice_others();
        loop {
            let now = self.now();
            let plan = plan(&self.policies, &self.fleet, &self.ledger, now);
            // Who does not act does not know the ledger, and would say what is not so.
            if self.role.acts() {
                self.report(&plan);
                self.report_risks(&plan);
                self.announce_holds(&plan);
            }
            self.plan = Arc::new(plan);
            if !self.role.acts() || !self.begin_steps(now) {
                break;
            }
        }
        if self.role.acts() {
            self.queue.plan_looks(&self.plan.looks);
            self.check_ahead();
        }
        self.report_empty_policies();
        self.publish();
        if !self.draining {
            self.begin_looks();
            self.begin_loading();
        }
        if !self.draining && self.role.acts() {
            self.begin_mapping();
            self.begin_survey();
        }
    }

    /// The next event: something from outside, something that has ended, or the time.
    ///
    /// # Errors
    /// When a task of the loop panicked.
    pub async fn next(
        &mut self,
        triggers: &mut mpsc::Receiver<Trigger>,
    ) -> Result<Event, LoopError> {
        let sleep = self.until_due();
        tokio::select! {
            biased;
            Ok(()) = self.view.changed() => Ok(Event::Lease(self.view.borrow_and_update().clone())),
            Some(trigger) = triggers.recv() => Ok(Event::Trigger(trigger)),
            Some(ended) = self.tasks.join_next() => {
                ended.map_err(|error| LoopError::TaskEnded(error.to_string()))
            }
            () = tokio::time::sleep(sleep) => Ok(Event::Due),
        }
    }

    /// How long nothing falls due.
    fn until_due(&self) -> Duration {
        let now = self.now();
        let postponed = self.postponed.values().min().copied();
        let wake_at = self.plan.wake_at.filter(|_| self.role.acts());
        let looks = self.queue.next_at().filter(|_| !self.draining);
        let due = [looks, wake_at, postponed, self.role.next_at()];
        due.into_iter()
            .flatten()
            .min()
            .map_or(SLEEP_MAX, |at| (at - now).to_std().unwrap_or(Duration::ZERO))
            .min(SLEEP_MAX)
            .min(self.configured_resync)
    }

    fn now(&self) -> Time {
        self.effects.clock.now()
    }

    fn readiness(&self) -> Readiness {
        Readiness {
            configuration: true,
            store: true,
            first_look: self.clusters.all_looked_at(&self.fleet),
            why: self.why_not_ready(),
            events: self.queue_problem.as_ref().map(ToString::to_string),
        }
    }

    /// The first thing that is wrong with the observation as a whole.
    fn why_not_ready(&self) -> Option<String> {
        let looks = self.fleet.clusters().filter_map(|(cluster, view)| {
            view.problem.as_ref().map(|problem| format!("cluster {cluster}: {problem}"))
        });
        self.clusters.problems().into_iter().chain(looks).next()
    }
}
