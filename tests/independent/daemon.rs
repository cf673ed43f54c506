//! The daemon as an operating system and a scraper meet it: ports, signals, files and metrics.

use std::net::TcpListener;
use std::process::Command;

use ecs_refresh::simulator::{Fault, FaultRule};

use ecs_refresh::plan::fleet::TaskId;
use ecs_refresh::plan::notice::{Entity, Owner};

use crate::cases;
use crate::harness::World;
use crate::harness::binary::{Daemon, Place, policy, run};
use crate::harness::notice::notice;
use crate::harness::process::Process;
use crate::harness::promtool;
use crate::harness::simulated::Simulated;

cases![
    Nothing: [
        a_port_in_use_is_named,
        without_credentials_it_runs_on_and_says_what_is_missing,
        without_anybody_to_reach_it_runs_on_and_says_so,
        a_signal_lets_what_was_sent_be_answered,
        a_second_signal_aborts,
        a_reply_that_does_not_come_outlasts_no_grace,
        a_changed_policy_is_taken_up_at_sighup,
        a_changed_file_is_taken_up_by_itself,
        a_dry_run_calls_nothing_and_stores_nothing,
        a_dry_run_from_the_start_is_ended_by_a_restart_only,
    ],
    Promtool: [promtool_finds_nothing_to_say_about_the_metrics],
];

const WEEKLY: &str = "max_task_age = \"7d\"";

fn a_port_in_use_is_named(_: &World) {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().map(|address| (taken, address)).expect("it is bound");
    let place = Place::without_aws();
    let config = place.configure(&policy("weekly", "prd", WEEKLY));
    let mut command = place.command(&run(&config));
    command.args(["--listen", &taken.1.to_string()]);
    let ended = place.spawn(&mut command).wait(30).code(2);
    assert!(ended.stderr.contains(&format!("cannot listen on {}", taken.1)), "{ended}");
    let said = ended.stderr.lines().filter(|line| !line.starts_with('{')).count();
    assert_eq!(said, 1, "one message: {ended}");
}

fn without_credentials_it_runs_on_and_says_what_is_missing(_: &World) {
    let place = Place::without_aws();
    place.configure(&policy("weekly", "prd", WEEKLY));
    let mut daemon = place.daemon();
    let address = daemon.address;
    let readyz = daemon.process.until(60, "the reason is known", |_| {
        let answer = crate::harness::http::get(address, "/readyz").ok()?;
        answer.body.contains("credentials").then_some(answer)
    });
    assert_eq!(readyz.status, 503, "{readyz:?}");
    assert!(readyz.body.contains("store: ok"), "{readyz:?}");
    assert_eq!(daemon.get("/healthz").status, 200, "a restart would not help");
    daemon.stop().code(0);
}

fn without_anybody_to_reach_it_runs_on_and_says_so(_: &World) {
    let nobody = Simulated::serve().address;
    let place = Place::at(nobody);
    place.configure(&policy("weekly", "prd", WEEKLY));
    let mut daemon = place.daemon();
    let address = daemon.address;
    let readyz = daemon.process.until(60, "the reason is known", |_| {
        let answer = crate::harness::http::get(address, "/readyz").ok()?;
        answer.body.contains("DescribeClusters").then_some(answer)
    });
    assert_eq!(readyz.status, 503, "{readyz:?}");
    daemon.stop().code(0);
}

/// A daemon whose `UpdateService` about `prd/api` has arrived, and is not answered for now.
fn sending(simulated: &Simulated, place: &Place, fault: Fault, grace: &str) -> Daemon {
    simulated.service("prd", "api", 1);
    simulated.aws.inject(FaultRule::new("UpdateService", fault));
    let daemon = format!("shutdown_grace = {grace:?}\n{}", policy("weekly", "prd", WEEKLY));
    place.configure(&daemon);
    let mut daemon = place.daemon();
    daemon.process.until(30, "the refresh is sent", |_| {
        (simulated.aws.count("UpdateService") == 1).then_some(())
    });
    daemon
}

fn stopping(daemon: &mut Process) {
    daemon.signal("TERM");
    daemon.until(10, "it takes the signal", |daemon| {
        daemon.stderr().contains("stopping: ").then_some(())
    });
}

