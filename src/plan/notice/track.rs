//! What is to be remembered of the notices about a service, by what was seen of it.
//!
//! Only a complete listing of its tasks counts, and nothing is judged while a refresh is under way:
//! whose work it was is known when that has ended.

use super::pending::of_notice;
use super::{About, Ended, EndedBy, EventKey, Notice, Raised, Retirement, TaskSample};
use crate::clock::Time;
use crate::plan::due::shift;
use crate::plan::fleet::{
    Deployment, Description, Service, StoppedTask, TaskId, TaskStatus, Tasks,
};
use crate::plan::ledger::{Call, Record};

/// Retirements that no notice named are taken for one as long as they follow upon each other.
const OBSERVED_TOGETHER: chrono::TimeDelta = chrono::TimeDelta::days(7);

/// The whole of what is to be remembered, when that differs from what is.
pub fn track(
    about: About<'_>,
    service: &Service,
    record: Option<&Record>,
    now: Time,
) -> Option<Vec<Retirement>> {
    let view = View::of(service, record)?;
    let known = record.map_or(&[][..], |record| &record.retirements);
    let mut tracked = Tracked { known, changed: None, about };
    for notice in about.asking() {
        tracked.follow(notice, &view, now);
    }
    for stopped in service.stopped.iter().flat_map(|stopped| &stopped.tasks) {
        if let (true, Some(created_at)) = (stopped.is_retired(), stopped.created_at) {
            tracked.retired(&view, stopped, created_at, now);
        }
    }
    tracked.finish()
}

/// Who replaced the tasks of a service of which nothing is remembered, if they are all newer than
/// `cutoff`.
pub fn replaced_by(service: &Service, record: Option<&Record>, cutoff: Time) -> Option<EndedBy> {
    View::of(service, record)?.ended_by(cutoff)
}

/// A service whose tasks are all known.
struct View<'a> {
    description: &'a Description,
    primary: &'a Deployment,
    tasks: &'a Tasks,
    record: Option<&'a Record>,
}

impl<'a> View<'a> {
    fn of(service: &'a Service, record: Option<&'a Record>) -> Option<Self> {
        let description = service.description.as_ref().filter(|_| service.problem.is_none())?;
        let primary = description.primary()?;
        let tasks = service.tasks.as_ref().filter(|tasks| {
            let current = primary.created_at.is_none_or(|made_at| made_at <= tasks.listed_at);
            tasks.complete && current
        })?;
        let known = |task: &crate::plan::fleet::Task| {
            task.created_at.is_some() || task.status == TaskStatus::Starting
        };
        let all_known = tasks.tasks.iter().all(known);
        all_known.then_some(Self { description, primary, tasks, record })
    }

    /// Who replaced them, if every task is newer than `cutoff`.
    fn ended_by(&self, cutoff: Time) -> Option<EndedBy> {
        if self.record.is_some_and(|record| record.open.is_some()) {
            return None;
        }
        let mut created = self.tasks.tasks.iter().filter_map(|task| task.created_at).peekable();
        if created.peek().is_none() {
            let scaled = self.description.desired_count == 0 && self.tasks.tasks.is_empty();
            return scaled.then_some(EndedBy::ScaledToZero);
        }
        if created.any(|created_at| created_at <= cutoff) {
            return None;
        }
        let deployed = self.primary.created_at.is_some_and(|made_at| made_at > cutoff);
        Some(match deployed {
            true if self.is_ours(cutoff) => EndedBy::Refresh,
            true => EndedBy::Deploy,
            false if self.was_rolling_out(cutoff) => EndedBy::Refresh,
            false => EndedBy::Aws,
        })
    }

    /// Whether our last refresh was under way at the cutoff and launched all tasks that run: it may
    /// take long from a deployment to its first task.
    fn was_rolling_out(&self, cutoff: Time) -> bool {
        let Some(last) = self.record.and_then(|record| record.last.as_ref()) else { return false };
        let Call::Accepted { deployment, .. } = &last.attempt.call else { return false };
        let newest = self.tasks.tasks.iter().filter_map(|task| task.created_at).max();
        *deployment == self.primary.id
            && last.finished_at > cutoff
            && newest.is_some_and(|newest| newest <= last.finished_at)
    }

    /// Whether the PRIMARY is the deployment of our last refresh, or what ECS made of it.
    fn is_ours(&self, cutoff: Time) -> bool {
        let Some(last) = self.record.and_then(|record| record.last.as_ref()) else { return false };
        let made = match &last.attempt.call {
            Call::Accepted { deployment, .. } => *deployment == self.primary.id,
            Call::Unknown => false,
        };
        made || (last.attempt.intent_at > cutoff && last.primary.as_ref() == Some(&self.primary.id))
    }

    fn sample(&self, which: impl Fn(Time) -> bool) -> TaskSample {
        let of_age = |task: &crate::plan::fleet::Task| Some((task.id, task.created_at?));
        TaskSample::of(
            self.tasks.tasks.iter().filter_map(of_age).filter(|(_, created_at)| which(*created_at)),
        )
    }

    fn ended(&self, by: EndedBy) -> Ended {
        Ended { by, at: self.tasks.listed_at, after: self.sample(|_| true) }
    }
}

