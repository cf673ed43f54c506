//! A page of a notice as it was read, in the form in which the loop keeps it.

use std::sync::Arc;

use crate::clock::Time;
use crate::events::{self, AffectedEntity, Fragment, RetirementPage};
use crate::plan::fleet::TaskId;
use crate::plan::notice::{Affected, Entity, EventKey, EventStatus, NoticePage, PageKey};

/// The parts of `page`, each small enough to be stored. There is always one, because a page without
/// entities may still say that a notice is closed.
pub(super) fn parts(page: RetirementPage, received_at: Time) -> Vec<NoticePage> {
    let mut not_understood: Vec<String> =
        page.not_understood.iter().map(Fragment::to_string).collect();
    let entities = entities(page.entities, &mut not_understood);
    let event = EventKey { account: page.account.into(), arn: page.event_arn.into() };
    let first = NoticePage {
        key: PageKey { event, communication: page.communication_id.into(), part: 0 },
        region: page.region.into(),
        code: page.event_type_code.into(),
        status: status(page.status),
        deadline: page.starts_at,
        published_at: page.published_at,
        updated_at: page.updated_at,
        received_at,
        entities: Vec::new(),
        not_understood: Vec::new(),
    };
    let mut parts: Vec<NoticePage> = entities
        .chunks(NoticePage::ENTITIES_MAX)
        .zip(0..)
        .map(|(entities, part)| NoticePage {
            key: PageKey { part, ..first.key.clone() },
            entities: entities.to_vec(),
            ..first.clone()
        })
        .collect();
    if parts.is_empty() {
        parts.push(first);
    }
    parts[0].not_understood = not_understood;
    parts
}

/// The entities in our own terms. A task's id that is none is not understood; the parser lets
/// through only ids, so that there is nothing to bound here.
fn entities(read: Vec<AffectedEntity>, not_understood: &mut Vec<String>) -> Vec<Affected> {
    let mut entities = Vec::with_capacity(read.len());
    for AffectedEntity { entity, resolved } in read {
        let entity = match entity {
            events::Entity::Service { cluster, service } => {
                Entity::Service(cluster.into(), service.into())
            }
            events::Entity::ShortService { service } => Entity::ShortService(service.into()),
            events::Entity::Task { cluster, id } => match TaskId::parse(&id) {
                Some(id) => Entity::Task { cluster: cluster.map(Arc::from), id, owner: None },
                None => {
                    not_understood.push(Fragment::of_text("a task", "its id", &id).to_string());
                    continue;
                }
            },
        };
        entities.push(Affected { entity, resolved });
    }
    entities
}

fn status(status: events::EventStatus) -> EventStatus {
    match status {
        events::EventStatus::Upcoming => EventStatus::Upcoming,
        events::EventStatus::Open => EventStatus::Open,
        events::EventStatus::Closed => EventStatus::Closed,
        events::EventStatus::Unstated => EventStatus::Other("unstated".into()),
        events::EventStatus::Unknown(text) => EventStatus::Other(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_timestamp(1_800_000_000 + second, 0).unwrap()
    }

    fn page(entities: Vec<events::Entity>) -> RetirementPage {
        let affected = |entity| AffectedEntity { entity, resolved: false };
        RetirementPage {
            account: "123456789012".to_owned(),
            region: "eu-west-1".to_owned(),
            event_arn: "arn:aws:health:eu-west-1::event/ECS/X/1".to_owned(),
            communication_id: "c-1".to_owned(),
            event_type_code: "X".to_owned(),
            status: events::EventStatus::Unstated,
            starts_at: Some(at(100)),
            published_at: at(1),
            updated_at: at(2),
            entities: entities.into_iter().map(affected).collect(),
            not_understood: Vec::new(),
        }
    }

    fn service(index: usize) -> events::Entity {
        events::Entity::Service { cluster: "prd".to_owned(), service: format!("s-{index}") }
    }

    #[test]
    fn a_long_page_is_kept_in_parts_that_lose_nothing() {
        for (count, sizes) in [
            (0, vec![0]),
            (1, vec![1]),
            (400, vec![400]),
            (401, vec![400, 1]),
            (10_000, vec![400; 25]),
        ] {
            let parts = parts(page((0..count).map(service).collect()), at(3));
            let found: Vec<usize> = parts.iter().map(|part| part.entities.len()).collect();
            assert_eq!(found, sizes);
            let numbers: Vec<u32> = parts.iter().map(|part| part.key.part).collect();
            assert_eq!(numbers, (0..sizes.len() as u32).collect::<Vec<_>>());
            let named = parts.iter().flat_map(|part| &part.entities);
            let expected = (0..count).map(|index| Affected {
                entity: Entity::Service("prd".into(), format!("s-{index}").into()),
                resolved: false,
            });
            assert!(named.cloned().eq(expected));
            assert!(parts.iter().all(|part| part.received_at == at(3) && part.updated_at == at(2)));
        }
    }

    #[test]
    fn what_was_not_understood_is_kept_once_with_its_text() {
        let mut page = page((0..401).map(service).collect());
        page.entities[7].entity = events::Entity::Task { cluster: None, id: "no id".to_owned() };
        page.not_understood =
            vec![Fragment { what: "detail.endTime".to_owned(), raw: "tomorrow\n".to_owned() }];
        let parts = parts(page, at(3));
        assert_eq!(
            parts[0].not_understood,
            [
                r#"detail.endTime, found "tomorrow\n""#,
                r#"a task: its id was expected, found "no id""#
            ]
        );
        assert_eq!(parts.len(), 1);
        assert_eq!(parts[0].entities.len(), 400);
    }

    #[test]
    fn tasks_and_short_names_are_kept_as_they_were_named() {
        let id = "0123456789abcdef0123456789abcdef";
        let parts = parts(
            page(vec![
                events::Entity::Task { cluster: Some("prd".to_owned()), id: id.to_owned() },
                events::Entity::ShortService { service: "api".to_owned() },
            ]),
            at(3),
        );
        let entities: Vec<&Entity> = parts[0].entities.iter().map(|one| &one.entity).collect();
        let task = TaskId::parse(id).unwrap();
        assert_eq!(
            entities,
            [
                &Entity::Task { cluster: Some("prd".into()), id: task, owner: None },
                &Entity::ShortService("api".into())
            ]
        );
        assert_eq!(parts[0].status, EventStatus::Other("unstated".into()));
    }
}
