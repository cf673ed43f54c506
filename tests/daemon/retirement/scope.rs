//! What notices name beside selected services.

use ecs_refresh::metrics::Label;
use ecs_refresh::plan::policy::Policies;
use ecs_refresh::simulator::EntityForm;

use super::{at, listening, policy, two_tasks};
use crate::harness::{DAY, policies, service};

/// Only `api` is selected.
fn only_api() -> Policies {
    policies([policy("nightly", &["api"], "0 3 * * *")])
}

#[tokio::test(start_paused = true)]
async fn services_of_no_policy_and_standalone_tasks_are_listed_with_the_deadline() {
    let services = [two_tasks("api"), two_tasks("free")];
    let mut run = listening(services, only_api()).await;
    let standalone = run.sim.run_task("prd", "report", Some("cron"));
    let notice = run.notice(&["api", "free"], 7 * DAY).entity(&standalone);
    let notice = notice.service("elsewhere", "other");
    run.deliver(&notice).await;
    assert_eq!((run.states("api"), run.states("free")), (vec!["waiting"], vec!["unmanaged"]));
    let plan = run.daemon.reconciler.plan().clone();
    let [known] = &plan.notices[..] else { panic!("{:?}", plan.notices) };
    let deadline = at("2026-11-30T01:00:00Z");
    assert_eq!(known.deadline, Some(deadline));
    let retiring = plan.retiring();
    let unmanaged: Vec<_> =
        retiring.unmanaged.iter().map(|(key, deadline)| (key.to_string(), *deadline)).collect();
    let expected = ["elsewhere/other", "prd/free"].map(|name| (name.to_owned(), Some(deadline)));
    assert_eq!(unmanaged, expected);
    let [(_, task)] = &known.tasks[..] else { panic!("{:?}", known.tasks) };
    assert_eq!(task.state().label(), "standalone");
    let home = r#"region="eu-central-1",account="123456789012",cluster="prd""#;
    let series = format!("standalone_retirement_tasks{{{home}}}");
    assert_eq!(run.daemon.metric(&series), Some(1.0));
    let family = "unmanaged_retirement_deadline_timestamp_seconds";
    let series = format!(r#"{family}{{{home},service="free"}}"#);
    assert_eq!(run.daemon.metric(&series), Some(deadline.timestamp() as f64));
    run.until("2026-11-24T00:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    assert_eq!(run.sim.count("UpdateService"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_task_that_a_notice_names_by_its_arn_is_its_services_matter() {
    let mut run = listening([two_tasks("api"), two_tasks("free")], only_api()).await;
    // Its place was taken by another one, so that no listing shows it any more.
    let killed = run.sim.kill_task("prd", "api").unwrap();
    let view = run.sim.service("prd", "api");
    let arn = view.tasks.iter().find(|task| task.id == killed).unwrap().arn.clone();
    let other = run.sim.service("prd", "free").tasks[0].arn.clone();
    run.until("2026-11-23T01:30:00Z").await;
    run.sim.clear_calls();
    let notice = run.notice(&[], 7 * DAY).entity(&arn).entity(&other);
    run.deliver(&notice).await;
    assert_eq!(run.states("api"), ["waiting"]);
    assert_eq!(run.states("free"), ["unmanaged"]);
    assert_eq!(run.sim.count("DescribeTasks"), 1);
    run.until("2026-11-24T00:00:00Z").await;
    run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
    assert_eq!(run.states("api"), ["satisfied_by_refresh"]);
}

#[tokio::test(start_paused = true)]
async fn a_service_is_found_by_every_name_that_aws_gives_it() {
    use EntityForm::{Arn, Pipe, ShortArn, Slash, SpacedPipe};
    for form in [Pipe, SpacedPipe, Slash, Arn, ShortArn] {
        let short = form == ShortArn;
        let mut run = listening([two_tasks("api").short_arn(short)], only_api()).await;
        let notice = run.notice(&[], 7 * DAY).form(form).service("prd", "api");
        run.deliver(&notice).await;
        run.until("2026-11-23T06:00:00Z").await;
        run.assert_refreshed_once("api", "2026-11-23T03:00:00Z");
        assert_eq!(run.states("api"), ["satisfied_by_refresh"], "{form:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_was_deleted_is_gone() {
    let mut run = listening([two_tasks("api")], only_api()).await;
    run.retire(&["api"], 7 * DAY).await;
    run.sim.delete_service("prd", "api");
    run.until("2026-11-24T00:00:00Z").await;
    assert_eq!(run.states("api"), ["gone"]);
    assert!(run.daemon.reconciler.plan().verdict(&service("api")).is_none());
    assert_eq!(run.sim.count("UpdateService"), 0);
}
