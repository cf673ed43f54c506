//! Retirement notices on their way: from EventBridge by a queue into the daemon, and what is
//! announced of them; with moto as SQS and EventBridge, and the AWS CLI as whoever sends and reads.

use serde_json::{Value, json};

use crate::cases;
use crate::harness::World;
use crate::harness::binary::{Daemon, Place, policy, service};
use crate::harness::cli::Cli;
use crate::harness::http;
use crate::harness::moto::Moto;
use crate::harness::notice::event;
use crate::harness::queue::Queue;
use crate::harness::simulated::Simulated;

cases![Python: [
    a_retired_service_is_refreshed_and_the_notice_satisfied,
    what_is_not_understood_ends_in_the_dead_letter_queue,
    a_notice_is_told_by_the_daemon_and_after_it_has_ended,
    a_rule_brings_a_notice_and_another_one_takes_away_what_is_announced,
    a_queue_that_is_not_there_is_said_and_found_once_it_is,
    a_dry_run_leaves_the_queue_alone,
]];

/// What moto and the simulator both are.
const ACCOUNT: &str = "123456789012";

/// Nothing is due but by a retirement, and moto's tasks have no age.
const YEARLY: &str = "max_task_age = \"365d\"";

/// A place whose daemon reads a queue; `more` are further sections and keys of its policy.
fn place(address: std::net::SocketAddr, cluster: &str, queue: &str, more: &str) -> Place {
    let place = Place::at(address);
    place.configure(&format!(
        "resync = \"1s\"\n[events]\nqueue_url = {queue:?}\n{more}{}",
        policy("yearly", cluster, YEARLY)
    ));
    place
}

/// A cluster of moto with one service and its tasks.
fn fleet(moto: &Moto, cluster: &str) {
    moto.cluster(cluster);
    moto.service(cluster, "api");
    moto.tasks(cluster, "api");
}

/// `cluster/service: state` of every service of every notice.
fn states(status: &Value) -> Vec<String> {
    let notices = status["notices"].as_array().expect("a list").iter();
    let services = notices.flat_map(|notice| notice["services"].as_array().expect("a list"));
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    services
        .map(|one| {
            format!("{}/{}: {}", text(one, "cluster"), text(one, "service"), text(one, "state"))
        })
        .collect()
}

/// Waits until a daemon says so of the services in notices.
#[track_caller]
fn told(daemon: &mut Daemon, wanted: &[&str]) -> Value {
    daemon.told(60, "the notice is taken in", |status| {
        (states(status) == wanted).then(|| status.clone())
    })
}

fn received(daemon: &mut Daemon, kind: &str) -> f64 {
    let series = format!("ecs_refresh_events_received_total{{kind=\"{kind}\"}}");
    daemon.metric(&series).unwrap_or_else(|| panic!("no series {series}"))
}

/// `detail-type: member of the detail` of events, in the order of their text.
fn details(events: &[Value], member: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let line = |event: &Value| {
        format!("{}: {}", text(&event["detail-type"]), text(&event["detail"][member]))
    };
    let mut lines: Vec<_> = events.iter().map(line).collect();
    lines.sort();
    lines
}

fn a_notice_is_told_by_the_daemon_and_after_it_has_ended(world: &World) {
    let moto = world.moto();
    fleet(moto, "noticed");
    let cli = Cli::new(world.python(), moto.address);
    let queue = Queue::create(&cli, "noticed");
    let place = place(moto.address, "noticed", &queue.url, "");
    let mut daemon = place.daemon();
    // Before it has seen any cluster it does not know whose notices are foreign.
    daemon.ready();
    let known = event(1, ACCOUNT, &["noticed|api", "noticed | gone"]).to_string();
    queue.send(&known);
    queue.send(&event(2, "999999999999", &["noticed|api"]).to_string());
    let status = told(&mut daemon, &["noticed/api: waiting", "noticed/gone: gone"]);
    let api = service(&status, "api").expect("it has a verdict");
    assert_eq!(api["retirement"]["deadline"], status["notices"][0]["deadline"], "{api:#}");
    queue.holds((0, 0), "what was stored is deleted");
    // The same one again, and a copy in another spelling from a topic of SNS.
    queue.send(&known);
    queue.send(&json!({ "Type": "Notification", "Message": known }).to_string());
    daemon.process.until(20, "both are received", |_| {
        let metrics = http::get(daemon.address, "/metrics").ok()?.body;
        metrics.contains("events_received_total{kind=\"retirement\"} 3\n").then_some(())
    });
    queue.holds((0, 0), "what was known is deleted");
    assert_eq!(received(&mut daemon, "foreign"), 1.0);
    assert_eq!(states(&daemon.status()).len(), 2, "nothing is told twice");
    assert_eq!(daemon.get("/readyz").body.lines().count(), 3);
    let ended = daemon.stop().code(0);
    assert!(ended.stderr.contains("which is not watched"), "{ended}");
    let arguments = ["retirements", "--config", "ecs-refresh.toml", "--format", "json"];
    let after = place.run(&arguments).code(0).json();
    assert_eq!(states(&after), states(&status), "{after:#}");
    assert_eq!(after["notices"][0]["event_arn"], status["notices"][0]["event_arn"]);
}

