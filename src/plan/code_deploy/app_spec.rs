//! AppSpecs: the text that tells CodeDeploy what to deploy, which the service's owner wrote.
//!
//! A refresh deploys what runs already, so of the last deployment's AppSpec no more than two values are
//! replaced where they stand, and only where they differ. Everything else of the text stays as it is,
//! to the byte: hooks, networks, comments.

use std::ops::Range;
use std::sync::Arc;

use super::document::{Node, Scalar};

/// No longer AppSpec is read. CodeDeploy takes a hundred kilobytes in a revision that is text.
pub const APP_SPEC_BYTES_MAX: usize = 100_000;

/// So much of what is wrong is repeated.
const WHY_CHARS_MAX: usize = 200;

const TASK_DEFINITION: &str = "TaskDefinition";
const PLATFORM_VERSION: &str = "PlatformVersion";

/// What CodeDeploy takes where the AppSpec names no platform version (AWS CodeDeploy user guide,
/// AppSpec "resources" section for Amazon ECS deployments).
const LATEST: &str = "LATEST";

/// An AppSpec of an ECS service, understood as far as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppSpec {
    text: Arc<str>,
    task_definition: Value,
    platform_version: Option<Value>,
    /// How a platform version is added behind the task definition.
    addition: Addition,
    hooks: u32,
}

/// One text of the AppSpec, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Value {
    text: Arc<str>,
    place: Range<usize>,
}

/// What separates an added key from the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Addition {
    /// In braces: a comma. Else a new line, indented by so many characters.
    flow: bool,
    indent: usize,
    key: &'static str,
}

impl AppSpec {
    /// Reads an AppSpec, which is JSON or YAML.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub fn read(text: &str) -> Result<Self, String> {
        Self::understand(text).map_err(|why| why.chars().take(WHY_CHARS_MAX).collect())
    }

    fn understand(text: &str) -> Result<Self, String> {
        if text.len() > APP_SPEC_BYTES_MAX {
            return Err(format!("it has {} bytes, {APP_SPEC_BYTES_MAX} at most", text.len()));
        }
        let document =
            Node::read(text).map_err(|why| format!("it is neither JSON nor YAML: {why}"))?;
        let properties = properties(&document)?;
        let Some((key, value)) = properties.get(TASK_DEFINITION)? else {
            return Err(format!("it names no {TASK_DEFINITION}"));
        };
        let (Node::Scalar(key), Node::Mapping(mapping)) = (key, properties) else {
            return Err(format!("its {TASK_DEFINITION} has no place"));
        };
        let platform_version = match properties.get(PLATFORM_VERSION)? {
            Some((_, value)) => Some(replaceable(PLATFORM_VERSION, value)?),
            None => None,
        };
        let lower = key.text.starts_with(char::is_lowercase);
        let read = Self {
            text: text.into(),
            task_definition: replaceable(TASK_DEFINITION, value)?,
            platform_version,
            addition: Addition {
                flow: mapping.flow,
                indent: key.column,
                key: if lower { "platformVersion" } else { PLATFORM_VERSION },
            },
            hooks: hooks(&document)?,
        };
        read.proves_replaceable(document)
    }

    /// How many hooks it has, each of which may take an hour.
    pub fn hooks(&self) -> u32 {
        self.hooks
    }

    /// The AppSpec of a deployment of this task definition on this platform version. What says so
    /// already is not touched.
    pub fn with(&self, task_definition: &str, platform_version: Option<&str>) -> String {
        let mut edits = Vec::new();
        if *self.task_definition.text != *task_definition {
            edits.push((self.task_definition.place.clone(), quoted(task_definition)));
        }
        let is_latest = |version: &str| version.eq_ignore_ascii_case(LATEST);
        match (&self.platform_version, platform_version) {
            (Some(known), Some(version)) if *known.text != *version => {
                edits.push((known.place.clone(), quoted(version)));
            }
            (None, Some(version)) if !is_latest(version) => {
                let end = self.task_definition.place.end;
                edits.push((end..end, self.addition.text(version)));
            }
            _ => {}
        }
        // From the last one on, so that the places before stay where they are.
        edits.sort_by_key(|(place, _)| (place.start, place.end));
        let mut text = self.text.to_string();
        for (place, new) in edits.into_iter().rev() {
            text.replace_range(place, &new);
        }
        text
    }

    /// Tries a replacement, and reads whether just the two values have changed.
    fn proves_replaceable(self, mut document: Node) -> Result<Self, String> {
        let (arn, version) = ("arn:aws:ecs:r:1:task-definition/trial:1", "0.0.0");
        let changed = Node::read(&self.with(arn, Some(version)));
        set(&mut document, arn, version, self.addition.key);
        match changed {
            Ok(changed) if changed == document => Ok(self),
            _ => {
                Err(format!("its {TASK_DEFINITION} cannot be replaced without a change elsewhere"))
            }
        }
    }
}

