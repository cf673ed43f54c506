//! Revisions: where an AppSpec is, and the register of those that an application has deployed.

use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::errors::{invalid_revision, no_revision};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;

/// `RevisionLocation`, as requests have it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RevisionInput {
    revision_type: Option<String>,
    app_spec_content: Option<ContentInput>,
    string: Option<ContentInput>,
    s3_location: Option<Object>,
}

#[derive(Debug, Deserialize)]
struct ContentInput {
    content: Option<String>,
    sha256: Option<String>,
}

/// An object in Amazon S3; its version does not matter here.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Object {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) bundle_type: Option<String>,
}

/// Where an AppSpec is. Two are the same revision when they are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Location {
    AppSpecContent { sha256: String },
    RawString { sha256: String },
    S3(Object),
}

/// A revision that an application knows.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) location: Location,
    /// The AppSpec; that of an object is known as long as the object is there.
    pub(crate) text: Option<String>,
    pub(crate) registered_at: Moment,
    pub(crate) used_at: Moment,
}

impl RevisionInput {
    /// The AppSpec itself.
    pub(crate) fn of_text(text: &str) -> Self {
        let content = ContentInput { content: Some(text.to_owned()), sha256: None };
        RevisionInput {
            revision_type: Some("AppSpecContent".to_owned()),
            app_spec_content: Some(content),
            ..RevisionInput::default()
        }
    }

    /// The revision to deploy, and its text where the request has it.
    pub(crate) fn to_deploy(&self) -> Result<(Location, Option<String>), ApiError> {
        let hashed = |input: &Option<ContentInput>| {
            let input = input.as_ref().ok_or_else(|| invalid_revision("it has no content"))?;
            let text = input.content.clone().filter(|text| !text.is_empty());
            let text = text.ok_or_else(|| invalid_revision("it has no content"))?;
            let sha256 = sha256(&text);
            if input.sha256.as_ref().is_some_and(|claimed| *claimed != sha256) {
                return Err(invalid_revision("its content has another SHA256 than it says"));
            }
            Ok((sha256, text))
        };
        match self.revision_type.as_deref() {
            Some("AppSpecContent") => {
                let (sha256, text) = hashed(&self.app_spec_content)?;
                Ok((Location::AppSpecContent { sha256 }, Some(text)))
            }
            Some("String") => {
                let (sha256, text) = hashed(&self.string)?;
                Ok((Location::RawString { sha256 }, Some(text)))
            }
            _ => Ok((self.to_find()?, None)),
        }
    }

    /// The revision that is asked for.
    pub(crate) fn to_find(&self) -> Result<Location, ApiError> {
        let hash = |input: &Option<ContentInput>| {
            let input = input.as_ref();
            let given = input.and_then(|input| input.sha256.clone());
            let made = || input.and_then(|input| input.content.as_deref()).map(sha256);
            given.or_else(made).ok_or_else(|| invalid_revision("it has no SHA256"))
        };
        match self.revision_type.as_deref() {
            Some("AppSpecContent") => {
                Ok(Location::AppSpecContent { sha256: hash(&self.app_spec_content)? })
            }
            Some("String") => Ok(Location::RawString { sha256: hash(&self.string)? }),
            Some("S3") => {
                let object = self.s3_location.clone();
                Ok(Location::S3(object.ok_or_else(|| invalid_revision("it names no object"))?))
            }
            _ => Err(invalid_revision("its type is not supported for Amazon ECS")),
        }
    }
}

impl Location {
    /// `RevisionLocation`, with the text where it is told.
    pub(crate) fn describe(&self, text: Option<&str>) -> Value {
        let content = |sha256: &str| match text {
            Some(text) => json!({ "content": text, "sha256": sha256 }),
            None => json!({ "sha256": sha256 }),
        };
        match self {
            Location::AppSpecContent { sha256 } => {
                json!({ "revisionType": "AppSpecContent", "appSpecContent": content(sha256) })
            }
            Location::RawString { sha256 } => {
                json!({ "revisionType": "String", "string": content(sha256) })
            }
            Location::S3(object) => {
                let mut location = json!({ "bucket": object.bucket, "key": object.key });
                if let Some(kind) = &object.bundle_type {
                    location["bundleType"] = json!(kind);
                }
                json!({ "revisionType": "S3", "s3Location": location })
            }
        }
    }
}

/// The register of an application's revisions.
#[derive(Debug, Default)]
pub(crate) struct Revisions(Vec<Registered>);

impl Revisions {
    /// Notes that a revision is deployed.
    pub(crate) fn note(&mut self, location: &Location, text: Option<String>, now: Moment) {
        match self.0.iter_mut().find(|known| known.location == *location) {
            Some(known) => {
                known.used_at = now;
                known.text = text.or(known.text.take());
            }
            None => self.0.push(Registered {
                location: location.clone(),
                text,
                registered_at: now,
                used_at: now,
            }),
        }
    }

    pub(crate) fn find(&self, location: &Location) -> Result<&Registered, ApiError> {
        self.0.iter().find(|known| known.location == *location).ok_or_else(no_revision)
    }

    pub(crate) fn forget(&mut self, location: &Location) {
        self.0.retain(|known| known.location != *location);
    }
}

/// The SHA256 of a text, as AWS writes it.
pub(crate) fn sha256(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(value: Value) -> RevisionInput {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn the_hash_is_what_everybody_computes() {
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256("abc"), known);
        let found = input(json!({ "revisionType": "String", "string": { "sha256": known } }));
        let made = input(json!({ "revisionType": "String", "string": { "content": "abc" } }));
        assert_eq!(found.to_find(), made.to_find());
        assert_eq!(made.to_deploy().unwrap().1.as_deref(), Some("abc"));
    }

    #[test]
    fn a_revision_that_says_too_little_is_refused() {
        for value in [
            json!({}),
            json!({ "revisionType": "GitHub" }),
            json!({ "revisionType": "S3" }),
            json!({ "revisionType": "AppSpecContent" }),
            json!({ "revisionType": "AppSpecContent", "string": { "content": "abc" } }),
            json!({ "revisionType": "AppSpecContent", "appSpecContent": { "sha256": "00" } }),
            json!({ "revisionType": "String", "string": { "content": "abc", "sha256": "00" } }),
        ] {
            let error = input(value.clone()).to_deploy().unwrap_err();
            assert_eq!(error.code, "InvalidRevisionException", "{value}");
        }
    }
}
