//! What is remembered of notices: which tasks they were about, and who replaced them.

use super::fixture::{
    NOW, NoticeBuilder, Scenario, ServiceBuilder, a_notice, a_service, an_attempt, at, delta, key,
    nightly, scenario, task_id,
};
use crate::clock::Time;
use crate::plan::fleet::{DeploymentId, StoppedTask, StoppedTasks, TaskId};
use crate::plan::ledger::{Ledger, Outcome};
use crate::plan::notice::{EndedBy, Retirement, TaskSample};
use crate::plan::step::{Depth, Step};
use crate::plan::{Plan, RetirementState, plan};

const MAINTENANCE: &str = "Service api: ECS is performing maintenance on the underlying \
                           infrastructure hosting the task";

fn of(api: ServiceBuilder, notice: NoticeBuilder) -> Scenario {
    scenario().policy(nightly().max_age("90d")).service(api).notice(notice)
}

/// What the plan wants to be remembered of `api`.
fn followed(plan: &Plan) -> Option<&[Retirement]> {
    plan.steps.iter().find_map(|step| match step {
        Step::Follow { service, retirements } if *service == key("api") => Some(&retirements[..]),
        _ => None,
    })
}

fn ended_by(scenario: &Scenario) -> Option<EndedBy> {
    let plan = scenario.plan();
    followed(&plan).and_then(|list| list[0].ended.as_ref()).map(|ended| ended.by)
}

#[test]
fn the_tasks_that_a_notice_is_about_are_remembered_before_anything_starts() {
    let api = a_service("api").desired(3).tasks_of_ages(&["8d", "1h", "3d"]).deployed("9d");
    let plan = of(api, a_notice("one")).plan();
    let list = followed(&plan).unwrap();
    let created: Vec<Time> = list[0].before.tasks.iter().map(|(_, created)| *created).collect();
    assert_eq!(created, [at(NOW) - delta("8d"), at(NOW) - delta("3d")]);
    assert_eq!((list[0].before.count, list[0].ended.clone()), (2, None));
    assert_eq!(plan.started(), Vec::<&str>::new());
    let then = of(a_service("api").followed(), a_notice("one")).plan();
    assert_eq!((followed(&then), then.started()), (None, vec!["api"]));
}

#[test]
fn a_dry_run_remembers_nothing() {
    let plan = of(a_service("api"), a_notice("one")).dry_run().plan();
    assert_eq!(plan.steps, []);
}

#[test]
fn who_replaced_the_tasks_is_told_by_the_deployment_that_they_came_with() {
    let ours = an_attempt("4h").left("ecs-svc/1");
    for (api, expected) in [
        (a_service("api").tasks_aged("1h").deployed("1h"), Some(EndedBy::Deploy)),
        (a_service("api").tasks_aged("1h").deployed("9d"), Some(EndedBy::Aws)),
        (a_service("api").desired(0).tasks_of_ages(&[]), Some(EndedBy::ScaledToZero)),
        (
            a_service("api").tasks_aged("1h").deployed("1h").last(
                Outcome::Succeeded,
                "3h",
                ours.clone(),
            ),
            Some(EndedBy::Refresh),
        ),
        // ECS went back to the old deployment by a new one: the tasks are new all the same.
        (
            a_service("api").tasks_aged("1h").deployed("1h").last(Outcome::RolledBack, "3h", ours),
            Some(EndedBy::Refresh),
        ),
        (a_service("api").tasks_of_ages(&["1h", "8d"]).deployed("9d"), None),
        (a_service("api").tasks_aged("1h").deployed("1h").tasks_partly_read(), None),
        (a_service("api").tasks_of_ages(&["1h", "?"]).deployed("9d"), None),
        (a_service("api").tasks_of_ages(&[]).running(0), None),
        (a_service("api").tasks_aged("1h").deployed("30m").tasks_listed("40m"), None),
        (a_service("api").tasks_aged("1h").deployed("1h").refreshing(an_attempt("2h")), None),
    ] {
        let scenario = of(api.clone(), a_notice("one"));
        assert_eq!(ended_by(&scenario), expected, "{api:?}");
    }
}

