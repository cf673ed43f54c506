//! What became of an attempt whose deployment CodeDeploy makes.

use crate::clock::Time;
use crate::plan::code_deploy::Target;
use crate::plan::fleet::{
    CodeDeployDeployment, CodeDeployProgress, CodeDeployStatus as Status, Controller, DeploymentId,
    Problem, ProblemClass, RolloutState, TaskStatus,
};
use crate::plan::ledger::{Attempt, Call, Outcome};
use crate::plan::proof::Judgement;
use crate::plan::step::Depth;
use crate::plan::tests::fixture::{problem, span};
use crate::plan::tests::proof::fixture::{
    OLD, OURS, Seen, THEIRS, accepted, after, diagnosis, outcome, seen, unanswered, word,
};

const BACK: &str = "d-back";

fn by_code_deploy(attempt: Attempt) -> Attempt {
    let target = Target {
        application: "shop".into(),
        group: "api".into(),
        ready_wait: Some(span("2h")),
        rolls_back: true,
        takes: span("60m"),
    };
    Attempt { code_deploy: Some(target), ..attempt }
}

fn ours() -> Attempt {
    by_code_deploy(accepted())
}

fn moved() -> Attempt {
    Attempt { moved_at: Some(after("3m")), ..ours() }
}

fn deployment(id: &str, status: Status, ended: Option<&str>) -> CodeDeployDeployment {
    CodeDeployDeployment {
        id: DeploymentId::new(id),
        status,
        created_at: Some(after("1s")),
        completed_at: ended.map(after),
        error: None,
        rollback: None,
    }
}

/// A service of CodeDeploy at that time, our task set PRIMARY and alone, and where our deployment is.
struct By(Seen, Time);

fn by(when: &str, status: Status) -> By {
    let ended = (!status.is_under_way()).then_some("4m");
    let mut look = seen(when).rollout(RolloutState::Absent);
    look.service.description.as_mut().unwrap().controller = Controller::CodeDeploy;
    look.service.code_deploy = Some(Box::new(CodeDeployProgress {
        asked_at: after(when),
        deployment: Ok(Some(deployment(OURS, status, ended))),
        rollback: None,
        newer: Some(false),
        status_since: after("4m"),
    }));
    By(look, after(when))
}

impl By {
    fn seen(self, change: impl FnOnce(Seen) -> Seen) -> Self {
        Self(change(self.0), self.1)
    }

    fn progress(mut self, change: impl FnOnce(&mut CodeDeployProgress)) -> Self {
        change(self.0.service.code_deploy.as_mut().unwrap());
        self
    }

    fn deployment(self, change: impl FnOnce(&mut CodeDeployDeployment)) -> Self {
        self.progress(|seen| change(seen.deployment.as_mut().unwrap().as_mut().unwrap()))
    }

    fn unread(self, class: ProblemClass) -> Self {
        let failed: Problem = problem(class, self.1);
        self.progress(|seen| seen.deployment = Err(failed))
    }

    /// Its rollback, which ended then unless it is under way.
    fn rollback(self, status: Status, ended: Option<&str>) -> Self {
        self.deployment(|ours| ours.rollback = Some(DeploymentId::new(BACK)))
            .progress(|seen| seen.rollback = Some(deployment(BACK, status, ended)))
    }

    /// The task set from before is PRIMARY, and ours is gone.
    fn old_is_primary(self) -> Self {
        self.seen(|seen| seen.primary_is(OLD, "1s").rollout(RolloutState::Absent))
    }

    fn controlled_by(mut self, controller: Controller) -> Self {
        self.0.service.description.as_mut().unwrap().controller = controller;
        self
    }

    fn judge(&self, attempt: &Attempt) -> Judgement {
        self.0.judge(attempt)
    }
}

fn going(judgement: Judgement) -> (String, Depth, Time) {
    match judgement {
        Judgement::Going { reason, depth, at } => (reason.to_string(), depth, at),
        other => panic!("{other:?}"),
    }
}

