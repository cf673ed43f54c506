//! How long a rollout may take, in numbers.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use super::fixture::{ServiceBuilder, a_service, at, key, problem, scenario, span};
use crate::plan::deadline::{Assumed, Deadline, Part, deadline};
use crate::plan::fleet::{Description, Hook, Percents, ProblemClass, Staging, Strategy as Rollout};
use crate::plan::policy::RolloutTimeout;
use crate::plan::surroundings::{Known, Surroundings, TargetGroup, TaskDefinition};

const GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1";
const SECOND: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/2";
const DEFINITION: &str = "app:7";

fn description(service: ServiceBuilder) -> Description {
    let fleet = scenario().service(service).fleet();
    fleet.service(&key("api")).unwrap().description.clone().unwrap()
}

fn read<T>(value: Result<T, ProblemClass>) -> Known<T> {
    let read_at = at("2026-11-18T03:09:00Z");
    Known { read_at, value: value.map_err(|class| problem(class, read_at)) }
}

/// A target group: seconds between checks, how many have to succeed, seconds of draining.
fn group(interval: u64, healthy_threshold: u32, delay: u64) -> TargetGroup {
    TargetGroup {
        health_check_interval: Duration::from_secs(interval),
        healthy_threshold,
        deregistration_delay: Duration::from_secs(delay),
        ..TargetGroup::default()
    }
}

fn definition(stop: u64, health_check: Option<u64>) -> TaskDefinition {
    TaskDefinition {
        active: true,
        stop_timeout: Duration::from_secs(stop),
        health_check: health_check.map(Duration::from_secs),
        ..TaskDefinition::default()
    }
}

fn known(definition: TaskDefinition, groups: &[(&str, TargetGroup)]) -> Surroundings {
    let mut known = Surroundings::default();
    known.task_definitions.insert(DEFINITION.into(), read(Ok(definition)));
    for (arn, group) in groups {
        known.target_groups.insert((*arn).into(), read(Ok(group.clone())));
    }
    known
}

fn auto(service: ServiceBuilder, known: &Surroundings) -> Deadline {
    deadline(RolloutTimeout::Auto, &description(service), known)
}

/// The parts as `name how = duration`.
fn told(deadline: &Deadline) -> Vec<String> {
    let part = |part: &Part| {
        let takes = humantime::format_duration(part.duration());
        format!("{}: {part} = {takes}", part.name())
    };
    deadline.parts.iter().map(part).collect()
}

#[test]
fn a_plain_service_gets_the_floor_and_the_parts_say_why() {
    let deadline = auto(a_service("api"), &known(definition(30, None), &[]));
    assert_eq!(
        told(&deadline),
        [
            "arrival: 1 batch of 2 tasks: 5m to start, 40s until healthy = 5m 40s",
            "removal: 1 batch: 30s to stop = 30s",
            "margin: a quarter more, at least 5m = 5m",
            "floor: tasks get 30m at least: the circuit breaker may need it = 18m 50s",
        ]
    );
    assert_eq!((deadline.total, deadline.floor_applied), (span("30m"), true));
    assert_eq!(deadline.assumed, []);
}

#[test]
fn batches_arrive_and_go_one_after_the_other() {
    let service = a_service("api").desired(10).percents(Some((100, 110))).target_groups(&[GROUP]);
    let known = known(definition(120, None), &[(GROUP, group(10, 3, 3_600))]);
    let deadline = auto(service.grace_seconds(60), &known);
    assert_eq!(
        told(&deadline),
        [
            "arrival: 10 batches of 1 task, each: 5m to start, 1m health check grace, \
             30s until healthy = 1h 5m",
            "removal: 10 batches, each: 1h deregistration delay, 2m to stop = 10h 20m",
            "margin: a quarter more, at least 5m = 2h 51m 15s",
        ]
    );
    assert_eq!((deadline.total, deadline.floor_applied), (span("14h 16m 15s"), false));
}

