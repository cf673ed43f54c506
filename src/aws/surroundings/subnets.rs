//! DescribeSubnets: how many addresses are free.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bisecting::Batches;
use super::pass::{Asker, Pass};
use crate::aws::client::Ecs;
use crate::aws::ec2;
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::plan::fleet::ProblemClass;
use crate::plan::surroundings::{Known, Subnet};

const OPERATION: Operation = Operation::DescribeSubnets;

/// So many are asked for by one call.
const SUBNETS_MAX: usize = 200;

/// Reads subnets. The action knows no resources: whoever may not read one may read none.
pub(super) async fn read(
    ecs: &Ecs,
    ids: &[Arc<str>],
    pass: Pass,
) -> BTreeMap<Arc<str>, Known<Subnet>> {
    let (asker, mut read) = (Asker::new(ecs), BTreeMap::new());
    let mut batches = Batches::of(ids, SUBNETS_MAX);
    while let Some(batch) = batches.next() {
        let named: Vec<&str> = batch.iter().map(AsRef::as_ref).collect();
        let answer = asker
            .ask(OPERATION, pass, |attempts| ec2::describe_subnets(ecs.sdk(), &named, attempts))
            .await;
        match answer.result {
            Ok(found) => read.extend(batch.into_iter().map(|id| {
                let silent = || {
                    let why = "the answer says nothing about the subnet";
                    unusable(OPERATION, answer.at, why)
                };
                let free = found.get(&*id).ok_or_else(silent);
                let value = free.map(|free| Subnet { free_addresses: *free });
                (id, Known { read_at: answer.at, value })
            })),
            // One that is not there, or whose id is none, fails the whole call.
            Err(fault)
                if batch.len() > 1
                    && matches!(
                        fault.problem.class,
                        ProblemClass::NotFound | ProblemClass::Invalid
                    ) =>
            {
                batches.halve(batch);
            }
            Err(fault) => {
                let rest = if fault.is_denied() { batches.drain() } else { Vec::new() };
                let known = Known { read_at: answer.at, value: Err(fault.problem) };
                read.extend(batch.into_iter().chain(rest).map(|id| (id, known.clone())));
            }
        }
    }
    read
}
