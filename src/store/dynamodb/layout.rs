//! How the ledger lies in the table: which item has which key, and what is in it.
//!
//! | pk | sk | what |
//! |---|---|---|
//! | `record` | the service's path | a record |
//! | `notice` | SHA-256 of the page's path | a page of a notice, its path beside it |
//! | `history#` and the service's path | the place in the ring | the evidence of an attempt |
//! | `lease` | `leader` | who may act |
//! | `meta` | `format` | the version of all this |

use sha2::{Digest, Sha256};

use crate::aws::{Attribute, Attributes, ItemKey};

/// The hash key of all records: they are loaded together.
pub const RECORDS: &str = "record";

/// The hash key of all pages.
pub const NOTICES: &str = "notice";

/// What the hash keys of history begin with.
pub const HISTORY: &str = "history#";

/// JSON: what the item is there for.
pub const BODY: &str = "body";

/// How often the item was written; for people.
pub const VERSION: &str = "version";

/// Names the write that made the item what it is. No two writes have the same.
pub const WRITER: &str = "writer";

/// The path of a page, which its key is made of.
pub const PATH: &str = "path";

/// When an attempt ended, in milliseconds since 1970.
pub const ENDED_AT: &str = "ended_at";

/// When DynamoDB may delete the item, in seconds since 1970: the table's time-to-live attribute.
pub const EXPIRES_AT: &str = "expires_at";

/// Who holds the lease.
pub const HOLDER: &str = "holder";

/// How often the lease was written.
pub const REVISION: &str = "revision";

/// The version of the format.
pub const FORMAT: &str = "format";

pub fn record_key(path: &str) -> ItemKey {
    ItemKey::new(RECORDS, path)
}

/// A page's path may be longer than the 1,024 bytes of a range key ("Quotas in Amazon DynamoDB").
pub fn page_key(path: &str) -> ItemKey {
    let digest = Sha256::digest(path.as_bytes());
    let name = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    ItemKey::new(NOTICES, &name)
}

pub fn history_of(path: &str) -> String {
    format!("{HISTORY}{path}")
}

pub fn lease_key() -> ItemKey {
    ItemKey::new("lease", "leader")
}

pub fn format_key() -> ItemKey {
    ItemKey::new("meta", "format")
}

/// An attribute that is a text.
pub fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    match attributes.get(name)? {
        Attribute::Text(text) => Some(text),
        Attribute::Number(_) => None,
    }
}

/// An attribute that is a number.
pub fn number(attributes: &Attributes, name: &str) -> Option<i64> {
    match attributes.get(name)? {
        Attribute::Number(number) => Some(*number),
        Attribute::Text(_) => None,
    }
}
