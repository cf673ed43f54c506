//! A closer look at one service: its tasks, and what became of its last deployments.

use std::cmp::Reverse;

use super::Depth;
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::aws::ecs::{DESCRIBE_TASKS_MAX, ListTasks, PAGES_MAX, PROTECTION_MAX, ServiceReading};
use crate::clock::Time;
use crate::plan::fleet::{
    PostMortem, Protected, Running, ServiceEvent, ServiceLook, StoppedTask, StoppedTasks, TaskId,
    Tasks,
};
use crate::plan::key::ServiceKey;

/// How many stopped tasks are kept as evidence.
const STOPPED_MAX: usize = 10;

/// The look at a service that was only described.
pub(super) fn described(read: ServiceReading) -> ServiceLook {
    ServiceLook {
        key: read.key,
        reading: read.reading,
        tasks: None,
        running: None,
        progress: None,
        code_deploy: None,
        stopped: None,
        post_mortem: None,
    }
}

/// Adds what `depth` asks for to what was read of a service before.
pub(super) async fn look_closer(
    ecs: Ecs,
    read: ServiceReading,
    depth: Depth,
    priority: Priority,
) -> ServiceLook {
    let (tasks, running) = list_and_describe(&ecs, &read.key, priority).await;
    let tasks = Some(tasks);
    let stopped = match depth {
        Depth::Stopped => Some(recently_stopped(&ecs, &read.key).await),
        _ => None,
    };
    let post_mortem = match depth {
        Depth::PostMortem { since } => {
            let evidence = gather(&ecs, &read.key, since, read.events).await;
            let protected = protected(&ecs, &read.key, tasks.as_ref()).await;
            Some(PostMortem { protected, ..evidence })
        }
        _ => None,
    };
    ServiceLook {
        progress: None,
        code_deploy: None,
        key: read.key,
        reading: read.reading,
        tasks,
        running,
        stopped,
        post_mortem,
    }
}

/// The tasks of a service, every one of them described now. A listing that failed is an incomplete
/// one of no tasks: that it was tried is worth knowing. With them, what the newest of them runs.
async fn list_and_describe(
    ecs: &Ecs,
    key: &ServiceKey,
    priority: Priority,
) -> (Tasks, Option<Running>) {
    let (listed_at, ids, all_listed) = list(ecs, key, priority).await;
    let mut newest: Option<Running> = None;
    let mut found = Tasks { listed_at, complete: all_listed, tasks: Vec::new() };
    for batch in ids.chunks(DESCRIBE_TASKS_MAX) {
        match ecs.describe_tasks(key.cluster(), batch, priority).await {
            Err(_) => found.complete = false,
            Ok(described) => {
                found.complete &= described.problem.is_none();
                let own = described
                    .tasks
                    .into_iter()
                    .filter(|seen| !seen.stopping && seen.service.as_deref() == Some(key.name()));
                for seen in own {
                    let running = seen.running();
                    let since = |known: &Running| known.created_at;
                    if running.as_ref().map(since) >= newest.as_ref().map(since) {
                        newest = running.or(newest);
                    }
                    found.tasks.push(seen.task);
                }
            }
        }
    }
    found.tasks.sort_by_key(|task| task.id);
    (found, newest)
}

/// When the listing began, what it named, and whether it was read to its end.
async fn list(ecs: &Ecs, key: &ServiceKey, priority: Priority) -> (Time, Vec<TaskId>, bool) {
    let first = ecs.list_tasks_page(ListTasks::Service(key), None, priority).await;
    let listed_at = first.at;
    let Ok(mut page) = first.result else { return (listed_at, Vec::new(), false) };
    let mut ids = page.items;
    let mut pages = 1;
    while let Some(token) = page.next {
        if pages == PAGES_MAX {
            return (listed_at, ids, false);
        }
        let what = ListTasks::Service(key);
        match ecs.list_tasks_page(what, Some(token), priority).await.result {
            Err(_) => return (listed_at, ids, false),
            Ok(next) => page = next,
        }
        ids.append(&mut page.items);
        pages += 1;
    }
    ids.sort_unstable();
    ids.dedup();
    (listed_at, ids, true)
}

/// What happened since: older events and stopped tasks are about other deployments.
async fn gather(ecs: &Ecs, key: &ServiceKey, since: Time, events: Vec<ServiceEvent>) -> PostMortem {
    let is_since = |at: Option<Time>| at.is_none_or(|at| at >= since);
    let deployments = ecs.list_service_deployments(key, since, Priority::Urgent).await;
    let mut stopped = newest_stopped(ecs, key, Priority::Urgent).await;
    stopped.retain(|task| is_since(task.stopped_at));
    PostMortem {
        asked_at: deployments.at,
        deployments: deployments.result,
        protected: Vec::new(),
        stopped,
        events: events
            .into_iter()
            .filter(|event| is_since(event.at) && !event.message.is_empty())
            .collect(),
    }
}

/// Which of the listed tasks are protected. A service whose tasks are not, or of which that may not
/// be asked, gets no more time: without it the rest stands.
async fn protected(ecs: &Ecs, key: &ServiceKey, tasks: Option<&Tasks>) -> Vec<Protected> {
    let ids: Vec<TaskId> = tasks.iter().flat_map(|seen| &seen.tasks).map(|task| task.id).collect();
    let mut found = Vec::new();
    for batch in ids.chunks(PROTECTION_MAX) {
        match ecs.protected_tasks(key.cluster(), batch, Priority::Urgent).await {
            Ok(protected) => found.extend(protected),
            Err(_) => break,
        }
    }
    found
}

async fn recently_stopped(ecs: &Ecs, key: &ServiceKey) -> StoppedTasks {
    let asked_at = ecs.clock().now();
    StoppedTasks { asked_at, tasks: newest_stopped(ecs, key, Priority::Look).await }
}

/// The tasks that stopped last. It is evidence for people: without it the rest stands.
async fn newest_stopped(ecs: &Ecs, key: &ServiceKey, priority: Priority) -> Vec<StoppedTask> {
    let what = ListTasks::Stopped(key);
    let Ok(page) = ecs.list_tasks_page(what, None, priority).await.result else {
        return Vec::new();
    };
    if page.items.is_empty() {
        return Vec::new();
    }
    let described = ecs.describe_stopped_tasks(key, &page.items, priority).await;
    let mut stopped = described.unwrap_or_default();
    stopped.sort_by_key(|task| Reverse((task.stopped_at, task.id)));
    stopped.truncate(STOPPED_MAX);
    stopped
}
