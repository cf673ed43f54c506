//! `ecs-refresh run`: the daemon, wired.
//!
//! The order is: read the configuration, bind, log what was bound, and only then look for store,
//! credentials and AWS, so that whoever asks over HTTP is told what is missing.

mod events;
mod ledger;
mod reload;
mod signals;

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use events::Listening;
use reload::Followers;
pub use reload::set_alarm;
use signals::{Ending, Signals};
pub use signals::{interrupted, second};

use super::announcing::Announcing;
use super::args::RunArgs;
use super::connection::Connection;
use super::exit::Exit;
use super::own;
use crate::announce::{AnnounceMetrics, Announcer};
use crate::aws::{Observer, Surveyor};
use crate::clock::Clock;
use crate::http::{self, Shown};
use crate::lease::{Keeper, Leadership};
use crate::metrics::Metrics;
use crate::plan::key::ServiceKey;
use crate::plan::ledger::Ledger;
use crate::progress::Progress;
use crate::reconciler::metrics::{FleetCollector, Outcomes, register_build_info};
use crate::reconciler::status::{Readiness, Status};
use crate::reconciler::{Effects, LoopError, Parts, Reconciler, Trigger};
use crate::settings::{self, Settings, Sources};
use crate::store::{Store, StoreError};

/// So many triggers may wait for the loop; a wake-up more would change nothing.
pub const TRIGGERS_MAX: usize = 64;

/// So long the store is waited for at the end, to give the lease up.
const VACATE_GRACE: Duration = Duration::from_secs(3);

/// Runs the daemon until a signal ends it.
pub async fn run(args: RunArgs, clock: Clock) -> Exit {
    let Signals { first, mut second, hangups } = Signals::listen();
    let sources = match args.sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let settings = match settings::load(&sources) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    let daemon = serve(settings, sources, clock, first, hangups);
    tokio::select! {
        biased;
        exit = daemon => exit,
        () = second.second() => Exit::cannot("a second signal: aborted; the next start resolves what was under way"),
    }
}

async fn serve(
    settings: Settings,
    sources: Sources,
    clock: Clock,
    first: Ending,
    hangups: Option<Signal>,
) -> Exit {
    let address = settings.daemon.listen;
    let listener = match TcpListener::bind(address).await {
        Ok(listener) => listener,
        Err(error) => {
            return Exit::cannot(format!(
                "cannot listen on {address}: {error}; stop what uses it, or set [daemon] listen"
            ));
        }
    };
    // Port 0 takes a free one: what was bound is what people need to know.
    let bound = listener.local_addr().unwrap_or(address);
    let shown = Surface::new(&settings, &clock);
    let (stop, stopped) = watch::channel(false);
    let mut server = tokio::spawn(shown.serve(listener, stopped));
    tracing::info!("listening on http://{bound}: /metrics, /healthz, /readyz, /api/v1/status");
    let grace = settings.daemon.shutdown_grace;
    let exit = tokio::select! {
        biased;
        exit = reconcile(settings, sources, &shown, clock, first, hangups) => exit,
        ended = &mut server => {
            return Exit::cannot(format!("the HTTP server ended unexpectedly: {ended:?}"));
        }
    };
    stop.send_replace(true);
    // A reader that is slow at the end is not waited for longer than for AWS.
    let _ = tokio::time::timeout(grace, server).await;
    exit
}

/// What is shown over HTTP, and where the loop puts it.
pub struct Surface {
    pub metrics: Metrics,
    pub status: watch::Sender<Status>,
    announcements: AnnounceMetrics,
    resync: watch::Sender<Duration>,
    progress: Progress,
    clock: Clock,
}

impl Surface {
    /// A surface that shows a daemon with these settings, before it has begun.
    pub fn new(settings: &Settings, clock: &Clock) -> Self {
        let now = clock.now();
        let starting = Status {
            config_valid: true,
            readiness: Readiness { configuration: true, ..Readiness::default() },
            ..Status::starting(now, Arc::new(settings.policies.clone()))
        };
        let metrics = Metrics::new();
        let surface = Self {
            announcements: AnnounceMetrics::register(&metrics),
            metrics,
            status: watch::Sender::new(starting),
            resync: watch::Sender::new(settings.daemon.resync),
            progress: Progress::new(now),
            clock: clock.clone(),
        };
        register_build_info(&surface.metrics);
        FleetCollector::register(&surface.metrics, surface.status.subscribe(), clock.clone());
        surface
    }

    /// Serves it over HTTP until `stopped` says so.
    pub fn serve(
        &self,
        listener: TcpListener,
        mut stopped: watch::Receiver<bool>,
    ) -> impl Future<Output = std::io::Result<()>> + Send + 'static {
        let router = http::router(Shown {
            status: self.status.subscribe(),
            progress: self.progress.clone(),
            clock: self.clock.clone(),
            resync: self.resync.subscribe(),
            metrics: self.metrics.clone(),
        });
        let shutdown = async move {
            // An error means that the sender is gone: the daemon has ended.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        };
        http::serve(listener, router, shutdown)
    }

    /// The loop over every cluster that the policies name. What it does is seen here, and what
    /// comes of it is announced.
    pub fn reconciler(
        &self,
        settings: &Settings,
        effects: Effects,
        ledger: Ledger,
        own: Option<ServiceKey>,
        announcer: Announcer,
    ) -> Reconciler {
        let effects = Effects { ecs: effects.ecs.reporting_to(self.progress.clone()), ..effects };
        let mut reconciler = Reconciler::new(Parts {
            policies: settings.policies.clone(),
            resync: settings.daemon.resync,
            surveyor: Surveyor::new(effects.ecs.clone()),
            observer: Arc::new(Observer::new(effects.ecs.clone())),
            effects,
            ledger,
            own,
            outcomes: Outcomes::register(&self.metrics),
            announcer,
            progress: self.progress.clone(),
            status: self.status.clone(),
        });
        reconciler.watch_clusters();
        reconciler
    }
}

