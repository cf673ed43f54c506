//! Task definitions: families with numbered revisions, kept as they were registered.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecs;
use super::behaviour::Behaviour;
use super::deployment::Revision;
use super::images::Workload;
use super::spec::ServiceSpec;
use crate::simulator::error::ApiError;
use crate::simulator::identity::Identity;
use crate::simulator::moment::Moment;
use crate::simulator::paging::Page;

/// ListTaskDefinitions gives at most 100 revisions a page, and as many by default.
const LIST_TASK_DEFINITIONS_MAX: usize = 100;

/// `stopTimeout` on Fargate where a container does not say it.
pub(crate) const STOP_TIMEOUT: Duration = Duration::from_secs(30);

/// The revisions of a family; the first has number 1.
pub(crate) type Family = Vec<TaskDefinition>;

/// One revision.
#[derive(Debug)]
pub(crate) struct TaskDefinition {
    active: bool,
    registered_at: Moment,
    /// The members of the request that registered it.
    members: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskDefinitionReference {
    task_definition: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListTaskDefinitions {
    family_prefix: Option<String>,
    status: Option<String>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

impl Ecs {
    pub(crate) fn register_task_definition(
        &mut self,
        input: &Value,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let family = input.get("family").and_then(Value::as_str).unwrap_or_default().to_owned();
        let containers = input.get("containerDefinitions").and_then(Value::as_array);
        if family.is_empty() {
            return Err(ApiError::client("ClientException", "Family should not be null or empty."));
        }
        if containers.is_none_or(Vec::is_empty) {
            return Err(ApiError::client("ClientException", "Container list cannot be empty."));
        }
        let revision = self.add_revision(&family, input.clone(), now);
        Ok(json!({ "taskDefinition": self.task_definition_json(&family, revision) }))
    }

    pub(crate) fn describe_task_definition(
        &self,
        input: &TaskDefinitionReference,
    ) -> Result<Value, ApiError> {
        let (family, revision) = self.find_task_definition(&input.task_definition)?;
        Ok(json!({ "taskDefinition": self.task_definition_json(&family, revision), "tags": [] }))
    }

    pub(crate) fn deregister_task_definition(
        &mut self,
        input: &TaskDefinitionReference,
    ) -> Result<Value, ApiError> {
        let (family, revision) = self.find_task_definition(&input.task_definition)?;
        if let Some(definition) = self.revision_mut(&family, revision) {
            definition.active = false;
        }
        Ok(json!({ "taskDefinition": self.task_definition_json(&family, revision) }))
    }

    /// Makes a task definition INACTIVE that others may still use.
    pub(crate) fn deregister(&mut self, reference: &str) -> Result<(), ApiError> {
        let task_definition = reference.to_owned();
        self.deregister_task_definition(&TaskDefinitionReference { task_definition }).map(drop)
    }

    pub(crate) fn list_task_definitions(
        &self,
        input: &ListTaskDefinitions,
    ) -> Result<Value, ApiError> {
        let max = LIST_TASK_DEFINITIONS_MAX;
        let page = Page::parse(input.next_token.as_deref(), input.max_results, max, max)?;
        let wants_active = input.status.as_deref() != Some("INACTIVE");
        let after = page.after.as_deref().and_then(split_revision);
        let start = after.map_or(Bound::Unbounded, |(family, _)| Bound::Included(family));
        let revisions = self
            .families
            .range::<str, _>((start, Bound::Unbounded))
            .filter(|(family, _)| input.family_prefix.as_ref().is_none_or(|asked| asked == *family))
            .flat_map(|(family, revisions)| (1_u32..).zip(revisions).map(move |r| (family, r)))
            .filter(|(family, (number, definition))| {
                let behind = after.is_none_or(|(f, n)| (family.as_str(), *number) > (f, n));
                behind && definition.active == wants_active
            })
            .map(|(family, (number, _))| (family, number));
        let (found, next_token) = page.take(revisions, |(family, n)| format!("{family}:{n}"));
        let arns: Vec<String> = found
            .iter()
            .map(|(family, number)| self.task_definition_arn(family, *number))
            .collect();
        Ok(json!({ "taskDefinitionArns": arns, "nextToken": next_token }))
    }

    /// Registers the next revision of a family and returns its number.
    pub(crate) fn add_revision(&mut self, family: &str, members: Value, now: Moment) -> u32 {
        let revisions = self.families.entry(family.to_owned()).or_default();
        revisions.push(TaskDefinition { active: true, registered_at: now, members });
        u32::try_from(revisions.len()).unwrap_or(u32::MAX)
    }

    /// Registers revision 1 of a family unless it has one.
    pub(crate) fn ensure_family(&mut self, spec: &ServiceSpec, now: Moment) {
        if self.families.contains_key(&spec.family) {
            return;
        }
        self.add_revision(&spec.family, plain_task_definition(&spec.family, spec), now);
    }

    /// What a deployment of a task definition launches.
    pub(crate) fn revision_of(
        &self,
        family: &str,
        number: u32,
        behaviour: Behaviour,
    ) -> Arc<Revision> {
        let found = self.families.get(family).and_then(|f| f.get(number as usize - 1));
        let workload = Workload::of(found.map_or(&Value::Null, |definition| &definition.members));
        Arc::new(Revision { family: family.to_owned(), number, behaviour, workload })
    }

    /// The family and revision that a reference names, which must be ACTIVE.
    pub(crate) fn active_task_definition(
        &self,
        reference: &str,
    ) -> Result<(String, u32), ApiError> {
        let (family, revision) = self.find_task_definition(reference)?;
        let found = self.families.get(&family).and_then(|f| f.get(revision as usize - 1));
        if found.is_some_and(|definition| definition.active) {
            return Ok((family, revision));
        }
        Err(ApiError::client("ClientException", "TaskDefinition is inactive"))
    }

    /// Whether a task definition has a container of a name.
    pub(crate) fn check_container(&self, reference: &str, name: &str) -> Result<(), ApiError> {
        let (family, revision) = self.find_task_definition(reference)?;
        let found = self.families.get(&family).and_then(|f| f.get(revision as usize - 1));
        let containers = found.and_then(|d| d.members["containerDefinitions"].as_array());
        if containers.into_iter().flatten().any(|container| container["name"] == name) {
            return Ok(());
        }
        Err(ApiError::invalid_parameter(format!(
            "The container {name} does not exist in the task definition."
        )))
    }

    fn find_task_definition(&self, reference: &str) -> Result<(String, u32), ApiError> {
        let unknown = || {
            let message = "Unable to describe task definition.";
            ApiError::client("ClientException", message)
        };
        let part = Identity::resource_part(reference);
        let name = part.strip_prefix("task-definition/").unwrap_or(part);
        let (family, number) = match split_revision(name) {
            Some((family, number)) => (family, Some(number)),
            None => (name, None),
        };
        let revisions = self.families.get(family).ok_or_else(unknown)?;
        let newest = || revisions.iter().rposition(|definition| definition.active);
        let position = match number {
            Some(number) => (number as usize).checked_sub(1).filter(|at| *at < revisions.len()),
            None => newest(),
        };
        let position = position.ok_or_else(unknown)?;
        Ok((family.to_owned(), u32::try_from(position + 1).unwrap_or(u32::MAX)))
    }

    fn revision_mut(&mut self, family: &str, revision: u32) -> Option<&mut TaskDefinition> {
        self.families.get_mut(family)?.get_mut(revision as usize - 1)
    }

    fn task_definition_json(&self, family: &str, revision: u32) -> Value {
        let found = self.families.get(family).and_then(|f| f.get(revision as usize - 1));
        let Some(definition) = found else { return Value::Null };
        let mut shape = definition.members.clone();
        if let Some(members) = shape.as_object_mut() {
            let status = if definition.active { "ACTIVE" } else { "INACTIVE" };
            let arn = self.task_definition_arn(family, revision);
            members.insert("taskDefinitionArn".to_owned(), json!(arn));
            members.insert("revision".to_owned(), json!(revision));
            members.insert("status".to_owned(), json!(status));
            members.insert("registeredAt".to_owned(), definition.registered_at.to_json());
        }
        shape
    }
}

/// The task definition of a service that was put into the world without one. What takes longer to stop
/// than by default was given the time.
pub(crate) fn plain_task_definition(family: &str, spec: &ServiceSpec) -> Value {
    let container = |name: &str, image: &str| {
        let mut container = json!({ "name": name, "image": image, "essential": true });
        if spec.stop_time > STOP_TIMEOUT {
            container["stopTimeout"] = json!(spec.stop_time.as_secs());
        }
        if spec.unpinned.contains(name) {
            container["versionConsistency"] = json!("disabled");
        }
        container
    };
    let containers: Vec<Value> = match spec.images.as_slice() {
        [] => vec![container(family, &format!("{family}:latest"))],
        images => images.iter().map(|(name, image)| container(name, image)).collect(),
    };
    json!({
        "family": family,
        "networkMode": "awsvpc",
        "requiresCompatibilities": ["FARGATE"],
        "compatibilities": ["EC2", "FARGATE"],
        "cpu": spec.cpu_units.to_string(),
        "memory": (2 * spec.cpu_units).to_string(),
        "runtimePlatform": { "cpuArchitecture": "X86_64", "operatingSystemFamily": "LINUX" },
        "containerDefinitions": containers,
        "volumes": [],
    })
}

fn split_revision(name: &str) -> Option<(&str, u32)> {
    let (family, number) = name.rsplit_once(':')?;
    Some((family, number.parse().ok()?))
}
