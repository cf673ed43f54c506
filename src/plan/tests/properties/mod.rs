//! What holds for every fleet, policy, ledger and time.

mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::fixture::delta;
use crate::clock::Time;
use crate::plan::fleet::{RolloutState, Service, TaskStatus};
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Attempt, AttemptId, Call, Ledger};
use crate::plan::step::{Start, Step};
use crate::plan::{HOLD_TAG, Plan, plan};
use world::{World, worlds};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_service_that_is_selected_or_under_way_has_exactly_one_verdict(world in worlds()) {
        let plan = world.plan();
        let found: Vec<_> = plan.verdicts.iter().map(|(key, _)| key.clone()).collect();
        let expected: BTreeSet<_> = world.spoken_of();
        prop_assert_eq!(found, expected.into_iter().collect::<Vec<_>>());
        for (_, verdict) in &plan.verdicts {
            prop_assert!(!verdict.reason.to_string().is_empty());
        }
    }

    #[test]
    fn the_same_arguments_make_the_same_plan(world in worlds()) {
        prop_assert_eq!(world.plan(), world.clone().plan());
    }

    #[test]
    fn no_limit_is_passed(world in worlds()) {
        let plan = world.plan();
        let before = under_way(&world.ledger);
        let mut after = before.clone();
        after.extend(plan.starts().iter().map(|start| in_flight(start)));
        for policy in &world.policies.policies {
            let of = |list: &[(String, u32)]| list.iter().filter(|(name, _)| **name == *policy.name).count();
            let by_hand = world.policies.by_hand.is_some();
            prop_assert!(by_hand || of(&after) <= of(&before).max(policy.concurrency as usize));
        }
        let limits = world.policies.limits;
        if !plan.starts().is_empty() && world.policies.by_hand.is_none() {
            let tasks: u32 = after.iter().map(|(_, tasks)| tasks).sum();
            prop_assert!(after.len() <= limits.max_in_flight as usize);
            prop_assert!(tasks <= limits.max_tasks_in_flight || after.len() == 1);
        }
    }

    #[test]
    fn nothing_starts_that_may_not(world in worlds()) {
        let plan = world.plan();
        for start in plan.starts() {
            let service = world.fleet.service(&start.service).unwrap();
            prop_assert_eq!(why_not(&world, start, service), None, "{:?}", start);
        }
    }

    #[test]
    fn each_service_is_in_at_most_one_step_and_in_a_dry_run_in_none(world in worlds()) {
        let plan = world.plan();
        let services: BTreeSet<_> = plan.steps.iter().map(Step::service).collect();
        prop_assert_eq!(services.len(), plan.steps.len());
        let mut dry = world;
        dry.policies.dry_run = true;
        prop_assert_eq!(dry.plan().steps, vec![]);
    }

    #[test]
    fn when_the_starts_are_taken_planning_again_starts_nothing_more(world in worlds()) {
        let first = world.plan();
        let mut second = world;
        second.ledger = with_intents(&second.ledger, &first);
        let again = second.plan();
        prop_assert_eq!(again.starts(), Vec::<&Start>::new());
    }

    #[test]
    fn what_was_refreshed_is_not_started_again_by_a_clock_that_goes_back(
        world in worlds(), back in 0_i64..40_000_000, keeps_ledger in any::<bool>(),
    ) {
        let first = world.plan();
        let started: BTreeSet<_> = first.starts().iter().map(|start| start.service.clone()).collect();
        let ledger = if keeps_ledger { world.ledger.clone() } else { Ledger::default() };
        let now = world.now - chrono::TimeDelta::seconds(back);
        let fleet = world.refreshed(&started, now);
        let again = plan(&world.policies, &fleet, &ledger, now);
        for start in again.starts() {
            let by_hand = world.policies.by_hand.is_some();
            prop_assert!(by_hand || !started.contains(&start.service), "{:?}", start);
        }
    }
}

