//! What satisfies a notice, and what does not.

use std::time::Duration;

use ecs_refresh::plan::ledger::{Cause, Outcome};
use ecs_refresh::plan::policy::{Policy, RolloutTimeout};
use ecs_refresh::simulator::{Behaviour, HealthNotice, ServiceSpec};

use super::{Run, api_by_night, at, ids, listening, nightly, two_tasks};
use crate::harness::{DAY, HOUR, MINUTE, QUEUE, policies};

#[tokio::test(start_paused = true)]
async fn one_refresh_satisfies_all_notices_from_before_it_and_a_later_one_asks_for_another() {
    let mut run = api_by_night().await;
    for days in [7, 10] {
        run.retire(&["api"], days * DAY).await;
    }
    assert_eq!(run.states("api"), ["waiting"; 2]);
    run.until("2026-11-23T12:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    assert_eq!(run.states("api"), ["satisfied_by_refresh"; 2]);
    run.retire(&["api"], 14 * DAY).await;
    assert_eq!(run.states("api"), ["satisfied_by_refresh", "satisfied_by_refresh", "waiting"]);
    run.until("2026-11-26T00:00:00Z").await;
    assert_eq!(run.states("api"), ["satisfied_by_refresh"; 3]);
    assert_eq!(run.starts("api").len(), 2);
    run.assert_proven("api", "2026-11-24T03:00:00Z");
    let ended: Vec<_> = run
        .retirements("api")
        .iter()
        .map(|known| ids(&known.ended.as_ref().unwrap().after))
        .collect();
    assert_eq!(ended[0], ended[1]);
    assert_eq!(ended[2], run.tasks("api"));
}

/// A refresh that age makes due at three o'clock of the first night, and that takes so long.
async fn refreshing(takes: Duration) -> Run {
    let slow = Behaviour::Slow(takes);
    let old = ServiceSpec::new("prd", "api").desired(2).task_age(8 * DAY).next_revision(slow);
    let policy = Policy {
        max_task_age: Some(7 * DAY),
        rollout_timeout: RolloutTimeout::Fixed(6 * HOUR),
        ..nightly()
    };
    listening([old], policies([policy])).await
}

#[tokio::test(start_paused = true)]
async fn tasks_of_a_refresh_that_was_under_way_when_the_notice_came_are_replaced_once_more() {
    // The window has closed when it ends, or has not.
    for (takes, opened) in [(3 * HOUR, "2026-11-24T03:00:00Z"), (HOUR, "2026-11-23T04:00:00Z")] {
        let mut run = refreshing(takes).await;
        run.until("2026-11-23T03:40:00Z").await;
        assert_eq!(run.sim.count("UpdateService"), 1);
        run.sim.set_behaviour("prd", "api", Behaviour::Healthy);
        run.retire(&["api"], 2 * DAY).await;
        assert_eq!(run.states("api"), ["refreshing"], "{takes:?}");
        run.until("2026-11-25T00:00:00Z").await;
        assert_eq!(run.starts("api").len(), 2, "{takes:?}");
        run.assert_proven("api", opened);
        assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
        let after = run.tasks("api");
        run.until("2026-11-26T00:00:00Z").await;
        assert_eq!((run.tasks("api"), run.starts("api").len()), (after, 2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_from_before_a_refresh_that_comes_during_it_is_satisfied_by_it() {
    let mut run = refreshing(HOUR).await;
    run.until("2026-11-23T02:50:00Z").await;
    let late = run.notice(&["api"], 7 * DAY);
    run.until("2026-11-23T03:30:00Z").await;
    run.deliver(&late).await;
    assert_eq!(run.states("api"), ["refreshing"]);
    run.until("2026-11-25T00:00:00Z").await;
    assert_eq!(run.starts("api").len(), 1);
    let ended = run.daemon.ended("api");
    assert_eq!((ended.outcome, ended.attempt.cause), (Outcome::Succeeded, Cause::Age));
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
}

#[tokio::test(start_paused = true)]
async fn a_notice_from_between_a_refresh_and_its_first_task_is_satisfied_by_it() {
    // Its tasks enter PENDING six minutes after it was sent.
    let mut run = refreshing(HOUR).await;
    run.until("2026-11-23T03:02:00Z").await;
    assert_eq!(run.starts("api").len(), 1);
    run.retire(&["api"], 3 * DAY).await;
    run.until("2026-11-25T00:00:00Z").await;
    assert_eq!(run.starts("api").len(), 1);
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
}

#[tokio::test(start_paused = true)]
async fn a_deploy_by_the_owner_satisfies_a_notice_without_a_refresh() {
    for new_revision in [true, false] {
        let mut run = api_by_night().await;
        let before = run.tasks("api");
        run.retire(&["api"], 2 * DAY).await;
        run.sim.deploy("prd", "api", new_revision);
        run.until("2026-11-26T00:00:00Z").await;
        assert_eq!(run.states("api"), ["satisfied_by_deploy"]);
        assert_eq!(ids(&run.retirements("api")[0].before), before);
        assert_eq!(run.sim.count("UpdateService"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_scaled_to_zero_has_nothing_to_retire() {
    let mut run = api_by_night().await;
    run.retire(&["api"], 2 * DAY).await;
    run.sim.set_desired("prd", "api", 0);
    run.until("2026-11-23T12:00:00Z").await;
    assert_eq!(run.states("api"), ["satisfied_by_scale_to_zero"]);
    run.sim.set_desired("prd", "api", 2);
    run.until("2026-11-26T00:00:00Z").await;
    assert_eq!(run.sim.count("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_failed_leaves_the_notice_open_until_one_succeeds() {
    let mut run = api_by_night().await;
    let reason = "CannotPullContainerError".to_owned();
    run.sim.set_behaviour("prd", "api", Behaviour::CannotStart { reason });
    run.retire(&["api"], 7 * DAY).await;
    run.until("2026-11-23T05:00:00Z").await;
    assert_eq!(run.daemon.ended("api").outcome, Outcome::TimedOut);
    assert_eq!(run.states("api"), ["waiting"]);
    assert_eq!(run.ahead("api").map(|ahead| ahead.missed), Some(false));
    // The owner repairs it by a deployment, which counts.
    run.sim.set_behaviour("prd", "api", Behaviour::Healthy);
    run.sim.deploy("prd", "api", true);
    run.until("2026-11-24T12:00:00Z").await;
    assert_eq!(run.states("api"), ["satisfied_by_deploy"]);
    assert_eq!(run.starts("api").len(), 1);
}

/// Delivers a message as it is.
async fn say(run: &mut Run, notice: &HealthNotice) {
    run.sim.send(QUEUE, &notice.body().to_string());
    run.daemon.run_for(5 * MINUTE).await;
}

#[tokio::test(start_paused = true)]
async fn duplicates_copies_and_updates_of_a_notice_make_one_refresh() {
    let mut run = api_by_night().await;
    run.sim.redeliver_deleted(true);
    run.sim.shuffle_messages(true);
    let notice = run.notice(&["api"], 2 * DAY);
    for copy in [notice.clone(), notice.clone(), notice.clone().backup_copy()] {
        say(&mut run, &copy).await;
    }
    assert_eq!(run.states("api"), ["waiting"]);
    run.until("2026-11-23T12:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    for (status, time) in [
        ("upcoming", "2026-11-24T01:00:00Z"),
        ("open", "2026-11-25T01:00:00Z"),
        ("closed", "2026-11-27T01:00:00Z"),
    ] {
        run.until(time).await;
        let update = notice.clone().update(status, at(time).into());
        for copy in [update.clone(), update.clone().backup_copy(), notice.clone(), update] {
            say(&mut run, &copy).await;
        }
        assert_eq!(run.states("api"), ["satisfied_by_refresh"], "{status}");
    }
    run.until("2026-11-28T00:00:00Z").await;
    assert_eq!(run.starts("api").len(), 1);
    assert_eq!(run.sim.queue_depth(QUEUE), 0);
    let received = run.daemon.received("retirement");
    assert!(received >= 15, "{received}: every message at least once");
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_was_taken_back_before_the_window_makes_no_refresh() {
    let update_at = || at("2026-11-23T02:00:00Z").into();
    let closed = |notice: HealthNotice| notice.update("closed", update_at());
    let resolved = |notice: HealthNotice| notice.update("open", update_at()).resolved("prd", "api");
    let ways: [&dyn Fn(HealthNotice) -> HealthNotice; 2] = [&closed, &resolved];
    for (way, older_last) in ways.into_iter().zip([false, true]) {
        let mut run = listening([two_tasks("api"), two_tasks("web")], policies([nightly()])).await;
        let notice = run.notice(&["api"], 2 * DAY);
        let taken_back = way(notice.clone());
        let order = if older_last { [&taken_back, &notice] } else { [&notice, &taken_back] };
        for message in order {
            say(&mut run, message).await;
        }
        assert_eq!(run.states("api"), ["closed"]);
        assert_eq!(run.ahead("api"), None);
        run.until("2026-11-26T00:00:00Z").await;
        assert_eq!(run.sim.count("UpdateService"), 0);
    }
}
