//! Amazon ECR: what its API tells of images, lifecycle policies and pull-through caches, call by call.

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types as wire;

use super::pass::{Answer, Asker, Pass};
use crate::aws::client::{Ecs, Page};
use crate::aws::error::bounded;
use crate::aws::operation::Operation;
use crate::clock::Time;
use crate::plan::surroundings::{Image, ImageKind, ImageName, ImageStatus, Repository};

/// The code of an error about an image that is not there.
pub(super) const NO_IMAGE: &str = "ImageNotFoundException";

/// The code of an error about a repository that is not there.
pub(super) const NO_REPOSITORY: &str = "RepositoryNotFoundException";

/// The code of an error about a repository that has no lifecycle policy.
pub(super) const NO_POLICY: &str = "LifecyclePolicyNotFoundException";

/// The longest pages of DescribeImages and DescribePullThroughCacheRules (Amazon ECR API reference).
const PAGE_MAX: i32 = 1000;

/// Which images are described: without a filter it is the active ones (Amazon ECR API reference,
/// DescribeImagesFilter).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    Active,
    /// Those in the archive, and on their way back from it, too.
    All,
}

/// Asks Amazon ECR; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Registry {
    client: Client,
    asker: Asker,
}

impl Registry {
    pub(super) fn new(ecs: &Ecs) -> Self {
        Self { client: Client::new(ecs.sdk()), asker: Asker::new(ecs) }
    }

    /// DescribeImages for at most 100 names.
    pub(super) async fn describe(
        &self,
        repository: &Repository,
        names: &[ImageName],
        among: Among,
        pass: Pass,
    ) -> Answer<Vec<Image>> {
        let id = |name: &ImageName| {
            let id = wire::ImageIdentifier::builder();
            match name {
                ImageName::Tag(tag) => id.image_tag(&**tag).build(),
                ImageName::Digest(digest) => id.image_digest(&**digest).build(),
            }
        };
        let filter = (among == Among::All).then(|| {
            let any = wire::ImageStatusFilter::Any;
            wire::DescribeImagesFilter::builder().image_status(any).build()
        });
        let answer = self.asker.ask(Operation::DescribeImages, pass, |attempts| {
            self.client
                .describe_images()
                .registry_id(&*repository.account)
                .repository_name(&*repository.name)
                .set_image_ids(Some(names.iter().map(id).collect()))
                .set_filter(filter)
                .customize()
                .interceptor(attempts)
                .send()
        });
        let Answer { at, result } = answer.await;
        let images = result.map(|output| output.image_details().iter().filter_map(image).collect());
        Answer { at, result: images }
    }

    /// One page of all active images of a repository.
    pub(super) async fn page(
        &self,
        repository: &Repository,
        token: Option<String>,
        pass: Pass,
    ) -> Answer<Page<Image>> {
        let answer = self.asker.ask(Operation::DescribeImages, pass, |attempts| {
            self.client
                .describe_images()
                .registry_id(&*repository.account)
                .repository_name(&*repository.name)
                .max_results(PAGE_MAX)
                .set_next_token(token)
                .customize()
                .interceptor(attempts)
                .send()
        });
        let Answer { at, result } = answer.await;
        let page = result.map(|output| {
            let images = output.image_details().iter().filter_map(image).collect();
            Page::new(images, output.next_token)
        });
        Answer { at, result: page }
    }

    /// The text of a repository's lifecycle policy.
    pub(super) async fn lifecycle_text(
        &self,
        repository: &Repository,
        pass: Pass,
    ) -> Answer<Option<String>> {
        let answer = self.asker.ask(Operation::GetLifecyclePolicy, pass, |attempts| {
            self.client
                .get_lifecycle_policy()
                .registry_id(&*repository.account)
                .repository_name(&*repository.name)
                .customize()
                .interceptor(attempts)
                .send()
        });
        let Answer { at, result } = answer.await;
        Answer { at, result: result.map(|output| output.lifecycle_policy_text) }
    }

