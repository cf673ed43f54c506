//! What keeps a service from being refreshed: people, kinds, and what ECS is doing with it.

use super::fixture::{ServiceBuilder, a_service, nightly, scenario, span};
use crate::plan::fleet::{Controller, Hook, Launch, RolloutState, Staging, Strategy};

fn check(service: ServiceBuilder, label: &str) {
    for scenario in [
        scenario().policy(nightly()).service(service.clone()),
        scenario().policy(nightly()).service(service.clone()).by_hand("api"),
    ] {
        let plan = scenario.plan();
        assert_eq!(plan.reason("api").label(), label, "{service:?}");
        assert_eq!(plan.steps, []);
        assert_eq!(plan.of("api").due.is_some(), label == "not_steady");
    }
}

fn api() -> ServiceBuilder {
    a_service("api")
}

#[test]
fn nothing_starts_during_a_rollout_by_anybody() {
    check(api().rollout(RolloutState::InProgress), "somebodys_rollout");
    check(api().rollout(RolloutState::InProgress).other_deployments(2), "somebodys_rollout");
    check(api().rollout(RolloutState::Absent).other_deployments(1), "somebodys_rollout");
    check(api().other_deployments(1), "old_tasks_linger");
    check(api().without_primary(), "state_not_understood");
    check(api().without_primary().other_deployments(1), "state_not_understood");
}

#[test]
fn nothing_starts_on_a_service_that_is_not_steady() {
    check(api().running(1), "not_steady");
    check(api().running(0), "not_steady");
    check(api().pending(1), "not_steady");
    check(api().running(3).pending(1), "not_steady");
}

#[test]
fn a_service_that_scales_in_is_steady_enough() {
    let plan = scenario().policy(nightly()).service(api().running(3)).plan();
    assert_eq!(plan.started(), ["api"]);
}

#[test]
fn without_a_rollout_state_one_steady_deployment_is_enough() {
    let plan = scenario().policy(nightly()).service(api().rollout(RolloutState::Absent)).plan();
    assert_eq!(plan.started(), ["api"]);
}

#[test]
fn what_this_version_does_not_know_is_held() {
    check(api().rollout(RolloutState::Unknown("PAUSED".into())), "state_not_understood");
    check(api().controller(Controller::Unknown("X".into())), "state_not_understood");
    check(api().strategy(Strategy::Unknown("X".into())), "state_not_understood");
}

#[test]
fn a_kind_that_nobody_but_its_owner_deploys_is_held() {
    check(api().controller(Controller::External), "external_controller");
}

#[test]
fn every_strategy_of_ecs_itself_is_started() {
    for strategy in [Strategy::BlueGreen, Strategy::Linear, Strategy::Canary] {
        let plan = scenario().policy(nightly()).service(api().strategy(strategy)).plan();
        assert_eq!(plan.started(), ["api"]);
    }
}

#[test]
fn a_hook_that_waits_for_a_person_is_held_unless_the_policy_or_a_person_allows_it() {
    let hook =
        Hook { stages: vec!["POST_TEST_TRAFFIC_SHIFT".into()], pauses: true, timeout: span("1d") };
    let staging = Staging { bake: span("10m"), hooks: vec![hook], ..Staging::default() };
    let pauses = || api().strategy(Strategy::BlueGreen).staging(staging.clone());
    let held = scenario().policy(nightly()).service(pauses()).plan();
    assert_eq!((held.reason("api").label(), &held.steps[..]), ("pause_hook", &[][..]));
    let allowed = scenario().policy(nightly().allow_pause()).service(pauses()).plan();
    assert_eq!(allowed.started(), ["api"]);
    assert_eq!(allowed.starts()[0].rollout_timeout, span("1d") + span("10m") + span("60m"));
    let by_hand = scenario().policy(nightly()).service(pauses()).by_hand("api").plan();
    assert_eq!(by_hand.started(), ["api"]);
}

#[test]
fn a_service_without_tasks_has_nothing_to_replace() {
    check(api().desired(0), "nothing_to_replace");
    check(api().desired(0).running(1), "nothing_to_replace");
    check(api().desired(0).rollout(RolloutState::InProgress), "nothing_to_replace");
}

#[test]
fn its_owner_holds_it_by_a_tag_whatever_else_it_is() {
    check(api().tag("ecs-refresh:hold", "x"), "hold_tag");
    check(api().tag("ecs-refresh:hold", "x").rollout(RolloutState::Failed), "hold_tag");
    let plan = scenario().policy(nightly()).service(api().tag("ecs-refresh:other", "x")).plan();
    assert_eq!(plan.started(), ["api"]);
}

#[test]
fn the_daemon_does_not_refresh_itself() {
    let plan = scenario().policy(nightly().concurrency(2)).service(api()).service(a_service("me"));
    assert_eq!(plan.clone().own("me").plan().started(), ["api"]);
    assert_eq!(plan.own("me").by_hand("me").plan().reason("me").label(), "own_service");
}

#[test]
fn a_disabled_policy_still_owns_its_services() {
    let plan = scenario()
        .policy(super::fixture::policy("off").names(&["api"]).disabled())
        .policy(nightly())
        .service(api())
        .plan();
    assert_eq!(plan.sentence("api"), "policy disabled");
    assert_eq!(plan.steps, []);
    assert!(!plan.policies[0].enabled);
}

#[test]
fn only_services_on_fargate_are_selected() {
    let elsewhere = api().launch(Launch::Elsewhere);
    assert!(scenario().policy(nightly()).service(elsewhere).plan().verdicts.is_empty());
    for (service, label) in [
        (api(), Some("due")),
        (api().tasks_never_listed(), Some("not_observed_yet")),
        (api().tasks_of_ages(&[]).tasks_partly_read(), Some("partial_view")),
        (api().tasks_of_ages(&[]), None),
    ] {
        let service = service.launch(Launch::Unstated);
        let plan = scenario().policy(nightly()).service(service.clone()).plan();
        let found = plan.verdicts.first().map(|(_, verdict)| verdict.reason.label());
        assert_eq!(found, label, "{service:?}");
    }
}

#[test]
fn what_no_policy_selects_is_not_spoken_of() {
    let plan = scenario().policy(nightly().clusters(&["stg"])).service(api()).plan();
    assert!(plan.verdicts.is_empty() && plan.looks.is_empty() && plan.steps.is_empty());
}
