//! What AWS takes away by itself, and tasks that no service keeps.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::json;

use super::support::*;
use crate::simulator::{Behaviour, Simulator, TaskView};

const DAY: Duration = Duration::from_secs(86_400);
const PREFIXED: &str = "Service api: ECS is performing maintenance on the underlying \
    infrastructure hosting the task";

/// When every simulator here starts.
fn start() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

fn active_ids(sim: &Simulator) -> BTreeSet<String> {
    sim.service("prd", "api").active_tasks().map(|task| task.id.clone()).collect()
}

/// The oldest tasks are younger than this instant.
fn all_younger(sim: &Simulator, than: SystemTime) -> bool {
    sim.service("prd", "api").active_tasks().all(|task| task.created_at.is_none_or(|at| at > than))
}

#[tokio::test(start_paused = true)]
async fn retired_tasks_are_replaced_within_the_bounds_under_their_own_deployment() {
    for (minimum, maximum, desired) in [(100, 200, 3), (100, 150, 4), (50, 100, 4), (0, 100, 2)] {
        let sim = with_service(|s| s.desired(desired).percents(minimum, maximum));
        let own = sim.service("prd", "api").primary().unwrap().id.clone();
        let (now, old) = (start(), active_ids(&sim));
        sim.retire_tasks("prd", "api", now + 7 * DAY);
        pass(7 * 86_400 - 1).await;
        assert_eq!(active_ids(&sim), old, "nothing happens before the date");
        let lower = (desired * minimum).div_ceil(100) as usize;
        let upper = (desired * maximum / 100) as usize;
        let mut seconds = 0;
        while !all_younger(&sim, now) || active(&sim, "RUNNING") < desired as usize {
            pass(1).await;
            seconds += 1;
            assert!(seconds < 1000, "{minimum}/{maximum} does not end");
            assert!(active(&sim, "RUNNING") >= lower, "too few with {minimum}/{maximum}");
            assert!(active_ids(&sim).len() <= upper, "too many with {minimum}/{maximum}");
        }
        pass(60).await;
        let view = sim.service("prd", "api");
        assert_eq!((view.deployments.len(), view.active_tasks().count()), (1, desired as usize));
        assert!(view.tasks.iter().all(|task| task.deployment == own));
        assert_eq!(view.primary().unwrap().rollout_state, "COMPLETED");
        let stopped = view.tasks.iter().filter(|task| task.desired_status == "STOPPED");
        let reasons: Vec<_> = stopped.map(|task| task.stopped_reason.as_deref()).collect();
        assert_eq!(reasons, vec![Some(PREFIXED); desired as usize]);
        let after = active_ids(&sim);
        pass(30 * 86_400).await;
        assert_eq!(active_ids(&sim), after, "a retirement ends");
    }
}

#[tokio::test(start_paused = true)]
async fn the_stop_code_is_that_of_the_scheduler() {
    let sim = with_service(|s| s);
    sim.retire_tasks("prd", "api", start());
    pass(120).await;
    let view = sim.service("prd", "api");
    let stopped = view.tasks.iter().find(|task| task.desired_status == "STOPPED").unwrap();
    let input = json!({ "cluster": "prd", "tasks": [stopped.id] });
    let task = ok(&sim, "DescribeTasks", input).await["tasks"][0].clone();
    assert_eq!(task["stopCode"], "ServiceSchedulerInitiated");
    assert_eq!(task["stoppedReason"], PREFIXED);
}

#[tokio::test(start_paused = true)]
async fn tasks_newer_than_the_cutoff_stay() {
    let sim = with_service(|s| s.task_ages(vec![10 * DAY, 2 * DAY]));
    let now = start();
    let newer: Vec<TaskView> = sim.service("prd", "api").tasks.split_off(1);
    sim.retire_tasks_until("prd", "api", now - 5 * DAY, now + DAY);
    pass(2 * 86_400).await;
    let view = sim.service("prd", "api");
    let ids = active_ids(&sim);
    assert!(ids.contains(&newer[0].id) && ids.len() == 2, "{:?}", view.tasks);
    assert!(all_younger(&sim, now - 5 * DAY));
}

#[tokio::test(start_paused = true)]
async fn what_was_refreshed_in_time_is_left_alone() {
    let sim = with_service(|s| s.desired(2));
    sim.retire_tasks("prd", "api", start() + DAY);
    pass(10).await;
    let new = force(&sim).await;
    pass(600).await;
    let refreshed = active_ids(&sim);
    pass(5 * 86_400).await;
    assert_eq!(active_ids(&sim), refreshed);
    assert!(sim.service("prd", "api").active_tasks().all(|task| task.deployment == new));
}

