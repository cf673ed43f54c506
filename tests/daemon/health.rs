//! The AWS Health API: the real SDK against the simulated one, with the test in the place of the
//! loop.

use std::time::{Duration, SystemTime};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use ecs_refresh::aws::{AwsMetrics, Health, sdk_config_in_process};
use ecs_refresh::clock::Clock;
use ecs_refresh::metrics::Metrics;
use ecs_refresh::plan::notice::{EventStatus, NoticePage};
use ecs_refresh::reconciler::{Receipt, Trigger};
use ecs_refresh::simulator::{Fault, FaultRule, HealthNotice, Simulator};
use ecs_refresh::triggers::EventMetrics;
use ecs_refresh::triggers::health::HealthPoll;

use crate::harness::{DAY, HOUR, MINUTE, clock, epoch, simulator};

const CODE: &str = "AWS_ECS_TASK_PATCHING_RETIREMENT";

/// Everything around one poll.
struct Desk {
    sim: Simulator,
    triggers: mpsc::Receiver<Trigger>,
    poll: JoinHandle<()>,
}

impl Desk {
    fn open(sim: Simulator, clock: Clock) -> Self {
        let (sender, triggers) = mpsc::channel(8);
        let metrics = Metrics::new();
        let sdk = sdk_config_in_process("eu-central-1", sim.http_client(), &clock);
        let health = Health::new(&sdk, clock.clone(), AwsMetrics::register(&metrics));
        let events = EventMetrics::register(&metrics);
        let (codes, paused) = (vec![CODE.to_owned()], watch::channel(false).1);
        let poll = HealthPoll::new(health, codes, None, clock, sender, paused, events);
        Self { sim, triggers, poll: tokio::spawn(poll.run()) }
    }

    /// The parts of the next notice, if one comes within a while; it is answered so.
    async fn notice(&mut self, within: Duration, receipt: Receipt) -> Option<Vec<NoticePage>> {
        match tokio::time::timeout(within, self.triggers.recv()).await.ok()? {
            Some(Trigger::Notice { pages, answer }) => {
                answer.send(receipt).unwrap();
                Some(pages)
            }
            other => panic!("a notice was expected: {other:?}"),
        }
    }
}

fn start() -> SystemTime {
    SystemTime::from(epoch()) + 7 * DAY
}

fn about(sim: &Simulator, services: usize) -> HealthNotice {
    (0..services)
        .fold(sim.notice(start()), |notice, number| notice.service("prd", &format!("s-{number}")))
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_came_to_no_queue_is_found_whole_at_once_and_told_every_hour() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.publish_to_health(&about(&sim, 1_001));
    let mut desk = Desk::open(sim, clock);
    let first = desk.notice(MINUTE, Receipt::Stored).await.unwrap();
    let sizes: Vec<usize> = first.iter().map(|part| part.entities.len()).collect();
    assert_eq!(sizes, [400, 400, 201]);
    assert_eq!(first[0].status, EventStatus::Upcoming);
    assert_eq!(first[0].deadline, Some(start().into()));
    assert_eq!(&*first[0].key.event.account, "123456789012");
    assert!(first[0].not_understood.is_empty(), "{:?}", first[0].not_understood);
    assert_eq!(desk.notice(HOUR - MINUTE, Receipt::Stored).await, None);
    // The same communication, which the loop knows by its key.
    let second = desk.notice(2 * MINUTE, Receipt::Stored).await.unwrap();
    assert_eq!(second[0].key, first[0].key);
}

#[tokio::test(start_paused = true)]
async fn an_account_without_a_support_plan_is_asked_once() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.unsubscribe_health(true);
    let desk = Desk::open(sim, clock);
    tokio::time::timeout(HOUR, desk.poll).await.expect("it ends").unwrap();
    assert_eq!(desk.sim.count("DescribeEvents"), 1);
}

#[tokio::test(start_paused = true)]
async fn other_problems_are_retried_ever_more_rarely_until_they_are_over() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.publish_to_health(&about(&sim, 1));
    sim.inject(FaultRule::new("DescribeAffectedEntities", Fault::AccessDenied));
    let mut desk = Desk::open(sim, clock);
    assert_eq!(desk.notice(DAY, Receipt::Stored).await, None);
    let asked = desk.sim.count("DescribeAffectedEntities");
    assert!((20..60).contains(&asked), "{asked} in a day");
    desk.sim.heal();
    assert!(desk.notice(2 * HOUR, Receipt::Stored).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_notice_that_was_not_stored_is_told_again_soon() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.publish_to_health(&about(&sim, 1));
    let mut desk = Desk::open(sim, clock);
    let refused = Receipt::NotStored("the disk is full".to_owned());
    assert!(desk.notice(MINUTE, refused).await.is_some());
    assert!(desk.notice(2 * MINUTE, Receipt::Stored).await.is_some());
    assert_eq!(desk.notice(50 * MINUTE, Receipt::Stored).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_poll_ends_with_the_loop() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.publish_to_health(&about(&sim, 1));
    let desk = Desk::open(sim, clock);
    drop(desk.triggers);
    tokio::time::timeout(HOUR, desk.poll).await.expect("it ends").unwrap();
}
