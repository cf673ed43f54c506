//! The exposition text.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::fixture::{
    finished, fleet, now, policies, policy, receiver, status, status_of, status_with_notices,
};
use super::{FleetCollector, Outcomes, register_build_info};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::plan::ledger::Outcome;
use crate::reconciler::status::Status;

/// The text of one scrape half a minute after `status` was made.
fn scrape(status: Status) -> String {
    let metrics = Metrics::new();
    let clock = Clock::tokio_from(now() + chrono::TimeDelta::seconds(30));
    FleetCollector::register(&metrics, receiver(status), clock);
    metrics.render()
}

fn lines<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

#[tokio::test(start_paused = true)]
async fn every_service_is_counted_by_policy_and_verdict() {
    let text = scrape(status());
    for line in [
        r#"ecs_refresh_services{policy="nightly",verdict="fresh"} 1"#,
        r#"ecs_refresh_services{policy="nightly",verdict="wait"} 1"#,
        r#"ecs_refresh_services{policy="nightly",verdict="hold"} 0"#,
        r#"ecs_refresh_services{policy="anytime",verdict="refresh"} 1"#,
        r#"ecs_refresh_services{policy="anytime",verdict="rolling"} 1"#,
        r#"ecs_refresh_services{policy="watched",verdict="hold"} 1"#,
        r#"ecs_refresh_blocked_services{policy="nightly",reason="window_closed"} 1"#,
        r#"ecs_refresh_blocked_services{policy="watched",reason="policy_disabled"} 1"#,
        r#"ecs_refresh_blocked_services{policy="watched",reason="frozen"} 0"#,
        r#"ecs_refresh_in_flight{policy="anytime"} 1"#,
        r#"ecs_refresh_in_flight{policy="nightly"} 0"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn ages_are_as_of_the_scrape() {
    let text = scrape(status());
    let api_old =
        r#"{region="ap-northeast-1",account="123456789012",cluster="prd",service="api-old"}"#;
    for line in [
        format!("ecs_refresh_oldest_task_age_seconds{api_old} {}", 8 * 86_400 + 30),
        format!("ecs_refresh_task_age_limit_seconds{api_old} {}", 7 * 86_400),
        format!("ecs_refresh_due_since_timestamp_seconds{api_old} 1795914000"),
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_services_that_are_due_and_not_rolling_have_a_due_time() {
    let text = scrape(status());
    let due = lines(&text, "ecs_refresh_due_since_timestamp_seconds{");
    let services: Vec<_> = due.iter().filter_map(|line| line.split('"').nth(7)).collect();
    assert_eq!(services, ["api-old", "batch"]);
}

#[tokio::test(start_paused = true)]
async fn a_policy_without_a_maximum_age_has_no_limit() {
    let text = scrape(status());
    let limits = lines(&text, "ecs_refresh_task_age_limit_seconds{");
    assert_eq!(limits.len(), 4);
    assert!(limits.iter().all(|line| !line.contains(r#"service="tool""#)));
}

#[tokio::test(start_paused = true)]
async fn all_combinations_exist_before_anything_was_seen() {
    let text = scrape(Status::starting(now(), Arc::new(policies())));
    assert_eq!(lines(&text, "ecs_refresh_services{").len(), 3 * 5);
    assert_eq!(lines(&text, "ecs_refresh_blocked_services{").len(), 3 * 35);
    assert_eq!(lines(&text, "ecs_refresh_preflight{").len(), 10 * 4);
    assert_eq!(lines(&text, "ecs_refresh_in_flight{").len(), 3);
    for line in [
        "ecs_refresh_last_look_timestamp_seconds 0",
        "ecs_refresh_leader 0",
        "ecs_refresh_config_valid 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn series_of_a_vanished_policy_and_its_services_go_away() {
    let metrics = Metrics::new();
    let (sender, receiver) = watch::channel(status());
    FleetCollector::register(&metrics, receiver, Clock::tokio_from(now()));
    assert!(metrics.render().contains("nightly"));
    let mut left = policies();
    left.policies.retain(|policy| policy.name.as_ref() == "watched");
    sender.send_replace(status_of(left, &fleet()));
    let text = metrics.render();
    assert!(!text.contains("nightly"), "{text}");
    assert!(!text.contains(r#"service="api-old""#), "{text}");
    assert!(text.contains(r#"service="tool""#), "{text}");
}

#[tokio::test(start_paused = true)]
async fn no_series_comes_twice() {
    let text = scrape(status_with_notices());
    let mut series: Vec<_> = text.lines().filter_map(|line| line.rsplit_once(' ')).collect();
    let number = series.len();
    series.sort_unstable();
    series.dedup_by_key(|(name, _)| *name);
    assert_eq!(series.len(), number);
}

#[tokio::test(start_paused = true)]
async fn retirements_are_told_once_per_service_with_their_earliest_deadline() {
    let text = scrape(status_with_notices());
    let series = |family: &str| {
        let start = format!("ecs_refresh_{family}{{");
        let told = |line: &str| {
            let (labels, value) = line.strip_prefix(&start)?.split_once("} ")?;
            let labels = labels
                .strip_prefix("region=\"ap-northeast-1\",account=\"123456789012\",cluster=")?;
            Some(format!("{} {value}", labels.replace("\",service=\"", "/").replace('"', "")))
        };
        text.lines().filter_map(told).collect::<Vec<_>>()
    };
    for (family, expected) in [
        (
            "retirement_deadline_timestamp_seconds",
            &["dev/tool 1796346000", "prd/api-old 1796346000", "prd/worker 1796346000"][..],
        ),
        ("retirement_at_risk", &["dev/tool 1", "prd/api-old 0", "prd/batch 0", "prd/worker 0"][..]),
        (
            "unmanaged_retirement_deadline_timestamp_seconds",
            &["stg/legacy 1796346000", "stg/other 1796518800"][..],
        ),
        ("standalone_retirement_tasks", &["jobs 2"][..]),
    ] {
        assert_eq!(series(family), expected, "{family} in\n{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_notices_there_is_no_series_of_retirements() {
    let text = scrape(status());
    assert!(!text.contains("retirement_"), "{text}");
}

#[test]
fn outcomes_are_counted_by_policy_cause_and_outcome() {
    let metrics = Metrics::new();
    let outcomes = Outcomes::register(&metrics);
    outcomes.ensure_policies(&policies());
    let text = metrics.render();
    assert_eq!(lines(&text, "ecs_refresh_refreshes_total{").len(), 3 * 3 * 5);
    assert_eq!(lines(&text, "ecs_refresh_refresh_duration_seconds_count{").len(), 5);
    outcomes.refresh_ended(&finished(Outcome::RolledBack));
    outcomes.look_ended(Duration::from_millis(300));
    let text = metrics.render();
    for line in [
        r#"ecs_refresh_refreshes_total{cause="age",outcome="rolled_back",policy="anytime"} 1"#,
        r#"ecs_refresh_refreshes_total{cause="age",outcome="succeeded",policy="anytime"} 0"#,
        r#"ecs_refresh_refresh_duration_seconds_bucket{outcome="rolled_back",le="60"} 0"#,
        r#"ecs_refresh_refresh_duration_seconds_bucket{outcome="rolled_back",le="120"} 1"#,
        r#"ecs_refresh_refresh_duration_seconds_sum{outcome="rolled_back"} 90"#,
        r#"ecs_refresh_look_duration_seconds_bucket{le="0.5"} 1"#,
        "ecs_refresh_look_duration_seconds_sum 0.3",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[test]
fn a_reload_removes_the_counters_of_vanished_policies_and_keeps_the_others() {
    let metrics = Metrics::new();
    let outcomes = Outcomes::register(&metrics);
    outcomes.ensure_policies(&policies());
    outcomes.refresh_ended(&finished(Outcome::Succeeded));
    let mut reloaded = policies();
    reloaded.policies.retain(|policy| policy.name.as_ref() == "anytime");
    reloaded.policies.push(policy("new", "prd", "*", None, 1));
    outcomes.ensure_policies(&reloaded);
    outcomes.retain(&reloaded);
    let text = metrics.render();
    let counters = lines(&text, "ecs_refresh_refreshes_total{");
    assert_eq!(counters.len(), 2 * 3 * 5, "{text}");
    assert!(counters.iter().any(|line| line.contains(r#"policy="anytime"} 1"#)), "{text}");
}

#[test]
fn the_build_is_named() {
    let metrics = Metrics::new();
    register_build_info(&metrics);
    let text = metrics.render();
    let version = format!(r#"version="{}""#, env!("CARGO_PKG_VERSION"));
    let line = lines(&text, "ecs_refresh_build_info{");
    assert!(line.len() == 1 && line[0].contains(&version) && line[0].ends_with(" 1"), "{text}");
}