#[tokio::test(start_paused = true)]
async fn retired_tasks_stop_in_the_end_even_without_replacements() {
    let (stuck, gone) = ((100, 100), (100, 200));
    for (percents, broken) in [(stuck, false), (gone, true)] {
        let sim = with_service(|s| s.desired(2).percents(percents.0, percents.1));
        if broken {
            let behaviour = Behaviour::CannotStart { reason: "no image".to_owned() };
            sim.set_completed_behaviour("prd", "api", behaviour);
        }
        let (now, old) = (start(), active_ids(&sim));
        sim.retire_tasks("prd", "api", now + DAY);
        pass(2 * 86_400).await;
        assert!(old.is_subset(&active_ids(&sim)), "as long as it can, AWS waits");
        pass(86_400 + 60).await;
        assert!(all_younger(&sim, now));
        let running = active(&sim, "RUNNING");
        assert_eq!(running, if broken { 0 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_retirement_in_a_stuck_rollout_takes_the_old_tasks_and_the_old_deployment_replaces_them()
{
    let sim = with_service(|s| s.desired(2).next_revision(Behaviour::StaysPending));
    let old = sim.service("prd", "api").primary().unwrap().id.clone();
    let now = start();
    sim.retire_tasks("prd", "api", now + DAY);
    force(&sim).await;
    pass(4 * 86_400).await;
    let view = sim.service("prd", "api");
    let olds: Vec<_> = view.active_tasks().filter(|task| task.deployment == old).collect();
    assert_eq!(olds.len(), 2);
    assert!(olds.iter().all(|task| task.created_at > Some(now)));
}

#[tokio::test(start_paused = true)]
async fn one_task_is_maintained_at_once_and_replaced() {
    let sim = with_service(|s| s.task_ages(vec![9 * DAY, DAY]));
    let tasks = sim.service("prd", "api").tasks;
    let stopped = sim.maintain_task("prd", "api").unwrap();
    assert_eq!(stopped, tasks[1].id, "the newest");
    pass(120).await;
    let view = sim.service("prd", "api");
    assert_eq!(view.active_tasks().count(), 2);
    let task = view.tasks.iter().find(|task| task.id == stopped).unwrap();
    assert_eq!(task.stopped_reason.as_deref(), Some(PREFIXED));
    assert!(view.active_tasks().any(|task| task.id == tasks[0].id));
}

#[tokio::test(start_paused = true)]
async fn a_standalone_task_is_seen_among_tasks_and_in_no_service() {
    let sim = with_service(|s| s);
    let arn = sim.run_task("prd", "report", Some("cron"));
    let listed = ok(&sim, "ListTasks", json!({ "cluster": "prd" })).await;
    assert_eq!(listed["taskArns"].as_array().unwrap().len(), 2);
    for (filter, seen) in [
        (json!({ "cluster": "prd", "family": "report" }), true),
        (json!({ "cluster": "prd", "startedBy": "cron" }), true),
        (json!({ "cluster": "prd", "launchType": "FARGATE" }), true),
        (json!({ "cluster": "prd", "serviceName": "api" }), false),
        (json!({ "cluster": "prd", "startedBy": "other" }), false),
    ] {
        let listed = ok(&sim, "ListTasks", filter.clone()).await["taskArns"].clone();
        assert_eq!(listed.as_array().unwrap().contains(&json!(arn)), seen, "{filter}");
    }
    let described = ok(&sim, "DescribeTasks", json!({ "cluster": "prd", "tasks": [arn] })).await;
    let task = &described["tasks"][0];
    assert_eq!((&task["group"], &task["startedBy"]), (&json!("family:report"), &json!("cron")));
    assert_eq!(task["lastStatus"], "RUNNING");
    let services = ok(&sim, "ListServices", json!({ "cluster": "prd" })).await;
    assert_eq!(services["serviceArns"].as_array().unwrap().len(), 1);
    let clusters = ok(&sim, "DescribeClusters", json!({ "clusters": ["prd"] })).await;
    let cluster = &clusters["clusters"][0];
    assert_eq!(
        (&cluster["runningTasksCount"], &cluster["activeServicesCount"]),
        (&json!(2), &json!(1))
    );
    let nobodys = sim.run_task_in_group("prd", "report", "service:api", None);
    let described =
        ok(&sim, "DescribeTasks", json!({ "cluster": "prd", "tasks": [nobodys] })).await;
    assert_eq!(described["tasks"][0]["group"], "service:api");
    assert_eq!(described["tasks"][0].get("startedBy"), None);
}

#[tokio::test(start_paused = true)]
async fn a_retired_standalone_task_is_not_replaced() {
    let sim = simulator();
    let arn = sim.run_task("prd", "report", None);
    let other = sim.run_task("prd", "report", None);
    sim.retire_standalone_task("prd", &arn, start() + DAY);
    let listed =
        || async { ok(&sim, "ListTasks", json!({ "cluster": "prd" })).await["taskArns"].clone() };
    pass(86_399).await;
    assert_eq!(listed().await.as_array().unwrap().len(), 2);
    pass(1).await;
    assert_eq!(listed().await, json!([other]));
    let described = ok(&sim, "DescribeTasks", json!({ "cluster": "prd", "tasks": [arn] })).await;
    let reason = described["tasks"][0]["stoppedReason"].as_str().unwrap();
    assert!(reason.starts_with("ECS is performing maintenance"), "{reason}");
    pass(7200).await;
    assert_eq!(listed().await, json!([other]));
    let stopped = ok(&sim, "StopTask", json!({ "cluster": "prd", "task": other })).await;
    assert_eq!(stopped["task"]["desiredStatus"], "STOPPED");
    assert_eq!(listed().await, json!([]));
}
