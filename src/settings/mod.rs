//! The configuration: files, environment and flags, read into values that are valid.
//!
//! Every problem is found at once, each with its place and a hint. Knows the keys and their limits;
//! what a policy means is the plan's.

mod document;
mod files;
mod layers;
mod policy;
mod problem;
mod resources;
mod scalar;
mod schema;
mod warnings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use files::RawFiles;
pub use layers::Overrides;
pub use policy::mode_name;
pub use problem::{Place, Problem, Problems};
pub use resources::queue_region;
pub use schema::{Announce, Aws, Events, Health, Store, StoreKind};

use crate::plan::policy::{Limits, Policies, Policy};
use document::{Document, Item, Reader};
use layers::{Layer, merge, unknown_section};
use scalar::Fault;
use warnings::Ageless;

/// More policies than this take longer to plan than a look may.
const POLICIES_MAX: usize = 1000;

/// Where a configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// A file or a directory of `*.toml`.
    pub path: Option<PathBuf>,
    /// A configuration that is in no file, for where there is no path. It never changes.
    pub inline: Option<RawFiles>,
    /// The environment. Only `ECS_REFRESH_<SECTION>__<KEY>` counts.
    pub environment: Vec<(String, String)>,
    pub flags: Overrides,
    /// For a refresh by hand, which needs none.
    pub policies_optional: bool,
}

impl Sources {
    /// Reads what the configuration is written in.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn read(&self) -> Result<RawFiles, Problems> {
        match &self.path {
            Some(path) => files::read(path),
            None => Ok(self.inline.clone().unwrap_or_default()),
        }
    }
}

/// A valid configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    pub aws: Aws,
    pub daemon: Daemon,
    pub store: Store,
    pub events: Events,
    pub announce: Announce,
    pub health: Health,
    pub policies: Policies,
    /// What is allowed and probably not meant.
    pub warnings: Vec<Problem>,
    /// The files, and each key that environment or flags set, in words.
    pub sources: Vec<String>,
    /// Tells two contents of the files apart in a log.
    pub fingerprint: u64,
}

/// What concerns the daemon as a whole, the limits of the plan aside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Daemon {
    /// Where `/metrics` and `/healthz` are served.
    pub listen: SocketAddr,
    /// The longest that a change goes unseen, where the API budget allows.
    pub resync: Duration,
    /// From the signal to stop until what still runs is left.
    pub shutdown_grace: Duration,
    /// The part of each ECS API token bucket that we may use: more than 0, at most 1.
    pub api_share: f64,
}

/// Reads and validates a whole configuration.
///
/// # Errors
/// Every problem there is.
pub fn load(sources: &Sources) -> Result<Settings, Problems> {
    parse(&sources.read()?, sources)
}

/// Where a daemon with these sources listens, as far as they can be read. Whatever is wrong with them does
/// not matter: a daemon goes on with what it read before.
pub fn listen(sources: &Sources) -> SocketAddr {
    let files = sources.read().unwrap_or_default();
    let mut problems = Vec::new();
    let mut layer = Layer::new("files");
    let documents: Vec<_> =
        files.files.iter().filter_map(|file| Document::parse(file).ok()).collect();
    for document in &documents {
        for (_, _, item) in document.entries().filter(|(name, _, _)| *name == "daemon") {
            layer.add_section(document, &item, &mut problems);
        }
    }
    let environment = Layer::of_environment(&sources.environment, &mut problems);
    let layers = [layer, environment, Layer::of_flags(&sources.flags)];
    merge(&layers).unwrap_or_default().daemon.listen
}

/// Validates files that were read before, with the environment and the flags of `sources`.
///
/// # Errors
/// Every problem there is.
pub fn parse(files: &RawFiles, sources: &Sources) -> Result<Settings, Problems> {
    let mut problems = Vec::new();
    let mut documents = Vec::new();
    for file in &files.files {
        match Document::parse(file) {
            Ok(document) => documents.push(document),
            Err(errors) => problems.extend(errors),
        }
    }
    let is_whole = problems.is_empty();
    let mut reading = Reading { problems, ..Reading::default() };
    for document in &documents {
        reading.document(document);
    }
    let has_none = is_whole && reading.count == 0 && !sources.policies_optional;
    if has_none {
        reading.problems.push(no_policies(files));
    }
    let Reading { layer: from_files, policies, mut problems, warnings, ageless, .. } = reading;
    let environment = Layer::of_environment(&sources.environment, &mut problems);
    let layers = [from_files, environment, Layer::of_flags(&sources.flags)];
    let merged = merge(&layers);
    if let Some(problems) = Problems::new(problems) {
        return Err(problems);
    }
    let scalars = merged?;
    if let Some(problem) = warnings::without_table(&scalars.store, &layers) {
        return Err(problem.into());
    }
    let daemon = scalars.daemon;
    let overridden = layers[1..].iter().flat_map(Layer::set);
    let overridden = overridden.map(|(key, place)| format!("{key} from {place}"));
    let mut settings = Settings {
        aws: scalars.aws,
        store: scalars.store,
        events: scalars.events,
        announce: scalars.announce,
        health: scalars.health,
        daemon: Daemon {
            listen: daemon.listen,
            resync: daemon.resync,
            shutdown_grace: daemon.shutdown_grace,
            api_share: daemon.api_share,
        },
        policies: Policies {
            policies,
            limits: Limits {
                max_in_flight: daemon.max_in_flight,
                max_tasks_in_flight: daemon.max_tasks_in_flight,
            },
            dry_run: daemon.dry_run,
            by_hand: None,
        },
        warnings,
        sources: files.names().map(str::to_owned).chain(overridden).collect(),
        fingerprint: files.fingerprint(),
    };
    let across = warnings::across(&settings, &layers, ageless);
    settings.warnings.extend(across);
    Ok(settings)
}

