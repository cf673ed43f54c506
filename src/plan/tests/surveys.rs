//! What a start waits for before its deadline is known, and what is asked for when.

use std::collections::BTreeSet;

use super::fixture::{
    NOW, Scenario, a_service, an_attempt, at, delta, key, nightly, problem, scenario, span,
};
use crate::clock::Time;
use crate::plan::deadline::{Assumed, Unknown, wants_of};
use crate::plan::fleet::ProblemClass;
use crate::plan::policy::RolloutTimeout;
use crate::plan::step::Depth;
use crate::plan::surroundings::{Known, Surroundings, TargetGroup, TaskDefinition, Want};

const GROUP: &str = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1";

fn wanted() -> BTreeSet<Want> {
    [Want::TaskDefinition("app:7".into()), Want::TargetGroup(GROUP.into())].into()
}

/// `api`, which is due and behind a target group.
fn balanced() -> Scenario {
    scenario()
        .policy(nightly().rollout_timeout_auto())
        .service(a_service("api").target_groups(&[GROUP]))
}

/// Both answers, read so long ago.
fn answered(ago: &str, class: Option<ProblemClass>) -> Surroundings {
    let read_at = at(NOW) - delta(ago);
    surroundings(read_at, class)
}

fn surroundings(read_at: Time, class: Option<ProblemClass>) -> Surroundings {
    fn known<T: Default>(read_at: Time, class: Option<ProblemClass>) -> Known<T> {
        let value = class.map_or_else(|| Ok(T::default()), |class| Err(problem(class, read_at)));
        Known { read_at, value }
    }
    let mut read = Surroundings::default();
    let definition: Known<TaskDefinition> = known(read_at, class);
    let group: Known<TargetGroup> = known(read_at, class);
    read.task_definitions.insert("app:7".into(), definition);
    read.target_groups.insert(GROUP.into(), group);
    read
}

#[test]
fn a_start_waits_until_what_its_deadline_rests_on_was_read() {
    let plan = balanced().plan();
    assert_eq!(plan.sentence("api"), "due now: oldest task is 8d old");
    assert_eq!(plan.wants, wanted());
    assert_eq!((plan.steps.len(), plan.looks.len()), (0, 0), "it waits for nothing else");
    let assumed = &plan.of("api").deadline.as_ref().unwrap().assumed;
    assert_eq!(assumed.len(), 2);
    let plan = balanced().knowing(answered("1m", None)).plan();
    assert_eq!(plan.wants, BTreeSet::new());
    let deadline = plan.of("api").deadline.clone().unwrap();
    assert_eq!(plan.starts()[0].rollout_timeout, deadline.total);
    assert_eq!(deadline.assumed, []);
}

#[test]
fn what_could_not_be_read_is_not_waited_for() {
    for class in [ProblemClass::Denied, ProblemClass::Timeout, ProblemClass::NotFound] {
        let plan = balanced().knowing(answered("1m", Some(class))).plan();
        assert_eq!(plan.started(), ["api"]);
        assert_eq!(plan.wants, BTreeSet::new(), "{class:?}");
        let assumed = plan.of("api").deadline.clone().unwrap().assumed;
        let because = |assumed: &Assumed| match assumed {
            Assumed::TaskDefinition(_, why) | Assumed::TargetGroup(_, why) => Some(*why),
            Assumed::Percents => None,
        };
        assert_eq!(
            assumed.iter().filter_map(because).collect::<Vec<_>>(),
            [Unknown::Failed(class); 2]
        );
    }
}

#[test]
fn an_answer_is_good_for_a_while_and_so_is_a_failure() {
    let group = || BTreeSet::from([Want::TargetGroup(GROUP.into())]);
    for (ago, class, wants) in [
        ("59m", None, BTreeSet::new()),
        ("61m", None, group()),
        ("25h", None, wanted()),
        ("9m", Some(ProblemClass::Denied), BTreeSet::new()),
        ("11m", Some(ProblemClass::Denied), wanted()),
    ] {
        let plan = balanced().knowing(answered(ago, class)).plan();
        assert_eq!(plan.wants, wants, "{ago} {class:?}");
        assert_eq!(plan.starts().len(), usize::from(wants.is_empty()), "{ago} {class:?}");
    }
    // A clock that was set back makes nothing good for longer.
    let ahead = surroundings(at(NOW) + delta("1h"), None);
    assert_eq!(balanced().knowing(ahead).plan().wants, wanted());
}

#[test]
fn an_api_that_does_not_answer_takes_nothing_away() {
    let before = || balanced().knowing(answered("25h", None));
    for (class, stays) in [
        (ProblemClass::Throttled, true),
        (ProblemClass::Timeout, true),
        (ProblemClass::Denied, false),
        (ProblemClass::NotFound, false),
    ] {
        let plan = before().knowing(answered("1m", Some(class))).plan();
        assert_eq!(plan.started(), ["api"], "{class:?}");
        let assumed = plan.of("api").deadline.clone().unwrap().assumed;
        assert_eq!(assumed.is_empty(), stays, "{class:?}");
        let later = before().knowing(answered("11m", Some(class))).plan();
        assert_eq!(later.wants, wanted(), "it is tried again: {class:?}");
    }
}

