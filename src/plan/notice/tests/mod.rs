//! Pages in, notices out.

mod findings;
mod notices;
mod properties;
mod prune;
mod retirement;

use chrono::{DateTime, TimeDelta};

use super::*;
use crate::clock::Time;
use crate::plan::fleet::TaskId;

/// A moment, by hours since some midnight.
fn at(hours: i64) -> Time {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::hours(hours)
}

/// A page that came in the hour in which it was published, a week before its deadline.
fn page(communication: &str, hours: i64, entities: &[(Entity, bool)]) -> NoticePage {
    let event = EventKey { account: "123456789012".into(), arn: "arn:aws:health:event/1".into() };
    let affected = |(entity, resolved): &(Entity, bool)| Affected {
        entity: entity.clone(),
        resolved: *resolved,
    };
    NoticePage {
        key: PageKey { event, communication: communication.into(), part: 0 },
        region: "eu-central-1".into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Upcoming,
        deadline: Some(at(168)),
        published_at: at(hours),
        updated_at: at(hours),
        received_at: at(hours),
        entities: entities.iter().map(affected).collect(),
        not_understood: Vec::new(),
    }
}

fn service(name: &str) -> Entity {
    Entity::Service("prd".into(), name.into())
}

fn task(id: u128, cluster: Option<&str>, owner: Option<Owner>) -> Entity {
    Entity::Task { cluster: cluster.map(Into::into), id: TaskId::plain(id), owner }
}

fn of_service(name: &str) -> Owner {
    Owner::Service(name.into())
}

fn standalone() -> Owner {
    Owner::Standalone { started_by: Some("cron".into()), group: Some("family:job".into()) }
}

/// All that was said, in this order.
fn notices(pages: impl IntoIterator<Item = NoticePage>) -> Notices {
    let mut notices = Notices::default();
    pages.into_iter().for_each(|page| notices.insert(page));
    notices
}

/// The only notice there is.
fn only(notices: &Notices) -> &Notice {
    let mut all = notices.iter();
    let notice = all.next().unwrap();
    assert_eq!(all.next(), None);
    notice
}
