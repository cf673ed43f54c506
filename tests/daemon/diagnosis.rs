//! What rollouts suffer from: found while they stand still, and when they have ended.

use std::time::{Duration, SystemTime};

use ecs_refresh::http::write_document;
use ecs_refresh::plan::ledger::Outcome::{self, Failed, RolledBack, Succeeded, TimedOut};
use ecs_refresh::plan::policy::Policy;
use ecs_refresh::simulator::{Behaviour, Hook, HookAction, ServiceSpec, Simulator};

use crate::harness::{
    DAY, Daemon, HOUR, MINUTE, Setup, clock, epoch, policies, service, simulator, unchecked, weekly,
};

struct Row {
    what: &'static str,
    spec: ServiceSpec,
    /// What somebody does at once, and after half an hour.
    acts: [Option<fn(&Simulator)>; 2],
    outcome: Outcome,
    /// The finding while it stands still, in one word; none where it never does.
    rolling: Option<&'static str>,
    /// The finding at its end.
    ended: Option<&'static str>,
    /// A part of the sentence.
    says: &'static str,
}

fn row(what: &'static str, spec: ServiceSpec, outcome: Outcome, found: &'static str) -> Row {
    let (rolling, ended) = (Some(found), Some(found));
    Row { what, spec, acts: [None, None], outcome, rolling, ended, says: "" }
}

impl Row {
    fn says(self, says: &'static str) -> Self {
        Self { says, ..self }
    }

    /// It ends before it stands still.
    fn quickly(self) -> Self {
        Self { rolling: None, ..self }
    }

    /// It goes well in the end.
    fn then_well(self) -> Self {
        Self { ended: None, ..self }
    }

    fn at_once(self, act: fn(&Simulator)) -> Self {
        Self { acts: [Some(act), self.acts[1]], ..self }
    }

    fn later(self, act: fn(&Simulator)) -> Self {
        Self { acts: [self.acts[0], Some(act)], ..self }
    }
}

/// `prd/api`: two tasks that are too old.
fn old() -> ServiceSpec {
    ServiceSpec::new("prd", "api").desired(2).task_age(8 * DAY)
}

fn next(behaviour: Behaviour) -> ServiceSpec {
    old().next_revision(behaviour)
}

fn cannot_start(reason: &str) -> Behaviour {
    Behaviour::CannotStart { reason: reason.to_owned() }
}

fn exits(code: i32, reason: Option<&str>) -> Behaviour {
    Behaviour::Exits { code, reason: reason.map(str::to_owned), after: MINUTE / 2 }
}

fn not_launched(says: &str, lasting: Duration) -> Behaviour {
    Behaviour::NotLaunched { says: says.to_owned(), lasting }
}

const IMAGE: &str = "CannotPullContainerError: pull image manifest has been retried 5 time(s): failed \
                     to resolve ref web:latest: not found";
const SECRET: &str = "ResourceInitializationError: unable to pull secrets or registry auth: execution \
                      resource retrieval failed: unable to retrieve secret from asm: service call has \
                      been retried 1 time(s): ResourceNotFoundException";
const NO_IP: &str = "Unexpected EC2 error while attempting to Create Network Interface in subnet \
                     'subnet-1': InsufficientFreeAddressesInSubnet";
const QUOTA: &str = "was unable to place a task. Reason: You\u{2019}ve reached the limit on the number \
                     of vCPUs you can run concurrently.";
const CAPACITY: &str = "was unable to place a task. Reason: Capacity is unavailable at this time. \
                        Please try again later or in a different availability zone.";
const THROTTLED: &str = "operations are being throttled. Will try again later.";
const KILLED: &str = "OutOfMemoryError: Container killed due to memory usage";

/// An old task may not be stopped for an hour and a half.
fn protect(sim: &Simulator) {
    let until: SystemTime = (epoch() + chrono::TimeDelta::minutes(90)).into();
    sim.protect_task("prd", "api", until);
}

fn go_on(sim: &Simulator) {
    sim.continue_deployment("prd", "api", HookAction::Continue);
}

