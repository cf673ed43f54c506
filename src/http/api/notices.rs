//! Retirement notices in the form in which they go out.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::filter::Filter;
use super::stamp::{Stamp, ending};
use crate::metrics::Label;
use crate::plan::fleet::TaskId;
use crate::plan::notice::{AffectedTask, EventStatus, Owner};
use crate::plan::verdict::{Prospect, RetirementAhead};
use crate::plan::{AffectedService, NoticePlan, Plan};

/// What a verdict says of the retirement that is ahead.
#[derive(Debug, Serialize)]
pub struct RetirementView<'a> {
    event_arn: &'a str,
    cutoff: Stamp,
    deadline: Option<Stamp>,
    missed: bool,
    reopened: bool,
    at_risk: bool,
    prospect: &'static str,
    windows_left: Option<u32>,
    from: Option<Stamp>,
}

impl<'a> RetirementView<'a> {
    pub fn new(ahead: &'a RetirementAhead) -> Self {
        let (prospect, windows_left, from) = match ahead.prospect {
            Prospect::Windows { left, .. } => ("windows", Some(left), None),
            Prospect::Outside { from } => ("outside", None, ending(from)),
            Prospect::AtOnce => ("at_once", None, None),
            Prospect::Undated => ("undated", None, None),
            Prospect::LeftToAws(_) => ("left_to_aws", None, None),
        };
        Self {
            event_arn: &ahead.event.arn,
            cutoff: Stamp(ahead.cutoff),
            deadline: ahead.deadline.and_then(ending),
            missed: ahead.missed,
            reopened: ahead.reopened,
            at_risk: ahead.at_risk,
            prospect,
            windows_left,
            from,
        }
    }
}

/// Every notice; the filter narrows what each of them names.
pub struct Notices<'a> {
    pub plan: &'a Plan,
    pub filter: &'a Filter<'a>,
}

impl Serialize for Notices<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.plan.notices.iter().map(|notice| {
            let asked_for = |one: &&AffectedService| {
                let verdict = self.plan.verdict(&one.service);
                self.filter.matches(&one.service, verdict)
            };
            let services = notice.services.iter().filter(asked_for).map(AffectedView::new);
            let mut view = NoticeView::new(notice, services.collect());
            view.tasks.retain(|task| self.filter.matches_task(task.cluster));
            view
        }))
    }
}

/// One notice, with its services in any form.
#[derive(Debug, Serialize)]
pub struct NoticeView<'a, S> {
    event_arn: &'a str,
    account: &'a str,
    region: &'a str,
    status: &'a str,
    deadline: Option<Stamp>,
    cutoff: Stamp,
    received_at: Stamp,
    services: Vec<S>,
    tasks: Vec<TaskView<'a>>,
    #[serde(serialize_with = "texts")]
    unknown_services: &'a [Arc<str>],
    not_understood: &'a [String],
}

impl<'a, S> NoticeView<'a, S> {
    pub fn new(notice: &'a NoticePlan, services: Vec<S>) -> Self {
        Self {
            event_arn: &notice.key.arn,
            account: &notice.key.account,
            region: &notice.region,
            status: status(&notice.status),
            deadline: notice.deadline.map(Stamp),
            cutoff: Stamp(notice.cutoff),
            received_at: Stamp(notice.received_at),
            services,
            tasks: notice.tasks.iter().map(|(id, task)| TaskView::new(*id, task)).collect(),
            unknown_services: &notice.unknown_services,
            not_understood: &notice.not_understood,
        }
    }
}

/// What AWS says; a status that this version does not know, in AWS's word for it.
pub fn status(status: &EventStatus) -> &str {
    match status {
        EventStatus::Upcoming => "upcoming",
        EventStatus::Open => "open",
        EventStatus::Closed => "closed",
        EventStatus::Other(text) => text,
    }
}

/// How a notice stands for one service.
#[derive(Debug, Serialize)]
pub struct AffectedView<'a> {
    region: &'a str,
    account: &'a str,
    cluster: &'a str,
    service: &'a str,
    policy: Option<&'a str>,
    state: &'static str,
    at_risk: bool,
}

impl<'a> AffectedView<'a> {
    pub fn new(affected: &'a AffectedService) -> Self {
        let cluster = affected.service.cluster();
        Self {
            region: cluster.region(),
            account: cluster.account(),
            cluster: cluster.name(),
            service: affected.service.name(),
            policy: affected.policy.as_deref(),
            state: affected.state.label(),
            at_risk: affected.at_risk,
        }
    }
}

/// A task that a notice names by itself.
#[derive(Debug, Serialize)]
struct TaskView<'a> {
    cluster: Option<&'a str>,
    task: TaskId,
    state: &'static str,
    resolved: bool,
    started_by: Option<&'a str>,
    group: Option<&'a str>,
}

impl<'a> TaskView<'a> {
    fn new(id: TaskId, task: &'a AffectedTask) -> Self {
        let (started_by, group) = match &task.owner {
            Some(Owner::Standalone { started_by, group }) => (started_by, group),
            _ => (&None, &None),
        };
        Self {
            cluster: task.cluster.as_deref(),
            task: id,
            state: task.state().label(),
            resolved: task.resolved,
            started_by: started_by.as_deref(),
            group: group.as_deref(),
        }
    }
}

fn texts<S: Serializer>(texts: &&[Arc<str>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(texts.iter().map(|text| &**text))
}
