//! `ecs-refresh plan`: look once, and print what would be done about every service, and why not.

mod table;

use std::io::Write;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::args::{Format, PlanArgs};
use super::connection::to_ecs;
use super::exit::Exit;
use crate::aws::{Ecs, Observer};
use crate::clock::Clock;
use crate::http::write_document;
use crate::metrics::Metrics;
use crate::plan::fleet::Fleet;
use crate::plan::ledger::Ledger;
use crate::plan::plan as make_plan;
use crate::reconciler::status::{Readiness, Status};
use crate::reconciler::{find_clusters, statuses};
use crate::settings::{self, Settings};
use crate::store::FileStore;

/// Looks once and prints.
pub async fn plan(args: PlanArgs, clock: Clock) -> Exit {
    let sources = match args.config.sources() {
        Ok(sources) => sources,
        Err(exit) => return exit,
    };
    let settings = match settings::load(&sources) {
        Ok(settings) => settings,
        Err(problems) => return Exit::no(problems),
    };
    let ecs = match to_ecs(&settings, &clock, &Metrics::new()).await {
        Ok(ecs) => ecs,
        Err(exit) => return exit,
    };
    let seen = match look(settings, ecs, &clock).await {
        Ok(seen) => seen,
        Err(exit) => return exit,
    };
    let mut out = std::io::stdout().lock();
    let written = match args.format {
        Format::Text => table::write(&seen, &mut out),
        Format::Json => write_document(&seen, clock.now(), &mut out),
    };
    match written.and_then(|()| out.flush()) {
        Ok(()) => Exit::Fine,
        // Whoever reads has read enough, as `head` does.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Fine,
        Err(error) => Exit::cannot(format!("standard output could not be written: {error}")),
    }
}

/// Looks at every selected cluster once. It fails only when nothing at all could be seen.
async fn look(settings: Settings, ecs: Ecs, clock: &Clock) -> Result<Status, Exit> {
    let mut problems = Vec::new();
    let ledger = remembered(&settings, &mut problems).await;
    let policies = settings.policies;
    let found = find_clusters(ecs.clone(), &policies, clock.now()).await;
    if let Some(problem) = found.problem {
        return Err(Exit::cannot(problem));
    }
    problems.extend(found.missing.iter().map(|(name, why)| format!("cluster {name}: {why}")));
    let clusters = found.found.unwrap_or_default();
    let mut fleet = Fleet::default();
    fleet.absorb_clusters(&clusters, found.begun_at);
    let observer = Arc::new(Observer::new(ecs));
    let mut looks = JoinSet::new();
    for cluster in clusters {
        let observer = Arc::clone(&observer);
        looks.spawn(async move { observer.look_cluster(&cluster).await });
    }
    for look in looks.join_all().await {
        let (cluster, problem) = (look.cluster.clone(), look.problem.clone());
        problems.extend(problem.map(|problem| format!("cluster {cluster}: {problem}")));
        fleet.absorb_cluster(look);
    }
    let plan = make_plan(&policies, &fleet, &ledger, clock.now());
    Ok(Status {
        plan: Arc::new(plan),
        clusters: Arc::new(statuses(&fleet)),
        readiness: Readiness {
            configuration: true,
            store: true,
            first_look: true,
            ..Readiness::default()
        },
        problems: Arc::new(problems),
        last_look_at: Some(clock.now()),
        config_valid: true,
        leader: false,
        policies: Arc::new(policies),
    })
}

/// The ledger of a daemon that may be running beside. Without it, neither past failures nor the
/// retirement notices that came through the queue are known.
async fn remembered(settings: &Settings, problems: &mut Vec<String>) -> Ledger {
    FileStore::load_read_only(&settings.store.path).await.unwrap_or_else(|error| {
        problems.push(format!(
            "without the ledger, so past attempts and retirement notices are not known: {error}"
        ));
        Ledger::default()
    })
}
