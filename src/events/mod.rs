//! What EventBridge delivers, read: AWS Health events about retirements, and events of Amazon ECS.
//!
//! Total and tolerant: whatever comes in, an answer comes out. What is not understood is said with
//! its raw text and never guessed. Knows JSON and dates, and nothing else of this program, so that
//! it can be fuzzed without building the rest.

mod arn;
mod date;
mod ecs;
mod entity;
mod envelope;
mod field;
mod fragment;
mod retirement;
#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};

pub use entity::{Entities, read as read_entity};
pub use envelope::{BODY_BYTES_MAX, read};
pub use fragment::{Fragments, harmless};

/// The event type codes that tell of a retirement, as far as AWS was seen to use any.
pub const RETIREMENT_CODES: &[&str] = &["AWS_ECS_TASK_PATCHING_RETIREMENT"];

/// What one message says.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// A page of a retirement notice.
    Retirement(RetirementPage),
    /// Something happened to a service.
    Ecs(EcsEvent),
    /// It was understood and is none of our business; in words, why.
    Ignored(String),
    /// It was not understood.
    NotUnderstood(Fragment),
}

/// A piece of text that was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Where it stood and what was expected there: `detail.startTime: a date was expected`.
    pub what: String,
    /// The text itself, bounded and without control characters; JSON where it was no text.
    pub raw: String,
}

/// One page of one communication of an AWS Health event. Pages may come in any order and more than
/// once; each stands for itself.
#[derive(Clone, Debug, PartialEq)]
pub struct RetirementPage {
    /// The account whose tasks are concerned (`affectedAccount`, else `account`): twelve digits.
    pub account: String,
    /// The Region whose tasks are concerned (`eventRegion`, else `region`).
    pub region: String,
    /// Printable ASCII, bounded.
    pub event_arn: String,
    /// Names this communication, page included. The same one may be delivered in the backup Region
    /// too, and more than once. Printable ASCII, bounded.
    pub communication_id: String,
    /// In the spelling of the codes that were asked for.
    pub event_type_code: String,
    pub status: EventStatus,
    /// When AWS begins to replace the tasks.
    pub starts_at: Option<DateTime<Utc>>,
    /// The earlier of `time` and `lastUpdatedTime`: tasks launched later run on the new revision.
    pub published_at: DateTime<Utc>,
    /// `lastUpdatedTime`, else `time`: orders the communications of one event.
    pub updated_at: DateTime<Utc>,
    /// The union of `resources` and `affectedEntities`, in order, each once.
    pub entities: Vec<AffectedEntity>,
    /// Parts of the page that were not understood; bounded, the last one says how many more there
    /// were.
    pub not_understood: Vec<Fragment>,
}

/// `statusCode` of a Health event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventStatus {
    Upcoming,
    Open,
    Closed,
    /// It was not stated: it counts as open.
    Unstated,
    /// A value that this version does not know, bounded: it counts as open.
    Unknown(String),
}

/// One affected resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AffectedEntity {
    pub entity: Entity,
    /// AWS says that nothing is left to do about it.
    pub resolved: bool,
}

/// What is affected, as it was named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entity {
    /// `cluster|service` in any spelling, or a service's long ARN.
    Service { cluster: String, service: String },
    /// A service's short ARN, which does not name the cluster.
    ShortService { service: String },
    /// A task: 32 hexadecimal digits, or a UUID. Short ARNs and bare ids do not name the cluster.
    Task { cluster: Option<String>, id: String },
}

/// Something happened to a service or one of its tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct EcsEvent {
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub service: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The id of the task that it is about and its `version`, which grows with every change of it.
    pub task_version: Option<(String, u64)>,
}
