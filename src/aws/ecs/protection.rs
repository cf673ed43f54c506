//! GetTaskProtection: which tasks may not be stopped yet.

use super::convert::time;
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::aws::operation::Operation;
use crate::plan::fleet::{Problem, Protected, TaskId};
use crate::plan::key::ClusterKey;

/// The most tasks that one call answers about.
pub(in crate::aws) const PROTECTION_MAX: usize = 100;

impl Ecs {
    /// The protected ones of at most [`PROTECTION_MAX`] tasks of one cluster, by their ids.
    pub(in crate::aws) async fn protected_tasks(
        &self,
        cluster: &ClusterKey,
        ids: &[TaskId],
        priority: Priority,
    ) -> Result<Vec<Protected>, Problem> {
        let names = ids.iter().map(ToString::to_string).collect();
        let sent = self
            .read(Operation::GetTaskProtection, priority, |client, attempts| {
                client
                    .get_task_protection()
                    .cluster(cluster.name())
                    .set_tasks(Some(names))
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let output = sent.result?;
        let mut found: Vec<Protected> = output
            .protected_tasks()
            .iter()
            .filter(|task| task.protection_enabled())
            .filter_map(|task| {
                let until = task.expiration_date().and_then(time)?;
                Some(Protected { task: TaskId::parse(task.task_arn()?)?, until })
            })
            .collect();
        found.sort_by_key(|protected| protected.task);
        Ok(found)
    }
}
