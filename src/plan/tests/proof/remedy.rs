//! What the policies in force let be done about a rollout whose time is up.

use super::fixture::{OLD, OURS, Seen, after, seen};
use crate::plan::fleet::{DeploymentId, Fleet, RolloutState, ServiceDeploymentStatus as Status};
use crate::plan::ledger::{Call, Ledger, Outcome, Record};
use crate::plan::step::Step;
use crate::plan::tests::fixture::{
    NOW, PolicyBuilder, Scenario, an_attempt, at, delta, key, nightly, policy, scenario,
};
use crate::plan::{HOLD_TAG, Plan, plan};

/// An attempt of the policy `nightly` at `api`, seen to go on a minute after its time.
fn late() -> Seen {
    seen("61m").rollout(RolloutState::InProgress).beside(OLD).evidence(&[(
        "sd",
        "1s",
        Status::InProgress,
    )])
}

fn plan_of(scenario: &Scenario, seen: &Seen) -> Plan {
    let mut fleet = Fleet::default();
    fleet.absorb_service(seen.look());
    let mut attempt = an_attempt("0s").build(key("api"), at(NOW));
    attempt.call = Call::Accepted {
        deployment: DeploymentId::new(OURS),
        created_at: at(NOW) + delta("1s"),
        known_at: at(NOW) + delta("2s"),
        service_deployment: Some("sd".into()),
    };
    let record = Record { open: Some(attempt), ..Record::default() };
    let ledger = Ledger { records: [(key("api"), record)].into(), ..Ledger::default() };
    plan(&scenario.policies(), &fleet, &ledger, after("61m"))
}

fn under(policy: PolicyBuilder) -> Scenario {
    scenario().policy(policy)
}

/// The diagnosis with which the attempt ends; none where it is rolled back.
fn left_with(plan: &Plan) -> Option<&str> {
    match &plan.steps[..] {
        [Step::RollBack(back)] => {
            assert_eq!(plan.sentence("api"), "timed out; rolling back as on_failure says");
            assert_eq!(&*back.service_deployment, "sd");
            None
        }
        [Step::Finish { outcome: Outcome::TimedOut, diagnosis, .. }] => Some(diagnosis),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_policy_that_the_attempt_counts_for_decides_as_it_is_now() {
    let elsewhere = policy("elsewhere").names(&["web"]).rolls_back();
    for (what, scenario, reason) in [
        ("it says so", under(nightly().rolls_back()), None),
        ("it does not", under(nightly()), Some("")),
        ("another does", under(elsewhere).policy(nightly()), Some("")),
        ("it is gone", under(policy("new").rolls_back()), Some("")),
        (
            "it is disabled",
            under(nightly().rolls_back().disabled()),
            Some("it was not rolled back: its policy is disabled now"),
        ),
        (
            "a person asked for the refresh",
            under(nightly().rolls_back().disabled()).by_hand("api"),
            None,
        ),
        (
            "it selects others",
            under(nightly().rolls_back().names(&["web"])),
            Some("it was not rolled back: no policy selects the service any more"),
        ),
        ("another selects it", under(policy("other")).policy(nightly().rolls_back()), None),
        (
            "it is frozen, and its window is closed",
            under(nightly().freeze("2026-11-18", "2026-11-18", "").rolls_back()),
            None,
        ),
    ] {
        let plan = plan_of(&scenario, &late());
        match (left_with(&plan), reason) {
            (None, None) => {}
            (Some(diagnosis), Some("")) => {
                assert!(!diagnosis.contains("rolled back"), "{what}: {diagnosis}");
            }
            (Some(diagnosis), Some(reason)) => {
                assert!(diagnosis.contains(reason), "{what}: {diagnosis}");
            }
            (found, _) => panic!("{what}: {found:?}"),
        }
    }
}

#[test]
fn its_owners_tag_keeps_a_service_from_being_touched() {
    let held = late().tag(HOLD_TAG, "looking into it");
    let plan = plan_of(&under(nightly().rolls_back()), &held);
    let diagnosis = left_with(&plan).expect("it is left");
    assert!(diagnosis.contains("it was not rolled back: the service is held by its tag"));
}

#[test]
fn a_dry_run_says_what_would_be_asked_for() {
    let plan = plan_of(&under(nightly().rolls_back()).dry_run(), &late());
    assert_eq!(plan.steps, []);
    assert_eq!(
        plan.sentence("api"),
        "timed out; on_failure says to roll it back (dry run: not asked for)"
    );
    assert_eq!(plan.reason("api").label(), "our_rollback");
}
