//! What it costs to follow a hundred rollouts at once, and how soon their ends are seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime};

use ecs_refresh::clock::Time;
use ecs_refresh::plan::ledger::Outcome as Proven;
use ecs_refresh::plan::policy::{Limits, Policies, Policy, RolloutTimeout};
use ecs_refresh::simulator::{Behaviour, Call, Options, ServiceSpec, Simulator};

use crate::harness::{DAY, Daemon, HOUR, MINUTE, Setup, clock, policies, unchecked, weekly};

const SECOND: Duration = Duration::from_secs(1);
const SERVICES: usize = 100;
const PER_DESCRIBE: usize = 10;
const PER_DEPLOYMENTS: usize = 20;

/// An end is seen so soon after it.
const LATE_MAX: f64 = 15.0;

fn name(number: usize) -> String {
    format!("s{number:02}")
}

fn rolling(spec: ServiceSpec) -> ServiceSpec {
    spec.next_revision(Behaviour::Slow(8 * MINUTE))
}

fn blue_green(spec: ServiceSpec) -> ServiceSpec {
    spec.strategy("BLUE_GREEN").bake_minutes(8)
}

fn linear(spec: ServiceSpec) -> ServiceSpec {
    spec.linear(25.0, 3).bake_minutes(2)
}

fn canary(spec: ServiceSpec) -> ServiceSpec {
    spec.canary(10.0, 5).bake_minutes(3)
}

/// Answers take their time, AWS's limits apply, and what the daemon looks at beside is an hour away.
struct Fleet {
    sim: Simulator,
    daemon: Daemon,
    /// When ECS was seen to be done with each.
    done_at: BTreeMap<usize, Time>,
}

impl Fleet {
    /// A hundred services of these kinds by turns, of which two become due each second.
    async fn begin(kinds: &[fn(ServiceSpec) -> ServiceSpec], timeout: Duration) -> Self {
        let clock = clock();
        let latency = Duration::from_millis(50);
        let options = Options { latency, throttling: true, ..Options::default() };
        let sim = Simulator::new(clock.time_source(), options);
        for number in 0..SERVICES {
            let due_in = SECOND * u32::try_from(number).unwrap() / 2;
            let spec = ServiceSpec::new("prd", &name(number)).task_age(7 * DAY - due_in);
            sim.add_service(kinds[number % kinds.len()](spec));
        }
        let rollout_timeout = RolloutTimeout::Fixed(timeout);
        let all = u32::try_from(SERVICES).unwrap();
        let policies = Policies {
            limits: Limits { max_in_flight: all, max_tasks_in_flight: 500 },
            ..policies([Policy { concurrency: all, rollout_timeout, ..unchecked(weekly()) }])
        };
        let daemon = Setup::new(policies).resync(HOUR).start(&sim, &clock).await;
        Self { sim, daemon, done_at: BTreeMap::new() }
    }

    /// Lets time pass, and notes when rollouts are done.
    async fn run_for(&mut self, time: Duration) {
        for _ in 0..time.as_secs() {
            self.daemon.run_for(SECOND).await;
            for number in 0..SERVICES {
                let seen = self.sim.service("prd", &name(number));
                let ends = ["SUCCESSFUL", "ROLLBACK_SUCCESSFUL"];
                let done = seen.rollout_status.is_some_and(|status| ends.contains(&&*status));
                let started = self.sim.started_deployments("prd", &name(number)) == 1;
                if started && done {
                    let now = self.daemon.clock.now();
                    self.done_at.entry(number).or_insert(now);
                }
            }
        }
    }

    fn in_flight(&self) -> usize {
        let started = |number: &usize| self.sim.started_deployments("prd", &name(*number)) == 1;
        let open = |number: &usize| self.daemon.last(&name(*number)).is_none();
        (0..SERVICES).filter(started).filter(open).count()
    }

    /// How late the latest end was seen, in seconds. All ended so.
    fn latest(&self, outcome: Proven) -> f64 {
        assert_eq!(self.done_at.len(), SERVICES);
        let late = |(number, done_at): (&usize, &Time)| {
            let ended = self.daemon.ended(&name(*number));
            assert_eq!(ended.outcome, outcome, "{}", ended.diagnosis);
            // It is looked whether they are done only every second.
            (ended.finished_at - *done_at).num_milliseconds() as f64 / 1_000.0 + 1.0
        };
        let latest = self.done_at.iter().map(late).fold(0.0, f64::max);
        println!("  the end was seen {latest:.1} s late at most\n");
        latest
    }
}

/// The calls of one poll: those that came within the same ten seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Poll {
    describes: usize,
    described: usize,
    deployments: usize,
}

/// The polls in a log.
fn polls(calls: &[Call]) -> BTreeMap<u64, Poll> {
    let mut polls: BTreeMap<u64, Poll> = BTreeMap::new();
    for call in calls {
        let since = call.at.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let poll = polls.entry(since.as_secs() / 10).or_default();
        match call.operation.as_str() {
            "DescribeServices" => {
                poll.describes += 1;
                poll.described += call.item_count;
            }
            "DescribeServiceDeployments" => poll.deployments += 1,
            _ => {}
        }
    }
    polls
}

/// What a number of polls cost together, by what they cost each.
fn show(what: &str, polls: &BTreeMap<u64, Poll>) {
    let mut times: BTreeMap<Poll, usize> = BTreeMap::new();
    for poll in polls.values() {
        *times.entry(*poll).or_default() += 1;
    }
    println!("{what}\n  polls  services  DescribeServices  DescribeServiceDeployments");
    for (Poll { describes, described, deployments }, times) in times.iter().rev() {
        println!("{times:>7}{described:>10}{describes:>18}{deployments:>28}");
    }
}

