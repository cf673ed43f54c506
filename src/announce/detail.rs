//! The `detail` of an event: one flat object for all kinds, in which what is not known is absent.
//!
//! Its size is bounded: AWS's texts and people's go in shortened, so that ten events always fit
//! into one call.

use std::sync::Arc;

use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value;

use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::diagnosis::Finding;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Attempt, Call, Cause, Finished};
use crate::plan::notice::Notice;
use crate::plan::verdict::Verdict;
use crate::plan::words::{Span, count, one_line};

/// Grows when a member changes its meaning or goes away; not when one is added.
const SCHEMA_VERSION: u32 = 1;

/// The longest `message`: about what a chat shows without folding it.
const MESSAGE_MAX_CHARS: usize = 700;

/// The longest `diagnosis`.
const DIAGNOSIS_MAX_CHARS: usize = 2_000;

/// The longest name that is taken over from a configuration.
const NAME_MAX_CHARS: usize = 255;

/// A service that is held, and how many are with it.
#[derive(Clone, Copy, Debug)]
pub struct Held<'a> {
    pub service: &'a ServiceKey,
    pub verdict: &'a Verdict,
    /// The services of its policy that are held for the same reason now, itself among them.
    pub services: u32,
}

/// A service that a notice names.
#[derive(Clone, Copy, Debug)]
pub struct Noticed<'a> {
    pub service: &'a ServiceKey,
    pub notice: &'a Notice,
    /// The policy that the service belongs to, where it is known to belong to one.
    pub policy: Option<&'a Arc<str>>,
    /// No policy selects the service: nobody will refresh it.
    pub unmanaged: bool,
}

/// The members. Texts are in their final form.
#[derive(Debug, Serialize)]
pub(super) struct Detail {
    schema_version: u32,
    pub(super) service_arn: String,
    region: String,
    account: String,
    cluster: String,
    service: String,
    policy: Option<String>,
    cause: Option<&'static str>,
    attempt_id: Option<String>,
    outcome: Option<&'static str>,
    /// What ECS answered when it was told to roll the refresh back, as `on_failure` says.
    rollback: Option<&'static str>,
    reason: Option<&'static str>,
    message: String,
    diagnosis: Option<String>,
    /// What a failure seems to come from, in one word, and what to do about it.
    finding: Option<&'static str>,
    finding_message: Option<String>,
    finding_hint: Option<&'static str>,
    at: String,
    intent_at: Option<String>,
    finished_at: Option<String>,
    /// The PRIMARY deployment before the refresh.
    deployment_id_before: Option<String>,
    /// The PRIMARY deployment after what is told of: when started the refresh's own, when finished
    /// the one that was seen last.
    deployment_id_after: Option<String>,
    /// The tasks that the refresh is to replace.
    old_task_count: Option<u32>,
    /// The tasks that run and are as young as the refresh's deployment.
    new_task_count: Option<u32>,
    held_service_count: Option<u32>,
    event_arn: Option<String>,
    deadline: Option<String>,
    cutoff: Option<String>,
}

impl Detail {
    pub(super) fn started(attempt: &Attempt, arn: Option<&str>, at: Time) -> Self {
        let (service, tasks) = (&attempt.service, old_task_count(attempt));
        let deployment = match &attempt.call {
            Call::Accepted { deployment, .. } => Some(deployment.to_string()),
            Call::Unknown => None,
        };
        let why = match attempt.cause {
            Cause::Age => "because of the age of its tasks",
            Cause::Retirement => "because AWS retires its tasks",
            Cause::Manual => "because it was asked for",
        };
        let message =
            format!("started refreshing {service} {why}: {} to replace", count(tasks, "task"));
        Self { deployment_id_after: deployment, ..Self::of_attempt(attempt, arn, at, &message) }
    }

    pub(super) fn finished(
        finished: &Finished,
        arn: Option<&str>,
        new_tasks: Option<u32>,
        at: Time,
    ) -> Self {
        let Finished { attempt, outcome, diagnosis, finding, .. } = finished;
        let message = format!(
            "refresh of {} {} after {}: {diagnosis}",
            attempt.service,
            outcome.label(),
            Span(finished.duration())
        );
        Self {
            outcome: Some(outcome.label()),
            diagnosis: Some(one_line(diagnosis, DIAGNOSIS_MAX_CHARS)),
            finding: finding.as_ref().map(Finding::label),
            finding_message: finding
                .as_ref()
                .map(|finding| one_line(&finding.to_string(), DIAGNOSIS_MAX_CHARS)),
            finding_hint: finding.as_ref().map(Finding::hint),
            rollback: attempt.rescue.as_ref().map(|rescue| rescue.answer.label()),
            finished_at: Some(seconds(finished.finished_at)),
            deployment_id_after: finished.primary.as_ref().map(ToString::to_string),
            new_task_count: new_tasks,
            ..Self::of_attempt(attempt, arn, at, &message)
        }
    }

