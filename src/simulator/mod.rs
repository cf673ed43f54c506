//! A small, believable AWS for tests, demonstrations and the AWS CLI: Amazon ECS, Amazon SQS,
//! Amazon EventBridge, AWS Health, AWS CodeDeploy, Amazon ECR, the target groups of Elastic Load
//! Balancing, and of Amazon CloudWatch, Service Quotas and Amazon EC2 what surrounds services.
//!
//! It owns a simulated account in one Region and speaks AWS's own protocols: in process through
//! [`Simulator::http_client`], or over TCP through [`Simulator::serve`]. It must not know anything
//! of the rest of this crate, so that both can only agree because both follow AWS's documentation.
//!
//! Time comes from the [`SharedTimeSource`] it is given. Nothing runs in the background: every
//! call first lets everything happen that is due by now, in order, so that a jump of weeks costs
//! little, and how often anybody looks changes nothing. The same seed and the same calls at the
//! same times give the same answers.

mod buses;
mod calls;
mod cbor;
mod cloudwatch;
mod code_deploys;
mod codedeploy;
mod connector;
mod ec2;
mod ecr;
mod ecs;
mod elbv2;
mod error;
mod events;
mod faults;
mod health;
mod identity;
mod images;
mod moment;
mod notices;
mod others;
mod paging;
mod polling;
mod protocol;
mod query;
mod queues;
mod reply;
mod retirements;
mod server;
mod service_quotas;
mod sqs;
mod surroundings;
mod target_groups;
mod throttle;
mod wire;
mod world;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use axum::Router;
use tokio::sync::Notify;

pub use calls::{Call, Outcome};
pub use codedeploy::{CodeDeploySpec, CodeDeployment, LifecycleHook, TrafficRouting};
pub use ecs::{
    Behaviour, Breaker, Cleanup, DeploymentView, Hook, HookAction, Launch, ServiceSpec,
    ServiceView, TaskView, Threshold,
};
pub use events::PutEvent;
pub use faults::{Fault, FaultRule};
pub use health::{DateForm, EntityForm, EntityPlace, HealthNotice};

use moment::Moment;
use world::World;

/// How the simulated AWS behaves as a whole.
#[derive(Debug, Clone)]
pub struct Options {
    /// The account id in ARNs.
    pub account: String,
    /// The Region in ARNs.
    pub region: String,
    /// Seeds all ids and the order of what has none.
    pub seed: u64,
    /// How long every answer takes.
    pub latency: Duration,
    /// Whether ECS's API limits apply.
    pub throttling: bool,
    /// For how long after an update reads show the service as it was before.
    pub stale_reads: Duration,
    /// Whether `deployments[]` comes in a random order; otherwise the PRIMARY is first.
    pub page_shuffle: bool,
}

impl Default for Options {
    /// No latency, no limits, immediate consistency, random order, seed 1.
    fn default() -> Self {
        Options {
            account: "123456789012".to_owned(),
            region: "eu-central-1".to_owned(),
            seed: 1,
            latency: Duration::ZERO,
            throttling: false,
            stale_reads: Duration::ZERO,
            page_shuffle: true,
        }
    }
}

/// A handle to a simulated AWS; clones share it.
#[derive(Debug, Clone)]
pub struct Simulator {
    time: SharedTimeSource,
    latency: Duration,
    world: Arc<Mutex<World>>,
    /// Wakes the calls that wait for messages.
    arrivals: Arc<Notify>,
    /// Who calls through this handle, for the log.
    caller: Option<Arc<str>>,
}

impl Simulator {
    /// An empty account whose clock is `time`.
    pub fn new(time: SharedTimeSource, options: Options) -> Self {
        let world = World::new(&options, Moment::from(time.now()));
        let (world, arrivals) = (Arc::new(Mutex::new(world)), Arc::new(Notify::new()));
        Simulator { time, latency: options.latency, world, arrivals, caller: None }
    }

    /// The same AWS, where the log says of every call that `caller` made it.
    #[must_use]
    pub fn called_by(&self, caller: &str) -> Self {
        Simulator { caller: Some(caller.into()), ..self.clone() }
    }

    /// The HTTP interface. A response that must never arrive is marked, and empty.
    pub fn router(&self) -> Router {
        wire::router(self.clone())
    }

    /// An HTTP client for the AWS SDK that never leaves the process.
    pub fn http_client(&self) -> SharedHttpClient {
        connector::http_client(self.router())
    }

    /// Puts a fault in the way of calls. Of several matching rules the oldest hits.
    pub fn inject(&self, rule: FaultRule) {
        self.with_world(|world, _| world.faults.add(rule));
    }

    /// Removes all faults.
    pub fn heal(&self) {
        self.with_world(|world, _| world.faults.clear());
    }

    /// The calls so far, oldest first; of very many only the last 20,000.
    pub fn calls(&self) -> Vec<Call> {
        self.with_world(|world, _| world.log.calls())
    }

    /// How many calls of an operation there were, whatever their outcome.
    pub fn count(&self, operation: &str) -> usize {
        self.with_world(|world, _| world.log.count(operation))
    }

    /// Empties the call log and its counters.
    pub fn clear_calls(&self) {
        self.with_world(|world, _| world.log.clear());
    }

    pub(crate) fn latency(&self) -> Duration {
        self.latency
    }

    /// Runs something on the world, which has caught up with the clock.
    fn with_world<T>(&self, run: impl FnOnce(&mut World, Moment) -> T) -> T {
        let now = Moment::from(self.time.now());
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = world.advance(now);
        let result = run(&mut world, now);
        world.settle(now);
        if world.sqs.take_arrivals() {
            self.arrivals.notify_waiters();
        }
        result
    }
}