fn rows() -> Vec<Row> {
    let image = || next(cannot_start(IMAGE));
    let held = |says, lasting| next(not_launched(says, lasting));
    let checked = || next(Behaviour::NeverHealthy);
    let green = held(QUOTA, 25 * MINUTE).strategy("BLUE_GREEN").bake_minutes(2);
    let paused = old().strategy("BLUE_GREEN").hook(Hook::pause("POST_SCALE_UP"));
    vec![
        row("an image that is gone", image(), TimedOut, "image_pull").says("not found"),
        row("that is taken back", image().circuit_breaker(true, true), RolledBack, "image_pull"),
        row("a secret", next(cannot_start(SECRET)), TimedOut, "secret").says("from asm"),
        row("an address", next(cannot_start(NO_IP)), TimedOut, "no_ip_address"),
        row("the quota", held(QUOTA, DAY), TimedOut, "vcpu_quota").says("quota of Fargate vCPUs"),
        row("the quota, raised in time", held(QUOTA, 25 * MINUTE), Succeeded, "vcpu_quota")
            .then_well(),
        row("the quota, blue/green", green, Succeeded, "vcpu_quota").then_well(),
        row("capacity", held(CAPACITY, DAY), TimedOut, "no_capacity").says("no Fargate capacity"),
        row(
            "Spot capacity",
            held(CAPACITY, DAY).capacity_providers(&["FARGATE_SPOT"]),
            TimedOut,
            "no_capacity",
        )
        .says("no Fargate Spot capacity"),
        row("a crash", next(exits(3, None)), TimedOut, "container_exit")
            .says("container api exits with code 3"),
        row("memory", next(exits(137, Some(KILLED))), TimedOut, "container_exit").says(KILLED),
        row("a container's check", checked(), TimedOut, "container_health_check"),
        row("a target's check", checked().load_balancer(), TimedOut, "load_balancer_health_check")
            .says("(Health checks failed with these codes: [503])"),
        row(
            "a target's check, stopped",
            checked().load_balancer().circuit_breaker(true, false),
            Failed,
            "load_balancer_health_check",
        )
        .quickly(),
        row("percentages", old().percents(100, 149), TimedOut, "percentages")
            .says("minimumHealthyPercent 100 and maximumPercent 149 of 2 tasks leave no room"),
        row("a protected task", old(), Succeeded, "protected_tasks")
            .at_once(protect)
            .then_well()
            .says("1 old task protected until Mon 2026-11-23 01:30 UTC"),
        row("a person", paused, Succeeded, "pause_hook")
            .later(go_on)
            .then_well()
            .says("waits for a person at post scale up"),
        row("throttling", held(THROTTLED, DAY), TimedOut, "throttled"),
        row("silence", next(Behaviour::StaysPending), TimedOut, "unknown")
            .says("nothing tells why"),
    ]
}

/// What the verdict says is found, in one word and as a sentence.
fn found(daemon: &Daemon) -> Option<(&'static str, String)> {
    let verdict = daemon.reconciler.plan().verdict(&service("api"))?;
    let finding = verdict.finding.as_deref().filter(|_| verdict.reason.attempt().is_some())?;
    Some((finding.label(), finding.to_string()))
}

async fn play(row: Row) {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(row.spec);
    if let Some(act) = row.acts[0] {
        act(&sim);
    }
    let policy = Policy { allow_pause: true, ..unchecked(weekly()) };
    let mut daemon = Daemon::start(&sim, &clock, policies([policy])).await;
    let what = row.what;
    let mut rolling = Vec::new();
    let mut hear = |daemon: &Daemon| {
        if daemon.last("api").is_none() {
            rolling.extend(found(daemon));
        }
    };
    daemon.run_watched(9 * MINUTE, &mut hear).await;
    daemon.run_watched(3 * MINUTE, &mut hear).await;
    if row.rolling.is_some() && row.outcome != RolledBack {
        let says = daemon.says("api");
        let text = found(&daemon).map(|(_, text)| text);
        assert!(text.is_some_and(|text| says.contains(&text)), "{what} after 12 minutes: {says}");
    }
    daemon.run_watched(18 * MINUTE, &mut hear).await;
    if let Some(act) = row.acts[1] {
        act(&sim);
    }
    for _ in 0..12 {
        if daemon.last("api").is_none() {
            daemon.run_watched(10 * MINUTE, &mut hear).await;
        }
    }
    let last = daemon.ended("api");
    assert_eq!(last.outcome, row.outcome, "{what}: {}", last.diagnosis);
    let ended = last.finding.as_ref();
    assert_eq!(ended.map(|finding| finding.label()), row.ended, "{what}: {}", last.diagnosis);
    if let Some(finding) = ended {
        assert!(last.diagnosis.contains(finding.hint()), "{what}: {}", last.diagnosis);
    }
    rolling.dedup();
    if let Some(expected) = row.rolling.filter(|_| row.outcome != RolledBack) {
        assert!(rolling.iter().all(|(label, _)| *label == expected), "{what}: {rolling:#?}");
        assert!(!rolling.is_empty(), "{what}");
    }
    let mut texts = rolling.into_iter().map(|(_, text)| text).chain(ended.map(ToString::to_string));
    assert!(texts.any(|text| text.contains(row.says)), "{what}: {}", last.diagnosis);
}

