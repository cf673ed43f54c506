//! What ListServiceDeployments and DescribeServiceDeployments show of a service deployment.

use serde_json::{Map, Value, json};

use super::deployment::{Counts, Progress, RevisionCounts, ServiceDeployment};
use super::failure::Failure;
use super::service::Service;
use super::service_shape::service_deployment_arn;
use super::staged::{HookRun, Target};
use super::{Ecs, breaker, configuration};
use crate::simulator::moment::Moment;

/// The `serviceDeploymentBrief` shape.
pub(crate) fn brief(
    ecs: &Ecs,
    service: &Service,
    record: &ServiceDeployment,
    now: Moment,
) -> Map<String, Value> {
    let mut shape = Map::new();
    let mut put = |key: &str, value: Value| shape.insert(key.to_owned(), value);
    put("serviceDeploymentArn", json!(service_deployment_arn(ecs, service, record)));
    put("serviceArn", json!(ecs.service_arn(service)));
    put("clusterArn", json!(ecs.cluster_arn(&service.spec.cluster)));
    put("createdAt", record.created_at.to_json());
    let target = ecs.revision_arn(service, record.deployment);
    put("targetServiceRevisionArn", json!(target));
    let is_newest = service.history.last().is_some_and(|newest| newest.id == record.id);
    let status = service.status_override.as_deref().filter(|_| is_newest);
    put("status", json!(status.unwrap_or(record.status(now))));
    if now >= record.started_at() {
        put("startedAt", record.started_at().to_json());
    }
    if let Some(finished_at) = record.finished_at.filter(|at| *at <= now) {
        put("finishedAt", finished_at.to_json());
    }
    if let Some(reason) = &record.reason {
        put("statusReason", json!(reason));
    }
    shape
}

/// The `serviceDeployment` shape.
pub(crate) fn full(ecs: &Ecs, service: &Service, record: &ServiceDeployment, now: Moment) -> Value {
    let mut shape = brief(ecs, service, record, now);
    shape.remove("targetServiceRevisionArn");
    let mut put = |key: &str, value: Value| shape.insert(key.to_owned(), value);
    let counts = record.counts.unwrap_or_else(|| Counts::of(service, record));
    let target = record.deployment;
    put("targetServiceRevision", revision(ecs, service, record, target, counts.target));
    let source = record.source.map(|id| revision(ecs, service, record, id, counts.source));
    put("sourceServiceRevisions", json!(source.into_iter().collect::<Vec<Value>>()));
    put("updatedAt", record.finished_at.filter(|at| *at <= now).unwrap_or(now).to_json());
    put("deploymentConfiguration", configuration::describe(&service.spec));
    put("deploymentCircuitBreaker", circuit_breaker(service, record));
    put("alarms", alarms(service, record));
    if let Some(lifecycle) = &record.lifecycle {
        if record.pending_for.is_zero() || now >= record.started_at() {
            let stage = service.stage_override.as_deref().unwrap_or(lifecycle.stage.name());
            put("lifecycleStage", json!(stage));
        }
        let hooks: Vec<Value> = lifecycle.hooks.iter().map(hook).collect();
        put("lifecycleHookDetails", json!(hooks));
    }
    if record.progress == Progress::Stopped
        && let Some(stopped_at) = record.finished_at.filter(|at| *at <= now)
    {
        put("stoppedAt", stopped_at.to_json());
    }
    if let Some(rollback) = &record.rollback {
        put(
            "rollback",
            json!({
                "reason": rollback.reason,
                "startedAt": rollback.started_at.to_json(),
                "serviceRevisionArn": ecs.revision_arn(service, rollback.restores),
            }),
        );
    }
    Value::Object(shape)
}

/// The `serviceRevisionSummary` shape. Only deployments that shift traffic weigh it.
fn revision(
    ecs: &Ecs,
    service: &Service,
    record: &ServiceDeployment,
    deployment: u64,
    counts: RevisionCounts,
) -> Value {
    let mut shape = json!({
        "arn": ecs.revision_arn(service, deployment),
        "requestedTaskCount": counts.requested,
        "runningTaskCount": counts.running,
        "pendingTaskCount": counts.pending,
    });
    if let Some((production, test)) = record.weights(deployment) {
        shape["requestedProductionTrafficWeight"] = json!(production);
        shape["requestedTestTrafficWeight"] = json!(test);
    }
    shape
}

fn hook(run: &HookRun) -> Value {
    let mut shape = json!({
        "hookId": run.id,
        "targetType": run.target.kind(),
        "status": run.status.name(),
        "expiresAt": run.expires_at.to_json(),
        "timeoutAction": run.timeout_action.name(),
    });
    if let Target::Function { arn, .. } = &run.target {
        shape["targetArn"] = json!(arn);
    }
    shape
}

/// `status` of what watches a deployment.
fn monitor(enabled: bool, triggered: bool, record: &ServiceDeployment) -> &'static str {
    match (enabled, triggered, record.open()) {
        (false, _, _) => "DISABLED",
        (true, true, _) => "TRIGGERED",
        (true, false, true) => "MONITORING",
        (true, false, false) => "MONITORING_COMPLETE",
    }
}

fn circuit_breaker(service: &Service, record: &ServiceDeployment) -> Value {
    let enabled = service.spec.breaker.is_some_and(|breaker| breaker.enable);
    let failures = match record.progress {
        Progress::Running => service.deployments.first().map_or(0, |primary| primary.failed_tasks),
        _ => record.failed_tasks,
    };
    json!({
        "status": monitor(enabled, record.failure == Some(Failure::Breaker), record),
        "failureCount": failures,
        "threshold": breaker::threshold(service.spec.breaker, service.desired),
    })
}

fn alarms(service: &Service, record: &ServiceDeployment) -> Value {
    let watch = &record.alarms;
    let triggered = !watch.triggered.is_empty();
    let mut shape = json!({ "status": monitor(watch.monitoring, triggered, record) });
    if let Some(alarms) = &service.spec.alarms {
        shape["alarmNames"] = json!(alarms.names);
        shape["triggeredAlarmNames"] = json!(watch.triggered);
    }
    shape
}
