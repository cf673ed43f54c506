//! Where retirement notices come from, and what is done about them.

use std::io::{self, Write};

use crate::plan::policy::{RetirementMode, RetirementRule};
use crate::plan::words;
use crate::settings::{Settings, mode_name};

/// Writes where notices come from and where outcomes go.
pub fn describe_sources(settings: &Settings, out: &mut dyn Write) -> io::Result<()> {
    let queue = settings.events.queue_url.as_ref().map(|url| format!("the queue {url}"));
    let health = settings.health.poll.then(|| "the AWS Health API".to_owned());
    let sources: Vec<String> = queue.into_iter().chain(health).collect();
    match sources.is_empty() {
        true => writeln!(out, "retirement notices: from nowhere")?,
        false => {
            let codes = settings.events.retirement_codes.join(", ");
            writeln!(out, "retirement notices: from {} ({codes})", sources.join(" and "))?;
        }
    }
    match &settings.announce.event_bus {
        None => writeln!(out, "announced: nowhere"),
        Some(bus) => writeln!(out, "announced: on the event bus {bus}"),
    }
}

/// What is done about a notice.
pub fn rule(rule: &RetirementRule) -> String {
    let margin = words::Span(rule.margin);
    let mode = mode_name(rule.mode);
    match rule.mode {
        RetirementMode::BeforeDeadline => {
            format!("in windows, and outside of them from {margin} before the deadline ({mode})")
        }
        RetirementMode::WindowOnly => {
            format!("in windows only, late from {margin} before the deadline ({mode})")
        }
        RetirementMode::Immediately => {
            format!("at once, late from {margin} before the deadline ({mode})")
        }
        RetirementMode::Ignore => format!("left to AWS ({mode})"),
    }
}

/// That policies mean to act on notices, and none arrive.
pub fn warning(settings: &Settings) -> Option<String> {
    let mut policies = settings.policies.policies.iter();
    let acts =
        policies.any(|policy| policy.enabled && policy.retirement.mode != RetirementMode::Ignore);
    (acts && !settings.has_notices()).then(|| {
        "retirement notices reach this configuration by no way: AWS replaces tasks at a deadline \
         that nobody here knows of\n    hint: queue_url in [events], or poll = true in [health]; \
         retirement = { mode = \"ignore\" } in every policy where that is meant"
            .to_owned()
    })
}
