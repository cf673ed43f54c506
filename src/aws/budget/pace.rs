//! How much slower than its share a bucket runs after AWS asked to slow down. Pure.

use std::time::Duration;

/// The rate is never cut below this part of the share: observation must go on.
const FACTOR_MIN: f64 = 1.0 / 16.0;

/// How much of the full rate comes back for every [`RECOVERY_PERIOD`] without throttling.
const RECOVERY_STEP: f64 = 1.0 / 16.0;
const RECOVERY_PERIOD: Duration = Duration::from_secs(5);

/// Throttling answers this close together tell of one overload: calls that were under way already.
const SAME_OVERLOAD: Duration = Duration::from_secs(1);

const PAUSE_FIRST: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// The slow-down of one bucket. Times are spans since the budget's start.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Pace {
    factor: f64,
    overloads: u32,
    counted_from: Duration,
    paused_until: Duration,
}

impl Pace {
    pub(super) fn full() -> Self {
        Self {
            factor: 1.0,
            overloads: 0,
            counted_from: Duration::ZERO,
            paused_until: Duration::ZERO,
        }
    }

    /// The part of the share's rate that is in force.
    pub(super) fn factor(&self) -> f64 {
        self.factor
    }

    /// Until when nothing at all is sent.
    pub(super) fn paused_until(&self) -> Duration {
        self.paused_until
    }

    /// Halves the rate and pauses, longer every time. `jitter` is from 0 to 1.
    pub(super) fn throttled(&mut self, now: Duration, jitter: f64) {
        self.recover(now);
        let told_before = self.overloads > 0 && now < self.counted_from + SAME_OVERLOAD;
        if told_before {
            return;
        }
        self.factor = (self.factor / 2.0).max(FACTOR_MIN);
        self.overloads += 1;
        self.counted_from = now;
        self.paused_until = now + pause(self.overloads, jitter);
    }

    /// Gives back what the time since the last throttling has earned.
    pub(super) fn recover(&mut self, now: Duration) {
        while self.overloads > 0 && now >= self.counted_from + RECOVERY_PERIOD {
            self.counted_from += RECOVERY_PERIOD;
            self.factor += RECOVERY_STEP;
            if self.factor >= 1.0 {
                self.factor = 1.0;
                self.overloads = 0;
            }
        }
    }
}

/// Exponential back-off: half of the pause is certain, the other half is drawn, so that replicas
/// do not come back in step.
fn pause(overloads: u32, jitter: f64) -> Duration {
    let doubled = PAUSE_FIRST.saturating_mul(1 << overloads.saturating_sub(1).min(16));
    doubled.min(PAUSE_MAX).mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(count: u64) -> Duration {
        Duration::from_secs(count)
    }

    #[test]
    fn each_overload_halves_the_rate_down_to_a_sixteenth() {
        let mut pace = Pace::full();
        let mut factors = Vec::new();
        for n in 0..6 {
            pace.throttled(seconds(2 * n), 0.0);
            factors.push(pace.factor());
        }
        assert_eq!(factors[..2], [0.5, 0.25]);
        assert!(factors.iter().all(|factor| *factor >= FACTOR_MIN));
        assert!(factors[5] < 0.2);
    }

    #[test]
    fn answers_to_calls_that_were_under_way_count_once() {
        let mut pace = Pace::full();
        for _ in 0..16 {
            pace.throttled(Duration::from_millis(300), 0.5);
        }
        assert_eq!(pace.factor(), 0.5);
    }

    #[test]
    fn the_rate_comes_back_step_by_step() {
        let mut pace = Pace::full();
        pace.throttled(seconds(0), 0.0);
        pace.recover(seconds(4));
        assert_eq!(pace.factor(), 0.5);
        pace.recover(seconds(20));
        assert_eq!(pace.factor(), 0.75);
        pace.recover(seconds(40));
        assert_eq!(
            pace,
            Pace {
                counted_from: seconds(40),
                ..Pace { paused_until: pace.paused_until, ..Pace::full() }
            }
        );
    }

    #[test]
    fn pauses_double_and_are_bounded() {
        assert_eq!(pause(1, 1.0), Duration::from_millis(500));
        assert_eq!(pause(1, 0.0), Duration::from_millis(250));
        assert_eq!(pause(3, 1.0), seconds(2));
        assert_eq!(pause(1000, 1.0), PAUSE_MAX);
    }
}
