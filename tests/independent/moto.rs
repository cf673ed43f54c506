//! moto as Amazon ECS: another reading of the same API, which does many things that AWS does not.
//!
//! It is a negative oracle. It calls a rollout COMPLETED at once and replaces no task, so nothing
//! there may ever be proven; its tasks have no creation time, so nothing may be called old; it
//! answers what it has not got with a page of HTML; and it pages nothing.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::cases;
use crate::harness::World;
use crate::harness::binary::{Place, policy, service};
use crate::harness::cli::Cli;
use crate::harness::moto::Moto;
use crate::harness::process::Ended;
use crate::harness::queue::Queue;

cases![Python: [
    a_refresh_that_replaced_nothing_times_out_and_is_announced_so,
    a_page_of_html_costs_the_explanation_and_nothing_else,
    plan_prints_every_service_and_its_verdict,
    plan_asks_for_every_service_of_a_listing_without_pages,
    a_cluster_that_does_not_exist_is_named,
    the_daemon_holds_what_has_no_age_and_touches_nothing,
    a_disabled_policy_is_said_to_be_so,
    a_refresh_of_what_is_not_there_says_so,
    the_time_of_a_rollout_follows_from_the_target_group,
]];

const WEEKLY: &str = "max_task_age = \"7d\"";

/// A place whose only policy is about one cluster.
fn place(moto: &Moto, cluster: &str, keys: &str) -> (Place, PathBuf) {
    let place = Place::at(moto.address);
    let config = place.configure(&policy("weekly", cluster, keys));
    (place, config)
}

fn plan(place: &Place, format: &str) -> Ended {
    place.run(&["plan", "--config", "ecs-refresh.toml", "--format", format])
}

/// Nothing that a command says may sound like a success.
#[track_caller]
fn is_not_proven(ended: &Ended) {
    assert_ne!(ended.code, Some(0), "{ended}");
    let text = ended.text();
    assert!(!text.contains("succeeded") && !text.contains("panicked"), "{ended}");
}

fn plan_prints_every_service_and_its_verdict(world: &World) {
    let moto = world.moto();
    moto.cluster("verdicts");
    moto.service("verdicts", "api");
    moto.tasks("verdicts", "api");
    moto.service("verdicts", "idle");
    moto.ec2_service("verdicts", "machines");
    let (place, _) = place(moto, "verdicts", WEEKLY);
    let text = plan(&place, "text").code(0);
    let line = |name: &str| {
        let found = text.stdout.lines().find(|line| line.starts_with(name));
        found.unwrap_or_else(|| panic!("no {name}: {text}"))
    };
    let words: Vec<_> = line("verdicts/api").split_whitespace().take(4).collect();
    assert_eq!(words, ["verdicts/api", "weekly", "-", "Hold"], "{text}");
    assert!(!text.stdout.contains("machines"), "not on Fargate: {text}");
    let seen = plan(&place, "json").code(0).json();
    let api = service(&seen, "api").expect("the plan has it");
    assert_eq!([&api["verdict"], &api["reason"]], ["hold", "age_unknown"], "{api:#}");
    assert_eq!(api["oldest_created_at"], Value::Null);
    // It claims tasks that nobody can find.
    let idle = service(&seen, "idle").expect("the plan has it");
    assert!(idle["verdict"] != "fresh" && idle["verdict"] != "refresh", "{idle:#}");
    assert_eq!(seen["services"].as_array().map(Vec::len), Some(2));
}

fn plan_asks_for_every_service_of_a_listing_without_pages(world: &World) {
    let moto = world.moto();
    moto.cluster("crowd");
    // More than AWS puts into a page.
    for number in 0..104 {
        moto.service("crowd", &format!("svc-{number:03}"));
    }
    let (place, _) = place(moto, "crowd", WEEKLY);
    let seen = plan(&place, "json").code(0).json();
    assert_eq!(seen["services"].as_array().map(Vec::len), Some(104));
    assert!(service(&seen, "svc-103").is_some());
}

fn a_cluster_that_does_not_exist_is_named(world: &World) {
    let (place, _) = place(world.moto(), "nowhere", WEEKLY);
    let text = plan(&place, "text").code(0);
    assert!(text.stdout.contains("nowhere: there is no such cluster"), "{text}");
    assert!(matches!(text.code, Some(0 | 2)), "{text}");
}

fn the_daemon_holds_what_has_no_age_and_touches_nothing(world: &World) {
    let moto = world.moto();
    moto.cluster("ageless");
    moto.service("ageless", "api");
    moto.tasks("ageless", "api");
    let before = moto.primary("ageless", "api");
    // The youngest age that there is: whatever has one is due.
    let (place, _) = place(moto, "ageless", "max_task_age = \"1s\"");
    let mut daemon = place.daemon();
    daemon.ready();
    let seen = daemon.service(20, "api", "it is held", |seen| seen["verdict"] == "hold");
    assert_eq!(seen["reason"], "age_unknown", "{seen:#}");
    let healthz = daemon.get("/healthz");
    assert_eq!((healthz.status, healthz.body.as_str()), (200, "ok\n"));
    let held = "ecs_refresh_services{policy=\"weekly\",verdict=\"hold\"}";
    assert_eq!(daemon.metric(held), Some(1.0));
    let blocked = "ecs_refresh_blocked_services{policy=\"weekly\",reason=\"age_unknown\"}";
    assert_eq!(daemon.metric(blocked), Some(1.0));
    let metrics = daemon.get("/metrics").body;
    assert!(!metrics.contains("ecs_refresh_oldest_task_age_seconds{"), "{metrics}");
    daemon.stop().code(0);
    assert_eq!(moto.primary("ageless", "api"), before, "nothing was refreshed");
}