impl Settings {
    /// Whether retirement notices reach this configuration at all.
    pub fn has_notices(&self) -> bool {
        self.events.queue_url.is_some() || self.health.poll
    }

    /// The keys that differ in `new` and are not taken up by a reload.
    pub fn restart_needed(&self, new: &Self) -> Vec<&'static str> {
        let changed = [
            ("aws.region", self.aws.region != new.aws.region),
            ("aws.endpoint_url", self.aws.endpoint_url != new.aws.endpoint_url),
            ("daemon.listen", self.daemon.listen != new.daemon.listen),
            ("daemon.shutdown_grace", self.daemon.shutdown_grace != new.daemon.shutdown_grace),
            ("store.kind", self.store.kind != new.store.kind),
            ("store.path", self.store.path != new.store.path),
            ("store.table", self.store.table != new.store.table),
            ("store.history_kept", self.store.history_kept != new.store.history_kept),
            ("store.history_max_age", self.store.history_max_age != new.store.history_max_age),
            ("store.lease_duration", self.store.lease_duration != new.store.lease_duration),
            ("events.queue_url", self.events.queue_url != new.events.queue_url),
            (
                "events.retirement_codes",
                self.events.retirement_codes != new.events.retirement_codes,
            ),
            ("announce.event_bus", self.announce.event_bus != new.announce.event_bus),
            ("health.poll", self.health.poll != new.health.poll),
        ];
        changed.into_iter().filter(|(_, changed)| *changed).map(|(key, _)| key).collect()
    }
}

/// What has been read so far.
struct Reading {
    layer: Layer,
    policies: Vec<Policy>,
    /// The names of all policies, of those with problems too, and where each stands.
    seen: BTreeMap<Arc<str>, Place>,
    count: usize,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    ageless: Vec<Ageless>,
}

impl Default for Reading {
    fn default() -> Self {
        Self {
            layer: Layer::new("files"),
            policies: Vec::new(),
            seen: BTreeMap::new(),
            count: 0,
            problems: Vec::new(),
            warnings: Vec::new(),
            ageless: Vec::new(),
        }
    }
}

impl Reading {
    fn document<'a>(&mut self, document: &'a Document<'a>) {
        for (name, place, item) in document.entries() {
            if name == "policy" {
                self.policies(document, &item);
            } else if schema::section(name).is_empty() {
                self.problems.push(unknown_section(place, name));
            } else {
                self.layer.add_section(document, &item, &mut self.problems);
            }
        }
    }

    fn policies<'a>(&mut self, document: &'a Document<'a>, item: &Item<'a>) {
        let mut reader = Reader::new(document, &mut self.problems);
        let Some(elements) = item.elements() else {
            self.count += 1;
            reader.refuse(item, Fault::new("must be a list").hint("write [[policy]]"));
            return;
        };
        for element in elements {
            self.count += 1;
            if self.count > POLICIES_MAX {
                reader.refuse(&element, Fault::new(format!("more than {POLICIES_MAX} policies")));
                return;
            }
            let element = policy::named(&element);
            let policy = policy::read(&mut reader, &element, &mut self.warnings);
            if let Some(policy) = policy.as_ref().filter(|policy| policy.max_task_age.is_none()) {
                let (place, key) = (reader.place(&element), element.key.clone());
                self.ageless.push(Ageless { place, key, mode: policy.retirement.mode });
            }
            let Some(name) = policy::name(&element) else { continue };
            let place = reader.place(&element);
            match self.seen.get(&name) {
                Some(first) => {
                    let fault = Fault::new(format!("the name is taken; the first is at {first}"));
                    reader.refuse(&element, fault.hint("failures are counted by policy name"));
                }
                None => {
                    self.seen.insert(name, place);
                }
            }
            self.policies.extend(policy);
        }
    }
}

fn no_policies(files: &RawFiles) -> Problem {
    match files.files.first() {
        None => Problem::new(Place::CommandLine, "no configuration was named").hint(
            "--config PATH, or ECS_REFRESH_CONFIG=PATH, or the text in ECS_REFRESH_CONFIG_TOML",
        ),
        Some(file) => Problem::new(Place::Path(Arc::clone(&file.name)), "no policy")
            .hint("nothing would ever be refreshed: add a [[policy]]"),
    }
}
