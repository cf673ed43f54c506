//! Reads which services a policy is about.

use std::collections::BTreeMap;

use super::{all, required};
use crate::plan::selector::{Pattern, PatternError, Selector};
use crate::settings::document::{Item, Reader};
use crate::settings::scalar::{Fault, Raw};

/// Every pattern may be compared with every service on every event.
const PATTERNS_MAX: usize = 100;

/// Amazon ECS API reference, CreateService: names have up to 255 characters. Patterns may have
/// alternatives.
const PATTERN_CHARS_MAX: usize = 512;

/// Amazon ECS developer guide, tags: 50 for a resource, keys of 128 and values of 256 characters.
const TAGS_MAX: usize = 50;
const TAG_KEY_CHARS_MAX: usize = 128;
const TAG_VALUE_CHARS_MAX: usize = 256;

impl From<PatternError> for Fault {
    fn from(error: PatternError) -> Self {
        Self { message: error.to_string(), hint: error.hint() }
    }
}

/// The selector that `services` describes.
pub fn read<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<Selector> {
    let table = reader.table(item, ".", &["clusters", "names", "exclude", "tags"])?;
    let clusters = required(reader, item, &table, "clusters").and_then(|clusters| {
        let list = patterns(reader, &clusters)?;
        if list.is_empty() {
            let fault = Fault::new("no cluster is named");
            reader.refuse(&clusters, fault.hint("clusters = [\"prd-*\"]; \"*\" is every cluster"));
            return None;
        }
        Some(list)
    });
    let names = table.item("names").map_or(Some(vec![]), |item| patterns(reader, &item));
    let exclude = table.item("exclude").map_or(Some(vec![]), |item| patterns(reader, &item));
    let tags = table.item("tags").map_or(Some(BTreeMap::new()), |item| tags(reader, &item));
    Some(Selector::new(clusters?, names?, exclude?, tags?))
}

fn patterns<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<Vec<Pattern>> {
    let read = |raw: Raw<'a>| match raw {
        Raw::Text("") => Err(PatternError::Empty.into()),
        raw => raw.text(PATTERN_CHARS_MAX).and_then(|text| Pattern::new(text).map_err(Fault::from)),
    };
    let elements = reader.array(item, PATTERNS_MAX)?;
    all(elements.iter().map(|item| reader.value(item, read)))
}

fn tags<'a>(reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<BTreeMap<String, String>> {
    let Some(pairs) = item.pairs() else {
        let hint = "tags = { refresh = \"weekly\" }; \"*\" is any value";
        reader.refuse(item, Fault::new("must be a table").hint(hint));
        return None;
    };
    let pairs: Vec<_> = pairs.collect();
    if pairs.len() > TAGS_MAX {
        let message = format!("has {} tags, a service has at most {TAGS_MAX}", pairs.len());
        reader.refuse(item, Fault::new(message));
        return None;
    }
    let read = |(key, item): &(&'a str, Item<'a>)| {
        let is_key = (1..=TAG_KEY_CHARS_MAX).contains(&key.chars().count());
        if !is_key {
            let message = format!("a tag's key has 1 to {TAG_KEY_CHARS_MAX} characters");
            reader.refuse(item, Fault::new(message));
        }
        let value = reader.value(item, |raw| match raw {
            Raw::Text("") => Ok(""),
            raw => raw.text(TAG_VALUE_CHARS_MAX),
        });
        value.filter(|_| is_key).map(|value| (key.to_string(), value.to_owned()))
    };
    all(pairs.iter().map(read)).map(|pairs| pairs.into_iter().collect())
}
