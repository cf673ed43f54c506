//! Partial and stale views prove nothing, and newer readings win.

use std::collections::{BTreeMap, BTreeSet};

use super::fixture::{
    NOW, ServiceBuilder, a_service, an_attempt, at, delta, key, nightly, problem, scenario,
};
use crate::plan::fleet::{
    ClusterLook, ClusterTasks, Fleet, ProblemClass, Reading, ServiceLook, TaskStatus,
};
use crate::plan::plan;
use crate::plan::step::Step;
use crate::plan::verdict::VerdictKind;

fn label(service: ServiceBuilder) -> &'static str {
    let plan = scenario().policy(nightly()).service(service).plan();
    let label = plan.reason("api").label();
    assert_eq!(plan.steps.is_empty(), label != "due");
    label
}

#[test]
fn an_age_needs_every_task() {
    let api = || a_service("api");
    assert_eq!(label(api()), "due");
    assert_eq!(label(api().tasks_partly_read()), "partial_view");
    assert_eq!(label(api().tasks_never_listed()), "not_observed_yet");
    // Running tasks that no listing shows may be the oldest.
    assert_eq!(label(api().tasks_of_ages(&[])), "partial_view");
    assert_eq!(label(api().tasks_of_ages(&[]).running(0)), "not_steady");
    assert_eq!(
        label(api().tasks_of_ages(&["?", "?"]).tasks_are(TaskStatus::Starting)),
        "partial_view"
    );
}

#[test]
fn tasks_listed_before_the_deployment_was_made_tell_nothing_of_its_tasks() {
    let deployed = |ago, listed| a_service("api").deployed(ago).tasks_listed(listed);
    assert_eq!(label(deployed("20m", "21m")), "not_observed_yet");
    assert_eq!(label(deployed("20m", "19m")), "due");
    let stale = scenario().policy(nightly()).service(deployed("20m", "21m")).plan();
    assert_eq!(stale.of("api").oldest_created_at, None);
}

#[test]
fn a_service_that_cannot_be_read_is_held_and_its_tasks_keep_their_age() {
    let plan = scenario()
        .policy(nightly())
        .service(a_service("api").unreadable(ProblemClass::Denied))
        .service(a_service("never").never_described().unreadable(ProblemClass::Denied))
        .plan();
    assert_eq!(plan.kind("api"), VerdictKind::Hold);
    assert_eq!(plan.of("api").oldest_created_at, Some(at(NOW) - delta("8d")));
    assert_eq!(plan.sentence("never"), "cannot be read: DescribeServices: not today");
}

fn cluster_look(services: Vec<(crate::plan::key::ServiceKey, Reading)>) -> ClusterLook {
    ClusterLook {
        cluster: key("api").cluster().clone(),
        begun_at: at(NOW),
        services,
        complete: true,
        tasks: None,
        problem: None,
    }
}

fn reading(service: &ServiceBuilder) -> Reading {
    service.looks(at(NOW)).remove(0).reading
}

fn seen() -> Fleet {
    scenario().policy(nightly()).service(a_service("api")).fleet()
}

fn label_in(fleet: &Fleet) -> Option<&'static str> {
    let plan = plan(&scenario().policy(nightly()).policies(), fleet, &Default::default(), at(NOW));
    plan.verdict(&key("api")).map(|verdict| verdict.reason.label())
}

#[test]
fn when_tasks_can_no_longer_be_listed_the_age_is_unknown() {
    let mut fleet = seen();
    fleet.absorb_cluster(cluster_look(vec![(key("api"), reading(&a_service("api")))]));
    assert_eq!(label_in(&fleet), Some("partial_view"));
}

#[test]
fn a_listing_of_the_cluster_replaces_what_was_known_of_its_tasks() {
    let mut fleet = seen();
    let tasks = fleet.service(&key("api")).unwrap().tasks.clone().unwrap().tasks;
    let by_service = BTreeMap::from([(key("api"), tasks)]);
    for (complete, expected) in [(false, "partial_view"), (true, "due")] {
        let tasks = ClusterTasks {
            listed_at: at(NOW),
            complete,
            by_service: by_service.clone(),
            running: BTreeMap::new(),
        };
        let look = cluster_look(vec![(key("api"), reading(&a_service("api")))]);
        fleet.absorb_cluster(ClusterLook { tasks: Some(tasks), ..look });
        assert_eq!(label_in(&fleet), Some(expected));
    }
    let old = ClusterTasks {
        listed_at: at(NOW) - delta("1m"),
        complete: true,
        by_service: BTreeMap::new(),
        running: BTreeMap::new(),
    };
    fleet.absorb_cluster(ClusterLook {
        tasks: Some(old),
        ..cluster_look(vec![(key("api"), reading(&a_service("api")))])
    });
    assert_eq!(label_in(&fleet), Some("due"), "an older listing changes nothing");
}

