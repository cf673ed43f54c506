//! The call log: what was asked of the simulated AWS, when, and how it ended.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::SystemTime;

/// The log keeps this many calls in full; the counters go on counting.
const CALLS_MAX: usize = 20_000;

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It was executed and answered.
    Ok,
    /// It was answered with this error code.
    Error(String),
    /// It was executed, but the answer got lost.
    ReplyLost,
    /// It was lost before it was executed.
    Dropped,
}

/// One call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// When it arrived.
    pub at: SystemTime,
    /// The operation, e.g. `DescribeServices`.
    pub operation: String,
    /// What it was about: `cluster/service`, `cluster/task-id`, a cluster's name, a queue's or a bus's name,
    /// a deployment of AWS CodeDeploy, `application/group` or an application, a repository, an alarm, the
    /// code of a quota, a subnet.
    pub resources: Vec<String>,
    /// How many things it named.
    pub item_count: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// Who made it, where callers are told apart.
    pub caller: Option<Arc<str>>,
    /// The request body.
    pub request: serde_json::Value,
}

/// The log.
#[derive(Debug, Default)]
pub(crate) struct CallLog {
    calls: VecDeque<Call>,
    counts: BTreeMap<String, usize>,
    /// Who makes the call that is to be added next.
    pub(crate) caller: Option<Arc<str>>,
}

impl CallLog {
    pub(crate) fn add(&mut self, call: Call) {
        *self.counts.entry(call.operation.clone()).or_default() += 1;
        if self.calls.len() == CALLS_MAX {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.iter().cloned().collect()
    }

    pub(crate) fn count(&self, operation: &str) -> usize {
        self.counts.get(operation).copied().unwrap_or(0)
    }

    pub(crate) fn clear(&mut self) {
        self.calls.clear();
        self.counts.clear();
    }
}