#[tokio::test(start_paused = true)]
async fn every_finding_is_made_while_the_rollout_stands_still_and_when_it_has_failed() {
    for row in rows() {
        play(row).await;
    }
}

/// How often the operations of a close look were called since the log was emptied last.
fn close_calls(sim: &Simulator) -> [usize; 2] {
    ["ListServiceDeployments", "GetTaskProtection"].map(|operation| sim.count(operation))
}

#[tokio::test(start_paused = true)]
async fn a_rollout_that_moves_costs_nothing_more_however_long_it_takes() {
    let clock = clock();
    let sim = simulator(&clock);
    // One task at a time, each of which takes eight minutes.
    let slow = Behaviour::Slow(8 * MINUTE);
    sim.add_service(old().desired(5).percents(100, 120).next_revision(slow));
    let mut daemon =
        Setup::new(policies([unchecked(weekly())])).resync(HOUR).start(&sim, &clock).await;
    daemon.run_for(2 * MINUTE).await;
    sim.clear_calls();
    daemon.run_for(38 * MINUTE).await;
    assert!(daemon.last("api").is_none(), "{:?}", daemon.last("api"));
    let says = daemon.says("api");
    assert!(says.contains("4 of 5 new tasks running"), "{says}");
    assert_eq!(close_calls(&sim), [0, 0]);
    assert_eq!(sim.calls().len(), sim.count("DescribeServices"), "nothing but polls");
    daemon.run_for(HOUR).await;
    assert_eq!(daemon.ended("api").outcome, Succeeded);
}

#[tokio::test(start_paused = true)]
async fn one_that_stands_still_is_looked_at_when_its_time_has_doubled() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(next(Behaviour::StaysPending));
    let mut daemon =
        Setup::new(policies([unchecked(weekly())])).resync(HOUR).start(&sim, &clock).await;
    for (minutes, looks) in [(9, 0), (2, 1), (8, 1), (3, 2), (17, 2), (4, 3), (15, 3)] {
        daemon.run_for(minutes * MINUTE).await;
        assert_eq!(close_calls(&sim), [looks, looks], "{}", daemon.says("api"));
    }
    // After a restart it stands still only ten minutes later.
    let mut daemon =
        Setup::new(policies([unchecked(weekly())])).resync(HOUR).start(&sim, &clock).await;
    daemon.run_for(MINUTE).await;
    assert!(!daemon.says("api").contains("nothing has moved"), "{}", daemon.says("api"));
}

#[tokio::test(start_paused = true)]
async fn what_failed_stays_said_until_it_is_tried_again() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.add_service(next(cannot_start(IMAGE)));
    let mut daemon = Daemon::start(&sim, &clock, policies([unchecked(weekly())])).await;
    daemon.run_for(2 * HOUR).await;
    let verdict = daemon.reconciler.plan().verdict(&service("api")).unwrap();
    assert_eq!(verdict.reason.label(), "left_rolling", "{verdict}");
    assert!(verdict.to_string().ends_with("; its image cannot be pulled"), "{verdict}");
    let mut document = Vec::new();
    write_document(&daemon.status.borrow(), clock.now(), &mut document).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
    let finding = &document["services"][0]["finding"];
    assert_eq!(finding["kind"], "image_pull", "{document:#}");
    assert_eq!(finding["message"], format!("its image cannot be pulled: {IMAGE}"));
    assert!(finding["hint"].as_str().unwrap().starts_with("check that the image"), "{finding:#}");
}
