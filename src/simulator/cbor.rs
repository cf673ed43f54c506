//! CBOR, as Smithy RPC v2 uses it, from and to the JSON values that the services work with.
//!
//! JSON has no timestamps. AWS names nearly all of them `...Time` or `...Timestamp`, so the numbers
//! under such names are written with CBOR's tag for epoch time, without which the SDKs do not read them.

use ciborium::Value as Cbor;
use serde_json::{Map, Number, Value};

/// Epoch-based date/time, RFC 8949, section 3.4.2.
const EPOCH_TIME: u64 = 1;

/// Reads a body; `None` when it is no CBOR that JSON could say, too.
pub(crate) fn read(bytes: &[u8]) -> Option<Value> {
    to_json(ciborium::from_reader(bytes).ok()?)
}

/// Writes a body.
pub(crate) fn write(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(&from_json(value, false), &mut bytes)
        .expect("writing into memory cannot fail");
    bytes
}

fn to_json(value: Cbor) -> Option<Value> {
    Some(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(value) => Value::Bool(value),
        Cbor::Integer(value) => Value::from(i64::try_from(value).ok()?),
        Cbor::Float(value) => Value::Number(Number::from_f64(value)?),
        Cbor::Text(text) => Value::String(text),
        Cbor::Tag(EPOCH_TIME, value) => to_json(*value)?,
        Cbor::Array(items) => items.into_iter().map(to_json).collect::<Option<_>>()?,
        Cbor::Map(members) => {
            let member =
                |(key, value): (Cbor, Cbor)| Some((key.into_text().ok()?, to_json(value)?));
            Value::Object(members.into_iter().map(member).collect::<Option<Map<_, _>>>()?)
        }
        _ => return None,
    })
}

fn from_json(value: &Value, is_time: bool) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(value) => Cbor::Bool(*value),
        Value::Number(number) => {
            let number = match number.as_i64() {
                Some(whole) => Cbor::from(whole),
                None => Cbor::from(number.as_f64().unwrap_or_default()),
            };
            if is_time { Cbor::Tag(EPOCH_TIME, Box::new(number)) } else { number }
        }
        Value::String(text) => Cbor::Text(text.clone()),
        Value::Array(items) => Cbor::Array(items.iter().map(|i| from_json(i, is_time)).collect()),
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                (Cbor::Text(key.clone()), from_json(value, names_time(key)))
            };
            Cbor::Map(members.iter().map(member).collect())
        }
    }
}

fn names_time(name: &str) -> bool {
    let ends = ["Time", "Timestamp", "Timestamps"];
    ends.iter().any(|end| name.ends_with(end)) || name == "lastUpdatedAt"
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let value = json!({ "a": [1, -2, 1.5, null, true, "x"], "startTime": 1.8e9, "b": {} });
        assert_eq!(read(&write(&value)), Some(value));
    }

    #[test]
    fn only_times_carry_the_tag() {
        let written = from_json(&json!({ "startTime": 7, "count": 7 }), false);
        let tagged = Cbor::Tag(EPOCH_TIME, Box::new(Cbor::from(7)));
        let member = |name: &str, value| (Cbor::Text(name.to_owned()), value);
        assert_eq!(
            written,
            Cbor::Map(vec![member("count", Cbor::from(7)), member("startTime", tagged)])
        );
    }

    #[test]
    fn what_json_cannot_say_is_refused() {
        for bytes in [&[0xff][..], &[], &[0x41, 0x00], &[0xa1, 0x01, 0x02]] {
            assert_eq!(read(bytes), None, "{bytes:02x?}");
        }
    }
}
