//! What owners of services do with AWS CodeDeploy beside the API, and what can be seen of it.

use std::time::SystemTime;

use super::CodeDeploy;
use super::applications::Group;
use super::deployment::{Creator, Deployment};
use super::revision::Location;
use super::spec::json_text;
use crate::simulator::ecs::Ecs;
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

/// The true state of a deployment of AWS CodeDeploy.
#[derive(Debug, Clone, PartialEq)]
pub struct CodeDeployment {
    /// `d-` and nine capital letters or digits.
    pub id: String,
    /// `Created`, `InProgress`, `Ready`, `Baking`, `Succeeded`, `Failed` or `Stopped`.
    pub status: String,
    /// `user` or `codeDeployRollback`.
    pub creator: String,
    /// What whoever created it says.
    pub description: Option<String>,
    /// The lifecycle event that it is in.
    pub event: Option<String>,
    /// The percentage of the traffic that its new task set takes.
    pub green_weight: f64,
    /// `errorInformation.code`.
    pub error: Option<String>,
    /// When it was created.
    pub created_at: SystemTime,
}

impl CodeDeploy {
    /// The deployments of a service, oldest first.
    pub(crate) fn of_service(&self, service: usize) -> impl Iterator<Item = &Deployment> {
        let known = |deployment: &&Deployment| self.by_id.contains_key(&deployment.id);
        let mine = move |deployment: &&Deployment| deployment.course.service == service;
        self.deployments.iter().filter(mine).filter(known)
    }

    /// The index of the deployment of a service that is under way.
    pub(crate) fn under_way(&self, service: usize) -> Option<usize> {
        let mine = |index: &&usize| self.deployments[**index].course.service == service;
        self.open.iter().find(mine).copied()
    }

    /// How many deployments of a service CreateDeployment has made.
    pub(crate) fn created(&self, service: usize) -> usize {
        let by_api = |d: &&Deployment| d.creator == Creator::User { api: true };
        self.of_service(service).filter(by_api).count()
    }

    /// Somebody deploys a service, with a new revision of its task definition or with the current
    /// one.
    pub(crate) fn deploy(
        &mut self,
        service: usize,
        new_revision: bool,
        ecs: &mut Ecs,
        now: Moment,
    ) -> Result<String, ApiError> {
        let (cluster, name) = {
            let spec = &ecs.service_at(service).spec;
            (spec.cluster.clone(), spec.name.clone())
        };
        let mut groups = self.applications.iter().flat_map(|(application, known)| {
            known.groups.values().map(move |group| (application, group))
        });
        let found = groups.find(|(_, group)| (&group.cluster, &group.service) == (&cluster, &name));
        let Some((application, group)) = found else {
            return Err(ApiError::client("InvalidECSServiceException", "no group deploys it"));
        };
        let (application, group_name) = (application.clone(), group.name.clone());
        let named = group.functions.keys().map(|event| (event, format!("{group_name}-{event}")));
        let functions = named.map(|(event, function)| (event.clone(), function)).collect();
        let (family, number) = ecs.revision_to_deploy(service, new_revision, now);
        let definition = ecs.task_definition_arn(&family, number);
        let text = json_text(&definition, &family, &functions);
        self.create_of_text(&application, &group_name, &text, ecs, now)
    }

    /// The revision that a service's group deployed last is no longer there.
    pub(crate) fn delete_revision(&mut self, cluster: &str, service: &str) -> bool {
        let mine = |group: &&Group| group.cluster == cluster && group.service == service;
        for application in self.applications.values_mut() {
            let group = application.groups.values().find(mine);
            let Some(target) = group.and_then(|group| group.target_revision.clone()) else {
                continue;
            };
            application.revisions.forget(&target);
            if let Location::S3(object) = target {
                self.objects.remove(&(object.bucket, object.key));
            }
            return true;
        }
        false
    }
}

impl Deployment {
    /// What can be seen of it.
    pub(crate) fn view(&self) -> CodeDeployment {
        CodeDeployment {
            id: self.id.clone(),
            status: self.status.name().to_owned(),
            creator: self.creator.name().to_owned(),
            description: self.description.clone(),
            event: self.course.event().map(|event| event.name.to_owned()),
            green_weight: self.course.green_weight,
            error: self.problem.as_ref().map(|problem| problem.code.to_owned()),
            created_at: self.created_at.to_system_time(),
        }
    }
}
