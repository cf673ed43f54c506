//! Images that are gone, archived, about to go, or other than what runs.

use std::time::Duration;

use ecs_refresh::plan::ledger::Outcome as Ended;
use ecs_refresh::plan::preflight::{Action, Name, Outcome};
use ecs_refresh::simulator::{Fault, FaultRule};

use super::{OLD, REPOSITORY, SOON, assert_says, look_again, making, nightly, running};
use crate::harness::{Daemon, HOUR, MINUTE, clock, policies, simulator, weekly};

/// Keeps the four youngest images.
const KEEP_FOUR: &str = r#"{"rules":[{"rulePriority":7,"selection":{"tagStatus":"any",
    "countType":"imageCountMoreThan","countNumber":4},"action":{"type":"expire"}}]}"#;

/// Drops what has no tag any more.
const NO_UNTAGGED: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"untagged",
    "countType":"sinceImagePushed","countUnit":"days","countNumber":1},"action":{"type":"expire"}}]}"#;

/// A service that is rarely deployed shares its repository with others that often are.
#[tokio::test(start_paused = true)]
async fn the_image_that_a_lifecycle_policy_pushed_out_is_missed_at_the_first_look() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.push_image(REPOSITORY, "v1");
    sim.add_service(running(&sim, "api", "v1", SOON));
    sim.set_lifecycle_policy(REPOSITORY, KEEP_FOUR);
    tokio::time::sleep(HOUR).await;
    let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
    daemon.run_for(MINUTE / 2).await;
    assert_says(&daemon, "api", Name::ImageExists, Outcome::Pass, &[]);
    assert_says(&daemon, "api", Name::ImageKept, Outcome::Pass, &[]);
    // The others are deployed: it is the last one that is kept, and soon will not be.
    for tag in ["v2", "v3", "v4"] {
        sim.push_image(REPOSITORY, tag);
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    daemon.run_for(7 * HOUR).await;
    assert_says(&daemon, "api", Name::ImageKept, Outcome::Warn, &["rule 7"]);
    sim.push_image(REPOSITORY, "v5");
    sim.apply_lifecycle(REPOSITORY);
    look_again(&mut daemon).await;
    // Half a day before it would have been refreshed.
    assert_says(&daemon, "api", Name::ImageExists, Outcome::Hold, &["app", "shop/api:v1"]);
    assert_says(&daemon, "api", Name::ImageKept, Outcome::Warn, &["cannot replace"]);
    daemon.run_for(14 * HOUR).await;
    assert_eq!(sim.count("UpdateService"), 0, "{}", daemon.says("api"));
    assert!(daemon.says("api").starts_with("Hold: "), "{}", daemon.says("api"));
    assert_eq!(daemon.metric(r#"preflight{check="image_exists",result="hold"}"#), Some(1.0));
    // Its owner pushes it again.
    sim.push_image(REPOSITORY, "v1");
    look_again(&mut daemon).await;
    assert_says(&daemon, "api", Name::ImageExists, Outcome::Pass, &[]);
    assert_eq!(sim.count("BatchGetImage"), 0, "it would count as a pull");
}

/// A build overwrote the tag, and what it had meant was expired as it has no tag any more: the service
/// runs on, and cannot replace a single task.
#[tokio::test(start_paused = true)]
async fn the_digest_that_vanished_behind_an_overwritten_tag_is_told_at_the_first_look() {
    for action in [Action::Hold, Action::Allow] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.push_image(REPOSITORY, "stable");
        sim.add_service(running(&sim, "api", "stable", OLD));
        sim.set_lifecycle_policy(REPOSITORY, NO_UNTAGGED);
        let policy = making(nightly(), Name::ImageDrift, action);
        let mut daemon = Daemon::start(&sim, &clock, policies([policy])).await;
        daemon.run_for(MINUTE / 2).await;
        assert_says(&daemon, "api", Name::ImageDrift, Outcome::Pass, &[]);
        sim.push_image(REPOSITORY, "stable");
        tokio::time::sleep(25 * HOUR).await;
        sim.apply_lifecycle(REPOSITORY);
        look_again(&mut daemon).await;
        let loud = ["cannot replace a single task today", "app", "a refresh cures it"];
        assert_says(&daemon, "api", Name::ImageKept, Outcome::Warn, &loud);
        let drift = if action == Action::Hold { Outcome::Hold } else { Outcome::Pass };
        assert_says(&daemon, "api", Name::ImageDrift, drift, &[]);
        daemon.run_for(5 * HOUR).await;
        // Whoever allows other code to be shipped is cured by the refresh.
        if action == Action::Hold {
            assert_eq!(sim.count("UpdateService"), 0);
            assert!(daemon.says("api").starts_with("Hold: "), "{}", daemon.says("api"));
        } else {
            assert_eq!(daemon.ended("api").outcome, Ended::Succeeded);
            assert_eq!(sim.count("UpdateService"), 1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_archived_image_is_described_and_cannot_be_pulled() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.push_image(REPOSITORY, "v1");
    sim.add_service(running(&sim, "api", "v1", OLD));
    let mut daemon = Daemon::start(&sim, &clock, policies([nightly()])).await;
    daemon.run_for(MINUTE / 2).await;
    sim.archive_image(REPOSITORY, "v1");
    look_again(&mut daemon).await;
    assert_says(&daemon, "api", Name::ImageExists, Outcome::Hold, &["archive"]);
    daemon.run_for(5 * HOUR).await;
    assert_eq!(sim.count("UpdateService"), 0);
}

/// ECS may report the digest of a platform's manifest, while the tag means the list of them.
#[tokio::test(start_paused = true)]
async fn an_index_and_what_runs_of_it_are_no_drift() {
    for reports_platform in [false, true] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.push_index(REPOSITORY, "v1");
        let spec = running(&sim, "api", "v1", Duration::ZERO);
        sim.add_service(spec.reports_platform_digest(reports_platform));
        tokio::time::sleep(OLD).await;
        let mut daemon = Daemon::start(&sim, &clock, policies([weekly()])).await;
        daemon.run_for(HOUR).await;
        assert_eq!(daemon.ended("api").outcome, Ended::Succeeded, "{reports_platform}");
        // A new one is drift either way, told before the next refresh.
        sim.push_index(REPOSITORY, "v1");
        daemon.run_for(2 * HOUR).await;
        assert_says(&daemon, "api", Name::ImageDrift, Outcome::Hold, &["v1"]);
    }
}

/// What may not be read is unknown, with what to add, and holds nobody.
#[tokio::test(start_paused = true)]
async fn a_permission_that_is_missing_stops_no_refresh() {
    let clock = clock();
    let sim = simulator(&clock);
    sim.push_image(REPOSITORY, "v1");
    sim.add_service(running(&sim, "api", "v1", OLD));
    let operations = ["DescribeImages", "GetLifecyclePolicy", "DescribeSubnets", "GetServiceQuota"];
    for operation in operations {
        sim.inject(FaultRule::new(operation, Fault::AccessDenied));
    }
    let mut daemon = Daemon::start(&sim, &clock, policies([nightly()])).await;
    daemon.run_for(MINUTE).await;
    assert_says(&daemon, "api", Name::ImageExists, Outcome::Unknown, &["ecr:DescribeImages"]);
    assert_says(&daemon, "api", Name::ImageDrift, Outcome::Unknown, &["ecr:DescribeImages"]);
    assert_says(&daemon, "api", Name::Room, Outcome::Unknown, &["allow "]);
    daemon.run_for(5 * HOUR).await;
    assert_eq!(daemon.ended("api").outcome, Ended::Succeeded);
}
