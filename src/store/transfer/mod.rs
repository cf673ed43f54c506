//! A whole ledger as JSON lines, to move it from one kind of store to another.
//!
//! The first line names the form and its version, the last one says how many there were of each: what
//! was cut short is never taken for the whole. Nothing is stored before every line was understood.

mod fill;
mod lines;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};

use self::lines::{Line, Lines};
use super::record;
use crate::plan::evidence::Evidence;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::{Ledger, Record};
use crate::plan::notice::NoticePage;

/// What the first line calls the form.
const FORM: &str = "ecs-refresh ledger";

/// The version of the form. Records, pages and evidence are in it as stores keep them, so it goes up
/// with the version of those.
const FORM_VERSION: u64 = super::file::FORMAT;

/// The oldest version that can be read.
const FORM_VERSION_MIN: u64 = super::file::FORMAT_MIN;

/// So many problems are told one by one.
const PROBLEMS_MAX: usize = 50;

/// All that a store keeps, the lease aside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    pub ledger: Ledger,
    /// In any order.
    pub history: Vec<Evidence>,
}

/// How much there is of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub records: usize,
    pub pages: usize,
    pub history: usize,
}

#[derive(Debug, Serialize, Deserialize)]
struct Head {
    form: String,
    version: u64,
    /// The program's version, for people.
    #[serde(default)]
    written_by: String,
}

/// A line after the first one.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Item<R, P, E> {
    Record {
        /// The path of the service's key.
        service: String,
        record: R,
    },
    Page(P),
    Evidence(E),
    End(Tally),
}

type ItemRead = Item<Box<Record>, Box<NoticePage>, Box<Evidence>>;

impl Contents {
    pub fn tally(&self) -> Tally {
        Tally {
            records: self.ledger.records.len(),
            pages: self.ledger.notices.pages().count(),
            history: self.history.len(),
        }
    }

    /// Writes everything down.
    ///
    /// # Errors
    /// When `out` cannot be written to.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        type ItemOf<'a> = Item<&'a Record, &'a NoticePage, &'a Evidence>;
        let written_by = env!("CARGO_PKG_VERSION").to_owned();
        lines::write(out, &Head { form: FORM.to_owned(), version: FORM_VERSION, written_by })?;
        for (service, record) in &self.ledger.records {
            lines::write(out, &ItemOf::Record { service: service.to_path(), record })?;
        }
        for page in self.ledger.notices.pages() {
            lines::write(out, &ItemOf::Page(page))?;
        }
        for one in &self.history {
            lines::write(out, &ItemOf::Evidence(one))?;
        }
        lines::write(out, &ItemOf::End(self.tally()))
    }

    /// Reads what [`Contents::write`] wrote; in words, everything that is wrong with it otherwise.
    ///
    /// # Errors
    /// When `input` cannot be read.
    pub fn read(input: &mut dyn BufRead) -> io::Result<Result<Self, Vec<String>>> {
        let mut lines = Lines::new(input);
        if let Err(problem) = check_head(lines.next()?) {
            return Ok(Err(vec![problem]));
        }
        let mut reading = Reading::default();
        while let Some(line) = lines.next()? {
            if let Err(problem) = reading.take(line) {
                reading.complain(format!("line {}: {problem}", lines.number()));
            }
        }
        Ok(reading.finish())
    }
}

/// Refuses everything but an export of a form that this version knows.
fn check_head(line: Option<Line>) -> Result<(), String> {
    let head = match &line {
        Some(Line::Whole(bytes)) => serde_json::from_slice::<Head>(bytes).ok(),
        Some(Line::TooLong) | None => None,
    };
    match head.filter(|head| head.form == FORM) {
        Some(Head { version: FORM_VERSION_MIN..=FORM_VERSION, .. }) => Ok(()),
        Some(Head { version, written_by, .. }) => Err(format!(
            "line 1: it is of form {version}, written by ecs-refresh {written_by:?}, and this version \
             knows {FORM_VERSION}: import it with that version"
        )),
        None => Err(format!(
            "line 1: it does not say that this is an export: the form {FORM:?} and its version"
        )),
    }
}

/// What was read so far.
#[derive(Default)]
struct Reading {
    contents: Contents,
    pages: Vec<NoticePage>,
    /// What was there already.
    names: BTreeSet<String>,
    problems: Vec<String>,
    problems_more: usize,
    /// How much of each there was, the lines that could not be read included.
    seen: usize,
    end: Option<Tally>,
}

impl Reading {
    fn complain(&mut self, problem: String) {
        match self.problems.len() < PROBLEMS_MAX {
            true => self.problems.push(problem),
            false => self.problems_more += 1,
        }
    }

    fn take(&mut self, line: Line) -> Result<(), String> {
        if self.end.is_some() {
            return Err("there is more after the end".to_owned());
        }
        let Line::Whole(bytes) = line else {
            self.seen += 1;
            return Err(format!("it has more than {} bytes", lines::BYTES_MAX));
        };
        let item = serde_json::from_slice::<ItemRead>(&bytes);
        if !matches!(item, Ok(Item::End(_))) {
            self.seen += 1;
        }
        // It is one line: that it is line 1 of itself helps nobody.
        let item =
            item.map_err(|error| error.to_string().replace(" at line 1 column ", ", at column "))?;
        match item {
            Item::Record { service, record } => self.record(&service, *record),
            Item::Page(page) => {
                record::encode_page(&page).map_err(|error| error.to_string())?;
                self.name(format!("the retirement notice {}", page.key.to_path()))?;
                self.pages.push(*page);
                Ok(())
            }
            Item::Evidence(one) => {
                record::encode_evidence(&one).map_err(|error| error.to_string())?;
                let attempt = &one.finished.attempt;
                self.name(format!("attempt {} of {}", attempt.id, attempt.service.to_path()))?;
                self.contents.history.push(*one);
                Ok(())
            }
            Item::End(tally) => {
                self.end = Some(tally);
                Ok(())
            }
        }
    }

    fn record(&mut self, path: &str, record: Record) -> Result<(), String> {
        let service = ServiceKey::from_path(path)
            .ok_or_else(|| format!("{path:?} is not the name of a service"))?;
        record::encode(&service, &record).map_err(|error| error.to_string())?;
        self.name(format!("the record of {path}"))?;
        self.contents.ledger.records.insert(service, record);
        Ok(())
    }

    fn name(&mut self, name: String) -> Result<(), String> {
        match self.names.insert(name.clone()) {
            true => Ok(()),
            false => Err(format!("{name} is there a second time")),
        }
    }

    fn finish(mut self) -> Result<Contents, Vec<String>> {
        self.contents.ledger.notices.extend(std::mem::take(&mut self.pages));
        match self.end {
            None => self.complain("the last line is missing: the export was cut short".to_owned()),
            Some(end) if self.seen != end.records + end.pages + end.history => {
                let there = self.seen;
                self.complain(format!(
                    "there are {there} lines between the first and the last, which tells of {end}"
                ));
            }
            Some(_) => {}
        }
        if self.problems_more > 0 {
            self.problems.push(format!("and {} more", self.problems_more));
        }
        match self.problems.is_empty() {
            true => Ok(self.contents),
            false => Err(self.problems),
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { records, pages, history } = self;
        write!(
            f,
            "{records} records, {pages} pages of retirement notices, {history} ended refreshes"
        )
    }
}
