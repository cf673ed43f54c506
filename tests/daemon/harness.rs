//! One daemon, one simulated AWS and one clock.

use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use ecs_refresh::announce::Announcer;
use ecs_refresh::aws::{
    AwsMetrics, ConnectOptions, Health, Observer, Queue, Surveyor, connect, sdk_config_in_process,
};
use ecs_refresh::clock::{Clock, Time};
use ecs_refresh::lease::Leadership;
use ecs_refresh::metrics::Label;
use ecs_refresh::metrics::Metrics;
use ecs_refresh::plan::key::{ClusterKey, ServiceKey};
use ecs_refresh::plan::ledger::{Finished, Ledger};
use ecs_refresh::plan::policy::{
    Limits, OnFailure, Policies, Policy, RetirementRule, RolloutTimeout,
};
use ecs_refresh::plan::preflight::{Action, Name, PreflightRule};
use ecs_refresh::plan::schedule::Schedule;
use ecs_refresh::plan::selector::{Pattern, Selector};
use ecs_refresh::progress::Progress;
use ecs_refresh::reconciler::metrics::{FleetCollector, Outcomes};
use ecs_refresh::reconciler::status::Status;
use ecs_refresh::reconciler::{Effects, Parts, Reconciler, Reload, Trigger};
use ecs_refresh::simulator::{Call, Options, Simulator};
use ecs_refresh::store::{MemoryStore, Store};
use ecs_refresh::triggers::EventMetrics;
use ecs_refresh::triggers::health::HealthPoll;
use ecs_refresh::triggers::queue::QueueWatch;

/// The `eventTypeCode` of retirement notices.
pub const CODE: &str = "AWS_ECS_TASK_PATCHING_RETIREMENT";

/// The queue that EventBridge feeds.
pub const QUEUE: &str = "events";

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

/// A clock that starts at an instant in RFC 3339.
pub fn clock_from(epoch: &str) -> Clock {
    fastrand::seed(7);
    Clock::tokio_from(epoch.parse().unwrap())
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
        rollout_timeout: RolloutTimeout::Fixed(HOUR),
        max_failures: 1,
        allow_pause: false,
        code_deploy: false,
        on_failure: OnFailure::Leave,
        retirement: RetirementRule::default(),
        preflight: Default::default(),
    }
}

