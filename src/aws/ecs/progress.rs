//! DescribeServiceDeployments: where deployments stand.

use std::sync::Arc;

use aws_sdk_ecs::types::{
    self as wire, DeploymentLifecycleHookStatus, DeploymentLifecycleHookTargetType,
};

use super::convert::time;
use super::deployments::status;
use crate::aws::budget::Priority;
use crate::aws::client::{Ecs, Sent};
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{HookProgress, Progress};

/// The most service deployments that one call describes.
pub(in crate::aws) const DESCRIBE_DEPLOYMENTS_MAX: usize = 20;

impl Ecs {
    /// Where at most [`DESCRIBE_DEPLOYMENTS_MAX`] service deployments stand, of whatever services.
    /// Those that ECS does not know are left out.
    pub(in crate::aws) async fn describe_service_deployments(
        &self,
        arns: &[Arc<str>],
        priority: Priority,
    ) -> Sent<Vec<Progress>> {
        let names = arns.iter().map(|arn| arn.to_string()).collect();
        let sent = self
            .read(Operation::DescribeServiceDeployments, priority, |client, attempts| {
                client
                    .describe_service_deployments()
                    .set_service_deployment_arns(Some(names))
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        sent.and_then(|at, output| {
            Ok(output.service_deployments().iter().filter_map(|one| progress(one, at)).collect())
        })
    }
}

fn progress(deployment: &wire::ServiceDeployment, asked_at: Time) -> Option<Progress> {
    let weight = deployment
        .target_service_revision()
        .and_then(wire::ServiceRevisionSummary::requested_production_traffic_weight);
    Some(Progress {
        asked_at,
        arn: deployment.service_deployment_arn()?.into(),
        status: status(deployment.status()),
        stage: deployment.lifecycle_stage().map(|stage| stage.as_str().into()),
        stage_since: asked_at,
        hooks: deployment.lifecycle_hook_details().iter().filter_map(hook).collect(),
        // A percentage; what is outside of it is not one.
        traffic_percent: weight.map(|weight| weight.clamp(0.0, 100.0) as u8),
    })
}

/// A hook that is not done. One with a status that this version does not know is not done either.
fn hook(hook: &wire::DeploymentLifecycleHookDetail) -> Option<HookProgress> {
    let status = hook.status()?;
    let done = matches!(
        status,
        DeploymentLifecycleHookStatus::Succeeded
            | DeploymentLifecycleHookStatus::Failed
            | DeploymentLifecycleHookStatus::TimedOut
    );
    (!done).then(|| HookProgress {
        pauses: hook.target_type() == Some(&DeploymentLifecycleHookTargetType::Pause),
        status: status.as_str().into(),
        expires_at: hook.expires_at().and_then(time),
    })
}
