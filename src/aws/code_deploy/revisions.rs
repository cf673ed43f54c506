//! What deployments were made of: where it is said, and its text.

use std::sync::Arc;

use aws_sdk_codedeploy::types::{
    AppSpecContent, BundleType, RevisionLocation, RevisionLocationType, S3Location,
};

use super::CodeDeploy;
use crate::aws::operation::Operation;
use crate::plan::code_deploy::AppSpec;
use crate::plan::fleet::Problem;
use crate::plan::step::SentRevision;
use crate::plan::surroundings::{Revision, S3Revision};

/// Where a deployment says that its revision is.
#[derive(Clone, Debug)]
pub(in crate::aws) enum Location {
    /// With CodeDeploy, by the digest of its text.
    Text {
        sha256: String,
    },
    S3(S3Revision),
    Nowhere(&'static str),
}

impl Location {
    pub(super) fn of(wire: Option<&RevisionLocation>) -> Self {
        let Some(wire) = wire else {
            return Self::Nowhere("its last deployment does not tell its revision");
        };
        match wire.revision_type() {
            Some(RevisionLocationType::AppSpecContent) => {
                match wire.app_spec_content().and_then(AppSpecContent::sha256) {
                    Some(sha256) => Self::Text { sha256: sha256.to_owned() },
                    None => Self::Nowhere("the revision of its last deployment has no digest"),
                }
            }
            Some(RevisionLocationType::S3) => wire.s3_location().and_then(s3).map_or_else(
                || {
                    Self::Nowhere(
                        "its last AppSpec is an object of Amazon S3 that may have changed since: \
                             it was deployed without version and eTag",
                    )
                },
                Self::S3,
            ),
            _ => Self::Nowhere("its last revision is neither an AppSpec's text nor in Amazon S3"),
        }
    }
}

/// An object that can be told from what is there under its name now.
fn s3(wire: &S3Location) -> Option<S3Revision> {
    let text = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(Arc::from);
    let object = S3Revision {
        bucket: wire.bucket()?.into(),
        key: wire.key()?.into(),
        bundle_type: wire.bundle_type().map(|kind| kind.as_str().into()),
        version: text(wire.version()),
        entity_tag: text(wire.e_tag()),
    };
    (object.version.is_some() || object.entity_tag.is_some()).then_some(object)
}

impl CodeDeploy {
    /// The revision at that place, read as far as it has to be understood.
    pub(in crate::aws) async fn revision(
        &self,
        application: &str,
        location: &Location,
    ) -> Result<Revision, Problem> {
        let sha256 = match location {
            Location::Text { sha256 } => sha256,
            Location::S3(object) => return Ok(Revision::S3(object.clone())),
            Location::Nowhere(why) => return Ok(Revision::Missing((*why).into())),
        };
        let wanted = by_digest(sha256);
        let sent = self
            .send(Operation::GetApplicationRevision, |client, attempts| {
                client
                    .get_application_revision()
                    .application_name(application)
                    .revision(wanted)
                    .customize()
                    .interceptor(attempts)
                    .send()
            })
            .await;
        let output = sent.result?;
        let text = output.revision().and_then(|found| found.app_spec_content()?.content());
        Ok(match text {
            None => {
                Revision::Missing("CodeDeploy does not give the text of its last AppSpec".into())
            }
            Some(text) => match AppSpec::read(text) {
                Ok(app_spec) => Revision::AppSpec(Box::new(app_spec)),
                Err(why) => {
                    Revision::Missing(format!("its last AppSpec cannot be used: {why}").into())
                }
            },
        })
    }
}

fn by_digest(sha256: &str) -> RevisionLocation {
    RevisionLocation::builder()
        .revision_type(RevisionLocationType::AppSpecContent)
        .app_spec_content(AppSpecContent::builder().sha256(sha256).build())
        .build()
}

/// What a new deployment is made of.
pub(super) fn sent(revision: &SentRevision) -> RevisionLocation {
    let location = RevisionLocation::builder();
    match revision {
        SentRevision::AppSpec(text) => location
            .revision_type(RevisionLocationType::AppSpecContent)
            .app_spec_content(AppSpecContent::builder().content(&**text).build())
            .build(),
        SentRevision::S3(object) => {
            let text = |text: &Option<Arc<str>>| text.as_deref().map(str::to_owned);
            let place = S3Location::builder()
                .bucket(&*object.bucket)
                .key(&*object.key)
                .set_bundle_type(object.bundle_type.as_deref().map(BundleType::from))
                .set_version(text(&object.version))
                .set_e_tag(text(&object.entity_tag))
                .build();
            location.revision_type(RevisionLocationType::S3).s3_location(place).build()
        }
    }
}
