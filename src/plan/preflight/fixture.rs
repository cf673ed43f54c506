//! One service before its refresh, as the checks see it. Times are ages before [`NOW`].

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Action, Check, Found, Grade, Name, Subject};
use crate::clock::Time;
use crate::plan::fleet::{Fleet, Problem, ProblemClass, Service};
use crate::plan::ledger::Ledger;
use crate::plan::policy::{Limits, Policies};
use crate::plan::standing::Standing;
use crate::plan::surroundings::{Known, Surroundings, TargetGroup, TaskDefinition, Tier, Want};
use crate::plan::tests::fixture::{NOW, PolicyBuilder, ServiceBuilder, at, delta, nightly, span};

/// The ARN of the target group `name`.
pub fn group_arn(name: &str) -> String {
    format!("arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/{name}/1")
}

/// An answer of a second ago.
pub fn known<T>(value: T) -> Known<T> {
    Known { read_at: at(NOW) - delta("1s"), value: Ok(value) }
}

/// A call that was denied a second ago.
pub fn denied<T>(operation: &str) -> Known<T> {
    failed(operation, ProblemClass::Denied)
}

/// A call that failed so a second ago.
pub fn failed<T>(operation: &str, class: ProblemClass) -> Known<T> {
    let read_at = at(NOW) - delta("1s");
    let message = "not today".to_owned();
    let problem = Problem { operation: operation.to_owned(), class, message, at: read_at };
    Known { read_at, value: Err(problem) }
}

/// That service under `nightly`, ten minutes after its window opened and 1h 50m before it closes. All
/// checks are made, and nothing was read but the service.
pub fn a_case(service: ServiceBuilder) -> Case {
    Case {
        policy: nightly().checked(),
        service: described(&service, at(NOW)),
        known: Surroundings::default(),
        tier: Tier::Start,
        in_window: true,
        took: None,
        despite: BTreeSet::new(),
        now: at(NOW),
    }
}

fn described(service: &ServiceBuilder, now: Time) -> Service {
    let mut fleet = Fleet::default();
    for look in service.looks(now) {
        fleet.absorb_service(look);
    }
    fleet.service(&service.key()).unwrap().clone()
}

#[derive(Clone, Debug)]
pub struct Case {
    pub policy: PolicyBuilder,
    pub service: Service,
    pub known: Surroundings,
    pub tier: Tier,
    pub in_window: bool,
    pub took: Option<Duration>,
    pub despite: BTreeSet<Name>,
    pub now: Time,
}

impl Case {
    pub fn policy(mut self, policy: PolicyBuilder) -> Self {
        self.policy = policy;
        self
    }

    pub fn action(mut self, name: Name, action: Action) -> Self {
        self.policy = self.policy.preflight(name, action);
        self
    }

    /// What was read.
    pub fn knowing(mut self, read: impl FnOnce(&mut Surroundings)) -> Self {
        read(&mut self.known);
        self
    }

    /// What its task definition says.
    pub fn definition(self, definition: TaskDefinition) -> Self {
        self.knowing(|read| {
            read.task_definitions.insert("app:7".into(), known(definition));
        })
    }

    /// What a target group says.
    pub fn group(self, name: &str, group: TargetGroup) -> Self {
        self.knowing(|read| {
            read.target_groups.insert(group_arn(name).into(), known(group));
        })
    }

    /// What ECS says of it otherwise.
    pub fn with(mut self, change: impl FnOnce(&mut Service)) -> Self {
        change(&mut self.service);
        self
    }

    pub fn ahead(mut self) -> Self {
        self.tier = Tier::Ahead;
        self
    }

    /// Windows do not matter.
    pub fn outside(mut self) -> Self {
        self.in_window = false;
        self
    }

    pub fn took(mut self, took: &str) -> Self {
        self.took = Some(span(took));
        self
    }

    pub fn now(mut self, now: &str) -> Self {
        self.now = at(now);
        self
    }

    fn ask<T>(&self, ask: impl FnOnce(&Subject<'_>) -> T) -> T {
        let policies = Policies {
            policies: vec![self.policy.clone().build()],
            limits: Limits { max_in_flight: 20, max_tasks_in_flight: 500 },
            dry_run: false,
            by_hand: None,
        };
        let standings = Standing::of_all(&policies, &Ledger::default(), self.now);
        ask(&Subject {
            service: &self.service,
            description: self.service.description.as_ref().unwrap(),
            standing: &standings[0],
            known: &self.known,
            tier: self.tier,
            in_window: self.in_window,
            took: self.took,
            despite: &self.despite,
            now: self.now,
        })
    }

    pub fn found(&self, name: Name) -> Found {
        self.ask(|subject| subject.find(name))
    }

    pub fn check(&self, name: Name) -> Check {
        self.ask(|subject| subject.check(name))
    }

    pub fn held(&self) -> Option<Check> {
        self.ask(|subject| subject.held(true))
    }

    pub fn wants_of(&self, name: Name) -> BTreeSet<Want> {
        self.ask(|subject| subject.wants_of(name))
    }

    pub fn wants(&self) -> BTreeSet<Want> {
        self.ask(|subject| subject.wants())
    }

    /// What a check found, as one line: `bad: sentence; hint`, and `until` when it says so.
    pub fn says(&self, name: Name) -> String {
        let found = self.found(name);
        let grade = match found.grade {
            Grade::Fine => "fine",
            Grade::Unknown => "unknown",
            Grade::Notable => "notable",
            Grade::Bad => "bad",
        };
        let mut line = format!("{grade}: {}", found.sentence);
        if let Some(until) = found.until {
            line.push_str(&format!(", until {until}"));
        }
        found.hint.iter().for_each(|hint| line.push_str(&format!(" | {hint}")));
        line
    }
}
