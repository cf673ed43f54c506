//! Services to which something happened, as somebody said.
//!
//! They are looked at together, so that a flood of events costs no more than a trickle: one pass per
//! ten seconds, ten services per call, within half of the API share.

use std::collections::BTreeSet;
use std::ops::Bound;

use chrono::TimeDelta;

use super::queue::SERVICES_PER_LOOK;
use crate::clock::Time;
use crate::plan::key::ServiceKey;

/// The time between two passes.
const PASS_PAUSE: TimeDelta = TimeDelta::seconds(10);

/// DescribeServices calls of a pass at the whole API share: half of the 20 a second that AWS allows.
const CALLS_PER_PASS: f64 = 100.0;

/// The services that wait for a pass.
#[derive(Debug, Default)]
pub struct Touched {
    services: BTreeSet<ServiceKey>,
    /// The next pass is not before this.
    next_pass_at: Option<Time>,
    /// Where the last pass ended. The next goes on behind it, so that nobody is passed over for
    /// ever by others that are touched again and again.
    last: Option<ServiceKey>,
}

impl Touched {
    pub fn add(&mut self, services: impl IntoIterator<Item = ServiceKey>) {
        self.services.extend(services);
    }

    /// When the next pass is due, if anything waits for one.
    pub fn next_at(&self) -> Option<Time> {
        (!self.services.is_empty()).then(|| self.next_pass_at.unwrap_or(Time::MIN_UTC))
    }

    /// The services of the pass that is due, in the order of their keys.
    pub fn take(&mut self, now: Time, api_share: f64) -> Vec<ServiceKey> {
        // A clock that was set back must not put a pass off.
        let due = self.next_at().is_some_and(|at| at <= now || at > now + PASS_PAUSE);
        if !due {
            return Vec::new();
        }
        self.next_pass_at = Some(now + PASS_PAUSE);
        let calls = (CALLS_PER_PASS * api_share).max(1.0) as usize;
        let mut taken = BTreeSet::new();
        for _ in 0..calls {
            let Some(first) = self.next() else { break };
            // A call is about one cluster.
            let batch: Vec<ServiceKey> = self
                .services
                .range(first.clone()..)
                .take_while(|service| service.cluster() == first.cluster())
                .take(SERVICES_PER_LOOK)
                .cloned()
                .collect();
            self.last = batch.last().cloned();
            for service in &batch {
                self.services.remove(service);
            }
            taken.extend(batch);
        }
        taken.into_iter().collect()
    }

    /// The first behind the last one taken or, behind all, the first of all.
    fn next(&self) -> Option<ServiceKey> {
        let behind = self
            .last
            .as_ref()
            .and_then(|last| self.services.range((Bound::Excluded(last), Bound::Unbounded)).next());
        behind.or_else(|| self.services.first()).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::key::ClusterKey;

    fn at(second: i64) -> Time {
        Time::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn services(cluster: &str, numbers: std::ops::Range<u32>) -> Vec<ServiceKey> {
        let cluster = ClusterKey::new("eu-west-1", "123456789012", cluster);
        numbers.map(|number| ServiceKey::new(&cluster, &format!("s{number:04}"))).collect()
    }

    #[test]
    fn one_pass_takes_what_half_of_the_share_has_calls_for() {
        for (share, expected) in [(1.0, 1_000), (0.25, 250), (0.01, 10), (0.001, 10)] {
            let mut touched = Touched::default();
            touched.add(services("prd", 0..5_000));
            assert_eq!(touched.take(at(0), share).len(), expected, "{share}");
            assert_eq!(touched.take(at(9), share), []);
            assert_eq!(touched.next_at(), Some(at(10)));
            assert_eq!(touched.take(at(10), share).len(), expected);
        }
    }

    #[test]
    fn a_call_is_about_one_cluster() {
        let mut touched = Touched::default();
        for cluster in ["a", "b", "c"] {
            touched.add(services(cluster, 0..5));
        }
        // Two calls.
        assert_eq!(touched.take(at(0), 0.02).len(), 10);
    }

    #[test]
    fn nobody_is_passed_over_by_others_that_are_touched_again_and_again() {
        let mut touched = Touched::default();
        let mut seen = BTreeSet::new();
        for pass in 0..10 {
            touched.add(services("prd", 0..100));
            seen.extend(touched.take(at(10 * pass), 0.01));
        }
        assert_eq!(seen.len(), 100);
    }

    #[test]
    fn a_clock_that_was_set_back_puts_nothing_off() {
        let mut touched = Touched::default();
        touched.add(services("prd", 0..1));
        assert_eq!(touched.take(at(1_000), 1.0).len(), 1);
        touched.add(services("prd", 0..1));
        assert_eq!(touched.take(at(0), 1.0).len(), 1);
    }
}
