//! The refreshes that have ended, for programs. Stable: fields are added, never renamed or removed.
//!
//! Times are RFC 3339 in UTC to the second, durations whole seconds, and what is unknown or does not
//! apply is null. `deployment.own` is the refresh's own deployment, `deployment.after` the PRIMARY one
//! when it ended. Of `tasks` not all are named where there are very many: `count` says how many there
//! were. `after` are the tasks that were seen last before the outcome.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::Told;
use crate::http::{FindingView, Stamp};
use crate::metrics::Label;
use crate::plan::evidence::{Evidence, TaskList};
use crate::plan::fleet::TaskId;
use crate::plan::ledger::{Attempt, Call};
use crate::plan::rescue::{Rescue, RescueAnswer};
use crate::reconciler::status::VERSION;

/// Raised when a field is renamed or removed, or changes its meaning.
const SCHEMA_VERSION: u32 = 1;

/// Writes the document.
///
/// # Errors
/// When `out` cannot be written to.
pub fn write(told: &Told, out: &mut dyn Write) -> io::Result<()> {
    let document = Document {
        schema_version: SCHEMA_VERSION,
        version: VERSION,
        now: Stamp(told.now),
        since: told.since.map(Stamp),
        attempts: told.attempts.iter().map(AttemptView::new).collect(),
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    version: &'static str,
    now: Stamp,
    since: Option<Stamp>,
    attempts: Vec<AttemptView<'a>>,
}

#[derive(Serialize)]
struct AttemptView<'a> {
    attempt: &'a str,
    region: &'a str,
    account: &'a str,
    cluster: &'a str,
    service: &'a str,
    policy: &'a str,
    cause: &'static str,
    outcome: &'static str,
    intent_at: Stamp,
    deadline: Stamp,
    finished_at: Stamp,
    took_seconds: u64,
    task_definition: &'a str,
    desired_count: u32,
    deployment: DeploymentView<'a>,
    code_deploy: Option<GroupView<'a>>,
    tasks: TasksView,
    image_digests: BTreeMap<&'a str, &'a str>,
    diagnosis: &'a str,
    finding: Option<FindingView<'a>>,
    rollback: Option<RollbackView<'a>>,
}

impl<'a> AttemptView<'a> {
    fn new(one: &'a Evidence) -> Self {
        let (finished, attempt) = (&one.finished, &one.finished.attempt);
        let (service, cluster) = (&attempt.service, attempt.service.cluster());
        let digests = one.image_digests.iter();
        Self {
            attempt: &attempt.id.0,
            region: cluster.region(),
            account: cluster.account(),
            cluster: cluster.name(),
            service: service.name(),
            policy: &attempt.policy,
            cause: attempt.cause.label(),
            outcome: finished.outcome.label(),
            intent_at: Stamp(attempt.intent_at),
            deadline: Stamp(attempt.deadline),
            finished_at: Stamp(finished.finished_at),
            took_seconds: finished.duration().as_secs(),
            task_definition: &attempt.before.task_definition,
            desired_count: attempt.before.desired_count,
            deployment: DeploymentView {
                before: attempt.before.primary.as_str(),
                own: own(attempt),
                after: finished.primary.as_ref().map(|primary| primary.as_str()),
            },
            code_deploy: attempt
                .code_deploy
                .as_ref()
                .map(|target| GroupView { application: &target.application, group: &target.group }),
            tasks: TasksView {
                before: ListView::new(&one.before),
                after: ListView::new(&one.after),
            },
            image_digests: digests.map(|(name, digest)| (&**name, &**digest)).collect(),
            diagnosis: &finished.diagnosis,
            finding: finished.finding.as_ref().map(FindingView::new),
            rollback: attempt.rescue.as_ref().map(RollbackView::new),
        }
    }
}

/// The deployment that the refresh made, where that is known.
fn own(attempt: &Attempt) -> Option<&str> {
    match &attempt.call {
        Call::Accepted { deployment, .. } => Some(deployment.as_str()),
        Call::Unknown => None,
    }
}

#[derive(Serialize)]
struct DeploymentView<'a> {
    before: &'a str,
    own: Option<&'a str>,
    after: Option<&'a str>,
}

/// Where CodeDeploy made the deployment.
#[derive(Serialize)]
struct GroupView<'a> {
    application: &'a str,
    group: &'a str,
}

#[derive(Serialize)]
struct TasksView {
    before: ListView,
    after: ListView,
}

#[derive(Serialize)]
struct ListView {
    count: u32,
    tasks: Vec<TaskView>,
}

#[derive(Serialize)]
struct TaskView {
    task: TaskId,
    created_at: Option<Stamp>,
}

impl ListView {
    fn new(list: &TaskList) -> Self {
        let task = |(task, created_at): &(TaskId, Option<_>)| TaskView {
            task: *task,
            created_at: created_at.map(Stamp),
        };
        Self { count: list.count, tasks: list.tasks.iter().map(task).collect() }
    }
}

/// That ECS was told to roll the refresh back.
#[derive(Serialize)]
struct RollbackView<'a> {
    asked_at: Stamp,
    service_deployment: &'a str,
    why: &'a str,
    answer: &'static str,
    problem: Option<String>,
}

impl<'a> RollbackView<'a> {
    fn new(rescue: &'a Rescue) -> Self {
        let problem = match &rescue.answer {
            RescueAnswer::Refused { problem } => Some(problem.to_string()),
            RescueAnswer::Unknown | RescueAnswer::Accepted => None,
        };
        Self {
            asked_at: Stamp(rescue.asked_at),
            service_deployment: &rescue.service_deployment,
            why: &rescue.why,
            answer: rescue.answer.label(),
            problem,
        }
    }
}
