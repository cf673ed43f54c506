//! The demo on virtual time: three minutes of it, whatever the second at which it begins.

use std::collections::BTreeSet;

use super::*;
use crate::aws::Operation;
use crate::iam::{Needs, Scope};
use crate::plan::ledger::Outcome;
use crate::plan::notice::EndedBy;
use crate::plan::{RetirementState, TaskState};
use crate::simulator::{self, Fault, FaultRule};
use seen::{PROMISED, Sight};

const THREE_MINUTES: Duration = Duration::from_secs(180);

/// What is seen of a demo of three minutes that begins at `second` of a minute.
async fn seen_from(second: i64) -> Seen {
    fastrand::seed(7);
    let epoch: Time = "2026-11-23T10:58:00Z".parse().unwrap();
    let clock = Clock::tokio_from(epoch + chrono::TimeDelta::seconds(second));
    let settings = read(&configuration(clock.now()), None).unwrap();
    let stage = Stage::new(settings, clock, |_| {});
    see(&stage).await
}

async fn see(stage: &Stage) -> Seen {
    let (triggers, received) = mpsc::channel(TRIGGERS_MAX);
    let mut seen = Seen::default();
    let stop = tokio::time::sleep(THREE_MINUTES);
    stage.play(stop, triggers, received, &mut seen).await.unwrap();
    seen
}

#[tokio::test(start_paused = true)]
async fn the_iam_policy_of_the_demo_is_enough_for_it() {
    fastrand::seed(7);
    let clock = Clock::tokio_from("2026-11-23T10:58:00Z".parse().unwrap());
    let settings = read(&configuration(clock.now()), None).unwrap();
    let needs = Needs::of(&settings, &Scope::default(), None);
    let allowed = needs.document.statements.iter().flat_map(|statement| &statement.actions);
    let allowed: BTreeSet<&String> = allowed.collect();
    let stage = Stage::new(settings, clock, |_| {});
    let is_denied = |operation: &&Operation| !allowed.contains(&operation.iam_action());
    let denied: Vec<_> = Operation::ALL.iter().filter(is_denied).collect();
    assert!(denied.contains(&&Operation::PutEvents), "the demo announces nothing: {denied:?}");
    for operation in denied {
        stage.simulator.inject(FaultRule::new(operation.name(), Fault::AccessDenied));
    }
    let seen = see(&stage).await;
    for (sight, words) in PROMISED {
        assert!(seen.services(*sight).next().is_some(), "{words} is not seen: {seen:#?}");
    }
    for call in stage.simulator.calls() {
        let refused = matches!(&call.outcome, simulator::Outcome::Error(code) if code.contains("AccessDenied"));
        assert!(!refused, "{} is needed and not allowed", call.operation);
    }
}

#[tokio::test(start_paused = true)]
async fn everything_that_is_promised_is_seen_within_three_minutes() {
    for second in [0, 29, 30, 59] {
        let seen = seen_from(second).await;
        for (sight, words) in PROMISED {
            let services: Vec<_> = seen.services(*sight).collect();
            assert!(!services.is_empty(), "from second {second}: {words} is not seen: {seen:#?}");
        }
        assert_eq!(seen.kinds().len(), 5, "from second {second}: {:?}", seen.kinds());
    }
}

