//! What is announced of a daemon's work.

use ecs_refresh::announce::{AnnounceMetrics, Announcer};
use ecs_refresh::aws::{AwsMetrics, EventBus, sdk_config_in_process};
use ecs_refresh::clock::{Clock, Time};
use ecs_refresh::metrics::Metrics;
use ecs_refresh::plan::notice::{Affected, Entity, EventKey, EventStatus, NoticePage, PageKey};
use ecs_refresh::plan::policy::{Policies, Policy, RetirementMode, RetirementRule};
use ecs_refresh::reconciler::Trigger;
use ecs_refresh::simulator::{Behaviour, Fault, FaultRule, PutEvent, ServiceSpec, Simulator};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, selector, simulator, weekly,
};

/// A daemon that announces to the bus `ops`.
struct Announced {
    sim: Simulator,
    daemon: Daemon,
    metrics: Metrics,
}

async fn announced(
    services: impl IntoIterator<Item = ServiceSpec>,
    policies: Policies,
) -> Announced {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_event_bus("ops");
    services.into_iter().for_each(|service| drop(sim.add_service(service)));
    let metrics = Metrics::new();
    let setup = Setup { announcer: announcer(&sim, &clock, &metrics), ..Setup::new(policies) };
    let daemon = setup.start(&sim, &clock).await;
    Announced { sim, daemon, metrics }
}

fn announcer(sim: &Simulator, clock: &Clock, metrics: &Metrics) -> Announcer {
    let sdk = sdk_config_in_process("eu-central-1", sim.http_client(), clock);
    let bus = EventBus::new(&sdk, "ops", clock.clone(), AwsMetrics::register(metrics));
    let (announcer, outbox) = Announcer::new(AnnounceMetrics::register(metrics));
    tokio::spawn(outbox.run(bus));
    announcer
}

impl Announced {
    /// Everything that was announced: detail-type, service, and the member `name`.
    fn all(&self, name: &str) -> Vec<(String, String, Value)> {
        let events = self.sim.put_events().into_iter();
        events
            .map(|event| {
                (event.detail_type, text(&event.detail["service"]), event.detail[name].clone())
            })
            .collect()
    }

    fn events(&self, detail_type: &str) -> Vec<PutEvent> {
        let mut events = self.sim.put_events();
        events.retain(|event| event.detail_type == detail_type);
        events
    }

