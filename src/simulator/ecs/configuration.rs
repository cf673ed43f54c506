//! `deploymentConfiguration`: its parts, and what DescribeServices shows of them.

use serde_json::{Map, Value, json};

use super::spec::ServiceSpec;
use super::staged::{Hook, Target};

/// `deploymentCircuitBreaker.thresholdConfiguration`: how many failures a deployment may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    /// A percentage of the desired count, but at least 3 and at most 200.
    BoundedPercent(u32),
    /// A percentage of the desired count.
    UnboundedPercent(u32),
    /// A number of tasks.
    Count(u32),
}

/// `deploymentConfiguration.deploymentCircuitBreaker`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breaker {
    /// Whether failing deployments are stopped at all.
    pub enable: bool,
    /// Whether a stopped one is rolled back to the last completed deployment.
    pub rollback: bool,
    /// Whether a healthy task resets the count of failures; older services do not say, and do.
    pub reset_on_healthy_task: Option<bool>,
    /// Older services do not say, and take half of the desired count.
    pub threshold: Option<Threshold>,
}

/// `deploymentConfiguration.alarms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alarms {
    pub(crate) names: Vec<String>,
    pub(crate) enable: bool,
    pub(crate) rollback: bool,
}

/// When ECS removes old tasks, relative to the success of the deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cleanup {
    /// Before it.
    Blocking,
    /// After it, in the background.
    Deferred,
}

/// `deploymentConfiguration.earlySuccessCriteria`, enabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EarlySuccess {
    pub(crate) healthy_percent: u32,
    pub(crate) cleanup: Cleanup,
}

/// `linearConfiguration` and `canaryConfiguration`: a step of the production traffic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Linear {
    pub(crate) percent: f64,
    pub(crate) bake_minutes: u32,
}

impl Default for Linear {
    fn default() -> Self {
        Linear { percent: 10.0, bake_minutes: 6 }
    }
}

/// The first step of a CANARY deployment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Canary {
    pub(crate) percent: f64,
    pub(crate) bake_minutes: u32,
}

impl Default for Canary {
    fn default() -> Self {
        Canary { percent: 5.0, bake_minutes: 10 }
    }
}

impl Breaker {
    pub(crate) fn new(enable: bool, rollback: bool) -> Self {
        Breaker { enable, rollback, reset_on_healthy_task: None, threshold: None }
    }
}

impl Threshold {
    /// `type` and `value`.
    fn parts(self) -> (&'static str, u32) {
        match self {
            Threshold::BoundedPercent(value) => ("BOUNDED_PERCENT", value),
            Threshold::UnboundedPercent(value) => ("UNBOUNDED_PERCENT", value),
            Threshold::Count(value) => ("COUNT", value),
        }
    }
}

/// The `deploymentConfiguration` of a service. What was never set is absent, as services of
/// before those settings lack them.
pub(crate) fn describe(spec: &ServiceSpec) -> Value {
    let mut shape = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            shape.insert(key.to_owned(), value);
        }
    };
    put("maximumPercent", Some(json!(spec.maximum_percent)));
    put("minimumHealthyPercent", Some(json!(spec.minimum_healthy_percent)));
    put("deploymentCircuitBreaker", spec.breaker.map(breaker));
    put("strategy", spec.strategy.as_ref().map(|strategy| json!(strategy)));
    put("bakeTimeInMinutes", spec.bake_minutes.map(|minutes| json!(minutes)));
    let linear = spec.linear.map(|linear| {
        json!({ "stepPercent": linear.percent, "stepBakeTimeInMinutes": linear.bake_minutes })
    });
    put("linearConfiguration", linear);
    let canary = spec.canary.map(|canary| {
        json!({ "canaryPercent": canary.percent, "canaryBakeTimeInMinutes": canary.bake_minutes })
    });
    put("canaryConfiguration", canary);
    let alarms = spec.alarms.as_ref().map(|alarms| {
        json!({ "alarmNames": alarms.names, "enable": alarms.enable, "rollback": alarms.rollback })
    });
    put("alarms", alarms);
    put("earlySuccessCriteria", spec.early_success.map(early_success));
    let hooks: Vec<Value> = spec.hooks.iter().map(hook).collect();
    put("lifecycleHooks", (!hooks.is_empty()).then(|| json!(hooks)));
    Value::Object(shape)
}

fn breaker(breaker: Breaker) -> Value {
    let mut shape = json!({ "enable": breaker.enable, "rollback": breaker.rollback });
    if let Some(reset) = breaker.reset_on_healthy_task {
        shape["resetOnHealthyTask"] = json!(reset);
    }
    if let Some((kind, value)) = breaker.threshold.map(Threshold::parts) {
        shape["thresholdConfiguration"] = json!({ "type": kind, "value": value });
    }
    shape
}

fn early_success(criteria: EarlySuccess) -> Value {
    let cleanup = match criteria.cleanup {
        Cleanup::Blocking => "BLOCKING",
        Cleanup::Deferred => "DEFERRED",
    };
    json!({
        "enable": true,
        "healthyPercent": criteria.healthy_percent,
        "sourceServiceRevisionCleanup": cleanup,
    })
}

fn hook(hook: &Hook) -> Value {
    let stages: Vec<&str> = hook.stages.iter().map(|stage| stage.name()).collect();
    let mut shape = json!({ "targetType": hook.target.kind(), "lifecycleStages": stages });
    if let Target::Function { arn, role, .. } = &hook.target {
        shape["hookTargetArn"] = json!(arn);
        shape["roleArn"] = json!(role);
    }
    if let (Some(minutes), Some(action)) = (hook.timeout_minutes, hook.timeout_action) {
        shape["timeoutConfiguration"] =
            json!({ "timeoutInMinutes": minutes, "action": action.name() });
    }
    shape
}
