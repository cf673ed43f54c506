//! There are no numbers that the checks have no answer for.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::fleet::{Percents, Protected, Staging, Strategy as Shift};
use crate::plan::preflight::fixture::{Case, a_case, group_arn, known};
use crate::plan::preflight::{Name, Outcome};
use crate::plan::surroundings::{
    FargateQuota, Market, Subnet, Surroundings, TargetGroup, TargetHealth, TaskDefinition, Tier,
};
use crate::plan::tests::fixture::{NOW, a_service, at, key, nightly, policy, task_id};

fn number() -> impl Strategy<Value = u32> {
    prop_oneof![select(vec![0, 1, 2, 3, 99, 100, 101, u32::MAX - 1, u32::MAX]), any::<u32>()]
}

fn duration() -> impl Strategy<Value = Duration> {
    prop_oneof![
        select(vec![Duration::ZERO, Duration::from_secs(300), Duration::MAX]),
        (0..100_000_u64).prop_map(Duration::from_secs),
    ]
}

fn quota() -> impl Strategy<Value = f64> {
    prop_oneof![
        select(vec![0.0, -0.0, -1.0, 6.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX]),
        any::<f64>(),
    ]
}

fn time() -> impl Strategy<Value = Time> {
    select(vec![
        Time::MIN_UTC,
        Time::MAX_UTC,
        Time::UNIX_EPOCH,
        at(NOW),
        at("2026-11-18T12:00:00Z"),
    ])
}

fn numbers() -> impl Strategy<Value = [u32; 12]> {
    proptest::array::uniform12(number())
}

fn surroundings(
    [delay, healthy, unhealthy, initial, other, free, units, ..]: [u32; 12],
    [check, drain, stop, start]: [Duration; 4],
    [vcpus, used]: [f64; 2],
    until: Time,
) -> Surroundings {
    let mut read = Surroundings::default();
    let definition = TaskDefinition {
        stop_timeout: stop,
        stop_timeout_max: stop,
        start_period: start,
        cpu_units: Some(units),
        ..TaskDefinition::default()
    };
    let group = TargetGroup {
        health_check_interval: check,
        healthy_threshold: delay,
        unhealthy_threshold: delay,
        deregistration_delay: drain,
        slow_start: stop,
    };
    let health = TargetHealth { healthy, unhealthy, initial, other, why: None };
    let quota = FargateQuota { vcpus, used_vcpus: Ok(Some(used)) };
    let protected = Protected { task: task_id("api", "ecs-svc/1", 0), until };
    read.task_definitions.insert("app:7".into(), known(definition));
    read.target_groups.insert(group_arn("web").into(), known(group));
    read.target_health.insert(group_arn("web").into(), known(health));
    read.subnets.insert("subnet-a".into(), known(Subnet { free_addresses: free }));
    read.quotas.insert(Market::OnDemand, known(quota));
    read.protections.insert(key("api"), known(vec![protected]));
    read
}

fn a_world(
    shift: Shift,
    [.., desired, running, pending, low, high]: [u32; 12],
    bake: Duration,
    in_windows: bool,
) -> Case {
    let service = a_service("api").target_groups(&[&group_arn("web")]).subnets(&["subnet-a"]);
    let windows = if in_windows { nightly() } else { policy("always") };
    a_case(service.grace_seconds(low).strategy(shift)).policy(windows.checked()).with(|service| {
        let description = service.description.as_mut().unwrap();
        description.desired_count = desired;
        description.running_count = running;
        description.pending_count = pending;
        description.percents = Some(Percents { minimum_healthy: low, maximum: high });
        description.deployments[0].failed_tasks = pending;
        let staging = Staging { bake, steps: bake, ..Staging::default() };
        description.staging = Some(Box::new(staging));
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_check_has_an_answer_in_words(
        shift in select(vec![Shift::Rolling, Shift::Canary, Shift::Unknown("new".into())]),
        numbers in numbers(),
        durations in proptest::array::uniform4(duration()),
        took in proptest::option::of(duration()),
        quotas in proptest::array::uniform2(quota()),
        until in time(),
        (in_windows, ahead) in (any::<bool>(), any::<bool>()),
    ) {
        let case = Case {
            known: surroundings(numbers, durations, quotas, until),
            tier: if ahead { Tier::Ahead } else { Tier::Start },
            took,
            ..a_world(shift, numbers, durations[0], in_windows)
        };
        for name in Name::ALL {
            let check = case.check(*name);
            prop_assert!(!check.sentence.ends_with('.'), "{check}");
            prop_assert!(check.until.is_none() || check.outcome == Outcome::Hold);
            prop_assert_eq!(case.check(*name), check);
            case.wants_of(*name);
        }
        case.held();
    }
}