fn under_way(ledger: &Ledger) -> Vec<(String, u32)> {
    let open = ledger.records.values().filter_map(|record| record.open.as_ref());
    open.map(|attempt| (attempt.policy.to_string(), attempt.before.desired_count)).collect()
}

fn in_flight(start: &Start) -> (String, u32) {
    (start.policy.to_string(), start.before.desired_count)
}

/// The rules once more, in other words than the planner's.
fn why_not(world: &World, start: &Start, service: &Service) -> Option<&'static str> {
    let now = world.now;
    let seen = service.description.as_ref()?;
    let tasks = service.tasks.as_ref();
    let by_hand = world.policies.by_hand.is_some();
    let policy = world.policies.policies.iter().find(|policy| policy.name == start.policy)?;
    let record = world.ledger.records.get(&start.service);
    let open = world.is_open(&policy.name) || by_hand;
    let [primary] = &seen.deployments[..] else { return Some("a rollout is in progress") };
    let rules = [
        (service.problem.is_some(), "it could not be read"),
        (now - seen.described_at > delta("5s"), "the description is stale"),
        (seen.described_at > now, "the description is of the future"),
        (start.send_by > seen.described_at + delta("5s"), "it may be sent on a stale description"),
        (start.send_by < now, "it may never be sent"),
        (!open, "its window is closed"),
        (world.is_frozen(&policy.name), "its policy is frozen"),
        (!policy.enabled && !by_hand, "its policy is disabled"),
        (seen.tags.contains_key(HOLD_TAG), "it is held"),
        (world.fleet.own() == Some(&start.service), "it is the daemon itself"),
        (seen.desired_count == 0, "nothing is to be replaced"),
        (seen.running_count < seen.desired_count, "it is not steady"),
        (seen.pending_count > 0, "it is not steady"),
        (!primary.primary, "it has no PRIMARY"),
        (primary.rollout != RolloutState::Completed, "a rollout is in progress"),
        (tasks.is_none_or(|tasks| !tasks.complete), "its tasks are not all known"),
        (record.is_some_and(|record| record.open.is_some()), "it is being refreshed"),
        (!by_hand && has_task_of_unknown_age(service), "its age is unknown"),
        (
            !by_hand && record.and_then(|r| r.refused.as_ref()).is_some_and(|r| r.retry_at > now),
            "its call was refused",
        ),
    ];
    rules.into_iter().find(|(broken, _)| *broken).map(|(_, rule)| rule)
}

fn has_task_of_unknown_age(service: &Service) -> bool {
    let mut tasks = service.tasks.iter().flat_map(|tasks| &tasks.tasks);
    tasks.any(|task| task.created_at.is_none() && task.status != TaskStatus::Starting)
}

/// The ledger after the intents of a plan were stored.
fn with_intents(ledger: &Ledger, plan: &Plan) -> Ledger {
    let mut records: BTreeMap<ServiceKey, _> = ledger.records.clone();
    for start in plan.starts() {
        let attempt = intent(start, plan.now);
        records.entry(start.service.clone()).or_default().begin(attempt);
    }
    Ledger { records, ..Ledger::default() }
}

fn intent(start: &Start, now: Time) -> Attempt {
    Attempt {
        id: AttemptId("attempt".into()),
        service: start.service.clone(),
        policy: start.policy.clone(),
        cause: start.cause,
        intent_at: now,
        call_ends_by: now + delta("30s"),
        deadline: now + delta("60m"),
        moved_at: None,
        rescue: None,
        code_deploy: None,
        before: start.before.clone(),
        call: Call::Unknown,
    }
}

#[test]
fn the_worlds_are_worth_it() {
    // A property over starts says nothing if nothing ever starts.
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut starts = 0;
    for _ in 0..200 {
        let world = worlds().new_tree(&mut runner).unwrap().current();
        starts += world.plan().starts().len();
    }
    assert!(starts > 100, "only {starts} starts in 200 worlds");
}
