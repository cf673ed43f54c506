//! The fields of a JSON object, read tolerantly: `null` and blank texts count as absent, and names
//! that AWS spells in several ways are found in any case.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::arn::Arn;
use super::{Fragment, date};

pub type Object = Map<String, Value>;

/// An object and where it stands.
#[derive(Clone)]
pub struct Fields<'a> {
    object: &'a Object,
    /// What its fields' names are preceded by: nothing, or `detail.`.
    within: String,
}

impl<'a> Fields<'a> {
    /// The fields of the event itself.
    pub fn new(object: &'a Object) -> Self {
        Self { object, within: String::new() }
    }

    /// The fields of `value`, which stands at `place`.
    pub fn of(value: &'a Value, place: &str) -> Result<Self, Fragment> {
        match value {
            Value::Object(object) => Ok(Self { object, within: format!("{place}.") }),
            other => Err(Fragment::of_value(place, "an object", Some(other))),
        }
    }

    /// The fields of the object `name`, which must be there.
    pub fn inner(&self, name: &str) -> Result<Self, Fragment> {
        Self::of(self.get(name).unwrap_or(&Value::Null), &self.place(name))
    }

    /// The value of `name`, else that of the same name in another case.
    pub fn get(&self, name: &str) -> Option<&'a Value> {
        let other_case = || {
            self.object
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        };
        self.object.get(name).or_else(other_case).filter(|value| !value.is_null())
    }

    /// Where the field `name` stands.
    pub fn place(&self, name: &str) -> String {
        format!("{}{name}", self.within)
    }

    /// What to say about a field that does not hold what was expected.
    pub fn unexpected(&self, name: &str, expected: &str) -> Fragment {
        Fragment::of_value(&self.place(name), expected, self.get(name))
    }

    /// A text without blanks around it.
    pub fn text(&self, name: &str) -> Result<Option<&'a str>, Fragment> {
        match self.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
            Some(_) => Err(self.unexpected(name, "a text")),
        }
    }

    pub fn date(&self, name: &str) -> Result<Option<DateTime<Utc>>, Fragment> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        date::read(text).map(Some).ok_or_else(|| self.unexpected(name, "a date"))
    }

    pub fn arn(&self, name: &str) -> Result<Option<Arn<'a>>, Fragment> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        Arn::read(text).map(Some).ok_or_else(|| self.unexpected(name, "an ARN of Amazon ECS"))
    }

    /// A whole number, which AWS Health writes as a text.
    pub fn count(&self, name: &str) -> Result<Option<u64>, Fragment> {
        let number = match self.get(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => return Ok(None),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_u64(),
        };
        number.map(Some).ok_or_else(|| self.unexpected(name, "a whole number"))
    }

    /// A list; an absent one is empty.
    pub fn list(&self, name: &str) -> Result<&'a [Value], Fragment> {
        match self.get(name) {
            None => Ok(&[]),
            Some(Value::Array(list)) => Ok(list),
            Some(_) => Err(self.unexpected(name, "a list")),
        }
    }
}
