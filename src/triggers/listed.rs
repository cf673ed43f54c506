//! An event as the AWS Health API lists it, as pages of a notice: the same as if EventBridge had
//! brought them.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::{HealthEntity, HealthEvent};
use crate::events::{
    Entities, EventStatus, Fragment, Fragments, RetirementPage, harmless, read_entity,
};

/// One page for each account whose tasks the event is about. Entities that do not say whose they
/// are belong to `own_account`. Nothing comes of an event of which it is not known when it was
/// changed, because it could not be told from a later state of itself, or about whose tasks it is.
pub(super) fn pages(event: HealthEvent, own_account: Option<&str>) -> Vec<RetirementPage> {
    let Some(updated_at) = event.updated_at else {
        tracing::warn!(event = event.arn, "AWS Health does not say when the event was changed");
        return Vec::new();
    };
    let mut accounts: BTreeMap<&str, Vec<&HealthEntity>> = BTreeMap::new();
    let mut nobodys = 0_usize;
    for entity in &event.entities {
        match entity.account.as_deref().filter(|text| !text.is_empty()).or(own_account) {
            Some(account) => accounts.entry(account).or_default().push(entity),
            None => nobodys += 1,
        }
    }
    if nobodys > 0 {
        tracing::warn!(
            event = event.arn,
            entities = nobodys,
            "AWS Health does not say whose tasks these are, and the own account is not known"
        );
    }
    if let Some(own) = own_account.filter(|_| accounts.is_empty()) {
        accounts.insert(own, Vec::new());
    }
    accounts
        .into_iter()
        .map(|(account, listed)| {
            let changed = listed.iter().filter_map(|entity| entity.updated_at);
            let communication_id =
                format!("health-api/{}-{:016x}", updated_at.timestamp(), fingerprint(&listed));
            let mut entities = Entities::default();
            let mut fragments = Fragments::default();
            for HealthEntity { value, status, .. } in &listed {
                let resolved = status.as_ref().map(|status| status == "RESOLVED");
                match read_entity(value, account, &event.region) {
                    Some(entity) => entities.add(entity, resolved),
                    None => {
                        let expected = format!("a service or task of {account}");
                        fragments.push(Fragment::of_text("entityValue", &expected, value));
                    }
                }
            }
            if !event.complete {
                fragments.push(Fragment::of_text("nextToken", "an end of the entities", ""));
            }
            RetirementPage {
                account: account.to_owned(),
                region: event.region.clone(),
                event_arn: event.arn.clone(),
                communication_id,
                event_type_code: event.code.clone(),
                status: status(event.status.as_deref()),
                starts_at: event.starts_at,
                published_at: updated_at,
                // What is newest counts, and that may be an entity alone.
                updated_at: changed.max().map_or(updated_at, |at| at.max(updated_at)),
                entities: entities.finish(),
                not_understood: fragments.finish(),
            }
        })
        .collect()
}

