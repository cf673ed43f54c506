//! What a start says, and on what it rests.

use super::fixture::{
    NOW, a_service, an_attempt, at, delta, key, nightly, policy, scenario, span, task_id,
};
use crate::plan::fleet::DeploymentId;
use crate::plan::ledger::{Cause, Outcome};
use crate::plan::step::Depth;

#[test]
fn a_start_carries_what_the_service_was_before() {
    let plan =
        scenario().policy(nightly().rollout_timeout(span("40m"))).service(a_service("api")).plan();
    let [start] = plan.starts()[..] else { panic!("{:?}", plan.steps) };
    assert_eq!(start.service, key("api"));
    assert_eq!(&*start.policy, "nightly");
    assert_eq!(start.cause, Cause::Age);
    assert_eq!(start.rollout_timeout, span("40m"));
    assert_eq!(start.before.primary, DeploymentId::new("ecs-svc/1"));
    assert_eq!(&*start.before.task_definition, "app:7");
    assert_eq!(start.before.desired_count, 2);
    assert_eq!(start.before.tasks, [0, 1].map(|n| task_id("api", "ecs-svc/1", n)));
    assert_eq!(start.before.oldest_created_at, Some(at(NOW) - delta("8d")));
}

#[test]
fn a_call_may_be_sent_while_its_view_is_fresh_and_the_window_open() {
    let send_by = |scenario: super::fixture::Scenario| scenario.plan().starts()[0].send_by;
    let api = a_service("api").described("2s");
    assert_eq!(
        send_by(scenario().policy(nightly()).service(api.clone())),
        at("2026-11-18T03:10:03Z")
    );
    let closing = scenario().policy(nightly()).service(api.clone()).now("2026-11-18T04:59:59Z");
    assert_eq!(send_by(closing), at("2026-11-18T05:00:00Z"));
    let freeze = policy("nightly").freeze("2026-11-18T03:10:01Z", "2026-11-19", "");
    assert_eq!(send_by(scenario().policy(freeze).service(api)), at("2026-11-18T03:10:01Z"));
}

#[test]
fn nothing_starts_on_a_description_that_is_stale_or_of_the_future() {
    let api = || a_service("api");
    for (service, starts) in [
        (api().described("0s"), true),
        (api().described("4999ms"), true),
        (api().described("5s"), false),
        (api().described("1h"), false),
        (api().described_in("1ms"), false),
        (api().described_in("1h"), false),
    ] {
        let plan = scenario().policy(nightly()).service(service.clone().tasks_listed("0s")).plan();
        assert_eq!(plan.steps.len(), usize::from(starts), "{service:?}");
        assert_eq!(plan.sentence("api"), "due now: oldest task is 8d old");
        let look = plan.look_at("api").map(|look| (look.depth, look.at));
        assert_eq!(look, (!starts).then_some((Depth::Describe, at(NOW))), "{service:?}");
    }
}

#[test]
fn a_look_is_asked_for_only_where_a_start_waits_for_it() {
    let plan = scenario()
        .policy(nightly())
        .service(a_service("api").described("1m"))
        .service(a_service("second").described("1m").tasks_aged("7d 1h"))
        .service(a_service("young").described("1m").tasks_aged("1d"))
        .plan();
    assert_eq!(plan.looks.len(), 1);
    assert!(plan.look_at("api").is_some());
}

#[test]
fn a_dry_run_takes_no_step_and_still_follows_what_is_open() {
    let plan = scenario()
        .policy(nightly().concurrency(9))
        .service(a_service("api"))
        .service(a_service("stale").described("1m"))
        .service(a_service("over").refreshing(an_attempt("10m").unanswered()))
        .service(a_service("going").refreshing(an_attempt("1m")))
        .dry_run()
        .plan();
    assert_eq!(plan.steps, []);
    assert_eq!(plan.sentence("stale"), "due now: oldest task is 8d old (dry run: not started)");
    assert_eq!(plan.sentence("over"), "the refresh was not accepted (dry run: not recorded)");
    assert!(plan.look_at("going").is_some());
    assert!(plan.look_at("stale").is_none());
}

#[test]
fn the_plan_says_when_a_pause_ends() {
    let done = |name| a_service(name).last(Outcome::Succeeded, "4m", an_attempt("9m"));
    let settling =
        scenario().policy(nightly().settle("10m")).service(a_service("api")).service(done("done"));
    assert_eq!(settling.plan().wake_at, Some(at("2026-11-18T03:16:00Z")));
    let refused = settling.clone().service(a_service("refused").refused(1, "1m"));
    assert_eq!(refused.plan().wake_at, Some(at("2026-11-18T03:11:00Z")));
    assert_eq!(scenario().policy(nightly()).service(a_service("api")).plan().wake_at, None);
}

#[test]
fn the_plan_of_an_empty_world_is_empty() {
    let plan = scenario().plan();
    assert_eq!(plan, crate::plan::Plan::empty(at(NOW)));
}
