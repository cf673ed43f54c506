//! The course of a deployment: its lifecycle events and where it stands among them.
//!
//! It knows neither task sets nor other deployments: it says what is to be done next. Source: AWS
//! CodeDeploy User Guide, "AppSpec 'hooks' section", run order for Amazon ECS deployments.

use std::collections::BTreeMap;
use std::time::Duration;

use super::app_spec::AppSpec;
use super::spec::LifecycleHook;
use super::traffic::Shift;
use crate::simulator::moment::Moment;

/// A deployment is Created this long before it is InProgress.
pub(crate) const CREATED_FOR: Duration = Duration::from_secs(1);
/// An event in which nothing is waited for takes this long.
pub(crate) const EVENT_TIME: Duration = Duration::from_secs(1);
/// "The deployment timed out while waiting for the replacement task set to become healthy. This
/// time out period is 60 minutes."
pub(crate) const INSTALL_LIMIT: Duration = Duration::from_secs(3600);
/// A function that does not answer within one hour has failed.
const HOOK_LIMIT: Duration = Duration::from_secs(3600);
/// What happens on the way back to the old task set takes this long.
pub(crate) const ROLLBACK_TIME: Duration = Duration::from_secs(10);

/// The events in their order; the two about test traffic only where there is a test listener.
const EVENTS: &[&str] = &[
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "AllowTestTraffic",
    "AfterAllowTestTraffic",
    "BeforeAllowTraffic",
    "AllowTraffic",
    "AfterAllowTraffic",
];

/// Where a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Created,
    /// In the event of this index.
    Event(usize),
    /// Ready, until somebody lets it go on.
    ReadyWait,
    /// All traffic has shifted, and the old task set is kept.
    TerminationWait,
    /// The old task set was deleted.
    Terminating,
    /// On its way back to the old task set.
    Returning,
    Over,
}

/// `status` of a lifecycle event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    Skipped,
}

impl EventStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            EventStatus::Pending => "Pending",
            EventStatus::InProgress => "InProgress",
            EventStatus::Succeeded => "Succeeded",
            EventStatus::Failed => "Failed",
            EventStatus::Skipped => "Skipped",
        }
    }
}

/// A lifecycle event of one deployment.
#[derive(Debug, Clone)]
pub(crate) struct LifecycleEvent {
    pub(crate) name: &'static str,
    pub(crate) status: EventStatus,
    pub(crate) started_at: Option<Moment>,
    pub(crate) ended_at: Option<Moment>,
    /// The function that it calls.
    pub(crate) function: Option<String>,
    /// How long it takes, and whether it fails then.
    takes: Duration,
    pub(crate) fails: bool,
}

/// The course of one deployment.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) stage: Stage,
    /// When the stage is over, or over its limit.
    pub(crate) until: Moment,
    pub(crate) entered_at: Moment,
    pub(crate) events: Vec<LifecycleEvent>,
    /// What is deployed; one that only goes back deploys nothing.
    pub(crate) spec: Option<AppSpec>,
    /// The index of the service, and the digits of its two task sets.
    pub(crate) service: usize,
    pub(crate) blue: Option<u64>,
    pub(crate) green: Option<u64>,
    /// The percentage of the traffic that the new task set takes.
    pub(crate) green_weight: f64,
    pub(crate) shifts: Vec<Shift>,
    pub(crate) shifted: usize,
    /// Whether the wait for the end of the old task set has begun.
    pub(crate) termination_began: bool,
}

impl Course {
    /// A course to a new task set.
    pub(crate) fn forward(
        service: usize,
        spec: Option<AppSpec>,
        shifts: Vec<Shift>,
        test_listener: bool,
        functions: &BTreeMap<String, LifecycleHook>,
        now: Moment,
    ) -> Self {
        let names = EVENTS.iter().filter(|name| test_listener || !name.contains("TestTraffic"));
        let called = |name: &str| spec.as_ref().and_then(|spec| spec.hooks.get(name)).cloned();
        let events = names.map(|name| LifecycleEvent::planned(name, called(name), functions));
        Course {
            events: events.collect(),
            spec: spec.clone(),
            shifts,
            ..Course::empty(service, Stage::Created, now + CREATED_FOR, now)
        }
    }

