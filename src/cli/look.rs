//! One look at everything that the policies select, for the commands that print and change nothing.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::args::ConfigArgs;
use super::connection::Connection;
use super::exit::Exit;
use super::survey::Survey;
use crate::aws::{Ecs, Observer, Table};
use crate::clock::{Clock, Time};
use crate::metrics::Metrics;
use crate::plan::evidence::Evidence;
use crate::plan::fleet::{Fleet, Problem};
use crate::plan::key::ClusterKey;
use crate::plan::ledger::Ledger;
use crate::plan::plan;
use crate::plan::policy::Policies;
use crate::reconciler::status::{Readiness, Status};
use crate::reconciler::{find_clusters, statuses};
use crate::settings::{self, Settings};
use crate::store::{DynamoStore, FileStore, Retention, StoreError};

/// What a daemon that may be running beside remembers, in `table` or else in its file.
///
/// # Errors
/// When it cannot be read.
pub async fn remembered(settings: &Settings, table: Option<Table>) -> Result<Ledger, StoreError> {
    match table {
        Some(table) => DynamoStore::load_read_only(table).await,
        None => FileStore::load_read_only(&settings.store.path).await,
    }
}

/// The refreshes of all services that have ended, at `since` or later where that is said, the newest
/// first.
///
/// # Errors
/// When not all of it can be read.
pub async fn finished(
    settings: &Settings,
    table: Option<Table>,
    since: Option<Time>,
) -> Result<Vec<Evidence>, StoreError> {
    let retention = retention(settings);
    match table {
        Some(table) => DynamoStore::history_read_only(table, retention, since).await,
        None => FileStore::history_read_only(&settings.store.path, retention, since).await,
    }
}

/// How much history is kept.
pub fn retention(settings: &Settings) -> Retention {
    Retention { attempts: settings.store.history_kept, age_max: settings.store.history_max_age }
}

/// Looks at every selected cluster once, and plans.
///
/// # Errors
/// When nothing at all could be seen.
pub async fn look(
    policies: Policies,
    ecs: Ecs,
    ledger: &Ledger,
    clock: &Clock,
) -> Result<Status, Problem> {
    let seen = see(&policies, ecs, clock).await?;
    Ok(seen.planned(policies, ledger, clock.now()))
}

/// The same, with how long the refreshes that are due may take, and what the checks before a refresh say
/// of what is due within days.
///
/// # Errors
/// When nothing at all could be seen.
async fn look_closely(
    policies: Policies,
    ecs: Ecs,
    ledger: &Ledger,
    clock: &Clock,
    survey: Survey<'_>,
) -> Result<Status, Problem> {
    let mut seen = see(&policies, ecs.clone(), clock).await?;
    let unread = survey.read(&policies, ecs, &mut seen.fleet, ledger, clock).await;
    seen.problems.extend(unread.map(|unread| unread.to_string()));
    let now = clock.now();
    let made = plan(&policies, &seen.fleet, ledger, now);
    let preflight = survey.report(&policies, &seen.fleet, ledger, &made);
    Ok(Status { preflight: Arc::new(preflight), ..seen.planned(policies, ledger, now) })
}

/// The same under the configuration that is named, beside what a daemon remembers; where that cannot be
/// read the status says so.
///
/// # Errors
/// How the command ends when there is nothing to show.
pub async fn look_as_configured(
    config: &ConfigArgs,
    clock: &Clock,
    survey: Survey<'_>,
) -> Result<Status, Exit> {
    let settings = settings::load(&config.sources()?).map_err(Exit::no)?;
    let connection = Connection::new(&settings, clock, &Metrics::new()).await?;
    let ecs = connection.ecs(&settings);
    let (ledger, problem) = match remembered(&settings, connection.table(&settings)).await {
        Ok(ledger) => (ledger, None),
        Err(error) => (Ledger::default(), Some(without_ledger(&error))),
    };
    let seen = look_closely(settings.policies, ecs, &ledger, clock, survey).await;
    let mut seen = seen.map_err(Exit::cannot)?;
    if let Some(problem) = problem {
        Arc::make_mut(&mut seen.problems).insert(0, problem);
    }
    Ok(seen)
}

fn without_ledger(error: &StoreError) -> String {
    format!("without the ledger, so past attempts and retirement notices are not known: {error}")
}

/// What there was to be seen.
struct Seen {
    fleet: Fleet,
    problems: Vec<String>,
    at: Time,
}

impl Seen {
    fn planned(self, policies: Policies, ledger: &Ledger, now: Time) -> Status {
        let Self { fleet, problems, at } = self;
        Status { last_look_at: Some(at), ..planned(policies, &fleet, ledger, problems, now) }
    }
}

async fn see(policies: &Policies, ecs: Ecs, clock: &Clock) -> Result<Seen, Problem> {
    let found = find_clusters(ecs.clone(), policies, clock.now()).await;
    if let Some(problem) = found.problem {
        return Err(problem);
    }
    let missing = found.missing.iter().map(|(name, why)| format!("cluster {name}: {why}"));
    let mut problems: Vec<String> = missing.collect();
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
    Ok(Seen { fleet, problems, at: clock.now() })
}

/// The plan without any look: the clusters that the policies select are there, and nothing is known
/// of their services but what is remembered.
pub fn unseen(policies: Policies, ledger: &Ledger, now: Time) -> Status {
    let named = ledger.notices.iter().flat_map(|notice| notice.services.keys());
    let selected = |cluster: &&ClusterKey| {
        policies.policies.iter().any(|policy| policy.selector.matches_cluster(cluster.name()))
    };
    let clusters: BTreeSet<ClusterKey> =
        named.map(|service| service.cluster()).filter(selected).cloned().collect();
    let mut fleet = Fleet::default();
    fleet.absorb_clusters(&clusters, now);
    planned(policies, &fleet, ledger, Vec::new(), now)
}

fn planned(
    policies: Policies,
    fleet: &Fleet,
    ledger: &Ledger,
    problems: Vec<String>,
    now: Time,
) -> Status {
    Status {
        lease: None,
        preflight: Arc::default(),
        plan: Arc::new(plan(&policies, fleet, ledger, now)),
        clusters: Arc::new(statuses(fleet)),
        readiness: Readiness {
            configuration: true,
            store: true,
            first_look: true,
            ..Readiness::default()
        },
        problems: Arc::new(problems),
        last_look_at: None,
        config_valid: true,
        leader: false,
        policies: Arc::new(policies),
    }
}

/// Prints to standard output.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Exit {
    let mut out = std::io::stdout().lock();
    match write(&mut out).and_then(|()| out.flush()) {
        Ok(()) => Exit::Fine,
        // Whoever reads has read enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
        Err(error) => Exit::cannot(format!("standard output could not be written: {error}")),
    }
}