/// Opens the store, connects, and runs the loop.
async fn reconcile(
    settings: Settings,
    sources: Sources,
    surface: &Surface,
    clock: Clock,
    mut first: Ending,
    hangups: Option<Signal>,
) -> Exit {
    let connection = match Connection::new(&settings, &clock, &surface.metrics).await {
        Ok(connection) => connection,
        Err(exit) => return exit,
    };
    let opening = ledger::open_in_time(&settings, &connection, &clock, &surface.progress);
    let (store, remembered) = match unless_ended(&mut first, opening).await {
        Ok(opened) => opened,
        Err(exit) => return exit,
    };
    surface.status.send_modify(|status| status.readiness.store = true);
    let (announcer, mut announcing) =
        Announcing::begin(connection.event_bus(&settings), surface.announcements.clone());
    let own = own::service().await;
    let (triggers, received) = mpsc::channel(TRIGGERS_MAX);
    let dry_run = watch::Sender::new(settings.policies.dry_run);
    let around = Listening {
        settings: &settings,
        connection: &connection,
        metrics: &surface.metrics,
        clock: &clock,
        account: own.as_ref().map(|own| own.cluster().account().to_owned()),
    };
    let (leadership, keeping) = leadership(&settings, &store, &clock);
    let listening = around.begin(&triggers, dry_run.subscribe(), leadership.watch());
    let effects =
        Effects { ecs: connection.ecs(&settings), store, clock, leadership: leadership.clone() };
    let reconciler = surface.reconciler(&settings, effects, remembered, own, announcer);
    log_start(&settings);
    let grace = settings.daemon.shutdown_grace;
    let followers = Followers { resync: surface.resync.clone(), dry_run };
    let watching = reload::watch(settings, sources, triggers.clone(), followers, hangups);
    let stopping_since = OnceLock::new();
    let stopping = async {
        first.next().await;
        // It is set once: a second signal is heard elsewhere.
        let _ = stopping_since.set(Instant::now());
        tracing::info!("stopping: nothing more is started; a second signal aborts");
        let _ = triggers.send(Trigger::Shutdown).await;
        std::future::pending::<()>().await;
    };
    // It goes on while the loop drains: the lease is given up as soon as no call is under way.
    let mut keeping = tokio::spawn(keeping);
    let exit = tokio::select! {
        biased;
        ended = reconciler.run(received, grace) => stopped(ended),
        Err(why) = &mut keeping => Exit::cannot(format!("the lease is kept no longer: {why}")),
        () = stopping => Exit::Fine,
        () = watching => Exit::Fine,
        () = listening => Exit::Fine,
        why = announcing.ended() => {
            return Exit::cannot(format!("the announcements ended unexpectedly: {why}"));
        }
    };
    // A loop that failed has not done so: another replica need not wait for the lease to end.
    leadership.resign();
    if !keeping.is_finished() {
        let _ = tokio::time::timeout(VACATE_GRACE, keeping).await;
    }
    let taken = stopping_since.get().map_or(Duration::ZERO, Instant::elapsed);
    announcing.drain(grace.saturating_sub(taken)).await;
    exit
}

/// Opens the store, unless the process is told to end: a table may not answer for long, and nothing is
/// under way yet that would have to be waited for.
async fn unless_ended<T>(
    first: &mut Ending,
    opening: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, Exit> {
    tokio::select! {
        biased;
        () = first.next() => {
            tracing::info!("stopped before the ledger was opened");
            Err(Exit::Fine)
        }
        opened = opening => opened.map_err(Exit::cannot),
    }
}

/// Whether this replica acts, and what keeps the lease that says so.
fn leadership(
    settings: &Settings,
    store: &Arc<dyn Store>,
    clock: &Clock,
) -> (Leadership, Pin<Box<dyn Future<Output = ()> + Send>>) {
    if store.lease().is_none() {
        return (Leadership::always(), Box::pin(std::future::ready(())));
    }
    // A name that nobody else has: that of the host, where there is one, and a part at random.
    let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "replica".to_owned());
    let name = format!("{host}-{:08x}", fastrand::u32(..));
    tracing::info!("this replica is {name}");
    let duration = settings.store.lease_duration;
    let (keeper, leadership) = Keeper::new(Arc::clone(store), name.into(), duration, clock.clone());
    (leadership, Box::pin(keeper.run()))
}

fn stopped(ended: Result<(), LoopError>) -> Exit {
    match ended {
        Ok(()) => {
            tracing::info!("stopped; what is under way is resumed by the next start");
            Exit::Fine
        }
        Err(error) => Exit::cannot(error),
    }
}

fn log_start(settings: &Settings) {
    let policies = &settings.policies;
    let names: Vec<&str> = policies.policies.iter().map(|policy| &*policy.name).collect();
    tracing::info!(
        dry_run = policies.dry_run,
        resync_seconds = settings.daemon.resync.as_secs(),
        "ecs-refresh {}, policies: {}{}",
        env!("CARGO_PKG_VERSION"),
        names.join(", "),
        if policies.dry_run { " (dry run: nothing is called, nothing is stored)" } else { "" }
    );
}
