//! DescribeTargetHealth: how the targets of a target group stand.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::types as wire;

use super::pass::{Asker, Pass};
use crate::aws::error::bounded;
use crate::aws::operation::Operation;
use crate::aws::pool::Pool;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::surroundings::{Known, TargetHealth};

/// So many target groups are asked about at once.
const GROUPS_AT_ONCE: usize = 4;

type Health = Known<TargetHealth>;

/// Asks about each target group. The action knows no resources, so that whoever may not ask about one
/// may ask about none: the first answer tells.
pub(super) async fn read(
    client: &Client,
    asker: &Asker,
    arns: &[Arc<str>],
    pass: Pass,
) -> BTreeMap<Arc<str>, Health> {
    let (mut read, mut pool) = (BTreeMap::new(), Pool::new(GROUPS_AT_ONCE));
    let mut denied = None::<Problem>;
    for (index, arn) in arns.iter().enumerate() {
        if let Some(problem) = &denied {
            let value = Err(problem.clone());
            read.insert(arn.clone(), Known { read_at: asker.now(), value });
            continue;
        }
        let (client, asker, arn) = (client.clone(), asker.clone(), arn.clone());
        let mut done = pool
            .start(async move {
                let health = describe(&client, &asker, &arn, pass).await;
                (arn, health)
            })
            .await;
        if index == 0 {
            done = pool.next().await;
        }
        denied = done.as_ref().and_then(|(_, health)| denial(health));
        read.extend(done);
    }
    while let Some(done) = pool.next().await {
        read.extend([done]);
    }
    read
}

fn denial(health: &Health) -> Option<Problem> {
    health.value.as_ref().err().filter(|problem| problem.class == ProblemClass::Denied).cloned()
}

async fn describe(client: &Client, asker: &Asker, arn: &str, pass: Pass) -> Health {
    let answer = asker
        .ask(Operation::DescribeTargetHealth, pass, |attempts| {
            client
                .describe_target_health()
                .target_group_arn(arn)
                .customize()
                .interceptor(attempts)
                .send()
        })
        .await;
    answer.known(|output| Ok(target_health(output.target_health_descriptions())))
}

fn target_health(targets: &[wire::TargetHealthDescription]) -> TargetHealth {
    let mut health = TargetHealth::default();
    for target in targets.iter().map(wire::TargetHealthDescription::target_health) {
        match target.and_then(wire::TargetHealth::state) {
            Some(wire::TargetHealthStateEnum::Healthy) => health.healthy += 1,
            Some(wire::TargetHealthStateEnum::Initial) => health.initial += 1,
            Some(wire::TargetHealthStateEnum::Unhealthy) => {
                health.unhealthy += 1;
                let why = target.and_then(|target| {
                    target
                        .description()
                        .or(target.reason().map(wire::TargetHealthReasonEnum::as_str))
                });
                health.why = health.why.or_else(|| why.map(|why| bounded(why).into()));
            }
            _ => health.other += 1,
        }
    }
    health
}
