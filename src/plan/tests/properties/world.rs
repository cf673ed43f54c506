//! Random worlds: small, and made so that much in them is due.

use std::collections::BTreeSet;

use chrono::{TimeDelta, Timelike};
use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;

use crate::clock::Time;
use crate::plan::fleet::{
    Controller, Description, Fleet, Launch, ProblemClass, Reading, RolloutState, ServiceLook,
    Strategy as Rollout, TaskStatus,
};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Outcome};
use crate::plan::policy::Policies;
use crate::plan::tests::fixture::{
    AttemptBuilder, PolicyBuilder, Scenario, ServiceBuilder, a_service, an_attempt, policy,
    scenario, task_id,
};
use crate::plan::{Plan, plan};

#[derive(Clone, Debug)]
pub struct World {
    pub policies: Policies,
    pub fleet: Fleet,
    pub ledger: Ledger,
    pub now: Time,
    rules: Vec<Rules>,
}

/// What a policy was made of, to be checked in other ways than the planner does.
#[derive(Clone, Debug)]
struct Rules {
    name: String,
    names: Option<&'static str>,
    window: Window,
    /// From so long before now to so long after it.
    freeze: Option<(i64, i64)>,
}

#[derive(Clone, Copy, Debug)]
enum Window {
    Always,
    Nightly,
    Hourly,
}

impl World {
    pub fn plan(&self) -> Plan {
        plan(&self.policies, &self.fleet, &self.ledger, self.now)
    }

    pub fn is_open(&self, policy: &str) -> bool {
        let now = self.now;
        match self.rules(policy).window {
            Window::Always => true,
            Window::Nightly => (3..5).contains(&now.hour()),
            Window::Hourly => (15..35).contains(&now.minute()),
        }
    }

    pub fn is_frozen(&self, policy: &str) -> bool {
        self.rules(policy).freeze.is_some_and(|(before, after)| before >= 0 && after > 0)
    }

    fn rules(&self, policy: &str) -> &Rules {
        self.rules.iter().find(|rules| rules.name == policy).unwrap()
    }

    /// The services about which there must be a verdict.
    pub fn spoken_of(&self) -> BTreeSet<ServiceKey> {
        let by_hand = self.policies.by_hand.as_ref();
        let selected = self.fleet.services().filter(|service| {
            let description = service.description.as_ref();
            let selects = |rules: &Rules| {
                rules.names.is_none_or(|prefix| service.key.name().starts_with(prefix))
            };
            description.is_none_or(|seen| seen.launch == Launch::Fargate)
                && by_hand.is_none_or(|by_hand| by_hand.service == service.key)
                && self.rules.iter().any(selects)
        });
        let open = self.ledger.records.iter().filter(|(_, record)| record.open.is_some());
        selected
            .map(|service| service.key.clone())
            .chain(open.map(|(key, _)| key.clone()))
            .collect()
    }

    /// The fleet as a clock that went back to `then` sees it after these were refreshed, each
    /// described a moment before.
    pub fn refreshed(&self, services: &BTreeSet<ServiceKey>, then: Time) -> Fleet {
        let mut fleet = Fleet::default();
        for service in self.fleet.services() {
            let Some(mut description) = service.description.clone() else { continue };
            let mut tasks = service.tasks.clone();
            description.described_at = then;
            if services.contains(&service.key) {
                self.redeploy(&mut description);
                for (number, task) in
                    tasks.iter_mut().flat_map(|tasks| &mut tasks.tasks).enumerate()
                {
                    task.id = task_id(service.key.name(), "ecs-svc/2", number as u128);
                    task.created_at = Some(self.now + TimeDelta::seconds(2));
                }
            }
            let reading = Reading::Described(description);
            fleet.absorb_service(ServiceLook {
                key: service.key.clone(),
                reading,
                tasks,
                progress: None,
                running: None,
                code_deploy: None,
                stopped: None,
                post_mortem: None,
            });
        }
        fleet
    }

    fn redeploy(&self, description: &mut Description) {
        for deployment in &mut description.deployments {
            deployment.id = crate::plan::fleet::DeploymentId::new("ecs-svc/2");
            deployment.created_at = Some(self.now + TimeDelta::seconds(1));
        }
    }
}