#[test]
fn whichever_check_and_whichever_target_group_is_slowest_counts() {
    for (checks, groups, health_check, grace, expected) in [
        // Neither: 40 seconds, and no grace, as there is nothing to be ignored.
        (40, vec![], None, 500, 0),
        (95, vec![], Some(95), 500, 500),
        (150, vec![(GROUP, group(30, 5, 0))], None, 0, 0),
        (150, vec![(GROUP, group(30, 5, 0))], Some(95), 60, 60),
        (155, vec![(GROUP, group(30, 5, 0))], Some(155), 60, 60),
        (200, vec![(GROUP, group(30, 5, 9)), (SECOND, group(20, 10, 7))], None, 0, 0),
        // No more than two hours of grace: some set the maximum.
        (150, vec![(GROUP, group(30, 5, 0))], None, u32::MAX, 7_200),
    ] {
        let arns: Vec<&str> = groups.iter().map(|(arn, _)| *arn).collect();
        let service = a_service("api").target_groups(&arns).grace_seconds(grace);
        let deadline = auto(service, &known(definition(30, health_check), &groups));
        let drain = groups.iter().map(|(_, group)| group.deregistration_delay).max();
        let [Part::Arrival { checks: found, grace, .. }, Part::Removal { drain: drained, .. }, ..] =
            deadline.parts[..]
        else {
            panic!("{:?}", deadline.parts)
        };
        assert_eq!(found.as_secs(), checks, "{groups:?} {health_check:?}");
        assert_eq!(grace.as_secs(), expected, "{groups:?} {health_check:?}");
        assert_eq!(drained, drain.unwrap_or_default());
    }
}

#[test]
fn percentages_say_how_many_batches_there_are() {
    for (desired, percents, expected) in [
        (4, Some((100, 200)), (1, 4)),
        (4, Some((50, 100)), (2, 2)),
        (10, Some((100, 125)), (5, 2)),
        (7, Some((50, 150)), (2, 6)),
        (1, Some((0, 100)), (1, 1)),
        (5_000, Some((100, 101)), (100, 50)),
        // These cannot move, whatever time they get.
        (3, Some((100, 125)), (1, 3)),
        (2, Some((75, 100)), (1, 2)),
        (1, Some((100, 50)), (1, 1)),
        (0, Some((100, 200)), (1, 0)),
    ] {
        let service = a_service("api").desired(desired).percents(percents);
        let deadline = auto(service, &known(definition(30, None), &[]));
        let arrival = deadline.parts.iter().find_map(|part| match part {
            Part::Arrival { batches, tasks, .. } => Some((*batches, *tasks)),
            _ => None,
        });
        assert_eq!(arrival, Some(expected), "{desired} {percents:?}");
    }
}

#[test]
fn thousands_of_tasks_take_minutes_to_be_launched() {
    for (desired, launches) in [
        (100, None),
        (101, Some((101, Duration::from_millis(12_120)))),
        (5_000, Some((5_000, span("10m")))),
    ] {
        let deadline = auto(a_service("api").desired(desired), &known(definition(30, None), &[]));
        let found = deadline.parts.iter().find_map(|part| match part {
            Part::Launches { tasks, takes } => Some((*tasks, *takes)),
            _ => None,
        });
        assert_eq!(found, launches, "{desired}");
    }
}

#[test]
fn where_traffic_shifts_there_is_one_batch_and_the_stages_come_on_top_of_the_floor() {
    let hook = |timeout| Hook { stages: vec!["A".into(), "B".into()], pauses: false, timeout };
    let staging = Staging {
        bake: span("20m"),
        steps: span("54m"),
        // The second one does not say how long it may take.
        hooks: vec![hook(span("10m")), hook(Duration::ZERO)],
        early_success: None,
    };
    for (strategy, batches) in
        [(Rollout::Linear, 1), (Rollout::BlueGreen, 1), (Rollout::Rolling, 10)]
    {
        let service = a_service("api").desired(10).percents(Some((100, 110)));
        let service = service.strategy(strategy.clone()).staging(staging.clone());
        let deadline = auto(service, &known(definition(30, None), &[]));
        assert!(
            matches!(deadline.parts[0], Part::Arrival { batches: found, .. } if found == batches)
        );
        let stages = [Part::Steps(span("54m")), Part::Bake(span("20m")), Part::Hooks(span("20m"))];
        assert_eq!(deadline.parts[deadline.parts.len() - 3..], stages, "{strategy:?}");
        let tasks = deadline.total - span("94m");
        assert_eq!(tasks.max(span("30m")), tasks, "{strategy:?}");
        assert_eq!(deadline.floor_applied, batches == 1);
    }
}

