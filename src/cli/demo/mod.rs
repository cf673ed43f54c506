//! `ecs-refresh demo`: the daemon as it is, on a simulated fleet and with its ledger in memory.
//!
//! Owns the wiring. Nothing of the daemon is different here but where its calls go and how long its
//! policies wait; it must not decide anything about a service.

mod fleet;
mod screen;
mod script;
mod seen;

#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use chrono::Timelike;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

pub use screen::Page;

use super::args::DemoArgs;
use super::exit::Exit;
use super::run::{Surface, TRIGGERS_MAX, interrupted, second, set_alarm};
use crate::announce::Announcer;
use crate::aws::{AwsMetrics, Ecs, Queue, sdk_config_in_process};
use crate::clock::{Clock, Time, elapsed};
use crate::lease::Leadership;
use crate::plan::verdict::VerdictKind;
use crate::reconciler::status::Status;
use crate::reconciler::{Effects, LoopError, Trigger};
use crate::settings::{self, Problems, RawFiles, Settings, Sources};
use crate::simulator::{Options, Simulator};
use crate::store::{MemoryStore, Store};
use crate::triggers::EventMetrics;
use crate::triggers::queue::QueueWatch;
use seen::Seen;

const CONFIGURATION: &str = include_str!("demo.toml");

/// Stands in the configuration for the minutes at which the window opens.
const MINUTES: &str = "MINUTES";

/// The window opens so often in an hour, every second minute.
const OPENINGS: u32 = 4;

/// The simulated queue of events.
const QUEUE: &str = "ecs-refresh";

/// How long a simulated answer takes.
const LATENCY: Duration = Duration::from_millis(20);

/// How often the table is printed.
const TABLE_EVERY: Duration = Duration::from_secs(15);

/// By then the first refreshes have begun.
const FIRST_TABLE_AFTER: Duration = Duration::from_secs(2);

/// Runs the demo until it is interrupted, or for as long as was asked for.
pub async fn demo(args: DemoArgs, clock: Clock) -> Exit {
    let text = configuration(clock.now());
    if args.print_config {
        Page.print(&text);
        return Exit::Fine;
    }
    let settings = match read(&text, args.listen) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    let playing = serve(settings, args, clock);
    tokio::select! {
        biased;
        exit = playing => exit,
        () = second() => Exit::cannot("a second signal: aborted"),
    }
}

/// Listens, plays, and prints what comes before and after.
async fn serve(settings: Settings, args: DemoArgs, clock: Clock) -> Exit {
    let asked_to_end = asked_to_end(args.duration, interrupted());
    let usual = settings.daemon.listen;
    let (listener, moved) = match bind(usual, args.listen.is_some()).await {
        Ok(bound) => bound,
        Err(error) => return Exit::cannot(format!("cannot listen on {usual}: {error}")),
    };
    let address = match listener.local_addr() {
        Ok(address) => address,
        Err(error) => return Exit::cannot(error),
    };
    let (grace, began_at) = (settings.daemon.shutdown_grace, clock.now());
    let (triggers, received) = mpsc::channel(TRIGGERS_MAX);
    let alarm = set_alarm(&settings.policies, &triggers).await;
    let stage = Stage::new(settings, clock.clone(), |text| Page.print(text));
    Page.print(&screen::introduction(address, stage.services, moved.then_some(usual)));
    let (stop, stopped) = watch::channel(false);
    let server = tokio::spawn(stage.surface.serve(listener, stopped));
    let mut seen = Seen::default();
    let ended = stage.play(asked_to_end, triggers, received, &mut seen).await;
    if let Some(alarm) = alarm {
        alarm.stop().await;
    }
    stop.send_replace(true);
    // A reader that is slow at the end is not waited for longer than for a call.
    let _ = tokio::time::timeout(grace, server).await;
    Page.print(&screen::summary(&seen, elapsed(began_at, clock.now())));
    match ended {
        Ok(()) => Exit::Fine,
        Err(error) => Exit::cannot(error),
    }
}

/// The configuration as text, with a window that opens while one watches.
fn configuration(now: Time) -> String {
    CONFIGURATION.replace(MINUTES, &openings(now))
}

/// The minutes of the hour at which the window opens: the first is 30 to 90 seconds away, so that
/// the service is seen to wait for it.
fn openings(now: Time) -> String {
    let first = now.minute() + if now.second() < 30 { 1 } else { 2 };
    let mut minutes: Vec<u32> = (0..OPENINGS).map(|number| (first + 2 * number) % 60).collect();
    minutes.sort_unstable();
    let minutes: Vec<String> = minutes.iter().map(u32::to_string).collect();
    minutes.join(",")
}

/// The configuration through the same validation as any other. Neither the environment nor a file
/// is asked.
fn read(text: &str, listen: Option<SocketAddr>) -> Result<Settings, Problems> {
    let mut sources = Sources::default();
    sources.flags.listen = listen;
    settings::parse(&RawFiles::embedded("demo.toml", text), &sources)
}

