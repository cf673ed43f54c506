//! A retirement notice, as a daemon would have taken it in.

use std::time::Duration;

use ecs_refresh::clock::Clock;
use ecs_refresh::plan::notice::{Affected, Entity, EventKey, EventStatus, NoticePage, PageKey};

use super::aws::REGION;

const HOUR: Duration = Duration::from_secs(3_600);

/// A notice of an hour ago, with its deadline in a week.
pub fn notice(entities: &[Entity]) -> NoticePage {
    let now = Clock::system().now();
    let arn = format!("arn:aws:health:{REGION}::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/1");
    let affected = |entity: &Entity| Affected { entity: entity.clone(), resolved: false };
    NoticePage {
        key: PageKey {
            event: EventKey { account: "123456789012".into(), arn: arn.into() },
            communication: "1".into(),
            part: 0,
        },
        region: REGION.into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Upcoming,
        deadline: Some(now + 168 * HOUR),
        published_at: now - HOUR,
        updated_at: now - HOUR,
        received_at: now,
        entities: entities.iter().map(affected).collect(),
        not_understood: Vec::new(),
    }
}
