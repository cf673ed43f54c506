//! What new tasks need beside the old ones: addresses, vCPUs, healthy targets, and quiet alarms.

use std::sync::Arc;

use crate::plan::fleet::Problem;

/// A subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    /// `availableIpAddressCount`.
    pub free_addresses: u32,
}

/// What Fargate's quota on vCPUs is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Market {
    OnDemand,
    Spot,
}

/// The quota on vCPUs that run at a time, in the account and Region.
#[derive(Clone, Debug, PartialEq)]
pub struct FargateQuota {
    pub vcpus: f64,
    /// What CloudWatch last said is in use; absent where it says nothing, or why it could not be asked.
    pub used_vcpus: Result<Option<f64>, Problem>,
}

/// The targets of a target group, by their state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetHealth {
    pub healthy: u32,
    pub unhealthy: u32,
    /// Registered, and not checked often enough yet.
    pub initial: u32,
    /// Draining, unused, unavailable, or a state that this version does not know.
    pub other: u32,
    /// What is said of one that is unhealthy.
    pub why: Option<Arc<str>>,
}

/// A CloudWatch alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Alarm {
    Ok,
    Alarm {
        /// Why, as CloudWatch says; bounded.
        reason: Option<Arc<str>>,
    },
    InsufficientData,
    /// There is no alarm of that name.
    Missing,
    Unknown(Arc<str>),
}
