//! One parsed file: its tables, each value with the line that it stands in.

use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::files::RawFile;
use super::problem::{Place, Problem, did_you_mean};
use super::scalar::{Fault, Raw};

/// A file that is well-formed TOML.
pub struct Document<'a> {
    lines: Lines<'a>,
    root: Spanned<DeTable<'a>>,
}

/// Where the lines of a file begin.
struct Lines<'a> {
    file: &'a RawFile,
    starts: Vec<usize>,
}

/// A value and the key that it stands under.
#[derive(Clone)]
pub struct Item<'a> {
    pub key: String,
    value: &'a Spanned<DeValue<'a>>,
}

/// A table whose keys are all known.
pub struct Table<'a> {
    /// What the keys of its values begin with.
    prefix: String,
    table: &'a DeTable<'a>,
}

/// Reads values out of one document and notes what is wrong with them.
pub struct Reader<'a, 'p> {
    document: &'a Document<'a>,
    problems: &'p mut Vec<Problem>,
}

impl<'a> Document<'a> {
    /// # Errors
    /// Every error of syntax.
    pub fn parse(file: &'a RawFile) -> Result<Self, Vec<Problem>> {
        let ends = file.text.match_indices('\n').map(|(at, _)| at + 1);
        let lines = Lines { file, starts: std::iter::once(0).chain(ends).collect() };
        let (root, errors) = DeTable::parse_recoverable(&file.text);
        if errors.is_empty() {
            return Ok(Self { lines, root });
        }
        let problem = |error: &toml::de::Error| {
            let place = lines.place(error.span().map_or(0, |span| span.start));
            let message = error.message().lines().collect::<Vec<_>>().join(", ");
            Problem::new(place, format!("not TOML: {message}"))
        };
        Err(errors.iter().map(problem).collect())
    }

    /// The sections and policies of the file, in no particular order.
    pub fn entries(&'a self) -> impl Iterator<Item = (&'a str, Place, Item<'a>)> {
        self.root.get_ref().iter().map(|(name, value)| {
            let place = self.lines.place(name.span().start);
            (name.get_ref().as_ref(), place, Item { key: name.get_ref().to_string(), value })
        })
    }
}

impl Lines<'_> {
    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        let before = self.file.text.get(start..offset).unwrap_or("");
        Place::Line { file: Arc::clone(&self.file.name), line, column: 1 + before.chars().count() }
    }
}

impl<'a> Item<'a> {
    /// The same value under another key.
    pub fn under(&self, key: String) -> Self {
        Self { key, value: self.value }
    }

    /// The elements of an array; `None` when it is something else.
    pub fn elements(&self) -> Option<impl ExactSizeIterator<Item = Item<'a>> + use<'a>> {
        let DeValue::Array(array) = self.value.get_ref() else { return None };
        let key = self.key.clone();
        let element = move |(index, value)| Item { key: format!("{key}[{index}]"), value };
        Some(array.iter().enumerate().map(element))
    }

    /// Each key and value of a table; `None` when it is something else.
    pub fn pairs(&self) -> Option<impl Iterator<Item = (&'a str, Item<'a>)> + use<'a>> {
        let DeValue::Table(table) = self.value.get_ref() else { return None };
        let key = self.key.clone();
        Some(table.iter().map(move |(name, value)| {
            let name = name.get_ref().as_ref();
            (name, Item { key: format!("{key}.{name}"), value })
        }))
    }

    /// The value, if it is a single one.
    pub fn raw(&self) -> Raw<'a> {
        Raw::of(self.value.get_ref())
    }

    /// Text as it is, and a date or time as TOML's own.
    pub fn text_or_date(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            DeValue::Datetime(moment) => Some(moment.to_string()),
            _ => None,
        }
    }
}

impl<'a> Table<'a> {
    /// The value of a key that is there.
    pub fn item(&self, name: &str) -> Option<Item<'a>> {
        let value = self.table.get(name)?;
        Some(Item { key: format!("{}{name}", self.prefix), value })
    }
}

impl<'a, 'p> Reader<'a, 'p> {
    pub fn new(document: &'a Document<'a>, problems: &'p mut Vec<Problem>) -> Self {
        Self { document, problems }
    }

    /// Where a value stands.
    pub fn place(&self, item: &Item<'_>) -> Place {
        self.document.lines.place(item.value.span().start)
    }

    /// Notes what is wrong with a value.
    pub fn refuse(&mut self, item: &Item<'_>, fault: Fault) {
        let Fault { message, hint } = fault;
        let key = item.key.clone();
        self.problems.push(Problem { place: self.place(item), key, message, hint });
    }

    /// A value as `read` understands it.
    pub fn value<T>(
        &mut self,
        item: &Item<'a>,
        read: impl FnOnce(Raw<'a>) -> Result<T, Fault>,
    ) -> Option<T> {
        read(item.raw()).map_err(|fault| self.refuse(item, fault)).ok()
    }

    /// A table; keys other than `known` are noted. Its values' keys are joined by `separator`.
    pub fn table(&mut self, item: &Item<'a>, separator: &str, known: &[&str]) -> Option<Table<'a>> {
        let DeValue::Table(table) = item.value.get_ref() else {
            self.refuse(item, Fault::new("must be a table"));
            return None;
        };
        for (name, _) in table.iter().filter(|(name, _)| !known.contains(&name.get_ref().as_ref()))
        {
            let place = self.document.lines.place(name.span().start);
            let key = format!("{}{separator}{}", item.key, name.get_ref());
            self.problems.push(unknown_key(place, &key, name.get_ref(), known));
        }
        Some(Table { prefix: format!("{}{separator}", item.key), table })
    }

    /// The elements of an array of at most `count_max`.
    pub fn array(&mut self, item: &Item<'a>, count_max: usize) -> Option<Vec<Item<'a>>> {
        let Some(elements) = item.elements() else {
            self.refuse(item, Fault::new("must be an array"));
            return None;
        };
        if elements.len() > count_max {
            let message = format!("has {} entries, {count_max} are allowed", elements.len());
            self.refuse(item, Fault::new(message));
            return None;
        }
        Some(elements.collect())
    }
}

/// The problem of a key that means nothing.
pub fn unknown_key(place: Place, key: &str, name: &str, known: &[&str]) -> Problem {
    let problem = Problem::new(place, "unknown key").key(key);
    match did_you_mean(name, known.iter().copied()) {
        Some(meant) => problem.hint(format!("did you mean {meant:?}?")),
        None => problem.hint(format!("known here: {}", known.join(", "))),
    }
}
