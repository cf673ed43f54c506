//! An event as the AWS Health API lists it, as pages of a notice: the same as if EventBridge had
//! brought them.

use std::collections::BTreeMap;

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
            let mut entities = Entities::default();
            let mut fragments = Fragments::default();
            for HealthEntity { value, status, .. } in listed {
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
                communication_id: format!("health-api/{}", updated_at.timestamp()),
                event_type_code: event.code.clone(),
                status: status(event.status.as_deref()),
                starts_at: event.starts_at,
                published_at: updated_at,
                updated_at,
                entities: entities.finish(),
                not_understood: fragments.finish(),
            }
        })
        .collect()
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
            assert_eq!(page.communication_id, "health-api/1800000005");
            assert_eq!((page.published_at, page.updated_at), (at(5), at(5)));
            assert_eq!(page.status, EventStatus::Upcoming);
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