/// The same without any check before a refresh, for what is about rollouts and their cost.
pub fn unchecked(policy: Policy) -> Policy {
    let actions = Name::ALL.iter().map(|name| (*name, Action::Allow)).collect();
    Policy { preflight: PreflightRule { actions, ..policy.preflight }, ..policy }
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

/// How a daemon is set up, where it differs from [`Setup::new`].
#[derive(Clone)]
pub struct Setup {
    pub policies: Policies,
    pub resync: Duration,
    pub api_share: f64,
    pub store: Arc<dyn Store>,
    pub own: Option<ServiceKey>,
    pub announcer: Announcer,
    /// Whether the daemon has found credentials.
    pub credentials: bool,
    /// Whether it reads [`QUEUE`].
    pub queue: bool,
    /// Whether it asks AWS Health.
    pub health: bool,
    pub leadership: Leadership,
    /// What carries its requests, where that is not the simulator's own client.
    pub http_client: Option<SharedHttpClient>,
}

impl Setup {
    /// An empty ledger, the whole API budget, a look per minute.
    pub fn new(policies: Policies) -> Self {
        Self {
            policies,
            resync: MINUTE,
            api_share: 1.0,
            store: Arc::new(MemoryStore::default()),
            own: None,
            announcer: Announcer::silent(),
            credentials: true,
            queue: false,
            health: false,
            leadership: Leadership::always(),
            http_client: None,
        }
    }

    /// With a queue of events.
    pub fn listening(self) -> Self {
        Self { queue: true, ..self }
    }

    pub fn resync(self, resync: Duration) -> Self {
        Self { resync, ..self }
    }

    pub fn api_share(self, api_share: f64) -> Self {
        Self { api_share, ..self }
    }

    pub fn store(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    /// A reconciler that has not looked at anything yet, and its status.
    pub async fn connect(
        &self,
        sim: &Simulator,
        clock: &Clock,
    ) -> (Reconciler, watch::Receiver<Status>) {
        self.connect_counted(sim, clock, &Metrics::new()).await
    }

    async fn connect_counted(
        &self,
        sim: &Simulator,
        clock: &Clock,
        metrics: &Metrics,
    ) -> (Reconciler, watch::Receiver<Status>) {
        let credentials = match self.credentials {
            true => SharedCredentialsProvider::new(Credentials::for_tests()),
            false => SharedCredentialsProvider::new(NoCredentials),
        };
        let options = ConnectOptions {
            region: Some("eu-central-1".to_owned()),
            endpoint_url: None,
            http_client: Some(self.http_client.clone().unwrap_or_else(|| sim.http_client())),
            credentials: Some(credentials),
        };
        let aws = AwsMetrics::register(metrics);
        let ecs = connect(options, clock.clone(), self.api_share, aws).await.unwrap();
        let policies = self.policies.clone();
        let (status, shown) =
            watch::channel(Status::starting(clock.now(), Arc::new(policies.clone())));
        let store = Arc::clone(&self.store);
        let mut reconciler = Reconciler::new(Parts {
            ledger: self.remembered().await,
            effects: Effects {
                ecs: ecs.clone(),
                store,
                clock: clock.clone(),
                leadership: self.leadership.clone(),
            },
            surveyor: Surveyor::new(ecs.clone()),
            observer: Arc::new(Observer::new(ecs)),
            policies,
            resync: self.resync,
            own: self.own.clone(),
            outcomes: Outcomes::register(metrics),
            announcer: self.announcer.clone(),
            progress: Progress::new(clock.now()),
            status,
        });
        reconciler.watch_clusters();
        (reconciler, shown)
    }

    /// What the store remembers. Where a lease says who acts, the loop reads it itself.
    async fn remembered(&self) -> Ledger {
        match self.leadership.is_elected() {
            true => Ledger::default(),
            false => self.store.load().await.unwrap(),
        }
    }

    /// A daemon that has begun its first look.
    pub async fn start(&self, sim: &Simulator, clock: &Clock) -> Daemon {
        let metrics = Metrics::new();
        let (mut reconciler, status) = self.connect_counted(sim, clock, &metrics).await;
        FleetCollector::register(&metrics, status.clone(), clock.clone());
        reconciler.turn();
        let (triggers, receiver) = mpsc::channel(8);
        let (queue_paused, paused) = watch::channel(self.policies.dry_run);
        let listeners = self.listen(sim, clock, &metrics, &triggers, paused);
        Daemon {
            reconciler,
            clock: clock.clone(),
            triggers,
            status,
            metrics,
            queue_paused,
            receiver,
            _listeners: listeners,
        }
    }

    /// Reads the queue and asks AWS Health, as far as it is set up so.
    fn listen(
        &self,
        sim: &Simulator,
        clock: &Clock,
        metrics: &Metrics,
        triggers: &mpsc::Sender<Trigger>,
        paused: watch::Receiver<bool>,
    ) -> JoinSet<()> {
        let mut listeners = JoinSet::new();
        if !self.queue && !self.health {
            return listeners;
        }
        // The loop's own client has registered these already.
        let aws = AwsMetrics::register(&Metrics::new());
        let events = EventMetrics::register(metrics);
        if self.queue {
            let families = (events.clone(), metrics);
            let reader = queue_watch(sim, clock, aws.clone(), triggers.clone(), paused, families);
            listeners.spawn(reader.run());
        }
        if self.health {
            let sdk = sdk_config_in_process("eu-central-1", sim.http_client(), clock);
            let health = Health::new(&sdk, clock.clone(), aws);
            let (codes, triggers) = (vec![CODE.to_owned()], triggers.clone());
            // What is asked hourly costs nothing, so a quiet time does not pause it.
            let paused = watch::channel(self.policies.dry_run).1;
            let poll =
                HealthPoll::new(health, codes, None, clock.clone(), triggers, paused, events);
            listeners.spawn(poll.run());
        }
        listeners
    }
}

/// A reader of [`QUEUE`].
pub fn queue_watch(
    sim: &Simulator,
    clock: &Clock,
    aws: AwsMetrics,
    triggers: mpsc::Sender<Trigger>,
    paused: watch::Receiver<bool>,
    events: (EventMetrics, &Metrics),
) -> QueueWatch {
    let sdk = sdk_config_in_process("eu-central-1", sim.http_client(), clock);
    let url = format!("https://sqs.eu-central-1.amazonaws.com/123456789012/{QUEUE}");
    let queue = Queue::new(&sdk, &url, clock.clone(), aws);
    QueueWatch::new(queue, vec![CODE.to_owned()], clock.clone(), triggers, paused, events)
}

/// The standard chain, where nothing is configured.
#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nothing configured")))
    }
}