/// What is remembered, and what it becomes.
struct Tracked<'a> {
    known: &'a [Retirement],
    changed: Option<Vec<Retirement>>,
    about: About<'a>,
}

impl Tracked<'_> {
    fn list(&self) -> &[Retirement] {
        self.changed.as_deref().unwrap_or(self.known)
    }

    fn list_mut(&mut self) -> &mut Vec<Retirement> {
        self.changed.get_or_insert_with(|| self.known.to_vec())
    }

    /// Notes a notice that is new for the service, and that one is satisfied.
    fn follow(&mut self, notice: &Notice, view: &View<'_>, now: Time) {
        let known = of_notice(self.list(), notice);
        let raised = known.and_then(|known| known.raised.as_ref()).map(|raised| raised.cutoff);
        let cutoff = raised.map_or(notice.cutoff, |raised| raised.max(notice.cutoff));
        match known {
            None => {
                let ended = view.ended_by(cutoff).map(|by| view.ended(by));
                self.add(Retirement {
                    event: Some(notice.key.clone()),
                    noticed_at: now,
                    before: view.sample(|created_at| created_at <= cutoff),
                    raised: None,
                    ended,
                });
            }
            Some(known) if known.ended.is_none() => {
                if let Some(by) = view.ended_by(cutoff) {
                    self.change(&notice.key, |known| known.ended = Some(view.ended(by)));
                }
            }
            Some(_) => {}
        }
    }

    /// Notes that AWS stopped a task for maintenance, where no notice explains it.
    fn retired(&mut self, view: &View<'_>, stopped: &StoppedTask, created_at: Time, now: Time) {
        let cutoff = |notice: &Notice, list: &[Retirement]| {
            let known = of_notice(list, notice).and_then(|known| known.raised.as_ref());
            known.map_or(notice.cutoff, |raised| raised.cutoff.max(notice.cutoff))
        };
        if self.about.all().any(|notice| created_at <= cutoff(notice, self.list())) {
            return;
        }
        match self.about.asking().max_by_key(|notice| cutoff(notice, self.list())) {
            Some(notice) => {
                let stopped_at = stopped.stopped_at.unwrap_or(now);
                let raised = Raised { cutoff: created_at, task: stopped.id, stopped_at };
                self.change(&notice.key, |known| {
                    known.raised = Some(raised);
                    known.ended = None;
                });
            }
            None => self.observed(view, (stopped.id, created_at), stopped.stopped_at, now),
        }
    }

    /// Remembers a retirement that nobody announced. It is AWS's work, and done.
    fn observed(
        &mut self,
        view: &View<'_>,
        task: (TaskId, Time),
        stopped_at: Option<Time>,
        now: Time,
    ) {
        let recent = |known: &Retirement| {
            known.event.is_none() && shift(known.noticed_at, OBSERVED_TOGETHER) > now
        };
        let known = self.list().iter().position(recent);
        let has_it = |known: &Retirement| {
            let tasks = &known.before.tasks;
            tasks.contains(&task) || tasks.len() >= TaskSample::TASKS_MAX
        };
        if known.is_some_and(|position| has_it(&self.list()[position])) {
            return;
        }
        let ended = Some(Ended { at: stopped_at.unwrap_or(now), ..view.ended(EndedBy::Aws) });
        match known {
            Some(position) => {
                let known = &mut self.list_mut()[position];
                known.before.add(task);
                known.ended = ended;
            }
            None => self.add(Retirement {
                event: None,
                noticed_at: now,
                before: TaskSample::of([task].into_iter()),
                raised: None,
                ended,
            }),
        }
    }

    /// Adds an entry, where there is room. Without one a notice counts all the same; only what
    /// became of it is not kept.
    fn add(&mut self, entry: Retirement) {
        let about = self.about;
        let needed =
            |one: &Retirement| one.event.as_ref().is_some_and(|event| about.is_asking(event));
        let mut list = self.list().to_vec();
        if Retirement::make_room(&mut list, needed) {
            list.push(entry);
            self.changed = Some(list);
        }
    }

    /// Changes the entry of a notice, if there is one.
    fn change(&mut self, event: &EventKey, change: impl FnOnce(&mut Retirement)) {
        let entries = self.list_mut().iter_mut();
        if let Some(known) = entries.into_iter().find(|one| one.event.as_ref() == Some(event)) {
            change(known);
        }
    }

    fn finish(self) -> Option<Vec<Retirement>> {
        self.changed.filter(|list| list != self.known)
    }
}

impl TaskSample {
    /// A sample of `tasks`.
    pub fn of(tasks: impl Iterator<Item = (TaskId, Time)>) -> Self {
        let mut tasks: Vec<_> = tasks.collect();
        tasks.sort_by_key(|(id, created_at)| (*created_at, *id));
        let count = u32::try_from(tasks.len()).unwrap_or(u32::MAX);
        tasks.truncate(Self::TASKS_MAX);
        Self { count, tasks }
    }

    /// Adds one more to a sample that is not full.
    fn add(&mut self, task: (TaskId, Time)) {
        self.count = self.count.saturating_add(1);
        self.tasks.push(task);
        self.tasks.sort_by_key(|(id, created_at)| (*created_at, *id));
    }
}
