//! Every key of the scalar sections: what it takes and what it is when nobody says.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use figment::value::Value;
use serde::{Deserialize, Serialize};

use super::document::{Item, Reader};
use super::problem::did_you_mean;
use super::resources::{self, CODES_MAX};
use super::scalar::{Fault, Raw};

/// The scalar sections after layering.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Scalars {
    pub aws: Aws,
    pub daemon: Daemon,
    pub store: Store,
    pub events: Events,
    pub announce: Announce,
    pub health: Health,
}

/// `[aws]`: where the API is. Without it the SDK's own chain decides.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Aws {
    pub region: Option<String>,
    /// An emulator's address.
    pub endpoint_url: Option<String>,
}

/// `[daemon]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Daemon {
    /// Where `/metrics` and `/healthz` are served.
    pub listen: SocketAddr,
    /// The longest that a change goes unseen, where the API budget allows.
    pub resync: Duration,
    /// Everything but the effects.
    pub dry_run: bool,
    /// Refreshes under way, all policies together.
    pub max_in_flight: u32,
    /// Desired tasks of the services under way.
    pub max_tasks_in_flight: u32,
    /// The part of each ECS API token bucket that we may use: more than 0, at most 1.
    pub api_share: f64,
    /// From the signal to stop until what still runs is left.
    pub shutdown_grace: Duration,
}

/// `[store]`: where the ledger is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Store {
    pub kind: StoreKind,
    /// The embedded database, of the kind `file`.
    pub path: PathBuf,
    /// The DynamoDB table, always there with the kind `dynamodb`.
    pub table: Option<String>,
    /// So many finished attempts of each service are kept.
    pub history_kept: u32,
    /// For so long after they ended.
    pub history_max_age: Duration,
    /// For how long a replica holds the lease from a renewal on.
    pub lease_duration: Duration,
}

/// Where a ledger may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// In a file, for one replica.
    File,
    /// In a DynamoDB table, for several.
    DynamoDb,
}

impl StoreKind {
    /// As it is written.
    pub const NAMES: [&str; 2] = ["file", "dynamodb"];
}

/// `[events]`: what AWS tells through EventBridge and SQS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Events {
    /// The SQS queue that EventBridge feeds.
    pub queue_url: Option<String>,
    /// The types of Health events that announce a retirement. Never empty.
    pub retirement_codes: Vec<String>,
}

/// `[announce]`: outcomes as EventBridge events.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announce {
    /// The event bus, by name or ARN.
    pub event_bus: Option<String>,
}

/// `[health]`: the AWS Health API.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Whether it is asked for retirement notices.
    pub poll: bool,
}

impl Default for Daemon {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)),
            resync: Duration::from_secs(60),
            dry_run: false,
            max_in_flight: 20,
            max_tasks_in_flight: 500,
            api_share: 0.25,
            shutdown_grace: Duration::from_secs(25),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            kind: StoreKind::File,
            path: "/var/lib/ecs-refresh/ledger.redb".into(),
            table: None,
            history_kept: 50,
            history_max_age: Duration::from_secs(90 * 86_400),
            lease_duration: Duration::from_secs(20),
        }
    }
}

impl Default for Events {
    fn default() -> Self {
        let codes = vec!["AWS_ECS_TASK_PATCHING_RETIREMENT".to_owned()];
        Self { queue_url: None, retirement_codes: codes }
    }
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Region,
    Url,
    Address,
    Path,
    Flag,
    Share,
    Backend,
    Table,
    QueueUrl,
    EventBus,
    /// A list of event type codes.
    Codes,
    Count(u32, u32),
    /// The shortest and the longest, in seconds.
    Duration(u64, u64),
}

/// One key of a scalar section.
#[derive(Debug)]
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    pub kind: Kind,
}

const fn key(section: &'static str, name: &'static str, kind: Kind) -> Key {
    Key { section, name, kind }
}

/// Every key of the scalar sections.
pub const KEYS: &[Key] = &[
    key("aws", "region", Kind::Region),
    key("aws", "endpoint_url", Kind::Url),
    key("daemon", "listen", Kind::Address),
    // Under a second it would only spend the API budget; over an hour nothing is watched any more.
    key("daemon", "resync", Kind::Duration(1, 3600)),
    key("daemon", "dry_run", Kind::Flag),
    key("daemon", "max_in_flight", Kind::Count(1, 10_000)),
    key("daemon", "max_tasks_in_flight", Kind::Count(1, 1_000_000)),
    key("daemon", "api_share", Kind::Share),
    // Amazon ECS developer guide, task definition parameters: stopTimeout is at most 120 seconds
    // on Fargate.
    key("daemon", "shutdown_grace", Kind::Duration(1, 120)),
    key("store", "kind", Kind::Backend),
    key("store", "path", Kind::Path),
    key("store", "table", Kind::Table),
    // Each takes a few kilobytes, and the file is read through at each start.
    key("store", "history_kept", Kind::Count(1, 1_000)),
    key("store", "history_max_age", Kind::Duration(86_400, 3_660 * 86_400)),
    // Shorter, a slow answer would cost the lease; longer, nothing acts for as long after a failure.
    key("store", "lease_duration", Kind::Duration(2, 300)),
    key("events", "queue_url", Kind::QueueUrl),
    key("events", "retirement_codes", Kind::Codes),
    key("announce", "event_bus", Kind::EventBus),
    key("health", "poll", Kind::Flag),
];

