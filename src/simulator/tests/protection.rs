//! Task protection, and the deployments that it holds open.

use aws_sdk_ecs::error::ProvideErrorMetadata;
use aws_sdk_ecs::types::{Failure, ProtectedTask};

use super::support::*;
use crate::simulator::{ServiceSpec, Simulator};

async fn get(sim: &Simulator, task: &str) -> (Vec<ProtectedTask>, Vec<Failure>) {
    let answer = ecs(sim).get_task_protection().cluster("prd").tasks(task).send().await.unwrap();
    (answer.protected_tasks().to_vec(), answer.failures().to_vec())
}

async fn update(sim: &Simulator, task: &str, minutes: Option<i32>) -> Result<Vec<String>, String> {
    let call = ecs(sim).update_task_protection().cluster("prd").tasks(task);
    let call = call.protection_enabled(true).set_expires_in_minutes(minutes);
    let answer = call.send().await.map_err(|error| error.code().unwrap().to_owned())?;
    let reasons = answer.failures().iter().map(|failure| failure.reason().unwrap().to_owned());
    Ok(reasons.collect())
}

#[tokio::test(start_paused = true)]
async fn protected_tasks_hold_a_deployment_open_until_they_are_free() {
    let adjust: [fn(ServiceSpec) -> ServiceSpec; 2] =
        [|s| s.desired(3), |s| s.desired(3).strategy("BLUE_GREEN")];
    for adjust in adjust {
        let sim = with_service(adjust);
        let old = sim.service("prd", "api").primary().unwrap().id.clone();
        let first = sim.protect_task("prd", "api", after(HOUR)).unwrap();
        let second = sim.protect_task("prd", "api", after(HOUR)).unwrap();
        assert_ne!(first, second);
        let new = force(&sim).await;
        pass(3590).await;
        assert_eq!((active_of(&sim, &new), active_of(&sim, &old)), (3, 2));
        assert_eq!(status_and_stage(&sim).await.0, "IN_PROGRESS");
        assert_eq!(deployments(&sim).len(), 2);
        pass(60).await;
        assert_eq!(status_and_stage(&sim).await.0, "SUCCESSFUL");
        assert_eq!(deployments(&sim), [(new, "PRIMARY".to_owned(), "COMPLETED".to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_rolling_deployment_says_so_once() {
    let sim = with_service(|s| s);
    let old = sim.service("prd", "api").primary().unwrap().id.clone();
    sim.protect_task("prd", "api", after(HOUR));
    force(&sim).await;
    pass(1800).await;
    let events = sim.service("prd", "api").events;
    let said = format!(
        "(service api) was unable to reach steady state because (taskSet {old}) was unable to \
         scale in due to (reason 1 tasks under protection)"
    );
    assert_eq!(events.iter().filter(|event| **event == said).count(), 1, "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn protection_is_given_renewed_and_taken() {
    let sim = with_service(|s| s);
    let task = sim.service("prd", "api").tasks[0].arn.clone();
    assert!(!get(&sim, &task).await.0[0].protection_enabled());
    for (minutes, expected) in [(None, 7200), (Some(2880), 172_800), (Some(1), 60)] {
        assert_eq!(update(&sim, &task, minutes).await.unwrap(), [""; 0]);
        let shown = get(&sim, &task).await.0.remove(0);
        assert!(shown.protection_enabled());
        assert_eq!(shown.expiration_date().unwrap().secs(), 1_800_000_000 + expected);
    }
    pass(60).await;
    let shown = get(&sim, &task).await.0.remove(0);
    assert!(!shown.protection_enabled() && shown.expiration_date().is_none());
    update(&sim, &task, None).await.unwrap();
    let call = ecs(&sim).update_task_protection().cluster("prd").tasks(&task);
    let answer = call.protection_enabled(false).send().await.unwrap();
    assert!(!answer.protected_tasks()[0].protection_enabled());
    for minutes in [0, 2881] {
        let refused = update(&sim, &task, Some(minutes)).await;
        assert_eq!(refused, Err("InvalidParameterException".to_owned()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_protected_is_a_failure() {
    let sim = with_service(|s| s);
    let unknown = "0123456789abcdef0123456789abcdef";
    assert_eq!(update(&sim, unknown, None).await.unwrap(), ["MISSING"]);
    assert_eq!(get(&sim, unknown).await.1[0].reason(), Some("MISSING"));
    let standalone = sim.run_task("prd", "batch", None);
    assert_eq!(update(&sim, &standalone, None).await.unwrap(), ["TASK_NOT_VALID"]);
    let old = sim.service("prd", "api").tasks[0].arn.clone();
    force(&sim).await;
    assert_eq!(update(&sim, &old, None).await.unwrap(), ["DEPLOYMENT_BLOCKED"]);
}

#[tokio::test(start_paused = true)]
async fn a_protected_task_is_not_scaled_in() {
    let sim = with_service(|s| s.task_ages(vec![HOUR * 2, HOUR]));
    let task = sim.protect_task("prd", "api", after(HOUR)).unwrap();
    sim.set_desired("prd", "api", 1);
    let left: Vec<String> =
        sim.service("prd", "api").active_tasks().map(|t| t.id.clone()).collect();
    assert_eq!(left, [task]);
}
