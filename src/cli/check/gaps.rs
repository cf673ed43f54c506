//! When a retirement notice comes and nothing may start in time: windows too far apart, and freezes.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::time::Duration;

use chrono::TimeDelta;

use super::local;
use crate::clock::Time;
use crate::plan::policy::{Policy, RetirementMode};
use crate::plan::schedule::{Schedule, Span};
use crate::plan::words;

/// Amazon ECS developer guide, AWS Fargate task maintenance: how long before the deadline a notice
/// comes, where the account's `fargateTaskRetirementWaitPeriod` says nothing else.
const NOTICE: TimeDelta = TimeDelta::days(7);

/// The longest that it can be set to.
const NOTICE_MAX: TimeDelta = TimeDelta::days(14);

/// What is further ahead, nobody plans for.
const AHEAD: TimeDelta = TimeDelta::days(366);

/// So many openings are looked at: every hour of a year and more.
const SPANS_MAX: usize = 10_000;

/// Whoever reads this many sentences about freezes has understood.
const FREEZES_SHOWN: usize = 5;

/// From `from` on, until just before `to`, nothing may start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Gap {
    from: Time,
    /// `None`: not within two years.
    to: Option<Time>,
}

/// What happens to services whose notice comes in a gap, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Then {
    /// Refreshed within the margin.
    Late,
    /// Refreshed outside of windows.
    Outside,
    /// Not refreshed: AWS replaces the tasks.
    ByAws,
}

impl Gap {
    fn length(&self) -> TimeDelta {
        self.to.map_or(TimeDelta::MAX, |to| to - self.from)
    }
}

/// What the owner of a policy may not expect of it when a notice comes in the coming year.
pub fn find(policy: &Policy, now: Time) -> Vec<String> {
    let mode = policy.retirement.mode;
    if !policy.enabled || mode == RetirementMode::Ignore {
        return Vec::new();
    }
    let starts = match mode {
        RetirementMode::Immediately => policy.schedule.without_windows(),
        _ => policy.schedule.clone(),
    };
    let at_most = (NOTICE - margin(policy)).max(TimeDelta::zero());
    let of_windows = gaps(&starts.without_freezes(), now, at_most);
    let told = of_windows.iter().map(|gap| (then(policy, gap, &[]), *gap));
    let worst = told.max_by_key(|(then, gap)| (*then, gap.length(), Reverse(gap.from)));
    let mut sentences: Vec<String> =
        worst.iter().map(|(then, gap)| windows_sentence(policy, gap, *then)).collect();
    if policy.schedule.freezes().is_empty() {
        return sentences;
    }
    let frozen = gaps(&starts.without_windows(), now, TimeDelta::zero());
    let by_freezes = gaps(&starts, now, at_most).into_iter();
    let by_freezes: Vec<(Then, Gap)> = by_freezes
        .map(|gap| (then(policy, &gap, &frozen), gap))
        // What the windows do without any freeze has been said.
        .filter(|(then, _)| worst.is_none_or(|(told, _)| *then > told))
        .collect();
    let shown = by_freezes.iter().take(FREEZES_SHOWN);
    sentences.extend(shown.map(|(then, gap)| freeze_sentence(policy, gap, *then)));
    if let Some(more @ 1..) = by_freezes.len().checked_sub(FREEZES_SHOWN) {
        let more = words::count(more as u64, "more freeze");
        sentences.push(format!("policy \"{}\": the same goes for {more}", policy.name));
    }
    sentences
}

/// The spans of more than `at_most` that begin in the coming year and in which nothing may start.
/// A notice may also come now.
fn gaps(schedule: &Schedule, now: Time, at_most: TimeDelta) -> Vec<Gap> {
    let mut found = Vec::new();
    let mut from = now;
    let mut spans = schedule.spans_from(now);
    for _ in 0..SPANS_MAX {
        let is_near = from < Time::MAX_UTC && from - now <= AHEAD;
        if !is_near {
            break;
        }
        let Some(span) = spans.next() else {
            found.push(Gap { from, to: None });
            break;
        };
        if span.opens - from > at_most {
            found.push(Gap { from, to: Some(span.opens) });
        }
        from = span.closes;
    }
    found
}