    /// One page of the prefixes of the account's rules for pull-through caches.
    pub(super) async fn prefixes(&self, token: Option<String>, pass: Pass) -> Answer<Page<String>> {
        let operation = Operation::DescribePullThroughCacheRules;
        let answer = self.asker.ask(operation, pass, |attempts| {
            self.client
                .describe_pull_through_cache_rules()
                .max_results(PAGE_MAX)
                .set_next_token(token)
                .customize()
                .interceptor(attempts)
                .send()
        });
        let Answer { at, result } = answer.await;
        let page = result.map(|output| {
            let rules = output.pull_through_cache_rules.unwrap_or_default().into_iter();
            let prefixes = rules.filter_map(|rule| rule.ecr_repository_prefix).collect();
            Page::new(prefixes, output.next_token)
        });
        Answer { at, result: page }
    }
}

/// An image; none where the answer does not say which.
fn image(detail: &wire::ImageDetail) -> Option<Image> {
    let time = |wire: &aws_sdk_ecr::primitives::DateTime| {
        Time::from_timestamp(wire.secs(), wire.subsec_nanos())
    };
    Some(Image {
        digest: detail.image_digest()?.into(),
        status: match detail.image_status() {
            // A registry that has no archive does not say it.
            None | Some(wire::ImageStatus::Active) => ImageStatus::Active,
            Some(wire::ImageStatus::Archived) => ImageStatus::Archived,
            Some(wire::ImageStatus::Activating) => ImageStatus::Activating,
            Some(other) => ImageStatus::Unknown(bounded(other.as_str()).into()),
        },
        kind: kind(detail.image_manifest_media_type(), detail.artifact_media_type()),
        tags: detail.image_tags().iter().map(|tag| tag.as_str().into()).collect(),
        pushed_at: detail.image_pushed_at().and_then(time),
        last_pulled_at: detail.last_recorded_pull_time().and_then(time),
    })
}

/// What the media types of a manifest, and of what it is about, say (OCI image and Docker registry
/// specifications).
fn kind(manifest: Option<&str>, artifact: Option<&str>) -> ImageKind {
    let of_image = [
        "application/vnd.oci.image.config.v1+json",
        "application/vnd.docker.container.image.v1+json",
    ];
    if let Some(other) = artifact.filter(|artifact| !of_image.contains(artifact)) {
        return ImageKind::NoImage(bounded(other).into());
    }
    match manifest {
        Some(
            "application/vnd.oci.image.index.v1+json"
            | "application/vnd.docker.distribution.manifest.list.v2+json",
        ) => ImageKind::Index,
        Some(
            "application/vnd.oci.image.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v2+json"
            | "application/vnd.docker.distribution.manifest.v1+json"
            | "application/vnd.docker.distribution.manifest.v1+prettyjws",
        ) => ImageKind::Manifest,
        _ => ImageKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_media_types_tell_images_from_what_else_a_registry_holds() {
        let oci = "application/vnd.oci.image.manifest.v1+json";
        let docker = "application/vnd.docker.distribution.manifest.v2+json";
        let index = "application/vnd.oci.image.index.v1+json";
        let list = "application/vnd.docker.distribution.manifest.list.v2+json";
        let config = "application/vnd.oci.image.config.v1+json";
        let container = "application/vnd.docker.container.image.v1+json";
        let helm = "application/vnd.cncf.helm.config.v1+json";
        let none = || ImageKind::NoImage(helm.into());
        for (manifest, artifact, expected) in [
            (Some(index), None, ImageKind::Index),
            (Some(index), Some(config), ImageKind::Index),
            (Some(list), None, ImageKind::Index),
            (Some(oci), Some(config), ImageKind::Manifest),
            (Some(docker), Some(container), ImageKind::Manifest),
            (Some(docker), None, ImageKind::Manifest),
            (Some(oci), Some(helm), none()),
            (Some("application/new"), Some(helm), none()),
            (Some("application/new"), None, ImageKind::Unknown),
            (Some("application/new"), Some(config), ImageKind::Unknown),
            (None, None, ImageKind::Unknown),
            (None, Some(helm), none()),
        ] {
            assert_eq!(kind(manifest, artifact), expected, "{manifest:?} {artifact:?}");
        }
    }
}
