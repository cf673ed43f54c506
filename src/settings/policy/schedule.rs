//! Reads when refreshes of a policy may start.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::{TZ_VARIANTS, Tz};

use super::{all, days, optional, required};
use crate::plan::schedule::{CronWindow, Freeze, Moment, Schedule, ScheduleError, Windows};
use crate::settings::document::{Item, Reader, Table};
use crate::settings::problem::did_you_mean;
use crate::settings::scalar::{Fault, Raw};

/// One for every hour of the day. Each is looked at on every event.
const WINDOWS_MAX: usize = 24;

/// Two a month for four years.
const FREEZES_MAX: usize = 100;

/// A cron field may list every minute.
const CRON_CHARS_MAX: usize = 512;

/// A sentence.
const WHY_CHARS_MAX: usize = 200;

/// The longest name of a zone has 30 characters.
const ZONE_CHARS_MAX: usize = 100;

impl From<ScheduleError> for Fault {
    fn from(error: ScheduleError) -> Self {
        Self { message: error.to_string(), hint: error.hint().map(str::to_owned) }
    }
}

/// The schedule of zone, windows and freezes.
pub fn read<'a>(
    reader: &mut Reader<'a, '_>,
    policy: &Item<'a>,
    table: &Table<'a>,
) -> Option<Schedule> {
    let zone = optional(reader, table, "timezone", Tz::UTC, zone_of);
    let windows_item = required(reader, policy, table, "windows");
    let windows = windows_item.as_ref().and_then(|item| windows(reader, item));
    let freezes = match table.item("freezes") {
        None => Some(vec![]),
        // Without a zone the dates can still be read, so that every problem is seen at once.
        Some(item) => freezes(reader, &item, zone.unwrap_or(Tz::UTC)),
    };
    let (zone, windows, freezes) = (zone?, windows?, freezes?);
    let schedule = Schedule::new(zone, windows, freezes);
    schedule
        .map_err(|error| reader.refuse(&windows_item.unwrap_or(policy.clone()), error.into()))
        .ok()
}

fn zone_of(raw: Raw<'_>) -> Result<Tz, Fault> {
    let name = raw.text(ZONE_CHARS_MAX)?;
    name.parse().map_err(|_| {
        let fault = Fault::new(format!("no such time zone: {name:?}"));
        match did_you_mean(name, TZ_VARIANTS.iter().map(|zone| zone.name())) {
            Some(meant) => fault.hint(format!("did you mean {meant:?}?")),
            None => fault.hint("a name of the IANA database, such as \"Europe/Berlin\" or \"UTC\""),
        }
    })
}

fn windows<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<Windows> {
    const HINT: &str =
        "a list such as [{ cron = \"0 3 * * *\", duration = \"2h\" }], or \"always\"";
    match item.raw() {
        Raw::Text("always") => return Some(Windows::Always),
        Raw::Text(other) => {
            reader.refuse(
                item,
                Fault::new(format!("neither a list nor \"always\": {other:?}")).hint(HINT),
            );
            return None;
        }
        _ if item.elements().is_none() => {
            reader.refuse(item, Fault::new("neither a list nor \"always\"").hint(HINT));
            return None;
        }
        _ => {}
    }
    let list = reader.array(item, WINDOWS_MAX)?;
    if list.is_empty() {
        let fault = Fault::new("no windows: nothing would ever start");
        reader.refuse(item, fault.hint("enabled = false keeps a policy from starting anything"));
        return None;
    }
    all(list.iter().map(|item| window(reader, item))).map(Windows::Cron)
}

fn window<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<CronWindow> {
    // The shortest and the longest window are the schedule's own limits.
    const LENGTH: RangeInclusive<Duration> = Duration::from_secs(60)..=days(7);
    let table = reader.table(item, ".", &["cron", "duration"])?;
    let length = required(reader, item, &table, "duration")
        .and_then(|item| reader.value(&item, |raw| raw.duration(LENGTH)));
    let cron = required(reader, item, &table, "cron")?;
    reader
        .value(&cron, |raw| {
            let text = raw.text(CRON_CHARS_MAX)?;
            // Without a usable length the expression is still looked at.
            Ok(CronWindow::new(text, length.unwrap_or(*LENGTH.end()))?)
        })
        .filter(|_| length.is_some())
}

fn freezes<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>, zone: Tz) -> Option<Vec<Freeze>> {
    let list = reader.array(item, FREEZES_MAX)?;
    all(list.iter().map(|item| freeze(reader, item, zone)))
}

fn freeze<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>, zone: Tz) -> Option<Freeze> {
    let table = reader.table(item, ".", &["from", "until", "why"])?;
    let why = optional(reader, &table, "why", None, |raw| {
        raw.text(WHY_CHARS_MAX).map(|why| Some(Arc::from(why)))
    });
    let from = required(reader, item, &table, "from").and_then(|item| moment(reader, &item));
    let until = required(reader, item, &table, "until").and_then(|item| moment(reader, &item));
    let freeze = Freeze::new(zone, from?, until?, why?);
    freeze.map_err(|error| reader.refuse(item, error.into())).ok()
}

fn moment<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<Moment> {
    let text = item.text_or_date().unwrap_or_default();
    text.parse().map_err(|error: ScheduleError| reader.refuse(item, error.into())).ok()
}
