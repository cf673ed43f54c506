//! Durations, times and counts as people write them.

use std::fmt;
use std::time::Duration;

use chrono::DateTime;
use chrono_tz::Tz;

use crate::clock::Time;

/// A time shown in a policy's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZonedTime {
    at: Time,
    zone: Tz,
}

impl ZonedTime {
    /// The instant `at`, to be shown in `zone`.
    pub fn new(at: Time, zone: Tz) -> Self {
        Self { at, zone }
    }

    /// The instant itself.
    pub fn time(&self) -> Time {
        self.at
    }
}

impl fmt::Display for ZonedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local: DateTime<Tz> = self.at.with_timezone(&self.zone);
        write!(f, "{}", local.format("%a %Y-%m-%d %H:%M %Z"))
    }
}

/// A duration in its two largest units: `6d 4h`, `3m 20s`, `0s`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let units = [
            (seconds / 86_400, "d"),
            (seconds / 3_600 % 24, "h"),
            (seconds / 60 % 60, "m"),
            (seconds % 60, "s"),
        ];
        let Some(first) = units.iter().position(|(count, _)| *count > 0) else {
            return f.write_str("0s");
        };
        write!(f, "{}{}", units[first].0, units[first].1)?;
        match units.get(first + 1) {
            Some((count, unit)) if *count > 0 => write!(f, " {count}{unit}"),
            _ => Ok(()),
        }
    }
}

/// `1 task`, `3 tasks`.
pub fn count(number: impl Into<u64>, noun: &str) -> String {
    match number.into() {
        1 => format!("1 {noun}"),
        many => format!("{many} {noun}s"),
    }
}

/// Somebody else's text as one line of at most `chars_max` characters.
pub fn one_line(text: &str, chars_max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(chars_max) {
        None => line,
        Some(_) => {
            let kept: String = line.chars().take(chars_max.saturating_sub(1)).collect();
            format!("{}…", kept.trim_end())
        }
    }
}

/// A lifecycle stage as people say it: `bake time` for `BAKE_TIME`.
pub fn stage_in_words(stage: &str) -> String {
    stage.to_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_shows_its_two_largest_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (60, "1m"),
            (200, "3m 20s"),
            (3_600, "1h"),
            (3_605, "1h"),
            (90_000, "1d 1h"),
            (604_800, "7d"),
        ] {
            assert_eq!(Span(Duration::from_secs(seconds)).to_string(), text);
        }
    }

    #[test]
    fn a_time_is_shown_in_its_zone() {
        let at = DateTime::from_timestamp(1_796_000_400, 0).unwrap();
        assert_eq!(
            ZonedTime::new(at, chrono_tz::Asia::Tokyo).to_string(),
            "Mon 2026-11-30 10:00 JST"
        );
    }
}