#[test]
fn what_is_satisfied_names_the_tasks_that_run_instead() {
    let api = a_service("api").tasks_aged("1h").deployed("1h");
    let plan = of(api, a_notice("one")).plan();
    let ended = followed(&plan).unwrap()[0].ended.clone().unwrap();
    assert_eq!(ended.at, at(NOW) - delta("1s"));
    assert_eq!(ended.after.count, 2);
    assert!(ended.after.tasks.contains(&(task_id("api", "ecs-svc/1", 0), at(NOW) - delta("1h"))));
}

#[test]
fn what_is_satisfied_stays_so_and_is_not_written_again() {
    let api = a_service("api").tasks_aged("1h").deployed("1h").followed();
    let plan = of(api, a_notice("one")).plan();
    assert_eq!(followed(&plan), None);
    assert_eq!(plan.notices[0].services[0].state, RetirementState::Satisfied(EndedBy::Deploy));
}

#[test]
fn the_cutoff_is_the_earliest_time_that_any_page_tells() {
    // The page that came first was published last.
    let early = a_notice("one").published("10d").page(2).about(&["other"]);
    let api = a_service("api").tasks_aged("8d").deployed("9d");
    let plan = of(api, a_notice("one").published("2d")).notice(early).plan();
    assert_eq!(plan.notices[0].cutoff, at(NOW) - delta("10d"));
    assert_eq!(followed(&plan).unwrap()[0].ended.as_ref().unwrap().by, EndedBy::Deploy);
}

fn stopped(id: u128, created: &str, reason: &str) -> StoppedTask {
    StoppedTask {
        id: TaskId::plain(id),
        started_by: Some(DeploymentId::new("ecs-svc/1")),
        created_at: Some(at(NOW) - delta(created)),
        stopped_at: Some(at(NOW) - delta("5m")),
        code: Some("ServiceSchedulerInitiated".to_owned()),
        reason: Some(reason.to_owned()),
        containers: Vec::new(),
    }
}

/// The plan when these tasks were seen to have stopped, over what is remembered.
fn after(scenario: &Scenario, tasks: &[StoppedTask], ledger: &Ledger) -> Plan {
    let mut fleet = scenario.fleet();
    let look = crate::plan::fleet::ServiceLook {
        stopped: Some(StoppedTasks { asked_at: at(NOW), tasks: tasks.to_vec() }),
        ..look_of(scenario)
    };
    fleet.absorb_service(look);
    plan(&scenario.policies(), &fleet, ledger, at(NOW))
}

fn look_of(scenario: &Scenario) -> crate::plan::fleet::ServiceLook {
    scenario.looks().remove(0)
}

#[test]
fn a_newer_task_that_aws_stops_opens_the_notice_again() {
    let api = a_service("api").tasks_of_ages(&["40h", "1h"]).deployed("40h").followed();
    let scenario = of(api, a_notice("one"));
    let ledger = scenario.ledger();
    let reopened = after(&scenario, &[stopped(9, "30h", MAINTENANCE)], &ledger);
    let list = followed(&reopened).unwrap();
    assert_eq!(list[0].ended, None);
    assert_eq!(list[0].raised.as_ref().unwrap().cutoff, at(NOW) - delta("30h"));

    let mut remembered = ledger;
    remembered.records.entry(key("api")).or_default().retirements = list.to_vec();
    let again = after(&scenario, &[stopped(9, "30h", MAINTENANCE)], &remembered);
    assert_eq!(followed(&again), None);
    assert_eq!(again.started(), ["api"]);
    assert!(again.of("api").to_string().contains("newer than its notice"));
}

