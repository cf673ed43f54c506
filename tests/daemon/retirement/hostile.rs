//! Messages that nobody should ever send.

use serde_json::{Value, json};

use ecs_refresh::simulator::Simulator;

use super::{Run, account, hourly, nightly, two_tasks};
use crate::harness::{DAY, Daemon, HOUR, QUEUE, policies};
use crate::queue::task_event;

/// A daemon with a queue that gives up a message after three deliveries.
async fn with_dead_letters() -> Run {
    let (sim, clock) = account([two_tasks("api"), two_tasks("web")]);
    sim.set_dead_letters(QUEUE, "dead", 3);
    let mut daemon: Daemon = hourly(policies([nightly()])).start(&sim, &clock).await;
    daemon.run_quietly(HOUR).await;
    Run { sim, daemon }
}

/// A sound notice about `api`, changed.
fn notice(sim: &Simulator, run: &Run, change: impl FnOnce(&mut Value)) -> String {
    let start = run.daemon.clock.now() + 7 * DAY;
    let mut body = sim.notice(start.into()).service("prd", "api").body();
    change(&mut body);
    body.to_string()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_understands_ends_with_the_dead_letters_and_stops_nothing() {
    let mut run = with_dead_letters().await;
    let nested = "[".repeat(128 * 1024) + &"]".repeat(128 * 1024);
    let wrong = |pointer: &'static str, value: Value| {
        notice(&run.sim, &run, |body| *body.pointer_mut(pointer).unwrap() = value)
    };
    let poison = [
        "not JSON".to_owned(),
        String::from("\u{feff}{}"),
        "null".to_owned(),
        nested,
        "{\"a\":".repeat(10_000),
        wrong("/detail", json!([1, 2])),
        wrong("/detail/eventArn", json!({ "arn": 1 })),
        wrong("/detail/eventTypeCode", json!(17)),
        wrong("/detail/affectedAccount", json!("everybody")),
        wrong("/detail/eventRegion", json!("../..")),
        notice(&run.sim, &run, |body| {
            body["time"] = json!("0000-01-01T00:00:00Z");
            body["detail"]["lastUpdatedTime"] = json!("Sat, 01 Jan 9999 00:00:00 GMT");
        }),
    ];
    for body in &poison {
        run.sim.send(QUEUE, body);
    }
    run.daemon.run_for(HOUR / 2).await;
    assert_eq!(run.sim.dead_letters(QUEUE).len(), poison.len());
    assert_eq!(run.daemon.received("poison"), 3 * poison.len() as u64);
    assert_eq!(run.daemon.reconciler.notices().iter().count(), 0);
    // A sound one behind them is acted upon.
    run.retire(&["api"], 7 * DAY).await;
    run.until("2026-11-23T06:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    assert_eq!(run.sim.count("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn dates_of_no_sense_make_one_refresh_in_the_next_window_and_no_more() {
    let future = json!("2099-01-01T00:00:00Z");
    let changes: [&[(&str, Value)]; 6] = [
        &[("/detail/startTime", json!("Sat, 01 Jan 0000 00:00:00 GMT"))],
        &[("/detail/startTime", json!("Fri, 31 Dec 9999 23:59:59 GMT"))],
        &[("/detail/startTime", json!(["never"]))],
        &[("/detail/endTime", json!({ "at": 0 })), ("/time", json!(0))],
        &[("/detail/lastUpdatedTime", future.clone())],
        // Nothing may be to be retired for ever.
        &[("/time", future.clone()), ("/detail/lastUpdatedTime", future)],
    ];
    for change in changes {
        let mut run = with_dead_letters().await;
        let body = notice(&run.sim, &run, |body| {
            for (pointer, value) in change {
                *body.pointer_mut(pointer).unwrap() = value.clone();
            }
        });
        run.sim.send(QUEUE, &body);
        run.daemon.run_for(HOUR / 12).await;
        run.until("2026-11-24T06:00:00Z").await;
        run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
        assert_eq!(run.states("api"), ["satisfied_by_refresh"], "{change:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_concerns_others_is_counted_and_forgotten() {
    let mut run = with_dead_letters().await;
    let foreign = [("affectedAccount", "999999999999"), ("eventRegion", "ap-northeast-1")];
    for (name, value) in foreign {
        let body = notice(&run.sim, &run, |body| body["detail"][name] = json!(value));
        run.sim.send(QUEUE, &body);
    }
    let elsewhere = |task, from, to| task_event("api", task, 1).replace(from, to);
    for body in [
        task_event("unheard-of", 7, 1),
        elsewhere(1, "123456789012", "999999999999"),
        elsewhere(2, "eu-central-1", "us-east-1"),
        elsewhere(3, "/prd", "/unheard-of"),
    ] {
        run.sim.send(QUEUE, &body);
    }
    let other = notice(&run.sim, &run, |body| {
        body["detail"]["eventTypeCode"] = json!("AWS_ECS_OPERATIONAL_ISSUE");
    });
    run.sim.send(QUEUE, &other);
    run.daemon.run_for(HOUR / 2).await;
    assert_eq!(run.sim.queue_depth(QUEUE), 0);
    let counted = ["foreign", "ignored", "poison"].map(|kind| run.daemon.received(kind));
    assert_eq!(counted, [2, 1, 0]);
    assert_eq!(run.daemon.received("ecs"), 4);
    assert!(run.daemon.reconciler.notices().is_empty());
    assert_eq!(run.daemon.reconciler.plan().verdicts.len(), 2);
    run.until("2026-11-23T06:00:00Z").await;
    assert_eq!(run.sim.count("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_entities_and_odd_names_hide_no_service() {
    let mut run = with_dead_letters().await;
    let long = "x".repeat(255);
    let odd = ["", "|", "prd|", "|api", "prd|api|web", "prd||api", "Ünïcødé|service", "prd|\u{0}"];
    let mut names: Vec<String> = (0..9_990).map(|number| format!("prd|s-{number}")).collect();
    names.extend(odd.map(str::to_owned));
    names.push(format!("prd|{long}"));
    names.push("prd|api".to_owned());
    let body = notice(&run.sim, &run, |body| body["resources"] = json!(names));
    run.sim.send(QUEUE, &body);
    run.daemon.run_for(HOUR / 2).await;
    assert_eq!(run.sim.queue_depth(QUEUE), 0);
    let notice = run.daemon.reconciler.notices().iter().next().unwrap();
    assert_eq!(notice.services.len(), 9_992);
    assert!(run.daemon.metric("events_not_understood_total").unwrap() >= odd.len() as f64);
    run.until("2026-11-23T04:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    assert_eq!(
        (run.states("api"), run.states("s-17")),
        (vec!["satisfied_by_refresh"], vec!["gone"])
    );
    assert_eq!(run.sim.count("UpdateService"), 1);
}
