//! What is left of the window is long enough.
//!
//! A window says when a service may be disturbed, and a rollout goes on when it has closed. One that would
//! waits for a window that is long enough; where none is, nobody should have to find that out by waiting.
//!
//! What the last refresh took is the better figure, and still one figure: a task that was protected, or no
//! capacity for an hour, must not hold a service for ever, as nothing could correct it. So nothing is held
//! for good but what is too long by its settings too.

use std::collections::BTreeSet;
use std::time::Duration;

use super::estimate::{Estimate, of_last, of_settings};
use super::unread::known;
use super::worst::worst;
use super::{Found, Grade, Name, Subject, arn, task_definition};
use crate::clock::elapsed;
use crate::plan::deadline::Assumed;
use crate::plan::schedule;
use crate::plan::surroundings::Want;
use crate::plan::words::Span;

/// A start comes so long after its window has opened, at the latest, when nothing else is in its way: a look
/// and a last reading go before it. A window that is shorter than the refresh and this would be missed
/// night after night.
const SPARE: Duration = Duration::from_secs(2 * 60);

/// Where there is time enough.
#[derive(Clone, Copy, Debug)]
enum Fit {
    /// In the window that is open, of which so much is left.
    Now { left: Duration },
    /// In that one, and in none before.
    Later(schedule::Span),
    /// In none within a year, of which the longest is so long, if there is any.
    Never { longest: Option<Duration> },
}

/// How long it may take, and where that fits.
#[derive(Clone, Copy, Debug)]
struct Figure {
    estimate: Estimate,
    fit: Fit,
}

impl Figure {
    fn new(subject: &Subject<'_>, estimate: Estimate) -> Self {
        Self { estimate, fit: fit(subject, estimate.takes) }
    }

    fn never_fits(&self) -> bool {
        matches!(self.fit, Fit::Never { .. })
    }
}

pub(super) fn find(subject: &Subject<'_>) -> Found {
    if !subject.in_window {
        return Found::fine("windows do not matter for this start");
    }
    if subject.standing.view.always {
        return Found::fine("the policy has no windows");
    }
    let (settings, assumed) = of_settings(subject);
    let unread = unread(subject, &assumed);
    let settings = Figure::new(subject, settings);
    let last = of_last(subject).map(|last| Figure::new(subject, last));
    let last_fits = last.filter(|last| !last.never_fits());
    // What was assumed speaks neither for a service nor against it.
    let settings_tell = unread.is_empty();
    let (counts, against) = match last {
        None => (settings, None),
        Some(last) if last.never_fits() && !settings.never_fits() && settings_tell => {
            (settings, Some(last))
        }
        Some(last) if last.never_fits() || !settings_tell => (last, None),
        Some(last) => (last, Some(settings).filter(Figure::never_fits)),
    };
    let found = judge(subject, &counts, hint(&settings.estimate));
    match (found.grade, against) {
        (Grade::Bad, _) if last_fits.is_none() && !settings_tell => {
            worst(unread, subject.action(Name::FitsWindow))
        }
        (Grade::Fine, Some(against)) => {
            let doubt = too_long(against.estimate.beside_another(), &against);
            Found::notable(format!("{}, but {doubt}", found.sentence))
                .hint("a longer window is long enough for certain")
        }
        _ => found,
    }
}

fn fit(subject: &Subject<'_>, takes: Duration) -> Fit {
    let view = &subject.standing.view;
    let left = view.allowed_until.map(|until| elapsed(subject.now, until));
    // What was held up by nothing but the reading for its start has the whole window.
    let is_opening = |opened| elapsed(opened, subject.now) <= SPARE;
    let whole = view.opened_at.filter(|opened| is_opening(*opened)).zip(view.allowed_until);
    let whole = whole.map(|(opened, until)| elapsed(opened, until));
    if let Some(left) = left.filter(|left| (*left).max(whole.unwrap_or_default()) >= takes) {
        return Fit::Now { left };
    }
    match subject.standing.next_span_of(takes.saturating_add(SPARE)) {
        Ok(span) => Fit::Later(span),
        // A window that is open was the whole of it once.
        Err(longest) => Fit::Never { longest: longest.max(left) },
    }
}

