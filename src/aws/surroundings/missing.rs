//! Images that were not there when they were asked for: one of them fails a whole call, and so they are
//! asked for alone from then on.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use crate::clock::Time;
use crate::plan::surroundings::{Image, ImageId};

/// So many are remembered; more than a daemon can ask for one by one.
const IMAGES_MAX: usize = 2_000;

/// What was not asked for so long is forgotten.
const REMEMBERED: TimeDelta = TimeDelta::hours(6);

/// What the archive says is believed so long: an image takes up to 20 minutes to come back from it
/// (Amazon ECR user guide, Restoring an image).
const ARCHIVE_KEPT: TimeDelta = TimeDelta::minutes(10);

#[derive(Clone, Debug)]
struct Remembered {
    /// When it was found missing last.
    at: Time,
    /// When the archive was looked into, and what was there.
    archive: Option<(Time, Option<Image>)>,
}

/// The images that are missing; clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct MissingImages(Arc<Mutex<BTreeMap<ImageId, Remembered>>>);

impl MissingImages {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ImageId, Remembered>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn contains(&self, id: &ImageId) -> bool {
        self.lock().contains_key(id)
    }

    /// It is there.
    pub(super) fn forget(&self, id: &ImageId) {
        self.lock().remove(id);
    }

    /// It is not there.
    pub(super) fn remember(&self, id: &ImageId, now: Time) {
        let mut images = self.lock();
        if let Some(known) = images.get_mut(id) {
            known.at = now;
            return;
        }
        if images.len() >= IMAGES_MAX {
            images.retain(|_, known| now - known.at < REMEMBERED);
        }
        if images.len() < IMAGES_MAX {
            images.insert(id.clone(), Remembered { at: now, archive: None });
        }
    }

    /// What was found in the archive lately; the outer `None`: it has to be looked into.
    pub(super) fn archived(&self, id: &ImageId, now: Time) -> Option<Option<Image>> {
        let images = self.lock();
        let (looked_at, found) = images.get(id)?.archive.as_ref()?;
        let age = now - *looked_at;
        (TimeDelta::zero()..ARCHIVE_KEPT).contains(&age).then(|| found.clone())
    }

    /// What is in the archive.
    pub(super) fn found_in_archive(&self, id: &ImageId, now: Time, found: Option<Image>) {
        if let Some(known) = self.lock().get_mut(id) {
            known.archive = Some((now, found));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::aws::testing::epoch;
    use crate::plan::surroundings::{ImageName, Repository};

    fn id(number: usize) -> ImageId {
        let repository = Repository { account: "123456789012".into(), name: "app".into() };
        ImageId { repository, name: ImageName::Tag(number.to_string().into()) }
    }

    #[test]
    fn so_many_are_remembered_and_what_nobody_asks_for_makes_room() {
        let missing = MissingImages::default();
        for number in 0..IMAGES_MAX + 10 {
            missing.remember(&id(number), epoch());
        }
        assert_eq!(missing.lock().len(), IMAGES_MAX);
        assert!(missing.contains(&id(0)) && !missing.contains(&id(IMAGES_MAX)));
        let later = epoch() + REMEMBERED;
        missing.clone().remember(&id(7), later - Duration::from_secs(1));
        missing.remember(&id(IMAGES_MAX), later);
        assert_eq!(missing.lock().len(), 2);
        missing.forget(&id(7));
        assert!(!missing.contains(&id(7)));
    }

    #[test]
    fn the_archive_is_believed_for_a_while() {
        let missing = MissingImages::default();
        missing.found_in_archive(&id(1), epoch(), None);
        assert_eq!(missing.archived(&id(1), epoch()), None);
        missing.remember(&id(1), epoch());
        assert_eq!(missing.archived(&id(1), epoch()), None);
        missing.found_in_archive(&id(1), epoch(), None);
        assert_eq!(missing.archived(&id(1), epoch()), Some(None));
        assert_eq!(missing.archived(&id(1), epoch() + ARCHIVE_KEPT), None);
        assert_eq!(missing.archived(&id(1), epoch() - ARCHIVE_KEPT), None);
    }
}
