//! Pulling: what a reference in a task definition means, and whether the image can be had.

use super::Ecr;
use super::repository::Image;
use crate::simulator::moment::Moment;

/// The tag that a reference without one means.
const LATEST: &str = "latest";

/// An image that was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pulled {
    /// What the reference leads to: an image or an index.
    pub(crate) digest: String,
    /// What really runs: the same, or that of an index for the platform.
    pub(crate) platform: String,
}

impl Pulled {
    /// What a task reports to run.
    pub(crate) fn reported(&self, platform: bool) -> String {
        if platform { self.platform.clone() } else { self.digest.clone() }
    }
}

/// A reference to an image in this registry.
#[derive(Debug, PartialEq, Eq)]
struct Reference<'a> {
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Reads what follows the host: `repository[:tag][@digest]`.
    fn read(path: &'a str) -> Self {
        let (named, digest) = match path.split_once('@') {
            Some((named, digest)) => (named, Some(digest)),
            None => (path, None),
        };
        match named.split_once(':') {
            Some((repository, tag)) => Reference { repository, tag: Some(tag), digest },
            None => Reference { repository: named, tag: None, digest },
        }
    }
}

impl Ecr {
    /// Whether a reference names this registry.
    pub(crate) fn holds(&self, image: &str) -> bool {
        self.path_of(image).is_some()
    }

    /// What follows the host in a reference to this registry.
    fn path_of<'a>(&self, image: &'a str) -> Option<&'a str> {
        image.strip_prefix(&self.host)?.strip_prefix('/')
    }

    /// Pulls what a reference names: by its digest, or one that was `pinned` before, or else by its tag.
    /// `None` when the image is in another registry, of which nothing is known.
    ///
    /// # Errors
    /// The reason that ECS gives for a task that it cannot start.
    pub(crate) fn pull(
        &mut self,
        image: &str,
        pinned: Option<&str>,
        now: Moment,
    ) -> Result<Option<Pulled>, String> {
        let Some(path) = self.path_of(image) else { return Ok(None) };
        let reference = Reference::read(path);
        let digest = reference.digest.or(pinned);
        let wanted = digest.or(reference.tag).unwrap_or(LATEST);
        // Nothing but a tag can be fetched from elsewhere: what a digest was made of is not known.
        let there = |ecr: &Ecr| ecr.repositories.get(reference.repository)?.find(wanted).map(drop);
        if digest.is_none() && there(self).is_none() && self.is_cached(reference.repository) {
            self.push(reference.repository, wanted, now);
        }
        match self.fetch(reference.repository, wanted, now) {
            Some(pulled) => Ok(Some(pulled)),
            None => Err(not_found(image, &reference, pinned)),
        }
    }

    /// Marks as pulled what can be pulled: an image that is not archived, and of an index also the one for
    /// the platform.
    fn fetch(&mut self, repository: &str, wanted: &str, now: Moment) -> Option<Pulled> {
        let repository = self.repositories.get_mut(repository)?;
        let is_there = |image: &&mut Image| image.status(now) == "ACTIVE";
        let image = repository.find_mut(wanted).filter(is_there)?;
        let digest = image.digest.clone();
        let platform = image.platforms.first().cloned().unwrap_or_else(|| digest.clone());
        repository.find_mut(&platform).filter(is_there)?.pulled_at = Some(now);
        repository.find_mut(&digest)?.pulled_at = Some(now);
        Some(Pulled { digest, platform })
    }
}

/// Amazon ECS Developer Guide, "CannotPullContainer task errors in Amazon ECS": an image that is archived
/// is not found either.
fn not_found(image: &str, reference: &Reference, pinned: Option<&str>) -> String {
    let resolved = match pinned.filter(|_| reference.digest.is_none()) {
        Some(pinned) => format!("{image}@{pinned}"),
        None if reference.digest.is_none() && reference.tag.is_none() => {
            format!("{image}:{LATEST}")
        }
        None => image.to_owned(),
    };
    format!(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve \
         ref {resolved}: {resolved}: not found"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_in_all_its_forms() {
        for (path, repository, tag, digest) in [
            ("api", "api", None, None),
            ("team/api:v1", "team/api", Some("v1"), None),
            ("api@sha256:ab", "api", None, Some("sha256:ab")),
            ("team/api:v1@sha256:ab", "team/api", Some("v1"), Some("sha256:ab")),
        ] {
            assert_eq!(Reference::read(path), Reference { repository, tag, digest }, "{path}");
        }
    }
}
