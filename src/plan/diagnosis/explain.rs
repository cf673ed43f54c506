//! An outcome in words: what was judged, what it seems to come from, and what ECS said.

use std::collections::BTreeMap;

use super::clues::Clues;
use super::finding::Finding;
use super::{signs, texts};
use crate::plan::words::count;

/// So many different stop reasons and events are quoted.
const QUOTED: usize = 3;

/// `why`, followed by the finding and its hint, and by what its tasks stopped of and what ECS said.
pub fn explain(why: &str, finding: &Finding, clues: &Clues<'_>) -> String {
    let mut text = why.to_owned();
    if !matches!(finding, Finding::Unknown { .. }) {
        text.push_str(&format!("; {}", finding.summary()));
    }
    text.push_str(&format!("; to do: {}", finding.hint()));
    for part in [stop_reasons(clues), events(clues), of_deployment(clues)].into_iter().flatten() {
        text.push_str("; ");
        text.push_str(&part);
    }
    text
}

/// The reasons of the stopped tasks, the most frequent first. Tasks that the deployment itself
/// replaced say nothing of why it failed.
fn stop_reasons(clues: &Clues<'_>) -> Option<String> {
    let mut reasons: BTreeMap<String, u32> = BTreeMap::new();
    for task in clues.stopped().filter(|task| !signs::is_told_to(task)) {
        let reason = task.reason.as_deref().or(task.code.as_deref()).unwrap_or("no reason given");
        *reasons.entry(texts::quote(reason)).or_default() += 1;
    }
    let mut sorted: Vec<_> = reasons.into_iter().collect();
    sorted.sort_by(|(a, of_a), (b, of_b)| of_b.cmp(of_a).then_with(|| a.cmp(b)));
    let quoted: Vec<String> = sorted
        .into_iter()
        .take(QUOTED)
        .map(|(reason, number)| format!("{} stopped: {reason}", count(number, "task")))
        .collect();
    (!quoted.is_empty()).then(|| quoted.join("; "))
}

fn events(clues: &Clues<'_>) -> Option<String> {
    let quoted: Vec<String> = clues.events().take(QUOTED).map(texts::quote).collect();
    (!quoted.is_empty()).then(|| format!("service events: {}", quoted.join(" | ")))
}

fn of_deployment(clues: &Clues<'_>) -> Option<String> {
    let reason = clues.deployment_reason().map(texts::quote)?;
    (!reason.is_empty()).then(|| format!("ECS says: {reason}"))
}
