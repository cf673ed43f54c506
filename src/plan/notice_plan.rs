//! Every notice as a whole: which services and tasks it is about, and how each of them stands.

use std::cmp::Ordering;
use std::sync::Arc;

use chrono::TimeDelta;

use super::due::shift;
use super::fleet::{Fleet, TaskId};
use super::key::{ClusterKey, ServiceKey};
use super::ledger::{Ledger, Record};
use super::notice::{
    AffectedTask, EndedBy, EventKey, EventStatus, Notice, Retirement, of_notice, replaced_by,
};
use super::policy::Policies;
use super::verdict::{LeftToAws, Prospect, Verdict};
use crate::clock::Time;
use crate::metrics::Label;

/// One notice, now.
#[derive(Clone, Debug, PartialEq)]
pub struct NoticePlan {
    pub key: EventKey,
    pub region: Arc<str>,
    pub status: EventStatus,
    /// When AWS begins to replace the tasks.
    pub deadline: Option<Time>,
    /// Tasks created at or before it are to be retired.
    pub cutoff: Time,
    pub received_at: Time,
    /// In the order of the keys.
    pub services: Vec<AffectedService>,
    /// Tasks that are no service's, or of which that is not known yet.
    pub tasks: Vec<(TaskId, AffectedTask)>,
    /// Services of which AWS did not name the cluster, and that are not known.
    pub unknown_services: Vec<Arc<str>>,
    /// What was not understood, with its raw text.
    pub not_understood: Vec<String>,
}

/// One service that a notice names.
#[derive(Clone, Debug, PartialEq)]
pub struct AffectedService {
    pub service: ServiceKey,
    /// The policy that it belongs to; absent where none selects it.
    pub policy: Option<Arc<str>>,
    pub state: RetirementState,
    /// Whether AWS may still have something to replace.
    pub unsatisfied: bool,
    /// Whether it will hardly be refreshed before the deadline.
    pub at_risk: bool,
}

/// How a notice stands for one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RetirementState {
    /// The service was not looked at yet, or not since the notice came: a policy may select it, and
    /// its tasks may be new already.
    Unseen,
    /// Tasks are to be replaced, and will be.
    Waiting,
    /// Our refresh is under way.
    Refreshing,
    /// Every running task is newer than the cutoff.
    Satisfied(EndedBy),
    /// No policy selects the service: AWS replaces its tasks.
    Unmanaged,
    /// The policy leaves it to AWS.
    Ignored,
    /// The deadline has passed, and tasks from before the cutoff still run.
    Missed,
    /// AWS says that nothing is left to do.
    Closed,
    /// There is no such service.
    Gone,
}

impl Label for RetirementState {
    const ALL: &'static [Self] = &[
        Self::Unseen,
        Self::Waiting,
        Self::Refreshing,
        Self::Satisfied(EndedBy::Refresh),
        Self::Satisfied(EndedBy::Deploy),
        Self::Satisfied(EndedBy::Aws),
        Self::Satisfied(EndedBy::ScaledToZero),
        Self::Unmanaged,
        Self::Ignored,
        Self::Missed,
        Self::Closed,
        Self::Gone,
    ];

    fn label(self) -> &'static str {
        match self {
            Self::Unseen => "unseen",
            Self::Waiting => "waiting",
            Self::Refreshing => "refreshing",
            Self::Satisfied(EndedBy::Refresh) => "satisfied_by_refresh",
            Self::Satisfied(EndedBy::Deploy) => "satisfied_by_deploy",
            Self::Satisfied(EndedBy::Aws) => "satisfied_by_aws",
            Self::Satisfied(EndedBy::ScaledToZero) => "satisfied_by_scale_to_zero",
            Self::Unmanaged => "unmanaged",
            Self::Ignored => "ignored",
            Self::Missed => "missed",
            Self::Closed => "closed",
            Self::Gone => "gone",
        }
    }
}

