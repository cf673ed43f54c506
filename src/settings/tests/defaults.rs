//! The configuration files that come with the project.

use std::path::Path;

use super::*;
use crate::settings::policy;
use crate::settings::schema::KEYS;

const DEFAULT: &str = include_str!("../../../config/default.toml");

/// Keys that have no default.
const WITHOUT_DEFAULT: &[&str] = &[
    "region",
    "endpoint_url",
    "queue_url",
    "event_bus",
    "table",
    "name",
    "services",
    "windows",
    "freezes",
    "max_task_age",
];

/// The file with every key that is a comment made one.
fn uncommented() -> String {
    let names: Vec<&str> = key_names();
    let line = |line: &str| {
        let bare = line
            .strip_prefix("# ")
            .filter(|bare| bare.split_once(" = ").is_some_and(|(name, _)| names.contains(&name)));
        format!("{}\n", bare.unwrap_or(line))
    };
    DEFAULT.lines().map(line).collect()
}

fn key_names() -> Vec<&'static str> {
    KEYS.iter().map(|key| key.name).chain(policy::KEYS.iter().copied()).collect()
}

fn values(text: &str) -> String {
    let settings = load_files(&[("x.toml", text)], &Sources::default()).unwrap();
    let Settings { aws, daemon, store, events, announce, health, policies, .. } = settings;
    format!("{aws:?} {daemon:?} {store:?} {events:?} {announce:?} {health:?} {policies:?}")
}

#[test]
fn the_default_file_shows_every_key_once() {
    let text = uncommented();
    for name in key_names() {
        let lines = text.lines().filter(|line| line.starts_with(&format!("{name} = ")));
        assert_eq!(lines.count(), 1, "{name}");
    }
}

#[test]
fn the_default_file_says_what_holds_without_it() {
    let text = uncommented();
    let has_default = |line: &&str| {
        line.split_once(" = ").is_some_and(|(name, _)| {
            key_names().contains(&name) && !WITHOUT_DEFAULT.contains(&name)
        })
    };
    let without: String =
        text.lines().filter(|line| !has_default(line)).map(|line| format!("{line}\n")).collect();
    assert_ne!(text, without);
    assert_eq!(values(&text), values(&without));
    load_files(&[("default.toml", DEFAULT)], &Sources::default()).unwrap();
}

#[test]
fn every_example_is_valid() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/examples");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let sources = Sources { path: Some(entry.unwrap().path()), ..Sources::default() };
        let settings = load(&sources).unwrap();
        assert_eq!(settings.warnings, []);
        count += 1;
    }
    assert!(count >= 5, "{count}");
}
