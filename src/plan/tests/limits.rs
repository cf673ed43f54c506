//! Concurrency, the limits over all policies, and settling.

use super::fixture::{ServiceBuilder, a_service, an_attempt, at, nightly, policy, scenario};
use crate::plan::ledger::Outcome;

fn fleet(number: usize) -> impl Iterator<Item = ServiceBuilder> {
    (0..number).map(|number| a_service(&format!("api-{number}")))
}

#[test]
fn a_policy_has_no_more_under_way_than_its_concurrency() {
    for (under_way, concurrency, expected) in
        [(0, 1, 1), (0, 3, 3), (2, 3, 1), (3, 3, 0), (5, 3, 0)]
    {
        let busy = (0..under_way)
            .map(|number| a_service(&format!("busy-{number}")).refreshing(an_attempt("1m")));
        let policy = nightly().concurrency(concurrency);
        let plan = scenario().policy(policy).services(fleet(9)).services(busy).plan();
        assert_eq!(plan.starts().len(), expected, "{under_way} of {concurrency}");
        assert_eq!(plan.policies[0].in_flight, under_way);
    }
}

#[test]
fn one_policy_at_its_limit_does_not_stop_the_others() {
    let plan = scenario()
        .policy(policy("web").names(&["web-*"]).concurrency(2))
        .policy(policy("rest").concurrency(1))
        .services(["web-1", "web-2", "web-3"].map(|name| a_service(name).tasks_aged("30d")))
        .services(fleet(3))
        .plan();
    assert_eq!(plan.started(), ["web-1", "web-2", "api-0"]);
}

#[test]
fn all_policies_together_keep_to_max_in_flight() {
    let plan = scenario()
        .policy(policy("web").names(&["web-*"]).concurrency(9))
        .policy(policy("rest").concurrency(9))
        .services(["web-1", "web-2", "web-3"].map(a_service))
        .services(fleet(3))
        .service(a_service("busy").refreshing(an_attempt("1m").of("a policy that is gone")))
        .max_in_flight(5)
        .plan();
    assert_eq!(plan.starts().len(), 4);
    assert_eq!(plan.sentence("web-3"), "waiting for its turn: max_in_flight is 5");
}

#[test]
fn desired_tasks_under_way_keep_to_max_tasks_in_flight_and_small_ones_do_not_pass_a_big_one() {
    let plan = scenario()
        .policy(policy("nightly").concurrency(9))
        .service(a_service("first").desired(6).tasks_aged("30d"))
        .service(a_service("big").desired(6).tasks_aged("20d"))
        .service(a_service("small").desired(1).tasks_aged("10d"))
        .max_tasks_in_flight(10)
        .plan();
    assert_eq!(plan.started(), ["first"]);
    assert_eq!(plan.sentence("small"), "waiting for its turn: max_tasks_in_flight is 10");
}

#[test]
fn a_giant_service_goes_alone() {
    let giant = || a_service("giant").desired(900).tasks_aged("30d");
    let crowd = scenario().policy(policy("nightly").concurrency(9)).services(fleet(3));
    assert_eq!(crowd.clone().service(giant()).plan().started(), ["giant"]);
    let busy =
        crowd.clone().service(giant()).service(a_service("busy").refreshing(an_attempt("1m")));
    assert_eq!(busy.plan().starts().len(), 0);
    let under_way = crowd.service(giant().refreshing(an_attempt("1m").tasks(900)));
    assert_eq!(under_way.plan().starts().len(), 0);
}

#[test]
fn a_policy_settles_between_an_outcome_and_its_next_start() {
    let done =
        |ago| a_service("done").tasks_aged("10m").last(Outcome::Failed, ago, an_attempt("9m"));
    for (ago, starts) in [("1m", false), ("9m 59s", false), ("10m", true)] {
        let plan = scenario()
            .policy(policy("other").clusters(&["stg"]))
            .policy(nightly().settle("10m").concurrency(5).max_failures(9))
            .services(fleet(2))
            .service(a_service("stg/other"))
            .service(done(ago))
            .plan();
        assert_eq!(plan.starts().len(), if starts { 3 } else { 1 }, "{ago}");
    }
}

#[test]
fn the_plan_tells_how_many_of_the_due_fit_into_the_window() {
    let done =
        a_service("done").tasks_aged("10m").last(Outcome::Succeeded, "30m", an_attempt("40m"));
    let night = |concurrency| {
        scenario()
            .policy(nightly().concurrency(concurrency).settle("20m"))
            .services(fleet(9))
            .service(done.clone())
    };
    // A round takes 10 + 20 minutes, and 110 minutes are left.
    let plan = night(2).plan();
    assert_eq!((plan.policies[0].due, plan.policies[0].fits), (9, Some(8)));
    assert_eq!(night(3).plan().policies[0].fits, Some(9));
    assert_eq!(scenario().policy(nightly()).services(fleet(9)).plan().policies[0].fits, None);
}

#[test]
fn a_service_belongs_to_the_first_policy_in_file_order() {
    let plan = scenario()
        .policy(policy("web").names(&["web-*"]))
        .policy(policy("tagged").tag("team", "a"))
        .policy(policy("rest"))
        .service(a_service("web-1").tag("team", "a"))
        .service(a_service("api"))
        .plan();
    let web = plan.of("web-1");
    assert_eq!(&*web.policy, "web");
    assert_eq!(
        web.also_selected_by.iter().map(|name| &**name).collect::<Vec<_>>(),
        ["tagged", "rest"]
    );
    assert_eq!(&*plan.of("api").policy, "rest");
    assert_eq!(plan.now, at(super::fixture::NOW));
}

#[test]
fn ecs_refresh_itself_goes_last_and_alone() {
    let wave = |names: &[&str]| {
        let services = names.iter().map(|name| a_service(name).tasks_aged("9d"));
        let own = a_service("own").tasks_aged("30d");
        let wide = policy("nightly").concurrency(9);
        scenario().policy(wide).services(services).service(own).own("own").hands_over()
    };
    let turn = "waiting for its turn: ecs-refresh itself goes last, and alone";
    let plan = wave(&["a", "b"]).plan();
    assert_eq!((plan.started(), plan.sentence("own").as_str()), (vec!["a", "b"], turn));
    let busy = a_service("busy").refreshing(an_attempt("1m"));
    assert_eq!(wave(&[]).service(busy).plan().sentence("own"), turn);
    assert_eq!(wave(&[]).plan().started(), ["own"]);
    // Now it is under way itself.
    let own = a_service("own").refreshing(an_attempt("1m"));
    let plan = scenario().service(own).own("own").hands_over().services(fleet(2));
    let plan = plan.policy(policy("nightly").concurrency(9)).plan();
    assert_eq!((plan.starts().len(), plan.sentence("api-0").as_str()), (0, turn));
}
