//! Which pages of a notice say nothing that is not said anew, or was not said before.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Entity, NoticePage, Owner, PageKey};
use crate::plan::fleet::TaskId;

/// The pages of one notice that may be dropped so that at most `kept_max` are left, the oldest
/// first. Fewer when more than that are needed: the notice that is derived stays the same.
pub(super) fn superseded(pages: &[&NoticePage], kept_max: usize) -> Vec<PageKey> {
    let Some(excess) = pages.len().checked_sub(kept_max).filter(|excess| *excess > 0) else {
        return Vec::new();
    };
    let needed = needed(pages);
    let mut rest: Vec<_> = pages.iter().filter(|page| !needed.contains(&page.key)).collect();
    rest.sort_by_key(|page| page.updated_at);
    rest.into_iter().take(excess).map(|page| page.key.clone()).collect()
}

/// Something that a page says, such that nothing changes when a newer page says it as well.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fact<'a> {
    /// That there is a deadline; the newest that is named counts.
    Deadline,
    Service(&'a str, &'a str, &'a str),
    ShortService(&'a str),
    Task(TaskId),
    /// What is known about whose a task is.
    Whose(TaskId, Option<&'a str>, Option<&'a Owner>, &'a str),
    NotUnderstood(&'a str),
}

fn needed<'a>(pages: &[&'a NoticePage]) -> BTreeSet<&'a PageKey> {
    // Only one page has to tell of each earliest time, and they may well be the same one.
    let published_first = pages.iter().min_by_key(|page| (page.cutoff(), page.received_at));
    let received_first = pages.iter().min_by_key(|page| (page.received_at, page.cutoff()));
    let earliest = published_first.into_iter().chain(received_first);
    let mut needed: BTreeSet<_> = earliest.map(|page| &page.key).collect();
    let mut newest_first = pages.to_vec();
    newest_first.sort_by_key(|page| Reverse(page.updated_at));
    let mut said = BTreeSet::new();
    // Among pages of the same moment none supersedes another.
    for (nth, group) in newest_first.chunk_by(|a, b| a.updated_at == b.updated_at).enumerate() {
        let says_more =
            |page: &&&NoticePage| nth == 0 || facts(page).any(|fact| !said.contains(&fact));
        needed.extend(group.iter().filter(says_more).map(|page| &page.key));
        said.extend(group.iter().flat_map(|page| facts(page)));
    }
    needed
}

fn facts(page: &NoticePage) -> impl Iterator<Item = Fact<'_>> {
    let deadline = page.deadline.map(|_| Fact::Deadline);
    let texts = page.not_understood.iter().map(|text| Fact::NotUnderstood(text));
    let entities = page.entities.iter().map(|affected| match &affected.entity {
        Entity::Service(cluster, name) => Fact::Service(&page.region, cluster, name),
        Entity::ShortService(name) => Fact::ShortService(name),
        Entity::Task { id, .. } => Fact::Task(*id),
    });
    let whose = page.entities.iter().filter_map(|affected| match &affected.entity {
        Entity::Task { cluster: None, owner: None, .. } => None,
        Entity::Task { cluster, id, owner } => {
            Some(Fact::Whose(*id, cluster.as_deref(), owner.as_ref(), &page.region))
        }
        Entity::Service(..) | Entity::ShortService(_) => None,
    });
    deadline.into_iter().chain(texts).chain(entities).chain(whose)
}
