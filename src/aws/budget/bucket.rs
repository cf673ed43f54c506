//! A token bucket whose rate can change and whose clock is an argument. Pure.

use std::time::Duration;

use super::pace::Pace;

/// The smallest share: a share of nothing would stop the daemon for ever.
const SHARE_MIN: f64 = 0.001;

/// Tokens that rounding may have lost; a wait that was served must not begin again.
const ROUNDING: f64 = 1e-6;

/// What AWS allows an account in one region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Calls at once, after a quiet time.
    pub burst: f64,
    /// Calls per second for ever.
    pub per_second: f64,
}

/// The tokens of one category. All times are spans since one fixed start.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    limit: Limit,
    share: f64,
    pace: Pace,
    balance: f64,
    filled_at: Duration,
}

impl Bucket {
    /// A bucket that is full at `now`.
    pub(super) fn new(limit: Limit, share: f64, now: Duration) -> Self {
        let mut bucket =
            Self { limit, share: clamp(share), pace: Pace::full(), balance: 0.0, filled_at: now };
        bucket.balance = bucket.capacity();
        bucket
    }

    /// Takes `tokens`, or says how long to wait before asking again.
    pub(super) fn take(&mut self, tokens: f64, now: Duration) -> Result<(), Duration> {
        self.fill(now);
        let missing = tokens - self.balance;
        let pause = self.pace.paused_until().saturating_sub(now);
        if missing <= ROUNDING && pause.is_zero() {
            self.balance -= tokens;
            return Ok(());
        }
        Err(pause.max(Duration::from_secs_f64(missing.max(0.0) / self.rate())))
    }

    /// Charges for a call that was sent without asking: the balance may become negative, and what
    /// comes next pays for it.
    pub(super) fn debit(&mut self, tokens: f64, now: Duration) {
        self.fill(now);
        self.balance -= tokens;
    }

    /// Changes the share from `now` on. What was saved up beyond the new capacity is lost.
    pub(super) fn set_share(&mut self, share: f64, now: Duration) {
        self.fill(now);
        self.share = clamp(share);
        self.balance = self.balance.min(self.capacity());
    }

    /// AWS answered that calls come too fast.
    pub(super) fn throttled(&mut self, now: Duration, jitter: f64) {
        self.fill(now);
        self.pace.throttled(now, jitter);
        self.balance = self.balance.min(0.0);
    }

    fn fill(&mut self, now: Duration) {
        let earned = now.saturating_sub(self.filled_at).as_secs_f64() * self.rate();
        self.balance = (self.balance + earned).min(self.capacity());
        self.filled_at = self.filled_at.max(now);
        self.pace.recover(now);
    }

    fn capacity(&self) -> f64 {
        (self.limit.burst * self.share).max(1.0)
    }

    fn rate(&self) -> f64 {
        self.limit.per_second * self.share * self.pace.factor()
    }
}

fn clamp(share: f64) -> f64 {
    share.clamp(SHARE_MIN, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { burst: 50.0, per_second: 5.0 };

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    fn taken(bucket: &mut Bucket, now: f64) -> usize {
        (0..1000).take_while(|_| bucket.take(1.0, at(now)).is_ok()).count()
    }

    #[test]
    fn the_burst_comes_at_once_and_the_rate_for_ever() {
        let mut bucket = Bucket::new(LIMIT, 1.0, at(0.0));
        assert_eq!(taken(&mut bucket, 0.0), 50);
        assert_eq!(bucket.take(1.0, at(0.0)), Err(at(0.2)));
        assert_eq!(taken(&mut bucket, 1.0), 5);
        assert_eq!(taken(&mut bucket, 100.0), 50);
    }

    #[test]
    fn a_share_scales_burst_and_rate_but_one_call_is_always_possible() {
        let mut bucket = Bucket::new(LIMIT, 0.1, at(0.0));
        assert_eq!(taken(&mut bucket, 0.0), 5);
        assert_eq!(taken(&mut bucket, 4.0), 2);
        let mut smallest = Bucket::new(LIMIT, 0.0, at(0.0));
        assert_eq!(taken(&mut smallest, 0.0), 1);
        assert_eq!(taken(&mut smallest, 1000.0), 1);
    }

    #[test]
    fn debts_are_paid_before_anything_else_is_sent() {
        let mut bucket = Bucket::new(LIMIT, 1.0, at(0.0));
        bucket.debit(60.0, at(0.0));
        assert_eq!(bucket.take(1.0, at(0.0)), Err(at(2.2)));
        assert_eq!(taken(&mut bucket, 2.2), 1);
    }

    #[test]
    fn a_share_changes_at_once_and_takes_the_savings_with_it() {
        let mut bucket = Bucket::new(LIMIT, 1.0, at(0.0));
        bucket.set_share(0.2, at(0.0));
        assert_eq!(taken(&mut bucket, 0.0), 10);
        bucket.set_share(1.0, at(0.0));
        assert_eq!(taken(&mut bucket, 2.0), 10);
    }

    #[test]
    fn throttling_empties_pauses_and_slows_the_bucket() {
        let mut bucket = Bucket::new(LIMIT, 1.0, at(0.0));
        bucket.throttled(at(0.0), 1.0);
        assert_eq!(bucket.take(1.0, at(0.1)), Err(at(0.4)));
        assert_eq!(taken(&mut bucket, 4.0), 10);
        assert_eq!(taken(&mut bucket, 100.0), 50);
    }
}
