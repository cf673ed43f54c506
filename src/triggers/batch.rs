//! What the messages of one receive say, and what is remembered of earlier ones.

use std::collections::BTreeSet;

use super::metrics::{EventKind, EventMetrics};
use super::notice;
use super::recent::Recent;
use crate::aws::QueueMessage;
use crate::clock::Time;
use crate::events::{self, EcsEvent, Fragment, Message, RetirementPage};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::notice::NoticePage;

/// So many tasks' newest versions are remembered. A task whose version was forgotten wakes its
/// service once more.
const TASKS_MAX: usize = 10_000;

/// So many messages and communications are remembered as logged.
const LOGGED_MAX: usize = 1_000;

/// What the messages of one receive say.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Notices, each with the receipt of the message that brought it.
    pub(super) notices: Vec<(String, Vec<NoticePage>)>,
    /// Services that something happened to.
    pub(super) woken: BTreeSet<ServiceKey>,
    /// Receipts of messages that have served.
    pub(super) served: Vec<String>,
}

/// Reads messages.
#[derive(Debug)]
pub(super) struct Reader {
    codes: Vec<String>,
    metrics: EventMetrics,
    /// The highest version seen of each task.
    task_versions: Recent<u64>,
    /// Messages that were not understood.
    poison_logged: Recent<()>,
    fragments: FragmentLog,
}

impl Reader {
    /// Reads notices of these event type codes, and events of ECS.
    pub(super) fn new(codes: Vec<String>, metrics: EventMetrics) -> Self {
        Self {
            codes,
            task_versions: Recent::new(TASKS_MAX),
            poison_logged: Recent::new(LOGGED_MAX),
            fragments: FragmentLog::new(metrics.clone()),
            metrics,
        }
    }

    /// Reads what one receive brought at `now`. A message that was not understood is in no part of
    /// the answer: it is left to the queue's redrive policy.
    pub(super) fn read(&mut self, messages: Vec<QueueMessage>, now: Time) -> Batch {
        let mut batch = Batch::default();
        for message in messages {
            match events::read(&message.body, &self.codes) {
                Message::Retirement(page) => {
                    self.fragments.note(&page);
                    batch.notices.push((message.receipt, notice::parts(page, now)));
                }
                Message::Ecs(event) => {
                    batch.woken.extend(self.wake(event));
                    batch.served.push(message.receipt);
                }
                Message::Ignored(why) => {
                    self.metrics.received(EventKind::Ignored);
                    tracing::debug!(message_id = message.id, "a message was ignored: {why}");
                    batch.served.push(message.receipt);
                }
                Message::NotUnderstood(fragment) => self.leave(&message, &fragment),
            }
        }
        batch
    }

    /// The service to look at, unless the event tells of a state of a task that was told of before.
    fn wake(&mut self, event: EcsEvent) -> Option<ServiceKey> {
        if let Some((task, version)) = &event.task_version {
            if self.task_versions.get(task).is_some_and(|known| known >= version) {
                self.metrics.received(EventKind::Duplicate);
                return None;
            }
            self.task_versions.insert(task, *version);
        }
        self.metrics.received(EventKind::Ecs);
        let cluster = ClusterKey::new(&event.region, &event.account, &event.cluster);
        Some(ServiceKey::new(&cluster, &event.service))
    }

    fn leave(&mut self, message: &QueueMessage, fragment: &Fragment) {
        self.metrics.received(EventKind::Poison);
        if self.poison_logged.insert(&message.id, ()) {
            tracing::warn!(
                message_id = message.id,
                received = message.receive_count,
                "a message of the queue was not understood; it is left to the queue's redrive \
                 policy: {fragment}"
            );
        }
    }
}

/// Counts the parts of notices that were not understood, and logs them once.
#[derive(Debug)]
pub(super) struct FragmentLog {
    metrics: EventMetrics,
    /// The communications whose fragments were logged.
    logged: Recent<()>,
}

impl FragmentLog {
    pub(super) fn new(metrics: EventMetrics) -> Self {
        Self { metrics, logged: Recent::new(LOGGED_MAX) }
    }

    /// Notes what was not understood of a page; the same communication counts once.
    pub(super) fn note(&mut self, page: &RetirementPage) {
        let fragments = &page.not_understood;
        let name = format!("{}/{}/{}", page.account, page.communication_id, page.event_arn);
        if fragments.is_empty() || !self.logged.insert(&name, ()) {
            return;
        }
        self.metrics.not_understood(fragments.len());
        for fragment in fragments {
            tracing::warn!(
                event = page.event_arn,
                communication = page.communication_id,
                "a part of a retirement notice was not understood: {fragment}"
            );
        }
    }
}