/// What is to be said where one figure counts.
fn judge(subject: &Subject<'_>, figure: &Figure, hint: &str) -> Found {
    let estimate = figure.estimate;
    let is_open = subject.standing.view.allowed_until;
    let left = is_open.map(|until| elapsed(subject.now, until));
    match (figure.fit, left) {
        (Fit::Now { left }, _) => {
            Found::fine(format!("it takes {estimate}; {} of the window are left", Span(left)))
        }
        (Fit::Later(span), None) => Found::fine(format!(
            "it takes {estimate}; the window of {} is open for {}",
            subject.standing.zoned(span.opens),
            Span(elapsed(span.opens, span.closes)),
        )),
        (Fit::Later(span), Some(left)) => Found {
            until: Some(subject.standing.zoned(span.opens)),
            ..Found::bad(format!("it takes {estimate}, and {} of the window are left", Span(left)))
        },
        (Fit::Never { longest: None }, _) => Found::notable("no window opens within a year"),
        (Fit::Never { .. }, _) => {
            Found::bad(too_long(format!("it takes {estimate}"), figure)).hint(hint)
        }
    }
}

/// That no window is long enough for something that takes so long.
fn too_long(said: String, figure: &Figure) -> String {
    let Fit::Never { longest: Some(longest) } = figure.fit else { return said };
    let spare = match figure.estimate.takes <= longest {
        true => format!(", of which {} may pass before it starts", Span(SPARE)),
        false => String::new(),
    };
    format!("{said}, and no window within a year is open for more than {}{spare}", Span(longest))
}

/// The longest window within a year, where windows matter and none is as long as that.
pub(super) fn longest_short_of(subject: &Subject<'_>, takes: Duration) -> Option<Duration> {
    if !subject.in_window || subject.standing.view.always {
        return None;
    }
    match fit(subject, takes) {
        Fit::Never { longest } => longest.filter(|longest| *longest < takes),
        Fit::Now { .. } | Fit::Later(_) => None,
    }
}

fn hint(estimate: &Estimate) -> &'static str {
    match estimate.is_batched() {
        true => {
            "a longer window, a higher maximum percent or a shorter deregistration delay lets it fit, \
             and fits-window = \"warn\" lets it go on when the window has closed"
        }
        false => {
            "a longer window lets it fit, and fits-window = \"warn\" lets it go on when the window \
             has closed"
        }
    }
}

/// What there is to say of settings that could not be read. The percentages that AWS takes for default are
/// the fastest that there are, and need no excuse.
fn unread(subject: &Subject<'_>, assumed: &[Assumed]) -> Vec<Found> {
    let of = |one: &Assumed| match one {
        Assumed::Percents => None,
        Assumed::TaskDefinition(named, _) if named.is_empty() => {
            Some(Found::unknown("the service names no task definition"))
        }
        Assumed::TaskDefinition(named, _) => {
            let what = format!("task definition {}", arn::task_definition(named));
            known(subject.known.task_definitions.get(named), &what).err()
        }
        Assumed::TargetGroup(named, _) => {
            let what = format!("target group {}", arn::target_group(named));
            known(subject.known.target_groups.get(named), &what).err()
        }
    };
    assumed.iter().filter_map(of).collect()
}

/// What its settings are, which count until a refresh tells more.
pub(super) fn want(subject: &Subject<'_>, wants: &mut BTreeSet<Want>) {
    if !subject.in_window || subject.standing.view.always {
        return;
    }
    wants.extend(task_definition::named(subject).cloned().map(Want::TaskDefinition));
    wants.extend(subject.description.target_groups.iter().cloned().map(Want::TargetGroup));
}