/// A fingerprint of what is listed, in whatever order: FNV-1a, which stays the same from one build
/// of this program to the next. An entity that is new or done with need not change the time at which
/// the event itself was changed.
fn fingerprint(listed: &[&HealthEntity]) -> u64 {
    /// The numbers of the 64-bit form.
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let told: BTreeSet<_> = listed.iter().map(|one| (&*one.value, one.status.as_deref())).collect();
    // A byte that no text has ends each of them, so that none runs into the next.
    let bytes = told.into_iter().flat_map(|(value, status)| {
        let status = status.unwrap_or_default();
        value.bytes().chain([0xff]).chain(status.bytes()).chain([0xff])
    });
    bytes.fold(OFFSET, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

fn status(text: Option<&str>) -> EventStatus {
    match text {
        None => EventStatus::Unstated,
        Some("upcoming") => EventStatus::Upcoming,
        Some("open") => EventStatus::Open,
        Some("closed") => EventStatus::Closed,
        Some(other) => EventStatus::Unknown(harmless(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Time;
    use crate::events::Entity;

    fn at(second: i64) -> Time {
        Time::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn entity(value: &str, account: Option<&str>, status: Option<&str>) -> HealthEntity {
        HealthEntity {
            value: value.to_owned(),
            account: account.map(str::to_owned),
            status: status.map(str::to_owned),
            updated_at: None,
        }
    }

    fn event(entities: Vec<HealthEntity>) -> HealthEvent {
        HealthEvent {
            arn: "arn:aws:health:eu-west-1::event/ECS/X/1".to_owned(),
            code: "X".to_owned(),
            region: "eu-west-1".to_owned(),
            status: Some("upcoming".to_owned()),
            starts_at: Some(at(600)),
            updated_at: Some(at(5)),
            entities,
            complete: true,
        }
    }

    const OWN: &str = "123456789012";
    const OTHER: &str = "210987654321";

    #[test]
    fn an_event_is_a_page_for_each_account() {
        let pages = pages(
            event(vec![
                entity("prd|api", Some(OWN), Some("PENDING")),
                entity("prd|web", Some(OTHER), Some("RESOLVED")),
                entity("prd/worker", None, None),
            ]),
            Some(OWN),
        );
        let named: Vec<_> = pages
            .iter()
            .flat_map(|page| page.entities.iter().map(move |one| (page, one)))
            .map(|(page, one)| match &one.entity {
                Entity::Service { service, .. } => (page.account.as_str(), service, one.resolved),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(
            named,
            [
                (OWN, &"api".to_owned(), false),
                (OWN, &"worker".to_owned(), false),
                (OTHER, &"web".to_owned(), true)
            ]
        );
        for page in &pages {
            assert!(page.communication_id.starts_with("health-api/1800000005-"));
            assert_eq!((page.published_at, page.updated_at), (at(5), at(5)));
            assert_eq!(page.status, EventStatus::Upcoming);
        }
    }

    #[test]
    fn a_list_that_changed_is_another_communication_and_one_that_did_not_is_the_same() {
        let id = |entities| pages(event(entities), Some(OWN)).remove(0).communication_id;
        let one = |value, status| entity(value, Some(OWN), status);
        let (api, web) = (one("prd|api", Some("PENDING")), one("prd|web", Some("PENDING")));
        let known = id(vec![api.clone(), web.clone()]);
        // It is stored: it must not change with the compiler or the release.
        assert_eq!(known, "health-api/1800000005-61a5f2d31ff7045b");
        for again in [vec![web.clone(), api.clone()], vec![api.clone(), web.clone(), api.clone()]] {
            assert_eq!(id(again), known);
        }
        let resolved = one("prd|web", Some("RESOLVED"));
        let changed = [
            id(vec![api.clone()]),
            id(vec![api.clone(), resolved]),
            id(vec![api.clone(), one("prd|web", None)]),
            id(vec![api.clone(), web.clone(), one("prd|job", Some("PENDING"))]),
            id(vec![one("prd|apiPENDING", None), web.clone()]),
            id(Vec::new()),
        ];
        let distinct: BTreeSet<_> = changed.iter().chain([&known]).collect();
        assert_eq!(distinct.len(), changed.len() + 1, "{known}: {changed:?}");
    }

    #[test]
    fn an_entity_that_changed_alone_makes_its_page_the_newer_one() {
        let one = |value, changed| HealthEntity {
            updated_at: changed,
            ..entity(value, Some(OWN), Some("RESOLVED"))
        };
        for (changed, expected) in [(None, 5), (Some(at(3)), 5), (Some(at(9)), 9)] {
            let page = pages(event(vec![one("prd|api", changed), one("prd|web", None)]), None);
            assert_eq!((page[0].published_at, page[0].updated_at), (at(5), at(expected)));
        }
    }

    #[test]
    fn what_nobody_is_named_for_is_left_out_where_the_own_account_is_not_known() {
        let entities = vec![entity("prd|api", None, None), entity("prd|web", Some(OTHER), None)];
        let pages = pages(event(entities), None);
        let accounts: Vec<_> = pages.iter().map(|page| page.account.as_str()).collect();
        assert_eq!(accounts, [OTHER]);
    }

    #[test]
    fn a_closed_event_without_entities_is_told_all_the_same() {
        let closed = HealthEvent { status: Some("closed".to_owned()), ..event(Vec::new()) };
        let told = pages(closed.clone(), Some(OWN));
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].status, EventStatus::Closed);
        assert_eq!(pages(closed, None), []);
    }

    #[test]
    fn nothing_comes_of_an_event_whose_changes_could_not_be_told_apart() {
        let undated = HealthEvent { updated_at: None, ..event(Vec::new()) };
        assert_eq!(pages(undated, Some(OWN)), []);
    }

    #[test]
    fn what_is_not_understood_or_missing_is_said() {
        let strange = vec![entity("what|is|this", Some(OWN), None)];
        let pages = pages(HealthEvent { complete: false, ..event(strange) }, None);
        let said: Vec<_> = pages[0]
            .not_understood
            .iter()
            .map(|one| (one.what.as_str(), one.raw.as_str()))
            .collect();
        assert_eq!(said[0].1, "what|is|this");
        assert!(said[1].0.contains("an end of the entities"), "{said:?}");
    }
}
