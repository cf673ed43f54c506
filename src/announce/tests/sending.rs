use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::fixture::{attempt, finished, notice};
use crate::announce::announcer::{NOTICED_MAX, QUEUE_MAX};
use crate::announce::{AnnounceMetrics, Announcement, Announcer, Kind, Noticed, Outbox};
use crate::aws::{AwsMetrics, EventBus, sdk_config_in_process};
use crate::clock::{Clock, Time};
use crate::metrics::{Label, Metrics};
use crate::plan::key::{ClusterKey, ServiceKey};
use crate::plan::ledger::{Attempt, Outcome};
use crate::simulator::{Fault, FaultRule, Options, Simulator};

/// An announcer, and a simulated EventBridge that its outbox can be run against.
struct Desk {
    sim: Simulator,
    metrics: Metrics,
    announcer: Announcer,
    outbox: Option<Outbox>,
    bus: EventBus,
}

impl Desk {
    fn new() -> Self {
        let clock = Clock::tokio_from(now());
        let sim = Simulator::new(clock.time_source(), Options::default());
        let sdk = sdk_config_in_process("eu-central-1", sim.http_client(), &clock);
        let metrics = Metrics::new();
        let bus = EventBus::new(&sdk, "default", clock, AwsMetrics::register(&metrics));
        let (announcer, outbox) = Announcer::new(AnnounceMetrics::register(&metrics));
        Self { sim, metrics, announcer, outbox: Some(outbox), bus }
    }

    /// A desk where PutEvents goes wrong.
    fn with_fault(fault: Fault, times: Option<u32>) -> Self {
        let desk = Self::new();
        let rule = FaultRule::new("PutEvents", fault);
        desk.sim.inject(times.into_iter().fold(rule, FaultRule::times));
        desk
    }

    fn run(&mut self) -> JoinHandle<()> {
        tokio::spawn(self.outbox.take().unwrap().run(self.bus.clone()))
    }

    /// Runs the outbox until everything has been sent or given up.
    async fn finish(mut self) -> Self {
        let sending = self.run();
        self.announcer = Announcer::silent();
        sending.await.unwrap();
        self
    }

    fn announce(&self, count: u32) {
        (0..count).for_each(|number| self.announcer.announce(started(number)));
    }

    /// The entries of each call of PutEvents.
    fn batches(&self) -> Vec<usize> {
        let calls = self.sim.calls().into_iter().filter(|call| call.operation == "PutEvents");
        calls.map(|call| call.request["Entries"].as_array().unwrap().len()).collect()
    }

    /// The attempts that EventBridge was told of.
    fn told(&self) -> Vec<String> {
        let events = self.sim.put_events().into_iter();
        events.map(|event| event.detail["attempt_id"].as_str().unwrap().to_owned()).collect()
    }

    /// How many beginnings were sent, failed and dropped.
    fn counts(&self) -> [u32; 3] {
        self.counts_of("started")
    }

