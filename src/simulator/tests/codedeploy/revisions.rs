//! Revisions: what is deployed, how it is written, and where it is.

use aws_sdk_codedeploy::types::S3Location;

use super::*;

/// The revision that the group deployed last.
async fn target_revision(sim: &Simulator) -> RevisionLocation {
    let group = client(sim).get_deployment_group().application_name("shop");
    let group = group.deployment_group_name("api").send().await.unwrap();
    group.deployment_group_info().unwrap().target_revision().unwrap().clone()
}

async fn deploy(sim: &Simulator, revision: RevisionLocation) -> Result<String, String> {
    let request = client(sim).create_deployment().application_name("shop");
    let answer = request.deployment_group_name("api").revision(revision).send().await;
    let error = |error: aws_sdk_codedeploy::error::SdkError<_, _>| {
        let error: aws_sdk_codedeploy::Error = error.into();
        format!("{error:?}")
    };
    answer.map(|made| made.deployment_id().unwrap().to_owned()).map_err(error)
}

#[tokio::test(start_paused = true)]
async fn every_kind_of_revision_can_be_deployed_again() {
    type Adjust = fn(CodeDeploySpec) -> CodeDeploySpec;
    let cases: [(Adjust, &str); 5] = [
        (|group| group, "AppSpecContent"),
        (|group| group.yaml(), "AppSpecContent"),
        (|group| group.raw_string(), "String"),
        (|group| group.s3("bucket", "app.json"), "S3"),
        (|group| group.yaml().s3("bucket", "app.yaml"), "S3"),
    ];
    for (adjust, kind) in cases {
        let sim = deployed(adjust);
        let known = target_revision(&sim).await;
        assert_eq!(known.revision_type().unwrap().as_str(), kind);
        let found = client(&sim).get_application_revision().application_name("shop");
        let found = found.revision(known.clone()).send().await.unwrap();
        let used = found.revision_info().unwrap();
        assert_eq!(used.deployment_groups(), ["api"]);
        let revision = found.revision().unwrap().clone();
        if kind == "S3" {
            assert_eq!(revision, known, "the content of an object is not told");
        } else {
            assert_ne!(revision, known, "the content is told");
        }
        let id = deploy(&sim, revision).await.unwrap();
        pass(10 * MINUTE).await;
        assert_eq!(status(&sim, &id).await, "Succeeded", "{kind}");
        assert_eq!(target_revision(&sim).await, known);
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_gone_is_not_found() {
    type Adjust = fn(CodeDeploySpec) -> CodeDeploySpec;
    let deleted: [Adjust; 2] = [|group| group.revision_deleted(), |group| group];
    for (at, adjust) in deleted.into_iter().enumerate() {
        let sim = deployed(adjust);
        if at == 1 {
            sim.delete_code_deploy_revision("prd", "api");
        }
        let found = client(&sim).get_application_revision().application_name("shop");
        let found = found.revision(target_revision(&sim).await).send().await;
        let error = found.unwrap_err().into_service_error();
        assert!(error.is_revision_does_not_exist_exception(), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_is_looked_for_when_the_deployment_begins() {
    for (text, code) in [(None, "REVISION_MISSING"), (Some("what?"), "INVALID_REVISION")] {
        let sim = deployed(|group| match text {
            Some(text) => group.s3("bucket", "key").app_spec(text),
            None => group.s3("bucket", "key").revision_deleted(),
        });
        let object = S3Location::builder().bucket("bucket").key("key").build();
        let revision = RevisionLocation::builder().revision_type(RevisionLocationType::S3);
        let id = deploy(&sim, revision.s3_location(object).build()).await.unwrap();
        pass(2).await;
        assert_eq!(status(&sim, &id).await, "Failed");
        assert_eq!(problem(&sim, &id).await, code);
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_app_spec_is_refused_at_once() {
    let sim = deployed(|group| group.app_spec("what: ever"));
    let garbage = text_of(&sim, &makers(&sim).await[0].0).await;
    assert_eq!(garbage, "what: ever");
    let hash_only = target_revision(&sim).await;
    let nowhere = RevisionLocation::builder().revision_type(RevisionLocationType::S3).build();
    for revision in [of_text(&garbage), of_text(""), hash_only, nowhere] {
        let error = deploy(&sim, revision.clone()).await.unwrap_err();
        assert!(error.starts_with("InvalidRevisionException"), "{revision:?}: {error}");
    }
    assert_eq!(sim.started_code_deploys("prd", "api"), 0);
    let none = client(&sim).create_deployment().application_name("shop");
    let error = none.deployment_group_name("api").send().await.unwrap_err().into_service_error();
    assert!(error.is_revision_required_exception(), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_never_deployed_has_no_revision() {
    let sim = deployed(|group| group.never_deployed());
    assert_eq!(makers(&sim).await, [("nobody".to_owned(), "PRIMARY".to_owned())]);
    assert_eq!(task_sets(&sim).await[0].started_by(), None);
    let group = client(&sim).get_deployment_group().application_name("shop");
    let group = group.deployment_group_name("api").send().await.unwrap();
    assert_eq!(group.deployment_group_info().unwrap().target_revision(), None);
    let id = sim.code_deploy("prd", "api", false);
    pass(10 * MINUTE).await;
    assert_eq!(makers(&sim).await, [(id, "PRIMARY".to_owned())]);
}
