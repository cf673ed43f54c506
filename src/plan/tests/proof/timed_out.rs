//! Timed out: only after a full look that began after the deadline.

use super::fixture::{Seen, accepted, after, diagnosis, seen, word};
use crate::plan::fleet::{RolloutState, ServiceDeploymentStatus as Status};
use crate::plan::proof::Judgement;
use crate::plan::step::Depth;

fn rolling(when: &str) -> Seen {
    seen(when).rollout(RolloutState::InProgress)
}

fn full(when: &str) -> Seen {
    rolling(when).evidence(&[("sd", "1s", Status::InProgress)])
}

#[test]
fn a_full_look_after_the_deadline_ends_it_with_a_diagnosis() {
    let judgement = full("60m").judge(&accepted());
    assert_eq!(word(&judgement), "timed_out");
    assert_eq!(
        diagnosis(&judgement),
        "2 of 2 tasks were running on the new deployment when the time was up; a container exits; to \
         do: see in the container's logs why it ended: the image behind its tag, a secret or what it \
         depends on may have changed since the old tasks were started; 2 tasks stopped: Essential \
         container in task exited; service events: (service api) was unable to place a task."
    );
}

#[test]
fn anything_less_is_followed_by_a_full_look() {
    for (what, seen) in [
        ("read before the deadline", full("59m")),
        ("without evidence", rolling("61m")),
        ("evidence of before", full("61m").evidence_of("60m")),
        ("tasks of before", full("61m").tasks_listed("60m")),
        ("tasks partly read", full("61m").tasks_partly_read()),
        ("tasks not read", full("61m").tasks_not_listed()),
    ] {
        let judgement = seen.judge_at(&accepted(), after("62m"));
        let Judgement::Going { depth, .. } = judgement else { panic!("{what}: {judgement:?}") };
        assert!(matches!(depth, Depth::PostMortem { .. }), "{what}: {depth:?}");
    }
}

#[test]
fn a_full_look_that_could_not_read_the_tasks_is_not_repeated_in_haste() {
    let judgement = full("61m").tasks_partly_read().judge(&accepted());
    let Judgement::Going { at, .. } = judgement else { panic!("{judgement:?}") };
    assert_eq!(at, after("61m 30s"));
}

#[test]
fn service_deployments_that_may_not_be_listed_do_not_keep_it_open() {
    assert_eq!(word(&rolling("61m").evidence_denied().judge(&accepted())), "timed_out");
}

#[test]
fn what_ecs_calls_done_and_the_tasks_do_not_show_times_out_too() {
    let done = seen("61m").tasks(&[]).evidence(&[("sd", "1s", Status::Successful)]);
    let judgement = done.judge(&accepted());
    assert_eq!(word(&judgement), "timed_out");
    assert!(
        diagnosis(&judgement)
            .starts_with("ECS reports the deployment as done, but its tasks do not show it")
    );
}

#[test]
fn before_its_deadline_a_rollout_of_any_length_goes_on() {
    assert_eq!(word(&full("59m").judge(&accepted())), "our_rollout");
    let unknown = full("59m").rollout(RolloutState::Unknown("PAUSED".into()));
    assert_eq!(word(&unknown.judge(&accepted())), "our_rollout");
}
