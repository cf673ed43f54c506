//! GetApplicationRevision.

use serde::Deserialize;
use serde_json::{Value, json};

use super::CodeDeploy;
use super::revision::{Location, RevisionInput};
use crate::simulator::error::ApiError;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GetApplicationRevision {
    application_name: Option<String>,
    revision: Option<RevisionInput>,
}

impl CodeDeploy {
    /// It tells the content of an AppSpec that was part of a request, but not of an object.
    pub(crate) fn get_application_revision(
        &self,
        input: &GetApplicationRevision,
    ) -> Result<Value, ApiError> {
        let application = self.application(input.application_name.as_deref())?;
        let revision = input.revision.as_ref().ok_or_else(|| {
            ApiError::client("RevisionRequiredException", "The revision must be specified")
        })?;
        let known = application.revisions.find(&revision.to_find()?)?;
        let is_target =
            |target: &Option<Location>| target.as_ref().is_some_and(|t| *t == known.location);
        let groups = application.groups.values().filter(|group| is_target(&group.target_revision));
        let groups: Vec<&str> = groups.map(|group| group.name.as_str()).collect();
        Ok(json!({
            "applicationName": input.application_name,
            "revision": known.location.describe(known.text.as_deref()),
            "revisionInfo": {
                "description": "Application revision registered by Deployment",
                "deploymentGroups": groups,
                "firstUsedTime": known.registered_at.to_json(),
                "lastUsedTime": known.used_at.to_json(),
                "registerTime": known.registered_at.to_json(),
            },
        }))
    }
}
