//! A small Amazon EC2: the subnets of the services, and how many of their addresses are free.
//!
//! A subnet is there as soon as a service names it. Tasks take no addresses: how many are free is what
//! somebody says. Operations and parameters that are not implemented fail loudly.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::ecs::Ecs;
use super::error::ApiError;
use super::paging::Page;
use super::query::REQUEST_ID;

/// The version of the API, by which AWS Query names it.
pub(crate) const TARGET_PREFIX: &str = "2016-11-15";

/// What a /24 has, when AWS has taken its five.
const ADDRESSES: u32 = 251;
/// How many of them are free unless somebody says otherwise.
const FREE: u32 = 250;
const PAGE_MIN: usize = 5;
const PAGE_MAX: usize = 1000;

/// The state of the simulated EC2 beside what the services tell.
#[derive(Debug, Default)]
pub(crate) struct Ec2 {
    free: BTreeMap<String, u32>,
}

impl Ec2 {
    /// Answers one operation.
    pub(crate) fn call(
        &self,
        operation: &str,
        input: &Value,
        ecs: &Ecs,
    ) -> Result<Value, ApiError> {
        match operation {
            "DescribeSubnets" => self.describe_subnets(input, ecs),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    /// A subnet that no service names is there from then on, too.
    pub(crate) fn set_free(&mut self, subnet: &str, count: u32) {
        self.free.insert(subnet.to_owned(), count);
    }

    /// Of several ids one that is not there fails the whole call.
    fn describe_subnets(&self, input: &Value, ecs: &Ecs) -> Result<Value, ApiError> {
        check_parameters(input)?;
        let known: BTreeSet<&str> =
            ecs.subnets().chain(self.free.keys().map(String::as_str)).collect();
        let asked = resources(input);
        for id in &asked {
            if !id.starts_with("subnet-") {
                let message = format!("Invalid id: \"{id}\" (expecting \"subnet-...\")");
                return Err(ApiError::client("InvalidSubnetID.Malformed", message));
            }
            if !known.contains(id.as_str()) {
                let message = format!("The subnet ID '{id}' does not exist");
                return Err(ApiError::client("InvalidSubnetID.NotFound", message));
            }
        }
        let page = page(input, &asked)?;
        let selected = known.into_iter().filter(|id| {
            (asked.is_empty() || asked.iter().any(|asked| asked == id))
                && page.after.as_deref().is_none_or(|after| *id > after)
        });
        let (subnets, next_token) = page.take(selected, |id| (*id).to_owned());
        let subnets: Vec<Value> = subnets.into_iter().map(|id| self.shape(id)).collect();
        Ok(json!({ "DescribeSubnetsResponse": {
            "requestId": REQUEST_ID,
            "subnetSet": subnets,
            "nextToken": next_token,
        } }))
    }

    fn shape(&self, id: &str) -> Value {
        let free = self.free.get(id).copied().unwrap_or(FREE);
        // A subnet with room for more than usual is a larger one.
        let bits = 32 - (free.max(ADDRESSES) + 4).ilog2() - 1;
        json!({
            "subnetId": id,
            "state": "available",
            "vpcId": "vpc-0a1b2c3d4e5f60718",
            "cidrBlock": format!("10.0.0.0/{bits}"),
            "availableIpAddressCount": free,
            "availabilityZone": "eu-central-1a",
            "availabilityZoneId": "euc1-az2",
            "defaultForAz": false,
            "mapPublicIpOnLaunch": false,
        })
    }
}

/// A page may be limited only where no ids are asked for.
fn page(input: &Value, asked: &[String]) -> Result<Page, ApiError> {
    let text = |key: &str| input.get(key).and_then(Value::as_str);
    let size = text("MaxResults").map(|size| size.parse::<usize>().unwrap_or(0));
    let most = PAGE_MIN..=PAGE_MAX;
    if size.is_some_and(|size| !most.contains(&size)) {
        let message = format!("Value for parameter maxResults is invalid. Expecting {most:?}.");
        return Err(ApiError::client("InvalidParameterValue", message));
    }
    if size.is_some() && !asked.is_empty() {
        let message = "The parameter SubnetId cannot be used with the parameter MaxResults";
        return Err(ApiError::client("InvalidParameterCombination", message));
    }
    let size = size.and_then(|size| i64::try_from(size).ok());
    Page::parse(text("NextToken"), size, PAGE_MAX, PAGE_MAX)
        .map_err(|error| ApiError { code: "InvalidNextToken", ..error })
}

fn check_parameters(input: &Value) -> Result<(), ApiError> {
    let known = ["Action", "Version", "SubnetId", "MaxResults", "NextToken"];
    let names = input.as_object().into_iter().flat_map(|members| members.keys());
    match names.into_iter().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let message = format!("The parameter {name} is not recognized");
            Err(ApiError::client("UnknownParameter", message))
        }
        None => Ok(()),
    }
}

/// The subnets that a request is about, for the call log and for faults that hit single ones.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let ids = input.get("SubnetId").and_then(Value::as_array);
    ids.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
