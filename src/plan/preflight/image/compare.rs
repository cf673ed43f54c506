//! Whether what runs is what a tag resolves to.

use super::container::{Container, Containers};
use crate::plan::preflight::Subject;
use crate::plan::surroundings::{Image, ImageId, ImageKind, ImageSeen};

/// What comparing an image with what runs came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    Same,
    Different,
    /// The image is a list of images for several platforms, and what runs may be one of them.
    PerhapsOneOf,
}

/// Compares the image that a container's tag resolves to with the one of another digest that runs, as far
/// as that one is known. ECS may report the digest of the platform's image rather than that of the list.
pub(super) fn compare(
    subject: &Subject<'_>,
    containers: &Containers<'_>,
    container: &Container<'_>,
    resolved: &Image,
    running: &ImageId,
) -> Compared {
    if container.running == Some(&resolved.digest) {
        return Compared::Same;
    }
    let is_list = match resolved.kind {
        ImageKind::Index | ImageKind::Unknown => true,
        ImageKind::Manifest | ImageKind::NoImage(_) => false,
    };
    let known = subject.known.images.get(running).and_then(|known| known.value.as_ref().ok());
    let is_one = match known {
        Some(ImageSeen::There(image)) => {
            matches!(image.kind, ImageKind::Manifest | ImageKind::Unknown)
        }
        // A list keeps its images from being removed, but for people who delete them by hand.
        Some(ImageSeen::Missing | ImageSeen::NoRepository) => false,
        None => true,
    };
    // Digests are resolved when the deployment is made or, without `versionConsistency`, for every task.
    let resolved_at = match container.spec.pinned {
        true => containers.primary.created_at,
        false => subject.service.running.as_ref().map(|running| running.created_at),
    };
    let is_newer = resolved.pushed_at.zip(resolved_at).is_some_and(|(pushed, at)| pushed > at);
    match is_list && is_one && !is_newer {
        true => Compared::PerhapsOneOf,
        false => Compared::Different,
    }
}
