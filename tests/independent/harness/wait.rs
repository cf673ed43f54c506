//! Waiting for something outside of the process to become true.

use std::time::Duration;

/// How often is looked.
const INTERVAL: Duration = Duration::from_millis(20);

/// Looks until there is something, and returns it.
///
/// # Panics
/// When there is nothing within `seconds`: then with `why` it matters.
#[track_caller]
#[expect(clippy::disallowed_methods, reason = "other processes live in real time")]
pub fn eventually<T>(seconds: u64, why: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = std::time::Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(std::time::Instant::now() < end, "not within {seconds} s: {why}");
        std::thread::sleep(INTERVAL);
    }
}
