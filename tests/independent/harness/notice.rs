//! A retirement notice: as AWS Health tells it, and as a daemon would have taken it in.

use std::time::Duration;

use ecs_refresh::clock::Clock;
use ecs_refresh::plan::notice::{Affected, Entity, EventKey, EventStatus, NoticePage, PageKey};

use serde_json::{Value, json};

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

/// The event that EventBridge delivers about a retirement in a week, published now, in the form of
/// Amazon ECS's and AWS Health's documentation. Its number is in everything that identifies it.
pub fn event(number: u32, account: &str, entities: &[&str]) -> Value {
    let now = Clock::system().now();
    let date = |at: ecs_refresh::clock::Time| at.format("%a, %-d %b %Y %H:%M:%S GMT").to_string();
    let arn = format!(
        "arn:aws:health:{REGION}::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/\
         AWS_ECS_TASK_PATCHING_RETIREMENT_{number}"
    );
    let affected: Vec<Value> = entities
        .iter()
        .map(|entity| json!({ "entityValue": entity, "status": "PENDING" }))
        .collect();
    json!({
        "version": "0", "id": format!("3c268027-f43c-0171-7425-{number:012}"),
        "detail-type": "AWS Health Event", "source": "aws.health", "account": account,
        "time": now.format("%Y-%m-%dT%H:%M:%SZ").to_string(), "region": REGION,
        "resources": entities,
        "detail": {
            "eventArn": arn, "service": "ECS", "eventScopeCode": "ACCOUNT_SPECIFIC",
            "eventTypeCode": "AWS_ECS_TASK_PATCHING_RETIREMENT",
            "eventTypeCategory": "scheduledChange",
            "communicationId": format!("{number:064}-1"),
            "startTime": date(now + 168 * HOUR), "endTime": date(now + 216 * HOUR),
            "lastUpdatedTime": date(now), "statusCode": "upcoming", "eventRegion": REGION,
            "eventDescription": [{
                "language": "en_US",
                "latestDescription": "A software update has been deployed to Fargate.",
            }],
            "affectedEntities": affected, "affectedAccount": account,
            "page": "1", "totalPages": "1", "backupEvent": "false",
        },
    })
}
