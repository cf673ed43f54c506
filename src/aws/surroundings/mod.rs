//! Reads what services refer to, in batches as large as each API allows.
//!
//! Whoever wants to know waits for the answer, so a pass takes a bounded time: what was not reached by
//! then is answered as a problem, like everything else that could not be read.

mod code_deploy;
mod target_groups;
mod task_definitions;

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

use self::target_groups::TargetGroups;
use super::client::Ecs;
use super::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::surroundings::{Surroundings, Want};

/// No pass takes longer. It is enough for one call to be tried three times, and for the bucket of any
/// API at a quarter of AWS's rates.
const SURVEY_MAX: Duration = Duration::from_secs(30);

/// Reads what the plan wants to know beside ECS's services and tasks; cheap to clone.
#[derive(Clone, Debug)]
pub struct Surveyor {
    ecs: Ecs,
    target_groups: TargetGroups,
}

/// When a pass ends.
#[derive(Clone, Copy, Debug)]
struct Limit(Instant);

impl Limit {
    /// Makes one call, unless the time is up before it has an answer.
    async fn hold<T>(
        self,
        operation: Operation,
        now: impl Fn() -> Time,
        call: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        tokio::time::timeout_at(self.0, call).await.unwrap_or_else(|_| {
            Err(Problem {
                operation: operation.name().to_owned(),
                class: ProblemClass::Timeout,
                message: format!("no answer within {} seconds", SURVEY_MAX.as_secs()),
                at: now(),
            })
        })
    }
}

impl Surveyor {
    pub fn new(ecs: Ecs) -> Self {
        Self { target_groups: TargetGroups::new(&ecs), ecs }
    }

    /// Reads all of `wants`. It never fails: what could not be read is in the answer as a problem, and
    /// every want has an answer.
    pub async fn survey(&self, wants: &BTreeSet<Want>) -> Surroundings {
        let (mut definitions, mut groups) = (Vec::new(), Vec::new());
        for want in wants {
            match want {
                Want::TaskDefinition(arn) => definitions.push(arn.clone()),
                Want::TargetGroup(arn) => groups.push(arn.clone()),
                Want::CodeDeployGroup(..) => {}
            }
        }
        let limit = Limit(Instant::now() + SURVEY_MAX);
        let mut read = Surroundings::default();
        let (task_definitions, target_groups, ()) = tokio::join!(
            biased;
            task_definitions::read(&self.ecs, &definitions, limit),
            self.target_groups.read(&groups, limit),
            code_deploy::survey(&self.ecs, wants, &mut read),
        );
        Surroundings { task_definitions, target_groups, ..read }
    }
}

#[cfg(test)]
mod tests;
