//! The gauges over policies and services, computed from the newest status at each scrape.

use std::collections::BTreeMap;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::MetricFamily;

use super::family::{BY_SERVICE, Family, by_service, seconds};
use super::{preflight, retirements};
use crate::clock::{Clock, Time, elapsed};
use crate::metrics::{Label, Metrics};
use crate::plan::key::ServiceKey;
use crate::plan::verdict::{Block, Verdict, VerdictKind};
use crate::reconciler::status::{Status, StatusReceiver};

const SERVICES: Family = Family {
    name: "services",
    help: "Services that the policy owns, by the verdict about them.",
    labels: &["policy", "verdict"],
};
const BLOCKED_SERVICES: Family = Family {
    name: "blocked_services",
    help: "Services that are kept from being refreshed, by the reason.",
    labels: &["policy", "reason"],
};
const IN_FLIGHT: Family = Family {
    name: "in_flight",
    help: "Refreshes between intent and outcome whose production traffic has not moved yet.",
    labels: &["policy"],
};
const OLDEST_TASK_AGE: Family = Family {
    name: "oldest_task_age_seconds",
    help: "Age of the service's oldest task that should be running; absent while unknown.",
    labels: BY_SERVICE,
};
const TASK_AGE_LIMIT: Family = Family {
    name: "task_age_limit_seconds",
    help: "The max_task_age of the service's policy; absent where it sets none.",
    labels: BY_SERVICE,
};
const DUE_SINCE: Family = Family {
    name: "due_since_timestamp_seconds",
    help: "When the service became due; absent while it is not due or is being refreshed.",
    labels: BY_SERVICE,
};
const LAST_LOOK: Family = Family {
    name: "last_look_timestamp_seconds",
    help: "When the newest look at a whole cluster ended; 0 before the first.",
    labels: &[],
};
const LEADER: Family = Family {
    name: "leader",
    help: "Whether this replica makes the mutating calls: 1 if it does, 0 if not.",
    labels: &[],
};
const CONFIG_VALID: Family = Family {
    name: "config_valid",
    help: "Whether the newest reading of the configuration was valid: 1 if it was, 0 if not.",
    labels: &[],
};

const FAMILIES: &[Family] = &[
    SERVICES,
    BLOCKED_SERVICES,
    IN_FLIGHT,
    OLDEST_TASK_AGE,
    TASK_AGE_LIMIT,
    DUE_SINCE,
    LAST_LOOK,
    LEADER,
    CONFIG_VALID,
];

/// Computes the gauges from the newest status. Ages are as of the scrape, not of the plan.
#[derive(Clone, Debug)]
pub struct FleetCollector {
    status: StatusReceiver,
    clock: Clock,
    descriptions: Arc<Vec<Desc>>,
}

impl FleetCollector {
    /// A collector over `status`, not registered yet.
    pub fn new(status: StatusReceiver, clock: Clock) -> Self {
        let families = FAMILIES.iter().chain(retirements::FAMILIES).chain([&preflight::PREFLIGHT]);
        Self { status, clock, descriptions: Arc::new(families.map(Family::description).collect()) }
    }

    /// The same, registered.
    pub fn register(metrics: &Metrics, status: StatusReceiver, clock: Clock) {
        metrics.register(Self::new(status, clock));
    }
}

impl Collector for FleetCollector {
    fn desc(&self) -> Vec<&Desc> {
        self.descriptions.iter().collect()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        // Cloned so that the loop can publish the next status meanwhile.
        let status = self.status.borrow().clone();
        let mut families = Vec::with_capacity(self.descriptions.len());
        families.extend(by_policy(&status));
        families.extend(of_services(&status, self.clock.now()));
        families.extend(retirements::families(&status.plan));
        families.push(preflight::family(&status.preflight));
        families.extend(of_daemon(&status));
        families
    }
}

/// Policies come from the configuration in force, so that each has its zeros before the first plan
/// and a removed one is gone with the reload.
fn by_policy(status: &Status) -> [MetricFamily; 3] {
    let planned: BTreeMap<&str, _> =
        status.plan.policies.iter().map(|policy| (policy.name.as_ref(), policy)).collect();
    let blocked = blocked(&status.plan.verdicts);
    let (mut services, mut reasons) = (SERVICES.rows(), BLOCKED_SERVICES.rows());
    let mut in_flight = IN_FLIGHT.rows();
    for policy in &status.policies.policies {
        let name = policy.name.as_ref();
        let plan = planned.get(name);
        for kind in VerdictKind::ALL {
            let number = plan.and_then(|plan| plan.services.get(kind)).copied().unwrap_or(0);
            services.push(&[name, kind.label()], f64::from(number));
        }
        for reason in Block::ALL {
            let number = blocked.get(&(name, reason.label())).copied().unwrap_or(0);
            reasons.push(&[name, reason.label()], f64::from(number));
        }
        in_flight.push(&[name], f64::from(plan.map_or(0, |plan| plan.in_flight)));
    }
    [services.finish(), reasons.finish(), in_flight.finish()]
}

fn blocked(verdicts: &[(ServiceKey, Verdict)]) -> BTreeMap<(&str, &'static str), u32> {
    let mut numbers = BTreeMap::new();
    for (_, verdict) in verdicts {
        if matches!(verdict.reason.kind(), VerdictKind::Wait | VerdictKind::Hold) {
            *numbers.entry((verdict.policy.as_ref(), verdict.reason.label())).or_default() += 1;
        }
    }
    numbers
}

fn of_services(status: &Status, now: Time) -> [MetricFamily; 3] {
    let limits: BTreeMap<&str, f64> = status
        .policies
        .policies
        .iter()
        .filter_map(|policy| Some((policy.name.as_ref(), policy.max_task_age?.as_secs_f64())))
        .collect();
    let (mut ages, mut age_limits) = (OLDEST_TASK_AGE.rows(), TASK_AGE_LIMIT.rows());
    let mut due_since = DUE_SINCE.rows();
    for (key, verdict) in &status.plan.verdicts {
        let labels = by_service(key);
        if let Some(created_at) = verdict.oldest_created_at {
            ages.push(&labels, elapsed(created_at, now).as_secs_f64());
        }
        if let Some(limit) = limits.get(verdict.policy.as_ref()) {
            age_limits.push(&labels, *limit);
        }
        if let Some(due) = verdict.due
            && verdict.reason.kind() != VerdictKind::Rolling
        {
            due_since.push(&labels, seconds(due.since));
        }
    }
    [ages.finish(), age_limits.finish(), due_since.finish()]
}

fn of_daemon(status: &Status) -> [MetricFamily; 3] {
    let one = |family: Family, value| {
        let mut rows = family.rows();
        rows.push(&[], value);
        rows.finish()
    };
    [
        one(LAST_LOOK, status.last_look_at.map_or(0.0, seconds)),
        one(LEADER, f64::from(u8::from(status.leader))),
        one(CONFIG_VALID, f64::from(u8::from(status.config_valid))),
    ]
}
