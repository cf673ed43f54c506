//! One service, its attempt and its notice.

use crate::clock::Time;
use crate::plan::fleet::{DeploymentId, TaskId};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{Attempt, AttemptId, Before, Call, Cause, Finished, Outcome};
use crate::plan::notice::{
    Affected, Entity, EventKey, EventStatus, Notice, NoticePage, Notices, PageKey,
};
use crate::plan::verdict::{Reason, Verdict};

pub const ARN: &str = "arn:aws:ecs:eu-west-1:123456789012:service/prd/api";

pub fn at(text: &str) -> Time {
    text.parse().unwrap()
}

/// The service `name` in cluster `prd`.
pub fn service(name: &str) -> ServiceKey {
    ServiceKey::new(&ClusterKey::new("eu-west-1", "123456789012", "prd"), name)
}

/// An attempt about `prd/api` that was accepted.
pub fn attempt() -> Attempt {
    let accepted_at = at("2026-11-18T03:10:02.5Z");
    Attempt {
        id: AttemptId("1795000200000-0123456789ab".into()),
        service: service("api"),
        policy: "nightly".into(),
        cause: Cause::Age,
        intent_at: at("2026-11-18T03:10:00.25Z"),
        call_ends_by: at("2026-11-18T03:10:35Z"),
        deadline: at("2026-11-18T04:10:00Z"),
        moved_at: None,
        rescue: None,
        code_deploy: None,
        before: Before {
            primary: DeploymentId::new("ecs-svc/1"),
            task_definition: "app:7".into(),
            desired_count: 3,
            task_count: 0,
            created_at: Vec::new(),
            tasks: (1..=3).map(TaskId::plain).collect(),
            oldest_created_at: Some(at("2026-11-10T03:00:00Z")),
        },
        call: Call::Accepted {
            deployment: DeploymentId::new("ecs-svc/2"),
            created_at: accepted_at,
            known_at: accepted_at,
            service_deployment: None,
        },
    }
}

/// The same, ended five minutes after its intent.
pub fn finished(outcome: Outcome, diagnosis: &str) -> Finished {
    Finished {
        attempt: attempt(),
        outcome,
        finished_at: at("2026-11-18T03:15:00.25Z"),
        diagnosis: diagnosis.to_owned(),
        finding: None,
        primary: Some(DeploymentId::new("ecs-svc/2")),
    }
}

/// A verdict of policy `nightly`.
pub fn verdict(reason: Reason) -> Verdict {
    Verdict {
        policy: "nightly".into(),
        also_selected_by: Vec::new(),
        reason,
        oldest_created_at: None,
        due: None,
        deadline: None,
        next_window: None,
        finding: None,
        retirement: None,
    }
}

/// A notice that names `prd/api`.
pub fn notice(deadline: Option<&str>) -> Notice {
    let published_at = at("2026-11-18T00:00:00Z");
    let arn = "arn:aws:health:eu-west-1::event/ECS/AWS_ECS_TASK_PATCHING_RETIREMENT/1";
    let event = EventKey { account: "123456789012".into(), arn: arn.into() };
    let mut notices = Notices::default();
    notices.insert(NoticePage {
        key: PageKey { event: event.clone(), communication: "c-1".into(), part: 0 },
        region: "eu-west-1".into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Upcoming,
        deadline: deadline.map(at),
        published_at,
        updated_at: published_at,
        received_at: published_at,
        entities: vec![Affected {
            entity: Entity::Service("prd".into(), "api".into()),
            resolved: false,
        }],
        not_understood: Vec::new(),
    });
    notices.notice(&event).unwrap().clone()
}
