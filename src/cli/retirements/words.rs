//! How retirements are spoken of.

use crate::cli::columns::plain;
use crate::clock::Time;
use crate::plan::words::ZonedTime;

/// What is known of who started a task.
pub fn starter(started_by: Option<&str>, group: Option<&str>) -> String {
    let by = match started_by {
        Some(by) => format!("started by {}", plain(by)),
        None => "nobody said who started it".to_owned(),
    };
    group.map_or_else(|| by.clone(), |group| format!("{by}, group {}", plain(group)))
}

/// `at Fri 2026-12-04 01:00 UTC`.
pub fn when(deadline: Option<ZonedTime>, now: Time) -> String {
    match deadline {
        None => "at a time that AWS has not said".to_owned(),
        Some(deadline) if deadline.time() <= now => format!("since {deadline}"),
        Some(deadline) => format!("at {deadline}"),
    }
}

/// A time of which nobody but AWS says anything: there is no zone to prefer.
pub fn utc(at: Time) -> ZonedTime {
    ZonedTime::new(at, chrono_tz::Tz::UTC)
}
