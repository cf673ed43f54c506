//! ListServiceDeployments: what became of the deployments of a service.

use std::cmp::Reverse;

use aws_sdk_ecs::types::{self as wire, CreatedAt, ServiceDeploymentStatus as WireStatus};

use super::PAGE_MAX;
use super::convert::{shared, time, wire_time};
use crate::aws::budget::Priority;
use crate::aws::client::{Ecs, Page, Sent};
use crate::aws::error::{bounded, unusable};
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{ServiceDeployment, ServiceDeploymentStatus};
use crate::plan::key::ServiceKey;

/// The most service deployments that are read: those since one refresh began are a handful.
const SERVICE_DEPLOYMENTS_MAX: usize = 500;

impl Ecs {
    /// The service deployments created after `since`, newest first, and when they were asked for.
    /// AWS keeps them for 90 days (Amazon ECS Developer Guide, service deployments).
    ///
    /// The result is an error when not all of them could be read: a part would hide who was last.
    pub(in crate::aws) async fn list_service_deployments(
        &self,
        key: &ServiceKey,
        since: Time,
        priority: Priority,
    ) -> Sent<Vec<ServiceDeployment>> {
        let first = self.list_service_deployments_page(key, since, None, priority).await;
        let at = first.at;
        let mut deployments = Vec::new();
        let mut page = first.result;
        let read = loop {
            let Page { items, next } = match page {
                Ok(page) => page,
                Err(problem) => break Err(problem),
            };
            deployments.extend(items);
            if next.is_none() {
                break Ok(());
            }
            if deployments.len() >= SERVICE_DEPLOYMENTS_MAX {
                let message = format!("more than {SERVICE_DEPLOYMENTS_MAX} service deployments");
                let now = self.clock().now();
                break Err(unusable(Operation::ListServiceDeployments, now, &message));
            }
            page = self.list_service_deployments_page(key, since, next, priority).await.result;
        };
        deployments.sort_by_key(|deployment| Reverse(deployment.created_at));
        Sent { at, result: read.map(|()| deployments) }
    }

    async fn list_service_deployments_page(
        &self,
        key: &ServiceKey,
        since: Time,
        token: Option<String>,
        priority: Priority,
    ) -> Sent<Page<ServiceDeployment>> {
        let after = CreatedAt::builder().after(wire_time(since)).build();
        let sent = self
            .read(Operation::ListServiceDeployments, priority, |client, attempts| {
                client
                    .list_service_deployments()
                    .cluster(key.cluster().name())
                    .service(key.name())
                    .created_at(after)
                    .max_results(PAGE_MAX)
                    .set_next_token(token)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        sent.and_then(|_, output| {
            let items = output.service_deployments().iter().map(service_deployment).collect();
            Ok(Page::new(items, output.next_token))
        })
    }
}

fn service_deployment(brief: &wire::ServiceDeploymentBrief) -> ServiceDeployment {
    ServiceDeployment {
        arn: shared(brief.service_deployment_arn()),
        created_at: brief.created_at().and_then(time),
        status: status(brief.status()),
        reason: brief.status_reason().map(bounded),
    }
}

pub(super) fn status(wire: Option<&WireStatus>) -> ServiceDeploymentStatus {
    let Some(wire) = wire else { return ServiceDeploymentStatus::Unknown("".into()) };
    match wire {
        WireStatus::Pending => ServiceDeploymentStatus::Pending,
        WireStatus::InProgress => ServiceDeploymentStatus::InProgress,
        WireStatus::Successful => ServiceDeploymentStatus::Successful,
        WireStatus::StopRequested => ServiceDeploymentStatus::StopRequested,
        WireStatus::Stopped => ServiceDeploymentStatus::Stopped,
        WireStatus::RollbackRequested => ServiceDeploymentStatus::RollbackRequested,
        WireStatus::RollbackInProgress => ServiceDeploymentStatus::RollbackInProgress,
        WireStatus::RollbackSuccessful => ServiceDeploymentStatus::RollbackSuccessful,
        WireStatus::RollbackFailed => ServiceDeploymentStatus::RollbackFailed,
        other => ServiceDeploymentStatus::Unknown(other.as_str().into()),
    }
}