    fn count(&self, kind: &str, result: &str) -> u32 {
        let series =
            format!(r#"ecs_refresh_announcements_total{{result="{result}",type="{kind}"}} "#);
        let text = self.metrics.render();
        text.lines().find_map(|line| line.strip_prefix(&series)).unwrap().parse().unwrap()
    }

    /// Tells of a retirement, page by page.
    async fn notice(&mut self, communication: &str, entities: Vec<Affected>) {
        let (answer, _answered) = oneshot::channel();
        let pages = vec![page(communication, entities, self.daemon.clock.now())];
        self.daemon.tell(Trigger::Notice { pages, answer }).await;
        self.daemon.run_for(MINUTE).await;
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A policy that shows notices and leaves what they announce to AWS.
fn ignoring() -> Policy {
    let retirement = RetirementRule { mode: RetirementMode::Ignore, ..RetirementRule::default() };
    Policy { retirement, ..weekly() }
}

/// `prd/api`, three tasks that are too old.
fn old() -> ServiceSpec {
    ServiceSpec::new("prd", "api").desired(3).task_age(8 * DAY)
}

fn page(communication: &str, entities: Vec<Affected>, now: Time) -> NoticePage {
    let event = EventKey { account: "123456789012".into(), arn: "arn:aws:health:1".into() };
    NoticePage {
        key: PageKey { event, communication: communication.into(), part: 0 },
        region: "eu-central-1".into(),
        code: "AWS_ECS_TASK_PATCHING_RETIREMENT".into(),
        status: EventStatus::Upcoming,
        deadline: Some(now + 7 * DAY),
        published_at: now,
        updated_at: now,
        received_at: now,
        entities,
        not_understood: Vec::new(),
    }
}

fn affected(cluster: &str, name: &str) -> Affected {
    Affected { entity: Entity::Service(cluster.into(), name.into()), resolved: false }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_is_announced_when_it_starts_and_when_it_has_ended() {
    let mut run = announced([old()], policies([weekly()])).await;
    let before = run.sim.service("prd", "api").deployments[0].id.clone();
    run.daemon.run_for(HOUR).await;
    let ended = run.daemon.ended("api").clone();
    let after = ended.primary.as_ref().unwrap().to_string();
    assert_ne!(before, after);
    let kinds: Vec<String> = run.all("service").into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["ECS Refresh Started", "ECS Refresh Finished"]);
    for event in run.sim.put_events() {
        let detail = &event.detail;
        assert_eq!((event.bus.as_str(), event.source.as_str()), ("ops", "ecs-refresh"));
        assert_eq!(event.resources, [run.sim.service("prd", "api").arn]);
        assert_eq!(detail["attempt_id"], json!(ended.attempt.id.to_string()));
        assert_eq!(detail["deployment_id_before"], json!(before));
        assert_eq!(detail["deployment_id_after"], json!(after));
        assert_eq!(detail["policy"], "weekly");
        assert_eq!(detail["cause"], "age");
        assert_eq!(detail["old_task_count"], 3);
    }
    let finished = &run.events("ECS Refresh Finished")[0].detail;
    assert_eq!(
        (&finished["outcome"], &finished["new_task_count"]),
        (&json!("succeeded"), &json!(3))
    );
    assert_eq!((run.count("started", "sent"), run.count("finished", "sent")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_eventbridge_that_fails_delays_no_refresh() {
    let mut ends = Vec::new();
    for fault in [None, Some(Fault::Throttle), Some(Fault::DropRequest), Some(Fault::AccessDenied)]
    {
        let mut run = announced([old()], policies([weekly()])).await;
        if let Some(fault) = &fault {
            run.sim.inject(FaultRule::new("PutEvents", fault.clone()));
        }
        run.daemon.run_for(HOUR).await;
        let ended = run.daemon.ended("api");
        ends.push((ended.attempt.intent_at, ended.finished_at, ended.outcome));
        let lost = u32::from(fault.is_some());
        for kind in ["started", "finished"] {
            let counts = (run.count(kind, "sent"), run.count(kind, "failed"));
            assert_eq!(counts, (1 - lost, lost), "{fault:?}");
        }
    }
    assert!(ends.iter().all(|end| *end == ends[0]), "{ends:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refresh_whose_reply_was_lost_is_announced_once_it_is_known_to_have_started() {
    let mut run = announced([old()], policies([weekly()])).await;
    run.sim.inject(FaultRule::new("UpdateService", Fault::LoseReply).times(1));
    run.daemon.run_for(HOUR).await;
    let after = run.daemon.ended("api").primary.as_ref().unwrap().to_string();
    let told = run.all("deployment_id_after");
    let expected = ["ECS Refresh Started", "ECS Refresh Finished"];
    assert_eq!(told, expected.map(|kind| (kind.to_owned(), "api".to_owned(), json!(after))));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_a_restart_interrupts_is_announced_by_both_daemons_together() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_event_bus("ops");
    sim.add_service(old());
    let setup = Setup::new(policies([weekly()]));
    let mut announced = Vec::new();
    for time in [MINUTE / 2, HOUR] {
        let announcer = announcer(&sim, &clock, &Metrics::new());
        let mut daemon = Setup { announcer, ..setup.clone() }.start(&sim, &clock).await;
        daemon.run_for(time).await;
        drop(daemon);
        tokio::time::sleep(MINUTE).await;
        announced.push(sim.put_events().len());
    }
    let kinds: Vec<String> = sim.put_events().into_iter().map(|event| event.detail_type).collect();
    assert_eq!(announced, [1, 2]);
    assert_eq!(kinds, ["ECS Refresh Started", "ECS Refresh Finished"]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_announced_with_its_diagnosis_and_so_is_the_policy_that_it_stops() {
    let reason = "CannotPullContainerError: manifest for web:latest not found";
    let failing = old()
        .circuit_breaker(true, true)
        .next_revision(Behaviour::CannotStart { reason: reason.to_owned() });
    let others = ["web-1", "web-2"].map(|name| ServiceSpec::new("prd", name).task_age(8 * DAY));
    let mut run = announced([failing].into_iter().chain(others), policies([weekly()])).await;
    run.daemon.run_for(2 * HOUR).await;
    let finished = &run.events("ECS Refresh Finished")[0].detail;
    assert_eq!(finished["outcome"], "rolled_back");
    assert!(text(&finished["diagnosis"]).contains(reason), "{finished:#}");
    assert!(text(&finished["message"]).starts_with("refresh of prd/api rolled_back after"));
    let held: Vec<PutEvent> = run.events("ECS Refresh Held");
    assert_eq!(held.len(), 1, "{held:#?}");
    let detail = &held[0].detail;
    assert_eq!(
        (&detail["service"], &detail["reason"]),
        (&json!("web-1"), &json!("policy_stopped"))
    );
    assert_eq!(detail["held_service_count"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_hold_by_a_tag_is_announced_when_it_is_set_and_not_when_the_daemon_starts() {
    let services = ["api", "web"].map(|name| ServiceSpec::new("prd", name));
    let watched = Policy { enabled: false, selector: selector(&["dev"], &[]), ..weekly() };
    let watched = Policy { name: "watched".into(), ..watched };
    let disabled = ServiceSpec::new("dev", "old").task_age(80 * DAY);
    let services = services.into_iter().chain([disabled]);
    let mut run = announced(services, policies([weekly(), watched])).await;
    run.sim.tag_service("prd", "api", "ecs-refresh:hold", "from the beginning");
    run.daemon.run_for(HOUR).await;
    assert_eq!(run.all("reason"), []);
    run.sim.tag_service("prd", "web", "ecs-refresh:hold", "a migration");
    run.daemon.run_for(2 * HOUR).await;
    assert_eq!(run.all("reason"), [held("web", "hold_tag")]);
    let message = text(&run.sim.put_events()[0].detail["message"]);
    assert!(message.starts_with("prd/web is held: held by its tag ecs-refresh:hold: a migration"));
}

fn held(name: &str, reason: &str) -> (String, String, Value) {
    ("ECS Refresh Held".to_owned(), name.to_owned(), json!(reason))
}

#[tokio::test(start_paused = true)]
async fn each_service_that_a_notice_newly_names_is_announced_once() {
    let services = ["api", "web"].map(|name| ServiceSpec::new("prd", name));
    let elsewhere = ServiceSpec::new("legacy", "cron");
    let mut run = announced(services.into_iter().chain([elsewhere]), policies([ignoring()])).await;
    run.daemon.run_for(MINUTE).await;
    let noticed =
        |name: &str, policy: Value| ("ECS Retirement Noticed".to_owned(), name.to_owned(), policy);
    run.notice("c-1", vec![affected("prd", "api"), affected("legacy", "cron")]).await;
    let first = [noticed("cron", Value::Null), noticed("api", json!("weekly"))];
    assert_eq!(run.all("policy"), first);
    // The same page, an update that repeats it, and one that says that nothing is left to do.
    run.notice("c-1", vec![affected("prd", "api")]).await;
    run.notice("c-2", vec![affected("prd", "api"), affected("prd", "web")]).await;
    let resolved = Affected { resolved: true, ..affected("prd", "other") };
    run.notice("c-3", vec![resolved]).await;
    assert_eq!(run.all("policy")[2..], [noticed("web", json!("weekly"))]);
    let cron = &run.events("ECS Retirement Noticed")[0];
    assert_eq!(cron.detail["reason"], "unmanaged");
    assert_eq!(cron.detail["event_arn"], "arn:aws:health:1");
    assert_eq!(cron.resources, ["arn:aws:ecs:eu-central-1:123456789012:service/legacy/cron"]);
    assert_eq!(run.count("noticed", "sent"), 3);
}

#[tokio::test(start_paused = true)]
async fn before_the_first_look_nobody_says_that_a_service_is_unmanaged() {
    let mut run = announced([old()], policies([weekly()])).await;
    run.sim.inject(FaultRule::new("ListServices", Fault::Throttle));
    run.notice("c-1", vec![affected("prd", "api")]).await;
    let detail = run.events("ECS Retirement Noticed").remove(0).detail;
    assert_eq!((&detail["policy"], &detail["reason"]), (&Value::Null, &Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_announces_nothing_from_its_start_or_from_a_reload_on() {
    let dry = Policies { dry_run: true, ..policies([weekly()]) };
    let mut run = announced([old()], dry.clone()).await;
    run.daemon.run_for(MINUTE).await;
    run.notice("c-1", vec![affected("prd", "api")]).await;
    assert_eq!(run.sim.count("PutEvents"), 0);
    run.daemon.reload(policies([weekly()])).await;
    run.daemon.run_for(MINUTE).await;
    assert_eq!(run.events("ECS Refresh Started").len(), 1);
    run.daemon.reload(dry).await;
    run.daemon.run_for(HOUR).await;
    assert_eq!(run.sim.put_events().len(), 1);
}