impl Addition {
    fn text(&self, version: &str) -> String {
        let version = quoted(version);
        if self.flow {
            // The key is quoted, so that what was JSON stays JSON.
            return format!(", \"{}\": {version}", self.key);
        }
        format!("\n{:indent$}{}: {version}", "", self.key, indent = self.indent)
    }
}

/// The properties of the one service that it deploys.
fn properties(document: &Node) -> Result<&Node, String> {
    let Some((_, Node::Sequence(resources))) = document.get("Resources")? else {
        return Err("it names no Resources".to_owned());
    };
    let [Node::Mapping(mapping)] = &resources[..] else {
        return Err(format!("it has {} Resources and not one", resources.len()));
    };
    let [(_, service)] = &mapping.entries[..] else {
        return Err(format!("its resource has {} names", mapping.entries.len()));
    };
    if let Some((_, Node::Scalar(kind))) = service.get("Type")?
        && kind.text != "AWS::ECS::Service"
    {
        return Err("its resource is not an ECS service".to_owned());
    }
    match service.get("Properties")? {
        Some((_, properties @ Node::Mapping(_))) => Ok(properties),
        _ => Err("its service has no Properties".to_owned()),
    }
}

fn replaceable(name: &str, node: &Node) -> Result<Value, String> {
    match node {
        Node::Scalar(scalar) if scalar.is_replaceable() => {
            Ok(Value { text: scalar.text.as_str().into(), place: scalar.place.clone() })
        }
        _ => Err(format!("its {name} is not a plain text")),
    }
}

fn hooks(document: &Node) -> Result<u32, String> {
    let Some((_, Node::Sequence(hooks))) = document.get("Hooks")? else { return Ok(0) };
    let each = hooks.iter().map(|hook| match hook {
        Node::Mapping(mapping) => mapping.entries.len(),
        _ => 0,
    });
    Ok(u32::try_from(each.sum::<usize>()).unwrap_or(u32::MAX))
}

/// Does to the document what a replacement does to the text.
fn set(document: &mut Node, arn: &str, version: &str, key: &str) {
    fn entries(node: &mut Node) -> &mut [(Node, Node)] {
        match node {
            Node::Mapping(mapping) => &mut mapping.entries,
            _ => &mut [],
        }
    }
    fn value<'a>(node: &'a mut Node, name: &str) -> Option<&'a mut Node> {
        let place = entries(node).iter().position(|(key, _)| match key {
            Node::Scalar(key) => key.text.eq_ignore_ascii_case(name),
            _ => false,
        })?;
        Some(&mut entries(node)[place].1)
    }
    let Some(Node::Sequence(resources)) = value(document, "Resources") else { return };
    let service = resources.first_mut().and_then(|one| entries(one).first_mut());
    let Some(properties) = service.and_then(|(_, service)| value(service, "Properties")) else {
        return;
    };
    let has_version = value(properties, PLATFORM_VERSION).is_some();
    let Node::Mapping(mapping) = properties else { return };
    let new = |text: &str| Node::Scalar(Scalar::of(text));
    let named = |node: &Node, name: &str| match node {
        Node::Scalar(key) => key.text.eq_ignore_ascii_case(name),
        _ => false,
    };
    for (key, value) in &mut mapping.entries {
        if named(key, TASK_DEFINITION) {
            *value = new(arn);
        } else if named(key, PLATFORM_VERSION) {
            *value = new(version);
        }
    }
    let place = mapping.entries.iter().position(|(key, _)| named(key, TASK_DEFINITION));
    if let Some(place) = place.filter(|_| !has_version) {
        let key = match mapping.flow {
            true => new(key),
            false => Node::Scalar(Scalar::plain(key)),
        };
        mapping.entries.insert(place + 1, (key, new(version)));
    }
}

/// A text in quotes that JSON and YAML read alike.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
