//! CreateDeployment.

use serde::Deserialize;
use serde_json::{Value, json};

use super::CodeDeploy;
use super::app_spec::AppSpec;
use super::applications::Group;
use super::course::Course;
use super::deployment::{Creator, Deployment, Problem, Status, Terms};
use super::errors::{invalid_revision, under_way};
use super::revision::{Location, RevisionInput};
use super::spec::AutoRollback;
use super::traffic::TrafficRouting;
use crate::simulator::ecs::Ecs;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CreateDeployment {
    application_name: Option<String>,
    deployment_group_name: Option<String>,
    revision: Option<RevisionInput>,
    deployment_config_name: Option<String>,
    description: Option<String>,
    deployment_mode: Option<String>,
    auto_rollback_configuration: Option<AutoRollbackInput>,
    override_alarm_configuration: Option<AlarmInput>,
}

#[derive(Debug, Deserialize)]
struct AutoRollbackInput {
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    events: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct AlarmInput {
    #[serde(default)]
    enabled: bool,
    #[serde(default)]
    alarms: Vec<Alarm>,
}

#[derive(Debug, Deserialize)]
struct Alarm {
    name: String,
}

impl CodeDeploy {
    pub(crate) fn create_deployment(
        &mut self,
        input: &CreateDeployment,
        ecs: &mut Ecs,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let id = self.create(input, Creator::User { api: true }, ecs, now)?;
        Ok(json!({ "deploymentId": id }))
    }

    /// Deploys an AppSpec that somebody has at hand.
    pub(crate) fn create_of_text(
        &mut self,
        application: &str,
        group: &str,
        text: &str,
        ecs: &Ecs,
        now: Moment,
    ) -> Result<String, ApiError> {
        let input = CreateDeployment {
            application_name: Some(application.to_owned()),
            deployment_group_name: Some(group.to_owned()),
            revision: Some(RevisionInput::of_text(text)),
            ..CreateDeployment::default()
        };
        self.create(&input, Creator::User { api: false }, ecs, now)
    }

    fn create(
        &mut self,
        input: &CreateDeployment,
        creator: Creator,
        ecs: &Ecs,
        now: Moment,
    ) -> Result<String, ApiError> {
        let application = input.application_name.as_deref();
        let group = self.group(application, input.deployment_group_name.as_deref())?;
        if input.deployment_mode.as_deref().is_some_and(|mode| mode != "STANDARD") {
            let message = "The deployment mode is not supported for Amazon ECS";
            return Err(ApiError::client("InvalidInputException", message));
        }
        let mut terms = group.terms.clone();
        input.adjust(&mut terms);
        let routing = match &input.deployment_config_name {
            None => group.routing,
            Some(name) => self.config(name)?,
        };
        terms.config = input.deployment_config_name.clone().unwrap_or(terms.config);
        let revision = input.revision.as_ref().ok_or_else(|| {
            ApiError::client("RevisionRequiredException", "The revision must be specified")
        })?;
        let (location, content) = revision.to_deploy()?;
        let text = content.or_else(|| self.object(&location));
        let spec = match (&location, read(text.as_deref())) {
            // What a request brings with it is read at once, an object only when it is fetched.
            (Location::S3(_), spec) => spec,
            (_, spec) => Ok(spec.map_err(|problem| invalid_revision(&problem.message))?),
        };
        let service = deployable(group, ecs)?;
        if let Some(other) = self.open_of_group(application.unwrap_or_default(), &group.name) {
            return Err(under_way(&group.name, other));
        }
        let (shifts, functions) = (routing.shifts(), group.functions.clone());
        let (group, listener) = (group.name.clone(), group.test_listener);
        let previous = self.last_revision(application.unwrap_or_default(), &group);
        let application = application.unwrap_or_default().to_owned();
        let (spec, flaw) = match spec {
            Ok(spec) => (Some(spec), None),
            Err(problem) => (None, Some(problem)),
        };
        let id = self.ids.code_deployment();
        if let Some(known) = self.applications.get_mut(&application) {
            known.revisions.note(&location, text, now);
        }
        self.begin(Deployment {
            id: id.clone(),
            application,
            group,
            revision: Some(location),
            previous,
            description: input.description.clone(),
            creator,
            created_at: now,
            started_at: None,
            completed_at: None,
            status: Status::Created,
            problem: None,
            flaw,
            rollback: None,
            terms,
            course: Course::forward(service, spec, shifts, listener, &functions, now),
        });
        Ok(id)
    }

    /// The deployment of a group that is under way.
    fn open_of_group(&self, application: &str, group: &str) -> Option<&Deployment> {
        let mut open = self.open.iter().map(|index| &self.deployments[*index]);
        open.find(|other| other.application == application && other.group == group)
    }

    /// The configuration of a name.
    pub(crate) fn config(&self, name: &str) -> Result<TrafficRouting, ApiError> {
        let known = TrafficRouting::predefined(name).or_else(|| self.configs.get(name).copied());
        known.ok_or_else(|| {
            let message = format!("No Deployment Configuration found for name: {name}");
            ApiError::client("DeploymentConfigDoesNotExistException", message)
        })
    }

    /// The revision that a group's last successful deployment deployed.
    fn last_revision(&self, application: &str, group: &str) -> Option<Location> {
        let group = self.applications.get(application)?.groups.get(group)?;
        self.deployments[group.last_successful?].revision.clone()
    }

    fn object(&self, location: &Location) -> Option<String> {
        let Location::S3(object) = location else { return None };
        self.objects.get(&(object.bucket.clone(), object.key.clone())).cloned()
    }
}

impl CreateDeployment {
    /// What a request asks for itself takes the place of what the group has.
    fn adjust(&self, terms: &mut Terms) {
        if let Some(asked) = &self.auto_rollback_configuration {
            let events = asked.events.clone();
            terms.auto_rollback = AutoRollback { enabled: asked.enabled, events };
        }
        if let Some(asked) = &self.override_alarm_configuration {
            let names = asked.alarms.iter().map(|alarm| alarm.name.clone());
            terms.alarms = if asked.enabled { names.collect() } else { Vec::new() };
        }
    }
}

/// The index of the service that a group deploys.
fn deployable(group: &Group, ecs: &Ecs) -> Result<usize, ApiError> {
    let index = ecs.known_service(&group.cluster, &group.service);
    let index = index.filter(|index| ecs.service_at(*index).deployable_by_code_deploy());
    index.ok_or_else(|| {
        let (cluster, service) = (&group.cluster, &group.service);
        let message =
            format!("The ECS service {cluster}/{service} cannot be deployed by CodeDeploy");
        ApiError::client("InvalidECSServiceException", message)
    })
}

fn read(text: Option<&str>) -> Result<AppSpec, Problem> {
    let Some(text) = text else {
        let message = "The revision could not be found in Amazon S3".to_owned();
        return Err(Problem { code: "REVISION_MISSING", message });
    };
    AppSpec::parse(text).map_err(|why| {
        let message = format!("The AppSpec file is not valid: {why}");
        Problem { code: "INVALID_REVISION", message }
    })
}
