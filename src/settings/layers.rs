//! Layers the scalar sections: defaults, files, environment, command line; the later wins.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use figment::providers::Serialized;
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::document::{Document, Item, Reader, unknown_key};
use super::problem::{Place, Problem, did_you_mean};
use super::scalar::Fault;
use super::schema::{Scalars, section, sections};

/// What environment variables of ours begin with.
const PREFIX: &str = "ECS_REFRESH_";

/// What flags say; `None`: the flag was not given.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub region: Option<String>,
    pub endpoint_url: Option<String>,
    pub listen: Option<SocketAddr>,
    pub dry_run: Option<bool>,
    pub store_path: Option<PathBuf>,
}

/// One layer: each value by section and key.
pub struct Layer {
    name: &'static str,
    values: BTreeMap<(&'static str, &'static str), (Value, Place)>,
}

impl Layer {
    pub fn new(name: &'static str) -> Self {
        Self { name, values: BTreeMap::new() }
    }

    /// Adds a section of a file.
    pub fn add_section<'a>(
        &mut self,
        document: &'a Document<'a>,
        item: &Item<'a>,
        problems: &mut Vec<Problem>,
    ) {
        let keys = section(&item.key);
        let names: Vec<&str> = keys.keys().copied().collect();
        let mut reader = Reader::new(document, problems);
        let Some(table) = reader.table(item, ".", &names) else { return };
        for (name, key) in keys {
            let Some(item) = table.item(name) else { continue };
            let Some(value) = key.kind.read_item(&mut reader, &item) else { continue };
            let place = reader.place(&item);
            if let Some((_, first)) = self.values.get(&(key.section, key.name)) {
                let fault = Fault::new(format!("set a second time; the first is at {first}"));
                reader.refuse(&item, fault.hint("keep one of the two"));
                continue;
            }
            self.values.insert((key.section, key.name), (value, place));
        }
    }

    /// The variables of an environment that set a key.
    pub fn of_environment(variables: &[(String, String)], problems: &mut Vec<Problem>) -> Self {
        let mut layer = Self::new("environment");
        for (variable, text) in variables {
            let Some(path) = variable.strip_prefix(PREFIX) else { continue };
            let Some((section_name, name)) = path.split_once("__") else { continue };
            let (section_name, name) =
                (section_name.to_ascii_lowercase(), name.to_ascii_lowercase());
            let place = Place::Environment(variable.as_str().into());
            let keys = section(&section_name);
            if keys.is_empty() {
                problems.push(unknown_section(place, &section_name));
                continue;
            }
            let Some(key) = keys.get(name.as_str()) else {
                let known: Vec<&str> = keys.keys().copied().collect();
                let path = format!("{section_name}.{name}");
                problems.push(unknown_key(place, &path, &name, &known));
                continue;
            };
            match key.kind.read(key.kind.of_environment(text)) {
                Ok(value) => {
                    layer.values.insert((key.section, key.name), (value, place));
                }
                Err(Fault { message, hint }) => {
                    let key = format!("{}.{}", key.section, key.name);
                    problems.push(Problem { place, key, message, hint });
                }
            }
        }
        layer
    }

    /// What flags say.
    pub fn of_flags(flags: &Overrides) -> Self {
        let mut layer = Self::new("command line");
        let text = |text: &Option<String>| text.clone().map(Value::from);
        let listen = flags.listen.map(|address| Value::from(address.to_string()));
        let path = flags.store_path.as_ref().map(|path| Value::from(path.display().to_string()));
        for (section, name, value) in [
            ("aws", "region", text(&flags.region)),
            ("aws", "endpoint_url", text(&flags.endpoint_url)),
            ("daemon", "listen", listen),
            ("daemon", "dry_run", flags.dry_run.map(Value::from)),
            ("store", "path", path),
        ] {
            if let Some(value) = value {
                layer.values.insert((section, name), (value, Place::CommandLine));
            }
        }
        layer
    }

    /// Where the layer sets a key.
    pub fn place(&self, section: &'static str, name: &'static str) -> Option<&Place> {
        self.values.get(&(section, name)).map(|(_, place)| place)
    }

    /// Each key that the layer sets and where.
    pub fn set(&self) -> impl Iterator<Item = (String, &Place)> {
        self.values.iter().map(|((section, name), (_, place))| (format!("{section}.{name}"), place))
    }
}

impl Provider for &Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name)
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let mut sections = Dict::new();
        for ((section, name), (value, _)) in &self.values {
            let entry = sections.entry((*section).to_owned()).or_insert_with(|| Dict::new().into());
            if let Value::Dict(_, keys) = entry {
                keys.insert((*name).to_owned(), value.clone());
            }
        }
        Ok(Profile::Default.collect(sections))
    }
}

/// The layers on top of each other, the last on top, over the defaults.
///
/// # Errors
/// When a value does not fit its key; every value was read before, so this should not happen.
pub fn merge(layers: &[Layer]) -> Result<Scalars, Problem> {
    let defaults = Figment::from(Serialized::defaults(Scalars::default()));
    let merged = layers.iter().fold(defaults, |below, layer| below.merge(layer));
    merged.extract().map_err(|error| {
        let place = error.metadata.as_ref().map_or("defaults", |metadata| &metadata.name);
        Problem::new(Place::Path(place.into()), error.kind.to_string()).key(error.path.join("."))
    })
}

/// The problem of a section that means nothing.
pub fn unknown_section(place: Place, name: &str) -> Problem {
    let mut known = sections();
    known.push("policy");
    let problem = Problem::new(place, "unknown section").key(name);
    match did_you_mean(name, known.iter().copied()) {
        Some("policy") => problem.hint("policies are written in files, each as [[policy]]"),
        Some(meant) => problem.hint(format!("did you mean {meant:?}?")),
        None => problem.hint(format!("known: {}", known.join(", "))),
    }
}
