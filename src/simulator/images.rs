//! Images in the account's registry, as their owners push, tag and delete them beside the API.
//!
//! Methods that name what is not there panic: the scenario that calls them is wrong, and should hear of
//! it where it is.

use super::Simulator;
use super::ecr::Ecr;
use super::moment::Moment;

impl Simulator {
    /// What an image in a repository of the account is called in a task definition, e.g. of `api:v1`.
    pub fn image_reference(&self, image: &str) -> String {
        self.with_world(|world, _| format!("{}/{image}", world.ecs.ecr.host()))
    }

    /// Somebody pushes an image, and makes its repository if it is not there. A tag moves: the image that
    /// had it stays without. Returns the digest.
    pub fn push_image(&self, repository: &str, tag: &str) -> String {
        self.with_world(|world, now| world.ecs.ecr.push(repository, tag, now))
    }

    /// Somebody pushes an index with the images of two platforms, `linux/amd64` first, which have no tags.
    /// Returns the digest of the index and those of the images.
    pub fn push_index(&self, repository: &str, tag: &str) -> (String, Vec<String>) {
        self.with_world(|world, now| world.ecs.ecr.push_index(repository, tag, now))
    }

    /// Somebody takes a tag away, and with the last one the image; or deletes an image by its digest.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn delete_image(&self, repository: &str, reference: &str) {
        let found = self.with_world(|world, _| world.ecs.ecr.delete(repository, reference));
        assert!(found, "the simulated registry has no image {repository} {reference}");
    }

    /// Somebody archives an image, named by a tag or its digest: it is there, but cannot be pulled.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn archive_image(&self, repository: &str, reference: &str) {
        self.on_image(repository, reference, |ecr, now| ecr.archive(repository, reference, now));
    }

    /// Somebody asks for an image back from the archive, which takes 20 minutes.
    ///
    /// # Panics
    /// When there is no such image.
    pub fn restore_image(&self, repository: &str, reference: &str) {
        self.on_image(repository, reference, |ecr, now| ecr.restore(repository, reference, now));
    }

    /// Sets the lifecycle policy of a repository. Nothing comes of it before [`Self::apply_lifecycle`].
    ///
    /// # Panics
    /// When there is no such repository, or the text is no policy that can be simulated.
    pub fn set_lifecycle_policy(&self, repository: &str, policy: &str) {
        let set = self.with_world(|world, _| world.ecs.ecr.set_policy(repository, policy));
        set.unwrap_or_else(|error| panic!("{repository}: {error}"));
    }

    /// Amazon ECR does what the lifecycle policy of a repository says, as it does within a day.
    ///
    /// # Panics
    /// When there is no such repository.
    pub fn apply_lifecycle(&self, repository: &str) {
        let found = self.with_world(|world, now| world.ecs.ecr.apply_policy(repository, now));
        assert!(found, "the simulated registry has no repository {repository}");
    }

    /// Adds a rule of the pull through cache: what is pulled from `prefix/...` and is not there comes from
    /// the upstream registry, e.g. `registry-1.docker.io`, where everything is.
    pub fn add_pull_through_rule(&self, prefix: &str, upstream: &str) {
        self.with_world(|world, now| world.ecs.ecr.add_rule(prefix, upstream, now));
    }

    /// Somebody deletes a repository with all its images.
    ///
    /// # Panics
    /// When there is no such repository.
    pub fn delete_repository(&self, repository: &str) {
        let found = self.with_world(|world, _| world.ecs.ecr.delete_repository(repository));
        assert!(found, "the simulated registry has no repository {repository}");
    }

    fn on_image(
        &self,
        repository: &str,
        reference: &str,
        run: impl FnOnce(&mut Ecr, Moment) -> bool,
    ) {
        let found = self.with_world(|world, now| run(&mut world.ecs.ecr, now));
        assert!(found, "the simulated registry has no image {repository} {reference}");
    }
}
