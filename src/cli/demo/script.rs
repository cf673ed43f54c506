//! What other people do to the fleet while one watches. Each of their actions is announced.

use std::time::{Duration, SystemTime};

use tokio::time::{Instant, sleep, sleep_until};

use super::fleet::PAUSES_AT;
use crate::clock::Clock;
use crate::plan::HOLD_TAG;
use crate::simulator::{Behaviour, HookAction, Simulator};

/// AWS publishes a notice so long after the beginning.
const NOTICED_AFTER: Duration = Duration::from_secs(5);

/// The deadline in it. The policy lets data/search start a day before, which is soon then.
const RETIRED_AFTER: Duration = Duration::from_secs(86_400 + 30);

/// The owner of shop/checkout lets go of it so long after the beginning.
const LETS_GO_AFTER: Duration = Duration::from_secs(90);

/// The broken service is deployed anew so long after the beginning.
const REPAIRED_AFTER: Duration = Duration::from_secs(120);

/// How far our refresh gets before somebody deploys in the middle of it.
const INTERRUPTED_AFTER: Duration = Duration::from_secs(8);

/// How long a person looks at what is deployed before letting it go on.
const LOOKS_FOR: Duration = Duration::from_secs(12);

/// How often it is asked whether our refresh has begun.
const POLL: Duration = Duration::from_secs(1);

/// What happens before anybody looks.
pub fn begin(simulator: &Simulator) {
    say("a task of shop/sessions has crashed; ECS starts another one");
    simulator.kill_task("shop", "sessions");
}

/// Plays the rest. `queue` is where EventBridge delivers to.
pub async fn play(simulator: &Simulator, queue: &str, clock: &Clock) {
    tokio::join!(play_most(simulator, queue, clock), let_go_on(simulator));
}

/// A person is waited for, looks, and is content.
async fn let_go_on(simulator: &Simulator) {
    while simulator.service("shop", "gateway").stage.as_deref() != Some(PAUSES_AT) {
        sleep(POLL).await;
    }
    sleep(LOOKS_FOR).await;
    say("has tested the new shop/gateway: lets its deployment go on");
    simulator.continue_deployment("shop", "gateway", HookAction::Continue);
}

/// In the order in which it happens.
async fn play_most(simulator: &Simulator, queue: &str, clock: &Clock) {
    let began_at = Instant::now();
    sleep(NOTICED_AFTER).await;
    announce_retirement(simulator, queue, clock);

    while simulator.started_deployments("shop", "sessions") == 0 {
        sleep(POLL).await;
    }
    sleep(INTERRUPTED_AFTER).await;
    say("deploys a new version of shop/sessions, in the middle of our refresh");
    simulator.deploy("shop", "sessions", true);

    sleep_until(began_at + LETS_GO_AFTER).await;
    say("the sale is over: removes the tag ecs-refresh:hold from shop/checkout");
    simulator.untag_service("shop", "checkout", HOLD_TAG);

    sleep_until(began_at + REPAIRED_AFTER).await;
    say("has repaired data/reports, and deploys it anew");
    simulator.set_behaviour("data", "reports", Behaviour::Healthy);
    simulator.deploy("data", "reports", true);
}

/// AWS Health says that tasks will be retired: those of a service with a policy, those of one without,
/// and a task that no service keeps.
fn announce_retirement(simulator: &Simulator, queue: &str, clock: &Clock) {
    tracing::info!(
        "[AWS] will retire tasks of data/search and labs/wiki and a task of data that no service keeps"
    );
    let task = simulator.run_task("data", "backfill", Some("somebody"));
    let starts_at = SystemTime::from(clock.now()) + RETIRED_AFTER;
    let notice = simulator.notice(starts_at).service("data", "search").service("labs", "wiki");
    simulator.publish_notice(queue, &notice.entity(&task));
}

fn say(what: &str) {
    tracing::info!("[somebody] {what}");
}