pub struct Daemon {
    pub reconciler: Reconciler,
    pub clock: Clock,
    pub triggers: mpsc::Sender<Trigger>,
    pub status: watch::Receiver<Status>,
    pub metrics: Metrics,
    /// Whether the queue is left alone.
    pub queue_paused: watch::Sender<bool>,
    receiver: mpsc::Receiver<Trigger>,
    /// They end with the daemon.
    _listeners: JoinSet<()>,
}

impl Daemon {
    /// A daemon with an empty ledger that watches the clusters of `policies`.
    pub async fn start(sim: &Simulator, clock: &Clock, policies: Policies) -> Self {
        Setup::new(policies).start(sim, clock).await
    }

    /// Lets time pass.
    pub async fn run_for(&mut self, time: Duration) {
        self.run_watched(time, |_| ()).await;
    }

    /// Lets a long time pass in which nothing is sent: polling an empty queue for weeks costs as much as
    /// all the rest.
    pub async fn run_quietly(&mut self, time: Duration) {
        self.queue_paused.send_replace(true);
        self.run_for(time).await;
        self.queue_paused.send_replace(false);
    }

    /// Lets time pass, and calls `watch` after every event.
    pub async fn run_watched(&mut self, time: Duration, mut watch: impl FnMut(&Self)) {
        let end = tokio::time::Instant::now() + time;
        while let Ok(event) =
            tokio::time::timeout_at(end, self.reconciler.next(&mut self.receiver)).await
        {
            self.reconciler.take(event.unwrap());
            watch(self);
        }
    }

    /// Lets at most `count` events happen, and no more than `time` pass. How many there were.
    pub async fn run_events(&mut self, count: usize, time: Duration) -> usize {
        let end = tokio::time::Instant::now() + time;
        for taken in 0..count {
            match tokio::time::timeout_at(end, self.reconciler.next(&mut self.receiver)).await {
                Ok(event) => self.reconciler.take(event.unwrap()),
                Err(_) => return taken,
            }
        }
        count
    }

    /// Lets time pass until an attempt about a service has ended, at most `limit`.
    pub async fn run_until_ended(&mut self, name: &str, limit: Duration) {
        let end = tokio::time::Instant::now() + limit;
        while self.last(name).is_none() {
            match tokio::time::timeout_at(end, self.reconciler.next(&mut self.receiver)).await {
                Ok(event) => self.reconciler.take(event.unwrap()),
                Err(_) => return,
            }
        }
    }

    /// Tells the loop something from outside.
    pub async fn tell(&self, trigger: Trigger) {
        self.triggers.send(trigger).await.unwrap();
    }

    /// Puts another configuration in force.
    pub async fn reload(&self, policies: Policies) {
        let reload = Reload::Valid { policies, resync: MINUTE, api_share: 1.0 };
        self.tell(Trigger::Reload(reload)).await;
    }

    /// The sentence about a service, as people read it.
    pub fn says(&self, name: &str) -> String {
        match self.reconciler.plan().verdict(&service(name)) {
            Some(verdict) => format!("{}: {}", verdict.reason.kind(), verdict.reason),
            None => "no verdict".to_owned(),
        }
    }

    /// A value that is scraped, by its series without the prefix; none where there is no such series.
    pub fn metric(&self, series: &str) -> Option<f64> {
        let text = self.metrics.render();
        let series = format!("ecs_refresh_{series} ");
        text.lines().find_map(|line| line.strip_prefix(&series)).map(|value| value.parse().unwrap())
    }

    /// How many messages of a kind came from the queue.
    pub fn received(&self, kind: &str) -> u64 {
        self.metric(&format!("events_received_total{{kind=\"{kind}\"}}")).unwrap() as u64
    }

    /// How the last attempt about a service ended.
    pub fn last(&self, name: &str) -> Option<&Finished> {
        self.reconciler.record(&service(name))?.last.as_ref()
    }

    /// The same of an attempt that must have ended.
    pub fn ended(&self, name: &str) -> &Finished {
        self.last(name).unwrap_or_else(|| panic!("{name}: {}", self.says(name)))
    }
}

/// The service `name` in cluster `prd`.
pub fn service(name: &str) -> ServiceKey {
    ServiceKey::new(&ClusterKey::new("eu-central-1", "123456789012", "prd"), name)
}

/// Every UpdateService that is still in the call log, oldest first.
pub fn updates(sim: &Simulator) -> Vec<Call> {
    let mut calls = sim.calls();
    calls.retain(|call| call.operation == "UpdateService");
    calls
}
