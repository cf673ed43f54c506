//! The times at which many tasks were created, in few bytes: eight hexadecimal digits of seconds since
//! 1970 for each, or eight dashes where it is not known.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serializer};

use crate::clock::Time;

const UNKNOWN: &str = "--------";

/// Writes times to the second. One that no task can have been created at is written as unknown.
pub fn serialize<S: Serializer>(times: &[Option<Time>], serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = String::with_capacity(times.len() * UNKNOWN.len());
    for time in times {
        match time.and_then(|time| u32::try_from(time.timestamp()).ok()) {
            Some(seconds) => text.push_str(&format!("{seconds:08x}")),
            None => text.push_str(UNKNOWN),
        }
    }
    serializer.serialize_str(&text)
}

/// Reads what [`serialize`] wrote.
pub fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<Option<Time>>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let chunks = text.as_bytes().chunks(UNKNOWN.len()).map(|chunk| {
        if chunk == UNKNOWN.as_bytes() {
            return Some(None);
        }
        let digits = std::str::from_utf8(chunk).ok().filter(|digits| digits.len() == 8)?;
        let seconds = u32::from_str_radix(digits, 16).ok()?;
        Time::from_timestamp(i64::from(seconds), 0).map(Some)
    });
    let times: Option<Vec<Option<Time>>> = chunks.collect();
    times.ok_or_else(|| Error::custom(format!("{text:?} are not times")))
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Times(#[serde(with = "super")] Vec<Option<Time>>);

    #[test]
    fn times_are_the_same_to_the_second_after_reading() {
        let at = |seconds| Time::from_timestamp(seconds, 0);
        let times = Times(vec![at(0), None, at(1_800_000_000), at(i64::from(u32::MAX))]);
        let written = serde_json::to_value(&times).unwrap();
        assert_eq!(written, json!("00000000--------6b49d200ffffffff"));
        assert_eq!(serde_json::from_value::<Times>(written).unwrap(), times);
        let strange = Times(vec![Some(Time::MIN_UTC), Some(Time::MAX_UTC)]);
        assert_eq!(serde_json::to_value(strange).unwrap(), json!("----------------"));
    }

    #[test]
    fn what_are_no_times_says_so() {
        for text in ["1", "zzzzzzzz", "000000001", "éééé"] {
            let error = serde_json::from_value::<Times>(json!(text)).unwrap_err().to_string();
            assert!(error.contains("are not times"), "{text}: {error}");
        }
    }
}
