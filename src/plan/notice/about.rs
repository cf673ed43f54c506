//! What all notices together say of one service.

use std::collections::BTreeMap;

use super::{EventKey, Notice, Notices};

/// The events that name a service, each with whether AWS says that nothing is left to do about it.
pub(super) type Named = BTreeMap<EventKey, bool>;

/// The notices about one service; cheap to copy.
///
/// Every plan asks for them for every service, so it looks the service up once, or not at all: it
/// walks services and notices side by side.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    pub(super) notices: &'a Notices,
    pub(super) named: Option<&'a Named>,
}

impl<'a> About<'a> {
    /// Every notice that names the service.
    pub fn all(self) -> impl Iterator<Item = &'a Notice> {
        let events = self.named.into_iter().flatten();
        events.filter_map(move |(event, _)| self.notices.notice(event))
    }

    /// Those that say that something is to be done about it.
    pub fn asking(self) -> impl Iterator<Item = &'a Notice> {
        let events = self.named.into_iter().flatten().filter(|(_, resolved)| !**resolved);
        let notices = events.filter_map(move |(event, _)| self.notices.notice(event));
        notices.filter(|notice| notice.is_open())
    }

    /// Whether that notice is one of those.
    pub fn is_asking(self, event: &EventKey) -> bool {
        let resolved = self.named.and_then(|named| named.get(event));
        resolved == Some(&false) && self.notices.notice(event).is_some_and(Notice::is_open)
    }
}
