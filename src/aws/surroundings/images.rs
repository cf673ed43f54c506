//! DescribeImages: which images are there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bisecting::Batches;
use super::missing::MissingImages;
use super::pass::{Answer, Fault, Pass};
use super::registry::{Among, NO_IMAGE, NO_REPOSITORY, Registry};
use crate::aws::error::unusable;
use crate::aws::operation::Operation;
use crate::aws::pool::Pool;
use crate::clock::Time;
use crate::plan::fleet::{Problem, ProblemClass};
use crate::plan::surroundings::{Image, ImageId, ImageName, ImageSeen, Known, Repository};

/// The most images that one call describes (Amazon ECR API reference, DescribeImages).
const IMAGES_MAX: usize = 100;

/// So many repositories are asked about at once.
const REPOSITORIES_AT_ONCE: usize = 4;

type Seen = BTreeMap<ImageId, Known<ImageSeen>>;

/// Reads images; clones share what they remember.
#[derive(Clone, Debug)]
pub(super) struct Images {
    registry: Registry,
    missing: MissingImages,
}

impl Images {
    pub(super) fn new(registry: Registry) -> Self {
        Self { registry, missing: MissingImages::default() }
    }

    /// Reads images, repository by repository: each of them may be allowed or denied by itself.
    pub(super) async fn read(&self, ids: &[ImageId], pass: Pass) -> Seen {
        let mut repositories: BTreeMap<&Repository, Vec<ImageName>> = BTreeMap::new();
        for ImageId { repository, name } in ids {
            repositories.entry(repository).or_default().push(name.clone());
        }
        let (mut pool, mut seen) = (Pool::new(REPOSITORIES_AT_ONCE), Seen::new());
        for (repository, names) in repositories {
            let (this, repository) = (self.clone(), repository.clone());
            let reading = async move { this.read_repository(&repository, &names, pass).await };
            seen.extend(pool.start(reading).await.unwrap_or_default());
        }
        while let Some(read) = pool.next().await {
            seen.extend(read);
        }
        seen
    }

    /// One that is missing fails a whole call. So those that were missing before are asked for alone,
    /// and a batch that fails so is halved until the missing one is.
    async fn read_repository(
        &self,
        repository: &Repository,
        names: &[ImageName],
        pass: Pass,
    ) -> Seen {
        let id = |name: &ImageName| ImageId { repository: repository.clone(), name: name.clone() };
        let (suspects, others): (Vec<_>, Vec<_>) =
            names.iter().cloned().partition(|name| self.missing.contains(&id(name)));
        let mut rounds = [Batches::of(&others, IMAGES_MAX), Batches::of(&suspects, 1)];
        let mut seen = Seen::new();
        while let Some((round, batch)) = next(&mut rounds) {
            let Answer { at, result } =
                self.registry.describe(repository, &batch, Among::Active, pass).await;
            match result {
                Ok(images) => {
                    for name in &batch {
                        let known = match find(&images, name) {
                            Some(image) => {
                                self.missing.forget(&id(name));
                                Ok(ImageSeen::There(image.clone()))
                            }
                            None => self.unmentioned(&id(name), at, pass).await,
                        };
                        seen.insert(id(name), Known { read_at: at, value: known });
                    }
                }
                Err(fault) if fault.is(NO_REPOSITORY) || fault.is_denied() => {
                    let value = match fault.is(NO_REPOSITORY) {
                        true => Ok(ImageSeen::NoRepository),
                        false => Err(fault.problem),
                    };
                    let known = Known { read_at: at, value };
                    let rest = rounds.iter_mut().flat_map(Batches::drain);
                    seen.extend(batch.into_iter().chain(rest).map(|n| (id(&n), known.clone())));
                }
                Err(fault) if batch.len() > 1 && is_of_one(&fault) => rounds[round].halve(batch),
                Err(fault) => {
                    for name in &batch {
                        let value = match fault.is(NO_IMAGE) {
                            true => Ok(self.gone(&id(name), at, pass).await),
                            false => Err(fault.problem.clone()),
                        };
                        seen.insert(id(name), Known { read_at: at, value });
                    }
                }
            }
        }
        seen
    }

    /// What is to be said of an image that is not among the active ones.
    async fn gone(&self, id: &ImageId, at: Time, pass: Pass) -> ImageSeen {
        self.missing.remember(id, at);
        if let Some(found) = self.missing.archived(id, at) {
            return found.map_or(ImageSeen::Missing, ImageSeen::There);
        }
        // Whatever keeps the archive from being looked into, it cannot be pulled.
        let found = match self.describe_archived(id, pass).await.result {
            Ok(found) => found,
            Err(fault) if fault.is(NO_IMAGE) || fault.problem.class == ProblemClass::Invalid => {
                None
            }
            Err(_) => return ImageSeen::Missing,
        };
        self.missing.found_in_archive(id, at, found.clone());
        found.map_or(ImageSeen::Missing, ImageSeen::There)
    }

    /// What is to be said of an image that an answer without an error leaves out.
    async fn unmentioned(&self, id: &ImageId, at: Time, pass: Pass) -> Result<ImageSeen, Problem> {
        let silent = || {
            let why = "the answer says nothing about the image";
            unusable(Operation::DescribeImages, at, why)
        };
        match self.describe_archived(id, pass).await.result {
            Ok(found) => found.map(ImageSeen::There).ok_or_else(silent),
            Err(fault) if fault.is(NO_IMAGE) => Ok(ImageSeen::Missing),
            Err(_) => Err(silent()),
        }
    }

    /// The image, be it in the archive.
    async fn describe_archived(&self, id: &ImageId, pass: Pass) -> Answer<Option<Image>> {
        let names = std::slice::from_ref(&id.name);
        let answer = self.registry.describe(&id.repository, names, Among::All, pass).await;
        let found = |images: Vec<Image>| find(&images, &id.name).cloned();
        Answer { at: answer.at, result: answer.result.map(found) }
    }
}

/// The next batch, and the round that it is of.
fn next(rounds: &mut [Batches<ImageName>]) -> Option<(usize, Vec<ImageName>)> {
    rounds.iter_mut().enumerate().find_map(|(round, batches)| Some((round, batches.next()?)))
}

/// Whether a whole call may have failed because of one image.
fn is_of_one(fault: &Fault) -> bool {
    fault.is(NO_IMAGE) || fault.problem.class == ProblemClass::Invalid
}

/// The image of that name. One entry may stand for several names.
fn find<'a>(images: &'a [Image], name: &ImageName) -> Option<&'a Image> {
    images.iter().find(|image| match name {
        ImageName::Digest(digest) => image.digest == *digest,
        ImageName::Tag(tag) => image.tags.iter().any(|of: &Arc<str>| of == tag),
    })
}
