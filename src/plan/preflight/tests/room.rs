use crate::plan::fleet::Strategy;
use crate::plan::preflight::fixture::{Case, a_case, denied, known};
use crate::plan::preflight::{Action, Name, Outcome};
use crate::plan::surroundings::{FargateQuota, Market, Subnet, TaskDefinition, Want};
use crate::plan::tests::fixture::{ServiceBuilder, a_service};

/// A service of four tasks with one vCPU each.
fn four() -> ServiceBuilder {
    a_service("api").desired(4).subnets(&["subnet-a", "subnet-b"])
}

fn room(service: ServiceBuilder, free: [u32; 2], vcpus: f64, used: Option<f64>) -> Case {
    let definition = TaskDefinition { cpu_units: Some(1_024), ..TaskDefinition::default() };
    a_case(service).definition(definition).knowing(|read| {
        for (id, free_addresses) in ["subnet-a", "subnet-b"].into_iter().zip(free) {
            read.subnets.insert(id.into(), known(Subnet { free_addresses }));
        }
        let quota = FargateQuota { vcpus, used_vcpus: Ok(used) };
        read.quotas.insert(Market::OnDemand, known(quota));
    })
}

#[test]
fn every_task_that_runs_beside_the_old_ones_needs_an_address() {
    let rolling = four;
    let stops_first = || four().percents(Some((50, 150)));
    let green = || four().strategy(Strategy::BlueGreen);
    let hint = "| give the service subnets with more free addresses";
    for (service, free, says) in [
        (rolling(), [1, 3], "fine: 4 addresses are free in its 2 subnets: room for 4 more tasks"),
        (
            rolling(),
            [0, 1],
            "notable: 1 address is free in its 2 subnets: room for 1 of 4 more tasks, and the \
             rollout is slower",
        ),
        (
            rolling(),
            [0, 0],
            "bad: 0 addresses are free in its 2 subnets: room for 0 of 4 more tasks, and at least 1 \
             must fit",
        ),
        (
            stops_first(),
            [0, 0],
            "notable: 0 addresses are free in its 2 subnets: room for 0 of 2 more tasks, and the \
             rollout is slower",
        ),
        (
            green(),
            [1, 2],
            "bad: 3 addresses are free in its 2 subnets: room for 3 of 4 more tasks, and at least 4 \
             must fit",
        ),
        (
            green(),
            [u32::MAX, u32::MAX],
            "fine: 8589934590 addresses are free in its 2 subnets: room for 4 more tasks",
        ),
    ] {
        let says = match says.starts_with("fine") {
            true => format!(
                "{says}; 10 of 1000 Fargate vCPUs are in use, and a task takes 1: room for 4 more \
                 tasks"
            ),
            false => format!("{says} {hint}"),
        };
        assert_eq!(room(service, free, 1_000.0, Some(10.0)).says(Name::Room), says);
    }
}

#[test]
fn the_quota_of_vcpus_has_to_hold_them_too() {
    let hint = "| ask AWS for a higher quota of vCPUs, or wait until fewer are used";
    for (vcpus, used, says) in [
        (
            100.0,
            Some(97.5),
            "notable: 97.5 of 100 Fargate vCPUs are in use, and a task takes 1: room for 2 of 4 \
             more tasks, and the rollout is slower",
        ),
        (
            100.0,
            Some(99.5),
            "bad: 99.5 of 100 Fargate vCPUs are in use, and a task takes 1: room for 0 of 4 more \
             tasks, and at least 1 must fit",
        ),
        (
            6.0,
            Some(40.0),
            "bad: 40 of 6 Fargate vCPUs are in use, and a task takes 1: room for 0 of 4 more tasks, \
             and at least 1 must fit",
        ),
    ] {
        let case = room(four(), [9, 9], vcpus, used);
        assert_eq!(case.says(Name::Room), format!("{says} {hint}"));
    }
    for (vcpus, used, says) in [
        (6.0, None, "unknown: CloudWatch does not say how many of the 6 Fargate vCPUs are in use"),
        (f64::NAN, Some(1.0), "unknown: the quota of Fargate vCPUs makes no sense"),
        (1.0, Some(f64::INFINITY), "unknown: the quota of Fargate vCPUs makes no sense"),
    ] {
        assert_eq!(room(four(), [9, 9], vcpus, used).says(Name::Room), says);
    }
}

#[test]
fn spot_has_a_quota_of_its_own() {
    let case = room(four(), [9, 9], 6.0, Some(6.0))
        .with(|service| service.description.as_mut().unwrap().spot = true);
    assert_eq!(case.says(Name::Room), "unknown: the quota of Fargate Spot vCPUs was not read yet");
    assert!(case.wants_of(Name::Room).contains(&Want::FargateQuota(Market::Spot)));
}

#[test]
fn what_is_known_is_enough_where_it_shows_room() {
    let read = |free| {
        room(four(), [free, 0], 1_000.0, Some(1.0)).knowing(|read| {
            read.subnets.insert("subnet-b".into(), denied("DescribeSubnets"));
        })
    };
    assert!(read(4).says(Name::Room).starts_with("fine: 4 addresses"));
    assert_eq!(
        read(3).says(Name::Room),
        "unknown: subnet subnet-b could not be read: DescribeSubnets: not today | allow \
         ec2:DescribeSubnets to the role of ecs-refresh"
    );
}

#[test]
fn a_warning_hides_nothing_that_has_to_be_known() {
    let case = room(four(), [0, 1], 100.0, None);
    assert_eq!(case.check(Name::Room).outcome, Outcome::Warn);
    let required = case.action(Name::Room, Action::Require);
    assert_eq!(required.check(Name::Room).outcome, Outcome::Hold);
}

#[test]
fn what_starts_nothing_beside_needs_no_room_and_asks_for_nothing() {
    for service in [four().percents(Some((50, 100))), four().desired(0)] {
        let case = a_case(service);
        assert_eq!(case.says(Name::Room), "fine: no task is started before another has stopped");
        assert!(case.wants_of(Name::Room).is_empty());
    }
    let wants = a_case(four()).wants_of(Name::Room);
    let expected = [
        Want::TaskDefinition("app:7".into()),
        Want::FargateQuota(Market::OnDemand),
        Want::Subnet("subnet-a".into()),
        Want::Subnet("subnet-b".into()),
    ];
    assert_eq!(wants, expected.into());
}

#[test]
fn a_definition_that_does_not_say_its_cpu_is_not_guessed() {
    for cpu_units in [None, Some(0)] {
        let case = room(four(), [9, 9], 6.0, Some(6.0))
            .definition(TaskDefinition { cpu_units, ..TaskDefinition::default() });
        assert_eq!(
            case.says(Name::Room),
            "unknown: its task definition does not say how many vCPUs a task has"
        );
    }
}
