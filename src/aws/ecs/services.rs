//! ListServices and DescribeServices.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::{self as wire, ServiceField};

use super::convert::time;
use super::describe::description;
use super::{MISSING, PAGE_MAX, last_part};
use crate::aws::budget::Priority;
use crate::aws::client::{Ecs, Page, Sent};
use crate::aws::error::{bounded, unusable};
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::fleet::{Reading, ServiceEvent};
use crate::plan::key::{ClusterKey, ServiceKey};

/// The most services that DescribeServices answers about in one call.
pub(in crate::aws) const DESCRIBE_SERVICES_MAX: usize = 10;

/// How many of a service's events are kept for people.
const EVENTS_MAX: usize = 10;

/// What one call said about one of the services that were asked for.
#[derive(Debug)]
pub(in crate::aws) struct ServiceReading {
    pub(in crate::aws) key: ServiceKey,
    pub(in crate::aws) reading: Reading,
    /// The newest events, newest first; empty where the service was not described.
    pub(in crate::aws) events: Vec<ServiceEvent>,
}

impl Ecs {
    /// One page of the services of a cluster.
    pub(in crate::aws) async fn list_services_page(
        &self,
        cluster: &ClusterKey,
        token: Option<String>,
        priority: Priority,
    ) -> Sent<Page<ServiceKey>> {
        let operation = Operation::ListServices;
        let sent = self
            .read(operation, priority, |client, attempts| {
                client
                    .list_services()
                    .cluster(cluster.name())
                    .max_results(PAGE_MAX)
                    .set_next_token(token)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        sent.and_then(|at, output| {
            let arns = output.service_arns.unwrap_or_default();
            let keys: Option<_> =
                arns.iter().map(|arn| ServiceKey::from_arn(arn, cluster)).collect();
            let items =
                keys.ok_or_else(|| unusable(operation, at, "a service ARN cannot be read"))?;
            Ok(Page::new(items, output.next_token))
        })
    }

    /// Describes at most [`DESCRIBE_SERVICES_MAX`] services of one cluster, tags included. The
    /// answer has one reading for each of them.
    pub(in crate::aws) async fn describe_services(
        &self,
        cluster: &ClusterKey,
        keys: &[ServiceKey],
        priority: Priority,
    ) -> Sent<Vec<ServiceReading>> {
        let names = keys.iter().map(|key| key.name().to_owned()).collect();
        let sent = self
            .read(Operation::DescribeServices, priority, |client, attempts| {
                client
                    .describe_services()
                    .cluster(cluster.name())
                    .set_services(Some(names))
                    .include(ServiceField::Tags)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let met_at = self.clock().now();
        sent.and_then(|at, output| Ok(readings(keys, &output, at, met_at)))
    }
}

fn readings(
    keys: &[ServiceKey],
    output: &DescribeServicesOutput,
    sent_at: Time,
    met_at: Time,
) -> Vec<ServiceReading> {
    let described: BTreeMap<_, _> =
        output.services().iter().filter_map(|service| Some((name_of(service)?, service))).collect();
    let failures: BTreeMap<_, _> = output
        .failures()
        .iter()
        .filter_map(|failure| Some((last_part(failure.arn()?), failure.reason().unwrap_or(""))))
        .collect();
    let one = |key: &ServiceKey| {
        let service = described.get(key.name()).copied();
        let reading = match (service, failures.get(key.name()).copied()) {
            (Some(service), _) => read(service, sent_at),
            (None, Some(MISSING)) => Reading::Gone(sent_at),
            (None, Some(reason)) => failed(met_at, &format!("AWS reports the failure {reason:?}")),
            (None, None) => failed(met_at, "the answer says nothing about the service"),
        };
        let events = service.map(newest_events).unwrap_or_default();
        ServiceReading { key: key.clone(), reading, events }
    };
    keys.iter().map(one).collect()
}

fn name_of(service: &wire::Service) -> Option<&str> {
    service.service_name().or_else(|| service.service_arn().map(last_part))
}

/// A deleted service can be described for a while: INACTIVE, or DRAINING until its tasks are gone.
fn read(service: &wire::Service, sent_at: Time) -> Reading {
    match service.status() {
        Some("INACTIVE" | "DRAINING") => Reading::Gone(sent_at),
        _ => Reading::Described(description(service, sent_at)),
    }
}

fn failed(at: Time, message: &str) -> Reading {
    Reading::Failed(unusable(Operation::DescribeServices, at, message))
}

fn newest_events(service: &wire::Service) -> Vec<ServiceEvent> {
    let read = |event: &wire::ServiceEvent| ServiceEvent {
        at: event.created_at().and_then(time),
        message: bounded(event.message().unwrap_or_default()),
    };
    let mut events: Vec<_> = service.events().iter().map(read).collect();
    events.sort_by_key(|event| Reverse(event.at));
    events.truncate(EVENTS_MAX);
    events
}
