//! From local times to instants, on the two odd days of a year as well.

use chrono::{DateTime, MappedLocalTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::clock::Time;

/// The longest gap that a zone's clocks ever jumped is the day that Samoa left out; an hour more
/// is past every gap.
const PAST_EVERY_GAP: TimeDelta = TimeDelta::hours(25);

/// Local dates are asked for between 1970 and 9999 only, which keeps date arithmetic from
/// overflowing for any instant.
const LAST_SECOND: i64 = 253_402_300_799;

/// The instant of a local time: the first of the two where clocks are put back, the end of the gap
/// where they are put forward. Never decreases as `local` grows.
pub fn instant(zone: Tz, local: NaiveDateTime) -> Time {
    match zone.from_local_datetime(&local) {
        MappedLocalTime::Single(time) => time.to_utc(),
        MappedLocalTime::Ambiguous(one, other) => one.min(other).to_utc(),
        MappedLocalTime::None => gap_end(zone, local),
    }
}

/// The instant at which a local day begins.
pub fn day_start(zone: Tz, day: NaiveDate) -> Time {
    instant(zone, day.and_time(NaiveTime::MIN))
}

/// The local date of an instant.
pub fn local_date(zone: Tz, time: Time) -> NaiveDate {
    let seconds = time.timestamp().clamp(0, LAST_SECOND);
    let time = DateTime::from_timestamp(seconds, 0).unwrap_or(DateTime::UNIX_EPOCH);
    time.with_timezone(&zone).date_naive()
}

/// The first instant whose local time is after the gap that `local` is in, by halving: all of a
/// gap is missing, all of what follows is there.
fn gap_end(zone: Tz, local: NaiveDateTime) -> Time {
    let mut missing = local;
    let mut there = local + PAST_EVERY_GAP;
    while there - missing > TimeDelta::seconds(1) {
        let middle = missing + TimeDelta::seconds((there - missing).num_seconds() / 2);
        match zone.from_local_datetime(&middle) {
            MappedLocalTime::None => missing = middle,
            _ => there = middle,
        }
    }
    zone.from_local_datetime(&there).earliest().map_or(there.and_utc(), |time| time.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(zone: Tz, local: &str, expected: &str) {
        let local: NaiveDateTime = local.parse().unwrap();
        assert_eq!(instant(zone, local), expected.parse::<Time>().unwrap(), "{local} in {zone}");
    }

    #[test]
    fn a_time_in_the_gap_is_the_gap_end() {
        check(Tz::Europe__Berlin, "2026-03-29T01:59:00", "2026-03-29T00:59:00Z");
        check(Tz::Europe__Berlin, "2026-03-29T02:00:00", "2026-03-29T01:00:00Z");
        check(Tz::Europe__Berlin, "2026-03-29T02:59:00", "2026-03-29T01:00:00Z");
        check(Tz::Europe__Berlin, "2026-03-29T03:00:00", "2026-03-29T01:00:00Z");
        check(Tz::Australia__Lord_Howe, "2026-10-04T02:15:00", "2026-10-03T15:30:00Z");
        check(Tz::America__Sao_Paulo, "2018-11-04T00:30:00", "2018-11-04T03:00:00Z");
        check(Tz::Pacific__Apia, "2011-12-30T12:00:00", "2011-12-30T10:00:00Z");
    }

    #[test]
    fn a_repeated_time_is_its_first() {
        check(Tz::Europe__Berlin, "2026-10-25T02:30:00", "2026-10-25T00:30:00Z");
        check(Tz::America__New_York, "2026-11-01T01:30:00", "2026-11-01T05:30:00Z");
        check(Tz::Australia__Lord_Howe, "2026-04-05T01:45:00", "2026-04-04T14:45:00Z");
    }
}
