//! DescribeTasks, asked whose some tasks are.

use std::sync::Arc;

use aws_sdk_ecs::types as wire;

use super::tasks::{DESCRIBE_TASKS_MAX, service_of};
use crate::aws::budget::Priority;
use crate::aws::client::Ecs;
use crate::plan::fleet::{Problem, ProblemClass, TaskId};
use crate::plan::key::ClusterKey;
use crate::plan::notice::Owner;

/// The longest name of a service (Amazon ECS API reference, CreateService).
const SERVICE_NAME_MAX: usize = 255;

/// Whose some tasks are.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOwners {
    pub found: Vec<(TaskId, Owner)>,
    /// Why not every task that was asked about is among them.
    pub problem: Option<Problem>,
}

impl Ecs {
    /// Whose these tasks of one cluster are, a hundred per call. One that ECS does not know there,
    /// or whose cluster does not exist, is gone. After a call that failed the others are not made.
    pub async fn task_owners(
        &self,
        cluster: &ClusterKey,
        ids: &[TaskId],
        priority: Priority,
    ) -> TaskOwners {
        let mut owners = TaskOwners::default();
        for batch in ids.chunks(DESCRIBE_TASKS_MAX) {
            match self.describe(cluster, batch, priority, |id, task| (id, owner(task))).await {
                Ok(described) => {
                    owners.found.extend(described.tasks);
                    let missing = described.missing.into_iter();
                    owners.found.extend(missing.map(|id| (id, Owner::Gone)));
                    owners.problem = owners.problem.or(described.problem);
                }
                Err(problem) if problem.class == ProblemClass::NotFound => {
                    owners.found.extend(batch.iter().map(|id| (*id, Owner::Gone)));
                }
                Err(problem) => {
                    owners.problem = Some(problem);
                    break;
                }
            }
        }
        owners
    }
}

fn owner(task: &wire::Task) -> Owner {
    match service_of(task).filter(|name| is_service_name(name)) {
        Some(name) => Owner::Service(name.into()),
        None => Owner::Standalone {
            started_by: task.started_by().map(|text| readable(text, Owner::STARTED_BY_MAX)),
            group: task.group().map(|text| readable(text, Owner::GROUP_MAX)),
        },
    }
}

/// Whether a service can have this name. Callers of RunTask may make up others.
fn is_service_name(name: &str) -> bool {
    let is_sign = |sign: char| sign.is_ascii_alphanumeric() || sign == '-' || sign == '_';
    !name.is_empty() && name.len() <= SERVICE_NAME_MAX && name.chars().all(is_sign)
}

/// What somebody chose to say: at most so many signs, each of which takes one byte wherever it is
/// stored.
fn readable(text: &str, len_max: usize) -> Arc<str> {
    let takes_one = |sign: &char| matches!(sign, ' '..='~') && !matches!(sign, '"' | '\\');
    let signs = text.chars().take(len_max);
    signs.map(|sign| if takes_one(&sign) { sign } else { '?' }).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::testing::{ARN, FakeAws, Reply, cluster, task_json};

    fn standalone(started_by: Option<&str>, group: Option<&str>) -> Owner {
        Owner::Standalone { started_by: started_by.map(Into::into), group: group.map(Into::into) }
    }

    async fn ask(aws: &FakeAws, ids: impl IntoIterator<Item = u128>) -> TaskOwners {
        let ids: Vec<_> = ids.into_iter().map(TaskId::plain).collect();
        aws.connect().await.task_owners(&cluster(), &ids, Priority::Look).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_is_its_services_only_when_both_group_and_starter_say_so() {
        let long = "é".repeat(1_000);
        let cut = |len| "?".repeat(len);
        for (group, started_by, owner) in [
            (Some("service:api"), Some("ecs-svc/1"), Owner::Service("api".into())),
            (Some("service:api"), Some("me"), standalone(Some("me"), Some("service:api"))),
            (Some("service:api"), None, standalone(None, Some("service:api"))),
            (
                Some("service:a/b"),
                Some("ecs-svc/1"),
                standalone(Some("ecs-svc/1"), Some("service:a/b")),
            ),
            (
                Some("family:job"),
                Some("ecs-svc/1"),
                standalone(Some("ecs-svc/1"), Some("family:job")),
            ),
            (None, None, standalone(None, None)),
            (Some("a \"b\"\n"), Some("\\ "), standalone(Some("? "), Some("a ?b??"))),
            (Some(&long), Some(&long), standalone(Some(&cut(128)), Some(&cut(255)))),
        ] {
            let mut task = task_json(1, "api");
            (task["group"], task["startedBy"]) = (json!(group), json!(started_by));
            let aws = FakeAws::new(move |_| Reply::ok(json!({ "tasks": [task] })));
            let owners = ask(&aws, [1]).await;
            assert_eq!(owners.found, [(TaskId::plain(1), owner)]);
            assert_eq!(owners.problem, None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_ecs_does_not_know_is_gone_and_one_that_is_not_answered_is_not() {
        let aws = FakeAws::new(|_| {
            let failure = |id: u128, reason: &str| json!({ "arn": format!("{ARN}:task/prd/{id:032x}"), "reason": reason });
            let failures = [failure(2, "MISSING"), failure(3, "ODD")];
            Reply::ok(json!({ "tasks": [task_json(1, "api")], "failures": failures }))
        });
        let owners = ask(&aws, 1..=4).await;
        let expected = [(1, Owner::Service("api".into())), (2, Owner::Gone)];
        assert_eq!(owners.found, expected.map(|(id, owner)| (TaskId::plain(id), owner)));
        assert!(owners.problem.unwrap().message.contains("does not describe 2 tasks"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_are_asked_for_at_once_until_a_call_fails() {
        let asked = |call: &crate::aws::testing::Call| -> Vec<Value> {
            let ids = call.texts("tasks").into_iter();
            ids.map(|id| task_json(u128::from_str_radix(&id, 16).unwrap(), "api")).collect()
        };
        let aws = FakeAws::new(move |call| Reply::ok(json!({ "tasks": asked(call) })));
        assert_eq!(ask(&aws, 0..250).await.found.len(), 250);
        assert_eq!(ask(&aws, []).await, TaskOwners::default());
        assert_eq!(aws.take_counts(["DescribeTasks"]), [3]);

        let mut calls = 0;
        aws.answer(move |call| {
            calls += 1;
            match calls {
                2 => Reply::error("AccessDeniedException", "no"),
                _ => Reply::ok(json!({ "tasks": asked(call) })),
            }
        });
        let owners = ask(&aws, 0..250).await;
        assert_eq!(owners.found.len(), 100);
        assert_eq!(owners.problem.unwrap().class, ProblemClass::Denied);
        assert_eq!(aws.take_counts(["DescribeTasks"]), [2]);
    }

    #[tokio::test(start_paused = true)]
    async fn with_its_cluster_a_task_is_gone() {
        let aws = FakeAws::new(|_| Reply::error("ClusterNotFoundException", "no such cluster"));
        let owners = ask(&aws, 0..150).await;
        assert_eq!(owners.problem, None);
        assert_eq!(owners.found.len(), 150);
        assert!(owners.found.iter().all(|(_, owner)| *owner == Owner::Gone));
    }
}