    pub(super) fn held(held: &Held<'_>, arn: Option<&str>, at: Time) -> Self {
        let Held { service, verdict, services } = held;
        let mut message = format!("{service} is held: {}", verdict.reason);
        if *services > 1 {
            message.push_str(&format!(
                "; {services} services of policy {} are held for this reason",
                one_line(&verdict.policy, NAME_MAX_CHARS)
            ));
        }
        Self {
            policy: Some(one_line(&verdict.policy, NAME_MAX_CHARS)),
            cause: verdict.due.map(|due| due.cause.label()),
            reason: Some(verdict.reason.label()),
            held_service_count: Some(*services),
            ..Self::of(service, arn, at, &message)
        }
    }

    pub(super) fn noticed(noticed: &Noticed<'_>, arn: Option<&str>, at: Time) -> Self {
        let Noticed { service, notice, policy, unmanaged } = noticed;
        let mut message = format!("AWS retires tasks of {service}");
        match notice.deadline {
            Some(deadline) => {
                let day = deadline.format("%a %Y-%m-%d %H:%M UTC");
                message.push_str(&format!(" and begins to replace them on {day}"));
            }
            None => message.push_str("; when it begins to replace them was not said"),
        }
        match policy {
            Some(policy) => {
                let policy = one_line(policy, NAME_MAX_CHARS);
                message.push_str(&format!("; the service belongs to policy {policy}"));
            }
            None if *unmanaged => message
                .push_str("; no policy selects the service, so ecs-refresh will not refresh it"),
            None => {}
        }
        Self {
            policy: policy.map(|policy| one_line(policy, NAME_MAX_CHARS)),
            reason: unmanaged.then_some("unmanaged"),
            event_arn: Some(one_line(&notice.key.arn, DIAGNOSIS_MAX_CHARS)),
            deadline: notice.deadline.map(seconds),
            cutoff: Some(seconds(notice.cutoff)),
            ..Self::of(service, arn, at, &message)
        }
    }

    /// The object as text.
    pub(super) fn to_json(&self) -> String {
        let mut detail = serde_json::to_value(self).expect("texts and numbers are always JSON");
        if let Value::Object(members) = &mut detail {
            members.retain(|_, value| !value.is_null());
        }
        detail.to_string()
    }

    fn of_attempt(attempt: &Attempt, arn: Option<&str>, at: Time, message: &str) -> Self {
        Self {
            policy: Some(one_line(&attempt.policy, NAME_MAX_CHARS)),
            cause: Some(attempt.cause.label()),
            attempt_id: Some(attempt.id.to_string()),
            intent_at: Some(seconds(attempt.intent_at)),
            deployment_id_before: Some(attempt.before.primary.to_string()),
            old_task_count: Some(old_task_count(attempt)),
            ..Self::of(&attempt.service, arn, at, message)
        }
    }

    fn of(service: &ServiceKey, arn: Option<&str>, at: Time, message: &str) -> Self {
        let cluster = service.cluster();
        Self {
            schema_version: SCHEMA_VERSION,
            service_arn: arn.map_or_else(|| likely_arn(service), str::to_owned),
            region: cluster.region().to_owned(),
            account: cluster.account().to_owned(),
            cluster: cluster.name().to_owned(),
            service: service.name().to_owned(),
            policy: None,
            cause: None,
            attempt_id: None,
            outcome: None,
            rollback: None,
            reason: None,
            message: one_line(message, MESSAGE_MAX_CHARS),
            diagnosis: None,
            finding: None,
            finding_message: None,
            finding_hint: None,
            at: seconds(at),
            intent_at: None,
            finished_at: None,
            deployment_id_before: None,
            deployment_id_after: None,
            old_task_count: None,
            new_task_count: None,
            held_service_count: None,
            event_arn: None,
            deadline: None,
            cutoff: None,
        }
    }
}

fn old_task_count(attempt: &Attempt) -> u32 {
    // Attempts of earlier versions have the tasks alone.
    let listed = u32::try_from(attempt.before.tasks.len()).unwrap_or(u32::MAX);
    attempt.before.task_count.max(listed)
}

/// RFC 3339 in whole seconds.
fn seconds(at: Time) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The ARN of a service that was not seen: the long form, in the partition that its Region belongs
/// to (AWS General Reference, Amazon Resource Names).
fn likely_arn(service: &ServiceKey) -> String {
    let (cluster, region) = (service.cluster(), service.cluster().region());
    let partitions = [
        ("cn-", "aws-cn"),
        ("us-gov-", "aws-us-gov"),
        ("us-iso-", "aws-iso"),
        ("us-isob-", "aws-iso-b"),
        ("us-isof-", "aws-iso-f"),
        ("eu-isoe-", "aws-iso-e"),
        ("eusc-", "aws-eusc"),
    ];
    let of_region = partitions.iter().find(|(prefix, _)| region.starts_with(prefix));
    let partition = of_region.map_or("aws", |(_, partition)| *partition);
    let (account, cluster, name) = (cluster.account(), cluster.name(), service.name());
    format!("arn:{partition}:ecs:{region}:{account}:service/{cluster}/{name}")
}