#[test]
fn a_task_that_the_notice_named_or_that_died_by_itself_opens_nothing_again() {
    let api = a_service("api").tasks_aged("1h").deployed("9d").followed();
    let scenario = of(api, a_notice("one"));
    for task in [stopped(9, "8d", MAINTENANCE), stopped(9, "30h", "Essential container exited")] {
        assert_eq!(followed(&after(&scenario, &[task], &scenario.ledger())), None);
    }
}

#[test]
fn a_retirement_that_nobody_announced_is_remembered_after_the_fact() {
    let api = a_service("api").tasks_aged("1h").deployed("9d");
    let scenario = scenario().policy(nightly().max_age("90d")).service(api);
    let first = after(&scenario, &[stopped(9, "8d", MAINTENANCE)], &Ledger::default());
    let list = followed(&first).unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].event, None);
    assert_eq!(list[0].before.tasks, [(TaskId::plain(9), at(NOW) - delta("8d"))]);
    assert_eq!(list[0].ended.as_ref().unwrap().by, EndedBy::Aws);

    let mut ledger = Ledger::default();
    ledger.records.entry(key("api")).or_default().retirements = list.to_vec();
    let tasks = [stopped(9, "8d", MAINTENANCE), stopped(10, "7d", MAINTENANCE)];
    let second = after(&scenario, &tasks, &ledger);
    let list = followed(&second).unwrap();
    assert_eq!((list.len(), list[0].before.count), (1, 2));
}

#[test]
fn of_very_many_tasks_only_some_are_remembered_and_nothing_is_written_for_ever() {
    let api = a_service("api").tasks_aged("1h").deployed("9d");
    let scenario = scenario().policy(nightly().max_age("90d")).service(api);
    let many: Vec<_> = (1..=80).map(|id| stopped(id, "8d", MAINTENANCE)).collect();
    let first = after(&scenario, &many, &Ledger::default());
    let mut ledger = Ledger::default();
    ledger.records.entry(key("api")).or_default().retirements = followed(&first).unwrap().to_vec();
    assert_eq!(followed(&after(&scenario, &many, &ledger)), None);
    let list = &ledger.records[&key("api")].retirements;
    assert_eq!(list[0].before.tasks.len(), TaskSample::TASKS_MAX);
}

#[test]
fn stopped_tasks_are_asked_for_only_when_running_ones_were_replaced_without_a_deployment() {
    let seen = |ages: &[&str], deployed: &str, prefix: &str| {
        let api = a_service("api").tasks_of_ages(ages).deployed(deployed);
        let mut look = look_of(&scenario().service(api));
        for (number, task) in (0..).zip(&mut look.tasks.as_mut().unwrap().tasks) {
            task.id = task_id(prefix, "ecs-svc/1", number);
        }
        look
    };
    for (then, name, asks) in [
        (seen(&["8d", "1m"], "9d", "other"), "both replaced", true),
        (seen(&["8d"], "9d", "other"), "fewer than before", false),
        (seen(&["8d", "8d"], "9d", "api"), "the same", false),
        (seen(&["1m", "1m"], "5m", "other"), "deployed in between", false),
    ] {
        let before = scenario().policy(nightly()).service(a_service("api").tasks_listed("10m"));
        let mut fleet = before.fleet();
        fleet.absorb_service(then);
        let plan = plan(&before.policies(), &fleet, &Ledger::default(), at(NOW));
        let looks: Vec<_> = plan.looks.iter().map(|look| look.depth).collect();
        assert_eq!(looks.contains(&Depth::Stopped), asks, "{name}");
    }
}

#[test]
fn of_very_many_notices_only_some_are_remembered_and_nothing_is_written_for_ever() {
    let api = a_service("api").tasks_aged("1h").deployed("1h");
    let many = |api: ServiceBuilder| {
        let names = (0..20).map(|number| format!("n{number}"));
        names.fold(of(api, a_notice("one")), |scenario, name| scenario.notice(a_notice(&name)))
    };
    let first = many(api.clone()).plan();
    assert_eq!(followed(&first).unwrap().len(), Retirement::KEPT_MAX);
    assert_eq!(followed(&many(api.followed()).plan()), None);
}
