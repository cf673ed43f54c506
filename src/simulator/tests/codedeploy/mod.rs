//! Blue/green deployments by AWS CodeDeploy, through the real SDKs.

mod failures;
mod life;
mod owners;
mod reads;
mod revisions;

use aws_sdk_codedeploy::Client;
use aws_sdk_codedeploy::types::{
    AppSpecContent, DeploymentInfo, EcsTarget, RevisionLocation, RevisionLocationType,
};
use aws_sdk_ecs::types::TaskSet;

use super::support::*;
use crate::simulator::{CodeDeploySpec, Simulator};

const MINUTE: u64 = 60;

/// A simulator with the service `prd/api` of two tasks, which the group `shop/api` deploys.
fn deployed(adjust: impl FnOnce(CodeDeploySpec) -> CodeDeploySpec) -> Simulator {
    with_service(|s| s.desired(2).code_deploy(adjust(CodeDeploySpec::new("shop", "api"))))
}

fn client(sim: &Simulator) -> Client {
    Client::new(&sdk_config(sim))
}

fn of_text(text: &str) -> RevisionLocation {
    RevisionLocation::builder()
        .revision_type(RevisionLocationType::AppSpecContent)
        .app_spec_content(AppSpecContent::builder().content(text).build())
        .build()
}

/// The text of the AppSpec that a deployment deployed, found by its hash alone.
async fn text_of(sim: &Simulator, id: &str) -> String {
    let revision = info(sim, id).await.revision().unwrap().clone();
    assert_eq!(revision.app_spec_content().unwrap().content(), None);
    let found = client(sim).get_application_revision().application_name("shop").revision(revision);
    let found = found.send().await.unwrap();
    found.revision().unwrap().app_spec_content().unwrap().content().unwrap().to_owned()
}

async fn info(sim: &Simulator, id: &str) -> DeploymentInfo {
    let answer = client(sim).get_deployment().deployment_id(id).send().await.unwrap();
    answer.deployment_info().unwrap().clone()
}

async fn status(sim: &Simulator, id: &str) -> String {
    info(sim, id).await.status().unwrap().as_str().to_owned()
}

/// The code of what went wrong with a deployment.
async fn problem(sim: &Simulator, id: &str) -> String {
    let info = info(sim, id).await;
    info.error_information().unwrap().code().unwrap().as_str().to_owned()
}

/// The task sets of `prd/api`, the PRIMARY first.
async fn task_sets(sim: &Simulator) -> Vec<TaskSet> {
    let described = ecs(sim).describe_services().cluster("prd").services("api").send().await;
    let service = described.unwrap().services()[0].clone();
    assert!(service.deployments().is_empty());
    service.task_sets().to_vec()
}

/// The deployments that made the task sets, and the task sets' statuses.
async fn makers(sim: &Simulator) -> Vec<(String, String)> {
    let text = |text: Option<&str>| text.unwrap_or("nobody").to_owned();
    let sets = task_sets(sim).await;
    sets.iter().map(|set| (text(set.external_id()), text(set.status()))).collect()
}

async fn target(sim: &Simulator, id: &str) -> EcsTarget {
    let request = client(sim).get_deployment_target().deployment_id(id).target_id("prd:api");
    let answer = request.send().await.unwrap();
    answer.deployment_target().unwrap().ecs_target().unwrap().clone()
}

/// The lifecycle events of a deployment that have begun, and their statuses.
async fn events(sim: &Simulator, id: &str) -> Vec<(String, String)> {
    let target = target(sim, id).await;
    let begun = target.lifecycle_events().iter().filter(|event| event.start_time().is_some());
    begun
        .map(|event| {
            let status = event.status().unwrap().as_str().to_owned();
            (event.lifecycle_event_name().unwrap().to_owned(), status)
        })
        .collect()
}

/// Deploys once more what was deployed last.
async fn redeploy(sim: &Simulator) -> String {
    let maker = task_sets(sim).await[0].external_id().unwrap().to_owned();
    create(sim, &text_of(sim, &maker).await).await
}

async fn create(sim: &Simulator, text: &str) -> String {
    let request = client(sim).create_deployment().application_name("shop");
    let request = request.deployment_group_name("api").revision(of_text(text));
    request.send().await.unwrap().deployment_id().unwrap().to_owned()
}

/// Pairs of texts, for comparison.
fn pairs(list: &[(String, String)]) -> Vec<(&str, &str)> {
    list.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect()
}
