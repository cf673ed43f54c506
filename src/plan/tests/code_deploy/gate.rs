//! What is refreshed by a deployment of CodeDeploy, what is not, and by what call.

use crate::plan::Plan;
use crate::plan::fleet::{DeploymentId, ProblemClass};
use crate::plan::ledger::Outcome;
use crate::plan::step::{CreateDeployment, SentRevision, StartCall};
use crate::plan::surroundings::Want;
use crate::plan::tests::fixture::{
    APP_SPEC, GroupBuilder, PolicyBuilder, Scenario, a_group, a_service, an_attempt, key, nightly,
    scenario, span,
};

fn opted_in() -> PolicyBuilder {
    nightly().code_deploy()
}

fn api(group: GroupBuilder) -> Scenario {
    scenario().policy(opted_in()).service(a_service("api").group(group))
}

fn call(plan: &Plan) -> &CreateDeployment {
    match &plan.starts()[..] {
        [start] => match &start.call {
            StartCall::CreateDeployment(call) => call,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}: {}", plan.sentence("api")),
    }
}

fn want() -> Want {
    Want::CodeDeployGroup(key("api"), DeploymentId::new("ecs-svc/1"))
}

#[test]
fn nothing_is_asked_or_started_without_opting_in() {
    let service = a_service("api").group(a_group("api"));
    let plan = scenario().policy(nightly()).service(service.clone()).plan();
    assert_eq!(plan.reason("api").label(), "code_deploy_opt_in");
    assert!(plan.steps.is_empty() && plan.wants.is_empty());
    let by_hand = scenario().policy(nightly()).service(service).by_hand("api").plan();
    assert_eq!(by_hand.started(), ["api"]);
}

