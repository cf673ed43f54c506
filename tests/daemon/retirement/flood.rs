//! Very many events at once.

use std::time::Duration;

use ecs_refresh::clock::Time;
use ecs_refresh::plan::ledger::Outcome;
use ecs_refresh::plan::policy::Policy;
use ecs_refresh::simulator::ServiceSpec;

use super::{Run, account, hourly, nightly, policy};
use crate::harness::{DAY, MINUTE, QUEUE, policies};
use crate::queue::task_event;

const SERVICES: u32 = 1_000;
const EVENTS: u64 = 10_000;

/// A thousand services, and `due` whose window opens at one minute past midnight.
async fn fleet() -> Run {
    let names = (0..SERVICES).map(|number| format!("s{number:03}"));
    let specs = names.map(|name| ServiceSpec::new("prd", &name));
    let due = ServiceSpec::new("prd", "due").desired(2).task_age(8 * DAY);
    let (sim, clock) = account(specs.chain([due]));
    let opening = policy("opening", &["due"], "1 0 * * *");
    let opening = Policy { max_task_age: Some(7 * DAY), ..opening };
    let setup = hourly(policies([opening, nightly()])).api_share(0.25);
    let mut daemon = setup.start(&sim, &clock).await;
    // At a quarter of the budget the first look takes about half a minute.
    daemon.run_quietly(MINUTE * 5 / 6).await;
    sim.clear_calls();
    Run { daemon, sim }
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_events_in_a_minute_cost_half_of_the_share_and_hold_nothing_up() {
    let mut run = fleet().await;
    let begun_at = run.daemon.clock.now();
    let notice = run.notice(&["s007"], 7 * DAY);
    let mut sent = 0;
    for second in 0..60 {
        while sent < EVENTS * (second + 1) / 60 {
            let task = sent * 7 % EVENTS;
            let name = format!("s{:03}", task % u64::from(SERVICES));
            run.sim.send(QUEUE, &task_event(&name, u128::from(task), 1));
            sent += 1;
        }
        if second == 30 {
            run.sim.publish_notice(QUEUE, &notice);
        }
        run.daemon.run_for(Duration::from_secs(1)).await;
    }
    assert_eq!(run.starts("due").len(), 1, "its window opened in the middle of it");
    run.daemon.run_for(2 * MINUTE).await;
    assert_eq!(run.sim.queue_depth(QUEUE), 0);
    assert_eq!(run.daemon.received("ecs"), EVENTS);
    assert_eq!(run.states("s007"), ["waiting"]);
    let ended = run.daemon.ended("due");
    assert_eq!(ended.outcome, Outcome::Succeeded);
    assert!(ended.duration() < 2 * MINUTE, "{:?}", ended.duration());

    let calls = run.sim.calls();
    let about_others = calls.iter().filter(|call| {
        call.operation == "DescribeServices" && call.resources != ["prd/due".to_owned()]
    });
    let mut passes = vec![0_u32; 60];
    for call in about_others {
        let after = (Time::from(call.at) - begun_at).num_seconds();
        assert!(call.resources.len() <= 10);
        passes[usize::try_from(after / 10).unwrap()] += 1;
    }
    // A pass may be sent over more than ten seconds of the budget: what counts is their sum.
    let total: u32 = passes.iter().sum();
    assert!(total >= SERVICES / 10, "every service was looked at: {passes:?}");
    let so_far = passes.iter().scan(0, |sum, calls| {
        *sum += calls;
        Some(*sum)
    });
    for (pass, calls) in so_far.enumerate() {
        let allowed = 25 * (u32::try_from(pass).unwrap() + 2);
        assert!(calls <= allowed, "{calls} calls in {} s: {passes:?}", 10 * (pass + 1));
    }
}
