//! What AWS is about to retire, over all notices together.

use std::collections::BTreeMap;

use super::fleet::TaskId;
use super::key::ServiceKey;
use super::notice::{AffectedTask, EventStatus, Owner};
use super::{NoticePlan, Plan, RetirementState};
use crate::clock::Time;
use crate::metrics::Label;

/// Each service and each task once, however many notices name it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Retiring<'a> {
    /// Services that a policy selects and of which tasks are still to be replaced.
    pub managed: BTreeMap<&'a ServiceKey, Retiree>,
    /// Services that no policy selects, with the earliest deadline. Like what follows they are left
    /// out some days after it, unless they are seen with their old tasks.
    pub unmanaged: BTreeMap<&'a ServiceKey, Option<Time>>,
    /// Tasks that are no service's, or of which that is not known.
    pub tasks: BTreeMap<TaskId, LooseTask<'a>>,
    /// Services of which AWS did not name the cluster, and that are not known, by name.
    pub unknown_services: BTreeMap<&'a str, Option<Time>>,
}

/// One service under one or more notices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retiree {
    /// The earliest of the deadlines that are known.
    pub deadline: Option<Time>,
    /// Whether it will hardly be refreshed before one of them.
    pub at_risk: bool,
}

/// A task that no service of ours answers for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LooseTask<'a> {
    /// The notice that names it; of several the one whose deadline comes first.
    pub notice: &'a NoticePlan,
    pub task: &'a AffectedTask,
}

/// Whose matter a task is that a notice names by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    /// Nobody's but of who started it: AWS stops it and starts no other.
    Standalone,
    /// It has not been found out yet.
    Unknown,
    /// ECS does not know it any more.
    Gone,
}

impl Label for TaskState {
    const ALL: &'static [Self] = &[Self::Standalone, Self::Unknown, Self::Gone];

    fn label(self) -> &'static str {
        match self {
            Self::Standalone => "standalone",
            Self::Unknown => "unknown",
            Self::Gone => "gone",
        }
    }
}

impl AffectedTask {
    pub fn state(&self) -> TaskState {
        match self.owner {
            Some(Owner::Standalone { .. }) => TaskState::Standalone,
            Some(Owner::Gone) => TaskState::Gone,
            // A service whose cluster is not known is as good as none.
            None | Some(Owner::Service(_)) => TaskState::Unknown,
        }
    }
}

impl Plan {
    /// What AWS is about to retire.
    pub fn retiring(&self) -> Retiring<'_> {
        let mut retiring = Retiring::default();
        for notice in &self.notices {
            retiring.add(notice, self.now);
        }
        retiring
    }
}

impl<'a> Retiring<'a> {
    fn add(&mut self, notice: &'a NoticePlan, now: Time) {
        for affected in notice.services.iter().filter(|one| one.unsatisfied) {
            let deadline = notice.deadline;
            if affected.state == RetirementState::Unmanaged {
                earliest(self.unmanaged.entry(&affected.service).or_insert(deadline), deadline);
            } else if affected.policy.is_some() {
                let retiree = self.managed.entry(&affected.service).or_default();
                earliest(&mut retiree.deadline, deadline);
                retiree.at_risk |= affected.at_risk;
            }
        }
        // Nobody looks at the rest: it was replaced or stopped when AWS had said that it would be.
        if notice.status == EventStatus::Closed || notice.is_done(now) {
            return;
        }
        for name in &notice.unknown_services {
            let known = self.unknown_services.entry(name).or_insert(notice.deadline);
            earliest(known, notice.deadline);
        }
        for (id, task) in &notice.tasks {
            if !task.resolved && task.state() != TaskState::Gone {
                self.add_task(*id, LooseTask { notice, task });
            }
        }
    }

    fn add_task(&mut self, id: TaskId, found: LooseTask<'a>) {
        let known = self.tasks.entry(id).or_insert(found);
        if comes_before(found.notice.deadline, known.notice.deadline) {
            known.notice = found.notice;
        }
        if known.task.state() == TaskState::Unknown {
            known.task = found.task;
        }
    }
}

/// Keeps the earlier deadline; one that is not known comes after all others.
fn earliest(known: &mut Option<Time>, other: Option<Time>) {
    if comes_before(other, *known) {
        *known = other;
    }
}

fn comes_before(one: Option<Time>, other: Option<Time>) -> bool {
    (one.is_none(), one) < (other.is_none(), other)
}
