//! A small Elastic Load Balancing: the target groups of the services that have one.
//!
//! They come and go with the services of the simulated ECS, and what is registered in them are the
//! services' tasks. Not simulated: load balancers, listeners, and anything that changes a group but its
//! owner. Operations that are not implemented fail loudly.

mod shapes;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ecs::{Balanced, Ecs, ServiceSpec, TargetState};
use super::error::ApiError;
use super::identity::Identity;
use super::query::REQUEST_ID;

/// The version of the API, by which AWS Query names it.
pub(crate) const TARGET_PREFIX: &str = "2015-12-01";

/// DescribeTargetGroups takes no more ARNs than these: it answers so, though its reference does not
/// say it.
const ARNS_MAX: usize = 20;

/// The state of the simulated Elastic Load Balancing beside what the services tell.
#[derive(Debug, Default)]
pub(crate) struct Elbv2 {
    /// Groups that somebody deleted while a service still names them.
    deleted: BTreeSet<String>,
    /// The tasks whose health checks fail, by the ARNs of their groups.
    unhealthy: BTreeMap<String, BTreeSet<u128>>,
}

/// The ARN of the target group of a service.
pub(crate) fn target_group_arn(identity: &Identity, spec: &ServiceSpec) -> String {
    let place = format!("{}/{}", spec.cluster, spec.name);
    // FNV-1a: services of one name in two clusters have two groups.
    let hash = place.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    identity.arn("elasticloadbalancing", &format!("targetgroup/{}/{hash:016x}", spec.name))
}

/// The ARN of the second target group of a service that shifts traffic.
pub(crate) fn alternate_of(arn: &str) -> String {
    format!("{arn}0")
}

impl Elbv2 {
    /// Answers one operation.
    pub(crate) fn call(
        &self,
        operation: &str,
        input: &Value,
        ecs: &Ecs,
    ) -> Result<Value, ApiError> {
        let result = match operation {
            "DescribeTargetGroups" => self.describe_target_groups(input, ecs)?,
            "DescribeTargetGroupAttributes" => {
                let group = self.find(input, ecs)?;
                json!({ "Attributes": shapes::attributes(&group) })
            }
            "DescribeTargetHealth" => {
                let mut group = self.find(input, ecs)?;
                self.sicken(&mut group);
                json!({ "TargetHealthDescriptions": shapes::health(&group) })
            }
            _ => return Err(ApiError::unknown_operation(operation)),
        };
        Ok(json!({ format!("{operation}Response"): {
            format!("{operation}Result"): result,
            "ResponseMetadata": { "RequestId": REQUEST_ID },
        } }))
    }

    pub(crate) fn delete(&mut self, arn: &str) {
        self.deleted.insert(arn.to_owned());
    }

    /// Lets the health checks of so many healthy targets fail, and those of all others succeed. Returns
    /// how many there are of them.
    pub(crate) fn set_unhealthy(&mut self, arn: &str, count: usize, ecs: &Ecs) -> Option<usize> {
        let group = self.groups(ecs).find(|group| group.arn == arn)?;
        let healthy = group.targets.iter().filter(|(_, state)| *state == TargetState::Healthy);
        let chosen: BTreeSet<u128> = healthy.map(|(id, _)| *id).take(count).collect();
        let found = chosen.len();
        self.unhealthy.insert(arn.to_owned(), chosen);
        Some(found)
    }

    fn sicken(&self, group: &mut Balanced) {
        let Some(unhealthy) = self.unhealthy.get(&group.arn) else { return };
        for (id, state) in &mut group.targets {
            if *state == TargetState::Healthy && unhealthy.contains(id) {
                *state = TargetState::Unhealthy;
            }
        }
    }

    /// Of several ARNs one that is not there fails the whole call.
    fn describe_target_groups(&self, input: &Value, ecs: &Ecs) -> Result<Value, ApiError> {
        let asked = list(input, "TargetGroupArns");
        if asked.len() > ARNS_MAX {
            let message =
                format!("You cannot describe more than '{ARNS_MAX}' target groups at a time");
            return Err(ApiError::client("ValidationError", message));
        }
        for arn in &asked {
            self.group(arn, ecs)?;
        }
        let names = list(input, "Names");
        let groups: Vec<Value> = self
            .groups(ecs)
            .filter(|group| asked.is_empty() || asked.contains(&group.arn.as_str()))
            .filter(|group| names.is_empty() || names.contains(&group.name()))
            .map(|group| shapes::target_group(&group))
            .collect();
        if groups.is_empty() && !names.is_empty() {
            return Err(not_found());
        }
        Ok(json!({ "TargetGroups": groups }))
    }

    fn find(&self, input: &Value, ecs: &Ecs) -> Result<Balanced, ApiError> {
        let arn = input.get("TargetGroupArn").and_then(Value::as_str).unwrap_or_default();
        self.group(arn, ecs)
    }

    fn group(&self, arn: &str, ecs: &Ecs) -> Result<Balanced, ApiError> {
        let parts: Vec<&str> = arn.split(':').collect();
        let is_arn = matches!(parts.as_slice(), ["arn", _, "elasticloadbalancing", _, _, group]
            if group.starts_with("targetgroup/"));
        if !is_arn {
            let message = format!("'{arn}' is not a valid target group ARN");
            return Err(ApiError::client("ValidationError", message));
        }
        self.groups(ecs).find(|group| group.arn == arn).ok_or_else(not_found)
    }

    fn groups<'a>(&'a self, ecs: &'a Ecs) -> impl Iterator<Item = Balanced> + 'a {
        ecs.target_groups().filter(|group| !self.deleted.contains(&group.arn))
    }
}

fn not_found() -> ApiError {
    ApiError::client("TargetGroupNotFound", "One or more target groups not found")
}

fn list<'a>(input: &'a Value, key: &str) -> Vec<&'a str> {
    let items = input.get(key).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The target groups that a request is about, for the call log and for faults that hit single ones.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let one = input.get("TargetGroupArn").and_then(Value::as_str);
    list(input, "TargetGroupArns").into_iter().chain(one).map(str::to_owned).collect()
}
