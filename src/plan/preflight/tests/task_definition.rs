use crate::plan::preflight::fixture::{a_case, denied};
use crate::plan::preflight::{Name, Outcome};
use crate::plan::surroundings::{TaskDefinition, Want};
use crate::plan::tests::fixture::a_service;

#[test]
fn it_has_to_be_active() {
    let case = || a_case(a_service("api"));
    let inactive = TaskDefinition { active: false, ..TaskDefinition::default() };
    let unreadable = case().knowing(|read| {
        read.task_definitions.insert("app:7".into(), denied("DescribeTaskDefinition"));
    });
    for (case, says) in [
        (case().definition(TaskDefinition::default()), "fine: task definition app:7 is ACTIVE"),
        (
            case().definition(inactive),
            "bad: task definition app:7 is not ACTIVE any more, and ECS may refuse to deploy it \
             again | register what it says as a new revision, and deploy that",
        ),
        (case(), "unknown: task definition app:7 was not read yet"),
        (
            unreadable,
            "unknown: task definition app:7 could not be read: DescribeTaskDefinition: not today \
             | allow ecs:DescribeTaskDefinition to the role of ecs-refresh",
        ),
        (
            case().with(|service| {
                let description = service.description.as_mut().unwrap();
                description.deployments[0].task_definition = "".into();
            }),
            "unknown: the service names no task definition",
        ),
    ] {
        assert_eq!(case.says(Name::TaskDefinition), says);
    }
}

#[test]
fn an_arn_is_told_by_its_last_part() {
    let arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/app:8";
    let case = a_case(a_service("api")).with(|service| {
        service.description.as_mut().unwrap().deployments[0].task_definition = arn.into();
    });
    assert_eq!(case.says(Name::TaskDefinition), "unknown: task definition app:8 was not read yet");
    assert_eq!(case.wants_of(Name::TaskDefinition), [Want::TaskDefinition(arn.into())].into());
}

#[test]
fn what_nobody_can_tell_does_not_hold_unless_the_policy_requires_it() {
    use crate::plan::preflight::Action;
    for (action, outcome) in [
        (Action::Allow, Outcome::Pass),
        (Action::Warn, Outcome::Unknown),
        (Action::Hold, Outcome::Unknown),
        (Action::Require, Outcome::Hold),
    ] {
        let case = a_case(a_service("api")).action(Name::TaskDefinition, action);
        assert_eq!(case.check(Name::TaskDefinition).outcome, outcome, "{action:?}");
        assert_eq!(case.wants_of(Name::TaskDefinition).is_empty(), action == Action::Allow);
        // It was not even asked for yet: a start waits for that, and is not held.
        assert_eq!(case.held(), None, "{action:?}");
        let denied = case.knowing(|read| {
            read.task_definitions.insert("app:7".into(), denied("DescribeTaskDefinition"));
        });
        let holds = denied.held().is_some_and(|check| check.name == Name::TaskDefinition);
        assert_eq!(holds, action == Action::Require, "{action:?}");
    }
}