fn a_disabled_policy_is_said_to_be_so(world: &World) {
    let moto = world.moto();
    moto.cluster("disabled");
    moto.service("disabled", "api");
    moto.tasks("disabled", "api");
    let (place, _) = place(moto, "disabled", "enabled = false\nmax_task_age = \"7d\"");
    let seen = plan(&place, "json").code(0).json();
    let api = service(&seen, "api").expect("it is still watched");
    assert_eq!([&api["verdict"], &api["reason"]], ["hold", "policy_disabled"], "{api:#}");
}

fn a_refresh_that_replaced_nothing_times_out_and_is_announced_so(world: &World) {
    let moto = world.moto();
    moto.cluster("unmoved");
    moto.service("unmoved", "api");
    moto.tasks("unmoved", "api");
    let cli = Cli::new(world.python(), moto.address);
    let heard = Queue::create(&cli, "unmoved");
    let bus = cli.run_of("events", "create-event-bus --name unmoved").code(0).json();
    heard.follow("unmoved", &json!({ "source": ["ecs-refresh"] }));
    let before = moto.primary("unmoved", "api");
    let place = Place::at(moto.address);
    let config = place.configure(&format!(
        "[announce]\nevent_bus = {}\n{}",
        bus["EventBusArn"],
        policy("brief", "unmoved", "rollout_timeout = \"1m\"")
    ));
    let config = config.display().to_string();
    let ended = place.start(&["refresh", "unmoved/api", "--config", &config]).wait(100);
    is_not_proven(&ended);
    let after = moto.primary("unmoved", "api");
    assert_ne!(after, before, "it was tried: {ended}");
    assert!(ended.text().contains("timed_out"), "{ended}");
    let events = heard.take(2, "beginning and end are announced");
    let [started, finished] = ["ECS Refresh Started", "ECS Refresh Finished"].map(|kind| {
        let event = events.iter().find(|event| event["detail-type"] == kind);
        event.map(|event| &event["detail"]).unwrap_or_else(|| panic!("no {kind}: {events:#?}"))
    });
    assert_eq!(started["attempt_id"], finished["attempt_id"]);
    assert_eq!([&started["cause"], &started["policy"]], ["manual", "brief"], "{started:#}");
    assert_eq!(started["deployment_id_before"], before.as_str(), "{started:#}");
    assert_eq!(started["deployment_id_after"], after.as_str(), "{started:#}");
    assert_eq!([&started["outcome"], &finished["outcome"]], [&Value::Null, &"timed_out".into()]);
    let diagnosis = finished["diagnosis"].as_str().expect("it has one");
    assert!(ended.stderr.contains(diagnosis), "all are told the same: {finished:#} {ended}");
}

fn a_page_of_html_costs_the_explanation_and_nothing_else(world: &World) {
    let moto = world.moto();
    moto.cluster("html");
    moto.service("html", "api");
    moto.tasks("html", "api");
    let before = moto.primary("html", "api");
    let (place, config) = place(moto, "html", "rollout_timeout = \"1m\"");
    let config = config.display().to_string();
    let mut refresh = place.start(&["refresh", "html/api", "--config", &config]);
    refresh.until(30, "the refresh is sent", |_| {
        let now = moto.primary("html", "api");
        (now != before).then_some(())
    });
    // Somebody else's deployment takes over, and ListServiceDeployments cannot say whose it is,
    // however often it is asked until the deadline.
    let input = json!({ "cluster": "html", "service": "api", "forceNewDeployment": true });
    moto.ecs("UpdateService", &input);
    let ended = refresh.wait(100);
    is_not_proven(&ended);
    assert_eq!(ended.code, Some(1), "{ended}");
    let text = ended.text();
    assert!(text.contains("failed") || text.contains("superseded"), "{ended}");
    assert!(!text.contains("<html") && !text.contains("<!doctype"), "{ended}");
}

fn a_refresh_of_what_is_not_there_says_so(world: &World) {
    let moto = world.moto();
    moto.cluster("absent");
    moto.ec2_service("absent", "machines");
    let place = Place::at(moto.address);
    for (service, code, says) in [
        ("ghosts/api", 1, "there is no active cluster ghosts"),
        ("absent/ghost", 1, "there is no active service absent/ghost"),
        ("absent/machines", 1, "does not run on Fargate"),
        ("absent", 2, "CLUSTER/SERVICE"),
    ] {
        let ended = place.run(&["refresh", service]).code(code);
        assert!(ended.stderr.contains(says), "{ended}");
        assert_eq!(ended.stdout, "", "{ended}");
    }
}

fn the_time_of_a_rollout_follows_from_the_target_group(world: &World) {
    let moto = world.moto();
    moto.cluster("drained");
    moto.balanced_service("drained", "slow", 1_800);
    moto.tasks("drained", "slow");
    let place = Place::at(moto.address);
    let mut refresh = place.start(&["refresh", "drained/slow"]);
    // 5 minutes to start, 5 checks every 30 seconds, 30 minutes to drain,
    // 30 seconds to stop, and a quarter.
    let says = "drained/slow: waits 47m 30s for the rollout at most";
    refresh.until(30, "it says how long it waits", |refresh| {
        refresh.stdout().contains(says).then_some(())
    });
}