/// What becomes of services at worst whose notice comes in `gap`.
fn then(policy: &Policy, gap: &Gap, frozen: &[Gap]) -> Then {
    if policy.retirement.mode != RetirementMode::BeforeDeadline {
        return if gap.length() > NOTICE { Then::ByAws } else { Then::Late };
    }
    // From the margin on only a freeze is in the way, if it lasts until the deadline.
    let last = margin(policy).min(NOTICE);
    let blocks = |freeze: &&Gap| {
        let until = freeze.to.unwrap_or(Time::MAX_UTC);
        gap.to.is_none_or(|to| until <= to)
            && until - gap.from > NOTICE
            && until - freeze.from > last
    };
    match frozen.iter().any(|freeze| blocks(&freeze)) {
        true => Then::ByAws,
        false if policy.schedule.windows().is_none() => Then::Late,
        false => Then::Outside,
    }
}

fn margin(policy: &Policy) -> TimeDelta {
    TimeDelta::from_std(policy.retirement.margin).unwrap_or(NOTICE_MAX)
}

fn windows_sentence(policy: &Policy, gap: &Gap, then: Then) -> String {
    let when = when(policy, gap);
    let what = match gap.to {
        Some(_) => format!("up to {} pass without a window, such as {when}", length(gap)),
        None => format!("no window opens for two years {when}"),
    };
    let mut ways = vec!["windows closer together".to_owned()];
    if policy.retirement.mode == RetirementMode::WindowOnly {
        ways.push("mode = \"before-deadline\"".to_owned());
    }
    ways.extend(narrower_margin(gap));
    sentence(policy, gap, &what, then, &ways)
}

fn freeze_sentence(policy: &Policy, gap: &Gap, then: Then) -> String {
    let freezes = policy.schedule.freezes().iter();
    let touching = freezes.filter(|freeze| {
        gap.from < freeze.span().closes && gap.to.is_none_or(|to| freeze.span().opens < to)
    });
    let why = touching.flat_map(|freeze| freeze.why()).next();
    let why = why.map_or(String::new(), |why| format!(" ({why})"));
    let when = when(policy, gap);
    let what = match gap.to {
        Some(_) => format!("for {} nothing starts because of a freeze{why}, {when}", length(gap)),
        None => format!("a freeze{why} leaves no window for two years {when}"),
    };
    let mut ways = vec!["a shorter freeze, or one with a pause in it".to_owned()];
    ways.extend(narrower_margin(gap).filter(|_| then != Then::ByAws));
    sentence(policy, gap, &what, then, &ways)
}

fn sentence(policy: &Policy, gap: &Gap, what: &str, then: Then, ways: &[String]) -> String {
    let margin_text = words::Span(policy.retirement.margin);
    let left = (NOTICE - margin(policy)).to_std().ok().filter(|left| !left.is_zero());
    let left = left.map_or("nothing".to_owned(), |left| words::Span(left).to_string());
    let then = match then {
        Then::Late => "services may be refreshed late, within the margin".to_owned(),
        Then::Outside => "services may be refreshed outside of windows".to_owned(),
        Then::ByAws => "AWS may replace their tasks itself, at a time of its own".to_owned(),
    };
    let enough = match gap.length() <= NOTICE_MAX - margin(policy) {
        true => "; it is no matter where fargateTaskRetirementWaitPeriod is 14 days",
        false => "",
    };
    format!(
        "policy \"{}\": {what}; a retirement is announced 7d ahead by default, which less the \
         margin of {margin_text} leaves {left}: {then}\n    hint: {}{enough}",
        policy.name,
        ways.join(", or ")
    )
}

/// A margin in whole hours with which nothing would have to be done in it.
fn narrower_margin(gap: &Gap) -> Option<String> {
    let hours = (gap.length() <= NOTICE).then(|| (NOTICE - gap.length()).num_hours())?;
    let margin = Duration::from_secs(3600 * u64::try_from(hours).ok().filter(|hours| *hours > 0)?);
    Some(format!("margin = \"{}\"", words::Span(margin)))
}

fn when(policy: &Policy, gap: &Gap) -> String {
    let span = Span { opens: gap.from, closes: gap.to.unwrap_or(Time::MAX_UTC) };
    local(policy.schedule.zone(), span)
}

fn length(gap: &Gap) -> words::Span {
    words::Span(gap.length().to_std().unwrap_or_default())
}