fn what_is_not_understood_ends_in_the_dead_letter_queue(world: &World) {
    // Its clock is put ahead.
    let moto = Moto::start(world.python());
    fleet(&moto, "prd");
    let cli = Cli::new(world.python(), moto.address);
    let (queue, dead) = (Queue::create(&cli, "events"), Queue::create(&cli, "dead"));
    queue.redrive(&dead, 2);
    queue.send("no event");
    let place = place(moto.address, "prd", &queue.url, "");
    let mut daemon = place.daemon();
    for receives in [1.0, 2.0] {
        queue.holds((0, 1), "it is received, and stays");
        let address = daemon.address;
        let counted = format!("events_received_total{{kind=\"poison\"}} {receives}\n");
        daemon.process.until(20, "it is counted", |_| {
            http::get(address, "/metrics").ok()?.body.contains(&counted).then_some(())
        });
        assert_eq!(dead.depth(), (0, 0));
        moto.advance();
    }
    dead.holds((1, 0), "it is received once too often");
    assert_eq!(queue.depth(), (0, 0));
    // It has kept nothing else.
    queue.send(&event(1, ACCOUNT, &["prd|api"]).to_string());
    told(&mut daemon, &["prd/api: waiting"]);
    assert_eq!(received(&mut daemon, "poison"), 2.0);
    let ended = daemon.stop().code(0);
    let said = ended.stderr.matches("JSON was expected, found \\\"no event\\\"").count();
    assert_eq!(said, 1, "once is enough: {ended}");
}

fn a_queue_that_is_not_there_is_said_and_found_once_it_is(world: &World) {
    let moto = world.moto();
    fleet(moto, "queueless");
    let cli = Cli::new(world.python(), moto.address);
    let url = format!("http://{}/{ACCOUNT}/later", moto.address);
    let place = place(moto.address, "queueless", &url, "");
    let mut daemon = place.daemon();
    daemon.ready();
    let address = daemon.address;
    let readyz = daemon.process.until(20, "it is said", |_| {
        let answer = http::get(address, "/readyz").ok()?;
        answer.body.contains("events: not received: ReceiveMessage").then_some(answer)
    });
    assert_eq!(readyz.status, 200, "a restart would not help: {readyz:?}");
    let problems = daemon.status()["problems"].to_string();
    assert!(problems.contains("ReceiveMessage"), "{problems}");
    assert_eq!(daemon.metric("ecs_refresh_events_queue_up"), Some(0.0));
    let queue = Queue::create(&cli, "later");
    assert_eq!(queue.url, url);
    queue.send(&event(1, ACCOUNT, &["queueless|api"]).to_string());
    told(&mut daemon, &["queueless/api: waiting"]);
    assert_eq!(daemon.metric("ecs_refresh_events_queue_up"), Some(1.0));
    assert!(!daemon.get("/readyz").body.contains("events"));
    assert_eq!(daemon.status()["problems"], json!([]));
    daemon.stop().code(0);
}

