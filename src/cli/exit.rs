//! How a command ends.

use std::fmt::Display;
use std::process::ExitCode;

/// The three ends of a command.
#[derive(Debug)]
pub enum Exit {
    /// 0: fine.
    Fine,
    /// 1: the answer is no. What remains to be said goes to standard error.
    No(Option<String>),
    /// 2: it could not answer.
    Cannot(String),
}

impl Exit {
    /// The answer is no, because of `why`.
    pub fn no(why: impl Display) -> Self {
        Self::No(Some(why.to_string()))
    }

    /// It could not answer, because of `why`.
    pub fn cannot(why: impl Display) -> Self {
        Self::Cannot(why.to_string())
    }

    /// Says what remains to be said.
    pub fn report(self) -> ExitCode {
        match self {
            Self::Fine => ExitCode::SUCCESS,
            Self::No(why) => {
                if let Some(why) = why {
                    eprintln!("{}", why.trim_end());
                }
                ExitCode::from(1)
            }
            Self::Cannot(why) => {
                eprintln!("error: {}", why.trim_end());
                ExitCode::from(2)
            }
        }
    }
}
