//! What the plan says of retirements.

use std::sync::Arc;

use chrono::TimeDelta;

use super::{retirements, table};
use crate::clock::Time;
use crate::plan::ledger::Ledger;
use crate::plan::notice::{Entity, NoticePage, Notices, Owner};
use crate::plan::policy::{Policies, RetirementMode};
use crate::reconciler::metrics::fixture::{
    fleet, now, page, policies, service, standalone, status, status_remembering,
    status_with_notices, task,
};
use crate::reconciler::status::Status;

fn printed(status: &Status) -> String {
    let mut out = Vec::new();
    table::write(status, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// What is known when these pages have come, under policies that were changed.
fn seen(pages: impl IntoIterator<Item = NoticePage>, change: impl Fn(&mut Policies)) -> Status {
    let mut notices = Notices::default();
    pages.into_iter().for_each(|page| notices.insert(page));
    let mut policies = policies();
    change(&mut policies);
    status_remembering(policies, &fleet(), Ledger { notices, ..Ledger::default() })
}

fn days(days: i64) -> Option<Time> {
    Some(now() + TimeDelta::days(days))
}

#[test]
fn retirements_are_told_under_their_policy_and_where_no_policy_covers_them() {
    let text = printed(&status_with_notices());
    assert_eq!(
        text,
        "\
SERVICE      POLICY   AGE  VERDICT  NEXT WINDOW               REASON
dev/tool     watched  30d  Hold     -                         policy disabled; AWS retires its tasks from Fri 2026-12-04 10:00 JST on; at risk of not being refreshed before that
prd/api-old  nightly   8d  Wait     Tue 2026-12-01 03:00 JST  the window opens Tue 2026-12-01 03:00 JST; AWS retires its tasks from Fri 2026-12-04 10:00 JST on, 3 windows open before Thu 2026-12-03 10:00 JST
prd/worker   anytime   3d  Rolling  -                         UpdateService was sent or about to be, and its outcome is not known yet; AWS retires its tasks from Fri 2026-12-04 10:00 JST on
prd/batch    anytime   2d  Refresh  -                         due now by a retirement notice: oldest task is 2d old; AWS will retire its tasks and has not said when; given up after 1h
prd/api-new  nightly   1d  Fresh    Tue 2026-12-01 03:00 JST  oldest task is 1d old, limit 7d

policy nightly: 2 services, 1 fresh, 1 wait
  window: the next opens Tue 2026-12-01 03:00 JST
  1 due; how many fit into the window is known after the first proven refresh
  1 retirement at Fri 2026-12-04 10:00 JST

policy anytime: 2 services, 1 refresh, 1 rolling
  windows: always open
  1 due; how many fit into the window is known after the first proven refresh
  2 retirements, the first at Fri 2026-12-04 10:00 JST

policy watched: 1 service, 1 hold
  windows: always open
  1 retirement at Fri 2026-12-04 10:00 JST, 1 at risk

retirements that no policy covers
  stg/legacy: unmanaged, retirement at Fri 2026-12-04 01:00 UTC
  a cluster that AWS did not name: 1 task of unknown owner, retirement at Fri 2026-12-04 01:00 UTC
  jobs: 1 standalone task (nobody said who started it) that AWS will not replace, retirement at Fri 2026-12-04 01:00 UTC
  jobs: 1 standalone task (started by nightly-import, group family:import) that AWS will not replace, retirement at Fri 2026-12-04 01:00 UTC
  stg/other: unmanaged, retirement at Sun 2026-12-06 01:00 UTC
  shadow: a service of a cluster that AWS did not name, retirement at a time that AWS has not said

warning: not all of the notice arn:aws:health:ap-northeast-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/undated was understood; `ecs-refresh retirements` shows what

warning: prd/api-new is selected by anytime too; nightly comes first in the file and owns it

warning: prd/api-old is selected by anytime too; nightly comes first in the file and owns it
"
    );
}

#[test]
fn nothing_is_said_where_there_is_nothing() {
    let text = printed(&status());
    assert!(!text.contains("retire"), "{text}");
    // One that is over, and one that a deploy has satisfied.
    let over = page("over", days(1), &[service("stg", "old"), task("jobs", 5, None)]);
    let over = NoticePage {
        status: crate::plan::notice::EventStatus::Closed,
        not_understood: vec!["odd".to_owned()],
        ..over
    };
    let done = page("done", days(2), &[service("prd", "api-new")]);
    let text = printed(&seen([over, done], |_| {}));
    assert!(!text.contains("retire"), "{text}");
}

/// The line of the policy `anytime` about its services.
fn line_of_policy(deadlines: &[(&str, Option<Time>)], mode: RetirementMode) -> String {
    let pages =
        deadlines.iter().map(|(name, deadline)| page(name, *deadline, &[service("prd", name)]));
    let status = seen(pages, |policies| policies.policies[1].retirement.mode = mode);
    let mut out = Vec::new();
    retirements::write_of_policy(&status, "anytime", &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_retirements_of_a_policy_are_summed_up() {
    use RetirementMode::{BeforeDeadline, Ignore};
    for (deadlines, mode, expected) in [
        (&[][..], BeforeDeadline, ""),
        (&[("batch", days(4))], BeforeDeadline, "  1 retirement at Fri 2026-12-04 10:00 JST\n"),
        (&[("batch", None)], BeforeDeadline, "  1 retirement at a time that AWS has not said\n"),
        (
            &[("batch", None), ("worker", None)],
            BeforeDeadline,
            "  2 retirements at a time that AWS has not said\n",
        ),
        (
            &[("batch", days(4)), ("worker", days(3))],
            BeforeDeadline,
            "  2 retirements, the first at Thu 2026-12-03 10:00 JST\n",
        ),
        (
            &[("batch", days(-1))],
            BeforeDeadline,
            "  1 retirement since Sun 2026-11-29 10:00 JST, 1 at risk\n",
        ),
        (
            &[("batch", days(4))],
            Ignore,
            "  1 retirement at Fri 2026-12-04 10:00 JST, 1 left to AWS\n",
        ),
    ] {
        assert_eq!(line_of_policy(deadlines, mode), expected, "{deadlines:?} {mode:?}");
    }
}

/// The lines about what no policy covers.
fn uncovered(pages: impl IntoIterator<Item = NoticePage>) -> Vec<String> {
    let mut out = Vec::new();
    retirements::write_uncovered(&seen(pages, |_| {}).plan, &mut out).unwrap();
    String::from_utf8(out).unwrap().lines().skip(2).map(|line| line.trim().to_owned()).collect()
}

#[test]
fn what_no_policy_covers_is_told_in_the_order_of_the_deadlines() {
    let somebody = || standalone(Some("ops\u{1b}[31m"), None);
    let batch: Vec<Entity> = (1..=40).map(|id| task("jobs", id, somebody())).collect();
    for (pages, expected) in [
        (vec![], vec![]),
        (
            vec![
                page("a", None, &[service("stg", "last")]),
                page("b", days(2), &[service("stg", "second")]),
                page("c", days(-1), &[service("stg", "first")]),
            ],
            vec![
                "stg/first: unmanaged, retirement since Sun 2026-11-29 01:00 UTC",
                "stg/second: unmanaged, retirement at Wed 2026-12-02 01:00 UTC",
                "stg/last: unmanaged, retirement at a time that AWS has not said",
            ],
        ),
        // Forty of a kind take one line, and nobody's colours reach the terminal.
        (
            vec![page("a", days(2), &batch)],
            vec![
                "jobs: 40 standalone tasks (started by ops [31m) that AWS will not replace, \
                 retirement at Wed 2026-12-02 01:00 UTC",
            ],
        ),
        // The same task in two notices is one task, under the deadline that comes first.
        (
            vec![
                page("a", days(4), &[task("jobs", 1, somebody())]),
                page("b", days(2), &[task("jobs", 1, None)]),
            ],
            vec![
                "jobs: 1 standalone task (started by ops [31m) that AWS will not replace, \
                 retirement at Wed 2026-12-02 01:00 UTC",
            ],
        ),
        (vec![page("a", days(4), &[task("jobs", 1, Some(Owner::Gone))])], vec![]),
    ] {
        assert_eq!(uncovered(pages), expected);
    }
}

#[test]
fn the_document_has_the_notices_too() {
    let mut status = status_with_notices();
    status.problems = Arc::new(vec!["odd".to_owned()]);
    let mut out = Vec::new();
    crate::http::write_document(&status, now(), &mut out).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(document["notices"].as_array().unwrap().len(), 4);
    assert_eq!(document["problems"][0], "odd");
}
