//! `ecs-refresh check`: validates a configuration and says what it means. Touches no network.

mod gaps;
mod looks;
mod overlaps;
mod preflight;
mod retirements;

#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::time::Duration;

use chrono_tz::Tz;

use crate::aws::Operation;
use crate::clock::Time;
use crate::plan::policy::{OnFailure, Policy, RolloutTimeout};
use crate::plan::schedule::{CronWindow, Schedule, Span};
use crate::plan::selector::{Pattern, Selector};
use crate::plan::words;
use crate::settings::{self, Problem, Settings, Sources};

/// How many windows of each policy are shown.
const WINDOWS_SHOWN: usize = 5;

/// Writes what is wrong with a configuration or, when nothing is, what it means at `now`. Says
/// whether it is valid.
///
/// # Errors
/// When `out` cannot be written to.
pub fn check(sources: &Sources, now: Time, out: &mut dyn Write) -> io::Result<bool> {
    match settings::load(sources) {
        Ok(settings) => describe(&settings, now, out).map(|()| true),
        Err(problems) => {
            writeln!(out, "{problems}")?;
            let count = problems.iter().count();
            writeln!(out, "\n{count} problem{}", if count == 1 { "" } else { "s" })?;
            Ok(false)
        }
    }
}

fn describe(settings: &Settings, now: Time, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "valid: {}", settings.sources.join(", "))?;
    if settings.policies.dry_run {
        writeln!(out, "dry run: nothing will be refreshed")?;
    }
    retirements::describe_sources(settings, out)?;
    let mut warnings: Vec<String> = settings.warnings.iter().map(Problem::to_string).collect();
    for policy in &settings.policies.policies {
        describe_policy(policy, now, out)?;
        warnings.extend(past_freezes(policy, now));
        warnings.extend(gaps::find(policy, now));
    }
    warnings.extend(retirements::warning(settings));
    warnings.extend(overlaps::find(&settings.policies.policies));
    warnings.extend(looks::warning(&settings.daemon));
    if !warnings.is_empty() {
        writeln!(out, "\nwarnings")?;
    }
    for warning in warnings {
        writeln!(out, "  {}", warning.replace('\n', "\n  "))?;
    }
    looks::describe(&settings.daemon, out)
}

fn describe_policy(policy: &Policy, now: Time, out: &mut dyn Write) -> io::Result<()> {
    let state = if policy.enabled { "" } else { " (disabled)" };
    writeln!(out, "\npolicy \"{}\"{state}", policy.name)?;
    writeln!(out, "  services  {}", selection(&policy.selector))?;
    match policy.max_task_age {
        None => writeln!(out, "  due       never by age")?,
        Some(Duration::ZERO) => writeln!(out, "  due       in every window")?,
        Some(age) => {
            writeln!(out, "  due       before a task is older than {}", words::Span(age))?;
        }
    }
    writeln!(out, "  notices   {}", retirements::rule(&policy.retirement))?;
    writeln!(out, "  pace      {}", pace(policy))?;
    if policy.on_failure == OnFailure::Rollback {
        let action = Operation::StopServiceDeployment.iam_action();
        writeln!(out, "  failure   rolled back when given up; needs the IAM action {action}")?;
    }
    if policy.code_deploy {
        writeln!(out, "  kinds     services of CodeDeploy too, by deployments of CodeDeploy")?;
    }
    if let Some(checks) = preflight::rule(&policy.preflight) {
        writeln!(out, "  checks    {checks}")?;
    }
    let schedule = &policy.schedule;
    writeln!(out, "  windows   {}", windows(schedule))?;
    let coming = schedule.freezes().iter().filter(|freeze| now < freeze.span().closes);
    for freeze in coming {
        let why = freeze.why().map_or(String::new(), |why| format!(" ({why})"));
        writeln!(out, "  freeze    {}{why}", local(schedule.zone(), freeze.span()))?;
    }
    describe_next(schedule, now, out)
}

fn describe_next(schedule: &Schedule, now: Time, out: &mut dyn Write) -> io::Result<()> {
    let spans: Vec<Span> = schedule.spans_from(now).take(WINDOWS_SHOWN).collect();
    if spans.is_empty() {
        return writeln!(out, "  next      none within two years");
    }
    let is_open = spans.first().is_some_and(|span| span.contains(now));
    let titles = if is_open { ["open now", "next"] } else { ["next", ""] };
    for (index, span) in spans.into_iter().enumerate() {
        let title = titles.get(index).copied().unwrap_or_default();
        writeln!(out, "  {title:<9} {}", local(schedule.zone(), span))?;
    }
    Ok(())
}

fn past_freezes(policy: &Policy, now: Time) -> impl Iterator<Item = String> {
    let past = policy.schedule.freezes().iter().filter(move |freeze| freeze.span().closes <= now);
    past.map(|freeze| {
        let span = local(policy.schedule.zone(), freeze.span());
        format!("policy \"{}\": a freeze is over: {span}", policy.name)
    })
}

fn selection(selector: &Selector) -> String {
    let list =
        |patterns: &[Pattern]| patterns.iter().map(Pattern::text).collect::<Vec<_>>().join(", ");
    let mut text = format!("clusters {}", list(selector.clusters()));
    if !selector.names().is_empty() {
        text += &format!("; names {}", list(selector.names()));
    }
    if !selector.exclude().is_empty() {
        text += &format!("; except {}", list(selector.exclude()));
    }
    for (index, (key, value)) in selector.tags().iter().enumerate() {
        text += if index == 0 { "; tags " } else { ", " };
        text += &format!("{key}={value}");
    }
    text
}

fn pace(policy: &Policy) -> String {
    let mut text = format!("{} at a time", policy.concurrency);
    if !policy.settle.is_zero() {
        text += &format!(", {} between them", words::Span(policy.settle));
    }
    let timeout = match policy.rollout_timeout {
        RolloutTimeout::Auto => "a time computed per service".to_owned(),
        RolloutTimeout::Fixed(timeout) => words::Span(timeout).to_string(),
    };
    text + &format!(", given up after {timeout}, stops after {} failed", policy.max_failures)
}

fn windows(schedule: &Schedule) -> String {
    let Some(windows) = schedule.windows() else { return "always".to_owned() };
    let window = |window: &CronWindow| {
        let duration = window.duration().to_std().unwrap_or_default();
        format!("{} for {}", window.text(), words::Span(duration))
    };
    let list: Vec<String> = windows.iter().map(window).collect();
    format!("{}, in {}", list.join("; "), schedule.zone())
}

/// A span in its zone's time; what is the same at both ends is said once.
fn local(zone: Tz, span: Span) -> String {
    const FULL: &str = "%a %Y-%m-%d %H:%M %Z";
    if span.opens == Time::MIN_UTC && span.closes == Time::MAX_UTC {
        return "at any time".to_owned();
    }
    let closes = (span.closes < Time::MAX_UTC).then(|| span.closes.with_timezone(&zone));
    if span.opens == Time::MIN_UTC {
        return closes.map_or(String::new(), |closes| format!("until {}", closes.format(FULL)));
    }
    let opens = span.opens.with_timezone(&zone);
    match closes {
        None => format!("from {} on", opens.format(FULL)),
        Some(closes)
            if opens.date_naive() == closes.date_naive()
                && opens.format("%z").to_string() == closes.format("%z").to_string() =>
        {
            format!(
                "{} to {} {}",
                opens.format("%a %Y-%m-%d %H:%M"),
                closes.format("%H:%M"),
                closes.format("%Z")
            )
        }
        Some(closes) => format!("{} to {}", opens.format(FULL), closes.format(FULL)),
    }
}