/// Seconds from 1970 to 9999, many of them in our time and in the nightly window.
fn times() -> impl Strategy<Value = Time> {
    let days = prop_oneof![3 => 20_000_i64..25_000, 1 => 0_i64..2_932_897];
    let of_day = prop_oneof![3 => 10_800_i64..18_000, 1 => 0_i64..86_400];
    (days, of_day, 0_u32..1_000_000_000).prop_map(|(day, second, nanos)| {
        Time::from_timestamp(day * 86_400 + second, nanos).unwrap()
    })
}

fn rules() -> impl Strategy<Value = (Option<&'static str>, Window, Option<(i64, i64)>)> {
    let names = prop_oneof![2 => Just(None), 1 => Just(Some("a")), 1 => Just(Some("b"))];
    let window = prop_oneof![1 => Just(Window::Always), 2 => Just(Window::Nightly), 1 => Just(Window::Hourly)];
    let freeze = weighted(0.2, (-5_000_i64..5_000, -5_000_i64..5_000));
    let freeze = freeze.prop_map(|freeze| freeze.filter(|(before, after)| before + after > 0));
    (names, window, freeze)
}

fn policies(now: Time) -> impl Strategy<Value = Vec<(Rules, PolicyBuilder)>> {
    let how = (
        prop_oneof![
            5 => select(&[Some("0s"), Some("1h"), Some("7d")][..]),
            1 => select(&[None, Some("1000y")][..]),
        ],
        1_u32..4,
        select(&["0s", "10m"][..]),
        1_u32..4,
        prop::bool::weighted(0.95),
    );
    vec((rules(), how), 1..4).prop_map(move |list| {
        list.into_iter()
            .enumerate()
            .map(|(number, ((names, window, freeze), (age, concurrency, settle, failures, on)))| {
                let freeze = freeze.filter(|_| freezable(now));
                let rules = Rules { name: format!("policy-{number}"), names, window, freeze };
                let builder = build(&rules, now)
                    .concurrency(concurrency)
                    .settle(settle)
                    .max_failures(failures);
                let builder = if on { builder } else { builder.disabled() };
                let builder = age.map_or(builder.clone().no_max_age(), |age| builder.max_age(age));
                (rules, builder)
            })
            .collect()
    })
}

/// Whether a freeze around now is within the years that may be written.
fn freezable(now: Time) -> bool {
    (100_000..253_402_000_000).contains(&now.timestamp())
}

fn build(rules: &Rules, now: Time) -> PolicyBuilder {
    let mut builder = policy(&rules.name);
    if let Some(prefix) = rules.names {
        builder = builder.names(&[&format!("{prefix}*")]);
    }
    builder = match rules.window {
        Window::Always => builder,
        Window::Nightly => builder.window("0 3 * * *", "2h"),
        Window::Hourly => builder.window("15 * * * *", "20m"),
    };
    match rules.freeze {
        None => builder,
        Some((before, after)) => {
            let text = |shift| (now + TimeDelta::seconds(shift)).to_rfc3339();
            builder.freeze(&text(-before), &text(after), "")
        }
    }
}

fn seconds(range: std::ops::Range<u32>) -> impl Strategy<Value = String> {
    range.prop_map(|seconds| format!("{seconds}s"))
}

fn attempts() -> impl Strategy<Value = AttemptBuilder> {
    (seconds(0..100_000), 0..4, 0_u32..9, any::<bool>()).prop_map(
        |(begun, policy, tasks, known)| {
            let attempt = an_attempt(&begun).of(&format!("policy-{policy}")).tasks(tasks);
            if known { attempt } else { attempt.unanswered() }
        },
    )
}

