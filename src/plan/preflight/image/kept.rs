//! `image-kept`: the images that run are there still, and stay until a refresh can help.
//!
//! With `versionConsistency` every task of a deployment pulls the digest that was resolved for the first
//! one. Once that is gone, ECS can neither replace a task nor add one, and nothing tells before it has to.

use std::collections::BTreeSet;

use super::absent;
use super::compare::{Compared, compare};
use super::container::{Container, Containers, Shown, Source, image, seen, short};
use super::drift::other_that_runs;
use super::horizon::goes_early;
use super::together::together;
use crate::plan::preflight::{Found, Grade, Name, Subject};
use crate::plan::surroundings::{
    Image, ImageId, ImageKind, ImageName, ImageSeen, ImageStatus, Want,
};

pub(in crate::plan::preflight) fn find(subject: &Subject<'_>) -> Found {
    let containers = match Containers::of(subject) {
        Ok(containers) => containers,
        Err(unread) => return unread,
    };
    let found = containers.iter().map(|container| look_at(subject, &containers, &container));
    let found = together(found, subject.action(Name::ImageKept), |images| match images {
        1 => "1 image is kept".to_owned(),
        _ => format!("{images} images are kept"),
    });
    match found.grade {
        Grade::Bad => Found {
            sentence: format!("the service cannot replace a single task today: {}", found.sentence),
            ..found
        },
        _ => found,
    }
}

pub(in crate::plan::preflight) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    let Some(containers) = Containers::want(subject, wants) else { return };
    for container in containers.iter() {
        let Source::Own(id) = &container.source else { continue };
        wants.insert(Want::Lifecycle(id.repository.clone()));
        absent::want(subject, id, wants);
        if let Some(other) =
            other_that_runs(subject, &container, id).filter(|_| is_pinned(&container, id))
        {
            absent::want(subject, &other, wants);
            wants.insert(Want::Image(other));
        }
        wants.insert(Want::Image(id.clone()));
    }
}

/// Whether a digest was resolved from the tag for all tasks of the deployment.
fn is_pinned(container: &Container<'_>, id: &ImageId) -> bool {
    container.spec.pinned && matches!(id.name, ImageName::Tag(_))
}

fn look_at(
    subject: &Subject<'_>,
    containers: &Containers<'_>,
    container: &Container<'_>,
) -> Option<Found> {
    let name = &container.spec.name;
    let id = match &container.source {
        Source::Own(id) => id,
        Source::Elsewhere { place, .. } => return Some(place.unknown(name)),
    };
    // What every task pulls: a digest where one was resolved, and the reference as it stands otherwise.
    let pulled = match is_pinned(container, id) {
        true => container.running_in(id),
        false => Some(id.clone()),
    };
    let pulled = match pulled {
        Some(pulled) => available(subject, name, id, &pulled).map(|image| (pulled, image)),
        None => Err(Found::unknown(format!("which image {name} runs is not known"))),
    };
    if let Err(found) = &pulled
        && found.grade == Grade::Bad
    {
        return Some(found.clone());
    }
    let named = match image(subject, id) {
        Ok(ImageSeen::There(image)) => Some(image),
        _ => None,
    };
    let later = named
        .and_then(|image| stays(subject, id, image, || format!("{name}'s image {}", Shown(id))));
    // A list keeps its images, whatever the policy says of these by themselves.
    let is_another = |pulled: &ImageId, image: &Image| {
        named.is_none_or(|named| {
            named.digest != image.digest
                && compare(subject, containers, container, named, pulled) == Compared::Different
        })
    };
    let (sooner, unknown) = match pulled {
        Ok((pulled, image)) if is_another(&pulled, image) => {
            let what = || format!("{}, which {name} runs", Shown(&pulled));
            (stays(subject, id, image, what), None)
        }
        Ok(_) => (None, None),
        Err(found) => (None, Some(found)),
    };
    [unknown, later, sooner].into_iter().flatten().max_by_key(|found| found.grade)
}

/// The image that every task pulls, or why none can.
fn available<'a>(
    subject: &Subject<'a>,
    container: &str,
    id: &ImageId,
    pulled: &ImageId,
) -> Result<&'a Image, Found> {
    let named = image(subject, id);
    let seen = match (&named, &pulled.name) {
        (Ok(seen @ ImageSeen::There(image)), ImageName::Digest(digest))
            if image.digest == *digest =>
        {
            *seen
        }
        // What the tag resolves to is read first, and when it cannot be read, the other is not either.
        _ => image(subject, pulled).map_err(|unread| named.clone().err().unwrap_or(unread))?,
    };
    let what = || match &pulled.name {
        ImageName::Digest(digest) => format!("{container} runs {}", short(digest)),
        ImageName::Tag(_) => format!("{container} pulls {} for every task", Shown(pulled)),
    };
    let repository = &pulled.repository;
    let lost = |how: &str| {
        let other = (id != pulled).then_some(&named);
        let (then, hint) = cure(id, other);
        Found::bad(format!("{}, which is {how} {repository}{then}", what())).hint(hint)
    };
    match seen {
        ImageSeen::There(image) => match &image.status {
            ImageStatus::Active => Ok(image),
            ImageStatus::Archived => Err(lost("in the archive of")),
            ImageStatus::Activating => Err(lost("not yet back from the archive of")),
            ImageStatus::Unknown(status) => {
                Err(Found::unknown(format!("{}, whose status {status} is not known", what())))
            }
        },
        ImageSeen::Missing | ImageSeen::NoRepository => {
            let excuse = absent::excused(subject, repository, &Shown(pulled).to_string());
            Err(excuse.unwrap_or_else(|| lost("gone from")))
        }
    }
}

/// What becomes of a service in a refresh whose digest is gone, and what to do about it; `named` is what
/// its tag resolves to, if it has one.
fn cure(id: &ImageId, named: Option<&Result<&ImageSeen, Found>>) -> (String, &'static str) {
    let push = "push the image again, or deploy one that is there: a refresh would fail";
    match named {
        None => (String::new(), push),
        Some(Ok(ImageSeen::There(image))) if can_be_pulled(image) => {
            (format!("; its tag resolves to {}", short(&image.digest)), "a refresh cures it")
        }
        Some(Ok(_)) => (format!(", and {} cannot be pulled either", Shown(id)), push),
        Some(Err(_)) => (
            "; what its tag resolves to is not known".to_owned(),
            "a refresh cures it if the tag is there",
        ),
    }
}

fn can_be_pulled(image: &Image) -> bool {
    image.status == ImageStatus::Active && !matches!(image.kind, ImageKind::NoImage(_))
}

/// What there is to say of an image that the repository's lifecycle policy removes too early.
fn stays(
    subject: &Subject<'_>,
    id: &ImageId,
    image: &Image,
    what: impl FnOnce() -> String,
) -> Option<Found> {
    if image.status != ImageStatus::Active {
        return None;
    }
    let repository = &id.repository;
    let policy = || format!("the lifecycle policy of {repository}");
    match seen(subject.known.lifecycles.get(repository), policy) {
        Ok(lifecycle) => goes_early(subject, repository, lifecycle, image, what),
        Err(unread) => Some(unread),
    }
}
