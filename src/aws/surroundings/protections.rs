//! GetTaskProtection: which tasks of services may not be stopped.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::pass::Pass;
use crate::aws::client::Ecs;
use crate::aws::ecs::PROTECTION_MAX;
use crate::aws::operation::Operation;
use crate::plan::fleet::{Problem, Protected, TaskId};
use crate::plan::key::ServiceKey;
use crate::plan::surroundings::Known;

type Wanted = (ServiceKey, Arc<[TaskId]>);

/// Asks about the tasks of one service after the other: each may be allowed or denied by itself.
pub(super) async fn read(
    ecs: &Ecs,
    wanted: &[Wanted],
    pass: Pass,
) -> BTreeMap<ServiceKey, Known<Vec<Protected>>> {
    let mut read = BTreeMap::new();
    for (service, tasks) in wanted {
        let read_at = ecs.clock().now();
        let value = of_service(ecs, service, tasks, pass).await;
        read.insert(service.clone(), Known { read_at, value });
    }
    read
}

async fn of_service(
    ecs: &Ecs,
    service: &ServiceKey,
    tasks: &[TaskId],
    pass: Pass,
) -> Result<Vec<Protected>, Problem> {
    let mut protected = Vec::new();
    for batch in tasks.chunks(PROTECTION_MAX) {
        let asked = ecs.protected_tasks(service.cluster(), batch, pass.priority);
        let now = || ecs.clock().now();
        protected.extend(pass.hold(Operation::GetTaskProtection, now, asked).await?);
    }
    Ok(protected)
}