    fn counts_of(&self, kind: &str) -> [u32; 3] {
        let text = self.metrics.render();
        ["sent", "failed", "dropped"].map(|result| {
            let series =
                format!(r#"ecs_refresh_announcements_total{{result="{result}",type="{kind}"}} "#);
            let value = text.lines().find_map(|line| line.strip_prefix(&series));
            value.unwrap().parse().unwrap()
        })
    }
}

fn now() -> Time {
    Time::from_timestamp(1_795_000_000, 0).unwrap()
}

fn id(number: u32) -> String {
    format!("attempt-{number:04}")
}

fn started(number: u32) -> Announcement {
    let attempt = Attempt { id: crate::plan::ledger::AttemptId(id(number).into()), ..attempt() };
    Announcement::started(&attempt, None, now())
}

#[tokio::test(start_paused = true)]
async fn an_announcement_arrives_as_it_was_made_within_a_second() {
    let mut desk = Desk::new();
    let sending = desk.run();
    let begun = Instant::now();
    desk.announcer.announce(Announcement::finished(
        &finished(Outcome::Succeeded, "every task was replaced"),
        None,
        Some(3),
        now(),
    ));
    while desk.sim.put_events().is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(begun.elapsed() <= Duration::from_millis(1_100), "{:?}", begun.elapsed());
    let event = desk.sim.put_events().remove(0);
    assert_eq!(
        (event.bus.as_str(), event.source.as_str(), event.detail_type.as_str()),
        ("default", "ecs-refresh", "ECS Refresh Finished")
    );
    assert_eq!(event.resources, ["arn:aws:ecs:eu-west-1:123456789012:service/prd/api"]);
    assert_eq!(event.time, Some(now().into()));
    assert_eq!(event.detail["outcome"], "succeeded");
    assert!(!sending.is_finished());
}

#[tokio::test(start_paused = true)]
async fn more_than_ten_share_as_few_calls_as_possible() {
    let desk = Desk::new();
    desk.announce(25);
    let desk = desk.finish().await;
    assert_eq!(desk.batches(), [10, 10, 5]);
    assert_eq!(desk.told(), (0..25).map(id).collect::<Vec<_>>());
    assert_eq!(desk.counts(), [25, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_into_a_call_goes_into_the_next() {
    let desk = Desk::new();
    let name = "x".repeat(30_000);
    let service = ServiceKey::new(&ClusterKey::new("eu-west-1", "123456789012", "prd"), &name);
    for _ in 0..5 {
        let attempt = Attempt { service: service.clone(), ..attempt() };
        desk.announcer.announce(Announcement::started(&attempt, None, now()));
    }
    let desk = desk.finish().await;
    assert_eq!(desk.batches(), [2, 2, 1]);
    assert_eq!(desk.counts(), [5, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_is_tried_again() {
    for fault in [Fault::Throttle, Fault::ServerError, Fault::ExpiredToken, Fault::HtmlErrorPage] {
        let desk = Desk::with_fault(fault.clone(), Some(4));
        desk.announce(2);
        let desk = desk.finish().await;
        assert_eq!(desk.batches(), [2; 5], "{fault:?}");
        assert_eq!(desk.told(), [id(0), id(1)], "{fault:?}");
        assert_eq!(desk.counts(), [2, 0, 0], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_fails_for_good_is_given_up_and_counted() {
    for (fault, tries) in [(Fault::Throttle, 5), (Fault::DropRequest, 5), (Fault::AccessDenied, 1)]
    {
        let desk = Desk::with_fault(fault.clone(), None);
        desk.announce(3);
        let desk = desk.finish().await;
        assert_eq!(desk.batches(), vec![3; tries], "{fault:?}");
        assert_eq!(desk.counts(), [0, 3, 0], "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_entries_that_were_not_taken_are_sent_again() {
    let desk = Desk::with_fault(Fault::FailEntries { every: 3 }, Some(1));
    desk.announce(10);
    let desk = desk.finish().await;
    assert_eq!(desk.batches(), [10, 3]);
    let mut told = desk.told();
    told.sort();
    assert_eq!(told, (0..10).map(id).collect::<Vec<_>>());
    assert_eq!(desk.counts(), [10, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_is_dropped_at_once_and_counted() {
    let queue_max = u32::try_from(QUEUE_MAX).unwrap();
    let desk = Desk::new();
    desk.announce(queue_max + 5);
    assert_eq!(desk.counts(), [0, 0, 5]);
    let desk = desk.finish().await;
    assert_eq!(desk.counts(), [queue_max, 0, 5]);
    assert_eq!(desk.batches(), vec![10; QUEUE_MAX / 10]);
}

#[tokio::test(start_paused = true)]
async fn a_notice_for_a_whole_region_drops_nothing_and_holds_up_no_outcome() {
    let mut desk = Desk::new();
    let sending = desk.run();
    let notice = notice(Some("2026-11-25T08:00:00Z"));
    let cluster = ClusterKey::new("eu-west-1", "123456789012", "prd");
    for number in 0..NOTICED_MAX {
        let service = ServiceKey::new(&cluster, &format!("a-service-of-a-long-name-{number}"));
        let noticed =
            Noticed { service: &service, notice: &notice, policy: None, unmanaged: false };
        let announcement = Announcement::noticed(&noticed, None, now());
        assert!(announcement.entry().size() < 1_024, "{}", announcement.entry().size());
        desk.announcer.announce(announcement);
    }
    desk.announce(5);
    desk.announcer = Announcer::silent();
    sending.await.unwrap();
    assert_eq!(desk.counts_of("noticed"), [u32::try_from(NOTICED_MAX).unwrap(), 0, 0]);
    assert_eq!(desk.counts(), [5, 0, 0]);
    let first = &desk.sim.calls()[0].request["Entries"];
    let is_outcome = |number: usize| first[number]["DetailType"] == "ECS Refresh Started";
    assert_eq!((0..10).map(is_outcome).collect::<Vec<_>>(), [[true; 5], [false; 5]].concat());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_while_muted_not_even_what_waits_already() {
    let mut desk = Desk::with_fault(Fault::Throttle, Some(1));
    desk.announce(2);
    let sending = desk.run();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(desk.batches(), [2]);
    desk.announcer.set_muted(true);
    assert!(desk.announcer.is_silent());
    desk.announce(3);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((desk.batches(), desk.counts()), (vec![2], [0, 0, 2]));
    desk.announcer.set_muted(false);
    desk.announce(1);
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!((desk.batches(), desk.counts()), (vec![2, 1], [1, 0, 2]));
    assert!(!sending.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_silent_announcer_has_nobody_to_tell() {
    let announcer = Announcer::silent();
    announcer.set_muted(false);
    assert!(announcer.is_silent());
    announcer.announce(started(0));
}

#[test]
fn every_series_exists_before_the_first_announcement() {
    let metrics = Metrics::new();
    AnnounceMetrics::register(&metrics);
    let text = metrics.render();
    for kind in Kind::ALL {
        for result in ["sent", "failed", "dropped"] {
            let kind = kind.label();
            let series =
                format!(r#"ecs_refresh_announcements_total{{result="{result}",type="{kind}"}} 0"#);
            assert!(text.contains(&series), "{series}\n{text}");
        }
    }
}