impl RetirementState {
    /// Whether AWS may still have something to replace, as far as this alone tells.
    fn is_unsatisfied(self) -> bool {
        match self {
            Self::Unseen
            | Self::Waiting
            | Self::Refreshing
            | Self::Unmanaged
            | Self::Ignored
            | Self::Missed => true,
            Self::Satisfied(_) | Self::Closed | Self::Gone => false,
        }
    }
}

/// So long after the deadline AWS has replaced, or stopped, what nobody looks at. The notice that the
/// Amazon ECS developer guide shows ("Prepare for AWS Fargate task retirement") ends two days after it
/// begins; that is one more, for tasks that take long to be replaced.
const DONE_WITHIN: TimeDelta = TimeDelta::days(3);

impl NoticePlan {
    /// Whether AWS is done by now, as far as can be told without looking. Of a notice without a
    /// deadline it never is.
    pub(super) fn is_done(&self, now: Time) -> bool {
        is_done(self.deadline, now)
    }
}

fn is_done(deadline: Option<Time>, now: Time) -> bool {
    deadline.is_some_and(|deadline| shift(deadline, DONE_WITHIN) <= now)
}

/// How every notice stands.
pub fn notice_plans(
    policies: &Policies,
    fleet: &Fleet,
    ledger: &Ledger,
    verdicts: &[(ServiceKey, Verdict)],
    now: Time,
) -> Vec<NoticePlan> {
    let view = View { policies, fleet, ledger, verdicts, now };
    ledger.notices.iter().map(|notice| view.plan(notice)).collect()
}

struct View<'a> {
    policies: &'a Policies,
    fleet: &'a Fleet,
    ledger: &'a Ledger,
    verdicts: &'a [(ServiceKey, Verdict)],
    now: Time,
}

