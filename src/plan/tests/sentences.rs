//! Every reason as the plan gives it, with the sentence that people read.

use std::collections::BTreeSet;

use super::fixture::{Scenario, a_group, a_service, an_attempt, nightly, policy, scenario, span};
use crate::metrics::Label;
use crate::plan::fleet::{Controller, Hook, ProblemClass, RolloutState, Staging, Strategy};
use crate::plan::ledger::Outcome;
use crate::plan::verdict::{Block, VerdictKind};

struct Row {
    label: &'static str,
    scenario: Scenario,
    sentence: &'static str,
}

fn row(label: &'static str, scenario: Scenario, sentence: &'static str) -> Row {
    Row { label, scenario, sentence }
}

fn always(service: super::fixture::ServiceBuilder) -> Scenario {
    scenario().policy(policy("nightly")).service(service)
}

fn in_window(service: super::fixture::ServiceBuilder) -> Scenario {
    scenario().policy(nightly()).service(service)
}

fn opted_in(group: super::fixture::GroupBuilder) -> Scenario {
    scenario().policy(nightly().code_deploy().concurrency(2)).service(api().group(group))
}

fn api() -> super::fixture::ServiceBuilder {
    a_service("api")
}

fn fresh() -> Vec<Row> {
    vec![
        row("not_due", always(api().tasks_aged("6d 4h")), "oldest task is 6d 4h old, limit 7d"),
        row(
            "not_due",
            scenario().policy(policy("nightly").no_max_age()).service(api()),
            "oldest task is 8d old, and the policy sets no max_task_age",
        ),
        row(
            "nothing_to_replace",
            always(api().desired(0)),
            "desired count is 0: nothing to replace",
        ),
        row(
            "deployed_this_window",
            in_window(api().deployed("5m")),
            "deployed since the window opened; oldest task is 8d old",
        ),
    ]
}

fn refresh() -> Vec<Row> {
    vec![
        row("due", in_window(api()), "due now: oldest task is 8d old"),
        row(
            "due",
            in_window(api()).dry_run(),
            "due now: oldest task is 8d old (dry run: not started)",
        ),
        row(
            "due",
            in_window(api().tasks_aged("1h")).by_hand("api"),
            "asked for by hand: oldest task is 1h old",
        ),
        row("due", in_window(api().tasks_of_ages(&["?"])).by_hand("api"), "asked for by hand"),
    ]
}

fn rolling() -> Vec<Row> {
    vec![
        row(
            "our_rollout",
            always(api().described("1m").refreshing(an_attempt("1m"))),
            "refresh under way: 0 of 2 new tasks running, 2 old; given up at 04:09:00 UTC",
        ),
        row(
            "our_rollout_unseen",
            always(api().refreshing(an_attempt("5m")).unreadable(ProblemClass::Throttled)),
            "refresh under way, but it cannot be seen: DescribeServices: not today",
        ),
        row(
            "our_rollout_unseen",
            scenario().policy(policy("nightly")).vanished("api", an_attempt("5m")),
            "refresh under way, waiting for a look at it",
        ),
        row(
            "call_unknown",
            always(api().refreshing(an_attempt("1m").unanswered())),
            "UpdateService was sent or about to be, and its outcome is not known yet",
        ),
        row(
            "call_unknown",
            always(
                api()
                    .by_code_deploy()
                    .refreshing(an_attempt("1m").unanswered().by_code_deploy("api")),
            ),
            "CreateDeployment was sent or about to be, and its outcome is not known yet",
        ),
        row(
            "judged",
            always(api().refreshing(an_attempt("10m").unanswered())),
            "the refresh was not accepted",
        ),
        row(
            "judged",
            always(api().refreshing(an_attempt("10m").unanswered())).dry_run(),
            "the refresh was not accepted (dry run: not recorded)",
        ),
        row(
            "judged",
            always(api().refreshing(an_attempt("26h")).unreadable(ProblemClass::Denied)),
            "the refresh has ended: failed",
        ),
        row(
            "somebodys_rollout",
            always(api().rollout(RolloutState::InProgress)),
            "ecs-svc/1 is rolling out, outside of any refresh",
        ),
    ]
}

