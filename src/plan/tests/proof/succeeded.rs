//! Succeeded, and every single thing without which it is not.

use super::fixture::{OLD, OURS, Seen, THEIRS, accepted, after, diagnosis, outcome, seen};
use crate::plan::fleet::{DeploymentId, RolloutState, TaskStatus::*};
use crate::plan::ledger::Outcome;
use crate::plan::proof::Judgement;

#[test]
fn a_refresh_is_proven_by_one_complete_look() {
    let judgement = seen("10m").judge(&accepted());
    let primary = Some(DeploymentId::new(OURS));
    assert_eq!(
        judgement,
        Judgement::Finish {
            outcome: Outcome::Succeeded,
            diagnosis: "every task was replaced".to_owned(),
            finding: None,
            primary
        }
    );
}

#[test]
fn whatever_is_missing_it_has_not_succeeded() {
    let new = ("new", "2m", Running);
    let missing: Vec<(&str, Seen)> = vec![
        ("the deployment goes on", seen("10m").rollout(RolloutState::InProgress)),
        ("the deployment has failed", seen("10m").rollout(RolloutState::Failed)),
        ("a state of tomorrow", seen("10m").rollout(RolloutState::Unknown("DONE".into()))),
        ("another PRIMARY", seen("10m").primary_is(THEIRS, "5m")),
        ("the old PRIMARY", seen("10m").primary_is(OLD, "1s")),
        ("no PRIMARY", seen("10m").no_primary()),
        (
            "a task from before",
            seen("10m").tasks(&[new, ("newer", "3m", Running), ("old-1", "-8d", Running)]),
        ),
        (
            "a task from before that looks new",
            seen("10m").tasks(&[new, ("newer", "3m", Running), ("old-1", "2m", Running)]),
        ),
        (
            "a task made before the deployment",
            seen("10m").tasks(&[new, ("newer", "3m", Running), ("else", "999ms", Running)]),
        ),
        (
            "a running task of unknown age",
            seen("10m").tasks(&[new, ("newer", "3m", Running), ("else", "?", Running)]),
        ),
        (
            "a task of unknown state and age",
            seen("10m").tasks(&[new, ("newer", "3m", Running), ("else", "?", Other)]),
        ),
        ("one task too few", seen("10m").tasks(&[new])),
        ("no task at all", seen("10m").tasks(&[])),
        ("a task that is still starting", seen("10m").tasks(&[new, ("newer", "3m", Starting)])),
        ("a task on its way out", seen("10m").tasks(&[new, ("newer", "3m", Other)])),
        ("more tasks are wanted meanwhile", seen("10m").desired(3)),
        ("tasks partly read", seen("10m").tasks_partly_read()),
        ("tasks not read", seen("10m").tasks_not_listed()),
        ("tasks read before the description", seen("10m").tasks_listed("9m 59s")),
        ("read before the answer was known", seen("1s").tasks_listed("10m")),
        (
            "the newest reading failed",
            seen("10m").unreadable(crate::plan::fleet::ProblemClass::Timeout, "10m"),
        ),
        (
            "without a rollout state, other deployments",
            seen("10m").rollout(RolloutState::Absent).beside(OLD),
        ),
        (
            "without a rollout state, tasks missing",
            seen("10m").rollout(RolloutState::Absent).counts(1, 0),
        ),
        (
            "without a rollout state, tasks pending",
            seen("10m").rollout(RolloutState::Absent).counts(2, 1),
        ),
    ];
    for (what, seen) in missing {
        for now in ["10m", "59m", "61m", "23h", "40h"] {
            let judgement = seen.judge_at(&accepted(), after(now));
            assert_ne!(outcome(&judgement), Some(Outcome::Succeeded), "{what}");
        }
    }
}

#[test]
fn it_is_still_proven_with() {
    let new = [("new", "2m", Running), ("newer", "3m", Running)];
    let with: Vec<(&str, Seen)> = vec![
        (
            "no rollout state, as behind a Classic Load Balancer",
            seen("10m").rollout(RolloutState::Absent),
        ),
        ("old deployments that linger without tasks", seen("10m").beside(OLD)),
        (
            "one task more that is starting",
            seen("10m").tasks(&[new[0], new[1], ("third", "?", Starting)]),
        ),
        ("fewer tasks wanted meanwhile", seen("10m").desired(1)),
        ("no tasks wanted any more", seen("10m").desired(0).tasks(&[])),
        ("a task made at the same moment", seen("10m").tasks(&[new[0], ("same", "1s", Running)])),
        ("the deadline passed", seen("61m")),
    ];
    for (what, seen) in with {
        let judgement = seen.judge(&accepted());
        assert_eq!(outcome(&judgement), Some(Outcome::Succeeded), "{what}: {judgement:?}");
        assert_eq!(diagnosis(&judgement), "every task was replaced");
    }
}
