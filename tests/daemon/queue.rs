//! The queue of events: the real SDK against the simulated Amazon SQS, with the test in the place
//! of the loop, or with the loop.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use ecs_refresh::aws::AwsMetrics;
use ecs_refresh::clock::Clock;
use ecs_refresh::metrics::Metrics;
use ecs_refresh::plan::fleet::ProblemClass;
use ecs_refresh::plan::key::ServiceKey;
use ecs_refresh::plan::notice::NoticePage;
use ecs_refresh::reconciler::{Receipt, Trigger};
use ecs_refresh::simulator::{Fault, FaultRule, Simulator};
use ecs_refresh::store::{MemoryStore, Store};
use ecs_refresh::triggers::EventMetrics;
use ecs_refresh::triggers::queue::QueueWatch;

use crate::harness::{
    CODE, HOUR, MINUTE, QUEUE, Setup, clock, policies, queue_watch, service, simulator, weekly,
};

/// Everything around one reader of the queue.
struct Desk {
    sim: Simulator,
    clock: Clock,
    metrics: Metrics,
    triggers: mpsc::Receiver<Trigger>,
    paused: watch::Sender<bool>,
    reader: JoinHandle<()>,
}

impl Desk {
    /// A reader of a queue that is there and empty.
    fn open() -> Self {
        let clock = clock();
        let sim = simulator(&clock);
        sim.create_queue(QUEUE);
        Self::reading(sim, clock, false)
    }

    fn reading(sim: Simulator, clock: Clock, paused: bool) -> Self {
        let (sender, triggers) = mpsc::channel(64);
        let (paused, watched) = watch::channel(paused);
        let metrics = Metrics::new();
        let reader = tokio::spawn(reader(&sim, &clock, &metrics, sender, watched).run());
        Self { sim, clock, metrics, triggers, paused, reader }
    }

    /// What the loop is told next, if anything is within a while.
    async fn told(&mut self, within: Duration) -> Option<Trigger> {
        let told = tokio::time::timeout(within, self.triggers.recv()).await.ok()?;
        Some(told.expect("the reader goes on"))
    }

    /// The next notice, which must come before anything else.
    async fn notice(&mut self) -> (Vec<NoticePage>, oneshot::Sender<Receipt>) {
        match self.told(HOUR).await {
            Some(Trigger::Notice { pages, answer }) => (pages, answer),
            other => panic!("a notice was expected: {other:?}"),
        }
    }

    async fn woken(&mut self) -> Vec<ServiceKey> {
        match self.told(HOUR).await {
            Some(Trigger::Woken { services }) => services,
            other => panic!("a wake-up was expected: {other:?}"),
        }
    }

    /// The class of the problem that is told next, or that it is over.
    async fn problem(&mut self) -> Option<ProblemClass> {
        match self.told(HOUR).await {
            Some(Trigger::Queue(problem)) => problem.map(|problem| problem.class),
            other => panic!("news of the queue were expected: {other:?}"),
        }
    }

    /// Nothing is told for this long.
    async fn silence(&mut self, long: Duration) {
        let told = self.told(long).await;
        assert!(told.is_none(), "{told:?}");
    }

    fn counted(&self, series: &str) -> u64 {
        let text = self.metrics.render();
        let line =
            text.lines().find_map(|line| line.strip_prefix(&format!("ecs_refresh_{series} ")));
        line.unwrap_or_else(|| panic!("no {series} in {text}")).parse().unwrap()
    }

    fn received(&self, kind: &str) -> u64 {
        self.counted(&format!("events_received_total{{kind=\"{kind}\"}}"))
    }
}

fn reader(
    sim: &Simulator,
    clock: &Clock,
    metrics: &Metrics,
    sender: mpsc::Sender<Trigger>,
    paused: watch::Receiver<bool>,
) -> QueueWatch {
    let events = (EventMetrics::register(metrics), metrics);
    queue_watch(sim, clock, AwsMetrics::register(metrics), sender, paused, events)
}