fn waiting_for_a_time() -> Vec<Row> {
    let frozen = |why| nightly().freeze("2026-11-17", "2026-11-20", why);
    let never = policy("nightly").window("0 3 29 2 *", "1h").freeze("2027-01-01", "2036-01-01", "");
    vec![
        row(
            "window_closed",
            in_window(api()).now("2026-11-18T05:00:00Z"),
            "the window opens Thu 2026-11-19 03:00 UTC",
        ),
        row(
            "frozen",
            scenario().policy(frozen("audit")).service(api()),
            "frozen until Sat 2026-11-21 00:00 UTC: audit",
        ),
        row(
            "frozen",
            scenario().policy(frozen("")).service(api()),
            "frozen until Sat 2026-11-21 00:00 UTC",
        ),
        row(
            "window_closed",
            scenario().policy(never).service(api()),
            "no window opens within the next two years",
        ),
    ]
}

fn waiting_for_others() -> Vec<Row> {
    let busy = || a_service("busy").refreshing(an_attempt("1m"));
    vec![
        row(
            "turn",
            in_window(api()).service(busy()),
            "waiting for its turn: the policy's concurrency is 1",
        ),
        row(
            "turn",
            in_window(api())
                .service(a_service("busy").refreshing(an_attempt("1m").of("gone")))
                .max_in_flight(1),
            "waiting for its turn: max_in_flight is 1",
        ),
        row(
            "turn",
            in_window(api())
                .service(a_service("busy").refreshing(an_attempt("1m").of("gone")))
                .max_tasks_in_flight(3),
            "waiting for its turn: max_tasks_in_flight is 3",
        ),
        row(
            "settling",
            scenario()
                .policy(nightly().settle("10m"))
                .service(api())
                .service(a_service("done").last(Outcome::Succeeded, "4m", an_attempt("9m"))),
            "settling after the last outcome until Wed 2026-11-18 03:16 UTC",
        ),
        row(
            "not_steady",
            in_window(api().running(1).pending(1)),
            "not steady: 1 of 2 tasks running, 1 pending",
        ),
        row(
            "old_tasks_linger",
            in_window(api().other_deployments(1)),
            "the last deployment is done, but tasks of 1 deployment before it linger",
        ),
        row(
            "failed_in_this_span",
            in_window(api().last(Outcome::RolledBack, "2m", an_attempt("9m"))),
            "the last refresh ended as rolled_back; tried again from Thu 2026-11-19 03:00 UTC",
        ),
        row(
            "code_deploy_unread",
            opted_in(a_group("api").unread(ProblemClass::Throttled)),
            "its deployment group of CodeDeploy could not be read: DescribeServices: not today",
        ),
        row(
            "code_deploy_busy",
            opted_in(a_group("api").under_way("d-7")),
            "CodeDeploy makes one deployment of shop/api at a time, and d-7 is under way",
        ),
        row(
            "code_deploy_busy",
            opted_in(a_group("api"))
                .service(a_service("web").refreshing(an_attempt("1m").by_code_deploy("api"))),
            "CodeDeploy makes one deployment of shop/api at a time, and that of prd/web is under way",
        ),
        row(
            "not_observed_yet",
            always(api().tasks_never_listed()),
            "its tasks have not been listed yet",
        ),
    ]
}

fn held_by_people() -> Vec<Row> {
    vec![
        row(
            "policy_disabled",
            scenario().policy(nightly().disabled()).service(api()),
            "policy disabled",
        ),
        row(
            "hold_tag",
            always(api().tag("ecs-refresh:hold", "")),
            "held by its tag ecs-refresh:hold",
        ),
        row(
            "hold_tag",
            always(api().tag("ecs-refresh:hold", "load test")),
            "held by its tag ecs-refresh:hold: load test",
        ),
        row(
            "own_service",
            always(api()).own("api"),
            "this is ecs-refresh itself, and no other copy could take over: store.kind = \"dynamodb\" \
             lets one",
        ),
    ]
}