fn a_signal_lets_what_was_sent_be_answered(_: &World) {
    let simulated = Simulated::serve();
    let place = Place::at(simulated.address);
    let late = Fault::Delay(std::time::Duration::from_secs(3));
    let mut daemon = sending(&simulated, &place, late, "20s");
    stopping(&mut daemon.process);
    let ended = daemon.process.wait(15).code(0);
    assert!(!ended.stderr.contains("not answered within"), "{ended}");
    assert!(ended.stderr.contains("stopped; "), "{ended}");
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
}

fn a_second_signal_aborts(_: &World) {
    let simulated = Simulated::serve();
    let place = Place::at(simulated.address);
    let mut daemon = sending(&simulated, &place, Fault::LoseReply, "60s");
    stopping(&mut daemon.process);
    daemon.process.signal("TERM");
    let ended = daemon.process.wait(5).code(2);
    assert!(ended.stderr.contains("a second signal: aborted"), "{ended}");
}

fn a_reply_that_does_not_come_outlasts_no_grace(_: &World) {
    let simulated = Simulated::serve();
    let place = Place::at(simulated.address);
    let mut daemon = sending(&simulated, &place, Fault::LoseReply, "2s");
    stopping(&mut daemon.process);
    let ended = daemon.process.wait(8).code(0);
    assert!(ended.stderr.contains("not answered within the shutdown grace"), "{ended}");
}

fn a_changed_policy_is_taken_up_at_sighup(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    let aged = |age: &str| {
        format!("resync = \"1h\"\n{}", policy("weekly", "prd", &format!("max_task_age = {age}")))
    };
    place.configure(&aged("\"30d\""));
    let mut daemon = place.daemon();
    daemon.ready();
    let age =
        |days: u64| move |seen: &serde_json::Value| seen["age_limit_seconds"] == days * 86_400;
    daemon.service(20, "api", "the first age", age(30));
    place.configure(&aged("\"40d\""));
    daemon.process.signal("HUP");
    daemon.service(20, "api", "the second age", age(40));
    // A bad one leaves the old one in force.
    place.configure(&aged("\"soon\""));
    daemon.process.signal("HUP");
    let address = daemon.address;
    daemon.process.until(20, "the bad file is seen", |_| {
        let metrics = crate::harness::http::get(address, "/metrics").ok()?;
        metrics.body.contains("ecs_refresh_config_valid 0").then_some(())
    });
    assert!(daemon.process.stderr().contains("ecs-refresh.toml:"), "{}", daemon.process);
    daemon.service(5, "api", "the old one is in force", age(40));
    place.configure(&aged("\"50d\""));
    daemon.process.signal("HUP");
    daemon.service(20, "api", "the corrected one", age(50));
    assert_eq!(daemon.metric("ecs_refresh_config_valid"), Some(1.0));
    daemon.stop().code(0);
    assert_eq!(simulated.aws.count("UpdateService"), 0);
}

fn a_changed_file_is_taken_up_by_itself(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    let held = format!(
        "resync = \"1s\"\n{}",
        policy("weekly", "prd", "enabled = false\nmax_task_age = \"7d\"")
    );
    place.configure(&held);
    let mut daemon = place.daemon();
    daemon.service(20, "api", "it is held", |seen| seen["reason"] == "policy_disabled");
    place.configure(&held.replace("enabled = false", "enabled = true"));
    daemon.service(30, "api", "it is refreshed", |seen| seen["reason"] == "our_rollout");
    daemon.stop().code(0);
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
}

fn a_dry_run_calls_nothing_and_stores_nothing(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    let config = place.configure(&format!("resync = \"1s\"\n{}", policy("weekly", "prd", WEEKLY)));
    let mut command = place.command(&run(&config));
    let mut daemon = Daemon::listening(place.spawn(command.arg("--dry-run")));
    let seen = daemon.service(20, "api", "it is due", |seen| seen["cause"] == "age");
    assert!(seen["message"].as_str().is_some_and(|said| said.contains("dry run")), "{seen:#}");
    let looks = simulated.aws.count("DescribeServices");
    daemon.process.until(20, "it looks twice more", |_| {
        (simulated.aws.count("DescribeServices") > looks + 1).then_some(())
    });
    daemon.stop().code(0);
    assert_eq!(simulated.aws.count("UpdateService"), 0);
    assert!(!place.path("ledger.redb").exists(), "a dry run stores nothing");
}

