//! Canned answers of CodeDeploy through the real SDK.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::CodeDeploy;
use crate::aws::testing::{Call, FakeAws, Reply, epoch, service};
use crate::aws::{ChangeError, Priority, Surveyor};
use crate::plan::code_deploy::{Followed, Target};
use crate::plan::fleet::{CodeDeployStatus, DeploymentId, ProblemClass};
use crate::plan::step::{CreateDeployment, SentRevision};
use crate::plan::surroundings::{CodeDeployGroup, Known, Revision, S3Revision, Want};

const TIMEOUT: Duration = Duration::from_secs(30);

const APP_SPEC: &str =
    r#"{"Resources":[{"api":{"Type":"AWS::ECS::Service","Properties":{"TaskDefinition":"a:1"}}}]}"#;

fn info(id: &str) -> Value {
    json!({
        "deploymentId": id, "applicationName": "shop", "deploymentGroupName": "api",
        "status": "Succeeded", "createTime": 1_800_000_001.5, "completeTime": 1_800_000_090,
        "revision": { "revisionType": "AppSpecContent", "appSpecContent": { "sha256": "abc" } },
    })
}

fn group() -> Value {
    json!({
        "applicationName": "shop", "deploymentGroupName": "api",
        "deploymentConfigName": "CodeDeployDefault.ECSLinear10PercentEvery3Minutes",
        "ecsServices": [{ "clusterName": "prd", "serviceName": "api" }],
        "autoRollbackConfiguration": { "enabled": true, "events": ["DEPLOYMENT_FAILURE"] },
        "blueGreenDeploymentConfiguration": {
            "terminateBlueInstancesOnDeploymentSuccess":
                { "action": "TERMINATE", "terminationWaitTimeInMinutes": 7 },
            "deploymentReadyOption": { "actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 9 },
        },
        "lastSuccessfulDeployment": { "deploymentId": "d-OLD", "status": "Succeeded" },
        "lastAttemptedDeployment": { "deploymentId": "d-NEW", "status": "Queued" },
    })
}

/// A CodeDeploy with one group, whose answers `change` may replace.
fn answers(change: impl Fn(&Call) -> Option<Reply> + Send + 'static) -> FakeAws {
    FakeAws::new(move |call| {
        change(call).unwrap_or_else(|| {
            Reply::ok(match call.operation.as_str() {
                "GetDeployment" => json!({ "deploymentInfo": info(call.text("deploymentId")) }),
                "GetDeploymentGroup" => json!({ "deploymentGroupInfo": group() }),
                "GetDeploymentConfig" => {
                    json!({ "deploymentConfigInfo": { "trafficRoutingConfig": {
                    "type": "TimeBasedLinear",
                    "timeBasedLinear": { "linearPercentage": 10, "linearInterval": 3 } } } })
                }
                "GetApplicationRevision" => json!({ "revision": {
                    "revisionType": "AppSpecContent",
                    "appSpecContent": { "content": APP_SPEC, "sha256": "abc" } } }),
                "ListApplications" => match call.text("nextToken") {
                    "" => json!({ "applications": ["other"], "nextToken": "2" }),
                    _ => json!({ "applications": ["shop"] }),
                },
                "ListDeploymentGroups" => json!({ "deploymentGroups": ["api"] }),
                "BatchGetDeploymentGroups" if call.text("applicationName") == "shop" => {
                    json!({ "deploymentGroupsInfo": [group()] })
                }
                _ => json!({}),
            })
        })
    })
}

async fn survey(aws: &FakeAws, deployment: &str) -> Known<CodeDeployGroup> {
    let deployment = DeploymentId::new(deployment);
    let wants = BTreeSet::from([Want::CodeDeployGroup(service("api"), deployment.clone())]);
    let read = Surveyor::new(aws.connect().await).survey(&wants, Priority::Urgent).await;
    read.code_deploy_group(&service("api"), &deployment).unwrap().clone()
}

const READS: [&str; 7] = [
    "GetDeployment",
    "GetDeploymentGroup",
    "GetApplicationRevision",
    "GetDeploymentConfig",
    "ListApplications",
    "ListDeploymentGroups",
    "BatchGetDeploymentGroups",
];

#[tokio::test(start_paused = true)]
async fn a_group_is_found_by_the_deployment_of_the_task_set_with_four_calls() {
    let aws = answers(|_| None);
    let known = survey(&aws, "d-OLD").await;
    assert_eq!(known.read_at, epoch());
    let found = known.value.unwrap();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    assert_eq!((&*found.application, &*found.group), ("shop", "api"));
    assert_eq!((found.termination_wait, found.ready_wait), (Some(minutes(7)), Some(minutes(9))));
    assert_eq!((found.shift, found.rolls_back), (minutes(27), true));
    assert_eq!(found.under_way.as_deref(), Some("d-NEW"));
    let Revision::AppSpec(app_spec) = &found.revision else { panic!("{found:?}") };
    assert_eq!(app_spec.with("a:1", None), APP_SPEC);
    assert_eq!(aws.take_counts(READS), [1, 1, 1, 1, 0, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn without_such_a_deployment_the_group_that_names_the_service_is_searched() {
    let aws = answers(|_| None);
    let by_search = survey(&aws, "ecs-svc/1").await.value.unwrap();
    assert_eq!(by_search, survey(&aws, "d-OLD").await.value.unwrap());
    assert_eq!(aws.take_counts(READS)[4..], [2, 2, 2]);
    let gone = answers(|call| {
        let code = "DeploymentDoesNotExistException";
        let asked = call.text("deploymentId") == "d-GONE";
        asked.then(|| Reply::error(code, "The deployment d-GONE could not be found"))
    });
    assert_eq!(by_search, survey(&gone, "d-GONE").await.value.unwrap());
    let nobodys = answers(|call| {
        let batch = call.operation == "BatchGetDeploymentGroups";
        batch.then(|| Reply::ok(json!({ "deploymentGroupsInfo": [] })))
    });
    let problem = survey(&nobodys, "ecs-svc/1").await.value.unwrap_err();
    assert_eq!(problem.class, ProblemClass::NotFound);
    assert!(problem.message.contains("no deployment group of CodeDeploy names"), "{problem}");
    let twice = answers(|call| {
        let batch = call.operation == "BatchGetDeploymentGroups";
        batch.then(|| Reply::ok(json!({ "deploymentGroupsInfo": [group()] })))
    });
    let problem = survey(&twice, "ecs-svc/1").await.value.unwrap_err();
    assert!(problem.message.contains("several deployment groups"), "{problem}");
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_cannot_be_had_says_why() {
    let s3 = |members: Value| {
        let mut location = json!({ "bucket": "b", "key": "k", "bundleType": "YAML" });
        location.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        json!({ "revisionType": "S3", "s3Location": location })
    };
    for (revision, why) in [
        (Value::Null, "does not tell its revision"),
        (json!({ "revisionType": "AppSpecContent", "appSpecContent": {} }), "has no digest"),
        (json!({ "revisionType": "GitHub" }), "neither an AppSpec's text nor in Amazon S3"),
        (json!({ "revisionType": "String" }), "neither an AppSpec's text nor in Amazon S3"),
        (s3(json!({})), "may have changed since"),
        (s3(json!({ "version": "" })), "may have changed since"),
    ] {
        let at = revision.to_string();
        let aws = answers(move |call| {
            let mut info = info("d-OLD");
            info["revision"] = revision.clone();
            let asked = call.operation == "GetDeployment";
            asked.then(|| Reply::ok(json!({ "deploymentInfo": info })))
        });
        let found = survey(&aws, "d-OLD").await.value.unwrap().revision;
        let Revision::Missing(said) = found else { panic!("{at}: {found:?}") };
        assert!(said.contains(why), "{at}: {said}");
    }
    for (reply, why) in [
        ((|| Reply::ok(json!({}))) as fn() -> Reply, "does not give the text"),
        (|| Reply::error("RevisionDoesNotExistException", "no"), "its last AppSpec is gone"),
        (
            || Reply::ok(json!({ "revision": { "appSpecContent": { "content": "<html>" } } })),
            "its last AppSpec cannot be used: ",
        ),
    ] {
        let aws = answers(move |call| (call.operation == "GetApplicationRevision").then(reply));
        let Revision::Missing(said) = survey(&aws, "d-OLD").await.value.unwrap().revision else {
            panic!("{why}")
        };
        assert!(said.contains(why), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_problem_names_the_action_and_nothing_waits_for_ever() {
    for operation in ["GetDeployment", "GetDeploymentGroup", "GetApplicationRevision"] {
        let aws = answers(move |call| {
            (call.operation == operation).then(|| Reply::error("AccessDeniedException", "no"))
        });
        let problem = survey(&aws, "d-OLD").await.value.unwrap_err();
        assert_eq!(problem.class, ProblemClass::Denied);
        assert!(problem.message.contains(&format!("codedeploy:{operation}")), "{problem}");
    }
    // Without its configuration a deployment has less time, and is made all the same.
    let aws = answers(|call| {
        let asked = call.operation == "GetDeploymentConfig";
        asked.then(|| Reply::error("AccessDeniedException", "no"))
    });
    assert_eq!(survey(&aws, "d-OLD").await.value.unwrap().shift, Duration::ZERO);
    let aws = answers(|call| (call.operation == "GetDeploymentGroup").then_some(Reply::Silence));
    let started = tokio::time::Instant::now();
    assert_eq!(survey(&aws, "d-OLD").await.value.unwrap_err().class, ProblemClass::Timeout);
    assert!(started.elapsed() <= Duration::from_secs(31));
}

fn call(revision: SentRevision) -> CreateDeployment {
    let target = Target {
        application: "shop".into(),
        group: "api".into(),
        ready_wait: None,
        rolls_back: false,
        takes: Duration::ZERO,
    };
    CreateDeployment { target, revision }
}

#[tokio::test(start_paused = true)]
async fn one_deployment_is_created_by_one_call_that_says_no_more_than_it_must() {
    let aws = answers(|call| {
        let asked = call.operation == "CreateDeployment";
        asked.then(|| Reply::ok(json!({ "deploymentId": "d-OURS" })))
    });
    let code_deploy = CodeDeploy::beside(&aws.connect().await);
    let text = call(SentRevision::AppSpec(APP_SPEC.into()));
    let created =
        code_deploy.create_deployment(&text, "ecs-refresh 1-a", TIMEOUT, || true).await.unwrap();
    assert_eq!(created.deployment, DeploymentId::new("d-OURS"));
    assert_eq!(created.sent_at, epoch());
    let [sent] = &aws.take_calls()[..] else { panic!() };
    assert_eq!(
        sent.body,
        json!({ "applicationName": "shop", "deploymentGroupName": "api",
            "description": "ecs-refresh 1-a", "revision": { "revisionType": "AppSpecContent",
                "appSpecContent": { "content": APP_SPEC } } })
    );
    let object = S3Revision {
        bucket: "b".into(),
        key: "k".into(),
        bundle_type: Some("YAML".into()),
        version: Some("v".into()),
        entity_tag: None,
    };
    let object = call(SentRevision::S3(object));
    code_deploy.create_deployment(&object, "ecs-refresh 1-a", TIMEOUT, || true).await.unwrap();
    assert_eq!(
        aws.take_calls()[0].body["revision"],
        json!({ "revisionType": "S3", "s3Location":
            { "bucket": "b", "key": "k", "bundleType": "YAML", "version": "v" } })
    );
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_never_created_twice_and_not_when_it_may_no_longer_be() {
    for (reply, class) in [
        ((|| Reply::Silence) as fn() -> Reply, ProblemClass::Timeout),
        (|| Reply::Json(500, json!({ "__type": "InternalFailure" })), ProblemClass::Server),
        (|| Reply::Page(502, "<html>"), ProblemClass::Server),
        (|| Reply::error("ThrottlingException", "Rate exceeded"), ProblemClass::Throttled),
        (|| Reply::error("DeploymentLimitExceededException", "one"), ProblemClass::Invalid),
        (|| Reply::error("ApplicationDoesNotExistException", "no"), ProblemClass::NotFound),
        (|| Reply::error("AccessDeniedException", "no"), ProblemClass::Denied),
        (|| Reply::ok(json!({})), ProblemClass::Server),
    ] {
        let aws = answers(move |_| Some(reply()));
        let code_deploy = CodeDeploy::beside(&aws.connect().await);
        let text = call(SentRevision::AppSpec(APP_SPEC.into()));
        let answer =
            code_deploy.create_deployment(&text, "ecs-refresh 1-a", TIMEOUT, || true).await;
        let Err(ChangeError::Answer(problem)) = answer else { panic!("{answer:?}") };
        assert_eq!(problem.class, class, "{problem}");
        assert_eq!(aws.take_calls().len(), 1, "{problem}");
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&asked);
        let may_not = move || counted.fetch_add(1, Ordering::Relaxed) > 9;
        let unsent =
            code_deploy.create_deployment(&text, "ecs-refresh 1-a", TIMEOUT, may_not).await;
        assert_eq!(unsent, Err(ChangeError::NotSent));
        assert_eq!((aws.take_calls().len(), asked.load(Ordering::Relaxed)), (0, 1));
    }
}

fn followed(deployment: Option<&str>) -> Followed {
    Followed {
        application: "shop".into(),
        group: "api".into(),
        deployment: deployment.map(DeploymentId::new),
        since: epoch(),
        description: "ecs-refresh 1-a".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_is_found_by_its_whole_description_and_by_nothing_else() {
    let aws = answers(|call| {
        Some(Reply::ok(match call.operation.as_str() {
            "ListDeployments" => match call.text("nextToken") {
                "" => json!({ "deployments": ["d-1", "d-2"], "nextToken": "2" }),
                _ => json!({ "deployments": ["d-3"] }),
            },
            _ => {
                let id = call.text("deploymentId");
                let mut info = info(id);
                info["description"] =
                    json!(if id == "d-3" { "ecs-refresh 1-a" } else { "ecs-refresh 1-ab" });
                json!({ "deploymentInfo": info })
            }
        }))
    });
    let code_deploy = CodeDeploy::beside(&aws.connect().await);
    let seen = code_deploy.progress(&followed(None), false).await;
    let found = seen.deployment.unwrap().unwrap();
    assert_eq!((found.id, found.status), (DeploymentId::new("d-3"), CodeDeployStatus::Succeeded));
    assert_eq!(found.created_at, Some(epoch() + chrono::TimeDelta::milliseconds(1_500)));
    let calls = aws.take_calls();
    assert_eq!(calls[0].body["createTimeRange"], json!({ "start": 1_800_000_000 }));
    let other = Followed { description: "ecs-refresh 1".to_owned(), ..followed(None) };
    assert_eq!(code_deploy.progress(&other, false).await.deployment, Ok(None));
}

#[tokio::test(start_paused = true)]
async fn following_costs_one_call_and_a_rollback_one_more() {
    let aws = answers(|call| {
        let mut info = info(call.text("deploymentId"));
        if call.text("deploymentId") == "d-OURS" {
            info["status"] = json!("Failed");
            info["errorInformation"] =
                json!({ "code": "HOOK_EXECUTION_FAILURE", "message": "no\nmore" });
            info["rollbackInfo"] = json!({ "rollbackDeploymentId": "d-BACK" });
        }
        Some(Reply::ok(match call.operation.as_str() {
            "ListDeployments" => json!({ "deployments": ["d-OURS", "d-BACK"] }),
            _ => json!({ "deploymentInfo": info }),
        }))
    });
    let code_deploy = CodeDeploy::beside(&aws.connect().await);
    let seen = code_deploy.progress(&followed(Some("d-OURS")), false).await;
    assert_eq!(aws.take_counts(["GetDeployment", "ListDeployments"]), [2, 0]);
    let found = seen.deployment.unwrap().unwrap();
    assert_eq!(found.error.as_deref(), Some("HOOK_EXECUTION_FAILURE: no more"));
    assert_eq!(seen.rollback.unwrap().status, CodeDeployStatus::Succeeded);
    assert_eq!(seen.newer, None);
    let closely = code_deploy.progress(&followed(Some("d-OURS")), true).await;
    assert_eq!(closely.newer, Some(false));
    code_deploy.progress(&followed(Some("d-1")), false).await;
    assert_eq!(aws.take_counts(["GetDeployment", "ListDeployments"]), [3, 1]);
}