#[test]
fn only_a_complete_list_drops_a_service() {
    let mut fleet = seen();
    fleet.absorb_cluster(ClusterLook { complete: false, ..cluster_look(vec![]) });
    assert!(fleet.service(&key("api")).is_some());
    fleet.absorb_cluster(cluster_look(vec![]));
    assert!(fleet.service(&key("api")).is_none());
    assert!(fleet.cluster(key("api").cluster()).unwrap().complete_at.is_some());
}

#[test]
fn a_service_seen_after_the_list_was_begun_stays() {
    let mut fleet = seen();
    let begun_at = at(NOW) - delta("2s");
    fleet.absorb_cluster(ClusterLook { begun_at, ..cluster_look(vec![]) });
    assert!(fleet.service(&key("api")).is_some());
}

#[test]
fn an_open_attempt_ends_when_its_service_is_gone_and_not_when_a_list_leaves_it_out() {
    let world = scenario().policy(nightly()).service(a_service("api").refreshing(an_attempt("5m")));
    let mut fleet = world.fleet();
    fleet.absorb_cluster(cluster_look(vec![]));
    let unlisted = plan(&world.policies(), &fleet, &world.ledger(), at(NOW));
    assert_eq!(unlisted.sentence("api"), "refresh under way, waiting for a look at it");
    assert!(unlisted.steps.is_empty() && unlisted.look_at("api").is_some());
    let gone = Reading::Gone(at(NOW));
    fleet.absorb_service(ServiceLook {
        key: key("api"),
        reading: gone,
        tasks: None,
        progress: None,
        running: None,
        code_deploy: None,
        stopped: None,
        post_mortem: None,
    });
    let deleted = plan(&world.policies(), &fleet, &world.ledger(), at(NOW));
    assert!(
        matches!(&deleted.steps[..], [Step::Finish { diagnosis, .. }] if diagnosis == "the service was deleted")
    );
}

#[test]
fn newer_readings_win() {
    let describe = |ago: &str| a_service("api").described(ago);
    let absorb = |fleet: &mut Fleet, reading| {
        fleet.absorb_service(ServiceLook {
            key: key("api"),
            reading,
            tasks: None,
            progress: None,
            running: None,
            code_deploy: None,
            stopped: None,
            post_mortem: None,
        });
    };
    let described_at =
        |fleet: &Fleet| Some(fleet.service(&key("api"))?.description.as_ref()?.described_at);
    let mut fleet = Fleet::default();
    absorb(&mut fleet, reading(&describe("10s")));
    absorb(&mut fleet, reading(&describe("20s")));
    assert_eq!(described_at(&fleet), Some(at(NOW) - delta("10s")));
    absorb(&mut fleet, Reading::Gone(at(NOW) - delta("15s")));
    assert!(fleet.service(&key("api")).is_some());
    absorb(&mut fleet, Reading::Gone(at(NOW) - delta("5s")));
    absorb(&mut fleet, reading(&describe("8s")));
    assert!(fleet.service(&key("api")).is_none(), "it was gone after that reading");
    absorb(&mut fleet, reading(&describe("1s")));
    assert_eq!(fleet.gone_at(&key("api")), None, "it was made anew");
    absorb(&mut fleet, Reading::Failed(problem(ProblemClass::Timeout, at(NOW))));
    assert_eq!(label_in(&fleet), Some("unreadable"));
    absorb(&mut fleet, reading(&describe("0s")));
    assert_eq!(label_in(&fleet), Some("not_observed_yet"));
}

#[test]
fn a_cluster_that_is_no_longer_listed_leaves_with_its_services() {
    let mut fleet = scenario().service(a_service("api")).service(a_service("stg/web")).fleet();
    fleet.absorb_clusters(&BTreeSet::from([key("stg/web").cluster().clone()]), at(NOW));
    assert_eq!(
        fleet.services().map(|service| service.key.clone()).collect::<Vec<_>>(),
        [key("stg/web")]
    );
    assert_eq!(fleet.clusters().count(), 1);
}
