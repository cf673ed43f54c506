//! The gauges over retirements, from what all notices together say.

use std::collections::BTreeMap;

use prometheus::proto::MetricFamily;

use super::family::{BY_SERVICE, Family, by_service, seconds};
use crate::plan::{Plan, Retiring, TaskState};

const DEADLINE: Family = Family {
    name: "retirement_deadline_timestamp_seconds",
    help: "When AWS begins to retire tasks of a service that a policy selects: the earliest deadline \
           of its unsatisfied notices; absent where AWS did not say.",
    labels: BY_SERVICE,
};
const AT_RISK: Family = Family {
    name: "retirement_at_risk",
    help: "Whether a service that a policy selects will hardly be refreshed before AWS retires its \
           tasks: 1 if so, 0 if it will be; absent without an unsatisfied notice.",
    labels: BY_SERVICE,
};
const UNMANAGED_DEADLINE: Family = Family {
    name: "unmanaged_retirement_deadline_timestamp_seconds",
    help: "When AWS begins to retire tasks of a service that no policy selects: the earliest \
           deadline of its notices; absent where AWS did not say, and three days after it, unless \
           its old tasks are seen to run.",
    labels: BY_SERVICE,
};
const STANDALONE_TASKS: Family = Family {
    name: "standalone_retirement_tasks",
    help: "Standalone tasks in notices that are not over: AWS stops them and starts no others. A \
           notice is over three days after its deadline.",
    labels: &["region", "account", "cluster"],
};

pub const FAMILIES: &[Family] = &[DEADLINE, AT_RISK, UNMANAGED_DEADLINE, STANDALONE_TASKS];

/// The gauges, as the plan has it.
pub fn families(plan: &Plan) -> [MetricFamily; 4] {
    let retiring = plan.retiring();
    let (mut deadlines, mut at_risk) = (DEADLINE.rows(), AT_RISK.rows());
    for (key, retiree) in &retiring.managed {
        if let Some(deadline) = retiree.deadline {
            deadlines.push(&by_service(key), seconds(deadline));
        }
        at_risk.push(&by_service(key), f64::from(u8::from(retiree.at_risk)));
    }
    let mut unmanaged = UNMANAGED_DEADLINE.rows();
    for (key, deadline) in &retiring.unmanaged {
        if let Some(deadline) = deadline {
            unmanaged.push(&by_service(key), seconds(*deadline));
        }
    }
    let mut tasks = STANDALONE_TASKS.rows();
    for (labels, number) in standalone(&retiring) {
        tasks.push(&labels, f64::from(number));
    }
    [deadlines.finish(), at_risk.finish(), unmanaged.finish(), tasks.finish()]
}

fn standalone<'a>(retiring: &Retiring<'a>) -> BTreeMap<[&'a str; 3], u32> {
    let mut numbers = BTreeMap::new();
    for found in retiring.tasks.values().filter(|one| one.task.state() == TaskState::Standalone) {
        let notice = found.notice;
        let cluster = found.task.cluster.as_deref().unwrap_or_default();
        *numbers.entry([&*notice.region, &*notice.key.account, cluster]).or_default() += 1;
    }
    numbers
}
