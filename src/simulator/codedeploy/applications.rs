//! Applications and their deployment groups, and how a service comes to have them.

use std::collections::BTreeMap;

use super::CodeDeploy;
use super::course::Course;
use super::deployment::{Creator, Deployment, Status, Terms};
use super::errors::{no_application, no_group};
use super::revision::{Location, Object, Revisions, sha256};
use super::spec::{CodeDeploySpec, LifecycleHook, Source};
use super::traffic::TrafficRouting;
use crate::simulator::ecs::{Ecs, ServiceSpec};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

/// An application.
#[derive(Debug, Default)]
pub(crate) struct Application {
    pub(crate) groups: BTreeMap<String, Group>,
    pub(crate) revisions: Revisions,
}

/// A deployment group, which deploys one service.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) cluster: String,
    pub(crate) service: String,
    pub(crate) routing: TrafficRouting,
    pub(crate) terms: Terms,
    pub(crate) test_listener: bool,
    /// How functions behave, by the event that they are called at.
    pub(crate) functions: BTreeMap<String, LifecycleHook>,
    pub(crate) target_revision: Option<Location>,
    /// The indices of deployments.
    pub(crate) last_attempted: Option<usize>,
    pub(crate) last_successful: Option<usize>,
}

impl CodeDeploy {
    /// Puts the application and the group of a new service into the world, and the deployment that
    /// made its task set.
    pub(crate) fn adopt(
        &mut self,
        service: &ServiceSpec,
        spec: &CodeDeploySpec,
        ecs: &mut Ecs,
        now: Moment,
    ) {
        let Some(index) = ecs.known_service(&service.cluster, &service.name) else { return };
        let group = self.new_group(service, spec);
        self.configs.insert(group.terms.config.clone(), group.routing);
        let terms = group.terms.clone();
        let application = self.applications.entry(spec.application.clone()).or_default();
        application.groups.insert(spec.group.clone(), group);
        if !spec.deployed {
            return;
        }
        let text = spec.text_for(&ecs.task_definition_arn(&service.family, 1), &service.family);
        let id = self.ids.code_deployment();
        let Some((task_set, made_at)) = ecs.sign_primary(index, &id) else { return };
        let location = location(&spec.source, &text);
        if !spec.revision_deleted {
            if let Location::S3(object) = &location {
                let address = (object.bucket.clone(), object.key.clone());
                self.objects.insert(address, text.clone());
            }
            application.revisions.note(&location, Some(text), made_at);
        }
        let completed_at = (made_at + terms.termination_wait()).min(now);
        self.begin(Deployment {
            id,
            application: spec.application.clone(),
            group: spec.group.clone(),
            revision: Some(location),
            previous: None,
            description: None,
            creator: Creator::User { api: false },
            created_at: made_at,
            started_at: Some(made_at),
            completed_at: Some(completed_at),
            status: Status::Succeeded,
            problem: None,
            flaw: None,
            rollback: None,
            terms,
            course: Course::past(index, task_set, made_at, completed_at),
        });
        self.note_success(self.deployments.len() - 1);
    }

    pub(crate) fn application(&self, name: Option<&str>) -> Result<&Application, ApiError> {
        let name = required_application(name)?;
        self.applications.get(name).ok_or_else(|| no_application(name))
    }

    pub(crate) fn group(
        &self,
        application: Option<&str>,
        group: Option<&str>,
    ) -> Result<&Group, ApiError> {
        let application = self.application(application)?;
        let Some(name) = group.filter(|name| !name.is_empty()) else {
            let message = "The Deployment Group name must be specified";
            return Err(ApiError::client("DeploymentGroupNameRequiredException", message));
        };
        application.groups.get(name).ok_or_else(|| no_group(name))
    }

    /// The group that a deployment is of.
    pub(super) fn group_mut(&mut self, deployment: &Deployment) -> Option<&mut Group> {
        self.applications.get_mut(&deployment.application)?.groups.get_mut(&deployment.group)
    }

    /// Deletes an application, and all that is known of its groups and deployments with it.
    pub(crate) fn delete_application(&mut self, name: &str) -> bool {
        let Some(_deleted) = self.applications.remove(name) else { return false };
        let deployments = &self.deployments;
        self.by_id.retain(|_, index| deployments[*index].application != name);
        self.open.retain(|index| deployments[*index].application != name);
        true
    }

    fn new_group(&mut self, service: &ServiceSpec, spec: &CodeDeploySpec) -> Group {
        let functions = spec.hooks.iter().map(|hook| (hook.event.clone(), hook.clone()));
        Group {
            id: self.ids.uuid(),
            name: spec.group.clone(),
            cluster: service.cluster.clone(),
            service: service.name.clone(),
            routing: spec.routing,
            terms: Terms {
                config: spec.routing.config_name(),
                termination_wait_minutes: spec.termination_wait_minutes,
                ready_wait_minutes: spec.ready_wait_minutes,
                auto_rollback: spec.auto_rollback.clone(),
                alarms: spec.alarms.clone(),
                bakes: spec.bakes,
            },
            test_listener: spec.test_listener,
            functions: functions.collect(),
            target_revision: None,
            last_attempted: None,
            last_successful: None,
        }
    }
}

pub(crate) fn required_application(name: Option<&str>) -> Result<&str, ApiError> {
    name.filter(|name| !name.is_empty()).ok_or_else(|| {
        let message = "The Application name must be specified";
        ApiError::client("ApplicationNameRequiredException", message)
    })
}

fn location(source: &Source, text: &str) -> Location {
    let sha256 = sha256(text);
    match source {
        Source::AppSpecContent => Location::AppSpecContent { sha256 },
        Source::RawString => Location::RawString { sha256 },
        Source::S3 { bucket, key } => {
            let kind = if text.trim_start().starts_with('{') { "JSON" } else { "YAML" };
            let (bucket, key) = (bucket.clone(), key.clone());
            Location::S3(Object { bucket, key, bundle_type: Some(kind.to_owned()) })
        }
    }
}
