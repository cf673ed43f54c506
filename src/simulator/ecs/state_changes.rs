//! The events that Amazon ECS gives to EventBridge when tasks, deployments and services change.
//!
//! Source: Amazon ECS Developer Guide, "Amazon ECS events". Changes of one task at one instant are
//! one event. Nothing is told of what was there from the beginning.

use serde_json::{Value, json};

use super::deployment::deployment_name;
use super::service::Service;
use super::task::Phase;
use super::{Ecs, task_shape};
use crate::simulator::moment::Moment;

/// Members of a task that are instants.
const TIMES: &[&str] = &["createdAt", "startedAt", "stoppingAt", "stoppedAt"];

/// What happened to a service.
#[derive(Debug, Clone)]
pub(crate) enum News {
    /// `SERVICE_DEPLOYMENT_IN_PROGRESS`, with the reason that the deployment has.
    Started { deployment: u64, reason: String },
    /// `SERVICE_DEPLOYMENT_COMPLETED`
    Completed { deployment: u64, reason: String },
    /// `SERVICE_DEPLOYMENT_FAILED`
    Failed { deployment: u64, reason: String },
    /// `SERVICE_STEADY_STATE`
    Steady,
}

/// An event, and when it happened.
pub(crate) type Told = (Moment, Value);

impl Ecs {
    /// Tells all that happens from now on.
    pub(crate) fn tell_changes(&mut self) {
        self.tells = true;
    }

    /// What happened since this was last asked.
    pub(crate) fn take_told(&mut self) -> Vec<Told> {
        std::mem::take(&mut self.told)
    }

    /// When something is due next.
    pub(crate) fn next_due(&self) -> Option<Moment> {
        self.agenda.first().map(|(at, _)| *at)
    }

    /// Turns what happened to a service into events, if anybody wants them.
    pub(super) fn tell(&mut self, index: usize, now: Moment) {
        let service = &mut self.services[index];
        let news = std::mem::take(&mut service.news);
        let touched = std::mem::take(&mut service.touched);
        if !self.tells {
            return;
        }
        let service = &self.services[index];
        let tasks = touched.iter().filter_map(|id| service.tasks.get(id));
        let visible = tasks.filter(|task| task.phase != Phase::Forgotten);
        let mut events: Vec<Value> = visible
            .map(|task| {
                let detail = task_detail(task_shape::describe(self, service, task), now);
                let arn = detail["taskArn"].clone();
                event("ECS Task State Change", &arn, detail)
            })
            .collect();
        let arn = json!(self.service_arn(service));
        events.extend(news.iter().map(|news| match news.deployment() {
            Some(detail) => {
                event("ECS Deployment State Change", &arn, at(detail, "updatedAt", now))
            }
            None => {
                let cluster = self.cluster_arn(&service.spec.cluster);
                let name = "SERVICE_STEADY_STATE";
                let detail =
                    json!({ "eventType": "INFO", "eventName": name, "clusterArn": cluster });
                event("ECS Service Action", &arn, at(detail, "createdAt", now))
            }
        }));
        for mut event in events {
            event["id"] = json!(self.event_ids.uuid());
            event["account"] = json!(self.identity.account);
            event["region"] = json!(self.identity.region);
            event["time"] = json!(now.to_rfc3339());
            self.told.push((now, event));
        }
    }
}

impl Service {
    /// Forgets what happened so far: it was so from the beginning.
    pub(crate) fn hush(&mut self) {
        self.news.clear();
        self.touched.clear();
    }
}

impl News {
    /// The detail of the event, but for its time; `None` when it is about no deployment.
    fn deployment(&self) -> Option<Value> {
        let (kind, name, deployment, reason) = match self {
            News::Started { deployment, reason } => ("INFO", "IN_PROGRESS", deployment, reason),
            News::Completed { deployment, reason } => ("INFO", "COMPLETED", deployment, reason),
            News::Failed { deployment, reason } => ("ERROR", "FAILED", deployment, reason),
            News::Steady => return None,
        };
        Some(json!({
            "eventType": kind,
            "eventName": format!("SERVICE_DEPLOYMENT_{name}"),
            "deploymentId": deployment_name(*deployment),
            "reason": reason,
        }))
    }
}

/// The event without what all of them have.
fn event(kind: &str, resource: &Value, detail: Value) -> Value {
    json!({
        "version": "0",
        "detail-type": kind,
        "source": "aws.ecs",
        "resources": [resource],
        "detail": detail,
    })
}

/// A task as an event has it: instants are texts, and health is not told.
fn task_detail(mut task: Value, now: Moment) -> Value {
    for name in TIMES {
        if let Some(seconds) = task.get(*name).and_then(Value::as_f64) {
            task[*name] = json!(Moment::from_epoch_seconds(seconds).to_rfc3339());
        }
    }
    if let Some(members) = task.as_object_mut() {
        members.remove("healthStatus");
    }
    at(task, "updatedAt", now)
}

fn at(mut detail: Value, name: &str, now: Moment) -> Value {
    detail[name] = json!(now.to_rfc3339());
    detail
}