#[test]
fn nothing_is_asked_for_where_no_deadline_is_computed() {
    let api = || a_service("api").target_groups(&[GROUP]);
    let auto = || nightly().rollout_timeout_auto();
    for (scenario, what) in [
        (scenario().policy(nightly()).service(api()), "a duration is configured"),
        (scenario().policy(auto()).service(api().tasks_aged("1d")), "it is not due"),
        (balanced().now("2026-11-18T12:00:00Z"), "the window is closed"),
        (scenario().policy(auto()).service(api().refreshing(an_attempt("1m"))), "it is under way"),
        (balanced().max_in_flight(0), "others go first"),
    ] {
        assert_eq!(scenario.plan().wants, BTreeSet::new(), "{what}");
    }
}

#[test]
fn a_dry_run_and_a_refresh_by_hand_ask_too() {
    let dry = balanced().dry_run().plan();
    assert_eq!((dry.wants, dry.steps), (wanted(), vec![]));
    let by_hand = || balanced().now("2026-11-18T12:00:00Z").by_hand("api");
    assert_eq!(by_hand().plan().wants, wanted());
    let known = surroundings(at("2026-11-18T11:59:00Z"), None);
    assert_eq!(by_hand().knowing(known).plan().started(), ["api"]);
}

#[test]
fn those_who_start_first_are_asked_about_first_and_not_all_at_once() {
    let name = |number: u32| format!("s{number:03}");
    let arn = |number: u32| format!("{GROUP}{number:03}");
    // The higher the number, the older: it goes first.
    let services = (0..200).map(|number| {
        let age = humantime::format_duration(span("8d") + span("1h") * number).to_string();
        a_service(&name(number)).desired(1).tasks_aged(&age).target_groups(&[&arn(number)])
    });
    let mut scenario = scenario()
        .policy(nightly().rollout_timeout_auto().concurrency(200))
        .max_in_flight(200)
        .services(services);
    let plan = scenario.plan();
    assert!(plan.wants.contains(&Want::TargetGroup(arn(199).as_str().into())));
    assert!(!plan.wants.contains(&Want::TargetGroup(arn(0).as_str().into())));
    let mut rounds = 0;
    while !scenario.plan().wants.is_empty() {
        let mut read = Surroundings::default();
        let wants = scenario.plan().wants;
        assert!(wants.len() <= 41, "{}", wants.len());
        for want in wants {
            let read_at = at(NOW);
            match want {
                Want::TargetGroup(arn) => {
                    let value = Ok(TargetGroup::default());
                    read.target_groups.insert(arn, Known { read_at, value });
                }
                Want::TaskDefinition(arn) => {
                    let value = Ok(TaskDefinition::default());
                    read.task_definitions.insert(arn, Known { read_at, value });
                }
                other => panic!("nobody asked for {other:?}"),
            }
        }
        scenario = scenario.knowing(read);
        rounds += 1;
    }
    assert!((5..=6).contains(&rounds), "{rounds}");
    assert_eq!(scenario.plan().starts().len(), 200);
}

#[test]
fn what_was_read_may_be_old_while_the_description_may_not() {
    let stale = scenario()
        .policy(nightly().rollout_timeout_auto())
        .service(a_service("api").target_groups(&[GROUP]).described("1m").tasks_listed("0s"));
    let plan = stale.knowing(answered("50m", None)).plan();
    assert_eq!(plan.steps, []);
    assert_eq!(plan.look_at("api").map(|look| look.depth), Some(Depth::Describe));
}

#[test]
fn a_look_that_shows_deadlines_asks_about_all_that_is_due() {
    let scenario = balanced()
        .service(a_service("second").target_groups(&["arn:second"]))
        .service(a_service("young").tasks_aged("1d").target_groups(&["arn:young"]))
        .now("2026-11-18T12:00:00Z");
    let (plan, policies, fleet) = (scenario.plan(), scenario.policies(), scenario.fleet());
    assert_eq!(policies.policies[0].rollout_timeout, RolloutTimeout::Auto);
    let mut all = wanted();
    all.insert(Want::TargetGroup("arn:second".into()));
    assert_eq!(wants_of(&plan, &policies, &fleet, 9), all);
    assert_eq!(wants_of(&plan, &policies, &fleet, 1), wanted());
    assert_eq!(wants_of(&plan, &policies, &fleet, 0), BTreeSet::new());
    assert!(plan.verdict(&key("young")).unwrap().deadline.is_none());
}
