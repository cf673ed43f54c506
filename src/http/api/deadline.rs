//! How long a refresh may take, in the form in which it goes out.

use serde::{Serialize, Serializer};

use super::view::as_text;
use crate::plan::deadline::{Assumed, Deadline, Part};

/// The deadline of a service that is due, and how it comes about.
#[derive(Serialize)]
pub struct DeadlineView<'a> {
    total_seconds: u64,
    floor_applied: bool,
    parts: Parts<'a>,
    assumed: Assumptions<'a>,
}

impl<'a> DeadlineView<'a> {
    pub fn new(deadline: &'a Deadline) -> Self {
        Self {
            total_seconds: deadline.total.as_secs(),
            floor_applied: deadline.floor_applied,
            parts: Parts(&deadline.parts),
            assumed: Assumptions(&deadline.assumed),
        }
    }
}

struct Parts<'a>(&'a [Part]);

impl Serialize for Parts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|part| PartView {
            name: part.name(),
            seconds: part.duration().as_secs(),
            how: part,
        }))
    }
}

#[derive(Serialize)]
struct PartView<'a> {
    name: &'static str,
    seconds: u64,
    #[serde(serialize_with = "as_text")]
    how: &'a Part,
}

struct Assumptions<'a>(&'a [Assumed]);

impl Serialize for Assumptions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Assumed::to_string))
    }
}
