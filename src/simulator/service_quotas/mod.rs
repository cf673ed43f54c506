//! A small Service Quotas: how many vCPUs the account may use on Fargate.
//!
//! Nobody is kept from using more. Operations that are not implemented fail loudly.

use serde_json::{Value, json};

use super::error::ApiError;
use super::identity::Identity;

/// `X-Amz-Target` of every Service Quotas operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "ServiceQuotasV20190624";

/// More than anybody uses who does not set it.
const VCPUS: f64 = 100_000.0;

/// The quotas, in vCPUs.
#[derive(Debug)]
pub(crate) struct ServiceQuotas {
    identity: Identity,
    pub(crate) on_demand: f64,
    pub(crate) spot: f64,
}

impl ServiceQuotas {
    pub(crate) fn new(identity: Identity) -> Self {
        ServiceQuotas { identity, on_demand: VCPUS, spot: VCPUS }
    }

    /// Answers one operation.
    pub(crate) fn call(&self, operation: &str, input: &Value) -> Result<Value, ApiError> {
        match operation {
            "GetServiceQuota" => self.get_service_quota(input),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    fn get_service_quota(&self, input: &Value) -> Result<Value, ApiError> {
        let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default();
        let (code, name, class, value) = match (text("ServiceCode"), text("QuotaCode")) {
            ("fargate", "L-3032A538") => {
                ("L-3032A538", "Fargate On-Demand vCPU resource count", "OnDemand", self.on_demand)
            }
            ("fargate", "L-36FBB829") => {
                ("L-36FBB829", "Fargate Spot vCPU resource count", "Spot", self.spot)
            }
            _ => {
                let message = "The request failed because the specified quota does not exist.";
                return Err(ApiError::client("NoSuchResourceException", message));
            }
        };
        Ok(json!({ "Quota": {
            "ServiceCode": "fargate",
            "ServiceName": "AWS Fargate",
            "QuotaArn": self.identity.arn("servicequotas", &format!("fargate/{code}")),
            "QuotaCode": code,
            "QuotaName": name,
            "Value": value,
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
            "QuotaAppliedAtLevel": "ACCOUNT",
            "UsageMetric": {
                "MetricNamespace": "AWS/Usage",
                "MetricName": "ResourceCount",
                "MetricDimensions": {
                    "Class": format!("Standard/{class}"),
                    "Resource": "vCPU",
                    "Service": "Fargate",
                    "Type": "Resource",
                },
                "MetricStatisticRecommendation": "Maximum",
            },
        } }))
    }
}

/// The quota that a request is about, for the call log and for faults that hit single ones.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let code = input.get("QuotaCode").and_then(Value::as_str);
    code.into_iter().map(str::to_owned).collect()
}