fn a_rule_brings_a_notice_and_another_one_takes_away_what_is_announced(world: &World) {
    let moto = world.moto();
    fleet(moto, "ruled");
    let cli = Cli::new(world.python(), moto.address);
    let (queue, heard) = (Queue::create(&cli, "ruled"), Queue::create(&cli, "heard"));
    // The pattern for AWS's own notices, but for the source: AWS lets nobody put events under its.
    let codes =
        json!({ "service": ["ECS"], "eventTypeCode": ["AWS_ECS_TASK_PATCHING_RETIREMENT"] });
    let pattern = json!({
        "source": ["ops.drill"], "detail-type": ["AWS Health Event"], "detail": codes,
    });
    queue.follow("default", &pattern);
    heard.follow("default", &json!({ "source": ["ecs-refresh"] }));
    let place = place(moto.address, "ruled", &queue.url, "[announce]\nevent_bus = \"default\"\n");
    let mut daemon = place.daemon();
    daemon.ready();
    let detail = event(1, ACCOUNT, &["ruled|api", "elsewhere|tool"])["detail"].clone();
    let mut other = detail.clone();
    other["eventTypeCode"] = "AWS_ECS_OPERATIONAL_ISSUE".into();
    let entry = |detail: &Value| {
        json!({
            "Source": "ops.drill", "DetailType": "AWS Health Event",
            "Detail": detail.to_string(), "Resources": ["ruled|api"],
        })
    };
    let entries = cli.text("entries.json", &json!([entry(&detail), entry(&other)]).to_string());
    let put = cli.run_of("events", &format!("put-events --entries {entries}")).code(0).json();
    assert_eq!(put["FailedEntryCount"], 0, "{put}");
    let status = told(&mut daemon, &["elsewhere/tool: unmanaged", "ruled/api: waiting"]);
    assert_eq!(received(&mut daemon, "ignored"), 0.0, "the rule lets only notices pass");
    let events = heard.take(2, "both services are announced");
    let noticed = "ECS Retirement Noticed";
    let services = [format!("{noticed}: api"), format!("{noticed}: tool")];
    assert_eq!(details(&events, "service"), services, "{events:#?}");
    assert_eq!(
        details(&events, "reason"),
        [format!("{noticed}: -"), format!("{noticed}: unmanaged")]
    );
    let notice = &status["notices"][0];
    for event in &events {
        let detail = &event["detail"];
        assert_eq!(event["source"], "ecs-refresh");
        assert_eq!(event["resources"], json!([detail["service_arn"]]), "{event:#}");
        assert_eq!(detail["schema_version"], 1);
        for member in ["event_arn", "deadline", "cutoff"] {
            assert_eq!(detail[member], notice[member], "{member} of {event:#}");
        }
    }
    let sent = "ecs_refresh_announcements_total{result=\"sent\",type=\"noticed\"}";
    assert_eq!(daemon.metric(sent), Some(2.0));
    daemon.stop().code(0);
}

fn a_retired_service_is_refreshed_and_the_notice_satisfied(world: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    simulated.aws.add_event_bus("ops");
    let cli = Cli::new(world.python(), simulated.address);
    let queue = Queue::create(&cli, "events");
    let bus = "[announce]\nevent_bus = \"ops\"\n";
    let place = place(simulated.address, "prd", &queue.url, bus);
    let mut daemon = place.daemon();
    daemon.service(30, "api", "it is young enough", |seen| seen["verdict"] == "fresh");
    queue.send(&event(1, ACCOUNT, &["prd|api"]).to_string());
    let status = told(&mut daemon, &["prd/api: satisfied_by_refresh"]);
    let api = service(&status, "api").expect("it has a verdict");
    assert_eq!([&api["verdict"], &api["retirement"]], [&"fresh".into(), &Value::Null], "{api:#}");
    let done =
        "ecs_refresh_refreshes_total{cause=\"retirement\",outcome=\"succeeded\",policy=\"yearly\"}";
    assert_eq!(daemon.metric(done), Some(1.0));
    daemon.stop().code(0);
    assert_eq!(simulated.aws.started_deployments("prd", "api"), 1);
    assert_eq!(queue.depth(), (0, 0));
    // What waits to be announced is sent before the end.
    let events = simulated.aws.put_events();
    let kinds: Vec<_> = events.iter().map(|event| event.detail_type.as_str()).collect();
    assert_eq!(kinds, ["ECS Retirement Noticed", "ECS Refresh Started", "ECS Refresh Finished"]);
    assert!(events.iter().all(|event| event.bus == "ops"), "{events:#?}");
    let causes: Vec<_> = events.iter().map(|event| &event.detail["cause"]).collect();
    assert_eq!(causes, [&Value::Null, &"retirement".into(), &"retirement".into()]);
}

fn a_dry_run_leaves_the_queue_alone(world: &World) {
    let simulated = Simulated::serve();
    simulated.service("prd", "api", 1);
    let cli = Cli::new(world.python(), simulated.address);
    let queue = Queue::create(&cli, "events");
    queue.send(&event(1, ACCOUNT, &["prd|api"]).to_string());
    let place = place(simulated.address, "prd", &queue.url, "");
    let mut command = place.command(&["run", "--config", "ecs-refresh.toml", "--dry-run"]);
    let mut daemon = Daemon::listening(place.spawn(&mut command));
    daemon.service(30, "api", "it has looked", |seen| seen["verdict"] == "fresh");
    assert_eq!((queue.depth(), simulated.aws.count("ReceiveMessage")), ((1, 0), 0));
    let ended = daemon.stop().code(0);
    assert!(ended.stderr.contains("the queue is not read"), "{ended}");
}