impl View<'_> {
    fn plan(&self, notice: &Notice) -> NoticePlan {
        // A notice for a whole fleet is walked side by side with what is known of it, which is many
        // times as quick as looking up its services one after another.
        let (all, records) = (self.verdicts, &self.ledger.records);
        let names = |known: usize| notice.services.len() >= known / WALKED_FROM;
        let walked = names(all.len()).then(|| all.iter().map(|(key, verdict)| (key, verdict)));
        let mut verdict_of = in_order(walked, |key| {
            let found = all.binary_search_by(|(known, _)| known.cmp(key)).ok()?;
            Some(&all[found].1)
        });
        let walked = names(records.len()).then(|| records.iter());
        let mut record_of = in_order(walked, |key| records.get(key));
        let services = notice.services.iter().map(|(key, resolved)| {
            self.affected(notice, (key, *resolved), verdict_of(key), record_of(key))
        });
        NoticePlan {
            key: notice.key.clone(),
            region: notice.region.clone(),
            status: notice.status.clone(),
            deadline: notice.deadline,
            cutoff: notice.cutoff,
            received_at: notice.received_at,
            services: services.collect(),
            tasks: notice.tasks.iter().map(|(id, task)| (*id, task.clone())).collect(),
            unknown_services: notice.short_services.keys().cloned().collect(),
            not_understood: notice.not_understood.iter().cloned().collect(),
        }
    }

    fn affected(
        &self,
        notice: &Notice,
        (key, resolved): (&ServiceKey, bool),
        verdict: Option<&Verdict>,
        record: Option<&Record>,
    ) -> AffectedService {
        let known = record.and_then(|record| of_notice(&record.retirements, notice));
        let state = match known.and_then(|known| known.ended.as_ref()) {
            Some(ended) => RetirementState::Satisfied(ended.by),
            None if resolved || !notice.is_open() => RetirementState::Closed,
            None => self.unsatisfied(notice, key, verdict, record),
        };
        let ahead = verdict.and_then(|verdict| verdict.retirement.as_deref());
        // What is seen is known better.
        let is_over = is_done(notice.deadline, self.now)
            && verdict.is_none()
            && self.fleet.service(key).is_none();
        let unsatisfied = state.is_unsatisfied() && !is_over;
        AffectedService {
            service: key.clone(),
            policy: verdict.map(|verdict| verdict.policy.clone()),
            state,
            unsatisfied,
            at_risk: unsatisfied
                && ahead.is_some_and(|ahead| ahead.event == notice.key && ahead.at_risk),
        }
    }

    /// The state of a service of which it is not remembered that the notice is satisfied.
    fn unsatisfied(
        &self,
        notice: &Notice,
        key: &ServiceKey,
        verdict: Option<&Verdict>,
        record: Option<&Record>,
    ) -> RetirementState {
        let cutoff = cutoff(notice, record);
        let ahead = verdict.and_then(|verdict| verdict.retirement.as_deref());
        let ahead = ahead.filter(|ahead| ahead.event == notice.key);
        let oldest = verdict.and_then(|verdict| verdict.oldest_created_at);
        if ahead.is_some() && oldest.is_some_and(|oldest| oldest <= cutoff) {
            // An old task runs: there is no need to look at all of them.
        } else if let Some(service) = self.fleet.service(key) {
            if let Some(by) = replaced_by(service, record, cutoff) {
                return RetirementState::Satisfied(by);
            }
        } else if self.is_gone(key, notice) {
            return RetirementState::Gone;
        }
        let missed = notice.deadline.is_some_and(|deadline| deadline <= self.now);
        if verdict.is_none() {
            return match self.is_unseen(key) {
                true => RetirementState::Unseen,
                false => RetirementState::Unmanaged,
            };
        }
        let ignored = Prospect::LeftToAws(LeftToAws::Ignored);
        match record.and_then(|record| record.open.as_ref()) {
            Some(_) => RetirementState::Refreshing,
            None if ahead.is_some_and(|ahead| ahead.prospect == ignored) => {
                RetirementState::Ignored
            }
            None if missed => RetirementState::Missed,
            None => RetirementState::Waiting,
        }
    }

    /// Whether a look has yet to tell if a policy selects the service, which has no verdict.
    fn is_unseen(&self, key: &ServiceKey) -> bool {
        match self.fleet.service(key) {
            Some(service) => service.description.is_none(),
            None if self.fleet.clusters().next().is_some() => {
                self.fleet.cluster(key.cluster()).is_some()
            }
            // The clusters themselves were not found yet.
            None => {
                let mut policies = self.policies.policies.iter();
                policies.any(|policy| policy.selector.matches_cluster(key.cluster().name()))
            }
        }
    }

    /// Whether a complete look at its cluster, after the notice came, does not show the service.
    fn is_gone(&self, key: &ServiceKey, notice: &Notice) -> bool {
        let cluster: &ClusterKey = key.cluster();
        let seen = self.fleet.cluster(cluster).and_then(|cluster| cluster.complete_at);
        seen.is_some_and(|seen| shift(seen, GONE_MARGIN) > notice.cutoff)
    }
}

/// A notice that names at least one in so many is walked along with all of them.
const WALKED_FROM: usize = 16;

/// Finds what belongs to keys that come in their order: in `walked`, which is in that order too, or by
/// `get` where there is no use in walking.
fn in_order<'a, V: 'a>(
    walked: Option<impl Iterator<Item = (&'a ServiceKey, &'a V)>>,
    get: impl Fn(&ServiceKey) -> Option<&'a V>,
) -> impl FnMut(&ServiceKey) -> Option<&'a V> {
    let mut walked = walked.map(Iterator::peekable);
    move |key| {
        let Some(walked) = &mut walked else { return get(key) };
        while let Some((known, value)) = walked.peek().copied() {
            match known.cmp(key) {
                Ordering::Less => drop(walked.next()),
                Ordering::Equal => return Some(value),
                Ordering::Greater => return None,
            }
        }
        None
    }
}

/// Clocks differ: a look this much older than a notice, by our clock, may still be newer.
const GONE_MARGIN: TimeDelta = TimeDelta::seconds(10);

fn cutoff(notice: &Notice, record: Option<&Record>) -> Time {
    let known: &[Retirement] = record.map_or(&[], |record| &record.retirements);
    let raised = of_notice(known, notice).and_then(|known| known.raised.as_ref());
    raised.map_or(notice.cutoff, |raised| raised.cutoff.max(notice.cutoff))
}
