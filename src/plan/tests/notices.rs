//! How notices stand for services that have no verdict, and for tasks that nobody looks at.

use std::collections::BTreeSet;

use super::fixture::{NOW, NoticeBuilder, a_notice, a_service, at, delta, key, nightly, scenario};
use crate::clock::Time;
use crate::plan::fleet::{ClusterLook, Fleet, TaskId};
use crate::plan::key::ClusterKey;
use crate::plan::ledger::Ledger;
use crate::plan::notice::{Affected, Entity, Owner};
use crate::plan::{Plan, RetirementState, plan};

/// A fleet whose clusters are `watched`, each looked at completely so long ago, if at all.
fn watching(watched: &[(&ClusterKey, Option<&str>)]) -> Fleet {
    let mut fleet = Fleet::default();
    let listed: BTreeSet<ClusterKey> = watched.iter().map(|(key, _)| (*key).clone()).collect();
    fleet.absorb_clusters(&listed, at(NOW));
    for (cluster, ago) in watched {
        let Some(ago) = ago else { continue };
        fleet.absorb_cluster(ClusterLook {
            cluster: (*cluster).clone(),
            begun_at: at(NOW) - delta(ago),
            services: Vec::new(),
            complete: true,
            tasks: None,
            problem: None,
        });
    }
    fleet
}

fn noticed(notice: NoticeBuilder) -> Ledger {
    scenario().notice(notice).ledger()
}

/// What becomes of a notice about `api`, of which nothing is known, under a policy for `clusters`.
fn in_view_of(fleet: &Fleet, clusters: &[&str], notice: NoticeBuilder) -> Plan {
    let policies = scenario().policy(nightly().clusters(clusters)).policies();
    plan(&policies, fleet, &noticed(notice), at(NOW))
}

fn state(plan: &Plan) -> RetirementState {
    plan.notices[0].services[0].state
}

#[test]
fn a_service_that_was_not_looked_at_is_unseen_and_neither_waits_nor_is_nobodys() {
    let here = key("api").cluster().clone();
    let other = ClusterKey::new("eu-west-1", "123456789012", "other");
    for notice in [a_notice("one"), a_notice("one").begun("1d"), a_notice("one").begun("9d")] {
        for (fleet, clusters, expected) in [
            // The clusters were not found yet.
            (Fleet::default(), &["*"], RetirementState::Unseen),
            (Fleet::default(), &["other"], RetirementState::Unmanaged),
            (watching(&[(&here, None)]), &["*"], RetirementState::Unseen),
            // The look is older than the notice.
            (watching(&[(&here, Some("3d"))]), &["*"], RetirementState::Unseen),
            (watching(&[(&here, Some("1m"))]), &["*"], RetirementState::Gone),
            (watching(&[(&other, None)]), &["*"], RetirementState::Unmanaged),
        ] {
            let plan = in_view_of(&fleet, clusters, notice.clone());
            assert_eq!(state(&plan), expected, "{clusters:?} {notice:?} {fleet:?}");
            assert_eq!(plan.retiring().managed.len(), 0);
        }
    }
}

#[test]
fn a_service_of_which_nothing_is_described_yet_is_unseen() {
    for (api, expected) in [
        (a_service("api").never_described(), RetirementState::Unseen),
        (a_service("api"), RetirementState::Unmanaged),
    ] {
        let tagged = nightly().tag("refresh", "weekly");
        let plan = scenario().policy(tagged).service(api).notice(a_notice("one")).plan();
        assert_eq!(state(&plan), expected);
    }
}

#[test]
fn three_days_after_the_deadline_nobody_is_asked_to_care_for_what_nobody_sees() {
    for (begun, expected) in [("0s", 1), ("71h", 1), ("72h", 0), ("30d", 0)] {
        let notice = a_notice("one").begun(begun);
        let plan = in_view_of(&Fleet::default(), &["other"], notice);
        assert_eq!(plan.retiring().unmanaged.len(), expected, "{begun}");
        assert_eq!(plan.notices[0].services[0].unsatisfied, expected == 1, "{begun}");
        assert_eq!(state(&plan), RetirementState::Unmanaged);
    }
    let undated = in_view_of(&Fleet::default(), &["other"], a_notice("one").undated());
    assert_eq!(undated.retiring().unmanaged.len(), 1);
}

#[test]
fn old_tasks_that_are_seen_to_run_stay_unsatisfied_however_late_it_is() {
    let notice = || a_notice("one").published("40d").begun("30d");
    let old = || a_service("api").tasks_aged("50d").deployed("50d");
    let unmanaged = scenario().service(old()).notice(notice()).plan();
    assert_eq!(state(&unmanaged), RetirementState::Unmanaged);
    assert_eq!(unmanaged.retiring().unmanaged.len(), 1);
    let missed = scenario().policy(nightly().max_age("90d")).service(old()).notice(notice());
    assert_eq!(missed.plan().retiring().managed.len(), 1);
}

/// A notice about a standalone task, one of nobody knows whom, and a service without its cluster.
fn loose(deadline: Time) -> Ledger {
    let mut page = a_notice("one").about(&[]).build(at(NOW));
    page.deadline = Some(deadline);
    let standalone = Owner::Standalone { started_by: None, group: None };
    page.entities = [
        Entity::Task { cluster: None, id: TaskId::plain(1), owner: Some(standalone) },
        Entity::Task { cluster: None, id: TaskId::plain(2), owner: None },
        Entity::ShortService("lost".into()),
    ]
    .map(|entity| Affected { entity, resolved: false })
    .into();
    let mut ledger = Ledger::default();
    ledger.notices.insert(page);
    ledger
}

#[test]
fn tasks_that_were_stopped_days_ago_are_nobodys_worry_any_more() {
    for (ago, tasks, services) in [("-5d", 2, 1), ("71h", 2, 1), ("72h", 0, 0)] {
        let deadline = match ago.strip_prefix('-') {
            Some(ahead) => at(NOW) + delta(ahead),
            None => at(NOW) - delta(ago),
        };
        let policies = scenario().policies();
        let plan = plan(&policies, &Fleet::default(), &loose(deadline), at(NOW));
        let retiring = plan.retiring();
        assert_eq!((retiring.tasks.len(), retiring.unknown_services.len()), (tasks, services));
        assert_eq!(plan.notices[0].tasks.len(), 2, "what AWS named is shown all the same");
    }
}
