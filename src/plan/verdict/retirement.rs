//! What a verdict says of a retirement notice.

use std::fmt;

use crate::clock::Time;
use crate::plan::notice::EventKey;
use crate::plan::words::{ZonedTime, count};

/// AWS will retire tasks of a service, and what its policy makes of that.
#[derive(Clone, Debug, PartialEq)]
pub struct RetirementAhead {
    pub event: EventKey,
    /// Tasks created at or before it are to be retired.
    pub cutoff: Time,
    /// When AWS begins to replace them; absent where it did not say.
    pub deadline: Option<ZonedTime>,
    /// Whether that moment has passed.
    pub missed: bool,
    /// Whether AWS stopped a task that was created after the notice's own cutoff.
    pub reopened: bool,
    pub prospect: Prospect,
    /// Whether it will hardly be done before the deadline.
    pub at_risk: bool,
}

/// When the policy lets the service be refreshed because of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prospect {
    /// In windows. So many open before the moment from which it would be late, one that is open now
    /// included.
    Windows { left: u32, before: ZonedTime },
    /// No window opens in time: outside of windows, from then on.
    Outside { from: ZonedTime },
    /// At once, whatever the windows.
    AtOnce,
    /// In the next window, because the deadline is not known.
    Undated,
    /// Not before the deadline.
    LeftToAws(LeftToAws),
}

/// Why AWS replaces the tasks itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftToAws {
    /// The policy says `ignore`.
    Ignored,
    /// The policy says `window-only`, and no window opens before the deadline.
    NoWindow,
    /// A freeze lasts until after the deadline.
    Frozen,
}

impl fmt::Display for RetirementAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.deadline {
            None => f.write_str("AWS will retire its tasks and has not said when")?,
            Some(deadline) if self.missed => {
                write!(f, "AWS has been retiring its tasks since {deadline}")?;
            }
            Some(deadline) => write!(f, "AWS retires its tasks from {deadline} on")?,
        }
        match self.prospect {
            Prospect::Windows { left: 1, before } => write!(f, ", 1 window opens before {before}")?,
            Prospect::Windows { left, before } => {
                write!(f, ", {} open before {before}", count(left, "window"))?;
            }
            Prospect::Outside { from } => {
                write!(
                    f,
                    ", no window opens in time, so it starts outside of windows from {from}"
                )?;
            }
            Prospect::AtOnce | Prospect::Undated => {}
            Prospect::LeftToAws(why) => write!(f, ", {why}")?,
        }
        if self.reopened {
            f.write_str(", and it stopped tasks that were newer than its notice")?;
        }
        if self.at_risk {
            f.write_str("; at risk of not being refreshed before that")?;
        }
        Ok(())
    }
}

impl fmt::Display for LeftToAws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ignored => "which the policy leaves to it",
            Self::NoWindow => "and replaces them itself: no window opens before that",
            Self::Frozen => "and replaces them itself: frozen until after that",
        })
    }
}
