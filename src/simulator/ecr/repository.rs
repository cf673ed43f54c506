//! Repositories and the images in them: what is pushed, tagged, archived and deleted.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};

use crate::simulator::moment::Moment;

/// Amazon ECR User Guide, "Restoring an archived image": it takes up to 20 minutes.
const ACTIVATION_TIME: Duration = Duration::from_secs(20 * 60);

/// What is pulled of every image says that it is this large.
const SIZE_BYTES: u64 = 48_000_000;

/// A repository.
#[derive(Debug, Default)]
pub(super) struct Repository {
    /// In the order in which they were pushed.
    pub(super) images: Vec<Image>,
    /// The text of the lifecycle policy.
    pub(super) policy: Option<String>,
    pub(super) evaluated_at: Option<Moment>,
}

/// An image, or an index of images for several platforms.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) digest: String,
    pub(super) tags: BTreeSet<String>,
    /// The digests that an index names, that of `linux/amd64` first.
    pub(super) platforms: Vec<String>,
    pub(super) pushed_at: Moment,
    pub(super) pulled_at: Option<Moment>,
    archived_at: Option<Moment>,
    /// When it was asked to come back from the archive.
    restored_at: Option<Moment>,
}

impl Image {
    pub(super) fn new(digest: String, platforms: Vec<String>, now: Moment) -> Self {
        Image {
            digest,
            tags: BTreeSet::new(),
            platforms,
            pushed_at: now,
            pulled_at: None,
            archived_at: None,
            restored_at: None,
        }
    }

    /// `imageStatus`.
    pub(super) fn status(&self, now: Moment) -> &'static str {
        match (self.archived_at, self.restored_at) {
            (None, _) => "ACTIVE",
            (Some(_), None) => "ARCHIVED",
            (Some(_), Some(at)) if now < at + ACTIVATION_TIME => "ACTIVATING",
            (Some(_), Some(_)) => "ACTIVE",
        }
    }

    pub(super) fn archive(&mut self, now: Moment) {
        self.archived_at = Some(now);
        self.restored_at = None;
    }

    pub(super) fn restore(&mut self, now: Moment) {
        self.restored_at = self.archived_at.map(|_| now);
    }

    pub(super) fn media_type(&self) -> &'static str {
        match self.platforms.is_empty() {
            true => "application/vnd.oci.image.manifest.v1+json",
            false => "application/vnd.oci.image.index.v1+json",
        }
    }

    /// The manifest, of which nobody reads more than which others it names.
    pub(super) fn manifest(&self) -> Value {
        let part = |digest: &String| json!({ "digest": digest });
        let parts: Vec<Value> = self.platforms.iter().map(part).collect();
        json!({ "schemaVersion": 2, "mediaType": self.media_type(), "manifests": parts })
    }

    /// The `imageDetail` shape. One without tags has no such member.
    pub(super) fn detail(&self, registry: &str, repository: &str, now: Moment) -> Value {
        let mut shape = json!({
            "registryId": registry,
            "repositoryName": repository,
            "imageDigest": self.digest,
            "imageSizeInBytes": SIZE_BYTES,
            "imagePushedAt": self.pushed_at.to_json(),
            "imageManifestMediaType": self.media_type(),
            "imageStatus": self.status(now),
        });
        let activated_at = self.restored_at.map(|at| at + ACTIVATION_TIME).filter(|at| *at <= now);
        let config = "application/vnd.oci.image.config.v1+json";
        let optional = [
            ("imageTags", (!self.tags.is_empty()).then(|| json!(self.tags))),
            ("artifactMediaType", self.platforms.is_empty().then(|| json!(config))),
            ("lastRecordedPullTime", self.pulled_at.map(Moment::to_json)),
            ("lastArchivedAt", self.archived_at.map(Moment::to_json)),
            ("lastActivatedAt", activated_at.map(Moment::to_json)),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                shape[name] = value;
            }
        }
        shape
    }
}

impl Repository {
    /// The image of a tag or of a digest.
    pub(super) fn find(&self, reference: &str) -> Option<&Image> {
        self.images.iter().find(|image| image.is(reference))
    }

    pub(super) fn find_mut(&mut self, reference: &str) -> Option<&mut Image> {
        self.images.iter_mut().find(|image| image.is(reference))
    }

    /// Adds an image. A tag moves here from the image that has it.
    pub(super) fn push(&mut self, mut image: Image, tag: Option<&str>) {
        if let Some(tag) = tag {
            self.images.iter_mut().for_each(|other| {
                other.tags.remove(tag);
            });
            image.tags.insert(tag.to_owned());
        }
        self.images.push(image);
    }

    /// Takes a tag away, and with its last tag the image; or by its digest the image. Returns whether
    /// there was one.
    pub(super) fn delete(&mut self, reference: &str) -> bool {
        let Some(image) = self.find_mut(reference) else { return false };
        image.tags.remove(reference);
        let gone = image.digest == reference || image.tags.is_empty();
        let digest = image.digest.clone();
        if gone {
            self.images.retain(|image| image.digest != digest);
        }
        true
    }

    /// Whether an index names it, without which it cannot go.
    pub(super) fn is_part(&self, digest: &str) -> bool {
        self.images.iter().any(|image| image.platforms.iter().any(|part| part == digest))
    }
}

impl Image {
    fn is(&self, reference: &str) -> bool {
        self.digest == reference || self.tags.contains(reference)
    }
}
