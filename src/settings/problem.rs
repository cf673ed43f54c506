//! What is wrong with a configuration: where, which key, and what to write instead.

use std::fmt;
use std::sync::Arc;

/// More problems than this are counted, not shown: whoever mends the first hundred runs `check`
/// again.
const SHOWN_MAX: usize = 100;

/// Where something in the configuration comes from. Sorts as problems are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A file or directory as a whole.
    Path(Arc<str>),
    /// A line of a file; both numbers begin at 1, the column counts characters.
    Line { file: Arc<str>, line: usize, column: usize },
    /// An environment variable.
    Environment(Arc<str>),
    /// The command line, or that nothing was given at all.
    CommandLine,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(file) => f.write_str(file),
            Self::Line { file, line, .. } => write!(f, "{file}:{line}"),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

impl Place {
    /// Sorts the problems of a file as a whole before those of its lines.
    fn order(&self) -> (u8, &str, usize, usize) {
        match self {
            Self::Path(file) => (0, file, 0, 0),
            Self::Line { file, line, column } => (0, file, *line, *column),
            Self::Environment(name) => (1, name, 0, 0),
            Self::CommandLine => (2, "", 0, 0),
        }
    }
}

/// One problem or one warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub place: Place,
    /// The key, such as `daemon.resync` or `policy "nightly": windows[0].cron`; empty when it is
    /// about no key.
    pub key: String,
    /// What is wrong, without what to do about it.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a key or a hint.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, key: String::new(), message: message.into(), hint: None }
    }

    /// The same about a key.
    pub fn key(self, key: impl Into<String>) -> Self {
        Self { key: key.into(), ..self }
    }

    /// The same with a hint.
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\n    hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Every problem of a configuration, by file and line. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// `None` when there are none.
    pub fn new(mut list: Vec<Problem>) -> Option<Self> {
        list.sort_by(|a, b| a.place.order().cmp(&b.place.order()));
        (!list.is_empty()).then_some(Self(list))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().take(SHOWN_MAX).enumerate() {
            let separator = if index > 0 { "\n" } else { "" };
            write!(f, "{separator}{problem}")?;
        }
        match self.0.len().checked_sub(SHOWN_MAX) {
            Some(more) if more > 0 => write!(f, "\nand {more} more"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Problems {}

/// Which of `known` was probably meant by `given`.
pub fn did_you_mean<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this the likeness is an accident.
    const LIKENESS_MIN: f64 = 0.8;
    let given = given.to_ascii_lowercase();
    let likeness = |name: &str| strsim::jaro_winkler(&given, &name.to_ascii_lowercase());
    let rated = known.into_iter().map(|name| (likeness(name), name));
    rated
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
