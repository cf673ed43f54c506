//! The ledger between processes: who may open it, and what it is worth after a crash.

use ecs_refresh::plan::notice::Entity;
use ecs_refresh::simulator::{Fault, FaultRule};
use serde_json::Value;

use crate::cases;
use crate::harness::World;
use crate::harness::binary::{Daemon, Place, policy, service};
use crate::harness::cli::Cli;
use crate::harness::notice::notice;
use crate::harness::simulated::Simulated;

cases![
    Nothing: [
        a_refresh_whose_reply_was_lost_in_a_crash_is_adopted,
        a_second_daemon_on_the_same_ledger_is_refused,
        plan_does_without_a_ledger_that_is_open,
        retirements_are_told_from_the_ledger_and_one_look,
        retirements_without_a_ledger_are_no_answer,
    ],
    Python: [a_refresh_survives_a_crash_as_one_deployment],
];

const CONFIG: &str = "resync = \"1s\"\n";

fn weekly(place: &Place) {
    place.configure(&format!("{CONFIG}{}", policy("weekly", "prd", "max_task_age = \"7d\"")));
}

fn a_second_daemon_on_the_same_ledger_is_refused(_: &World) {
    let simulated = Simulated::serve();
    let place = Place::at(simulated.address);
    weekly(&place);
    let mut first = place.daemon();
    first.ready();
    let second = place.run(&["run", "--config", "ecs-refresh.toml"]).code(2);
    assert!(second.stderr.contains("error: another ecs-refresh has"), "{second}");
    assert!(second.stderr.contains("ledger.redb open: stop it first"), "{second}");
    assert_eq!(first.get("/healthz").status, 200);
    first.stop().code(0);
    // What the first one leaves is free again.
    place.daemon().stop().code(0);
}

fn plan_does_without_a_ledger_that_is_open(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 300);
    let place = Place::at(simulated.address);
    weekly(&place);
    let mut daemon = place.daemon();
    daemon.service(30, "api", "it is under way", under_way);
    let seen = place.run(&["plan", "--config", "ecs-refresh.toml", "--format", "json"]).code(0);
    let api = service(&seen.json(), "api").expect("the plan has it");
    assert_eq!(api["verdict"], "rolling", "{seen}");
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
    daemon.stop().code(0);
}

fn retirements_without_a_ledger_are_no_answer(_: &World) {
    let simulated = Simulated::serve();
    let place = Place::at(simulated.address);
    weekly(&place);
    let ended = place.run(&["retirements", "--config", "ecs-refresh.toml"]).code(2);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("ledger.redb"), "{ended}");
    // An empty one is an answer, and says why it may be empty.
    let mut daemon = place.daemon();
    daemon.ready();
    let ended = place.run(&["retirements", "--config", "ecs-refresh.toml"]).code(0);
    assert!(ended.stdout.contains("no retirement notice is known"), "{ended}");
    assert!(ended.stdout.contains("queue_url in [events]"), "{ended}");
    daemon.stop().code(0);
}

fn retirements_are_told_from_the_ledger_and_one_look(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 300);
    let place = Place::at(simulated.address);
    place.configure(&format!("{CONFIG}{}", policy("weekly", "prd", "max_task_age = \"90d\"")));
    place.remember(&notice(&["api", "gone"].map(prd)));
    let arguments = ["retirements", "--config", "ecs-refresh.toml", "--format"];
    let text = place.run(&[&arguments[..], &["text"]].concat()).code(0);
    assert!(text.stdout.contains("prd/api") && text.stdout.contains("weekly"), "{text}");
    let seen = place.run(&[&arguments[..], &["json"]].concat()).code(0).json();
    let states = |seen: &Value| {
        let services = seen["notices"][0]["services"].as_array().expect("it names services");
        let state = |one: &Value| format!("{}: {}", one["service"], one["state"]);
        services.iter().map(state).collect::<Vec<_>>().join(", ").replace('"', "")
    };
    assert_eq!(states(&seen), "api: waiting, gone: gone", "{seen:#}");
    assert_eq!(seen["notices"][0]["services"][0]["evidence"]["before"]["count"], 2, "{seen:#}");
    assert_eq!(simulated.aws.count("UpdateService"), 0);
    // Without AWS what is remembered is printed all the same, and the exit code tells.
    drop(simulated);
    let blind = place.run(&[&arguments[..], &["json"]].concat()).code(2);
    assert!(blind.stderr.contains("states are as remembered"), "{blind}");
    let seen: Value = serde_json::from_str(&blind.stdout).expect("it is the whole document");
    assert_eq!(states(&seen), "api: unseen, gone: unseen", "{seen:#}");
    assert_eq!(seen["looked_at"], Value::Null);
}

fn prd(name: &str) -> Entity {
    Entity::Service("prd".into(), name.into())
}

/// Whether a refresh was sent, answered and stored.
fn under_way(seen: &Value) -> bool {
    seen["reason"] == "our_rollout" && seen["attempt"] != Value::Null
}

/// Ends the daemon as a crash does, and starts another one on the same ledger.
fn crash(daemon: Daemon, place: &Place) -> Daemon {
    daemon.process.signal("KILL");
    assert_eq!(daemon.process.wait(10).code, None, "a signal ended it");
    let mut daemon = place.daemon();
    daemon.ready();
    daemon
}

/// Waits until the one refresh is proven.
fn proven(daemon: &mut Daemon) {
    daemon.service(60, "api", "the refresh is proven", |seen| seen["verdict"] == "fresh");
    let done = "ecs_refresh_refreshes_total{cause=\"age\",outcome=\"succeeded\",policy=\"weekly\"}";
    assert_eq!(daemon.metric(done), Some(1.0));
}

fn a_refresh_survives_a_crash_as_one_deployment(world: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 12);
    let place = Place::at(simulated.address);
    weekly(&place);
    let mut daemon = place.daemon();
    let before = daemon.service(30, "api", "it is under way", under_way);
    let mut daemon = crash(daemon, &place);
    let after = daemon.service(60, "api", "it is still under way", under_way);
    assert_eq!(after["attempt"], before["attempt"], "{after:#}");
    proven(&mut daemon);
    daemon.stop().code(0);
    let cli = Cli::new(world.python(), simulated.address);
    let listed = cli.json("list-service-deployments --cluster prd --service api");
    let started = listed["serviceDeployments"].as_array().expect("a list");
    let states: Vec<_> = started.iter().map(|one| one["status"].as_str()).collect();
    assert_eq!(states[0], Some("SUCCESSFUL"), "{listed}");
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1, "{listed}");
}

fn a_refresh_whose_reply_was_lost_in_a_crash_is_adopted(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 12);
    let place = Place::at(simulated.address);
    weekly(&place);
    simulated.aws.inject(FaultRule::new("UpdateService", Fault::LoseReply));
    let mut daemon = place.daemon();
    daemon.process.until(30, "the refresh is sent", |_| {
        (simulated.aws.started_deployments("prd", "api") == 1).then_some(())
    });
    let mut daemon = crash(daemon, &place);
    proven(&mut daemon);
    daemon.stop().code(0);
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
    assert_eq!(simulated.aws.count("UpdateService"), 1);
}
