//! DescribeImages, BatchGetImage and GetLifecyclePolicy.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ecr;
use super::repository::{Image, Repository};
use crate::simulator::error::ApiError;
use crate::simulator::moment::Moment;
use crate::simulator::paging::Page;

/// Both operations take at most this many image ids.
const IDS_MAX: usize = 100;
pub(super) const PAGE_DEFAULT: usize = 100;
pub(super) const PAGE_MAX: usize = 1000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DescribeImages {
    repository_name: String,
    image_ids: Option<Vec<ImageId>>,
    filter: Option<Filter>,
    next_token: Option<String>,
    max_results: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchGetImage {
    repository_name: String,
    image_ids: Vec<ImageId>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetLifecyclePolicy {
    repository_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImageId {
    image_digest: Option<String>,
    image_tag: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    tag_status: Option<String>,
    image_status: Option<String>,
}

/// Reads the input of an operation.
pub(super) fn parse<'a, T: Deserialize<'a>>(input: &'a Value) -> Result<T, ApiError> {
    T::deserialize(input).map_err(|error| {
        ApiError::client("SerializationException", format!("cannot read the request: {error}"))
    })
}

impl Ecr {
    /// Of several ids one that is not there fails the whole call.
    pub(super) fn describe_images(
        &self,
        input: &DescribeImages,
        now: Moment,
    ) -> Result<Value, ApiError> {
        let repository = self.repository(&input.repository_name)?;
        let filter = input.filter.as_ref();
        let (images, next_token) = match &input.image_ids {
            Some(ids) => {
                check_ids(ids)?;
                if input.next_token.is_some() || input.max_results.is_some() {
                    return Err(ApiError::invalid_parameter(
                        "maxResults and nextToken cannot be used together with imageIds",
                    ));
                }
                let mut found = BTreeMap::new();
                for id in ids {
                    let image = id.find(repository);
                    let image = image.ok_or_else(|| self.not_found(&input.repository_name, id))?;
                    found.insert(image.digest.as_str(), image);
                }
                // Archived images are described, too, where no filter says otherwise.
                let selects = |image: &&Image| filter.is_none_or(|f| f.selects(image, now));
                (found.into_values().filter(selects).collect(), None)
            }
            None => list(repository, input, now)?,
        };
        let (registry, name) = (&self.identity.account, &input.repository_name);
        let details: Vec<Value> =
            images.into_iter().map(|image| image.detail(registry, name, now)).collect();
        Ok(json!({ "imageDetails": details, "nextToken": next_token }))
    }

    /// Whoever gets a manifest is taken for one who pulls.
    pub(super) fn batch_get_image(
        &mut self,
        input: &BatchGetImage,
        now: Moment,
    ) -> Result<Value, ApiError> {
        check_ids(&input.image_ids)?;
        let name = &input.repository_name;
        let registry = self.identity.account.clone();
        let missing = self.repository_not_found(name);
        let repository = self.repositories.get_mut(name).ok_or(missing)?;
        let (mut images, mut failures) = (Vec::new(), Vec::new());
        for id in &input.image_ids {
            let digest = id.find(repository).map(|image| image.digest.clone());
            let found = digest.and_then(|digest| repository.find_mut(&digest));
            let Some(image) = found.filter(|image| image.status(now) == "ACTIVE") else {
                failures.push(json!({
                    "imageId": id.shape(),
                    "failureCode": "ImageNotFound",
                    "failureReason": "Requested image not found",
                }));
                continue;
            };
            image.pulled_at = Some(now);
            let mut image_id = id.shape();
            image_id["imageDigest"] = json!(image.digest);
            images.push(json!({
                "registryId": registry,
                "repositoryName": name,
                "imageId": image_id,
                "imageManifest": image.manifest().to_string(),
                "imageManifestMediaType": image.media_type(),
            }));
        }
        Ok(json!({ "images": images, "failures": failures }))
    }

    pub(super) fn get_lifecycle_policy(
        &self,
        input: &GetLifecyclePolicy,
    ) -> Result<Value, ApiError> {
        let (registry, name) = (&self.identity.account, &input.repository_name);
        let repository = self.repository(name)?;
        let Some(policy) = &repository.policy else {
            let message = format!(
                "Lifecycle policy does not exist for the repository with name '{name}' in the \
                 registry with id '{registry}'"
            );
            return Err(ApiError::client("LifecyclePolicyNotFoundException", message));
        };
        Ok(json!({
            "registryId": registry,
            "repositoryName": name,
            "lifecyclePolicyText": policy,
            "lastEvaluatedAt": repository.evaluated_at.map(Moment::to_json),
        }))
    }

    fn not_found(&self, repository: &str, id: &ImageId) -> ApiError {
        let text = |part: &Option<String>| part.clone().unwrap_or_else(|| "null".to_owned());
        let message = format!(
            "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the \
             repository with name '{repository}' in the registry with id '{}'",
            text(&id.image_digest),
            text(&id.image_tag),
            self.identity.account
        );
        ApiError::client("ImageNotFoundException", message)
    }
}

/// A listing shows only images that can be pulled, unless it is asked for others.
fn list<'a>(
    repository: &'a Repository,
    input: &DescribeImages,
    now: Moment,
) -> Result<(Vec<&'a Image>, Option<String>), ApiError> {
    let token = input.next_token.as_deref();
    let page = Page::parse(token, input.max_results, PAGE_DEFAULT, PAGE_MAX)?;
    let none = Filter::default();
    let filter = input.filter.as_ref().unwrap_or(&none);
    let in_order: BTreeMap<&str, &Image> =
        repository.images.iter().map(|image| (image.digest.as_str(), image)).collect();
    let behind = |image: &&Image| page.after.as_ref().is_none_or(|after| image.digest > *after);
    let selected = in_order.into_values().filter(behind).filter(|i| filter.selects(i, now));
    Ok(page.take(selected, |image| image.digest.clone()))
}

fn check_ids(ids: &[ImageId]) -> Result<(), ApiError> {
    if ids.is_empty() || ids.len() > IDS_MAX {
        let message = "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must \
                       have length between 1 and 100'";
        return Err(ApiError::invalid_parameter(message));
    }
    if ids.iter().any(|id| id.image_digest.is_none() && id.image_tag.is_none()) {
        let message = "Invalid parameter at 'imageIds' failed to satisfy constraint: 'Image \
                       identifier must contain a tag or a digest'";
        return Err(ApiError::invalid_parameter(message));
    }
    Ok(())
}

impl ImageId {
    /// The image that has both what is said of its digest and of its tag.
    fn find<'a>(&self, repository: &'a Repository) -> Option<&'a Image> {
        repository.images.iter().find(|image| {
            self.image_digest.as_ref().is_none_or(|digest| image.digest == *digest)
                && self.image_tag.as_ref().is_none_or(|tag| image.tags.contains(tag))
        })
    }

    fn shape(&self) -> Value {
        let mut shape = json!({});
        for (name, part) in [("imageDigest", &self.image_digest), ("imageTag", &self.image_tag)] {
            if let Some(part) = part {
                shape[name] = json!(part);
            }
        }
        shape
    }
}

impl Filter {
    fn selects(&self, image: &Image, now: Moment) -> bool {
        let tagged = match self.tag_status.as_deref() {
            Some("TAGGED") => !image.tags.is_empty(),
            Some("UNTAGGED") => image.tags.is_empty(),
            _ => true,
        };
        let status = match self.image_status.as_deref() {
            None => image.status(now) == "ACTIVE",
            Some("ANY") => true,
            Some(asked) => image.status(now) == asked,
        };
        tagged && status
    }
}
