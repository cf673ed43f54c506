//! Items and tables, between the SDK's types and ours.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{
    AttributeValue, TableDescription, TimeToLiveDescription, TimeToLiveStatus,
};

/// One attribute of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    Text(String),
    Number(i64),
}

/// The attributes of an item by their names, those of its key left out when it is written.
pub type Attributes = BTreeMap<String, Attribute>;

/// Names an item of a table whose key is two strings.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ItemKey {
    /// Its hash key.
    pub pk: String,
    /// Its range key.
    pub sk: String,
}

impl ItemKey {
    /// What the hash key is called.
    pub const PK: &str = "pk";

    /// What the range key is called.
    pub const SK: &str = "sk";

    pub fn new(pk: &str, sk: &str) -> Self {
        Self { pk: pk.to_owned(), sk: sk.to_owned() }
    }
}

/// Where the next page begins.
#[derive(Clone, Debug)]
pub struct Cursor(HashMap<String, AttributeValue>);

impl Cursor {
    pub(super) fn into_key(self) -> HashMap<String, AttributeValue> {
        self.0
    }
}

/// Some of the items that were asked for.
#[derive(Clone, Debug)]
pub struct Page {
    pub items: Vec<Attributes>,
    /// Absent on the last page.
    pub next: Option<Cursor>,
}

impl Page {
    pub(super) fn new(
        items: Option<Vec<HashMap<String, AttributeValue>>>,
        last: Option<HashMap<String, AttributeValue>>,
    ) -> Self {
        let items = items.unwrap_or_default().into_iter().map(attributes).collect();
        // Some servers end with an empty key.
        Self { items, next: last.filter(|key| !key.is_empty()).map(Cursor) }
    }
}

/// What DescribeTable says of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// `TableStatus`, such as `ACTIVE`.
    pub status: String,
    /// The attributes of its key, the hash key first: names, and types such as `S`.
    pub keys: Vec<(String, String)>,
}

impl TableShape {
    pub(super) fn new(table: &TableDescription) -> Self {
        let kind_of = |name: &str| {
            let mut definitions = table.attribute_definitions().iter();
            let found = definitions.find(|one| one.attribute_name() == name);
            found.map_or(String::new(), |one| one.attribute_type().as_str().to_owned())
        };
        let mut schema: Vec<_> = table.key_schema().iter().collect();
        // HASH comes before RANGE.
        schema.sort_by_key(|one| one.key_type().as_str());
        let keys = schema.into_iter().map(|one| {
            let name = one.attribute_name();
            (name.to_owned(), kind_of(name))
        });
        let status = table.table_status().map_or("", |status| status.as_str());
        Self { status: status.to_owned(), keys: keys.collect() }
    }
}

pub(super) fn key(key: &ItemKey) -> HashMap<String, AttributeValue> {
    HashMap::from([
        (ItemKey::PK.to_owned(), AttributeValue::S(key.pk.clone())),
        (ItemKey::SK.to_owned(), AttributeValue::S(key.sk.clone())),
    ])
}

pub(super) fn of(attributes: &Attributes) -> HashMap<String, AttributeValue> {
    attributes.iter().map(|(name, value)| (name.clone(), value.to_sdk())).collect()
}

/// What an item says in attributes of the kinds that are written; others are somebody else's.
pub(super) fn attributes(item: HashMap<String, AttributeValue>) -> Attributes {
    let known = item.into_iter().filter_map(|(name, value)| match value {
        AttributeValue::S(text) => Some((name, Attribute::Text(text))),
        AttributeValue::N(number) => Some((name, Attribute::Number(number.parse().ok()?))),
        _ => None,
    });
    known.collect()
}

pub(super) fn is_enabled(expiry: &TimeToLiveDescription) -> bool {
    matches!(
        expiry.time_to_live_status(),
        Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
    )
}

impl Attribute {
    pub(super) fn to_sdk(&self) -> AttributeValue {
        match self {
            Self::Text(text) => AttributeValue::S(text.clone()),
            Self::Number(number) => AttributeValue::N(number.to_string()),
        }
    }
}
