//! `image-drift`: tags mean what runs, so that a refresh replaces tasks and ships nothing.

use std::collections::BTreeSet;

use super::compare::{Compared, compare};
use super::container::{Container, Containers, Shown, Source, image, short};
use super::together::together;
use crate::plan::preflight::{Found, Name, Subject};
use crate::plan::surroundings::{Image, ImageId, ImageName, ImageSeen, Want};

pub(in crate::plan::preflight) fn find(subject: &Subject<'_>) -> Found {
    let containers = match Containers::of(subject) {
        Ok(containers) => containers,
        Err(unread) => return unread,
    };
    let found = containers.iter().map(|container| look_at(subject, &containers, &container));
    together(found, subject.action(Name::ImageDrift), |images| match images {
        1 => "1 image is what runs".to_owned(),
        _ => format!("{images} images are what runs"),
    })
}

pub(in crate::plan::preflight) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    let Some(containers) = Containers::want(subject, wants) else { return };
    for container in containers.iter() {
        let Source::Own(id) = &container.source else { continue };
        if let ImageName::Tag(_) = &id.name {
            wants.extend(other_that_runs(subject, &container, id).map(Want::Image));
            wants.insert(Want::Image(id.clone()));
        }
    }
}

/// The image that runs, if it is known to be another one than what `id` resolves to.
pub(super) fn other_that_runs(
    subject: &Subject<'_>,
    container: &Container<'_>,
    id: &ImageId,
) -> Option<ImageId> {
    let known = subject.known.images.get(id).and_then(|known| known.value.as_ref().ok())?;
    let resolved = match known {
        ImageSeen::There(image) => Some(&image.digest),
        ImageSeen::Missing | ImageSeen::NoRepository => None,
    };
    (container.running != resolved).then(|| container.running_in(id)).flatten()
}

fn look_at(
    subject: &Subject<'_>,
    containers: &Containers<'_>,
    container: &Container<'_>,
) -> Option<Found> {
    let name = &container.spec.name;
    let id = match &container.source {
        Source::Elsewhere { by_digest: true, .. } => return None,
        Source::Elsewhere { place, .. } => return Some(place.unknown(name)),
        Source::Own(ImageId { name: ImageName::Digest(_), .. }) => return None,
        Source::Own(id) => id,
    };
    let resolved = match image(subject, id) {
        Ok(ImageSeen::There(image)) => image,
        Ok(ImageSeen::Missing | ImageSeen::NoRepository) => {
            let shown = Shown(id);
            return Some(Found::unknown(format!("{name}'s image {shown} does not exist")));
        }
        Err(unread) => return Some(unread),
    };
    let Some(running) = container.running_in(id) else {
        return Some(Found::unknown(format!("which image {name} runs is not known")));
    };
    match compare(subject, containers, container, resolved, &running) {
        Compared::Same => None,
        Compared::Different => Some(drifted(subject, name, id, resolved, &running)),
        Compared::PerhapsOneOf => {
            let what = image(subject, &running).map(|_| {
                Found::unknown(format!(
                    "{name} runs {}, which may be one of the images for several platforms that {} is",
                    running_digest(&running),
                    Shown(id)
                ))
            });
            Some(what.unwrap_or_else(|unread| unread))
        }
    }
}

/// What a refresh would ship.
fn drifted(
    subject: &Subject<'_>,
    container: &str,
    id: &ImageId,
    resolved: &Image,
    running: &ImageId,
) -> Found {
    let (now, then) = (short(&resolved.digest), running_digest(running));
    let known = subject.known.images.get(running).and_then(|known| known.value.as_ref().ok());
    let gone = match known {
        Some(ImageSeen::Missing) => ", which is gone from the repository (see image-kept)",
        _ => "",
    };
    Found::bad(format!("{} resolves to {now}, but {container} runs {then}{gone}", Shown(id))).hint(
        format!(
            "a refresh would ship {now}: deploy it by its own pipeline first, or allow that with \
             preflight = {{ image-drift = \"warn\" }}"
        ),
    )
}

fn running_digest(running: &ImageId) -> &str {
    match &running.name {
        ImageName::Digest(digest) => short(digest),
        ImageName::Tag(tag) => tag,
    }
}
