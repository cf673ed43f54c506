//! What cannot be known is unknown, never missing, and stops nobody.

use ecs_refresh::plan::ledger::Outcome as Ended;
use ecs_refresh::plan::preflight::{Name, Outcome};
use ecs_refresh::simulator::{Fault, FaultRule, ServiceSpec, Simulator};

use super::{OLD, REPOSITORY, assert_says, nightly, running};
use crate::harness::{Daemon, HOUR, MINUTE, clock, policies, simulator};

struct Row {
    image: &'static str,
    before: fn(&Simulator),
    after: fn(&Simulator),
    check: Name,
    outcome: Outcome,
    says: &'static [&'static str],
}

const OTHER_ACCOUNT: &str = "210987654321.dkr.ecr.eu-central-1.amazonaws.com/shop/api:v1";
const OTHER_REGION: &str = "123456789012.dkr.ecr.us-east-1.amazonaws.com/shop/api:v1";
const CACHED: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/docker-hub/library/nginx:1";
const OWN: &str = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop/api:v1";

/// Keeps everything for a long time.
const KEEPS: &str = r#"{"rules":[
    {"rulePriority":1,"selection":{"tagStatus":"any","countType":"sinceImagePushed",
     "countUnit":"days","countNumber":9000},"action":{"type":"expire"}}]}"#;

fn rows() -> Vec<Row> {
    let nothing: fn(&Simulator) = |_| ();
    let unknown = |image, says| Row {
        image,
        before: nothing,
        after: nothing,
        check: Name::ImageExists,
        outcome: Outcome::Unknown,
        says,
    };
    vec![
        unknown("nginx:1.27", &["docker.io"]),
        unknown("ghcr.io/shop/api@sha256:0", &["ghcr.io"]),
        unknown(OTHER_ACCOUNT, &["210987654321"]),
        unknown(OTHER_REGION, &["us-east-1"]),
        Row {
            before: |sim| sim.add_pull_through_rule("docker-hub", "registry-1.docker.io"),
            // What was fetched once was cleaned up since, and is fetched again when it is pulled.
            after: |sim| sim.delete_image("docker-hub/library/nginx", "1"),
            ..unknown(CACHED, &["fetches"])
        },
        Row {
            image: OWN,
            before: |sim| {
                sim.push_image(REPOSITORY, "v1");
                sim.set_lifecycle_policy(REPOSITORY, KEEPS);
            },
            after: nothing,
            check: Name::ImageKept,
            outcome: Outcome::Pass,
            says: &[],
        },
    ]
}

#[tokio::test(start_paused = true)]
async fn images_of_elsewhere_are_unknown_and_hold_nobody() {
    for row in rows() {
        let clock = clock();
        let sim = simulator(&clock);
        (row.before)(&sim);
        let spec = ServiceSpec::new("prd", "api").desired(2).task_age(OLD);
        sim.add_service(spec.image("app", row.image));
        (row.after)(&sim);
        let mut daemon = Daemon::start(&sim, &clock, policies([nightly()])).await;
        daemon.run_for(2 * MINUTE).await;
        assert_says(&daemon, "api", row.check, row.outcome, row.says);
        daemon.run_for(5 * HOUR).await;
        assert_eq!(daemon.ended("api").outcome, Ended::Succeeded, "{}", row.image);
    }
}

/// An API that does not answer for a while is asked again in its own time, not in a circle.
#[tokio::test(start_paused = true)]
async fn a_registry_that_is_throttled_is_not_asked_all_the_time() {
    for fault in [Fault::Throttle, Fault::ServerError, Fault::DropRequest] {
        let clock = clock();
        let sim = simulator(&clock);
        sim.push_image(REPOSITORY, "v1");
        sim.add_service(running(&sim, "api", "v1", OLD));
        let mut daemon = Daemon::start(&sim, &clock, policies([nightly()])).await;
        daemon.run_for(2 * MINUTE).await;
        assert_says(&daemon, "api", Name::ImageExists, Outcome::Pass, &[]);
        sim.inject(FaultRule::new("DescribeImages", fault.clone()));
        sim.clear_calls();
        daemon.run_for(HOUR).await;
        // Three attempts with each look, and none between looks.
        let calls = sim.count("DescribeImages");
        assert!((3..=3 * 61).contains(&calls), "{fault:?}: {calls}");
        assert_says(&daemon, "api", Name::ImageExists, Outcome::Pass, &[]);
        sim.heal();
        daemon.run_for(4 * HOUR).await;
        assert_eq!(daemon.ended("api").outcome, Ended::Succeeded, "{fault:?}");
    }
}
