//! What others do to a service that CodeDeploy deploys.

use super::*;

#[tokio::test(start_paused = true)]
async fn somebody_else_deploys_a_new_revision() {
    let sim = deployed(|group| group);
    let id = sim.code_deploy("prd", "api", true);
    assert_eq!(info(&sim, &id).await.creator().unwrap().as_str(), "user");
    pass(10 * MINUTE).await;
    let [only] = task_sets(&sim).await.try_into().unwrap();
    assert_eq!(only.external_id(), Some(id.as_str()));
    assert!(only.task_definition().unwrap().ends_with("task-definition/api:2"));
    assert!(text_of(&sim, &id).await.contains("task-definition/api:2"));
    assert_eq!(sim.started_code_deploys("prd", "api"), 0, "it was not our call");
}

#[tokio::test(start_paused = true)]
async fn somebody_else_continues_and_stops() {
    let sim = deployed(|group| group.ready_wait(600));
    let first = redeploy(&sim).await;
    assert!(!sim.continue_code_deploy("prd", "api"), "it waits for nobody yet");
    pass(5 * MINUTE).await;
    assert!(sim.continue_code_deploy("prd", "api"));
    pass(10).await;
    assert!(sim.continue_code_deploy("prd", "api"), "it keeps the old tasks no longer");
    pass(10).await;
    assert_eq!(status(&sim, &first).await, "Succeeded");
    let second = sim.code_deploy("prd", "api", true);
    pass(5 * MINUTE).await;
    assert_eq!(sim.stop_code_deploy("prd", "api", true), Some(second.clone()));
    pass(MINUTE).await;
    assert_eq!(makers(&sim).await, [(first, "PRIMARY".to_owned())]);
    assert_eq!(sim.stop_code_deploy("prd", "api", true), None);
    let deployments = sim.code_deployments("prd", "api");
    let seen: Vec<(&str, &str)> =
        deployments.iter().map(|d| (d.status.as_str(), d.creator.as_str())).collect();
    let succeeded = ("Succeeded", "user");
    let back = ("Succeeded", "codeDeployRollback");
    assert_eq!(seen, [succeeded, succeeded, ("Stopped", "user"), back]);
    assert_eq!(deployments[2].error.as_deref(), Some("MANUAL_STOP"));
}

#[tokio::test(start_paused = true)]
async fn a_deleted_application_takes_its_deployments_with_it() {
    let sim = deployed(|group| group);
    let id = redeploy(&sim).await;
    pass(30).await;
    sim.delete_code_deploy_application("shop");
    let error = client(&sim).get_deployment().deployment_id(&id).send().await.unwrap_err();
    assert!(error.into_service_error().is_deployment_does_not_exist_exception());
    pass(HOUR.as_secs()).await;
    let statuses: Vec<String> = makers(&sim).await.into_iter().map(|(_, status)| status).collect();
    assert_eq!(statuses, ["PRIMARY", "ACTIVE"], "nobody goes on");
}

#[tokio::test(start_paused = true)]
async fn a_service_can_be_given_to_ecs() {
    let sim = deployed(|group| group);
    redeploy(&sim).await;
    pass(30).await;
    sim.set_controller("prd", "api", Some("ECS"));
    pass(2 * MINUTE).await;
    let service = describe(&sim).await;
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service.get("taskSets"), None);
    assert_eq!(active(&sim, "RUNNING"), 2);
    let id = force(&sim).await;
    pass(5 * MINUTE).await;
    assert_eq!(deployments(&sim), [(id, "PRIMARY".to_owned(), "COMPLETED".to_owned())]);
    assert_eq!(active(&sim, "RUNNING"), 2);
    sim.set_controller("prd", "api", Some("EXTERNAL"));
    let [only] = task_sets(&sim).await.try_into().unwrap();
    assert_eq!((only.external_id(), only.running_count()), (None, 2));
}

#[tokio::test(start_paused = true)]
async fn lost_and_wanted_tasks_are_replaced_under_their_own_set() {
    let sim = deployed(|group| group.termination_wait(600));
    redeploy(&sim).await;
    pass(5 * MINUTE).await;
    let counts = || {
        let sets = sim.service("prd", "api").deployments;
        sets.iter().map(|set| active_of(&sim, &set.id)).collect::<Vec<_>>()
    };
    assert_eq!(counts(), [2, 2]);
    sim.kill_task("prd", "api");
    assert_eq!(counts(), [2, 2]);
    sim.set_desired("prd", "api", 3);
    assert_eq!(counts(), [3, 3]);
    let stabilizing = task_sets(&sim).await[0].stability_status().unwrap().as_str().to_owned();
    assert_eq!(stabilizing, "STABILIZING");
    sim.set_desired("prd", "api", 1);
    assert_eq!(counts(), [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn what_aws_retires_is_replaced_when_there_is_one_set() {
    let sim = deployed(|group| group.termination_wait(60));
    let old = sim.service("prd", "api").tasks;
    redeploy(&sim).await;
    sim.retire_tasks("prd", "api", after(HOUR / 2));
    pass(45 * MINUTE).await;
    let view = sim.service("prd", "api");
    assert!(old.iter().all(|task| view.active_tasks().any(|t| t.id == task.id)), "not while two");
    let sim = deployed(|group| group);
    sim.retire_tasks("prd", "api", after(HOUR / 2));
    pass(45 * MINUTE).await;
    let view = sim.service("prd", "api");
    assert_eq!(view.active_tasks().count(), 2);
    assert!(old.iter().all(|task| view.active_tasks().all(|t| t.id != task.id)));
}

#[tokio::test(start_paused = true)]
async fn protected_tasks_hold_a_deleted_set() {
    let sim = deployed(|group| group);
    sim.protect_task("prd", "api", after(HOUR));
    let id = redeploy(&sim).await;
    pass(30 * MINUTE).await;
    assert_eq!(status(&sim, &id).await, "Succeeded");
    let sets = task_sets(&sim).await;
    assert_eq!((sets[1].status(), sets[1].running_count()), (Some("DRAINING"), 1));
    pass(40 * MINUTE).await;
    assert_eq!(task_sets(&sim).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_takes_a_service_from_ecs_ends_its_rollout() {
    let sim = with_service(|s| s.desired(2));
    let id = force(&sim).await;
    pass(10).await;
    sim.set_controller("prd", "api", Some("CODE_DEPLOY"));
    pass(2 * MINUTE).await;
    let service = describe(&sim).await;
    assert_eq!(service.get("currentServiceDeployment"), None);
    let [only] = task_sets(&sim).await.try_into().unwrap();
    assert_eq!((only.id(), only.running_count()), (Some(id.as_str()), 2));
    assert_eq!(active(&sim, "RUNNING"), 2);
}