#[test]
fn done_and_every_task_replaced_is_a_success_and_nothing_less_is() {
    let done = |when| by(when, Status::Succeeded);
    assert_eq!(word(&done("5m").judge(&ours())), "succeeded");
    let old = |seen: Seen| {
        seen.tasks(&[("old-0", "-1d", TaskStatus::Running), ("new", "2m", TaskStatus::Running)])
    };
    for short in [
        done("5m").seen(old),
        done("5m").seen(|seen| seen.tasks(&[("new", "2m", TaskStatus::Running)])),
        done("5m").seen(|seen| seen.tasks_partly_read()),
        done("5m").seen(|seen| seen.tasks_listed("4m")),
        done("5m").seen(|seen| seen.tasks_not_listed()),
        done("5m").seen(|seen| seen.desired(3)),
    ] {
        let (_, depth, _) = going(short.judge(&moved()));
        assert_eq!(depth, Depth::Tasks, "{:?}", short.0.service.tasks);
    }
    for status in [Status::InProgress, Status::Created, Status::Ready, Status::Unknown("X".into())]
    {
        assert_eq!(outcome(&by("5m", status.clone()).judge(&moved())), None, "{status:?}");
    }
    let late = done("61m").seen(old).seen(|seen| seen.evidence(&[]));
    assert_eq!(word(&late.judge(&ours())), "timed_out");
    assert!(diagnosis(&late.judge(&ours())).contains("its tasks do not show it"));
}

#[test]
fn a_task_is_new_by_the_clock_that_dated_its_task_set() {
    // Our clock was half an hour ahead when the call was sent.
    let mut attempt = ours();
    let Call::Accepted { created_at, .. } = &mut attempt.call else { panic!() };
    *created_at = after("30m");
    assert_eq!(word(&by("5m", Status::Succeeded).judge(&attempt)), "succeeded");
}

#[test]
fn the_slot_is_freed_when_its_task_set_is_primary_and_old_tasks_have_their_time() {
    let shifting =
        |when| by(when, Status::InProgress).seen(|seen| seen.primary_is(OLD, "1s").beside(OURS));
    let (text, depth, at) = going(shifting("3m").judge(&ours()));
    assert!(text.contains("; CodeDeploy has ecs-svc/2 as InProgress; "), "{text}");
    assert_eq!((depth, at), (Depth::Progress, after("3m 10s")));
    let mut waiting = by("10m", Status::InProgress).seen(|seen| seen.beside(OLD));
    let sets = &mut waiting.0.service.description.as_mut().unwrap().deployments;
    sets[0].running_count = 2;
    let Judgement::MoveOn { deadline, .. } = waiting.judge(&ours()) else { panic!() };
    assert_eq!(deadline, ours().deadline);
    let (text, _, at) = going(waiting.judge(&moved()));
    assert!(text.contains("; traffic has moved, 2 old tasks still to go; "), "{text}");
    assert_eq!(at, after("10m 30s"));
}

#[test]
fn a_person_is_waited_for_as_long_as_codedeploy_does() {
    let ready = |when| by(when, Status::Ready).seen(|seen| seen.primary_is(OLD, "1s").beside(OURS));
    let Judgement::Extend { reason, deadline } = ready("5m").judge(&ours()) else { panic!() };
    // Two hours from when it was first seen, and then everything that was to come.
    assert_eq!(deadline, after("4m") + chrono::TimeDelta::hours(3));
    let text = reason.to_string();
    assert!(
        text.contains("ecs-svc/2 is Ready and waits for a person to move traffic, until Wed"),
        "{text}"
    );
    let extended = Attempt { deadline, ..ours() };
    let (_, depth, at) = going(ready("61m").judge(&extended));
    assert_eq!((depth, at), (Depth::Progress, after("61m 30s")));
}

