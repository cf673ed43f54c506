//! Dates, in the forms that AWS was seen to write them.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate, Utc, Weekday};

/// Fargate is from 2017, and retirements are announced two weeks ahead: a year that is far from
/// that is a mistake, and must not become a deadline or a cutoff.
const YEARS: RangeInclusive<i32> = 2015..=2100;

/// Longer than any date.
const DATE_BYTES_MAX: usize = 64;

/// Reads RFC 3339 and the like, or `Wed, 16 Aug 2023 23:18:51 GMT`, the latter with blanks left
/// out, commas anywhere between its parts, and without zeros in front. A weekday that is not that
/// date's makes it no date, because one of the two is wrong and nobody knows which.
pub fn read(text: &str) -> Option<DateTime<Utc>> {
    if text.len() > DATE_BYTES_MAX {
        return None;
    }
    let date = in_digits(text).or_else(|| in_words(text))?;
    YEARS.contains(&date.year()).then_some(date)
}

/// `2023-08-16T23:18:51.5+09:00`; the offset may lack its colon or its minutes, but not be absent.
fn in_digits(text: &str) -> Option<DateTime<Utc>> {
    let date = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%#z"));
    date.ok().map(|date| date.to_utc())
}

/// `Wed, 16 Aug 2023 23:18:51 GMT`
fn in_words(text: &str) -> Option<DateTime<Utc>> {
    let mut rest = Rest(text);
    let weekday = match rest.letters() {
        "" => None,
        name => Some(name.parse::<Weekday>().ok()?),
    };
    let day = rest.number(1..=2)?;
    let month = rest.letters().parse::<chrono::Month>().ok()?.number_from_month();
    let year = rest.number(4..=4)?;
    let hour = rest.number(1..=2)?;
    let minute = rest.sign(':')?.number(1..=2)?;
    let second = rest.sign(':')?.number(1..=2)?;
    let offset = rest.offset()?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    if weekday.is_some_and(|weekday| weekday != date.weekday()) {
        return None;
    }
    let local = date.and_hms_opt(hour, minute, second)?.and_local_timezone(offset);
    local.single().map(|date| date.to_utc())
}

/// The part of a date that is not read yet.
struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    /// The letters that come next, maybe none.
    fn letters(&mut self) -> &'a str {
        self.next(|sign| sign.is_ascii_alphabetic(), usize::MAX)
    }

    /// The number that comes next, of so many digits. More digits are left for what follows, as in
    /// `202323:18:51`.
    fn number(&mut self, digits: RangeInclusive<usize>) -> Option<u32> {
        let number = self.next(|sign| sign.is_ascii_digit(), *digits.end());
        digits.contains(&number.len()).then(|| number.parse().ok())?
    }

    fn sign(&mut self, sign: char) -> Option<&mut Self> {
        self.0 = self.0.strip_prefix(sign)?;
        Some(self)
    }

    /// The zone, with which the text must end. Its names in America are ambiguous and not read.
    fn offset(&mut self) -> Option<FixedOffset> {
        match self.letters().to_ascii_uppercase().as_str() {
            "GMT" | "UTC" | "UT" | "Z" => {
                return self.is_read().then_some(FixedOffset::east_opt(0))?;
            }
            "" => {}
            _ => return None,
        }
        let sign = if self.sign('+').is_some() { 1 } else { self.sign('-').map(|_| -1)? };
        let hours = self.number(2..=2)?;
        let _ = self.sign(':');
        let minutes = self.number(2..=2).filter(|minutes| *minutes < 60)?;
        let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
        self.is_read().then_some(FixedOffset::east_opt(sign * seconds))?
    }

    fn is_read(&self) -> bool {
        self.0.trim_start_matches(is_between).is_empty()
    }

    /// The signs of one kind that come next, at most so many, behind whatever parts them from what
    /// was read before.
    fn next(&mut self, is_kind: impl Fn(char) -> bool, most: usize) -> &'a str {
        let rest = self.0.trim_start_matches(is_between);
        let end = rest.find(|sign| !is_kind(sign)).unwrap_or(rest.len());
        // Both kinds are ASCII, so that every length is a boundary.
        let (found, rest) = rest.split_at(end.min(most));
        self.0 = rest;
        found
    }
}

/// What may stand between the parts of a date.
fn is_between(sign: char) -> bool {
    sign == ',' || sign.is_whitespace()
}