/// Something that is not as it should be.
fn oddities() -> impl Strategy<Value = fn(ServiceBuilder) -> ServiceBuilder> {
    let list: &[fn(ServiceBuilder) -> ServiceBuilder] = &[
        |s| s.desired(0),
        |s| s.running(0),
        |s| s.pending(1),
        |s| s.rollout(RolloutState::InProgress),
        |s| s.rollout(RolloutState::Failed),
        |s| s.rollout(RolloutState::Unknown("X".into())),
        |s| s.other_deployments(1),
        |s| s.without_primary(),
        |s| s.launch(Launch::Elsewhere),
        |s| s.controller(Controller::External),
        |s| s.strategy(Rollout::Canary),
        |s| s.tag("ecs-refresh:hold", "x"),
        |s| s.tasks_partly_read(),
        |s| s.tasks_never_listed(),
        |s| s.tasks_of_ages(&["9d", "?"]),
        |s| s.tasks_of_ages(&["9d", "?"]).tasks_are(TaskStatus::Starting),
        |s| s.tasks_of_ages(&[]),
        |s| s.tasks_listed("1h"),
        |s| s.deployed_at_an_unknown_time(),
        |s| s.deployed_ahead("1h"),
        |s| s.described("6s"),
        |s| s.described_in("1s"),
        |s| s.unreadable(ProblemClass::Denied),
        |s| s.unreadable(ProblemClass::NotFound),
        |s| s.never_described().unreadable(ProblemClass::Timeout),
    ];
    select(list.to_vec())
}

fn service(name: String) -> impl Strategy<Value = ServiceBuilder> {
    let outcomes = select(
        &[
            Outcome::Succeeded,
            Outcome::RolledBack,
            Outcome::Failed,
            Outcome::Superseded,
            Outcome::TimedOut,
        ][..],
    );
    (
        (1_u32..7, seconds(0..2_000_000), weighted(0.3, seconds(0..2_000_000))),
        weighted(0.25, oddities()),
        weighted(0.06, attempts()),
        weighted(0.05, (outcomes, seconds(0..200_000), attempts(), 0_u32..5)),
        weighted(0.05, (1_u32..9, seconds(0..3_600))),
    )
        .prop_map(move |((desired, age, deployed), odd, open, last, refused)| {
            let mut service = a_service(&name).desired(desired).tasks_aged(&age);
            if let Some(ago) = deployed {
                service = service.deployed(&ago);
            }
            if let Some(odd) = odd {
                service = odd(service);
            }
            if let Some(attempt) = open {
                service = service.refreshing(attempt);
            }
            if let Some((outcome, ago, attempt, times)) = last {
                service = service.last(outcome, &ago, attempt).failures_in_a_row(times);
            }
            match refused {
                Some((times, retry_in)) => service.refused(times, &retry_in),
                None => service,
            }
        })
}

fn services() -> impl Strategy<Value = Vec<ServiceBuilder>> {
    let named = |number: usize| service(format!("{}-{number}", ["a", "b", "c"][number % 3]));
    (0..16_usize).prop_flat_map(move |number| (0..number).map(named).collect::<Vec<_>>())
}

pub fn worlds() -> impl Strategy<Value = World> {
    let limits = (prop_oneof![1 => Just(0), 9 => 1_u32..9], 0_u32..40);
    let rest = (
        weighted(0.1, attempts()),
        weighted(0.1, Just("a-0")),
        weighted(0.1, select(&["a-0", "b-1"][..])),
    );
    let parts = (times(), services(), limits, rest);
    parts.prop_flat_map(|(now, services, limits, rest)| {
        policies(now).prop_map(move |policies| world(now, &policies, &services, limits, &rest))
    })
}

type Rest = (Option<AttemptBuilder>, Option<&'static str>, Option<&'static str>);

fn world(
    now: Time,
    policies: &[(Rules, PolicyBuilder)],
    services: &[ServiceBuilder],
    (max_in_flight, max_tasks): (u32, u32),
    (vanished, own, by_hand): &Rest,
) -> World {
    let mut scenario: Scenario = scenario()
        .now(&now.to_rfc3339())
        .services(services.iter().cloned())
        .max_in_flight(max_in_flight)
        .max_tasks_in_flight(max_tasks);
    for (_, policy) in policies {
        scenario = scenario.policy(policy.clone());
    }
    if let Some(attempt) = vanished {
        scenario = scenario.vanished("d-99", attempt.clone());
    }
    if let Some(own) = own {
        scenario = scenario.own(own);
    }
    if let Some(by_hand) = by_hand {
        scenario = scenario.by_hand(by_hand);
    }
    World {
        policies: scenario.policies(),
        fleet: scenario.fleet(),
        ledger: scenario.ledger(),
        now,
        rules: policies.iter().map(|(rules, _)| rules.clone()).collect(),
    }
}
