//! Who goes first.

use super::fixture::{a_service, an_attempt, nightly, policy, scenario};
use crate::plan::ledger::Outcome;

#[test]
fn the_oldest_goes_first_then_the_name_and_who_failed_goes_last() {
    let failed = a_service("failed").tasks_aged("90d").last(
        Outcome::Failed,
        "26h",
        an_attempt("27h").left("ecs-svc/0"),
    );
    let services = [
        failed,
        a_service("b").tasks_aged("9d"),
        a_service("a").tasks_aged("9d"),
        a_service("old").tasks_aged("30d"),
        a_service("young").tasks_aged("1d"),
    ];
    for (concurrency, expected) in
        [(1, &["old"][..]), (3, &["old", "a", "b"]), (9, &["old", "a", "b", "failed"])]
    {
        let policy = policy("nightly").concurrency(concurrency);
        let plan = scenario().policy(policy).services(services.clone()).plan();
        assert_eq!(plan.started(), expected);
    }
}

#[test]
fn a_service_that_waits_for_a_look_keeps_its_place() {
    let plan = scenario()
        .policy(nightly())
        .service(a_service("old").tasks_aged("30d").described("1m"))
        .service(a_service("young"))
        .plan();
    assert_eq!(plan.steps, []);
    assert!(plan.look_at("old").is_some());
    assert_eq!(plan.sentence("young"), "waiting for its turn: the policy's concurrency is 1");
}

#[test]
fn a_success_after_a_failure_restores_the_place() {
    let healed =
        a_service("healed").tasks_aged("30d").last(Outcome::Superseded, "26h", an_attempt("27h"));
    let plan =
        scenario().policy(policy("nightly")).service(healed).service(a_service("api")).plan();
    assert_eq!(plan.started(), ["healed"]);
}
