//! Images that a registry does not have, and may get by itself.

use std::collections::BTreeSet;

use super::container::seen;
use crate::plan::preflight::{Found, Subject};
use crate::plan::surroundings::{ImageId, ImageSeen, Repository, Want};

/// The prefix of a rule that is about every repository (Amazon ECR user guide, pull through cache rules).
const ANY_REPOSITORY: &str = "ROOT";

/// What there is to say of an absent image of a repository that Amazon ECR fills when something is pulled
/// from it, or that may be one; `None`: it does not, and absent is absent.
pub(super) fn excused(
    subject: &Subject<'_>,
    repository: &Repository,
    image: &str,
) -> Option<Found> {
    let rules = || "the list of pull-through cache rules".to_owned();
    let rules = match seen(subject.known.pull_through.as_ref(), rules) {
        Ok(rules) => rules,
        // A rule is about repositories below its prefix, but for one about all of them, which is rare.
        Err(_) if !repository.name.contains('/') => return None,
        Err(unread) => {
            let sentence = format!("{image} is not there, and {}", unread.sentence);
            return Some(Found { sentence, ..unread });
        }
    };
    let is_filled = |prefix: &str| {
        let rest = repository.name.strip_prefix(prefix.trim_end_matches('/'));
        prefix == ANY_REPOSITORY || rest.is_some_and(|rest| rest.starts_with('/'))
    };
    rules.prefixes.iter().any(|prefix| is_filled(prefix)).then(|| {
        Found::unknown(format!(
            "{image} is not there now, but Amazon ECR fetches {repository} from another registry when it is pulled"
        ))
    })
}

/// Asks for what excuses an image, where it was seen to be absent.
pub(super) fn want(subject: &Subject<'_>, id: &ImageId, wants: &mut BTreeSet<Want>) {
    let seen = subject.known.images.get(id).and_then(|known| known.value.as_ref().ok());
    if matches!(seen, Some(ImageSeen::Missing | ImageSeen::NoRepository)) {
        wants.insert(Want::PullThrough);
    }
}