#[test]
fn a_duration_of_the_policy_has_no_floor_and_stages_come_on_top() {
    let staging = Staging { bake: span("20m"), ..Staging::default() };
    let timeout = RolloutTimeout::Fixed(span("1m"));
    let deadline = deadline(
        timeout,
        &description(a_service("api").staging(staging)),
        &Surroundings::default(),
    );
    assert_eq!(
        told(&deadline),
        ["configured: rollout_timeout of the policy = 1m", "bake: bake time = 20m"]
    );
    assert_eq!((deadline.total, deadline.floor_applied), (span("21m"), false));
    assert_eq!(deadline.assumed, []);
}

#[test]
fn what_could_not_be_read_is_taken_for_awss_default_and_named() {
    let service = || a_service("api").percents(None).target_groups(&[GROUP, SECOND]);
    let defaults = known(
        TaskDefinition::default(),
        &[(GROUP, TargetGroup::default()), (SECOND, TargetGroup::default())],
    );
    let mut partly = Surroundings::default();
    partly.target_groups.insert(GROUP.into(), read(Err(ProblemClass::Denied)));
    partly.task_definitions.insert(DEFINITION.into(), read(Err(ProblemClass::Timeout)));
    let by_default = auto(service(), &defaults);
    assert_eq!(by_default.assumed, [Assumed::Percents]);
    for (known, why) in [
        (Surroundings::default(), ["not read yet", "not read yet", "not read yet"]),
        (partly, ["could not be read: timeout", "could not be read: denied", "not read yet"]),
    ] {
        let deadline = auto(service(), &known);
        assert_eq!(deadline.parts, by_default.parts);
        let told: Vec<String> = deadline.assumed.iter().map(ToString::to_string).collect();
        let [definition, first, second] = why;
        assert_eq!(
            told,
            [
                format!(
                    "30s to stop and no container health check (task definition app:7 {definition})"
                ),
                format!(
                    "5 health checks every 30s and 5m of draining (target group {GROUP} {first})"
                ),
                format!(
                    "5 health checks every 30s and 5m of draining (target group {SECOND} {second})"
                ),
                "100 to 200 percent of the tasks (not reported)".to_owned(),
            ]
        );
    }
}

prop_compose! {
    fn any_duration()(seconds in prop_oneof![0..10_000_u64, Just(u64::MAX)]) -> Duration {
        Duration::from_secs(seconds)
    }
}

prop_compose! {
    fn any_description()(
        desired in prop_oneof![0..6_000_u32, any::<u32>()],
        percents in any::<Option<(u32, u32)>>(),
        small in any::<Option<(u8, u8)>>(),
        grace in any::<u32>(),
        strategy in prop_oneof![Just(Rollout::Rolling), Just(Rollout::Linear)],
        stages in vec(any_duration(), 3),
        has_staging in any::<bool>(),
    ) -> Description {
        let mut description = description(
            a_service("api").strategy(strategy).target_groups(&[GROUP]).grace_seconds(grace),
        );
        let percents = small.map(|(low, high)| (low.into(), high.into())).or(percents);
        description.desired_count = desired;
        description.percents = percents
            .map(|(minimum_healthy, maximum)| Percents { minimum_healthy, maximum });
        let hook = Hook { stages: vec!["A".into(); 3], pauses: true, timeout: stages[2] };
        description.staging = has_staging.then(|| Box::new(Staging {
            bake: stages[0],
            steps: stages[1],
            hooks: vec![hook],
            early_success: None,
        }));
        description
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn there_are_no_numbers_without_an_answer(
        description in any_description(),
        times in vec(any_duration(), 4),
        threshold in any::<u32>(),
        fixed in proptest::option::of(any_duration()),
    ) {
        let group = TargetGroup {
            health_check_interval: times[0],
            healthy_threshold: threshold,
            deregistration_delay: times[1], ..TargetGroup::default() };
        let definition =
            TaskDefinition { active: true, stop_timeout: times[2], health_check: Some(times[3]),  ..TaskDefinition::default() };
        let known = known(definition, &[(GROUP, group)]);
        let timeout = fixed.map_or(RolloutTimeout::Auto, RolloutTimeout::Fixed);
        let deadline = deadline(timeout, &description, &known);
        let parts = deadline.parts.iter().map(Part::duration);
        let sum = parts.fold(Duration::ZERO, Duration::saturating_add);
        prop_assert_eq!(deadline.total, sum.min(span("30d")));
        prop_assert!(fixed.is_some() || deadline.total >= span("30m"));
        for part in &deadline.parts {
            prop_assert!(!part.to_string().is_empty() && !part.name().is_empty());
        }
    }
}
