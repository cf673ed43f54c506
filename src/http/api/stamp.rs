//! Times as the documents have them.

use serde::{Serialize, Serializer};

use crate::clock::Time;
use crate::plan::words::ZonedTime;

/// A time as RFC 3339 writes it, in UTC, to the second.
#[derive(Clone, Copy, Debug)]
pub struct Stamp(pub Time);

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.format("%Y-%m-%dT%H:%M:%SZ"))
    }
}

/// A time that comes; the end of time, which stands for "never", has no form in RFC 3339.
pub fn ending(at: ZonedTime) -> Option<Stamp> {
    (at.time() < Time::MAX_UTC).then(|| Stamp(at.time()))
}