#[test]
fn a_deployment_that_codedeploy_takes_back_is_followed_to_the_end_of_its_rollback() {
    let failed = |when: &str| by(when, Status::Failed).old_is_primary();
    // A close look first, and the rollback may not be there yet.
    let (_, depth, _) = going(failed("5m").judge(&ours()));
    assert!(matches!(depth, Depth::PostMortem { .. }));
    let looked = |when: &str| failed(when).seen(|seen| seen.evidence(&[]));
    assert_eq!(word(&looked("5m").judge(&ours())), "our_rollback");
    for (rollback, ended, when, expected) in [
        (Status::InProgress, None, "5m", "our_rollback"),
        (Status::Succeeded, Some("6m"), "7m", "rolled_back"),
        (Status::Failed, Some("6m"), "7m", "failed"),
        (Status::Stopped, Some("6m"), "7m", "failed"),
        (Status::InProgress, None, "61m", "rolled_back"),
    ] {
        let at = format!("{rollback:?} {when}");
        let judged = looked(when).rollback(rollback, ended).judge(&ours());
        assert_eq!(word(&judged), expected, "{at}");
    }
    // Stopped by an alarm or by a person is no other thing.
    let stopped = by("7m", Status::Stopped).old_is_primary().seen(|seen| seen.evidence(&[]));
    let stopped = stopped.rollback(Status::Succeeded, Some("6m"));
    assert_eq!(word(&stopped.judge(&ours())), "rolled_back");
    // The PRIMARY that is left behind is waited for, not for ever.
    let stale = |when: &str| by(when, Status::Failed).seen(|seen| seen.evidence(&[]));
    let stale = |when: &str| stale(when).rollback(Status::Succeeded, Some("6m"));
    assert_eq!(word(&stale("7m").judge(&ours())), "our_rollback");
    assert_eq!(word(&stale("9m").judge(&ours())), "rolled_back");
}

#[test]
fn a_deployment_that_nobody_takes_back_has_failed_for_the_reason_that_codedeploy_gives() {
    let failed = |status, when: &str| {
        by(when, status).old_is_primary().seen(|seen| seen.evidence(&[])).deployment(|ours| {
            ours.error = Some("HOOK_EXECUTION_FAILURE: validate said no".into());
        })
    };
    for (status, why) in [
        (
            Status::Failed,
            "CodeDeploy gave up on ecs-svc/2: HOOK_EXECUTION_FAILURE: validate said no",
        ),
        (Status::Stopped, "ecs-svc/2 was stopped in CodeDeploy: HOOK_EXECUTION_FAILURE: validate"),
    ] {
        let judged = failed(status.clone(), "10m").judge(&ours());
        assert_eq!(outcome(&judged), Some(Outcome::Failed));
        assert!(diagnosis(&judged).starts_with(why), "{judged:?}");
        assert!(diagnosis(&judged).contains("Essential container in task exited"), "{judged:?}");
    }
    // Nobody goes back: there is nothing to wait for.
    let mut alone = ours();
    alone.code_deploy.as_mut().unwrap().rolls_back = false;
    assert_eq!(word(&failed(Status::Failed, "5m").judge(&alone)), "failed");
    assert_eq!(word(&failed(Status::Failed, "5m").judge(&ours())), "our_rollback");
}

#[test]
fn somebody_elses_newer_deployment_supersedes_what_was_stopped_or_done() {
    let theirs =
        |status| by("10m", status).seen(|seen| seen.primary_is(THEIRS, "5m").evidence(&[]));
    assert_eq!(word(&theirs(Status::Succeeded).judge(&ours())), "superseded");
    assert_eq!(word(&theirs(Status::Stopped).judge(&ours())), "superseded");
    assert_eq!(word(&theirs(Status::Failed).judge(&ours())), "failed");
    // Before it has a task set, its group tells of it.
    let created = by("10m", Status::Stopped).old_is_primary().seen(|seen| seen.evidence(&[]));
    let created = created.progress(|seen| seen.newer = Some(true));
    assert_eq!(word(&created.judge(&ours())), "superseded");
    // A description from before the end proves nothing.
    let stale = |when: &str| by(when, Status::Succeeded).old_is_primary();
    assert_eq!(word(&stale("5m").judge(&ours())), "our_rollout");
    assert_eq!(word(&stale("7m").judge(&ours())), "failed");
}

#[test]
fn what_an_app_spec_in_s3_made_of_it_is_looked_at() {
    let other = by("5m", Status::Succeeded).seen(|seen| seen.task_definition("app:8"));
    let judged = other.judge(&ours());
    assert_eq!(outcome(&judged), Some(Outcome::Failed));
    assert!(diagnosis(&judged).starts_with("its AppSpec made it deploy app:8"), "{judged:?}");
}

