//! Where CodeDeploy deploys a service, and what its owner gave it last.

use std::sync::Arc;
use std::time::Duration;

use crate::plan::code_deploy::AppSpec;

/// The application and deployment group of a service with the controller CODE_DEPLOY.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeDeployGroup {
    pub application: Arc<str>,
    pub group: Arc<str>,
    /// How long the old tasks are kept after production traffic has moved. `None`: for ever.
    pub termination_wait: Option<Duration>,
    /// How long a deployment waits for a person at `Ready`, where it does.
    pub ready_wait: Option<Duration>,
    /// How long traffic takes to move, by its deployment configuration.
    pub shift: Duration,
    /// Whether CodeDeploy goes back by itself when a deployment fails.
    pub rolls_back: bool,
    /// The deployment of the group that is under way, if one is.
    pub under_way: Option<Arc<str>>,
    pub revision: Revision,
}

/// What the last deployment was made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Revision {
    AppSpec(Box<AppSpec>),
    /// An AppSpec in Amazon S3, which CodeDeploy reads itself.
    S3(S3Revision),
    /// Why there is none to be had, in words.
    Missing(Arc<str>),
}

/// An object of Amazon S3 that is the same as when it was deployed, or CodeDeploy refuses it: the
/// version or the entity tag is part of the name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Revision {
    pub bucket: Arc<str>,
    pub key: Arc<str>,
    pub bundle_type: Option<Arc<str>>,
    pub version: Option<Arc<str>>,
    pub entity_tag: Option<Arc<str>>,
}
