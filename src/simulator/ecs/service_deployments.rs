//! ListServiceDeployments, DescribeServiceDeployments and DescribeServiceRevisions.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Ecs;
use super::deployment::{Revision, ServiceDeployment};
use super::{service_deployment_shape, service_shape};
use crate::simulator::error::ApiError;
use crate::simulator::identity::Identity;
use crate::simulator::moment::Moment;
use crate::simulator::paging::Page;

/// ListServiceDeployments gives 20 a page unless asked for more, up to 100.
const LIST_DEFAULT: usize = 20;
const LIST_MAX: usize = 100;
/// The describing operations take at most 20 ARNs.
const DESCRIBE_MAX: usize = 20;
/// ECS keeps service deployments for 90 days.
const HISTORY: Duration = Duration::from_secs(90 * 86_400);

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListServiceDeployments {
    cluster: Option<String>,
    service: String,
    #[serde(default)]
    status: Vec<String>,
    created_at: Option<CreatedAt>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct CreatedAt {
    before: Option<f64>,
    after: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeServiceDeployments {
    service_deployment_arns: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DescribeServiceRevisions {
    service_revision_arns: Vec<String>,
}

impl Ecs {
    pub(crate) fn list_service_deployments(
        &self,
        input: &ListServiceDeployments,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let index = self.service_index(input.cluster.as_deref(), &input.service)?;
        let service = &self.services[index];
        let token = input.next_token.as_deref();
        let page = Page::parse(token, input.max_results, LIST_DEFAULT, LIST_MAX)?;
        let shown = self.stale_view(index, now).map_or(service.history.len(), |view| view.history);
        let newest_first = service.history[..shown].iter().rev();
        let behind: Vec<&ServiceDeployment> = match &page.after {
            None => newest_first.collect(),
            Some(last) => newest_first.skip_while(|r| r.id != *last).skip(1).collect(),
        };
        let matching = behind.into_iter().filter(|record| input.selects(record, now));
        let (records, next_token) = page.take(matching, |record| record.id.clone());
        let brief = |record: &&ServiceDeployment| {
            Value::Object(service_deployment_shape::brief(self, service, record, now))
        };
        let briefs: Vec<Value> = records.iter().map(brief).collect();
        Ok(json!({ "serviceDeployments": briefs, "nextToken": next_token }))
    }

    pub(crate) fn describe_service_deployments(
        &self,
        input: &DescribeServiceDeployments,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let arns = &input.service_deployment_arns;
        check_count(arns.len(), "serviceDeploymentArns")?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in arns {
            let record = self.by_arn(arn, "service-deployment").and_then(|(index, id)| {
                let service = &self.services[index];
                let record = service.history.iter().find(|record| record.id == id)?;
                Some(service_deployment_shape::full(self, service, record, now))
            });
            match record {
                Some(shape) => found.push(shape),
                None => failures.push(json!({ "arn": arn, "reason": "MISSING" })),
            }
        }
        Ok(json!({ "serviceDeployments": found, "failures": failures }))
    }

    pub(crate) fn describe_service_revisions(
        &self,
        input: &DescribeServiceRevisions,
    ) -> Result<Value, ApiError> {
        check_count(input.service_revision_arns.len(), "serviceRevisionArns")?;
        let (mut found, mut failures) = (Vec::new(), Vec::new());
        for arn in &input.service_revision_arns {
            let record = self.by_arn(arn, "service-revision").and_then(|(index, id)| {
                let service = &self.services[index];
                let record = service.history.iter().find(|r| r.deployment.to_string() == id)?;
                Some((service, record))
            });
            let Some((service, record)) = record else {
                failures.push(json!({ "arn": arn, "reason": "MISSING" }));
                continue;
            };
            let mut shape = Map::new();
            let mut put = |key: &str, value: Value| shape.insert(key.to_owned(), value);
            put("serviceRevisionArn", json!(arn));
            put("serviceArn", json!(self.service_arn(service)));
            put("clusterArn", json!(self.cluster_arn(&service.spec.cluster)));
            let definition = self.revision_task_definition(&record.revision);
            put("taskDefinition", json!(definition));
            put("createdAt", record.created_at.to_json());
            put("containerImages", container_images(&record.revision));
            service_shape::insert_launch(&mut shape, service);
            found.push(Value::Object(shape));
        }
        Ok(json!({ "serviceRevisions": found, "failures": failures }))
    }

    /// The index of the service that an ARN `.../KIND/CLUSTER/SERVICE/ID` names, and the id.
    pub(super) fn by_arn<'a>(&self, arn: &'a str, kind: &str) -> Option<(usize, &'a str)> {
        let parts: Vec<&str> = Identity::resource_part(arn).split('/').collect();
        let [found, cluster, name, id] = parts.as_slice() else { return None };
        let index = self.service_index(Some(cluster), name).ok()?;
        (*found == kind).then_some((index, *id))
    }
}

/// `imageDigest` is there for what is in the account's registry and was resolved.
fn container_images(revision: &Revision) -> Value {
    let shapes = revision.workload.resolved().map(|(container, digest)| {
        let mut shape = json!({ "containerName": container.name, "image": container.image });
        if let Some(digest) = digest {
            shape["imageDigest"] = json!(digest);
        }
        shape
    });
    shapes.collect()
}

impl ListServiceDeployments {
    fn selects(&self, record: &ServiceDeployment, now: Moment) -> bool {
        let status = self.status.is_empty() || self.status.iter().any(|s| s == record.status(now));
        let at = record.created_at.epoch_seconds();
        let within = self.created_at.as_ref().is_none_or(|range| {
            range.after.is_none_or(|after| at >= after)
                && range.before.is_none_or(|before| at <= before)
        });
        status && within && now.since(record.created_at) <= HISTORY
    }
}

fn check_count(count: usize, what: &str) -> Result<(), ApiError> {
    match count {
        1..=DESCRIBE_MAX => Ok(()),
        _ => Err(ApiError::invalid_parameter(format!("{what} must have 1 to 20 elements."))),
    }
}
