//! What is said of something that is not known.

use super::Found;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::surroundings::Known;

/// What is known of something, or what there is to say where nothing is. `what` names it in a sentence:
/// "target group web".
pub(super) fn known<'a, T>(known: Option<&'a Known<T>>, what: &str) -> Result<&'a T, Found> {
    match known.map(|known| &known.value) {
        Some(Ok(value)) => Ok(value),
        Some(Err(problem)) => Err(unreadable(what, problem)),
        None => Err(Found::unknown(format!("{what} was not read yet"))),
    }
}

pub(super) fn unreadable(what: &str, problem: &Problem) -> Found {
    let found = Found::unknown(format!("{what} could not be read: {problem}"));
    match problem.class {
        ProblemClass::Denied => found
            .hint(format!("allow {} to the role of ecs-refresh", iam_action(&problem.operation))),
        _ => found,
    }
}

/// The IAM action that allows an operation that checks rest on.
pub fn iam_action(operation: &str) -> String {
    let service = match operation {
        "DescribeImages" | "GetLifecyclePolicy" | "DescribePullThroughCacheRules" => "ecr",
        "DescribeTargetGroups" | "DescribeTargetGroupAttributes" | "DescribeTargetHealth" => {
            "elasticloadbalancing"
        }
        "DescribeAlarms" | "GetMetricData" => "cloudwatch",
        "GetServiceQuota" => "servicequotas",
        "DescribeSubnets" => "ec2",
        _ => "ecs",
    };
    format!("{service}:{operation}")
}
