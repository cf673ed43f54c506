//! Whether a repository's lifecycle policy removes an image before a refresh can help.

use std::time::Duration;

use chrono::TimeDelta;

use super::lifecycle::{Fate, Going, fate};
use crate::clock::Time;
use crate::plan::due::{add, shift};
use crate::plan::preflight::{Found, Subject};
use crate::plan::surroundings::{
    Image, Lifecycle, LifecycleAction, LifecycleLimit, LifecycleRule, Repository,
};
use crate::plan::words::count;

/// How long an image has to stay where neither windows nor an age say when it is needed.
const AGELESS: Duration = Duration::from_secs(7 * 86_400);

/// Nothing is foreseen for longer.
const FORESEEN_MAX: TimeDelta = TimeDelta::days(2 * 366);

/// How long an image has to stay.
struct Horizon {
    /// When a refresh is going to pull it, as far as windows tell.
    pulled_at: Option<Time>,
    until: Time,
}

/// What there is to say of an image that goes too early. `what` names it.
pub(super) fn goes_early(
    subject: &Subject<'_>,
    repository: &Repository,
    lifecycle: &Lifecycle,
    image: &Image,
    what: impl FnOnce() -> String,
) -> Option<Found> {
    match fate(lifecycle, image, subject.now) {
        Fate::Stays => None,
        Fate::Goes(going) => {
            let at = Horizon::of(subject).passed_by(going)?;
            Some(warn(subject, repository, Going { at, ..going }, &what()))
        }
        Fate::Unknown { rule, why } => Some(Found::unknown(format!(
            "whether rule {} of the lifecycle policy of {repository} removes {} is not known: {why}",
            rule.priority,
            what()
        ))),
    }
}

impl Horizon {
    /// Until the second window from now on: the refresh in the first may fail.
    fn of(subject: &Subject<'_>) -> Self {
        let policy = subject.policy();
        let by_age = add(subject.now, policy.max_task_age.unwrap_or(AGELESS));
        let (pulled_at, until) = if subject.standing.view.always {
            (None, by_age)
        } else {
            let mut spans = policy.schedule.spans_from(subject.now);
            let first = spans.next().map(|span| span.opens.max(subject.now));
            (first, spans.next().map_or(by_age, |span| span.opens))
        };
        Self { pulled_at, until: until.min(shift(subject.now, FORESEEN_MAX)) }
    }

    /// When the image goes, if that is too early. One that goes because nobody pulls it is pulled by the
    /// refresh in the next window.
    fn passed_by(&self, going: Going<'_>) -> Option<Time> {
        let at = match (&going.rule.limit, self.pulled_at) {
            (LifecycleLimit::SincePulledDays(days), Some(pulled_at)) if going.at > pulled_at => {
                shift(pulled_at, TimeDelta::days(i64::from(*days)))
            }
            _ => going.at,
        };
        (at < self.until).then_some(at)
    }
}

fn warn(subject: &Subject<'_>, repository: &Repository, going: Going<'_>, what: &str) -> Found {
    let Going { rule, at } = going;
    let when = match at > subject.now {
        true => format!("from {} on", subject.standing.zoned(at)),
        false => "at any moment".to_owned(),
    };
    let does = match rule.action {
        LifecycleAction::Archive => "archives",
        LifecycleAction::Expire | LifecycleAction::Unknown => "expires",
    };
    let number = rule.priority;
    Found::notable(format!(
        "rule {number} of the lifecycle policy of {repository} {does} {what} {when}: {}",
        limit(rule)
    ))
    .hint("what is deployed should have a tag that such a rule is not about, or a higher limit")
}

/// What a rule's limit says, where it is passed.
fn limit(rule: &LifecycleRule) -> String {
    match &rule.limit {
        LifecycleLimit::SincePushedDays(days) => {
            format!("it was pushed more than {} before", count(*days, "day"))
        }
        LifecycleLimit::SincePulledDays(days) => {
            format!("nobody pulled it for more than {}", count(*days, "day"))
        }
        LifecycleLimit::CountMoreThan(images) => {
            format!("it keeps {}, and newer ones come as they came lately", count(*images, "image"))
        }
        LifecycleLimit::Archived => "it is in the archive".to_owned(),
        LifecycleLimit::Unknown(words) => words.clone(),
    }
}
