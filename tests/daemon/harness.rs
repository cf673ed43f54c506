//! One daemon, one simulated AWS and one clock.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::sync::{mpsc, watch};

use ecs_refresh::aws::{AwsMetrics, ConnectOptions, Observer, connect};
use ecs_refresh::clock::{Clock, Time};
use ecs_refresh::metrics::Metrics;
use ecs_refresh::plan::key::{ClusterKey, ServiceKey};
use ecs_refresh::plan::ledger::Finished;
use ecs_refresh::plan::policy::{Limits, Policies, Policy};
use ecs_refresh::plan::schedule::Schedule;
use ecs_refresh::plan::selector::{Pattern, Selector};
use ecs_refresh::progress::Progress;
use ecs_refresh::reconciler::metrics::Outcomes;
use ecs_refresh::reconciler::status::Status;
use ecs_refresh::reconciler::{Effects, Parts, Reconciler, Trigger};
use ecs_refresh::simulator::{Options, Simulator};
use ecs_refresh::store::{MemoryStore, Store};

pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(3_600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// A Monday at midnight, UTC.
pub fn epoch() -> Time {
    "2026-11-23T00:00:00Z".parse().unwrap()
}

pub fn clock() -> Clock {
    fastrand::seed(7);
    Clock::tokio_from(epoch())
}

pub fn simulator(clock: &Clock) -> Simulator {
    Simulator::new(clock.time_source(), Options::default())
}

/// A policy that lets every service of cluster `prd` grow a week old.
pub fn weekly() -> Policy {
    Policy {
        name: "weekly".into(),
        enabled: true,
        selector: selector(&["prd"], &[]),
        schedule: Schedule::always(),
        max_task_age: Some(7 * DAY),
        concurrency: 1,
        settle: Duration::ZERO,
        rollout_timeout: HOUR,
        max_failures: 1,
    }
}

/// Selects services by patterns for clusters and names.
pub fn selector(clusters: &[&str], names: &[&str]) -> Selector {
    let patterns =
        |texts: &[&str]| texts.iter().map(|text| Pattern::new(text).unwrap()).collect::<Vec<_>>();
    Selector::new(patterns(clusters), patterns(names), Vec::new(), Default::default())
}

pub fn policies(list: impl IntoIterator<Item = Policy>) -> Policies {
    Policies {
        policies: list.into_iter().collect(),
        limits: Limits { max_in_flight: 20, max_tasks_in_flight: 500 },
        dry_run: false,
        by_hand: None,
    }
}

pub struct Daemon {
    pub reconciler: Reconciler,
    pub clock: Clock,
    pub triggers: mpsc::Sender<Trigger>,
    pub status: watch::Receiver<Status>,
    receiver: mpsc::Receiver<Trigger>,
}

impl Daemon {
    /// A daemon with an empty ledger that watches the clusters of `policies`.
    pub async fn start(sim: &Simulator, clock: &Clock, policies: Policies) -> Self {
        Self::restart(sim, clock, policies, Arc::new(MemoryStore::default())).await
    }

    /// A daemon that goes on with what `store` remembers.
    pub async fn restart(
        sim: &Simulator,
        clock: &Clock,
        policies: Policies,
        store: Arc<dyn Store>,
    ) -> Self {
        let metrics = Metrics::new();
        let options = ConnectOptions {
            region: Some("eu-central-1".to_owned()),
            endpoint_url: None,
            http_client: Some(sim.http_client()),
            credentials: Some(SharedCredentialsProvider::new(Credentials::for_tests())),
        };
        let aws = AwsMetrics::register(&metrics);
        let ecs = connect(options, clock.clone(), 1.0, aws).await.unwrap();
        let (status, shown) =
            watch::channel(Status::starting(clock.now(), Arc::new(policies.clone())));
        let mut reconciler = Reconciler::new(Parts {
            ledger: store.load().await.unwrap(),
            effects: Effects { ecs: ecs.clone(), store, clock: clock.clone() },
            observer: Arc::new(Observer::new(ecs)),
            policies,
            resync: MINUTE,
            own: None,
            outcomes: Outcomes::register(&metrics),
            progress: Progress::new(clock.now()),
            status,
        });
        reconciler.watch_clusters();
        reconciler.turn();
        let (triggers, receiver) = mpsc::channel(8);
        Self { reconciler, clock: clock.clone(), triggers, status: shown, receiver }
    }

    /// Lets time pass.
    pub async fn run_for(&mut self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        while let Ok(event) =
            tokio::time::timeout_at(end, self.reconciler.next(&mut self.receiver)).await
        {
            self.reconciler.take(event.unwrap());
        }
    }

    /// The sentence about a service, as people read it.
    pub fn says(&self, name: &str) -> String {
        match self.reconciler.plan().verdict(&service(name)) {
            Some(verdict) => format!("{}: {}", verdict.reason.kind(), verdict.reason),
            None => "no verdict".to_owned(),
        }
    }

    /// How the last attempt about a service ended.
    pub fn last(&self, name: &str) -> Option<&Finished> {
        self.reconciler.record(&service(name))?.last.as_ref()
    }
}

/// The service `name` in cluster `prd`.
pub fn service(name: &str) -> ServiceKey {
    ServiceKey::new(&ClusterKey::new("eu-central-1", "123456789012", "prd"), name)
}