/// Listens where it is told to. Unless somebody insists, a free port does as well; whether it came
/// to that is told.
async fn bind(address: SocketAddr, insist: bool) -> std::io::Result<(TcpListener, bool)> {
    match TcpListener::bind(address).await {
        Ok(listener) => Ok((listener, false)),
        Err(error) if insist => Err(error),
        Err(_) => {
            let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
            TcpListener::bind(any_port).await.map(|listener| (listener, true))
        }
    }
}

async fn asked_to_end(after: Option<Duration>, interrupted: impl Future<Output = ()>) {
    let time_is_up = async {
        match after {
            Some(after) => tokio::time::sleep(after).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = interrupted => {}
        () = time_is_up => {}
    }
}

/// One demo: a fleet, what the daemon remembers of it, and what it shows.
struct Stage {
    settings: Settings,
    simulator: Simulator,
    /// How many services the fleet has.
    services: usize,
    store: Arc<MemoryStore>,
    surface: Surface,
    clock: Clock,
    /// Where the tables go.
    print: fn(&str),
}

impl Stage {
    fn new(settings: Settings, clock: Clock, print: fn(&str)) -> Self {
        let options = Options { latency: LATENCY, throttling: true, ..Options::default() };
        let simulator = Simulator::new(clock.time_source(), options);
        let services = fleet::populate(&simulator);
        let surface = Surface::new(&settings, &clock);
        Self { settings, simulator, services, store: Arc::default(), surface, clock, print }
    }

    /// Lets the daemon and everybody else do their work until `stop`.
    async fn play(
        &self,
        stop: impl Future<Output = ()>,
        triggers: mpsc::Sender<Trigger>,
        received: mpsc::Receiver<Trigger>,
        seen: &mut Seen,
    ) -> Result<(), LoopError> {
        script::begin(&self.simulator);
        let (ecs, queue) = self.connect(&triggers);
        let effects = Effects {
            ecs,
            store: Arc::clone(&self.store) as Arc<dyn Store>,
            clock: self.clock.clone(),
            leadership: Leadership::always(),
        };
        let daemon = self.surface.reconciler(
            &self.settings,
            effects,
            Default::default(),
            None,
            Announcer::silent(),
        );
        let stopping = async {
            stop.await;
            tracing::info!("stopping");
            let _ = triggers.send(Trigger::Shutdown).await;
            std::future::pending::<()>().await;
        };
        let others = async {
            script::play(&self.simulator, QUEUE, &self.clock).await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            ended = daemon.run(received, self.settings.daemon.shutdown_grace) => ended,
            () = stopping => Ok(()),
            () = queue.run() => Ok(()),
            () = others => Ok(()),
            () = self.watch(seen) => Ok(()),
        }
    }

    /// The SDK with the simulator in place of the network.
    fn connect(&self, triggers: &mpsc::Sender<Trigger>) -> (Ecs, QueueWatch) {
        let Options { region, .. } = Options::default();
        let (settings, clock) = (&self.settings, &self.clock);
        let sdk = sdk_config_in_process(&region, self.simulator.http_client(), clock);
        let metrics = AwsMetrics::register(&self.surface.metrics);
        let url = self.simulator.create_queue(QUEUE);
        let queue = QueueWatch::new(
            Queue::new(&sdk, &url, clock.clone(), metrics.clone()),
            settings.events.retirement_codes.clone(),
            clock.clone(),
            triggers.clone(),
            watch::channel(false).1,
            (EventMetrics::register(&self.surface.metrics), &self.surface.metrics),
        );
        (Ecs::new(&sdk, clock.clone(), settings.daemon.api_share, metrics), queue)
    }

    /// Prints the table, logs who waits for what, and notes what was seen. Never ends.
    async fn watch(&self, seen: &mut Seen) {
        let began_at = self.clock.now();
        let mut status = self.surface.status.subscribe();
        // An error means that the sender is gone, which `self` holds.
        let _ = status.wait_for(|status| status.readiness.first_look).await;
        let mut tables = interval_at(Instant::now() + FIRST_TABLE_AFTER, TABLE_EVERY);
        tables.set_missed_tick_behavior(MissedTickBehavior::Skip);
        loop {
            let newest = status.borrow_and_update().clone();
            self.note(&newest, seen).await;
            tokio::select! {
                biased;
                _ = status.changed() => {}
                _ = tables.tick() => {
                    (self.print)(&screen::table(&newest, began_at, self.clock.now()));
                }
            }
        }
    }

    /// Of starts, outcomes and what is held the daemon itself tells; who waits and for what, and at
    /// which stage a refresh is, it shows to those who ask.
    async fn note(&self, status: &Status, seen: &mut Seen) {
        let ledger = self.store.load().await.unwrap_or_default();
        for (service, verdict) in seen.take(status, &ledger) {
            let waits = matches!(verdict.reason.kind(), VerdictKind::Wait | VerdictKind::Refresh);
            if waits || seen::is_staged(verdict) {
                tracing::info!("{service}: {verdict}");
            }
        }
    }
}
