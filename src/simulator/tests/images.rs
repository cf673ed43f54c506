//! What Amazon ECS makes of the images that task definitions name.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::*;
use crate::simulator::{ServiceSpec, Simulator};

const API: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/api:latest";

/// `prd/api`, which runs `api:latest`, after it was pushed; and the digest.
fn with_image(adjust: impl FnOnce(ServiceSpec) -> ServiceSpec) -> (Simulator, String) {
    let sim = simulator();
    let digest = sim.push_image("api", "latest");
    sim.add_service(adjust(ServiceSpec::new("prd", "api").image("app", API)));
    (sim, digest)
}

/// The first containers of all tasks that should run.
async fn containers(sim: &Simulator) -> Vec<Value> {
    let tasks: Vec<String> =
        sim.service("prd", "api").active_tasks().map(|task| task.arn.clone()).collect();
    let input = json!({ "cluster": "prd", "tasks": tasks });
    let answer = ok(sim, "DescribeTasks", input).await;
    let tasks = answer["tasks"].as_array().unwrap().iter();
    tasks.map(|task| task["containers"][0].clone()).collect()
}

/// The digests that the tasks which should run report, each once.
async fn digests(sim: &Simulator) -> Vec<String> {
    let containers = containers(sim).await;
    let mut digests: Vec<String> =
        containers.iter().map(|c| c["imageDigest"].as_str().unwrap_or("").to_owned()).collect();
    digests.sort();
    digests.dedup();
    digests
}

/// Why the tasks that have stopped did, each reason once.
fn reasons(sim: &Simulator) -> Vec<String> {
    let tasks = sim.service("prd", "api").tasks;
    let mut reasons: Vec<String> = tasks.into_iter().filter_map(|t| t.stopped_reason).collect();
    reasons.dedup();
    reasons
}

fn not_found(resolved: &str) -> String {
    format!(
        "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve \
         ref {resolved}: {resolved}: not found"
    )
}

#[tokio::test(start_paused = true)]
async fn a_task_definition_says_what_it_runs() {
    let (sim, digest) = with_image(|spec| spec.image("sidecar", "ghcr.io/x/y:1").cpu_units(512));
    let arn = primary(&describe(&sim).await)["taskDefinition"].clone();
    let input = json!({ "taskDefinition": arn });
    let definition = ok(&sim, "DescribeTaskDefinition", input).await["taskDefinition"].clone();
    let [app, sidecar] = definition["containerDefinitions"].as_array().unwrap().as_slice() else {
        panic!("{definition}")
    };
    assert_eq!((&app["name"], &app["image"]), (&json!("app"), &json!(API)));
    assert_eq!((&sidecar["name"], &sidecar["image"]), (&json!("sidecar"), &json!("ghcr.io/x/y:1")));
    assert_eq!(definition["cpu"], "512");
    assert_eq!(definition["runtimePlatform"]["cpuArchitecture"], "X86_64");
    assert_eq!(digests(&sim).await, [digest]);
    assert_eq!(containers(&sim).await[0]["image"], API);
}