/// A notice as EventBridge delivers it.
fn notice(communication: &str, services: &[String]) -> String {
    json!({
        "version": "0", "id": "3c268027-f43c-0171-7425-1d799EXAMPLE",
        "detail-type": "AWS Health Event", "source": "aws.health", "account": "123456789012",
        "time": "2026-11-22T23:00:00Z", "region": "eu-central-1", "resources": services,
        "detail": {
            "eventArn": format!("arn:aws:health:eu-central-1::event/ECS/{CODE}/{CODE}_1"),
            "service": "ECS", "eventTypeCode": CODE, "eventTypeCategory": "scheduledChange",
            "communicationId": communication, "startTime": "Mon, 30 Nov 2026 23:00:00 GMT",
            "lastUpdatedTime": "Sun, 22 Nov 2026 23:00:00 GMT", "statusCode": "upcoming",
            "eventRegion": "eu-central-1", "affectedAccount": "123456789012",
            "affectedEntities": [],
        },
    })
    .to_string()
}

fn short_notice(communication: &str) -> String {
    notice(communication, &["prd|api".to_owned()])
}

/// A change of a task of a service, as EventBridge delivers it.
pub fn task_event(name: &str, task: u128, version: u64) -> String {
    let arn = "arn:aws:ecs:eu-central-1:123456789012";
    json!({
        "version": "0", "id": "e", "detail-type": "ECS Task State Change", "source": "aws.ecs",
        "account": "123456789012", "time": "2026-11-23T00:00:00Z", "region": "eu-central-1",
        "resources": [format!("{arn}:task/prd/{task:032x}")],
        "detail": {
            "clusterArn": format!("{arn}:cluster/prd"),
            "taskArn": format!("{arn}:task/prd/{task:032x}"),
            "group": format!("service:{name}"), "lastStatus": "RUNNING",
            "desiredStatus": "RUNNING", "version": version, "updatedAt": "2026-11-23T00:00:00Z",
        },
    })
    .to_string()
}

