//! The containers that a refresh launches: where their images come from, and what runs of them now.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::reference::{EcrImage, Part, Reference, is_sha256};
use crate::plan::evidence::Images;
use crate::plan::fleet::Deployment;
use crate::plan::key::ServiceKey;
use crate::plan::preflight::{Found, Subject, unread};
use crate::plan::surroundings::{
    ContainerImage, ImageId, ImageName, ImageSeen, Known, Repository, TaskDefinition, Want,
};

/// So many characters of a digest tell it from others.
const DIGEST_SHOWN: usize = 12;

/// The task definition of a service, with what runs of it.
#[derive(Clone, Copy)]
pub(super) struct Containers<'a> {
    pub primary: &'a Deployment,
    pub definition: &'a TaskDefinition,
    service: &'a ServiceKey,
    /// What the newest task of the PRIMARY deployment runs.
    running: Option<&'a Images>,
}

/// One of them.
pub(super) struct Container<'a> {
    pub spec: &'a ContainerImage,
    pub source: Source<'a>,
    /// The digest that runs.
    pub running: Option<&'a Arc<str>>,
}

/// Where an image comes from.
pub(super) enum Source<'a> {
    /// The registry that is looked at.
    Own(ImageId),
    Elsewhere {
        place: Place<'a>,
        by_digest: bool,
    },
}

/// A registry that is not looked at.
pub(super) enum Place<'a> {
    Account(&'a str),
    Region(&'a str),
    Registry(&'a str),
    Unreadable(&'a str),
}

impl<'a> Containers<'a> {
    /// Those of the service's PRIMARY deployment, which a refresh launches anew.
    pub(super) fn of(subject: &Subject<'a>) -> Result<Self, Found> {
        let Some(primary) = subject.description.primary() else {
            return Err(Found::unknown("there is no PRIMARY deployment, whose images to look at"));
        };
        let arn = &primary.task_definition;
        let name = || format!("task definition {}", arn.rsplit('/').next().unwrap_or(arn));
        let definition = seen(subject.known.task_definitions.get(arn), name)?;
        // A task from before the PRIMARY deployment says nothing of this one's images.
        let running = subject.service.running.as_ref();
        let running = running
            .filter(|running| primary.created_at.is_none_or(|at| running.created_at >= at))
            .map(|running| &*running.images);
        Ok(Self { primary, definition, service: &subject.service.key, running })
    }

    /// What they are read from, known or not.
    pub(super) fn want(subject: &Subject<'a>, wants: &mut BTreeSet<Want>) -> Option<Self> {
        let arn = &subject.description.primary()?.task_definition;
        if arn.is_empty() {
            return None;
        }
        wants.insert(Want::TaskDefinition(arn.clone()));
        Self::of(subject).ok()
    }

    pub(super) fn iter(self) -> impl Iterator<Item = Container<'a>> {
        self.definition.containers.iter().map(move |spec| Container {
            spec,
            source: Source::of(spec, self.service),
            running: self
                .running
                .and_then(|images| images.get(&spec.name))
                .filter(|digest| is_sha256(digest)),
        })
    }
}

impl Container<'_> {
    /// The digest that runs, as an image of the repository that `id` is of.
    pub(super) fn running_in(&self, id: &ImageId) -> Option<ImageId> {
        let digest = self.running?.clone();
        Some(ImageId { repository: id.repository.clone(), name: ImageName::Digest(digest) })
    }
}

impl<'a> Source<'a> {
    fn of(spec: &'a ContainerImage, service: &ServiceKey) -> Self {
        let elsewhere = |place, by_digest| Self::Elsewhere { place, by_digest };
        let image = match Reference::read(&spec.image) {
            Reference::Ecr(image) => image,
            Reference::Elsewhere { registry, by_digest } => {
                return elsewhere(Place::Registry(registry), by_digest);
            }
            Reference::Unreadable => return elsewhere(Place::Unreadable(&spec.image), false),
        };
        let EcrImage { account, region, repository, part } = image;
        let by_digest = matches!(part, Part::Digest(_));
        if account != service.cluster().account() {
            return elsewhere(Place::Account(account), by_digest);
        }
        if !region.eq_ignore_ascii_case(service.cluster().region()) {
            return elsewhere(Place::Region(region), by_digest);
        }
        let repository = Repository { account: account.into(), name: repository.into() };
        let name = match part {
            Part::Tag(tag) => ImageName::Tag(tag.into()),
            Part::Digest(digest) => ImageName::Digest(digest.into()),
        };
        Self::Own(ImageId { repository, name })
    }
}

impl Place<'_> {
    /// What there is to say of a container whose image is not looked at.
    pub(super) fn unknown(&self, container: &str) -> Found {
        Found::unknown(match self {
            Self::Account(account) => {
                format!("{container} comes from account {account}, whose images are not looked at")
            }
            Self::Region(region) => {
                format!("{container} comes from {region}, whose images are not looked at")
            }
            Self::Registry(registry) => {
                format!("{container} comes from {registry}, whose images are not looked at")
            }
            Self::Unreadable(text) => {
                let text = crate::plan::words::one_line(text, 60);
                format!("{container} comes from {text:?}, which cannot be read as an image's name")
            }
        })
    }
}

/// What is known of an image, or what there is to say where nothing is.
pub(super) fn image<'a>(subject: &Subject<'a>, id: &ImageId) -> Result<&'a ImageSeen, Found> {
    seen(subject.known.images.get(id), || format!("image {}", Shown(id)))
}

/// The same of anything. What it is called is not spelled out where it is known.
pub(super) fn seen<T>(
    known: Option<&Known<T>>,
    name: impl FnOnce() -> String,
) -> Result<&T, Found> {
    match known {
        Some(Known { value: Ok(value), .. }) => Ok(value),
        unknown => unread::known(unknown, &name()),
    }
}

/// An image as a sentence names it.
pub(super) struct Shown<'a>(pub &'a ImageId);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.name {
            ImageName::Tag(_) => self.0.fmt(f),
            ImageName::Digest(digest) => write!(f, "{}@{}", self.0.repository, short(digest)),
        }
    }
}

/// A digest as a sentence names it.
pub(super) fn short(digest: &str) -> &str {
    let hex = digest.strip_prefix("sha256:").unwrap_or(digest);
    hex.get(..DIGEST_SHOWN).unwrap_or(hex)
}