/// Follows a hundred rollouts from their first call to their last, and checks what it cost.
async fn follow(what: &str, kinds: &[fn(ServiceSpec) -> ServiceSpec], staged: bool) {
    let mut fleet = Fleet::begin(kinds, HOUR).await;
    // All have begun by then, over a minute, and none is near its end.
    fleet.run_for(3 * MINUTE).await;
    assert_eq!(fleet.in_flight(), SERVICES, "{what}");
    fleet.sim.clear_calls();
    fleet.run_for(3 * MINUTE).await;
    assert_eq!(fleet.in_flight(), SERVICES, "{what}");
    let calls = fleet.sim.calls();
    let operations: BTreeSet<&str> = calls.iter().map(|call| &*call.operation).collect();
    let expected: &[&str] = match staged {
        true => &["DescribeServiceDeployments", "DescribeServices"],
        false => &["DescribeServices"],
    };
    assert!(operations.iter().copied().eq(expected.iter().copied()), "{what}: {operations:?}");
    let following = polls(&calls);
    show(&format!("{what}: three minutes of a hundred rollouts"), &following);
    for poll in following.values() {
        assert!(poll.describes <= poll.described.div_ceil(PER_DESCRIBE), "{what}: {poll:?}");
        assert!(poll.deployments <= poll.described.div_ceil(PER_DEPLOYMENTS), "{what}: {poll:?}");
        // All of them, or all of the one kind that is looked at more often.
        let together = [SERVICES, SERVICES / kinds.len()].contains(&poll.described);
        assert!(together, "{what}: {poll:?}");
    }
    fleet.sim.clear_calls();
    fleet.run_for(20 * MINUTE).await;
    listed_only_when_done(&fleet);
    assert!(fleet.latest(Proven::Succeeded) <= LATE_MAX, "{what}");
}

/// Of a service whose deployment is not done no tasks are listed.
fn listed_only_when_done(fleet: &Fleet) {
    let mut listings = 0;
    for call in fleet.sim.calls().iter().filter(|call| call.operation == "ListTasks") {
        let number =
            (0..SERVICES).find(|number| call.resources == [format!("prd/{}", name(*number))]);
        let number = number.unwrap_or_else(|| panic!("of more than a service: {call:?}"));
        let at = Time::from(call.at);
        let done_at = fleet.done_at[&number] - chrono::TimeDelta::seconds(1);
        assert!(at >= done_at, "{number}: listed at {at}, done at {done_at}");
        listings += 1;
    }
    assert!(listings >= SERVICES);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_rolling_deployments_share_their_calls_and_their_ends_are_seen_soon() {
    follow("rolling", &[rolling], false).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_blue_green_deployments_share_their_calls_and_their_ends_are_seen_soon() {
    follow("blue/green", &[blue_green], true).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_linear_deployments_share_their_calls_and_their_ends_are_seen_soon() {
    follow("linear", &[linear], true).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_canary_deployments_share_their_calls_and_their_ends_are_seen_soon() {
    follow("canary", &[canary], true).await;
}

#[tokio::test(start_paused = true)]
async fn deployments_of_every_kind_share_their_calls_with_each_other() {
    follow("every kind", &[rolling, blue_green, linear, canary], true).await;
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_rollback_is_seen_as_soon_whatever_was_awaited() {
    let [rolls, blue, steps, first]: [fn(ServiceSpec) -> ServiceSpec; 4] = [
        |spec| rolling(spec.alarms(&["5xx"], true)),
        |spec| blue_green(spec.alarms(&["5xx"], true)),
        |spec| linear(spec.alarms(&["5xx"], true)),
        |spec| canary(spec.alarms(&["5xx"], true)),
    ];
    let mut fleet = Fleet::begin(&[rolls, blue, steps, first], HOUR).await;
    fleet.run_for(5 * MINUTE).await;
    for number in 0..SERVICES {
        fleet.sim.raise_alarm("prd", &name(number), "5xx");
        fleet.run_for(SECOND).await;
    }
    // What rolled goes back by tasks of its own, which start as slowly.
    fleet.run_for(15 * MINUTE).await;
    assert!(fleet.latest(Proven::RolledBack) <= LATE_MAX);
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_services_are_described_together_and_their_tasks_listed_once() {
    let hangs: fn(ServiceSpec) -> ServiceSpec = |spec| spec.next_revision(Behaviour::StaysPending);
    let mut fleet = Fleet::begin(&[hangs], 10 * MINUTE).await;
    fleet.run_for(9 * MINUTE).await;
    assert_eq!(fleet.in_flight(), SERVICES);
    let listed = fleet.sim.count("ListTasks");
    assert_eq!(listed, 1, "of the whole cluster, before anything began");
    fleet.sim.clear_calls();
    fleet.run_for(4 * MINUTE).await;
    assert_eq!(fleet.in_flight(), 0);
    for number in 0..SERVICES {
        assert_eq!(fleet.daemon.ended(&name(number)).outcome, Proven::TimedOut);
    }
    // Those that should run, and those that have stopped.
    assert_eq!(fleet.sim.count("ListTasks"), 2 * SERVICES);
    let describes = fleet.sim.count("DescribeServices");
    assert!(describes <= 120, "{describes}");
    println!("four minutes around a hundred deadlines: {describes} DescribeServices");
}
