//! What is kept of a finished attempt: enough to show an auditor what was replaced by what.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::fleet::{Service, TaskId};
use super::ledger::{Finished, Record};
use crate::clock::Time;

/// The digest of each container's image, by the container's name.
pub type Images = BTreeMap<Arc<str>, Arc<str>>;

/// One finished attempt with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Which one of its service's attempts it is, from 0 on.
    pub number: u64,
    pub finished: Finished,
    pub before: TaskList,
    /// As they were seen last before the outcome.
    pub after: TaskList,
    /// What the newest of the tasks ran, where ECS reported it.
    pub image_digests: Images,
}

/// Some of a service's tasks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskList {
    /// How many there were.
    pub count: u32,
    /// So many of them as are kept, with the times at which they were created.
    pub tasks: Vec<(TaskId, Option<Time>)>,
}

impl Evidence {
    /// What is kept of an attempt. Tasks beyond [`TaskList::TASKS_MAX`] are counted only, and those
    /// from before are not told a second time by the attempt itself.
    pub fn new(
        number: u64,
        mut finished: Finished,
        mut before: TaskList,
        mut after: TaskList,
        image_digests: Images,
    ) -> Self {
        let told = &mut finished.attempt.before;
        (told.tasks, told.created_at) = (Vec::new(), Vec::new());
        before.tasks.truncate(TaskList::TASKS_MAX);
        after.tasks.truncate(TaskList::TASKS_MAX);
        Self { number, finished, before, after, image_digests }
    }

    /// What there is to keep of an attempt that has just ended, as `record` says, of a service as it
    /// was seen last.
    pub fn of(record: &Record, service: Option<&Service>) -> Option<Self> {
        let finished = record.last.clone()?;
        let told = &finished.attempt.before;
        let times = told.created_at.iter().copied().chain(std::iter::repeat(None));
        let before = TaskList::of(told.tasks.iter().copied().zip(times));
        // What was listed before the attempt says nothing of what came of it.
        let intent_at = finished.attempt.intent_at;
        let seen = service.and_then(|service| service.tasks.as_ref());
        let after = seen.filter(|tasks| tasks.listed_at >= intent_at);
        let after = after.map(|tasks| &tasks.tasks[..]).unwrap_or_default();
        let after = TaskList::of(after.iter().map(|task| (task.id, task.created_at)));
        let running = service.and_then(|service| service.running.as_ref());
        let images = running.map(|running| (*running.images).clone()).unwrap_or_default();
        Some(Self::new(record.ended.saturating_sub(1), finished, before, after, images))
    }
}

impl TaskList {
    /// So many tasks are kept of one attempt, before and after: a service may have five thousand.
    pub const TASKS_MAX: usize = 1_000;

    fn of(tasks: impl IntoIterator<Item = (TaskId, Option<Time>)>) -> Self {
        let tasks: Vec<_> = tasks.into_iter().collect();
        Self { count: u32::try_from(tasks.len()).unwrap_or(u32::MAX), tasks }
    }
}