/// The names of the scalar sections.
pub fn sections() -> Vec<&'static str> {
    let mut names: Vec<&str> = KEYS.iter().map(|key| key.section).collect();
    names.dedup();
    names
}

/// The keys of a section by name; none: no such section.
pub fn section(name: &str) -> BTreeMap<&'static str, &'static Key> {
    KEYS.iter().filter(|key| key.section == name).map(|key| (key.name, key)).collect()
}

/// The region's name and the path have no narrower limit that would be known.
const TEXT_CHARS_MAX: usize = 1024;

impl Kind {
    /// The value that `raw` stands for.
    pub fn read(self, raw: Raw<'_>) -> Result<Value, Fault> {
        match self {
            Self::Region => region(raw).map(Value::from),
            Self::Url => raw.url().map(Value::from),
            Self::Address => raw.address().map(|address| Value::from(address.to_string())),
            Self::Path => raw.text(TEXT_CHARS_MAX).map(Value::from),
            Self::Flag => raw.flag().map(Value::from),
            Self::Share => raw.share().map(Value::from),
            Self::Backend => backend(raw).map(Value::from),
            Self::Table => resources::table(raw).map(Value::from),
            Self::QueueUrl => resources::queue_url(raw).map(Value::from),
            Self::EventBus => resources::event_bus(raw).map(Value::from),
            Self::Codes => codes(raw).map(Value::from),
            Self::Count(min, max) => raw.count(min..=max).map(Value::from),
            Self::Duration(min, max) => {
                let range = Duration::from_secs(min)..=Duration::from_secs(max);
                let duration = raw.duration(range)?;
                Value::serialize(duration).map_err(Fault::new)
            }
        }
    }

    /// The value that an item of a file stands for; the reader notes what is wrong with it.
    pub fn read_item<'a>(self, reader: &mut Reader<'a, '_>, item: &Item<'a>) -> Option<Value> {
        let Self::Codes = self else { return reader.value(item, |raw| self.read(raw)) };
        let elements = reader.array(item, CODES_MAX)?;
        if let Err(fault) = resources::code_count(elements.len()) {
            reader.refuse(item, fault);
            return None;
        }
        let codes = elements.iter().map(|item| reader.value(item, resources::event_type_code));
        // Collected first, so that every element is looked at.
        let codes: Vec<Option<&str>> = codes.collect();
        codes.into_iter().collect::<Option<Vec<&str>>>().map(Value::from)
    }

    /// What an environment variable says, by the type that the key takes.
    pub fn of_environment(self, text: &str) -> Raw<'_> {
        match self {
            Self::Flag | Self::Share | Self::Count(..) => Raw::of_environment(text),
            _ => Raw::Text(text),
        }
    }
}

fn region(raw: Raw<'_>) -> Result<&str, Fault> {
    let text = raw.text(TEXT_CHARS_MAX)?;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    match text.chars().all(is_plain) {
        true => Ok(text),
        false => {
            Err(Fault::new(format!("not a region: {text:?}")).hint("such as \"ap-northeast-1\""))
        }
    }
}

/// An environment variable has no lists: there commas are between the codes.
fn codes(raw: Raw<'_>) -> Result<Vec<&str>, Fault> {
    let list: Vec<&str> = raw.text(TEXT_CHARS_MAX)?.split(',').map(str::trim).collect();
    resources::code_count(list.len())?;
    list.into_iter().map(|code| resources::event_type_code(Raw::Text(code))).collect()
}

fn backend(raw: Raw<'_>) -> Result<&str, Fault> {
    let text = raw.text(TEXT_CHARS_MAX)?;
    if StoreKind::NAMES.contains(&text) {
        return Ok(text);
    }
    let fault = Fault::new(format!("no such store: {text:?}"));
    Err(match did_you_mean(text, StoreKind::NAMES) {
        Some(meant) => fault.hint(format!("did you mean {meant:?}?")),
        None => fault.hint("\"file\", or \"dynamodb\" for several replicas"),
    })
}
