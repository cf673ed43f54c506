//! What became of a notice for one service.

use serde::{Deserialize, Serialize};

use super::EventKey;
use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::fleet::TaskId;

/// One notice, and what became of it for one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retirement {
    /// The Health event; absent when AWS was seen to replace tasks that no notice had named.
    pub event: Option<EventKey>,
    /// When it was first seen together with the service's tasks.
    pub noticed_at: Time,
    /// The tasks that it was about then: those created at or before the cutoff.
    pub before: TaskSample,
    /// AWS stopped a task created after the cutoff: the notice is open again.
    pub raised: Option<Raised>,
    /// It is satisfied, and stays so.
    pub ended: Option<Ended>,
}

impl Retirement {
    /// So many are kept of one service: with two attempts of the largest service that ECS allows
    /// beside them, its record stays below the largest item of any store.
    pub const KEPT_MAX: usize = 6;

    /// Makes room for one more in a service's list: the oldest goes that is not `needed` any more.
    /// Whether there is room. What is needed never goes: it would be written anew, for ever.
    pub fn make_room(list: &mut Vec<Self>, needed: impl Fn(&Self) -> bool) -> bool {
        while list.len() >= Self::KEPT_MAX
            && let Some(oldest) = list.iter().position(|one| !needed(one))
        {
            list.remove(oldest);
        }
        list.len() < Self::KEPT_MAX
    }

    /// When something last happened to it.
    pub fn last_at(&self) -> Time {
        let ended_at = self.ended.as_ref().map(|ended| ended.at);
        let raised_at = self.raised.as_ref().map(|raised| raised.stopped_at);
        ended_at.max(raised_at).map_or(self.noticed_at, |at| at.max(self.noticed_at))
    }
}

/// A later cutoff than the notice's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raised {
    /// When the task was created that AWS stopped for maintenance.
    pub cutoff: Time,
    pub task: TaskId,
    /// When AWS stopped it.
    pub stopped_at: Time,
}

/// That a notice is satisfied, and what shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub by: EndedBy,
    /// When the listing was begun that shows it.
    pub at: Time,
    /// The tasks that run since; none when the desired count is 0.
    pub after: TaskSample,
}

/// Who replaced the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// A refresh of ours that was proven.
    Refresh,
    /// A deployment that somebody else made.
    Deploy,
    /// AWS, one after another under the same deployment.
    Aws,
    /// Nobody: no task is wanted any more.
    ScaledToZero,
}

impl Label for EndedBy {
    const ALL: &'static [Self] = &[Self::Refresh, Self::Deploy, Self::Aws, Self::ScaledToZero];

    fn label(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Deploy => "deploy",
            Self::Aws => "aws",
            Self::ScaledToZero => "scaled_to_zero",
        }
    }
}

/// Some of a service's tasks: how many, and the oldest of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskSample {
    pub count: u32,
    /// Ids and creation times, the oldest first, at most [`TaskSample::TASKS_MAX`].
    pub tasks: Vec<(TaskId, Time)>,
}

impl TaskSample {
    /// So many tasks are named as evidence.
    pub const TASKS_MAX: usize = 20;
}
