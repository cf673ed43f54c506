//! `image-exists`: every image that a refresh pulls is there, and can be pulled.

use std::collections::BTreeSet;

use super::absent;
use super::container::{Container, Containers, Shown, Source, image};
use super::together::together;
use crate::plan::preflight::{Found, Grade, Name, Subject};
use crate::plan::surroundings::{Image, ImageId, ImageKind, ImageSeen, ImageStatus, Want};

/// `runtimePlatform.cpuArchitecture` of a task definition that does not say it (Amazon ECS API
/// reference, RuntimePlatform).
const DEFAULT_ARCHITECTURE: &str = "X86_64";

pub(in crate::plan::preflight) fn find(subject: &Subject<'_>) -> Found {
    let containers = match Containers::of(subject) {
        Ok(containers) => containers,
        Err(unread) => return unread,
    };
    // A registry tells an image's platform in its manifest alone, and to read that counts as a pull; but
    // what runs has the right one.
    let mut all_run = true;
    let found = containers.iter().map(|container| look_at(subject, &container, &mut all_run));
    let found = together(found, subject.action(Name::ImageExists), |images| match images {
        1 => "1 image is there and ACTIVE".to_owned(),
        _ => format!("{images} images are there and ACTIVE"),
    });
    if found.grade != Grade::Fine {
        return found;
    }
    let definition = containers.definition;
    let platform = match (all_run, definition.containers.len()) {
        (true, 1) => ", as it runs now".to_owned(),
        (true, _) => ", as they run now".to_owned(),
        (false, _) => {
            let architecture = definition.architecture.as_deref().unwrap_or(DEFAULT_ARCHITECTURE);
            format!("; whether for {architecture} is not known")
        }
    };
    Found { sentence: found.sentence + &platform, ..found }
}

pub(in crate::plan::preflight) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    let Some(containers) = Containers::want(subject, wants) else { return };
    for container in containers.iter() {
        let Source::Own(id) = container.source else { continue };
        absent::want(subject, &id, wants);
        wants.insert(Want::Image(id));
    }
}

/// `all_run` becomes false for an image that does not run.
fn look_at(subject: &Subject<'_>, container: &Container<'_>, all_run: &mut bool) -> Option<Found> {
    let name = &container.spec.name;
    let id = match &container.source {
        Source::Own(id) => id,
        Source::Elsewhere { place, .. } => return Some(place.unknown(name)),
    };
    match image(subject, id) {
        Ok(ImageSeen::There(image)) => {
            *all_run &= container.running == Some(&image.digest);
            pullable(name, id, image)
        }
        Ok(ImageSeen::Missing) => {
            let what = format!("{name}'s image {}", Shown(id));
            let gone = || Found::bad(format!("{what} does not exist"));
            let hint = "push it again, or deploy a task definition whose images exist";
            absent::excused(subject, &id.repository, &what).or_else(|| Some(gone().hint(hint)))
        }
        Ok(ImageSeen::NoRepository) => {
            let what = format!("{name}'s image {}", Shown(id));
            let gone = || Found::bad(format!("{what} does not exist, nor does its repository"));
            let hint = "deploy a task definition whose images exist";
            absent::excused(subject, &id.repository, &what).or_else(|| Some(gone().hint(hint)))
        }
        Err(unread) => Some(unread),
    }
}

/// What keeps an image from being pulled that is there.
fn pullable(container: &str, id: &ImageId, image: &Image) -> Option<Found> {
    let what = || format!("{container}'s image {}", Shown(id));
    if let ImageKind::NoImage(media_type) = &image.kind {
        let found = Found::bad(format!("{} is no image of a container but {media_type}", what()));
        return Some(found.hint("push an image under that name"));
    }
    match &image.status {
        ImageStatus::Active => None,
        ImageStatus::Archived => Some(
            Found::bad(format!("{} is in the archive, from which nothing can be pulled", what()))
                .hint("restore it, or push it again"),
        ),
        ImageStatus::Activating => Some(
            Found::bad(format!("{} is on its way back from the archive", what()))
                .hint("wait until it is ACTIVE"),
        ),
        ImageStatus::Unknown(status) => {
            Some(Found::unknown(format!("{} has the status {status}, which is not known", what())))
        }
    }
}