#[tokio::test(start_paused = true)]
async fn a_deployment_resolves_its_tag_once_and_the_next_one_anew() {
    let (sim, old) = with_image(|spec| spec.desired(2));
    let new = sim.push_image("api", "latest");
    sim.set_desired("prd", "api", 3);
    pass(120).await;
    assert_eq!(digests(&sim).await, [old.as_str()], "a later task is launched from the digest");
    force(&sim).await;
    pass(300).await;
    assert_eq!(digests(&sim).await, [new.as_str()]);
    assert_eq!(deployments(&sim)[0].2, "COMPLETED");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_pinned_is_pulled_by_its_tag_each_time() {
    let (sim, old) = with_image(|spec| spec.unpinned("app"));
    let new = sim.push_image("api", "latest");
    sim.set_desired("prd", "api", 2);
    pass(120).await;
    let mut expected = [old, new];
    expected.sort();
    assert_eq!(digests(&sim).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_task_whose_image_is_gone_does_not_start_and_the_next_deployment_cures_it() {
    let (sim, old) = with_image(|spec| spec);
    let new = sim.push_image("api", "latest");
    sim.delete_image("api", &old);
    sim.set_desired("prd", "api", 2);
    pass(60).await;
    assert_eq!(reasons(&sim), [not_found(&format!("{API}@{old}"))]);
    force(&sim).await;
    pass(300).await;
    assert_eq!(digests(&sim).await, [new.as_str()]);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_fails_when_its_tag_is_gone_or_its_image_archived() {
    for archived in [false, true] {
        let (sim, digest) = with_image(|spec| spec.desired(3).circuit_breaker(true, true));
        match archived {
            true => sim.archive_image("api", &digest),
            false => sim.delete_repository("api"),
        }
        force(&sim).await;
        pass(3600).await;
        assert!(reasons(&sim).contains(&not_found(API)), "{:?}", reasons(&sim));
        let (status, _) = status_and_stage(&sim).await;
        assert_eq!(status, "ROLLBACK_FAILED", "going back takes new tasks of the same image");
        assert_eq!(active(&sim, "RUNNING"), 3, "the old tasks never stopped");
    }
}

#[tokio::test(start_paused = true)]
async fn the_task_that_cannot_pull_says_so() {
    let (sim, _) = with_image(|spec| spec);
    sim.delete_repository("api");
    force(&sim).await;
    pass(30).await;
    let view = sim.service("prd", "api");
    let failed = view.tasks.iter().find(|task| task.stopped_reason.is_some()).unwrap();
    let input = json!({ "cluster": "prd", "tasks": [failed.arn] });
    let task = ok(&sim, "DescribeTasks", input).await["tasks"][0].clone();
    assert_eq!(task["stopCode"], "TaskFailedToStart");
    assert_eq!(task["containers"][0].get("imageDigest"), None, "nothing was pulled");
}

#[tokio::test(start_paused = true)]
async fn of_an_index_the_digest_of_either_is_reported() {
    for platform in [false, true] {
        let sim = simulator();
        let (index, platforms) = sim.push_index("api", "latest");
        let spec = ServiceSpec::new("prd", "api").image("app", API);
        sim.add_service(spec.reports_platform_digest(platform));
        let expected = if platform { &platforms[0] } else { &index };
        assert_eq!(digests(&sim).await, [expected.as_str()]);
        force(&sim).await;
        pass(300).await;
        assert_eq!(digests(&sim).await, [expected.as_str()]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pull_is_recorded_and_the_cache_fills_itself() {
    let sim = simulator();
    sim.add_pull_through_rule("hub", "registry-1.docker.io");
    let hub = sim.image_reference("hub/library/nginx:1");
    sim.add_service(ServiceSpec::new("prd", "api").image("app", &hub));
    let digest = digests(&sim).await;
    sim.delete_repository("hub/library/nginx");
    pass(60).await;
    force(&sim).await;
    pass(300).await;
    assert_eq!(deployments(&sim)[0].2, "COMPLETED");
    assert_ne!(digests(&sim).await, digest);
    let target = "AmazonEC2ContainerRegistry_V20150921.DescribeImages";
    let input = json!({ "repositoryName": "hub/library/nginx" });
    let pulled = call_target(&sim, target, input).await.body["imageDetails"][0].clone();
    assert!(pulled["lastRecordedPullTime"].as_f64().unwrap() > 1_800_000_060.0, "{pulled}");
}

#[tokio::test(start_paused = true)]
async fn images_of_other_registries_are_always_there() {
    for image in [
        "nginx",
        "ghcr.io/x/y:1",
        "999999999999.dkr.ecr.eu-central-1.amazonaws.com/api:v1",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/api:v1",
    ] {
        let sim = with_service(|spec| spec.image("app", image));
        force(&sim).await;
        pass(300).await;
        assert_eq!(deployments(&sim)[0].2, "COMPLETED", "{image}");
        assert_eq!(digests(&sim).await.len(), 1, "{image}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_revision_tells_what_its_images_were_resolved_to() {
    let (sim, digest) = with_image(|spec| spec.image("sidecar", "ghcr.io/x/y:1"));
    force(&sim).await;
    pass(300).await;
    let newest = ecs(&sim).list_service_deployments().cluster("prd").service("api").send().await;
    let newest = newest.unwrap().service_deployments()[0].clone();
    let asked = ecs(&sim).describe_service_revisions();
    let arn = newest.target_service_revision_arn().unwrap();
    let answer = asked.service_revision_arns(arn).send().await.unwrap();
    let told: Vec<_> = answer.service_revisions()[0]
        .container_images()
        .iter()
        .map(|image| (image.container_name().unwrap(), image.image_digest()))
        .collect();
    assert_eq!(told, [("app", Some(digest.as_str())), ("sidecar", None)]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_resolved_where_no_task_starts() {
    let sim = simulator();
    let spec = ServiceSpec::new("prd", "api").image("app", API).task_ages(Vec::new());
    sim.add_service(spec);
    let digest = sim.push_image("api", "latest");
    sim.set_desired("prd", "api", 1);
    tokio::time::advance(Duration::from_secs(120)).await;
    assert_eq!(digests(&sim).await, [digest]);
}
