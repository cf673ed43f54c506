//! The simulated services: one for each thing that there is to see.

use std::time::Duration;

use crate::plan::HOLD_TAG;
use crate::simulator::{Behaviour, Hook, ServiceSpec, Simulator};

/// Why the tasks of a broken deployment stop, in the words of Amazon ECS.
const PULL_ERROR: &str = "CannotPullContainerError: pull image manifest has been retried 1 time(s): \
                          shop/payments:latest not found";
const KEY_ERROR: &str = "ResourceInitializationError: unable to pull secrets: access denied";

/// The stage at which deployments of shop/gateway wait for a person.
pub const PAUSES_AT: &str = "POST_TEST_TRAFFIC_SHIFT";

/// Puts the services into the simulated account. Returns how many there are that policies select.
pub fn populate(simulator: &Simulator) -> usize {
    let services: Vec<ServiceSpec> = shop().into_iter().chain(data()).collect();
    let count = services.len() + 1;
    for service in services {
        simulator.add_service(service);
    }
    add_thumbnails(simulator);
    simulator.add_service(brisk("labs", "wiki", 86_400).desired(1));
    simulator.hide_created_at("data", "telemetry", true);
    count
}

/// A service whose image was pushed out of its repository by builds that came after it.
fn add_thumbnails(simulator: &Simulator) {
    simulator.push_image("thumbnails", "v7");
    let image = simulator.image_reference("thumbnails:v7");
    simulator.add_service(brisk("data", "thumbnails", 600).desired(2).image("thumbnails", &image));
    simulator.delete_image("thumbnails", "v7");
}

/// A service whose tasks come and go within seconds, so that a rollout takes no longer than it is
/// interesting to watch.
fn brisk(cluster: &str, name: &str, age_seconds: u64) -> ServiceSpec {
    ServiceSpec::new(cluster, name)
        .task_age(Duration::from_secs(age_seconds))
        .start_time(Duration::from_secs(6))
        .healthy_after(Duration::from_secs(4))
        .stop_time(Duration::from_secs(4))
}

fn shop() -> [ServiceSpec; 9] {
    let broken = Behaviour::CannotStart { reason: PULL_ERROR.to_owned() };
    [
        brisk("shop", "web", 360).desired(4),
        brisk("shop", "cart", 300).desired(3),
        // Slower than the rest, so that somebody can deploy in the middle of its refresh.
        brisk("shop", "sessions", 240).desired(3).start_time(Duration::from_secs(20)),
        brisk("shop", "checkout", 420).desired(2).tag(HOLD_TAG, "sale is on, ask #payments"),
        brisk("shop", "returns", 300).desired(2).controller("CODE_DEPLOY"),
        // With three tasks the circuit breaker trips as soon as the first three have failed.
        brisk("shop", "payments", 300).desired(3).circuit_breaker(true, true).next_revision(broken),
        brisk("shop", "invoices", 240).desired(2),
        brisk("shop", "gateway", 900)
            .desired(2)
            .strategy("BLUE_GREEN")
            .bake_minutes(1)
            .hook(Hook::pause(PAUSES_AT)),
        // Quick between its steps, so that both of them are over in time.
        brisk("shop", "catalog", 900).desired(3).canary(10.0, 1).stage_time(Duration::from_secs(5)),
    ]
}

fn data() -> [ServiceSpec; 8] {
    let broken = Behaviour::CannotStart { reason: KEY_ERROR.to_owned() };
    [
        brisk("data", "mailer", 600).desired(2),
        brisk("data", "ledger", 7_200).desired(2),
        brisk("data", "crm", 86_400).desired(1),
        brisk("data", "etl", 600).desired(2).next_revision(Behaviour::StaysPending),
        brisk("data", "reports", 540).desired(3).circuit_breaker(true, false).next_revision(broken),
        brisk("data", "telemetry", 300).desired(2),
        brisk("data", "search", 172_800).desired(2),
        brisk("data", "archive", 86_400).desired(0),
    ]
}