#[tokio::test(start_paused = true)]
async fn each_service_shows_what_the_introduction_says_of_it() {
    let seen = seen_from(0).await;
    for (service, sight) in [
        ("shop/web", Sight::Outcome(Outcome::Succeeded)),
        ("shop/cart", Sight::Reason("turn")),
        ("shop/cart", Sight::Outcome(Outcome::Succeeded)),
        ("shop/sessions", Sight::Reason("not_steady")),
        ("shop/sessions", Sight::Outcome(Outcome::Superseded)),
        ("shop/gateway", Sight::Stage),
        ("shop/gateway", Sight::Person),
        ("shop/gateway", Sight::Outcome(Outcome::Succeeded)),
        ("shop/catalog", Sight::Stage),
        ("shop/catalog", Sight::Outcome(Outcome::Succeeded)),
        ("shop/payments", Sight::Outcome(Outcome::RolledBack)),
        ("shop/invoices", Sight::Reason("policy_stopped")),
        ("shop/checkout", Sight::Reason("hold_tag")),
        ("shop/checkout", Sight::Outcome(Outcome::Succeeded)),
        ("shop/returns", Sight::Reason("code_deploy_opt_in")),
        ("data/thumbnails", Sight::Reason("preflight_image_exists")),
        ("data/mailer", Sight::Reason("window_closed")),
        ("data/mailer", Sight::Outcome(Outcome::Succeeded)),
        ("data/etl", Sight::Outcome(Outcome::TimedOut)),
        ("data/reports", Sight::Outcome(Outcome::Failed)),
        ("data/reports", Sight::Reason("failed_primary")),
        ("data/reports", Sight::Reason("somebodys_rollout")),
        ("data/telemetry", Sight::Reason("age_unknown")),
        ("data/ledger", Sight::Reason("frozen")),
        ("data/crm", Sight::Reason("policy_disabled")),
        ("data/archive", Sight::Reason("nothing_to_replace")),
        ("data/search", Sight::Reason("window_closed")),
        ("data/search", Sight::Retirement(RetirementState::Waiting)),
        ("data/search", Sight::Retirement(RetirementState::Satisfied(EndedBy::Refresh))),
        ("labs/wiki", Sight::Retirement(RetirementState::Unmanaged)),
        ("a task of data", Sight::Task(TaskState::Standalone)),
    ] {
        let services: Vec<String> = seen.services(sight).map(ToString::to_string).collect();
        assert!(services.iter().any(|seen| seen == service), "{service}: {sight:?}: {services:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn every_stage_of_a_deployment_that_shifts_traffic_is_seen() {
    for second in [0, 7, 45] {
        let seen = seen_from(second).await;
        let stages: Vec<&str> = seen.stages().iter().map(|stage| &**stage).collect();
        let expected = [
            "BAKE_TIME",
            "CLEAN_UP",
            "POST_PRODUCTION_TRAFFIC_SHIFT",
            "POST_SCALE_UP",
            "POST_TEST_TRAFFIC_SHIFT",
            "PRE_PRODUCTION_TRAFFIC_SHIFT",
            "PRE_SCALE_UP",
            "PRODUCTION_TRAFFIC_SHIFT",
            "SCALE_UP",
            "TEST_TRAFFIC_SHIFT",
        ];
        assert_eq!(stages, expected, "from second {second}");
    }
}

#[test]
fn the_configuration_is_valid_at_any_minute_and_only_its_short_ages_are_warned_of() {
    for time in ["10:00:00", "10:53:29", "10:53:30", "10:57:59", "10:59:59"] {
        let now: Time = format!("2026-11-23T{time}Z").parse().unwrap();
        let settings = read(&configuration(now), None).unwrap();
        assert_eq!(settings.policies.policies.len(), 8);
        for warning in &settings.warnings {
            assert!(warning.to_string().contains("refreshed without rest"), "{warning}");
        }
        let mail = settings.policies.policies.iter().find(|policy| &*policy.name == "mail");
        let view = mail.unwrap().schedule.view(now);
        assert_eq!(view.allowed_until, None, "{time}: the window is seen to be closed first");
        let wait = elapsed(now, view.next.unwrap().opens).as_secs();
        assert!((30..=90).contains(&wait), "{time}: it opens in {wait} seconds");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_left_alone_unless_somebody_insists() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let (listener, moved) = bind(address, false).await.unwrap();
    assert!(moved);
    assert_ne!(listener.local_addr().unwrap(), address);
    assert!(bind(address, true).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_queue_in_the_configuration_is_the_simulated_one() {
    let clock = Clock::tokio_from("2026-11-23T10:58:00Z".parse().unwrap());
    let simulator = Simulator::new(clock.time_source(), Options::default());
    let settings = read(&configuration(clock.now()), None).unwrap();
    assert_eq!(settings.events.queue_url, Some(simulator.create_queue(QUEUE)));
}