fn a_dry_run_from_the_start_is_ended_by_a_restart_only(_: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    let dry = format!("resync = \"1s\"\ndry_run = true\n{}", policy("weekly", "prd", WEEKLY));
    place.configure(&dry);
    let mut daemon = place.daemon();
    daemon.service(20, "api", "it is due", |seen| seen["cause"] == "age");
    place.configure(&dry.replace("dry_run = true", "dry_run = false"));
    daemon.process.until(20, "it says that it has no ledger", |process| {
        process.stderr().contains("has no ledger open").then_some(())
    });
    let looks = simulated.aws.count("DescribeServices");
    daemon.process.until(20, "it looks twice more", |_| {
        (simulated.aws.count("DescribeServices") > looks + 1).then_some(())
    });
    daemon.stop().code(0);
    assert_eq!(simulated.aws.count("UpdateService"), 0);
    let mut daemon = place.daemon();
    daemon.service(30, "api", "it is refreshed", |seen| seen["reason"] == "our_rollout");
    daemon.stop().code(0);
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
}

fn promtool_finds_nothing_to_say_about_the_metrics(_: &World) {
    let promtool = promtool::path().expect("promtool: let PROMTOOL name it, or put it on PATH");
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let place = Place::at(simulated.address);
    let ignored = policy("watched", "dev", "retirement = { mode = \"ignore\" }");
    simulated.service("dev", "tool", 1);
    let queue = simulated.aws.create_queue("events");
    // SQS is asked where the simulator is, whatever host its queue's address has.
    let path = queue.rsplit('/').take(2).collect::<Vec<_>>();
    let queue = format!("http://{}/{}/{}", simulated.address, path[1], path[0]);
    let sections =
        format!("[events]\nqueue_url = {queue:?}\n[announce]\nevent_bus = \"default\"\n");
    let weekly = policy("weekly", "prd", WEEKLY);
    place.configure(&format!("resync = \"1s\"\n{sections}{weekly}{ignored}"));
    simulated.aws.send("events", "no event");
    let owner = Some(Owner::Standalone { started_by: None, group: None });
    place.remember(&notice(&[
        Entity::Service("dev".into(), "tool".into()),
        Entity::Service("stg".into(), "legacy".into()),
        Entity::Task { cluster: Some("dev".into()), id: TaskId::plain(1), owner },
    ]));
    let mut daemon = place.daemon();
    daemon.ready();
    let done =
        "ecs_refresh_refreshes_total{cause=\"age\",outcome=\"succeeded\",policy=\"weekly\"} 1";
    let address = daemon.address;
    let metrics = daemon.process.until(60, "a refresh is proven", |_| {
        let metrics = crate::harness::http::get(address, "/metrics").ok()?.body;
        metrics.contains(done).then_some(metrics)
    });
    for series in [
        "events_queue_up 1",
        "events_received_total{kind=\"poison\"} 1",
        "announcements_total{result=\"sent\",type=\"started\"} 1",
    ] {
        assert!(metrics.contains(&format!("\necs_refresh_{series}\n")), "{series}: {metrics}");
    }
    for family in [
        "retirement_deadline_timestamp_seconds",
        "retirement_at_risk",
        "unmanaged_retirement_deadline_timestamp_seconds",
        "standalone_retirement_tasks",
    ] {
        assert!(metrics.contains(&format!("\necs_refresh_{family}{{")), "{family}: {metrics}");
    }
    let file = place.write("metrics.txt", &metrics);
    let check = format!("exec \"$0\" check metrics <\"{}\"", file.display());
    let mut command = Command::new("sh");
    command.args(["-c", &check]).arg(promtool);
    let ended = place.spawn(&mut command).wait(30).code(0);
    assert_eq!(ended.text(), "", "{ended}");
    daemon.stop().code(0);
}