fn wrapped_by_sns(body: &str) -> String {
    json!({ "Type": "Notification", "MessageId": "m", "TopicArn": "arn:aws:sns:eu-central-1:1:t",
        "Message": body })
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn a_notice_is_deleted_only_when_it_is_durable_however_late_that_is() {
    for wait in [Duration::ZERO, 10 * MINUTE] {
        let mut desk = Desk::open();
        desk.sim.send(QUEUE, &short_notice("c-1"));
        let (pages, answer) = desk.notice().await;
        assert_eq!(&*pages[0].key.communication, "c-1");
        assert_eq!(pages[0].received_at, desk.clock.now());
        desk.silence(wait).await;
        assert_eq!(desk.sim.queue_depth(QUEUE), 1);
        assert_eq!(desk.sim.count("DeleteMessageBatch"), 0);
        answer.send(Receipt::Stored).unwrap();
        desk.silence(MINUTE).await;
        assert_eq!(desk.sim.queue_depth(QUEUE), 0);
        assert_eq!(desk.received("retirement"), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_was_not_stored_comes_again() {
    let mut desk = Desk::open();
    desk.sim.send(QUEUE, &short_notice("c-1"));
    for _ in 0..3 {
        let (_, answer) = desk.notice().await;
        assert_eq!(desk.sim.queue_depth(QUEUE), 1);
        answer.send(Receipt::NotStored("the disk is full".to_owned())).unwrap();
        desk.silence(MINUTE).await;
    }
    let (_, answer) = desk.notice().await;
    answer.send(Receipt::Stored).unwrap();
    desk.silence(HOUR).await;
    assert_eq!(desk.sim.queue_depth(QUEUE), 0);
    assert_eq!((desk.received("not_stored"), desk.received("retirement")), (3, 1));
}

#[tokio::test(start_paused = true)]
async fn a_notice_of_somebody_elses_is_deleted_and_counted() {
    let mut desk = Desk::open();
    desk.sim.send(QUEUE, &short_notice("c-1"));
    let (_, answer) = desk.notice().await;
    answer.send(Receipt::Foreign("it concerns account 1".to_owned())).unwrap();
    desk.silence(MINUTE).await;
    assert_eq!(desk.sim.queue_depth(QUEUE), 0);
    assert_eq!((desk.received("foreign"), desk.received("retirement")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn all_notices_of_a_receive_are_told_before_any_is_waited_for_and_each_is_judged_alone() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.create_queue(QUEUE);
    for communication in ["c-1", "c-2", "c-3"] {
        sim.send(QUEUE, &short_notice(communication));
    }
    sim.send(QUEUE, &task_event("api", 1, 1));
    sim.send(QUEUE, "{}");
    let mut desk = Desk::reading(sim, clock, false);
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(desk.notice().await);
    }
    assert_eq!(desk.woken().await, [service("api")]);
    desk.silence(MINUTE).await;
    // The event of ECS has served; the notices wait for their answers.
    assert_eq!(desk.sim.queue_depth(QUEUE), 4);
    for (pages, answer) in answers {
        let second = &*pages[0].key.communication == "c-2";
        let receipt = if second { Receipt::NotStored("no".to_owned()) } else { Receipt::Stored };
        answer.send(receipt).unwrap();
    }
    desk.silence(MINUTE / 2).await;
    let left = desk.sim.messages(QUEUE);
    assert_eq!(left, [short_notice("c-2"), "{}".to_owned()]);
}

#[tokio::test(start_paused = true)]
async fn poison_is_left_to_the_redrive_policy_and_does_not_make_the_reader_spin() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.create_queue(QUEUE);
    sim.set_dead_letters(QUEUE, "dead", 3);
    let mut poison = ["no JSON", "{}", r#"{"source":"aws.health","detail":7}"#, "[[["];
    for body in poison {
        sim.send(QUEUE, body);
    }
    let mut desk = Desk::reading(sim, clock, false);
    desk.silence(HOUR).await;
    let mut dead = desk.sim.dead_letters(QUEUE);
    dead.sort();
    poison.sort_unstable();
    assert_eq!(dead, poison);
    assert_eq!(desk.received("poison"), 3 * poison.len() as u64);
    assert_eq!(desk.sim.count("DeleteMessageBatch"), 0);
    let receives = desk.sim.count("ReceiveMessage");
    assert!(receives < 200, "{receives} in an hour");
}

#[tokio::test(start_paused = true)]
async fn what_sns_wraps_is_read_all_the_same() {
    let mut desk = Desk::open();
    desk.sim.send(QUEUE, &wrapped_by_sns(&short_notice("c-1")));
    let (pages, answer) = desk.notice().await;
    assert_eq!(&*pages[0].key.communication, "c-1");
    answer.send(Receipt::Stored).unwrap();
    desk.sim.send(QUEUE, &wrapped_by_sns(&task_event("api", 1, 1)));
    assert_eq!(desk.woken().await, [service("api")]);
    desk.silence(MINUTE).await;
    assert_eq!(desk.sim.queue_depth(QUEUE), 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_missing_denied_or_failing_is_retried_for_ever_and_told_of_once() {
    let faults = [
        (Fault::AccessDenied, ProblemClass::Denied),
        (Fault::Throttle, ProblemClass::Throttled),
        (Fault::ServerError, ProblemClass::Server),
        (Fault::HtmlErrorPage, ProblemClass::Server),
        (Fault::ExpiredToken, ProblemClass::Credentials),
        (Fault::DropRequest, ProblemClass::Timeout),
    ];
    for (fault, class) in faults {
        let clock = clock();
        let sim = simulator(&clock);
        let mut desk = Desk::reading(sim, clock, false);
        assert_eq!(desk.problem().await, Some(ProblemClass::NotFound), "{fault:?}");
        assert_eq!(desk.counted("events_queue_up"), 0);
        desk.silence(10 * MINUTE).await;
        desk.sim.inject(FaultRule::new("ReceiveMessage", fault.clone()));
        desk.sim.create_queue(QUEUE);
        assert_eq!(desk.problem().await, Some(class), "{fault:?}");
        desk.silence(10 * MINUTE).await;
        let receives = desk.sim.count("ReceiveMessage");
        assert!(receives < 40, "{receives} for {fault:?}");
        desk.sim.send(QUEUE, &task_event("api", 1, 1));
        desk.sim.heal();
        assert_eq!(desk.problem().await, None, "{fault:?}");
        assert_eq!(desk.counted("events_queue_up"), 1);
        assert_eq!(desk.woken().await, [service("api")]);
    }
}

#[tokio::test(start_paused = true)]
async fn messages_that_must_not_be_deleted_are_a_problem_until_one_can_be() {
    let mut desk = Desk::open();
    desk.sim.inject(FaultRule::new("DeleteMessageBatch", Fault::AccessDenied));
    desk.sim.send(QUEUE, &task_event("api", 1, 1));
    assert_eq!(desk.woken().await, [service("api")]);
    assert_eq!(desk.problem().await, Some(ProblemClass::Denied));
    // Received again and again, and known every time.
    desk.silence(30 * MINUTE).await;
    assert!(desk.received("duplicate") > 5);
    assert_eq!(desk.counted("events_queue_up"), 0);
    let receives = desk.sim.count("ReceiveMessage");
    assert!(receives < 120, "{receives}");
    desk.sim.heal();
    assert_eq!(desk.problem().await, None);
    assert_eq!(desk.sim.queue_depth(QUEUE), 0);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_alone_could_not_be_deleted_is_known_when_it_comes_again() {
    let mut desk = Desk::open();
    desk.sim.inject(FaultRule::new("DeleteMessageBatch", Fault::FailEntries { every: 1 }).times(1));
    desk.sim.send(QUEUE, &task_event("api", 1, 1));
    assert_eq!(desk.woken().await, [service("api")]);
    desk.silence(HOUR).await;
    assert_eq!(desk.sim.queue_depth(QUEUE), 0);
    assert_eq!((desk.received("ecs"), desk.received("duplicate")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn only_newer_versions_of_a_task_wake_its_service() {
    let mut desk = Desk::open();
    for (version, wakes) in [(3, true), (2, false), (3, false), (4, true)] {
        desk.sim.send(QUEUE, &task_event("api", 1, version));
        match wakes {
            true => assert_eq!(desk.woken().await, [service("api")]),
            false => desk.silence(MINUTE).await,
        }
    }
    desk.sim.send(QUEUE, &task_event("web", 2, 1));
    assert_eq!(desk.woken().await, [service("web")]);
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_events_is_coalesced_and_leaves_nothing_behind() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.create_queue(QUEUE);
    let mut desk = Desk::reading(sim, clock, false);
    let (mut woken, mut wakes) = (BTreeSet::new(), 0);
    let (flood, wave) = (10_000_u64, 2_500);
    for number in 0..flood {
        // Steps that lead through all of them, so that older versions come after newer ones.
        let step = number * 7 % flood;
        let task = u128::from(step % 500);
        desk.sim.send(QUEUE, &task_event(&format!("s-{}", task % 50), task, step / 500));
        if (number + 1) % wave > 0 {
            continue;
        }
        while let Some(trigger) = desk.told(MINUTE).await {
            let Trigger::Woken { services } = trigger else { panic!("{trigger:?}") };
            assert!(services.len() <= 10);
            woken.extend(services);
            wakes += 1;
        }
    }
    assert_eq!(woken.len(), 50);
    assert!(wakes <= 1_000, "{wakes}");
    assert_eq!(desk.sim.queue_depth(QUEUE), 0);
    assert_eq!(desk.received("ecs") + desk.received("duplicate"), flood);
    assert!(desk.received("duplicate") > 0);
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_neither_receives_nor_deletes() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.create_queue(QUEUE);
    sim.send(QUEUE, &task_event("api", 1, 1));
    let mut desk = Desk::reading(sim, clock, true);
    desk.silence(HOUR).await;
    assert_eq!(desk.sim.count("ReceiveMessage"), 0);
    desk.paused.send_replace(false);
    assert_eq!(desk.woken().await, [service("api")]);
    // What arrives for a poll that began before the pause is left, and comes after it.
    desk.silence(MINUTE).await;
    desk.paused.send_replace(true);
    desk.sim.send(QUEUE, &task_event("web", 2, 1));
    desk.silence(HOUR).await;
    assert_eq!(desk.sim.queue_depth(QUEUE), 1);
    desk.paused.send_replace(false);
    assert_eq!(desk.woken().await, [service("web")]);
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_is_answered_during_a_dry_run_is_not_deleted_before_its_end() {
    let mut desk = Desk::open();
    desk.sim.send(QUEUE, &short_notice("c-1"));
    let (_, answer) = desk.notice().await;
    desk.paused.send_replace(true);
    answer.send(Receipt::Stored).unwrap();
    desk.silence(HOUR).await;
    assert_eq!(desk.sim.queue_depth(QUEUE), 1);
    desk.paused.send_replace(false);
    let (_, answer) = desk.notice().await;
    answer.send(Receipt::Stored).unwrap();
    desk.silence(MINUTE).await;
    assert_eq!(desk.sim.queue_depth(QUEUE), 0);
}

#[tokio::test(start_paused = true)]
async fn the_reader_ends_with_the_loop() {
    for paused in [false, true] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.create_queue(QUEUE);
        let desk = Desk::reading(sim, clock, paused);
        tokio::time::sleep(MINUTE).await;
        desk.sim.send(QUEUE, &task_event("api", 1, 1));
        drop(desk.triggers);
        tokio::time::timeout(HOUR, desk.reader).await.expect("it ends").unwrap();
        assert_eq!(desk.sim.queue_depth(QUEUE), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_ten_thousand_services_is_stored_whole_by_the_loop_and_only_once() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_cluster("prd");
    sim.create_queue(QUEUE);
    sim.redeliver_deleted(true);
    let services: Vec<String> = (0..10_000).map(|number| format!("prd|s-{number}")).collect();
    sim.send(QUEUE, &notice("c-1", &services));
    let store = Arc::new(MemoryStore::default());
    let setup = Setup::new(policies([weekly()])).store(store.clone()).listening();
    let mut daemon = setup.start(&sim, &clock).await;
    daemon.run_for(HOUR).await;
    assert_eq!(sim.queue_depth(QUEUE), 0);
    let stored = store.load().await.unwrap();
    let entities: usize = stored.notices.pages().map(|page| page.entities.len()).sum();
    assert_eq!(entities, 10_000);
    assert_eq!(stored.notices.iter().next().unwrap().services.len(), 10_000);
    assert_eq!(daemon.received("retirement"), 2);
}

#[tokio::test(start_paused = true)]
async fn parts_that_are_not_understood_are_counted_once_and_the_rest_is_taken_in() {
    let mut desk = Desk::open();
    let mut event: Value = serde_json::from_str(&short_notice("c-1")).unwrap();
    event["resources"] = json!(["prd|api", "what|is|this"]);
    for _ in 0..2 {
        desk.sim.send(QUEUE, &event.to_string());
        let (pages, answer) = desk.notice().await;
        assert_eq!(pages[0].entities.len(), 1);
        assert!(pages[0].not_understood[0].contains("what|is|this"), "{pages:?}");
        answer.send(Receipt::Stored).unwrap();
    }
    desk.silence(MINUTE).await;
    assert_eq!(desk.counted("events_not_understood_total"), 1);
}
