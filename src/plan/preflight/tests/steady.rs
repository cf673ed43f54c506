use crate::plan::fleet::{Protected, RolloutState};
use crate::plan::preflight::fixture::{Case, a_case, denied, group_arn, known};
use crate::plan::preflight::{Action, Name, Outcome};
use crate::plan::surroundings::{TargetHealth, Want};
use crate::plan::tests::fixture::{NOW, ServiceBuilder, a_service, at, delta, key, task_id};

/// A service that nothing protects.
fn case(service: ServiceBuilder) -> Case {
    protecting(a_case(service), &[])
}

/// Its tasks are protected for so long.
fn protecting(case: Case, until: &[&str]) -> Case {
    let protected = until.iter().zip(0..).map(|(until, number)| Protected {
        task: task_id("api", "ecs-svc/1", number),
        until: at(NOW) + delta(until),
    });
    let protected = known(protected.collect());
    case.knowing(|read| _ = read.protections.insert(key("api"), protected))
}

fn health(healthy: u32, unhealthy: u32, initial: u32, other: u32) -> TargetHealth {
    TargetHealth { healthy, unhealthy, initial, other, why: None }
}

fn with_targets(case: Case, name: &str, health: TargetHealth) -> Case {
    case.knowing(|read| _ = read.target_health.insert(group_arn(name).into(), known(health)))
}

#[test]
fn all_tasks_have_to_run() {
    for (service, says) in [
        (a_service("api"), "fine: 2 of 2 tasks running"),
        (a_service("api").running(3), "fine: 3 of 2 tasks running"),
        (a_service("api").running(1), "bad: 1 of 2 tasks running, 0 pending"),
        (a_service("api").pending(1), "bad: 2 of 2 tasks running, 1 pending"),
    ] {
        assert_eq!(case(service).says(Name::Steady), says);
    }
}

#[test]
fn starts_that_failed_hold_unless_that_is_over() {
    let failed = |rollout, updated: &str| {
        let updated_at = at(NOW) - delta(updated);
        case(a_service("api")).with(|service| {
            let primary = &mut service.description.as_mut().unwrap().deployments[0];
            primary.failed_tasks = 3;
            primary.rollout = rollout;
            primary.updated_at = Some(updated_at);
        })
    };
    for (case, says) in [
        (
            failed(RolloutState::Absent, "1h"),
            "bad: 3 tasks of its deployment failed to start | see why its last tasks stopped, \
             before more are started",
        ),
        (
            failed(RolloutState::Completed, "23h"),
            "notable: 3 tasks of its deployment failed to start lately",
        ),
        (failed(RolloutState::Completed, "25h"), "fine: 2 of 2 tasks running"),
        (
            failed(RolloutState::Completed, "25h")
                .with(|service| service.description.as_mut().unwrap().running_count = 1),
            "bad: 1 of 2 tasks running, 0 pending; 3 tasks of its deployment failed to start | see \
             why its last tasks stopped, before more are started",
        ),
    ] {
        assert_eq!(case.says(Name::Steady), says);
    }
}

#[test]
fn targets_have_to_be_healthy() {
    let api = || case(a_service("api").target_groups(&[&group_arn("web")]));
    let reaches = "| a rollout waits until new tasks are healthy, and would not get there";
    let none = "| see whether a listener uses it, and its tasks are registered";
    for (health, says) in [
        (
            health(2, 0, 0, 0),
            "fine: 2 of 2 tasks running; 2 of 2 targets of target group web healthy".to_owned(),
        ),
        (
            health(2, 0, 1, 1),
            "fine: 2 of 2 tasks running; 2 of 4 targets of target group web healthy".to_owned(),
        ),
        (
            TargetHealth { why: Some("Health checks failed".into()), ..health(1, 1, 0, 0) },
            format!(
                "bad: 1 of 2 targets of target group web is unhealthy (Health checks failed) \
                 {reaches}"
            ),
        ),
        (
            health(0, u32::MAX, u32::MAX, 1),
            format!(
                "bad: 4294967295 of 4294967295 targets of target group web are unhealthy {reaches}"
            ),
        ),
        (health(0, 0, 0, 2), format!("notable: target group web has no healthy target {none}")),
        (health(0, 0, 0, 0), format!("notable: target group web has no healthy target {none}")),
    ] {
        assert_eq!(with_targets(api(), "web", health).says(Name::Steady), says);
    }
    assert_eq!(api().says(Name::Steady), "unknown: target group web was not read yet");
    let denied = api().knowing(|read| {
        read.target_health.insert(group_arn("web").into(), denied("DescribeTargetHealth"));
    });
    assert_eq!(
        denied.says(Name::Steady),
        "unknown: target group web could not be read: DescribeTargetHealth: not today | allow \
         elasticloadbalancing:DescribeTargetHealth to the role of ecs-refresh"
    );
}

#[test]
fn the_group_that_traffic_is_not_on_may_be_empty() {
    let groups = [group_arn("blue"), group_arn("green")];
    let names: Vec<&str> = groups.iter().map(String::as_str).collect();
    let api = a_service("api").target_groups(&names).by_code_deploy();
    let case = with_targets(case(api), "blue", health(2, 0, 0, 0));
    let empty = with_targets(case.clone(), "green", health(0, 0, 0, 0));
    assert_eq!(
        empty.says(Name::Steady),
        "fine: 2 of 2 tasks running; 2 of 2 targets of target group blue healthy; 0 of 0 targets of \
         target group green healthy"
    );
    let left = with_targets(case, "green", health(0, 1, 0, 0));
    assert_eq!(left.check(Name::Steady).outcome, Outcome::Hold);
}

#[test]
fn protected_tasks_are_said_and_waited_for() {
    for (until, says) in [
        (&[][..], "fine: 2 of 2 tasks running"),
        (
            &["2h"],
            "notable: 1 task is protected from being stopped until Wed 2026-11-18 05:10 UTC, and \
             the rollout waits for it",
        ),
        (
            &["2h", "48h"],
            "notable: 2 tasks are protected from being stopped until Fri 2026-11-20 03:10 UTC, and \
             the rollout waits for them",
        ),
        (&["0s"], "fine: 2 of 2 tasks running"),
    ] {
        assert_eq!(protecting(a_case(a_service("api")), until).says(Name::Steady), says);
    }
}

#[test]
fn protection_is_asked_for_right_before_a_start_only() {
    let unread = a_case(a_service("api"));
    assert_eq!(unread.says(Name::Steady), "unknown: which tasks are protected was not read yet");
    assert_eq!(unread.clone().ahead().says(Name::Steady), "fine: 2 of 2 tasks running");
    let ids = [0, 1].map(|number| task_id("api", "ecs-svc/1", number));
    let asked = Want::Protection(key("api"), ids.into());
    assert_eq!(unread.wants_of(Name::Steady), [asked].into());
    assert!(unread.clone().ahead().wants_of(Name::Steady).is_empty());
    // It is waited for, and does not hold.
    assert_eq!(unread.action(Name::Steady, Action::Require).held(), None);
    let many = a_case(a_service("api").desired(3_000));
    let [Want::Protection(_, ids)] =
        &many.wants_of(Name::Steady).into_iter().collect::<Vec<_>>()[..]
    else {
        panic!("it asks for protections alone")
    };
    assert_eq!(ids.len(), 1_000);
}

#[test]
fn the_health_of_targets_is_asked_for_days_ahead_too() {
    let api = a_case(a_service("api").target_groups(&[&group_arn("web")])).ahead();
    let health = Want::TargetHealth(group_arn("web").as_str().into());
    assert_eq!(api.wants_of(Name::Steady), [health].into());
}
