//! What AWS does without, or against, its notice.

use ecs_refresh::plan::notice::EndedBy;
use ecs_refresh::plan::policy::Policy;

use super::{Run, account, api_by_night, ids, listening, monthly, nightly, two_tasks};
use crate::harness::{DAY, HOUR, MINUTE, Setup, policies};

#[tokio::test(start_paused = true)]
async fn a_task_that_is_newer_than_its_notice_and_stopped_by_aws_opens_the_notice_again() {
    let (sim, clock) = account([two_tasks("api")]);
    // Stopped tasks are shown for an hour.
    let setup = Setup::new(policies([nightly()])).resync(HOUR / 2).listening();
    let mut run = Run { daemon: setup.start(&sim, &clock).await, sim };
    run.daemon.run_for(MINUTE).await;
    run.retire(&["api"], 7 * DAY).await;
    run.until("2026-11-23T12:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
    let stopped = run.sim.maintain_task("prd", "api").unwrap();
    run.until("2026-11-23T13:00:00Z").await;
    assert_eq!(run.states("api"), ["waiting"]);
    assert!(run.ahead("api").unwrap().reopened);
    let verdict = run.daemon.reconciler.plan().verdict(&crate::harness::service("api")).unwrap();
    assert!(verdict.to_string().contains("newer than its notice"), "{verdict}");
    let raised = run.retirements("api")[0].raised.clone().unwrap();
    assert_eq!(raised.task.to_string(), stopped);
    run.until("2026-11-26T00:00:00Z").await;
    assert_eq!(run.starts("api").len(), 2);
    run.assert_proven("api", "2026-11-24T03:00:00Z");
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
    assert_eq!(run.ahead("api"), None);
}

#[tokio::test(start_paused = true)]
async fn a_retirement_that_nobody_announced_is_remembered() {
    let (sim, clock) = account([two_tasks("api"), two_tasks("web")]);
    let setup = Setup::new(policies([monthly()])).resync(HOUR / 2).listening();
    let mut run = Run { daemon: setup.start(&sim, &clock).await, sim };
    run.daemon.run_quietly(HOUR).await;
    let before = run.tasks("api");
    run.sim.retire_tasks("prd", "api", (clock.now() + HOUR).into());
    run.until("2026-11-23T06:00:00Z").await;
    let [observed] = run.retirements("api") else { panic!("{:?}", run.retirements("api")) };
    assert_eq!(observed.event, None);
    assert_eq!(ids(&observed.before), before);
    let ended = observed.ended.as_ref().unwrap();
    assert_eq!((ended.by, ids(&ended.after)), (EndedBy::Aws, run.tasks("api")));
    assert!(run.retirements("web").is_empty());
    assert_eq!(run.sim.count("UpdateService"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_died_by_itself_is_no_retirement() {
    let mut run = api_by_night().await;
    run.sim.kill_task("prd", "api").unwrap();
    run.until("2026-11-23T05:00:00Z").await;
    assert!(run.retirements("api").is_empty());
    assert_eq!(run.sim.count("UpdateService"), 0);
}

/// Calls in six hours of a fleet, by operation, from when the daemon has seen it.
async fn calls(run: &mut Run) -> Vec<(&'static str, usize)> {
    run.sim.clear_calls();
    run.daemon.run_quietly(6 * HOUR).await;
    let operations =
        ["DescribeClusters", "ListServices", "DescribeServices", "ListTasks", "DescribeTasks"];
    operations.map(|operation| (operation, run.sim.count(operation))).to_vec()
}

#[tokio::test(start_paused = true)]
async fn watching_for_retirements_costs_no_call_where_nothing_is_replaced() {
    let policies = || policies([Policy { max_task_age: Some(90 * DAY), ..monthly() }]);
    let names = ["a", "b", "c"];
    let mut quiet = listening(names.map(two_tasks), policies()).await;
    let usual = calls(&mut quiet).await;
    assert_eq!(usual[3..], [("ListTasks", 6), ("DescribeTasks", 0)]);
    drop(quiet);
    let mut noticed = listening(names.map(two_tasks), policies()).await;
    noticed.retire(&names, 14 * DAY).await;
    assert_eq!(calls(&mut noticed).await, usual);
}

#[tokio::test(start_paused = true)]
async fn stopped_tasks_are_asked_for_of_the_service_that_lost_one_and_not_again_and_again() {
    let names = ["a", "b", "c"];
    let mut run = listening(names.map(two_tasks), policies([monthly()])).await;
    let usual = calls(&mut run).await;
    run.sim.kill_task("prd", "b").unwrap();
    let with = calls(&mut run).await;
    let more: Vec<_> = usual.iter().zip(&with).map(|(one, other)| other.1 - one.1).collect();
    assert!(more.iter().sum::<usize>() <= 8, "{more:?}");
    assert!(more[3] > 0, "{more:?}");
}