#[test]
fn a_deployment_is_made_of_what_runs_with_the_hooks_of_the_last_one() {
    let plan = api(a_group("api")).plan();
    let call = call(&plan);
    assert_eq!((&*call.target.application, &*call.target.group), ("shop", "api"));
    let SentRevision::AppSpec(text) = &call.revision else { panic!("{call:?}") };
    assert_eq!(&**text, APP_SPEC.replace("app:6", "app:7"));
    let service = a_service("api").group(a_group("api")).platform_version("1.4.0");
    let pinned = scenario().policy(opted_in()).service(service).plan();
    let SentRevision::AppSpec(text) = &self::call(&pinned).revision else { panic!() };
    assert!(text.contains(r#""app:7", "PlatformVersion": "1.4.0","#), "{text}");
    // CodeDeploy itself checks that the object is the same.
    let plan = api(a_group("api").in_s3()).plan();
    assert!(matches!(self::call(&plan).revision, SentRevision::S3(_)));
}

#[test]
fn hooks_and_traffic_and_old_tasks_have_their_time() {
    let group = || a_group("api").in_s3();
    for (group, extra) in [
        (group(), "0s"),
        (a_group("api"), "1h"),
        (group().shift("27m"), "27m"),
        (group().termination_wait("2h"), "2h"),
    ] {
        let plan = api(group).plan();
        let expected = span("60m") + span(extra);
        assert_eq!(plan.starts()[0].rollout_timeout, expected, "{extra}");
        assert_eq!(call(&plan).target.takes, expected);
    }
}

#[test]
fn the_group_is_asked_for_when_the_service_is_due_and_no_more_often_than_needed() {
    let unread = || a_service("api").by_code_deploy();
    let asks = |scenario: Scenario| scenario.plan().wants.contains(&want());
    let policy = || scenario().policy(opted_in());
    assert!(asks(policy().service(unread())));
    assert!(!asks(policy().service(unread().tasks_aged("1d"))), "it is not due");
    // Before its window, so that what is wrong is known in time.
    let early = |group| api(group).now("2026-11-18T02:00:00Z");
    assert!(!asks(early(a_group("api"))) && asks(early(a_group("api").read("1h"))));
    assert_eq!(
        early(a_group("api").missing("x")).plan().reason("api").label(),
        "code_deploy_unfit"
    );
    // A start rests on a fresh reading.
    for (read, starts) in [("59s", true), ("60s", false), ("59m", false)] {
        let plan = api(a_group("api").read(read)).plan();
        assert_eq!(
            (plan.started().len(), plan.wants.len()),
            (usize::from(starts), usize::from(!starts)),
            "{read}"
        );
        assert_eq!(plan.reason("api").label(), "due");
    }
    // What keeps a group busy may be over soon, and so may a failure to ask.
    for (group, asked) in [
        (a_group("api").under_way("d-7").read("59s"), false),
        (a_group("api").under_way("d-7").read("60s"), true),
        (a_group("api").unread(ProblemClass::Denied).read("9m"), false),
        (a_group("api").unread(ProblemClass::Denied).read("10m"), true),
    ] {
        let plan = api(group.clone()).plan();
        assert_eq!((plan.steps.len(), plan.wants.contains(&want())), (0, asked), "{group:?}");
    }
}

#[test]
fn a_group_that_was_asked_by_another_deployment_is_asked_anew() {
    let mut fleet = api(a_group("api")).fleet();
    let mut surroundings = fleet.surroundings().clone();
    let (_, known) = surroundings.code_deploy_groups.remove(&key("api")).unwrap();
    let other = DeploymentId::new("d-other");
    surroundings.code_deploy_groups.insert(key("api"), (other, known));
    let scenario = api(a_group("api"));
    let now = scenario.plan().now;
    fleet.absorb_surroundings(surroundings, now);
    let plan = crate::plan::plan(&scenario.policies(), &fleet, &scenario.ledger(), now);
    assert!(plan.wants.contains(&want()) && plan.steps.is_empty());
}

#[test]
fn services_of_one_group_go_one_after_the_other_and_hold_nobody_else_up() {
    let policy = opted_in().concurrency(9);
    let of = |name: &str, group: &str| a_service(name).group(a_group(group));
    let scenario = scenario().policy(policy).service(of("a", "x")).service(of("b", "x"));
    let scenario = scenario.service(of("c", "y")).service(a_service("d"));
    assert_eq!(scenario.plan().started(), ["a", "c", "d"]);
    assert_eq!(
        scenario.plan().sentence("b"),
        "CodeDeploy makes one deployment of shop/x at a time, and that of prd/a is under way"
    );
    // As long as its deployment is not over, though it has no slot any more.
    let moved = scenario.service(of("e", "z").refreshing(an_attempt("1m").by_code_deploy("y")));
    assert_eq!(moved.plan().started(), ["a", "d"]);
    let mut ledger = moved.ledger();
    let open = ledger.records.get_mut(&key("e")).unwrap().open.as_mut().unwrap();
    open.moved_at = Some(open.intent_at);
    let plan = crate::plan::plan(&moved.policies(), &moved.fleet(), &ledger, moved.plan().now);
    assert_eq!(plan.started(), ["a", "d"]);
}

#[test]
fn a_deployment_that_waits_for_a_person_needs_somebody_who_asked_for_it() {
    let group = || a_group("api").ready_wait("1h");
    assert_eq!(api(group()).plan().reason("api").label(), "pause_hook");
    let service = || a_service("api").group(group());
    let allowed = scenario().policy(opted_in().allow_pause()).service(service()).plan();
    assert_eq!(call(&allowed).target.ready_wait, Some(span("1h")));
    assert_eq!(
        scenario().policy(nightly()).service(service()).by_hand("api").plan().steps.len(),
        1
    );
}

#[test]
fn a_second_task_set_is_a_rollout_of_whoever_made_it() {
    let two = || a_service("api").group(a_group("api")).other_deployments(1).deployed("5m");
    let plan = scenario().policy(opted_in()).service(two()).plan();
    assert_eq!((plan.reason("api").label(), plan.steps.len()), ("somebodys_rollout", 0));
    let ours = an_attempt("9m").by_code_deploy("api");
    let left = two().last(Outcome::TimedOut, "2m", ours);
    let plan = scenario().policy(opted_in()).service(left).plan();
    assert_eq!(plan.reason("api").label(), "left_rolling");
}
