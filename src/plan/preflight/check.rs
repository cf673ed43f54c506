//! What came of a check.

use std::fmt;
use std::sync::Arc;

use super::{Action, Name};
use crate::metrics::Label;
use crate::plan::words::ZonedTime;

/// The result of a check, after what the policy makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Pass,
    /// It cannot be told: something could not be read, or AWS does not say.
    Unknown,
    Warn,
    /// A refresh does not start.
    Hold,
}

impl Label for Outcome {
    const ALL: &'static [Self] = &[Self::Pass, Self::Unknown, Self::Warn, Self::Hold];

    fn label(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Unknown => "unknown",
            Self::Warn => "warn",
            Self::Hold => "hold",
        }
    }
}

/// How bad what a check found is by itself, whatever the policy makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    Fine,
    Unknown,
    /// Worth a warning, and no more.
    Notable,
    /// A refresh would break something, or would not get anywhere.
    Bad,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub grade: Grade,
    /// A sentence without a full stop that names what was looked at.
    pub sentence: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// When the policy tries again by itself, where nothing has to be done about it.
    pub until: Option<ZonedTime>,
}

impl Found {
    pub fn fine(sentence: impl Into<String>) -> Self {
        Self::new(Grade::Fine, sentence)
    }

    pub fn unknown(sentence: impl Into<String>) -> Self {
        Self::new(Grade::Unknown, sentence)
    }

    pub fn notable(sentence: impl Into<String>) -> Self {
        Self::new(Grade::Notable, sentence)
    }

    pub fn bad(sentence: impl Into<String>) -> Self {
        Self::new(Grade::Bad, sentence)
    }

    fn new(grade: Grade, sentence: impl Into<String>) -> Self {
        Self { grade, sentence: sentence.into(), hint: None, until: None }
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

/// A check that was made of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub name: Name,
    pub outcome: Outcome,
    /// A sentence without a full stop. Shared by services of which the same is said.
    pub sentence: Arc<str>,
    pub hint: Option<Arc<str>>,
    /// When the policy tries again by itself, where nothing has to be done about it.
    pub until: Option<ZonedTime>,
}

impl Check {
    pub(super) fn new(name: Name, action: Action, found: Found) -> Self {
        let outcome = match (found.grade, action) {
            (Grade::Fine, _) | (_, Action::Allow) => Outcome::Pass,
            (Grade::Unknown, Action::Require) => Outcome::Hold,
            (Grade::Unknown, _) => Outcome::Unknown,
            (Grade::Notable, _) | (Grade::Bad, Action::Warn) => Outcome::Warn,
            (Grade::Bad, Action::Hold | Action::Require) => Outcome::Hold,
        };
        let Found { sentence, hint, until, .. } = found;
        let until = until.filter(|_| outcome == Outcome::Hold);
        Self { name, outcome, sentence: sentence.into(), hint: hint.map(Into::into), until }
    }
}

/// The sentence that explains a hold.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)?;
        if let Some(until) = &self.until {
            write!(f, ", next try {until}")?;
        }
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {hint}"))
    }
}
