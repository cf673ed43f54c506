//! An outcome explained in words, from stopped tasks and service events. Nothing decides on it.

use std::collections::BTreeMap;

use crate::plan::fleet::{PostMortem, Service};
use crate::plan::ledger::Outcome;
use crate::plan::words::count;

/// So many different stop reasons and events are quoted.
const QUOTED: usize = 3;

/// `why`, followed for a failure by what its tasks stopped of and what ECS said.
pub fn explain(why: &str, outcome: Outcome, service: &Service) -> String {
    let mut text = why.to_owned();
    if let Some(found) = service.post_mortem.as_ref().filter(|_| outcome.is_failure()) {
        for part in [stop_reasons(found), events(found)].into_iter().flatten() {
            text.push_str("; ");
            text.push_str(&part);
        }
    }
    text
}

/// The reasons of the stopped tasks, the most frequent first. Tasks that the deployment itself
/// replaced say nothing of why it failed.
fn stop_reasons(found: &PostMortem) -> Option<String> {
    let mut reasons: BTreeMap<&str, u32> = BTreeMap::new();
    for task in &found.stopped {
        let replaced = task.reason.as_deref().is_some_and(|r| r.starts_with("Scaling activity"));
        if !replaced {
            let reason =
                task.reason.as_deref().or(task.code.as_deref()).unwrap_or("no reason given");
            *reasons.entry(reason).or_default() += 1;
        }
    }
    let mut sorted: Vec<_> = reasons.into_iter().collect();
    sorted.sort_by_key(|(reason, number)| (std::cmp::Reverse(*number), *reason));
    let quoted: Vec<String> = sorted
        .into_iter()
        .take(QUOTED)
        .map(|(reason, number)| format!("{} stopped: {reason}", count(number, "task")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join("; "))
}

fn events(found: &PostMortem) -> Option<String> {
    let quoted: Vec<&str> = found.events.iter().take(QUOTED).map(String::as_str).collect();
    (!quoted.is_empty()).then(|| format!("service events: {}", quoted.join(" | ")))
}
