//! ListServices and DescribeServices.

use std::ops::Bound;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::references::service_name;
use super::service::{Service, ServiceStatus};
use super::service_shape;
use super::spec::Launch;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;
use crate::simulator::paging::Page;

/// ListServices gives 10 services a page unless asked for more, up to 100.
const LIST_SERVICES_DEFAULT: usize = 10;
const LIST_SERVICES_MAX: usize = 100;
/// DescribeServices takes at most 10 services.
const DESCRIBE_SERVICES_MAX: usize = 10;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListServices {
    cluster: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
    launch_type: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeServices {
    cluster: Option<String>,
    services: Vec<String>,
    #[serde(default)]
    include: Vec<String>,
}

impl Ecs {
    pub(crate) fn list_services(&self, input: &ListServices) -> Result<Value, ApiError> {
        let cluster = self.cluster(input.cluster.as_deref())?;
        let token = input.next_token.as_deref();
        let page = Page::parse(token, input.max_results, LIST_SERVICES_DEFAULT, LIST_SERVICES_MAX)?;
        let from = page.after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let services = cluster
            .services
            .range::<str, _>((from, Bound::Unbounded))
            .map(|(_, index)| &self.services[*index])
            .filter(|service| service.status != ServiceStatus::Inactive)
            .filter(|service| launched_as(service, input.launch_type.as_deref()));
        let (services, next_token) = page.take(services, |service| service.spec.name.clone());
        let arns: Vec<String> = services.iter().map(|service| self.service_arn(service)).collect();
        Ok(json!({ "serviceArns": arns, "nextToken": next_token }))
    }

    pub(crate) fn describe_services(
        &self,
        input: &DescribeServices,
        now: Moment,
    ) -> Result<Value, ApiError> {
        if input.services.is_empty() {
            return Err(ApiError::invalid_parameter("Services cannot be empty."));
        }
        if input.services.len() > DESCRIBE_SERVICES_MAX {
            return Err(ApiError::invalid_parameter("Services cannot have more than 10 elements."));
        }
        self.cluster(input.cluster.as_deref())?;
        let with_tags = input.include.iter().any(|member| member == "TAGS");
        let (mut services, mut failures) = (Vec::new(), Vec::new());
        for reference in &input.services {
            match self.find_service(input.cluster.as_deref(), reference) {
                Some(index) => services.push(self.visible_service(index, with_tags, now)),
                None => failures.push(self.missing_service(input.cluster.as_deref(), reference)),
            }
        }
        Ok(json!({ "services": services, "failures": failures }))
    }

    fn visible_service(&self, index: usize, with_tags: bool, now: Moment) -> Value {
        let service = &self.services[index];
        let mut shape = match self.stale_view(index, now) {
            Some(view) => view.description.clone(),
            None => service_shape::describe(self, service, now),
        };
        if let Some(members) = shape.as_object_mut().filter(|_| with_tags) {
            members.insert("tags".to_owned(), service_shape::tags(&service.spec.tags));
        }
        shape
    }

    fn missing_service(&self, cluster: Option<&str>, reference: &str) -> Value {
        let cluster = super::references::cluster_name(cluster);
        let name = service_name(reference);
        let arn = self.identity.ecs_arn(&format!("service/{cluster}/{name}"));
        json!({ "arn": arn, "reason": "MISSING" })
    }
}

fn launched_as(service: &Service, launch_type: Option<&str>) -> bool {
    match (launch_type, &service.spec.launch) {
        (None, _) => true,
        (Some(asked), Launch::Type(kind)) => asked == kind,
        (Some(_), Launch::CapacityProviders(_)) => false,
    }
}
