//! One thing that happened, as others are told of it.

use super::detail::{Detail, Held, Noticed};
use crate::aws::BusEntry;
use crate::clock::Time;
use crate::metrics::Label;
use crate::plan::ledger::{Attempt, Finished};

/// The `source` of every event. EventBridge reserves those that begin with `aws.`.
pub const SOURCE: &str = "ecs-refresh";

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A refresh was accepted by ECS.
    Started,
    /// An attempt has its outcome.
    Finished,
    /// A service is not refreshed until something outside changes.
    Held,
    /// AWS retires tasks of a service.
    Noticed,
}

impl Kind {
    /// The `detail-type` of the event.
    pub fn detail_type(self) -> &'static str {
        match self {
            Self::Started => "ECS Refresh Started",
            Self::Finished => "ECS Refresh Finished",
            Self::Held => "ECS Refresh Held",
            Self::Noticed => "ECS Retirement Noticed",
        }
    }
}

impl Label for Kind {
    const ALL: &'static [Self] = &[Self::Started, Self::Finished, Self::Held, Self::Noticed];

    fn label(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Finished => "finished",
            Self::Held => "held",
            Self::Noticed => "noticed",
        }
    }
}

/// One event, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    kind: Kind,
    entry: BusEntry,
}

impl Announcement {
    /// A refresh was accepted. `arn` is the service's, where it was seen.
    pub fn started(attempt: &Attempt, arn: Option<&str>, at: Time) -> Self {
        Self::new(Kind::Started, Detail::started(attempt, arn, at), at)
    }

    /// An attempt has ended; `new_tasks` of its deployment run now, where they were listed.
    pub fn finished(
        finished: &Finished,
        arn: Option<&str>,
        new_tasks: Option<u32>,
        at: Time,
    ) -> Self {
        Self::new(Kind::Finished, Detail::finished(finished, arn, new_tasks, at), at)
    }

    /// A service is held.
    pub fn held(held: &Held<'_>, arn: Option<&str>, at: Time) -> Self {
        Self::new(Kind::Held, Detail::held(held, arn, at), at)
    }

    /// A notice names a service that it did not name before.
    pub fn noticed(noticed: &Noticed<'_>, arn: Option<&str>, at: Time) -> Self {
        Self::new(Kind::Noticed, Detail::noticed(noticed, arn, at), at)
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    pub fn entry(&self) -> &BusEntry {
        &self.entry
    }

    fn new(kind: Kind, detail: Detail, at: Time) -> Self {
        let entry = BusEntry {
            at,
            source: SOURCE,
            detail_type: kind.detail_type(),
            resources: vec![detail.service_arn.clone()],
            detail: detail.to_json(),
        };
        Self { kind, entry }
    }
}
