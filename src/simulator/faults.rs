//! Faults that can be put into the way of calls, and the rules that say of which.

use std::time::Duration;

/// What goes wrong with a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The call is executed, but its answer never arrives.
    LoseReply,
    /// The call never arrives, and so is never answered.
    DropRequest,
    /// `ThrottlingException`, HTTP 400.
    Throttle,
    /// `AccessDeniedException`, HTTP 400. A batch that names the denied resource fails whole.
    AccessDenied,
    /// `ExpiredTokenException`, HTTP 400.
    ExpiredToken,
    /// `ServerException`, HTTP 500.
    ServerError,
    /// An HTML page with HTTP 500, as a proxy on the way answers.
    HtmlErrorPage,
    /// The call is executed at once, and answered this much later.
    Delay(Duration),
    /// The call is executed but for every nth of its entries, each of which fails on its own:
    /// that of `PutEvents` and of Amazon SQS's batches. 1 fails all of them.
    FailEntries {
        /// Which entries of a call fail, counted from 1: all whose number this divides.
        every: usize,
    },
}

/// Which calls a fault hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultRule {
    /// The operation, e.g. `UpdateService`, or `*` for all of them.
    pub operation: String,
    /// Only calls about this: `cluster/service`, `cluster/task-id`, or a cluster's name where
    /// the call names nothing else; a queue's name; an event bus's name; the ARN of an
    /// event of AWS Health or of a target group; the id of a deployment of AWS CodeDeploy, `application/group`, or an
    /// application where the call names nothing else; a repository of Amazon ECR, a CloudWatch alarm, the
    /// code of a quota, a subnet. `None` means every call.
    pub resource: Option<String>,
    /// How many calls it hits before it is used up; `None` means for ever.
    pub times: Option<u32>,
    /// What happens to them.
    pub fault: Fault,
}

impl FaultRule {
    /// A rule that hits every call of an operation.
    pub fn new(operation: &str, fault: Fault) -> Self {
        FaultRule { operation: operation.to_owned(), resource: None, times: None, fault }
    }

    /// Restricts the rule to calls about one resource.
    pub fn on(mut self, resource: &str) -> Self {
        self.resource = Some(resource.to_owned());
        self
    }

    /// Restricts the rule to the next `times` calls.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }
}

/// The rules in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<FaultRule>);

impl Faults {
    pub(crate) fn add(&mut self, rule: FaultRule) {
        self.0.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault that hits a call: that of the first rule that matches. Counts the hit.
    pub(crate) fn hit(&mut self, operation: &str, resources: &[String]) -> Option<Fault> {
        let rule = self.0.iter_mut().find(|rule| {
            let operation_matches = rule.operation == "*" || rule.operation == operation;
            let resource_matches = rule.resource.as_ref().is_none_or(|r| resources.contains(r));
            operation_matches && resource_matches && rule.times != Some(0)
        })?;
        rule.times = rule.times.map(|left| left - 1);
        Some(rule.fault.clone())
    }
}
