//! How much history is kept of each service.
//!
//! A service's history is a ring of numbered places: one write puts a finished attempt into the
//! place of the oldest one, and nothing has to be read or deleted for it.

use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::plan::evidence::Evidence;

/// How many finished attempts of a service are kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// So many attempts of each service; at least 1.
    pub attempts: u32,
    /// Since they ended.
    pub age_max: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { attempts: 50, age_max: Duration::from_secs(90 * 86_400) }
    }
}

impl Retention {
    /// The place of an attempt in its service's ring.
    pub(super) fn place(self, evidence: &Evidence) -> u64 {
        evidence.number % u64::from(self.attempts.max(1))
    }

    /// Whatever ended before this is not kept any more.
    pub(super) fn cutoff(self, now: Time) -> Time {
        let age_max = TimeDelta::from_std(self.age_max).unwrap_or(TimeDelta::MAX);
        now.checked_sub_signed(age_max).unwrap_or(Time::MIN_UTC)
    }

    /// When an attempt is no longer kept.
    pub(super) fn expires_at(self, finished_at: Time) -> Time {
        let age_max = TimeDelta::from_std(self.age_max).unwrap_or(TimeDelta::MAX);
        finished_at.checked_add_signed(age_max).unwrap_or(Time::MAX_UTC)
    }

    /// What is told of the attempts that were found: the newest first, and of each service no more
    /// than are kept. A ring that was larger once leaves places behind that nothing overwrites.
    pub(super) fn tell(self, mut found: Vec<Evidence>, since: Option<Time>) -> Vec<Evidence> {
        let order = |one: &Evidence| (one.finished.finished_at, one.finished.attempt.id.clone());
        found.sort_by_cached_key(|one| std::cmp::Reverse(order(one)));
        let mut counts = std::collections::BTreeMap::new();
        found.retain(|one| {
            let count: &mut u32 = counts.entry(one.finished.attempt.service.clone()).or_default();
            *count += 1;
            *count <= self.attempts && since.is_none_or(|since| one.finished.finished_at >= since)
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::contract::{at, evidence, service};
    use super::*;

    fn retention(attempts: u32) -> Retention {
        Retention { attempts, ..Retention::default() }
    }

    #[test]
    fn a_ring_that_became_smaller_tells_the_newest() {
        let found = (0..10).map(|n| evidence(&service("api"), n, n as i64)).collect();
        let told = retention(3).tell(found, None);
        assert_eq!(told.iter().map(|one| one.number).collect::<Vec<_>>(), [9, 8, 7]);
    }

    #[test]
    fn each_attempt_has_a_place_in_the_ring() {
        for (attempts, number, place) in
            [(50, 0, 0), (50, 49, 49), (50, 50, 0), (1, 7, 0), (0, 7, 0)]
        {
            assert_eq!(retention(attempts).place(&evidence(&service("api"), number, 0)), place);
        }
    }

    #[test]
    fn no_age_is_too_great() {
        let endless = Retention { attempts: 1, age_max: Duration::MAX };
        assert_eq!(endless.cutoff(at(0)), Time::MIN_UTC);
        assert_eq!(endless.expires_at(at(0)), Time::MAX_UTC);
        assert_eq!(Retention::default().expires_at(at(0)), at(90 * 86_400));
        assert_eq!(Retention::default().cutoff(at(90 * 86_400)), at(0));
    }
}
