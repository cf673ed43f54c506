//! A small Amazon ECR: the private registry of the account, with its repositories and images.
//!
//! Amazon ECS pulls from here what task definitions name. Not simulated: layers, scans, pushing through
//! the API, and the registries of other accounts, which refuse everybody. Operations that are not
//! implemented fail loudly.

mod api;
mod lifecycle;
mod pull;
mod pull_through;
mod repository;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use pull::Pulled;

use super::error::ApiError;
use super::identity::{Identity, Ids};
use super::moment::Moment;
use pull_through::Rule;
use repository::{Image, Repository};

/// `X-Amz-Target` of every ECR operation begins with this.
pub(crate) const TARGET_PREFIX: &str = "AmazonEC2ContainerRegistry_V20150921";

/// The state of the simulated registry.
#[derive(Debug)]
pub(crate) struct Ecr {
    identity: Identity,
    /// What references to images here begin with.
    host: String,
    ids: Ids,
    repositories: BTreeMap<String, Repository>,
    /// The rules of the pull through cache, by the prefixes of their repositories.
    rules: BTreeMap<String, Rule>,
}

impl Ecr {
    pub(crate) fn new(identity: Identity, seed: u64) -> Self {
        // Drawn from apart, so that images change no other id.
        let ids = Ids::new(seed ^ 0x00ec_0000_0000_00ec);
        let host = format!("{}.dkr.ecr.{}.amazonaws.com", identity.account, identity.region);
        Ecr { identity, host, ids, repositories: BTreeMap::new(), rules: BTreeMap::new() }
    }

    /// Answers one operation.
    pub(crate) fn call(
        &mut self,
        operation: &str,
        input: &Value,
        now: Moment,
    ) -> Result<Value, ApiError> {
        self.check_registry(operation, input)?;
        match operation {
            "DescribeImages" => self.describe_images(&api::parse(input)?, now),
            "BatchGetImage" => self.batch_get_image(&api::parse(input)?, now),
            "GetLifecyclePolicy" => self.get_lifecycle_policy(&api::parse(input)?),
            "DescribePullThroughCacheRules" => self.describe_rules(&api::parse(input)?),
            _ => Err(ApiError::unknown_operation(operation)),
        }
    }

    /// The host of the registry in image references.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Pushes an image, and makes its repository if it is not there. Returns its digest.
    pub(crate) fn push(&mut self, repository: &str, tag: &str, now: Moment) -> String {
        let image = Image::new(self.ids.digest(), Vec::new(), now);
        let digest = image.digest.clone();
        self.repositories.entry(repository.to_owned()).or_default().push(image, Some(tag));
        digest
    }

    /// Pushes an index with an image for each of two platforms, which have no tags. Returns the digest of
    /// the index and those of the images.
    pub(crate) fn push_index(
        &mut self,
        repository: &str,
        tag: &str,
        now: Moment,
    ) -> (String, Vec<String>) {
        let platforms = vec![self.ids.digest(), self.ids.digest()];
        let index = Image::new(self.ids.digest(), platforms.clone(), now);
        let digest = index.digest.clone();
        let into = self.repositories.entry(repository.to_owned()).or_default();
        for platform in &platforms {
            into.push(Image::new(platform.clone(), Vec::new(), now), None);
        }
        into.push(index, Some(tag));
        (digest, platforms)
    }

    /// Takes away a tag, or an image by its digest. Returns whether it was there.
    pub(crate) fn delete(&mut self, repository: &str, reference: &str) -> bool {
        self.repositories.get_mut(repository).is_some_and(|found| found.delete(reference))
    }

    /// Archives an image. Returns whether it was there.
    pub(crate) fn archive(&mut self, repository: &str, reference: &str, now: Moment) -> bool {
        let image = self.repositories.get_mut(repository).and_then(|r| r.find_mut(reference));
        image.map(|image| image.archive(now)).is_some()
    }

    /// Begins to bring an image back from the archive. Returns whether it was there.
    pub(crate) fn restore(&mut self, repository: &str, reference: &str, now: Moment) -> bool {
        let image = self.repositories.get_mut(repository).and_then(|r| r.find_mut(reference));
        image.map(|image| image.restore(now)).is_some()
    }

    /// Deletes a repository with its images. Returns whether it was there.
    pub(crate) fn delete_repository(&mut self, repository: &str) -> bool {
        self.repositories.remove(repository).is_some()
    }

    fn repository(&self, name: &str) -> Result<&Repository, ApiError> {
        self.repositories.get(name).ok_or_else(|| self.repository_not_found(name))
    }

    fn repository_not_found(&self, name: &str) -> ApiError {
        let message = format!(
            "The repository with name '{name}' does not exist in the registry with id '{}'",
            self.identity.account
        );
        ApiError::client("RepositoryNotFoundException", message)
    }

    /// IAM refuses what the policy of another account's repository does not allow before anybody looks
    /// whether it is there.
    fn check_registry(&self, operation: &str, input: &Value) -> Result<(), ApiError> {
        let own = self.identity.account.as_str();
        let asked = input.get("registryId").and_then(Value::as_str).unwrap_or(own);
        if asked == own {
            return Ok(());
        }
        let repository = input.get("repositoryName").and_then(Value::as_str).unwrap_or("*");
        let message = format!(
            "User: arn:aws:iam::{own}:user/caller is not authorized to perform: ecr:{operation} on \
             resource: arn:aws:ecr:{}:{asked}:repository/{repository} because no resource-based policy \
             allows the ecr:{operation} action",
            self.identity.region
        );
        Err(ApiError::client("AccessDeniedException", message))
    }
}

/// The repository that a request is about, for the call log and for faults that hit single ones.
pub(crate) fn resources(input: &Value) -> Vec<String> {
    let repository = input.get("repositoryName").and_then(Value::as_str);
    let prefixes = input.get("ecrRepositoryPrefixes").and_then(Value::as_array);
    let prefixes = prefixes.into_iter().flatten().filter_map(Value::as_str);
    repository.into_iter().chain(prefixes).map(str::to_owned).collect()
}
