//! What can be wrong with a schedule, and how to put it right.

use thiserror::Error;

/// Why a window, a freeze or a whole schedule is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScheduleError {
    #[error("a cron expression has five fields, this one has {0}")]
    Fields(usize),
    #[error("a cron expression is written as five fields, not as a nickname")]
    Nickname,
    #[error("both day of month and day of week are restricted")]
    BothDays,
    #[error("not a cron expression: {0}")]
    Syntax(String),
    #[error("no such day ever comes: the window never opens")]
    NeverOpens,
    #[error("the window opens {0} separate times a day, {max} are allowed", max = super::cron::RUNS_PER_DAY_MAX)]
    TooOften(usize),
    #[error("a window lasts between 1 minute and 7 days")]
    Duration,
    #[error("the windows join into one that stays open for more than 7 days")]
    TooLong,
    #[error("neither a date nor an RFC 3339 instant")]
    Moment,
    #[error("the freeze ends before it begins")]
    FreezeBackwards,
}

impl ScheduleError {
    /// What to write instead, where that can be said.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Fields(6 | 7) => {
                Some("leave out seconds and year: minute hour day-of-month month day-of-week")
            }
            Self::Fields(_) => {
                Some("minute hour day-of-month month day-of-week, such as \"0 3 * * *\"")
            }
            Self::Nickname => Some("\"@daily\" is \"0 0 * * *\""),
            Self::BothDays => {
                Some("make one of them \"*\"; the first Sunday of every month is \"0 3 * * SUN#1\"")
            }
            Self::Syntax(_) => Some(
                "minute 0-59, hour 0-23, day of month 1-31, month 1-12 or JAN-DEC, \
                 day of week 0-7 or SUN-SAT",
            ),
            Self::NeverOpens => Some("\"L\" as day of month is the last day of every month"),
            Self::TooOften(_) => Some("open it less often and for longer"),
            Self::Duration => Some("write it like \"90m\" or \"2h\""),
            Self::TooLong => Some("if starts are welcome at any time, write windows = \"always\""),
            Self::Moment => {
                Some("write 2026-12-28 for a whole day or 2026-12-28T18:00:00+09:00 for an instant")
            }
            Self::FreezeBackwards => {
                Some("`from` comes first; a date in `until` is frozen to its end")
            }
        }
    }
}