    /// A course back to the old task set, which nothing but traffic has left.
    pub(crate) fn back(course: &Course, now: Moment) -> Self {
        let event = LifecycleEvent::planned("AllowTraffic", None, &BTreeMap::new());
        Course {
            events: vec![event],
            blue: course.blue,
            green: course.green,
            green_weight: course.green_weight,
            ..Course::empty(course.service, Stage::Created, now + CREATED_FOR, now)
        }
    }

    /// A course that was over before anybody looked.
    pub(crate) fn past(service: usize, green: u64, from: Moment, to: Moment) -> Self {
        let mut course = Course::forward(service, None, Vec::new(), false, &BTreeMap::new(), from);
        for event in &mut course.events {
            event.status = EventStatus::Succeeded;
            (event.started_at, event.ended_at) = (Some(from), Some(to));
        }
        let over = Course::empty(service, Stage::Over, to, to);
        Course {
            events: course.events,
            green: Some(green),
            green_weight: 100.0,
            termination_began: true,
            ..over
        }
    }

    fn empty(service: usize, stage: Stage, until: Moment, now: Moment) -> Self {
        Course {
            stage,
            until,
            entered_at: now,
            events: Vec::new(),
            spec: None,
            service,
            blue: None,
            green: None,
            green_weight: 0.0,
            shifts: Vec::new(),
            shifted: 0,
            termination_began: false,
        }
    }

    /// Enters a stage that lasts, or may last, until an instant.
    pub(crate) fn enter(&mut self, stage: Stage, until: Moment, now: Moment) {
        (self.stage, self.until, self.entered_at) = (stage, until, now);
    }

    /// Enters an event.
    pub(crate) fn begin_event(&mut self, index: usize, now: Moment) {
        let Some(event) = self.events.get_mut(index) else { return };
        event.status = EventStatus::InProgress;
        event.started_at = Some(now);
        let until = now + event.takes;
        self.enter(Stage::Event(index), until, now);
    }

    /// The event that it is in.
    pub(crate) fn event(&self) -> Option<&LifecycleEvent> {
        match self.stage {
            Stage::Event(index) => self.events.get(index),
            _ => None,
        }
    }

    /// Ends the event that it is in.
    pub(crate) fn end_event(&mut self, status: EventStatus, now: Moment) {
        if let Stage::Event(index) = self.stage
            && let Some(event) = self.events.get_mut(index)
        {
            event.status = status;
            event.ended_at = Some(now);
        }
    }

    /// Nothing more comes. What did not begin is skipped.
    pub(crate) fn finish(&mut self, now: Moment) {
        let pending = |event: &&mut LifecycleEvent| event.status == EventStatus::Pending;
        for event in self.events.iter_mut().filter(pending) {
            event.status = EventStatus::Skipped;
        }
        self.enter(Stage::Over, now, now);
    }

    /// The index of the event with a name.
    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        self.events.iter().position(|event| event.name == name)
    }
}

impl LifecycleEvent {
    /// Functions of which nothing is known behave like a plain one.
    fn planned(
        name: &'static str,
        function: Option<String>,
        functions: &BTreeMap<String, LifecycleHook>,
    ) -> Self {
        let plain = LifecycleHook::at(name);
        let behaviour = functions.get(name).unwrap_or(&plain);
        let answers = behaviour.answers_after.filter(|span| *span <= HOOK_LIMIT);
        let (takes, fails) = match (&function, name) {
            (None, "Install") => (INSTALL_LIMIT, false),
            (None, _) => (EVENT_TIME, false),
            (Some(_), _) => (answers.unwrap_or(HOOK_LIMIT), behaviour.fails || answers.is_none()),
        };
        LifecycleEvent {
            name,
            status: EventStatus::Pending,
            started_at: None,
            ended_at: None,
            function,
            takes,
            fails,
        }
    }
}
