//! One communication about a retirement, as it is stored.

use std::fmt;
use std::sync::Arc;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::plan::due::shift;
use crate::plan::fleet::TaskId;

/// Names a Health event. Its ARN alone is not unique: several accounts may see the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventKey {
    pub account: Arc<str>,
    pub arn: Arc<str>,
}

impl fmt::Display for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.arn)
    }
}

/// Names a page among all: redelivered and backup-Region copies have the same key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PageKey {
    pub event: EventKey,
    /// `communicationId`.
    pub communication: Arc<str>,
    /// A page with very many entities is stored in parts, counted from 0.
    pub part: u32,
}

/// One page of a notice, or a part of one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoticePage {
    pub key: PageKey,
    pub region: Arc<str>,
    /// `eventTypeCode`.
    pub code: Arc<str>,
    pub status: EventStatus,
    /// When AWS begins to replace the tasks; absent where it was not said or not understood.
    pub deadline: Option<Time>,
    /// The earliest publication time that the communication tells of.
    pub published_at: Time,
    /// Orders the communications of one event.
    pub updated_at: Time,
    /// When we took it in.
    pub received_at: Time,
    pub entities: Vec<Affected>,
    /// What was not understood, each with its raw text; bounded.
    pub not_understood: Vec<String>,
}

impl NoticePage {
    /// So many entities are stored in one item: with the longest names that ECS allows they stay
    /// below the largest item of any store.
    pub const ENTITIES_MAX: usize = 400;

    /// Tasks created later run on the new revision: when the communication was published, as far as
    /// that can be believed.
    ///
    /// A time of the future would make every task one to be retired, for ever. One of long ago would
    /// make a notice look satisfied that is not; too late a one costs a refresh at most.
    pub fn cutoff(&self) -> Time {
        let earliest = shift(self.received_at, -DELIVERED_WITHIN);
        self.published_at.max(earliest).min(self.received_at)
    }
}

/// A retirement is announced 14 days ahead at most, and a queue keeps a message for 14 days at most.
const DELIVERED_WITHIN: TimeDelta = TimeDelta::days(28);

/// `statusCode` of a Health event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    Upcoming,
    Open,
    /// It is over: nothing is to be done any more.
    Closed,
    /// Not stated, or not known to this version: it counts as open.
    Other(Arc<str>),
}

impl EventStatus {
    /// What has the greatest weight counts among communications of the same second: that there is
    /// something to do goes before that there is not.
    pub(super) fn weight(&self) -> (u8, &str) {
        match self {
            Self::Closed => (0, ""),
            Self::Upcoming => (1, ""),
            Self::Other(text) => (2, text),
            Self::Open => (3, ""),
        }
    }
}

/// One affected resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Affected {
    #[serde(flatten)]
    pub entity: Entity,
    /// AWS says that nothing is left to do about it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub resolved: bool,
}

/// What is affected, as AWS named it, and what was found out about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entity {
    /// A service, by cluster and name.
    Service(Arc<str>, Arc<str>),
    /// A service whose cluster was not named, as in the short ARNs from before 2021.
    ShortService(Arc<str>),
    /// A task; the cluster is absent where it was not named and has not been found yet.
    Task {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cluster: Option<Arc<str>>,
        id: TaskId,
        /// Whose task it is; absent until that was found out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<Owner>,
    },
}

/// Whose task it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A service's, by its name.
    Service(Arc<str>),
    /// Nobody's: it was started by itself, and AWS does not replace it.
    Standalone {
        /// Who started it, as they chose to say.
        started_by: Option<Arc<str>>,
        group: Option<Arc<str>>,
    },
    /// ECS does not know it any more.
    Gone,
}

impl Owner {
    /// The longest `startedBy` that ECS takes (Amazon ECS API reference, RunTask); no more is kept.
    pub const STARTED_BY_MAX: usize = 128;

    /// So much of a task's group is kept: as much as any name has.
    pub const GROUP_MAX: usize = 255;
}

impl PageKey {
    /// The form that stores use as a name, different for every key. The event's ARN comes last: it
    /// has slashes.
    pub fn to_path(&self) -> String {
        let (account, communication) = (escaped(&self.event.account), escaped(&self.communication));
        format!("{account}/{communication}/{}/{}", self.part, self.event.arn)
    }
}

/// A part of a path, without the sign that separates parts.
fn escaped(part: &str) -> String {
    part.replace('%', "%25").replace('/', "%2F")
}
