//! The `deploymentConfiguration` that CreateService and UpdateService are given.

use serde::Deserialize;

use super::configuration::{Alarms, Breaker, Canary, Cleanup, EarlySuccess, Linear, Threshold};
use super::spec::ServiceSpec;
use super::staged::{Hook, HookAction, Stage, Target};
use crate::simulator::error::ApiError;

const BAKE_MINUTES_MAX: u32 = 1440;
/// A PAUSE hook waits at most 14 days.
const TIMEOUT_MINUTES_MAX: u32 = 20_160;
/// `action` and `timeoutInMinutes` of a hook that says only one of them.
const TIMEOUT_MINUTES: u32 = 1440;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeploymentConfiguration {
    maximum_percent: Option<u32>,
    minimum_healthy_percent: Option<u32>,
    deployment_circuit_breaker: Option<CircuitBreaker>,
    strategy: Option<String>,
    bake_time_in_minutes: Option<u32>,
    linear_configuration: Option<LinearConfiguration>,
    canary_configuration: Option<CanaryConfiguration>,
    alarms: Option<DeploymentAlarms>,
    early_success_criteria: Option<EarlySuccessCriteria>,
    lifecycle_hooks: Option<Vec<LifecycleHook>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CircuitBreaker {
    enable: bool,
    rollback: bool,
    reset_on_healthy_task: Option<bool>,
    threshold_configuration: Option<ThresholdConfiguration>,
}

#[derive(Debug, Deserialize)]
struct ThresholdConfiguration {
    #[serde(rename = "type")]
    kind: String,
    value: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LinearConfiguration {
    step_percent: Option<f64>,
    step_bake_time_in_minutes: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CanaryConfiguration {
    canary_percent: Option<f64>,
    canary_bake_time_in_minutes: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeploymentAlarms {
    alarm_names: Vec<String>,
    enable: bool,
    rollback: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EarlySuccessCriteria {
    enable: bool,
    healthy_percent: Option<u32>,
    source_service_revision_cleanup: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LifecycleHook {
    target_type: Option<String>,
    hook_target_arn: Option<String>,
    role_arn: Option<String>,
    lifecycle_stages: Vec<String>,
    timeout_configuration: Option<TimeoutConfiguration>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeoutConfiguration {
    timeout_in_minutes: Option<u32>,
    action: Option<String>,
}

impl DeploymentConfiguration {
    /// Sets what the request says; the rest stays. After an error the description is of no use.
    pub(crate) fn apply(&self, spec: &mut ServiceSpec) -> Result<(), ApiError> {
        spec.maximum_percent = self.maximum_percent.unwrap_or(spec.maximum_percent);
        spec.minimum_healthy_percent =
            self.minimum_healthy_percent.unwrap_or(spec.minimum_healthy_percent);
        if let Some(breaker) = &self.deployment_circuit_breaker {
            spec.breaker = Some(breaker.read()?);
        }
        if let Some(strategy) = &self.strategy {
            spec.strategy = Some(strategy.clone());
        }
        if let Some(minutes) = self.bake_time_in_minutes {
            spec.bake_minutes = Some(bake_minutes(minutes)?);
        }
        if let Some(linear) = &self.linear_configuration {
            spec.linear = Some(linear.read()?);
        }
        if let Some(canary) = &self.canary_configuration {
            spec.canary = Some(canary.read()?);
        }
        if let Some(alarms) = &self.alarms {
            let (names, enable, rollback) =
                (alarms.alarm_names.clone(), alarms.enable, alarms.rollback);
            spec.alarms = Some(Alarms { names, enable, rollback });
        }
        if let Some(criteria) = &self.early_success_criteria {
            spec.early_success = criteria.read(spec)?;
        }
        if let Some(hooks) = &self.lifecycle_hooks {
            spec.hooks = hooks.iter().map(LifecycleHook::read).collect::<Result<_, _>>()?;
        }
        Ok(())
    }
}

impl CircuitBreaker {
    fn read(&self) -> Result<Breaker, ApiError> {
        let threshold = match &self.threshold_configuration {
            None => None,
            Some(ThresholdConfiguration { kind, value }) => Some(match kind.as_str() {
                "BOUNDED_PERCENT" => Threshold::BoundedPercent(*value),
                "UNBOUNDED_PERCENT" => Threshold::UnboundedPercent(*value),
                "COUNT" => Threshold::Count(*value),
                _ => return Err(invalid("thresholdConfiguration.type")),
            }),
        };
        let reset_on_healthy_task = self.reset_on_healthy_task;
        let (enable, rollback) = (self.enable, self.rollback);
        Ok(Breaker { enable, rollback, reset_on_healthy_task, threshold })
    }
}

impl LinearConfiguration {
    fn read(&self) -> Result<Linear, ApiError> {
        let default = Linear::default();
        let percent = self.step_percent.unwrap_or(default.percent);
        let minutes = self.step_bake_time_in_minutes.unwrap_or(default.bake_minutes);
        if !(3.0..=100.0).contains(&percent) {
            return Err(invalid("linearConfiguration.stepPercent"));
        }
        Ok(Linear { percent, bake_minutes: bake_minutes(minutes)? })
    }
}

impl CanaryConfiguration {
    fn read(&self) -> Result<Canary, ApiError> {
        let default = Canary::default();
        let percent = self.canary_percent.unwrap_or(default.percent);
        let minutes = self.canary_bake_time_in_minutes.unwrap_or(default.bake_minutes);
        if !(0.1..=100.0).contains(&percent) {
            return Err(invalid("canaryConfiguration.canaryPercent"));
        }
        Ok(Canary { percent, bake_minutes: bake_minutes(minutes)? })
    }
}

impl EarlySuccessCriteria {
    fn read(&self, spec: &ServiceSpec) -> Result<Option<EarlySuccess>, ApiError> {
        if !self.enable {
            return Ok(None);
        }
        if spec.strategy.as_deref().is_some_and(|strategy| strategy != "ROLLING") {
            return Err(invalid("earlySuccessCriteria"));
        }
        let cleanup = match self.source_service_revision_cleanup.as_deref() {
            Some("BLOCKING") => Cleanup::Blocking,
            Some("DEFERRED") => Cleanup::Deferred,
            _ => return Err(invalid("earlySuccessCriteria.sourceServiceRevisionCleanup")),
        };
        let range = spec.minimum_healthy_percent..=100;
        let percent = self.healthy_percent.filter(|percent| range.contains(percent));
        let healthy_percent =
            percent.ok_or_else(|| invalid("earlySuccessCriteria.healthyPercent"))?;
        Ok(Some(EarlySuccess { healthy_percent, cleanup }))
    }
}

impl LifecycleHook {
    fn read(&self) -> Result<Hook, ApiError> {
        let target = match (self.target_type.as_deref(), &self.hook_target_arn) {
            (None | Some("AWS_LAMBDA"), Some(arn)) => {
                Target::function(arn, self.role_arn.as_deref().unwrap_or_default())
            }
            (Some("PAUSE"), None) => Target::Pause,
            _ => return Err(invalid("lifecycleHooks")),
        };
        let mut hook = Hook::new(target);
        for name in &self.lifecycle_stages {
            let stage = Stage::parse(name).filter(|stage| hook.fits(*stage));
            hook.stages.push(stage.ok_or_else(|| invalid("lifecycleHooks.lifecycleStages"))?);
        }
        if let Some(timeout) = &self.timeout_configuration {
            let minutes = timeout.timeout_in_minutes.unwrap_or(TIMEOUT_MINUTES);
            let action = timeout.action.as_deref().unwrap_or("ROLLBACK");
            let action = HookAction::parse(action);
            let action = action.filter(|_| (1..=TIMEOUT_MINUTES_MAX).contains(&minutes));
            let action = action.ok_or_else(|| invalid("lifecycleHooks.timeoutConfiguration"))?;
            hook = hook.timeout(minutes, action);
        }
        Ok(hook)
    }
}

fn bake_minutes(minutes: u32) -> Result<u32, ApiError> {
    if minutes > BAKE_MINUTES_MAX {
        return Err(invalid("bake time"));
    }
    Ok(minutes)
}

fn invalid(what: &str) -> ApiError {
    ApiError::invalid_parameter(format!("The {what} of the deploymentConfiguration is not valid."))
}
