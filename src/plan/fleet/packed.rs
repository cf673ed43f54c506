//! Many task ids in few bytes: of a service with five thousand tasks they are nearly all that a
//! record says.
//!
//! A list of texts, each of which is a run of ids of one form: their bytes in base64 without padding,
//! those with dashes after a `-`. A single id as ECS writes it is read as well, as records from before
//! there were runs have them; no run is as long as one of those.

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::TaskId;

/// What a run of ids with dashes begins with.
const DASHED: char = '-';

/// The lengths of an id as ECS writes it, without dashes and with them.
const WRITTEN_CHARS: [usize; 2] = [32, 36];

/// Writes ids as runs, in their order.
pub fn serialize<S: Serializer>(ids: &[TaskId], serializer: S) -> Result<S::Ok, S::Error> {
    let runs = ids.chunk_by(|one, next| one.is_dashed() == next.is_dashed()).map(|run| {
        let bytes: Vec<u8> = run.iter().flat_map(|id| id.digits()).collect();
        let text = STANDARD_NO_PAD.encode(bytes);
        if run[0].is_dashed() { format!("{DASHED}{text}") } else { text }
    });
    runs.collect::<Vec<_>>().serialize(serializer)
}

/// Reads what [`serialize`] wrote, and single ids.
pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<TaskId>, D::Error> {
    let mut ids = Vec::new();
    for text in Vec::<String>::deserialize(deserializer)? {
        let read = match WRITTEN_CHARS.contains(&text.len()) {
            true => TaskId::parse(&text).map(|id| ids.push(id)),
            false => run(&text).map(|run| ids.extend(run)),
        };
        read.ok_or_else(|| Error::custom(format!("{text:?} has no task ids")))?;
    }
    Ok(ids)
}

fn run(text: &str) -> Option<Vec<TaskId>> {
    let (text, is_dashed) = match text.strip_prefix(DASHED) {
        Some(text) => (text, true),
        None => (text, false),
    };
    let bytes = STANDARD_NO_PAD.decode(text).ok()?;
    let (ids, rest) = bytes.as_chunks::<16>();
    rest.is_empty().then(|| ids.iter().map(|digits| TaskId::of(*digits, is_dashed)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PLAIN: &str = "00dea2d8f2f74f1f8e4cb6a5ad2b1c0e";
    const DASHED: &str = "1db59a02-7e07-415e-bc75-54ce82874dd0";

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Ids(#[serde(with = "super")] Vec<TaskId>);

    fn ids(texts: &[&str]) -> Ids {
        Ids(texts.iter().map(|text| TaskId::parse(text).unwrap()).collect())
    }

    #[test]
    fn ids_are_the_same_and_in_the_same_order_after_reading() {
        for (texts, runs) in [
            (&[][..], 0),
            (&[PLAIN], 1),
            (&[DASHED], 1),
            (&[PLAIN, PLAIN, DASHED, DASHED, DASHED, PLAIN], 3),
        ] {
            let written = serde_json::to_value(ids(texts)).unwrap();
            assert_eq!(written.as_array().unwrap().len(), runs, "{written}");
            assert_eq!(serde_json::from_value::<Ids>(written).unwrap(), ids(texts));
        }
    }

    #[test]
    fn no_run_is_taken_for_a_single_id() {
        for count in 1..10_000 {
            let chars = (count * 16_usize * 8).div_ceil(6);
            assert!(!WRITTEN_CHARS.contains(&chars) && !WRITTEN_CHARS.contains(&(chars + 1)));
        }
    }

    #[test]
    fn single_ids_are_read() {
        let read: Ids = serde_json::from_value(json!([PLAIN, DASHED, PLAIN])).unwrap();
        assert_eq!(read, ids(&[PLAIN, DASHED, PLAIN]));
    }

    #[test]
    fn what_has_no_ids_says_so() {
        let half = STANDARD_NO_PAD.encode([7; 24]);
        for text in ["z".repeat(32), "*".repeat(22), "AAAA".to_owned(), half, "é".repeat(16)] {
            let error = serde_json::from_value::<Ids>(json!([text])).unwrap_err().to_string();
            assert!(error.contains("has no task ids"), "{text}: {error}");
        }
    }
}