#[test]
fn what_is_still_under_way_when_the_time_is_up_has_timed_out() {
    let late = |when: &str| by(when, Status::InProgress).old_is_primary();
    let (_, depth, _) = going(late("61m").judge(&ours()));
    assert!(matches!(depth, Depth::PostMortem { .. }));
    let looked = late("61m").seen(|seen| seen.evidence(&[]));
    assert_eq!(word(&looked.judge(&ours())), "timed_out");
    assert!(diagnosis(&looked.judge(&ours())).contains("still has ecs-svc/2 as InProgress"));
    let before = late("61m").seen(|seen| seen.evidence(&[])).progress(|seen| {
        seen.asked_at = after("59m");
    });
    assert_eq!(outcome(&before.judge(&ours())), None);
}

#[test]
fn codedeploy_that_cannot_be_asked_is_waited_for_and_never_a_success() {
    use ProblemClass::*;
    for class in [Denied, Throttled, Server, Timeout, Network, Credentials, Invalid] {
        let unread = |when| by(when, Status::Succeeded).unread(class);
        assert_eq!(word(&unread("10m").judge(&ours())), "our_rollout_unseen", "{class:?}");
        let late = unread("61m").judge(&ours());
        let gives_up = matches!(class, Denied | Invalid);
        assert_eq!(outcome(&late), gives_up.then_some(Outcome::Failed), "{class:?}");
    }
    // Deleted, with its application; or not there yet.
    let gone = |when| by(when, Status::Succeeded).unread(NotFound);
    assert_eq!(word(&gone("1m").judge(&ours())), "our_rollout");
    assert_eq!(word(&gone("3m").judge(&ours())), "failed");
    assert!(diagnosis(&gone("3m").judge(&ours())).contains("does not know its deployment"));
    let unseen = by("3m", Status::Succeeded).progress(|seen| seen.asked_at = after("1s"));
    assert_eq!(going(unseen.judge(&ours())).1, Depth::Progress);
}

#[test]
fn a_call_that_was_never_answered_is_resolved_by_what_its_deployment_is_described_as() {
    let attempt = || by_code_deploy(unanswered());
    let none = |when| by(when, Status::Created).progress(|seen| seen.deployment = Ok(None));
    let (text, depth, at) = going(none("10s").judge(&attempt()));
    assert_eq!((depth, at), (Depth::Describe, after("30s")));
    assert!(text.starts_with("CreateDeployment was sent"), "{text}");
    // Nothing is concluded while it may only not be seen yet.
    assert_eq!(word(&none("2m 29s").judge(&attempt())), "call_unknown");
    assert_eq!(word(&none("2m 30s").judge(&attempt())), "abandon");
    assert_eq!(
        word(&by("3m", Status::Created).unread(ProblemClass::Denied).judge(&attempt())),
        "our_rollout_unseen"
    );
    for status in [Status::Created, Status::InProgress, Status::Succeeded, Status::Failed] {
        let Judgement::Adopt(call) = by("31s", status.clone()).judge(&attempt()) else {
            panic!("{status:?}")
        };
        let Call::Accepted { deployment, created_at, known_at, .. } = call else { panic!() };
        assert_eq!(deployment, DeploymentId::new(OURS));
        assert_eq!((created_at, known_at), (after("1s"), after("31s")));
    }
    // A PRIMARY of somebody else's is not taken for ours, however young.
    let theirs = none("3m").seen(|seen| seen.primary_is(THEIRS, "1s"));
    assert_eq!(word(&theirs.judge(&attempt())), "abandon");
}

#[test]
fn a_controller_that_was_changed_meanwhile_ends_the_attempt() {
    for controller in [Controller::Ecs, Controller::External, Controller::Unknown("X".into())] {
        for attempt in [ours(), by_code_deploy(unanswered())] {
            let changed = by("5m", Status::Succeeded).controlled_by(controller.clone());
            let judged = changed.judge(&attempt);
            assert_eq!(outcome(&judged), Some(Outcome::Superseded), "{controller:?}");
            assert!(diagnosis(&judged).contains("controller was changed to"), "{judged:?}");
        }
    }
    let to = by("5m", Status::Succeeded);
    assert_eq!(outcome(&to.judge(&accepted())), Some(Outcome::Superseded));
}
