//! Which notice asks for a refresh of a service now.

use super::{About, Notice, Retirement};
use crate::clock::Time;
use crate::plan::ledger::Record;

/// An unsatisfied notice about a service.
#[derive(Clone, Copy, Debug)]
pub struct Pending<'a> {
    pub notice: &'a Notice,
    /// Tasks created at or before it are to be retired. It is the notice's own, or a later one when
    /// AWS stopped a task created after that.
    pub cutoff: Time,
    /// Whether AWS stopped a task that was created after the notice's own cutoff.
    pub reopened: bool,
}

/// The unsatisfied notice about a service whose deadline comes first.
///
/// A notice without a deadline comes after all others. `oldest` is when the service's oldest task
/// was created, if that is known: a notice whose cutoff lies before it asks for nothing.
pub fn pending<'a>(
    about: About<'a>,
    record: Option<&Record>,
    oldest: Option<Time>,
) -> Option<Pending<'a>> {
    let known = record.map_or(&[][..], |record| &record.retirements);
    let unsatisfied = about.asking().filter_map(|notice| {
        let known = of_notice(known, notice);
        if known.is_some_and(|known| known.ended.is_some()) {
            return None;
        }
        let raised = known.and_then(|known| known.raised.as_ref()).map(|raised| raised.cutoff);
        let cutoff = raised.map_or(notice.cutoff, |raised| raised.max(notice.cutoff));
        Some(Pending { notice, cutoff, reopened: raised.is_some() })
    });
    unsatisfied
        .filter(|pending| oldest.is_none_or(|oldest| oldest <= pending.cutoff))
        .min_by_key(|pending| (pending.notice.deadline.is_none(), pending.notice.deadline))
}

/// What is remembered of a notice for one service.
pub fn of_notice<'a>(known: &'a [Retirement], notice: &Notice) -> Option<&'a Retirement> {
    known.iter().find(|known| known.event.as_ref() == Some(&notice.key))
}
