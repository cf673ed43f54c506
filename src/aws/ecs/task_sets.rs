//! Task sets: what a service has in the place of deployments where CodeDeploy deploys it.

use std::sync::Arc;

use aws_sdk_ecs::types as wire;

use super::convert::{count, shared, time};
use crate::plan::fleet::{Deployment, DeploymentId, RolloutState};

/// A task set as the deployment that made it. One from before CodeDeploy deployed has no such id, and
/// goes by its own; one without any cannot be told from another and is left out.
pub(super) fn task_set(set: &wire::TaskSet) -> Option<Deployment> {
    let external = set.external_id().filter(|id| !id.is_empty());
    Some(Deployment {
        id: DeploymentId::new(external.or(set.id())?),
        primary: set.status() == Some("PRIMARY"),
        rollout: RolloutState::Absent,
        task_definition: shared(set.task_definition()),
        created_at: set.created_at().and_then(time),
        updated_at: set.updated_at().and_then(time),
        desired_count: count(set.computed_desired_count()),
        running_count: count(set.running_count()),
        pending_count: count(set.pending_count()),
        failed_tasks: 0,
    })
}

/// The platform version of the PRIMARY task set.
pub(super) fn platform_version(service: &wire::Service) -> Option<Arc<str>> {
    let mut sets = service.task_sets().iter();
    let primary = sets.find(|set| set.status() == Some("PRIMARY"))?;
    primary.platform_version().filter(|version| !version.is_empty()).map(Into::into)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::aws::Priority;
    use crate::aws::testing::{FakeAws, Reply, cluster, epoch, service, service_json};
    use crate::plan::fleet::{Controller, Reading, RolloutState};

    fn set(id: &str, external: Value, status: &str) -> Value {
        json!({
            "id": id, "externalId": external, "status": status, "taskDefinition": "app:7",
            "computedDesiredCount": 2, "runningCount": 2, "pendingCount": 1,
            "platformVersion": "1.4.0", "createdAt": 1_800_000_000, "updatedAt": 1_800_000_009,
        })
    }

    #[tokio::test(start_paused = true)]
    async fn task_sets_of_codedeploy_are_deployments_and_those_of_others_are_not() {
        let sets = json!([
            set("ecs-svc/1", json!("d-OLD"), "DRAINING"),
            set("ecs-svc/2", json!("d-NEW"), "PRIMARY"),
            set("ecs-svc/3", json!(""), "ACTIVE"),
            set("ecs-svc/4", Value::Null, "ACTIVE"),
        ]);
        for (controller, ids) in
            [("CODE_DEPLOY", &["d-OLD", "d-NEW", "ecs-svc/3", "ecs-svc/4"][..]), ("EXTERNAL", &[])]
        {
            let sets = sets.clone();
            let aws = FakeAws::new(move |_| {
                let mut service = service_json("api");
                service["deploymentController"]["type"] = json!(controller);
                service["deployments"] = json!([]);
                service["taskSets"] = sets.clone();
                Reply::ok(json!({ "services": [service] }))
            });
            let ecs = aws.connect().await;
            let sent = ecs.describe_services(&cluster(), &[service("api")], Priority::Look).await;
            let Reading::Described(seen) = sent.result.unwrap().remove(0).reading else { panic!() };
            let found: Vec<_> = seen.deployments.iter().map(|found| found.id.as_str()).collect();
            assert_eq!(found, ids, "{controller}");
            if seen.controller == Controller::CodeDeploy {
                let primary = seen.primary().unwrap();
                assert_eq!(
                    (primary.id.as_str(), &primary.rollout),
                    ("d-NEW", &RolloutState::Absent)
                );
                assert_eq!(primary.created_at, Some(epoch()));
                assert_eq!((primary.running_count, primary.pending_count), (2, 1));
                assert_eq!(seen.platform_version.as_deref(), Some("1.4.0"));
            }
        }
    }
}
