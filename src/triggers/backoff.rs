//! How long to leave alone what has just failed.

use std::time::Duration;

/// Waits that double from the first to the longest one.
#[derive(Debug)]
pub(super) struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    pub(super) fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The next wait: between three and five quarters of what is due, so that several replicas do
    /// not come back all at once.
    pub(super) fn wait(&mut self) -> Duration {
        let due = self.next;
        self.next = (due * 2).min(self.longest);
        due.mul_f64(0.75 + fastrand::f64() / 2.0)
    }

    /// It has succeeded.
    pub(super) fn reset(&mut self) {
        self.next = self.first;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
        let mut check = |due: f64| {
            let wait = backoff.wait().as_secs_f64();
            assert!((due * 0.75..=due * 1.25).contains(&wait), "{wait} for {due}");
        };
        [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0].into_iter().for_each(&mut check);
        backoff.reset();
        assert!(backoff.wait() < Duration::from_secs(2));
    }
}