fn held_by_code_deploy() -> Vec<Row> {
    vec![
        row(
            "code_deploy_opt_in",
            always(api().controller(Controller::CodeDeploy)),
            "deployed by CodeDeploy: code_deploy = true in the policy lets it be refreshed by a \
             CodeDeploy deployment",
        ),
        row(
            "code_deploy_unfit",
            opted_in(a_group("api").unread(ProblemClass::Denied)),
            "CodeDeploy cannot deploy it anew: DescribeServices: not today",
        ),
        row(
            "code_deploy_unfit",
            opted_in(a_group("api").missing("its last AppSpec is gone")),
            "CodeDeploy cannot deploy it anew: its last AppSpec is gone",
        ),
        row(
            "code_deploy_unfit",
            opted_in(a_group("api").keeps_old_tasks()),
            "CodeDeploy cannot deploy it anew: its deployment group keeps the old tasks running \
             (KEEP_ALIVE)",
        ),
        row(
            "pause_hook",
            opted_in(a_group("api").ready_wait("1h")),
            "needs a person: pause hook at Ready; allow_pause = true in the policy lets it start",
        ),
    ]
}

fn held() -> Vec<Row> {
    vec![
        row(
            "age_unknown",
            always(api().tasks_of_ages(&["8d", "?"])),
            "age unknown: 1 running task without createdAt",
        ),
        row(
            "partial_view",
            always(api().tasks_partly_read()),
            "its tasks could not all be read, so its age is unknown",
        ),
        row(
            "unreadable",
            always(api().unreadable(ProblemClass::Denied)),
            "cannot be read: DescribeServices: not today",
        ),
        row(
            "failed_primary",
            always(api().rollout(RolloutState::Failed)),
            "its PRIMARY deployment ecs-svc/1 has FAILED: deploy it anew first",
        ),
        row(
            "state_not_understood",
            always(api().controller(Controller::Unknown("MAGIC".into()))),
            "deployment controller \"MAGIC\" is not known to this version",
        ),
        row(
            "external_controller",
            always(api().controller(Controller::External)),
            "its controller is EXTERNAL: its task sets are made by its owner's own tool, which has \
             to replace them",
        ),
        row(
            "pause_hook",
            always(api().strategy(Strategy::BlueGreen).staging(pausing())),
            "needs a person: pause hook at POST_TEST_TRAFFIC_SHIFT; allow_pause = true in the policy \
             lets it start",
        ),
        row(
            "keeps_failing",
            always(api().last(Outcome::TimedOut, "30h", an_attempt("31h")).failures_in_a_row(3)),
            "3 refreshes in a row failed (the last: timed_out): held until it is deployed anew or \
             refreshed by hand",
        ),
        row(
            "policy_stopped",
            in_window(api()).service(a_service("bad").last(
                Outcome::Failed,
                "2m",
                an_attempt("9m"),
            )),
            "policy stopped: 1 failed since its span began; tried again from Thu 2026-11-19 03:00 UTC",
        ),
        row(
            "call_refused",
            always(api().refused(3, "4m")),
            "DescribeServices: not today; tried again Wed 2026-11-18 03:14 UTC",
        ),
    ]
}

#[test]
fn every_reason_reads_as_a_sentence() {
    let kinds = [
        (VerdictKind::Fresh, fresh()),
        (VerdictKind::Refresh, refresh()),
        (VerdictKind::Rolling, rolling()),
        (VerdictKind::Wait, waiting_for_a_time()),
        (VerdictKind::Wait, waiting_for_others()),
        (VerdictKind::Hold, held_by_people()),
        (VerdictKind::Hold, held()),
        (VerdictKind::Hold, held_by_code_deploy()),
    ];
    let mut seen = BTreeSet::new();
    for (kind, rows) in kinds {
        for Row { label, scenario, sentence } in rows {
            let plan = scenario.plan();
            let reason = plan.reason("api");
            let found = (reason.label(), reason.kind(), reason.to_string());
            assert_eq!(found, (label, kind, sentence.to_owned()));
            seen.insert((kind, label));
        }
    }
    // What checks say is tested with each of them.
    let by_check = |label: &&str| label.starts_with("preflight_");
    let blocks: BTreeSet<_> =
        Block::ALL.iter().map(|block| block.label()).filter(|label| !by_check(label)).collect();
    let seen_blocks: BTreeSet<_> = seen
        .iter()
        .filter(|(kind, _)| matches!(kind, VerdictKind::Wait | VerdictKind::Hold))
        .map(|(_, label)| *label)
        .collect();
    assert_eq!(seen_blocks, blocks, "every label of blocked_services has a sentence here");
}

fn pausing() -> Staging {
    let stages = vec!["POST_TEST_TRAFFIC_SHIFT".into()];
    let hook = Hook { stages, pauses: true, timeout: span("1d") };
    Staging { hooks: vec![hook], ..Staging::default() }
}
